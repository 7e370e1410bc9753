"""The event loop against the closed formulas of a pipeline, mode by mode."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.problems.pipeline_partition import (
    PipelineObjective,
    PipelinePartitionPlan,
    PipelinePartitionProblem,
    Stage,
)
from models.result import Breakdown
from models.simulation import Simulation
from planner.simulate import second_opinion, simulate
from planner.simulate.pipeline_partition import simulate as replay
from planner.verify import verify
from tests.small import split, two_devices
from tests.strategies import pipeline_partition

NO_PLAN = PipelinePartitionPlan(stages=())  # the breakdown has all of it
CASES = settings(max_examples=400, deadline=None)
MODES = pytest.mark.parametrize("overlap", [True, False], ids=["overlapped", "one at a time"])
STAGES = st.lists(st.tuples(st.integers(0, 99), st.integers(0, 99)), min_size=1, max_size=6)


def _breakdown(stages: list[tuple[int, int]], *, overlap: bool, returns: bool) -> Breakdown:
    """A breakdown of stages with (compute, transfer), the last transfer being a way back."""
    names = [f"d{n}" for n in range(len(stages))]
    targets = [*names[1:], names[0] if returns and len(names) > 1 else ""]
    rows = [
        {"device": name, "sends_to": to, "compute_ns": work, "transfer_ns": sent if to else 0}
        for name, to, (work, sent) in zip(names, targets, stages, strict=True)
    ]
    both = [(int(row["compute_ns"]), int(row["transfer_ns"])) for row in rows]
    loads = [max(pair) if overlap else sum(pair) for pair in both]
    totals = {"latency_ns": sum(map(sum, both)), "period_ns": max(loads)}
    return Breakdown(rows=tuple(rows), totals=totals)


def _problem(objective: PipelineObjective, *, overlap: bool) -> PipelinePartitionProblem:
    units = {"units": 9} if objective is PipelineObjective.MAKESPAN else {}
    return two_devices(objective=objective, overlap=overlap, **units)


@MODES
@pytest.mark.parametrize("objective", list(PipelineObjective))
def test_equals_the_closed_formula(objective: PipelineObjective, *, overlap: bool) -> None:
    """Latency, period and makespan come out to the nanosecond, whatever the stages."""

    @CASES
    @given(stages=STAGES, returns=st.booleans(), units=st.integers(1, 9))
    def check(stages: list[tuple[int, int]], returns: bool, units: int) -> None:
        problem = _problem(objective, overlap=overlap)
        breakdown = _breakdown(stages, overlap=overlap, returns=returns)
        found = replay(problem, NO_PLAN, breakdown, units, {}, shared=False)
        assert found.exact
        assert found.simulated_ns == found.predicted_ns
        assert found.difference_ppm == 0
        assert found.units_done == units

    check()


@MODES
def test_a_shared_medium_only_costs(*, overlap: bool) -> None:
    """All transfers through one channel: no earlier than the formula, no later than in turn."""

    @CASES
    @given(stages=STAGES, units=st.integers(1, 6))
    def check(stages: list[tuple[int, int]], units: int) -> None:
        breakdown = _breakdown(stages, overlap=overlap, returns=False)
        problem = _problem(PipelineObjective.LATENCY, overlap=overlap)
        found = replay(problem, NO_PLAN, breakdown, units, {}, shared=True)
        assert found.simulated_ns is not None
        assert found.predicted_ns <= found.simulated_ns <= units * breakdown.totals["latency_ns"]
        assert found.exact is False

    check()


@MODES
def test_a_machine_does_one_thing_at_a_time(*, overlap: bool) -> None:
    """Bars of one machine follow each other, and a device that stops does nothing later."""

    @CASES
    @given(stages=STAGES, units=st.integers(1, 6), stop=st.integers(0, 600))
    def check(stages: list[tuple[int, int]], units: int, stop: int) -> None:
        breakdown = _breakdown(stages, overlap=overlap, returns=True)
        problem = _problem(PipelineObjective.LATENCY, overlap=overlap)
        found = replay(problem, NO_PLAN, breakdown, units, {"d0": stop}, shared=False)
        for machine in found.machines:
            bars = [bar for bar in found.bars if bar.machine == machine.machine]
            assert all(a.stop_ns <= b.start_ns for a, b in pairwise(bars))
            if overlap or machine.machine == "d0":
                assert sum(bar.stop_ns - bar.start_ns for bar in bars) <= machine.busy_ns
        assert all(bar.stop_ns <= stop for bar in found.bars if "d0" in bar.machine)
        assert (found.simulated_ns is None) == (found.units_done < units)

    check()


@settings(deadline=None)
@given(problem=pipeline_partition())
def test_every_accepted_plan_gets_a_second_opinion(problem: PipelinePartitionProblem) -> None:
    """From the verifier's breakdown, without a chart, and without a difference."""
    first = problem.devices[0].name
    whole = Stage(device=first, start=0, stop=len(problem.layers))
    plan = PipelinePartitionPlan(stages=(whole,))
    verdict = verify(problem, plan)
    if verdict.accepted:
        found = second_opinion(problem, plan, verdict.breakdown)
        assert found is not None
        assert (found.difference_ppm, found.bars) == (0, ())


def test_what_stops_is_lost() -> None:
    """The second of two units is on the second device when it stops: one came through."""
    problem = two_devices(memory_bytes=400)
    whole = simulate(problem, split(2), units=2)
    assert whole.simulated_ns == 200 + 15 + 400 + 400
    assert _utilisation(whole) == {"quick": 394_088, "quick -> slow": 29_556, "slow": 788_177}
    cut = simulate(problem, split(2), units=2, stops={"slow": 700})
    assert (cut.units_done, cut.simulated_ns, cut.end_ns) == (1, None, 700)
    assert [bar.lost for bar in cut.bars].count(True) == 1
    said = "1 of 2 units came through; predicted without a stop: makespan 1.01 µs"
    assert cut.in_words == said


def _utilisation(found: Simulation) -> dict[str, int]:
    return {use.machine: use.utilisation_ppm for use in found.machines}


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"stops": {"elsewhere": 1}}, "does not use the device 'elsewhere'"),
        ({"units": 10**6}, "more than"),
    ],
)
def test_what_makes_no_sense_is_refused(setting: dict[str, object], message: str) -> None:
    """A device that the plan does not use, or more units than can be replayed."""
    with pytest.raises(ValueError, match=message):
        simulate(two_devices(), split(2), **setting)


def test_a_refused_plan_is_not_replayed() -> None:
    """Its first broken rule is named."""
    with pytest.raises(ValueError, match="memory"):
        simulate(two_devices(memory_bytes=100), split(2))


@MODES
def test_a_shared_medium_does_not_carry_for_who_stopped(*, overlap: bool) -> None:
    """A transfer is lost with the device at its end, though the medium goes on."""
    problem = two_devices(memory_bytes=400, overlap=overlap)
    found = simulate(problem, split(2), units=1, stops={"quick": 207}, shared=True)
    assert [(bar.work, bar.stop_ns, bar.lost) for bar in found.bars] == [
        ("compute", 200, False),
        ("transfer", 207, True),
    ]
