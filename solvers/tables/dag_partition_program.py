"""A DAG partition as an integer program, in either form.

A *slot* is a device: in the free form k accelerators and then l CPUs, where contiguous k + l
places in a row, each of which is an accelerator or a CPU as the program sees fit. Columns are
x[g, s, c] = 1 where group g is in slot s on a device of class c, y[N, s] = 1 where slot s cuts
net N, where contiguous a[s] = 1 for an accelerator, and the load T, which is minimised.
(Tarnawski et al., NeurIPS 2020, §5.2, "IP", with the order of the parts spelled out: their z
variables make each part convex, which allows parts in a cycle.)
"""

from collections.abc import Callable
from itertools import product

import numpy as np

from models.problems.dag_partition import DeviceClass
from solvers.integer_program import Array, IntegerProgram
from solvers.program_builder import Builder
from solvers.tables.dag_partition import Tables
from solvers.tables.dag_partition_chain import Parts

_ACCELERATOR, _CPU = DeviceClass.ACCELERATOR, DeviceClass.CPU


class Formulation:
    """The program, and the way from its points to parts and back.

    lower, upper: the load is known to lie between them.
    """

    def __init__(self, tables: Tables, lower: int, upper: int) -> None:
        self.tables = tables
        self.builder = Builder()
        self.slots = tables.accelerators + tables.cpus
        self.load = self.builder.column(cost=1, lower=lower, upper=upper, whole=False)
        self.x = {
            (group, slot, device): self.builder.column()
            for group, slot in product(range(tables.groups), range(self.slots))
            for device in self._classes(slot)
        }
        self.y = {
            (net, slot): self.builder.column()
            for net, slot in product(range(len(tables.nets)), range(self.slots))
            if _ACCELERATOR in self._classes(slot)
        }
        self.a = [self.builder.column() for _ in range(self.slots)] if tables.contiguous else []
        self._everything_somewhere()
        self._supported_only()
        self._one_class_per_slot()
        self._keep_the_order()
        self._memory()
        self._cuts()
        self._loads()
        self._interchangeable_devices()

    @property
    def program(self) -> IntegerProgram:
        """The program as it stands."""
        return self.builder.program()

    def _classes(self, slot: int) -> tuple[DeviceClass, ...]:
        if not self.tables.contiguous:
            return (_ACCELERATOR,) if slot < self.tables.accelerators else (_CPU,)
        present = ((_ACCELERATOR, self.tables.accelerators), (_CPU, self.tables.cpus))
        return tuple(device for device, number in present if number)

    def _places(self, group: int, slot: int) -> list[int]:
        """The columns that put a group into a slot."""
        return [self.x[group, slot, device] for device in self._classes(slot)]

    def _everything_somewhere(self) -> None:
        """Every group is in exactly one slot, on one class of device."""
        for group in range(self.tables.groups):
            columns = [c for slot in range(self.slots) for c in self._places(group, slot)]
            self.builder.row([(column, 1) for column in columns], 1, 1)

    def _supported_only(self) -> None:
        """What does not run on an accelerator is on none."""
        for (group, _, device), column in self.x.items():
            if device is _ACCELERATOR and not self.tables.supported[group]:
                self.builder.upper[column] = 0

    def _one_class_per_slot(self) -> None:
        """A slot is an accelerator or a CPU, and there are as many as there are devices."""
        if not self.a:
            return
        number = self.tables.accelerators
        self.builder.row([(column, 1) for column in self.a], number, number)
        for (_, slot, device), column in self.x.items():
            if device is _ACCELERATOR:
                self.builder.row([(column, 1), (self.a[slot], -1)], high=0)
            else:
                self.builder.row([(column, 1), (self.a[slot], 1)], high=1)

    def _keep_the_order(self) -> None:
        """Where g comes before h, h is within the first slots only if g is."""
        for before, behind in self.tables.before:
            terms: list[tuple[int, int]] = []
            for slot in range(self.slots - 1):
                terms += [(column, 1) for column in self._places(behind, slot)]
                terms += [(column, -1) for column in self._places(before, slot)]
                self.builder.row(terms, high=0)

    def _memory(self) -> None:
        """The groups on an accelerator fit into its memory."""
        sizes = self.tables.size_bytes
        if int(sizes.sum()) <= self.tables.memory_bytes:
            return
        for slot in range(self.slots):
            columns = self._on(slot, _ACCELERATOR)
            terms = [(column, int(sizes[group])) for group, column in columns]
            self.builder.row(terms, high=self.tables.memory_bytes)

    def _on(self, slot: int, device: DeviceClass) -> list[tuple[int, int]]:
        """(group, column) of every group, where the slot may be of that class."""
        if device not in self._classes(slot):
            return []
        return [(group, self.x[group, slot, device]) for group in range(self.tables.groups)]

    def _cuts(self) -> None:
        """A net is cut where its first end is on the accelerator and another not, or reversed."""
        for (net, slot), cut in self.y.items():
            first, *others = self.tables.nets[net][0]
            held = self.x[first, slot, _ACCELERATOR]
            for other in others:
                also = self.x[other, slot, _ACCELERATOR]
                self.builder.row([(held, 1), (also, -1), (cut, -1)], high=0)
                self.builder.row([(also, 1), (held, -1), (cut, -1)], high=0)

    def _loads(self) -> None:
        """Time and cut nets of an accelerator, or the time of a CPU, are at most the load."""
        for slot, device in product(range(self.slots), (_ACCELERATOR, _CPU)):
            fast = device is _ACCELERATOR
            times = self.tables.accelerator_ns if fast else self.tables.cpu_ns
            terms = [(column, int(times[group])) for group, column in self._on(slot, device)]
            if not terms:
                continue
            if fast:
                nets = enumerate(self.tables.nets)
                terms += [(self.y[net, slot], cost) for net, (_, cost) in nets]
            self.builder.row([*terms, (self.load, -1)], high=0)

    def _interchangeable_devices(self) -> None:
        """Free form: of equal devices the i-th holds none of the i groups of most time."""
        if self.tables.contiguous:
            return
        for device, times, begin, number in (
            (_ACCELERATOR, self.tables.accelerator_ns, 0, self.tables.accelerators),
            (_CPU, self.tables.cpu_ns, self.tables.accelerators, self.tables.cpus),
        ):
            heaviest = np.argsort(-times, kind="stable")[:number].tolist()
            for rank, group in enumerate(heaviest):
                for slot in range(begin + rank + 1, begin + number):
                    self.builder.upper[self.x[group, slot, device]] = 0

    def parts(self, point: Array) -> Parts:
        """The parts of a point."""
        found: Parts = []
        for slot, device in product(range(self.slots), (_ACCELERATOR, _CPU)):
            held = [group for group, column in self._on(slot, device) if point[column]]
            if held:
                found.append((device, held))
        return found

    def point(self, parts: Parts) -> Array | None:
        """The point of these parts, or None where they break a rule or are above the bounds."""
        # A part on a device that is not there has no columns.
        if not self.tables.allows(parts):
            return None
        slots = self._slots_of(parts)
        values = [0] * len(self.builder.cost)
        loads = [0]
        for slot, (device, held) in zip(slots, parts, strict=True):
            for group in held:
                values[self.x[group, slot, device]] = 1
            inside = np.zeros(self.tables.groups, dtype=bool)
            inside[held] = True
            loads.append(self.tables.load_ns(inside, device))
            if device is _ACCELERATOR:
                for net in self.tables.cut(inside).tolist():
                    values[self.y[net, slot]] = 1
        self._set_classes(values, dict(zip(slots, [d for d, _ in parts], strict=True)))
        values[self.load] = max(*loads, self.builder.lower[self.load])
        point = np.array(values)
        return point if self.program.holds(point) else None

    def _slots_of(self, parts: Parts) -> list[int]:
        """The slot of each part; in the free form in order of their heaviest groups."""
        if self.tables.contiguous:
            return list(range(len(parts)))
        slots: dict[int, int] = {}
        for device, times, begin in (
            (_ACCELERATOR, self.tables.accelerator_ns, 0),
            (_CPU, self.tables.cpu_ns, self.tables.accelerators),
        ):
            rank = np.argsort(np.argsort(-times, kind="stable"))
            mine = [index for index, part in enumerate(parts) if part[0] is device]
            mine.sort(key=_by_heaviest(parts, rank.tolist()))
            slots |= {index: begin + place for place, index in enumerate(mine)}
        return [slots[index] for index in range(len(parts))]

    def _set_classes(self, values: list[int], used: dict[int, DeviceClass]) -> None:
        left = self.tables.accelerators - sum(d is _ACCELERATOR for d in used.values())
        for slot, column in enumerate(self.a):
            if slot in used:
                values[column] = int(used[slot] is _ACCELERATOR)
            elif left > 0:
                values[column] = 1
                left -= 1


def _by_heaviest(parts: Parts, rank: list[int]) -> Callable[[int], int]:
    return lambda index: min(rank[group] for group in parts[index][1])
