"""A sequence pipeline replayed: chunks of unequal length, then decoding passes in a closed loop.

A point's next pass starts when its last one is back at the first device; the closed formula for
that is what the replay checks, and the recursion of the flow shop for the chunks.
"""

from collections.abc import Mapping

from models.problems.sequence_pipeline import SequencePipelinePlan as Plan
from models.problems.sequence_pipeline import SequencePipelineProblem as Problem
from models.result import Breakdown
from models.simulation import Simulation
from planner.simulate.flow import Flow, Hop, Medium, difference_ppm, usage
from planner.verify.sequence_pipeline import chunk_rows, completed_ns, decoding_ns, pass_rows


def default_units(problem: Problem, plan: object, breakdown: Breakdown) -> int:
    """All chunks and, where their time counts, all passes of all points."""
    del plan
    chunks = sum("chunk" in row for row in breakdown.rows)
    decoding = problem.timed_decoding
    return chunks + (0 if decoding is None else decoding.passes * decoding.points)


def simulate(  # what every simulator is given
    problem: Problem,
    plan: Plan,
    breakdown: Breakdown,
    units: int,
    stops: Mapping[str, int],
    *,
    shared: bool,
) -> Simulation:
    """The first `units` chunks and passes, passes in whole rounds of all points.

    stops: devices that stop, and when, in ns.
    """
    del breakdown  # chunk by chunk the plan says more
    table, passes = chunk_rows(problem, plan)[:units], pass_rows(problem, plan)
    devices = [stage.device for stage in plan.stages]
    back = devices[0] if problem.timed_decoding is not None and len(devices) > 1 else None
    medium = Medium(problem.overlap, shared)
    flow = Flow([Hop(a, b) for a, b in zip(devices, [*devices[1:], None], strict=True)], medium)
    last = [
        flow.add_unit(unit, [work for work, _ in row], [sent for _, sent in row])
        for unit, row in enumerate(table)
    ]
    rounds = _rounds(problem, plan, units)
    if rounds:
        loop = flow.branch([Hop(a, b) for a, b in zip(devices, [*devices[1:], back], strict=True)])
        points = problem.timed_decoding.points if problem.timed_decoding is not None else 0
        last += _decode(loop, passes, rounds, points, last[-1])
    done = flow.carry_out(stops)
    arrived = len(set(last) - set(done.undone))
    simulated = done.end_ns if arrived == len(last) else None
    predicted = completed_ns(table, overlap=problem.overlap)[-1]
    predicted += decoding_ns(problem, passes, rounds)
    return Simulation(
        measure="request" if rounds else "prefill",
        units=len(last),
        units_done=arrived,
        predicted_ns=predicted,
        simulated_ns=simulated,
        difference_ppm=difference_ppm(simulated, predicted),
        exact=not shared and not stops,
        end_ns=done.end_ns,
        machines=usage(done),
        bars=flow.bars(done),
    )


def _rounds(problem: Problem, plan: Plan, units: int) -> int:
    """Whole rounds of passes that so many units leave room for."""
    decoding = problem.timed_decoding
    left = units - len(plan.chunks)
    return 0 if decoding is None else max(0, min(decoding.passes, left // decoding.points))


def _decode(
    flow: Flow, passes: list[tuple[int, int]], rounds: int, points: int, prompt: int
) -> list[int]:
    """The last task of each pass of each point, after that of the prompt."""
    work, sent = [a for a, _ in passes], [b for _, b in passes]
    last = [prompt] * points
    ends: list[int] = []
    for _ in range(rounds):
        for point in range(points):
            last[point] = flow.add_unit(point, work, sent, (last[point],))
        ends += last
    return ends
