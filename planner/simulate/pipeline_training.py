"""A round of 1F1B replayed, every device and every transfer on its own, against the formula.

A device of the q-th stage from the end runs up to 2 q - 1 micro-batches forwards, then one back and
one forwards in turn, then the rest back; nothing else is in its memory. A transfer begins when all
devices of a group have done their samples; what goes there and back between two stages takes turns,
the way back first. The groups average their gradients when all is done.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

from models.problems.pipeline_training import PipelineTrainingProblem
from models.result import Breakdown
from models.simulation import Bar, Simulation
from planner.simulate.engine import Run, Task, run
from planner.simulate.flow import MEDIUM, TRANSFER, difference_ppm, usage

FORWARD, BACKWARD = "forward", "backward"
SENDS, RETURNS, REDUCES = "sends", "returns", "all-reduce"
_Key = tuple[str, int, int]


@dataclass(frozen=True)
class Stage:
    """A stage's devices with their times forwards and back, and its exchange with the next."""

    devices: tuple[tuple[str, int, int], ...]
    sends: int
    returns: int
    reduce: int


def default_units(problem: PipelineTrainingProblem, plan: object, breakdown: Breakdown) -> int:
    """All micro-batches of a round."""
    del plan, breakdown
    return problem.micro_batches


def simulate(  # what every simulator is given
    problem: PipelineTrainingProblem,
    plan: object,
    breakdown: Breakdown,
    units: int,
    stops: Mapping[str, int],
    *,
    shared: bool,
) -> Simulation:
    """A round of `units` micro-batches; breakdown: the verifier's; stops: see planner.simulate."""
    del problem, plan  # all that a round needs is in the rows
    stages = _stages(breakdown)
    tasks, bars = Round(stages, units, shared=shared).tasks()
    done = run(tasks, {**stops, **_ways_that_stop(stages, stops)})
    complete = not done.undone
    predicted = predicted_ns(stages, units)
    undone = set(done.undone)
    returned = [
        i for i, bar in enumerate(bars) if bar[0] == BACKWARD and bar[2] == 0 and i not in undone
    ]
    return Simulation(
        measure="round",
        units=units,
        units_done=len({bars[i][1] for i in returned}),
        predicted_ns=predicted,
        simulated_ns=done.end_ns if complete else None,
        difference_ppm=difference_ppm(done.end_ns if complete else None, predicted),
        exact=False,
        end_ns=done.end_ns,
        machines=usage(done),
        bars=_bars(done, bars, [str(row["device"]) for row in breakdown.rows]),
    )


def _ways_that_stop(stages: list[Stage], stops: Mapping[str, int]) -> dict[str, int]:
    """The ways at the ends of what stops: no group sends or takes its samples in part."""
    found = {}
    for number, pair in enumerate(pairwise(stages)):
        ends = [stops[name] for stage in pair for name, _, _ in stage.devices if name in stops]
        if ends:
            found[_way(number)] = min(ends)
    return found


def _way(number: int) -> str:
    """The way from a stage, from 0, to the next one."""
    return f"stage {number + 1} and {number + 2}"


def _stages(breakdown: Breakdown) -> list[Stage]:
    found: dict[int, list[dict[str, str | int]]] = {}
    for row in breakdown.rows:
        found.setdefault(int(row["stage"]), []).append(row)
    return [
        Stage(
            tuple((str(r["device"]), int(r["forward_ns"]), int(r["backward_ns"])) for r in rows),
            int(rows[0]["sends_ns"]),
            int(rows[0]["returns_ns"]),
            int(rows[0]["all_reduce_ns"]),
        )
        for _, rows in sorted(found.items())
    ]


def predicted_ns(stages: list[Stage], units: int) -> int:
    """The formula for so many micro-batches."""
    longest = before = 0
    for number, stage in enumerate(stages):
        execution = max(f for _, f, _ in stage.devices) + max(b for _, _, b in stage.devices)
        steps = (
            [execution] if number == len(stages) - 1 else [execution, stage.sends + stage.returns]
        )
        for step in steps:
            longest = max(longest, before + units * step)
            before += step
    return longest + max(stage.reduce for stage in stages)


class Round:
    """The tasks of a round."""

    def __init__(self, stages: list[Stage], units: int, *, shared: bool) -> None:
        self._stages, self._units, self._shared = stages, units, shared
        self._tasks: list[Task] = []
        self._pieces: list[_Key] = []
        self._indices: dict[_Key, list[int]] = {}

    def tasks(self) -> tuple[list[Task], list[_Key]]:
        """The tasks, and what each is: (work, micro-batch, stage)."""
        for unit in range(self._units):
            for number, stage in enumerate(self._stages):
                for name, forward, backward in stage.devices:
                    self._add((FORWARD, unit, number), (name,), forward)
                    self._add((BACKWARD, unit, number), (name,), backward)
                if number < len(self._stages) - 1:
                    # A way ends with a device at its ends, the medium that all share does not.
                    ways = (_way(number), *((MEDIUM,) if self._shared else ()))
                    self._add((SENDS, unit, number), ways, stage.sends, rank=1)
                    self._add((RETURNS, unit, number), ways, stage.returns, rank=0)
        last = [i for n in range(len(self._stages)) for i in self._of(BACKWARD, self._units - 1, n)]
        after = self._precedences()
        tasks = [
            Task(t.label, t.machines, t.duration_ns, tuple(after.get(i, ())), t.rank)
            for i, t in enumerate(self._tasks)
        ]
        for number, stage in enumerate(self._stages):
            if len(stage.devices) > 1:
                names = tuple(name for name, _, _ in stage.devices)
                label = f"all-reduce of stage {number + 1}"
                tasks.append(Task(label, names, stage.reduce, tuple(last), (0, len(tasks))))
                self._pieces.append((REDUCES, self._units - 1, number))
        return tasks, self._pieces

    def _add(self, key: _Key, machines: tuple[str, ...], duration: int, rank: int = 0) -> None:
        work, unit, number = key
        index = len(self._tasks)
        label = f"{work} of micro-batch {unit} on stage {number + 1}"
        self._tasks.append(Task(label, machines, duration, (), (rank, index)))
        self._pieces.append(key)
        self._indices.setdefault(key, []).append(index)

    def _of(self, work: str, unit: int, number: int) -> list[int]:
        return self._indices.get((work, unit, number), [])

    def _precedences(self) -> dict[int, set[int]]:
        """What each task waits for: its data, and the order on its device."""
        after: dict[int, set[int]] = {}
        for unit in range(self._units):
            for number in range(len(self._stages)):
                for (first, at), (then, to) in _chain(number, len(self._stages)):
                    for index in self._of(then, unit, to):
                        after.setdefault(index, set()).update(self._of(first, unit, at))
        for number in range(len(self._stages)):
            order = list(_order(self._units, 2 * (len(self._stages) - number) - 1))
            for (first, u), (then, v) in pairwise(order):
                # The devices of a stage stand in the same order in both lists.
                pairs = zip(self._of(first, u, number), self._of(then, v, number), strict=True)
                for before, index in pairs:
                    after.setdefault(index, set()).add(before)
        return after


def _chain(number: int, stages: int) -> list[tuple[tuple[str, int], tuple[str, int]]]:
    """What comes before what for one micro-batch at a stage."""
    if number == stages - 1:
        return [((FORWARD, number), (BACKWARD, number))]
    return [
        ((FORWARD, number), (SENDS, number)),
        ((SENDS, number), (FORWARD, number + 1)),
        ((BACKWARD, number + 1), (RETURNS, number)),
        ((RETURNS, number), (BACKWARD, number)),
    ]


def _order(units: int, ahead: int) -> Iterator[tuple[str, int]]:
    """What a device does in which order; ahead: micro-batches forwards before the first back."""
    for unit in range(min(units, ahead)):
        yield FORWARD, unit
    for unit in range(units):
        yield BACKWARD, unit
        if unit + ahead < units:
            yield FORWARD, unit + ahead


def _bars(done: Run, pieces: list[_Key], devices: list[str]) -> tuple[Bar, ...]:
    """A row of the chart per device; a transfer stands under the first device of who sends it."""
    rows = {name: row for row, name in enumerate(devices)}
    first: dict[int, int] = {}
    for (work, _, number), task in zip(pieces, done.tasks, strict=True):
        if work == FORWARD:
            first.setdefault(number, rows[task.machines[0]])
    return tuple(
        Bar(
            unit=unit,
            # Gradients come back from the stage after.
            stage=rows.get(machine, first[number + 1 if work == RETURNS else number]),
            work=TRANSFER if work in (SENDS, RETURNS) else work,
            machine=machine,
            start_ns=span.start_ns,
            stop_ns=span.stop_ns,
            lost=span.lost,
        )
        for (work, unit, number), task, span in zip(pieces, done.tasks, done.spans, strict=True)
        if span is not None
        # All of a group average; a transfer stands under the last of what it holds.
        for machine in (task.machines[-1:] if work in (SENDS, RETURNS) else task.machines)
    )
