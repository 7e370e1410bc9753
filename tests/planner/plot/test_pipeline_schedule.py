"""The flow-shop recursion behind the Gantt chart is a second opinion on the verifier's times."""

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from models.documents import validate
from models.problems.pipeline_partition import PipelinePartitionPlan, PipelinePartitionProblem
from models.result import Breakdown
from planner.plot.pipeline_partition_schedule import schedule
from planner.verify import verify
from tests.small import split, two_devices
from tests.strategies import pipeline_partition

UNITS = 5


def _first_accepted(problem: PipelinePartitionProblem) -> Breakdown | None:
    """The breakdown of some plan of a problem, by trying few of them."""
    layers = len(problem.layers)
    names = [device.name for device in problem.devices]
    for first in names:
        for second in names:
            for cut in range(1, layers + 1):
                rows = [(first, 0, cut), (second, cut, layers)][: 1 if cut == layers else 2]
                stages = [{"device": d, "start": a, "stop": b} for d, a, b in rows]
                plan = validate({"stages": stages}, PipelinePartitionPlan)
                found = verify(problem, plan)
                if found.accepted:
                    return found.breakdown
    return None


@settings(deadline=None)
@given(problem=pipeline_partition())
def test_ends_when_the_verifier_says(problem: PipelinePartitionProblem) -> None:
    """M units end at latency + (M - 1) x period, overlapped or not."""
    breakdown = _first_accepted(problem)
    if breakdown is None:
        return
    bars = schedule(breakdown, UNITS, overlap=problem.overlap)
    last = max(bar.stop_ns for bar in bars)
    totals = breakdown.totals
    assert last == totals["latency_ns"] + (UNITS - 1) * totals["period_ns"]


@settings(deadline=None)
@given(overlap=st.booleans(), cut=st.integers(1, 3))
def test_a_machine_does_one_thing_at_a_time(*, overlap: bool, cut: int) -> None:
    """Bars of one device, or of one link where they overlap, follow each other."""
    found = verify(two_devices(memory_bytes=400, overlap=overlap), split(cut))
    bars = schedule(found.breakdown, UNITS, overlap=overlap)
    machines = {(bar.stage, bar.transfer if overlap else None) for bar in bars}
    for stage, transfer in machines:
        busy = sorted(
            (bar.start_ns, bar.stop_ns)
            for bar in bars
            if bar.stage == stage and transfer in (None, bar.transfer)
        )
        assert all(before[1] <= after[0] for before, after in pairwise(busy))
