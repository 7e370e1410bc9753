"""A placed graph cut into visits: what a device does for a sample without waiting in between.

A device that holds operators before and after those of another is visited twice per sample. All
forward operators come first; then always that device is visited which can finish most of what is
left on it, and does all that it can. So parts that stand in an order are visited once each.

An accelerator takes an output in at the first of its visits that needs it, and gives an output away
at the visit that computes it, once each: over all visits of a device that is its load.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from models.problems.dag_partition import DagPartitionPlan, DagPartitionProblem, DeviceClass


@dataclass(frozen=True)
class Visit:
    """What a device does at once for a sample, in ns.

    device: index of the part; after: visits whose outputs it takes, by index; depth: rounds after
    that of the first visit, at least one more than that of any visit in `after` elsewhere.
    """

    device: int
    operators: tuple[str, ...]
    receives: int
    computes: int
    sends: int
    after: tuple[int, ...]
    depth: int


def device_names(plan: DagPartitionPlan) -> tuple[str, ...]:
    """By part: its class and its place in the plan from 1, since equal devices have no names."""
    return tuple(f"{part.device.value}-{place}" for place, part in enumerate(plan.parts, 1))


def visits(problem: DagPartitionProblem, plan: DagPartitionPlan) -> tuple[Visit, ...]:
    """The visits of a plan that is accepted, each behind all that it comes after."""
    places = {name: at for at, part in enumerate(plan.parts) for name in part.operators}
    before: dict[str, list[str]] = {name: [] for name in places}
    leaving = set()
    for source, target in problem.edges:
        before[target].append(source)
        if places[source] != places[target]:
            leaving.add(source)
    found: list[Visit] = []
    made_in: dict[str, int] = {}
    there: set[tuple[int, str]] = set()
    deepest = [0] * len(plan.parts)
    for device, names in _groups(problem, places):
        made_in.update(dict.fromkeys(names, len(found)))
        inputs = dict.fromkeys(u for name in names for u in before[name] if places[u] != device)
        after = sorted({made_in[name] for name in inputs})
        depth = max([deepest[device], *(found[index].depth + 1 for index in after)])
        deepest[device] = depth
        taken = [name for name in inputs if (device, name) not in there]
        there.update((device, name) for name in taken)
        given = [name for name in names if name in leaving]
        transfers = plan.parts[device].device is DeviceClass.ACCELERATOR
        found.append(
            Visit(
                device,
                names,
                _transfer_ns(problem, taken) if transfers else 0,
                _compute_ns(problem, names, plan.parts[device].device),
                _transfer_ns(problem, given) if transfers else 0,
                tuple(after),
                depth,
            )
        )
    return tuple(found)


def _transfer_ns(problem: DagPartitionProblem, names: list[str]) -> int:
    return sum(problem.by_name[name].transfer_ns for name in names)


def _compute_ns(problem: DagPartitionProblem, names: tuple[str, ...], device: DeviceClass) -> int:
    operators = [problem.by_name[name] for name in names]
    if device is DeviceClass.CPU:
        return sum(operator.cpu_ns for operator in operators)
    return sum(operator.accelerator_ns or 0 for operator in operators)


def _groups(
    problem: DagPartitionProblem, places: dict[str, int]
) -> Iterator[tuple[int, tuple[str, ...]]]:
    """The device and the operators of each visit in turn; one device's in a row are one visit."""
    waiting = _Waiting(problem, places)
    device = -1
    names: tuple[str, ...] = ()
    for backward in (False, True):
        left = {o.name for o in problem.operators if o.backward is backward}
        for then, more in waiting.runs(left):
            if then != device:
                if names:
                    yield device, names
                device, names = then, ()
            names += more
    yield device, names


class _Waiting:
    """Which operators could run now, device by device."""

    def __init__(self, problem: DagPartitionProblem, places: dict[str, int]) -> None:
        self._places = places
        self._missing = dict.fromkeys(places, 0)
        self._next: dict[str, list[str]] = {name: [] for name in places}
        for source, target in problem.edges:
            self._missing[target] += 1
            self._next[source].append(target)

    def runs(self, left: set[str]) -> Iterator[tuple[int, tuple[str, ...]]]:
        """Devices with what they run in turn, until none of `left` is left."""
        held = Counter(self._places[name] for name in left)
        ready: dict[int, dict[str, None]] = {device: {} for device in held}
        # In the problem's order, so that a plan always gives the same.
        self._make_ready(ready, (n for n, missing in self._missing.items() if not missing), left)
        while any(held.values()):
            can = {device: self._reach(names, left) for device, names in ready.items() if names}
            device = max(can, key=lambda d: (len(can[d]) / held[d], -d))
            yield device, tuple(can[device])
            held[device] -= len(can[device])
            ready[device] = {}
            released = list(self._release(can[device]))
            self._make_ready(ready, (n for n in released if n not in can[device]), left)

    def _release(self, names: Iterable[str]) -> Iterator[str]:
        """What has nothing to wait for any more once these have run."""
        for name in names:
            for after in self._next[name]:
                self._missing[after] -= 1
                if self._missing[after] == 0:
                    yield after

    def _make_ready(
        self, ready: dict[int, dict[str, None]], names: Iterable[str], left: set[str]
    ) -> None:
        for name in names:
            if name in left:
                ready[self._places[name]][name] = None

    def _reach(self, ready: dict[str, None], left: set[str]) -> dict[str, None]:
        """All that a device can run from what is ready there, without any other device."""
        found = dict(ready)
        missing: dict[str, int] = {}
        todo = list(ready)
        while todo:
            name = todo.pop()
            for after in self._next[name]:
                if after in left and self._places[after] == self._places[name]:
                    missing[after] = missing.get(after, self._missing[after]) - 1
                    if missing[after] == 0:
                        found[after] = None
                        todo.append(after)
        return found
