"""A discrete-event loop: tasks with precedence on machines that hold one task at a time.

A task starts at the earliest time at which everything it comes after has ended, its own
`not_before_ns` has passed and every machine it needs is free; it holds them all, unbroken, until
it ends. Of the tasks that wait for a machine the one of the least (rank, index) gets it. Nothing
waits for a task that is not ready yet, so a fixed order on a machine is stated by `after`.

A machine that stops loses what it is at: neither that task nor anything after it is done.

Times are integers in ns from 0. Work is O((tasks + precedences) log tasks).
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from graphlib import TopologicalSorter
from heapq import heappop, heappush

_NOTHING_STOPS: Mapping[str, int] = {}


@dataclass(frozen=True)
class Task:
    """A piece of work.

    machines: names of those it needs at once, none for a mere delay; after: indices of the tasks
    that must have ended; rank: who goes first on a machine, least first.
    """

    label: str
    machines: tuple[str, ...]
    duration_ns: int
    after: tuple[int, ...] = ()
    rank: tuple[int, ...] = ()
    not_before_ns: int = 0


@dataclass(frozen=True)
class Span:
    """When a task ran; lost: a machine of its stopped at `stop_ns`, before it was done."""

    task: int
    start_ns: int
    stop_ns: int
    lost: bool = False


@dataclass(frozen=True)
class Run:
    """What happened. spans: per task, None for one that never started."""

    tasks: tuple[Task, ...]
    spans: tuple[Span | None, ...]

    @property
    def end_ns(self) -> int:
        """When the last task ended; 0 where none ran."""
        return max((span.stop_ns for span in self.spans if span is not None), default=0)

    @property
    def undone(self) -> tuple[int, ...]:
        """Indices of the tasks that were lost or never started."""
        return tuple(index for index, span in enumerate(self.spans) if span is None or span.lost)

    def by_machine(self) -> dict[str, tuple[Span, ...]]:
        """The spans on each machine in the order of time; machines in the order of first need."""
        found: defaultdict[str, list[Span]] = defaultdict(list)
        for task, span in zip(self.tasks, self.spans, strict=True):
            for machine in task.machines:
                if span is not None:
                    found[machine].append(span)
        return {
            machine: tuple(sorted(spans, key=lambda span: (span.start_ns, span.stop_ns)))
            for machine, spans in found.items()
        }

    def busy_ns(self) -> dict[str, int]:
        """How long each machine was held; its utilisation is this over `end_ns`."""
        return {
            machine: sum(span.stop_ns - span.start_ns for span in spans)
            for machine, spans in self.by_machine().items()
        }


def run(tasks: Sequence[Task], stops: Mapping[str, int] = _NOTHING_STOPS) -> Run:
    """The tasks carried out; stops: when a machine stops for good, in ns, for those that do.

    Raises ValueError where tasks wait for each other in a circle, or for one that is not there.
    """
    for index, task in enumerate(tasks):
        if task.duration_ns < 0 or not all(0 <= before < len(tasks) for before in task.after):
            raise ValueError(
                f"task {index} ({task.label}) takes less than nothing or waits in vain"
            )
    # Tasks that only come after earlier ones, as most do, wait for nobody in a circle.
    if any(before >= index for index, task in enumerate(tasks) for before in task.after):
        TopologicalSorter({index: task.after for index, task in enumerate(tasks)}).prepare()
    return _Loop(tasks, stops).run()


class _Loop:
    """The state of a run: who waits where, what runs, what has ended."""

    def __init__(self, tasks: Sequence[Task], stops: Mapping[str, int]) -> None:
        self._tasks = tuple(tasks)
        self._stops = stops
        self._spans: list[Span | None] = [None] * len(tasks)
        self._missing = [len(set(task.after)) for task in tasks]
        self._next: list[list[int]] = [[] for _ in tasks]
        for index, task in enumerate(tasks):
            for before in set(task.after):
                self._next[before].append(index)
        self._busy: set[str] = set()
        # A task waits only at a machine that is busy, so each release wakes who has to look.
        self._waiting: defaultdict[str, list[tuple[tuple[int, ...], int]]] = defaultdict(list)
        self._ready: list[tuple[tuple[int, ...], int]] = []
        # (time, 0: a span ends or 1: a task may start, task): ends first, so that all that is
        # ready at a time competes for what is free at that time.
        self._events: list[tuple[int, int, int]] = []

    def run(self) -> Run:
        """Carry the tasks out."""
        for index, missing in enumerate(self._missing):
            if missing == 0:
                self._release(index, 0)
        self._dispatch(0)
        while self._events:
            now = self._events[0][0]
            while self._events and self._events[0][0] == now:
                _, kind, index = heappop(self._events)
                if kind == 0:
                    self._end(index, now)
                else:
                    heappush(self._ready, (self._tasks[index].rank, index))
            self._dispatch(now)
        return Run(self._tasks, tuple(self._spans))

    def _release(self, index: int, now: int) -> None:
        """Everything before the task is done."""
        task = self._tasks[index]
        if task.not_before_ns > now:
            heappush(self._events, (task.not_before_ns, 1, index))
        else:
            heappush(self._ready, (task.rank, index))

    def _dispatch(self, now: int) -> None:
        """Start whatever can start now, the least rank first."""
        while self._ready:
            rank, index = heappop(self._ready)
            task = self._tasks[index]
            held = next((machine for machine in task.machines if machine in self._busy), None)
            if held is not None:
                heappush(self._waiting[held], (rank, index))
            elif all(self._stops.get(machine, now + 1) > now for machine in task.machines):
                self._start(index, now)
            for machine in task.machines:
                self._wake(machine)

    def _start(self, index: int, now: int) -> None:
        task = self._tasks[index]
        done = now + task.duration_ns
        end = min([done, *(self._stops[m] for m in task.machines if m in self._stops)])
        self._spans[index] = Span(index, now, end, lost=end < done)
        if end == now:  # at once, so that what comes after competes by its rank
            self._end(index, now)
            return
        self._busy.update(task.machines)
        heappush(self._events, (end, 0, index))

    def _end(self, index: int, now: int) -> None:
        span = self._spans[index]
        for machine in self._tasks[index].machines:
            self._busy.discard(machine)
            self._wake(machine)
        if span is not None and not span.lost:
            for after in self._next[index]:
                self._missing[after] -= 1
                if self._missing[after] == 0:
                    self._release(after, now)

    def _wake(self, machine: str) -> None:
        """Let the first that waits for a free machine look again."""
        if machine not in self._busy and self._waiting[machine]:
            heappush(self._ready, heappop(self._waiting[machine]))
