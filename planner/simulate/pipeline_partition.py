"""A pipeline plan replayed: equal units in a row, against latency, period or makespan.

The times of stages and transfers are the verifier's; what is checked here is what they add up to.
"""

from collections.abc import Mapping

from models.problems.pipeline_partition import (
    PipelineObjective,
    PipelinePartitionProblem,
)
from models.result import Breakdown
from models.simulation import Simulation
from planner.simulate.engine import Run
from planner.simulate.flow import Flow, Hop, Medium, difference_ppm, usage

_UNITS = 8


def default_units(problem: PipelinePartitionProblem, plan: object, breakdown: Breakdown) -> int:
    """How many units tell the objective: all of a makespan, one alone, or a few in a row."""
    del plan, breakdown
    if problem.objective is PipelineObjective.LATENCY:
        return 1
    return problem.units or _UNITS


def simulate(  # what every simulator is given
    problem: PipelinePartitionProblem,
    plan: object,
    breakdown: Breakdown,
    units: int,
    stops: Mapping[str, int],
    *,
    shared: bool,
) -> Simulation:
    """The first `units` units, all there at 0, in the order of arrival on every machine.

    breakdown: the verifier's; stops: devices that stop, and when, in ns.
    """
    del plan  # the breakdown has all that matters
    rows = breakdown.rows
    hops = [Hop(str(row["device"]), str(row["sends_to"]) or None) for row in rows]
    compute = [int(row["compute_ns"]) for row in rows]
    transfer = [int(row["transfer_ns"]) for row in rows]
    flow = Flow(hops, Medium(problem.overlap, shared))
    last = [flow.add_unit(unit, compute, transfer) for unit in range(units)]
    done = flow.carry_out(stops)
    undone = set(done.undone)
    arrived = [index for index in last if index not in undone]
    period = problem.objective is PipelineObjective.THROUGHPUT and units > 1
    latency_ns, period_ns = breakdown.totals["latency_ns"], breakdown.totals["period_ns"]
    predicted = period_ns if period else latency_ns + (units - 1) * period_ns
    simulated = _measured(done, last, period=period) if len(arrived) == units else None
    return Simulation(
        measure="period" if period else "latency" if units == 1 else "makespan",
        units=units,
        units_done=len(arrived),
        predicted_ns=predicted,
        simulated_ns=simulated,
        difference_ppm=difference_ppm(simulated, predicted),
        exact=not shared and not stops,
        end_ns=done.end_ns,
        machines=usage(done),
        bars=flow.bars(done),
    )


def _measured(done: Run, last: list[int], *, period: bool) -> int:
    """When the last unit is through, or the mean time between two units that come out, in ns."""
    ends = [span.stop_ns for index in last if (span := done.spans[index]) is not None]
    if not period:
        return ends[-1]
    return -(-(ends[-1] - ends[0]) // (len(ends) - 1))
