"""A placed graph replayed: a stream of samples, against the largest load.

Where every device is visited once per sample, samples pass in their order and nobody waits for more
than its inputs. A device's n-th sample is then done at

    max over paths of parts that end there of (sum of the loads + n · largest load)

so that the slowest device works without a pause from its first sample on, and none after it falls
behind. Where devices are visited several times (free parts; forward and backward operators) work
goes in rounds: in each a device does one visit of every sort, that of depth q for the sample that
was first seen q rounds before, and the next round begins when all are done. A round with all
visits takes the largest load. So in both ways

    period = largest load          N · load ≤ makespan of N samples ≤ (N + depth) · load

whatever the graph. Transfers occupy accelerators, as they do in the model, and nothing else.
"""

from collections.abc import Mapping

from models.problems.dag_partition import DagPartitionPlan as Plan
from models.problems.dag_partition import DagPartitionProblem as Problem
from models.result import Breakdown
from models.simulation import Simulation
from planner.simulate.dag_partition_visits import Visit, device_names, visits
from planner.simulate.engine import Run
from planner.simulate.flow import (
    COMPUTE,
    MEDIUM,
    TRANSFER,
    Flow,
    Medium,
    Piece,
    difference_ppm,
    usage,
)

_PERIODS = 8


def devices(problem: Problem, plan: Plan, breakdown: Breakdown) -> set[str]:
    """What may stop."""
    del problem, breakdown
    return set(device_names(plan))


def default_units(problem: Problem, plan: Plan, breakdown: Breakdown) -> int:
    """So many samples that a few periods can be told."""
    del breakdown
    return _lag(plan, visits(problem, plan)) + _PERIODS


def fewest_units(problem: Problem, plan: Plan) -> int:
    """With fewer samples there is no period."""
    return _lag(plan, visits(problem, plan)) + 2


def tasks_per_unit(problem: Problem, plan: Plan, breakdown: Breakdown) -> int:
    """Compute and transfers of all visits."""
    del breakdown
    return sum(1 + bool(v.receives) + bool(v.sends) for v in visits(problem, plan))


def simulate(  # what every simulator is given
    problem: Problem,
    plan: Plan,
    breakdown: Breakdown,
    units: int,
    stops: Mapping[str, int],
    *,
    shared: bool,
) -> Simulation:
    """The first `units` samples; breakdown: the verifier's; stops: who stops when, in ns."""
    found = visits(problem, plan)
    lag, depth = _lag(plan, found), max(visit.depth for visit in found)
    stream = Stream(device_names(plan), found, lag, shared=shared)
    stream.send(units)
    done = stream.flow.carry_out(stops)
    undone = set(done.undone)
    through = sum(undone.isdisjoint(tasks) for tasks in stream.of_unit)
    periods = units - 1 - lag
    load = breakdown.totals["load_ns"]
    predicted = load if periods > 0 else (units + depth) * load
    simulated = None
    if through == units:
        simulated = stream.period_ns(done, lag, periods) if periods > 0 else done.end_ns
    return Simulation(
        measure="period" if periods > 0 else "makespan",
        units=units,
        units_done=through,
        predicted_ns=predicted,
        simulated_ns=simulated,
        difference_ppm=difference_ppm(simulated, predicted),
        exact=not shared and not stops and periods > 0,
        end_ns=done.end_ns,
        machines=usage(done),
        bars=stream.flow.bars(done),
    )


def _lag(plan: Plan, found: tuple[Visit, ...]) -> int:
    """Rounds until all visits have a sample; 0 where every device is visited once."""
    return max(visit.depth for visit in found) if len(found) > len(plan.parts) else 0


class Stream:
    """The tasks of samples, round by round.

    of_unit: per sample, the last task of each of its visits; rounds: per round, the last task of
    each device that has one in it.
    """

    def __init__(
        self, names: tuple[str, ...], found: tuple[Visit, ...], lag: int, *, shared: bool
    ) -> None:
        # So a device first does what was begun last, and a sample's visits in their order.
        self._order = sorted(range(len(found)), key=lambda index: found[index].depth)
        self._names, self._visits, self._lag = names, found, lag
        self._channel = (MEDIUM,) if shared else ()
        self.flow = Flow([], Medium(overlap=False, shared=shared))
        self.of_unit: list[list[int]] = []
        self.rounds: list[dict[int, int]] = []

    def send(self, units: int) -> None:
        """All samples, there at 0."""
        ends: dict[tuple[int, int], int] = {}
        last: dict[int, int] = {}
        for turn in range(units + self._lag):
            # With one visit of each device nobody waits for the others.
            before = tuple(last.values()) if self._lag else ()
            this: dict[int, int] = {}
            for index in self._order:
                visit = self._visits[index]
                unit = turn - (visit.depth if self._lag else 0)
                if 0 <= unit < units:
                    own = this.get(visit.device, last.get(visit.device))
                    after = {ends[other, unit] for other in visit.after}
                    after |= set(before if visit.device not in this else ())
                    after |= set() if own is None else {own}
                    ends[index, unit] = self._add(visit, unit, tuple(sorted(after)))
                    this[visit.device] = ends[index, unit]
            last |= this
            self.rounds.append(this)
        self.of_unit = [[ends[i, unit] for i in self._order] for unit in range(units)]

    def _add(self, visit: Visit, unit: int, after: tuple[int, ...]) -> int:
        """Inputs in, compute, outputs away; the last task."""
        device = (self._names[visit.device],)
        steps = (
            (TRANSFER, visit.receives, device + self._channel),
            (COMPUTE, visit.computes, device),
            (TRANSFER, visit.sends, device + self._channel),
        )
        for work, duration, machines in steps:
            if duration or work == COMPUTE:
                piece = Piece(unit, visit.device, work)
                after = (self.flow.add(machines, duration, after, piece),)
        return after[0]

    def period_ns(self, done: Run, first: int, periods: int) -> int:
        """Time between two samples on the device that lets them wait longest, rounded up."""
        ends = [
            {device: span.stop_ns for device, task in turn.items() if (span := done.spans[task])}
            for turn in (self.rounds[first], self.rounds[first + periods])
        ]
        longest = max(then - ends[0][device] for device, then in ends[1].items())
        return -(-longest // periods)
