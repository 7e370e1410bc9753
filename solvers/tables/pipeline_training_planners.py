"""The dynamic program of Asteroid, whose plan other methods start from as well.

Asteroid (Ye et al., 2024, Algorithm 2): the devices stand in one order, by memory, largest first,
and a stage is a run of them. Q(l, n, p) is the best round of the last l layers on the last n
devices in p stages. Micro-batches are shared by Algorithm 1, in proportion to speed within memory
and then off the slowest, which ends at the best split: moving single samples off the slowest is
exact where every device's time grows with its samples.
"""

from collections.abc import Sequence
from itertools import product

from solvers.base import UNREACHABLE, Stopwatch
from solvers.tables.pipeline_training import Group, Tables

Stages = list[tuple[int, int, Group]]


def by_memory(tables: Tables) -> list[int]:
    """The devices by memory, the most first."""
    memory = [device.memory_bytes for device in tables.problem.devices]
    return sorted(range(len(memory)), key=lambda device: -memory[device])


def asteroid(tables: Tables, watch: Stopwatch) -> list[tuple[int, int, list[int]]] | None:
    """Stages (first layer, layer behind the last, devices) by Algorithm 2; None where none fits.

    Where not all devices have to take part the first ones may be left out.
    """
    line = by_memory(tables)
    suffix = _Suffix(tables, line)
    for number in range(1, tables.most_stages + 1):
        if watch.expired():
            return None
        suffix.extend(number)
    return suffix.best()


class _Suffix:
    """Q by number of stages: {(n, first layer): (pipeline, all-reduce, devices, cut)}."""

    def __init__(self, tables: Tables, line: Sequence[int]) -> None:
        self.tables, self.line = tables, line
        self.levels: list[dict[tuple[int, int], tuple[int, int, int, int]]] = []
        self._groups: dict[tuple[int, int], Group] = {}
        self._sent: dict[tuple[Group, Group], list[int]] = {}

    def _group(self, begin: int, end: int) -> Group:
        if (begin, end) not in self._groups:
            self._groups[begin, end] = self.tables.group_of(self.line[begin:end])
        return self._groups[begin, end]

    def _communication(self, source: Group, target: Group) -> list[int]:
        if (source, target) not in self._sent:
            self._sent[source, target] = self.tables.communication(source, target).tolist()
        return self._sent[source, target]

    def extend(self, number: int) -> None:
        """Q of `number` stages from Q of one less."""
        count, layers = len(self.line), self.tables.layers
        level: dict[tuple[int, int], tuple[int, int, int, int]] = {}
        for begin, end in product(range(count), range(1, count + 1)):
            if begin >= end or (number == 1) != (end == count):
                continue
            group = self._group(begin, end)
            execution = self.tables.execution(group, number).tolist()
            reduces = self.tables.all_reduce(group).tolist()
            cuts = [layers] if number == 1 else range(1, layers)
            for cut, first in product(cuts, range(layers)):
                if first < cut and max(execution[first][cut], reduces[first][cut]) < UNREACHABLE:
                    behind = self._behind(number, end, group, cut)
                    if behind is not None:
                        cell = self._in_front(execution[first][cut], reduces[first][cut], behind)
                        old = level.get((begin, first))
                        if old is None or sum(cell) < old[0] + old[1]:
                            level[begin, first] = (*cell, end, cut)
        self.levels.append(level)

    def _behind(self, number: int, end: int, group: Group, cut: int) -> tuple[int, int] | None:
        """Pipeline, its communication in front included, and all-reduce of what is behind."""
        if number == 1:
            return (0, 0)
        cell = self.levels[number - 2].get((end, cut))
        if cell is None:
            return None
        sent = self._communication(group, self._group(end, cell[2]))[cut]
        if sent >= UNREACHABLE:
            return None
        return max(self.tables.problem.micro_batches * sent, sent + cell[0]), cell[1]

    def _in_front(self, once: int, reduce: int, behind: tuple[int, int]) -> tuple[int, int]:
        often = self.tables.problem.micro_batches * once
        return max(often, once + behind[0]), max(reduce, behind[1])

    def best(self) -> list[tuple[int, int, list[int]]] | None:
        """The stages of the best round over all numbers of stages."""
        ends = [
            (cell[0] + cell[1], number, begin)
            for number, level in enumerate(self.levels)
            for (begin, first), cell in level.items()
            if first == 0 and (begin == 0 or not self.tables.problem.use_all_devices)
        ]
        if not ends:
            return None
        _, number, begin = min(ends)
        found, first = [], 0
        while first < self.tables.layers:
            _, _, end, cut = self.levels[number][begin, first]
            found.append((first, cut, list(self.line[begin:end])))
            first, begin, number = cut, end, number - 1
        return found


def priced(tables: Tables, stages: Sequence[tuple[int, int, Group]]) -> int | None:
    """The round of stages with the best shares, None where it breaks a rule."""
    value = reduce = 0
    often = tables.problem.micro_batches
    behind: Group | None = None
    for from_end, (first, last, group) in enumerate(reversed(stages), start=1):
        once = int(tables.execution(group, from_end)[first, last])
        averaged = int(tables.all_reduce(group)[first, last])
        sent = 0 if behind is None else int(tables.communication(group, behind)[last])
        if max(once, averaged, sent) >= UNREACHABLE:
            return None
        value = max(often * sent, sent + value)
        value, reduce, behind = max(often * once, once + value), max(reduce, averaged), group
    return value + reduce
