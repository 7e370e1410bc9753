"""Linear orders of the groups of a DAG, and the best partition that keeps to one."""

from collections.abc import Sequence

import numpy as np

from models.problems.dag_partition import DagPartitionPlan, DagPartitionProblem
from solvers.base import Stopwatch
from solvers.tables.dag_partition import Ints, Tables, build
from solvers.tables.dag_partition_chain import Parts, least
from solvers.tables.dag_partition_ideals import build_ideals, prefixes


def depth_first(tables: Tables, *, backwards: bool = False) -> Ints:
    """[m] an order that follows a branch to its end before the next one (their `linearize`).

    backwards: of the branches that open at once the first is followed first, not the last.
    """
    front = _Front(tables)
    ready = front.sources()
    while ready:
        opened = front.take(ready.pop())
        ready += reversed(opened) if backwards else opened
    return np.array(front.taken, dtype=np.int64)


def narrow(tables: Tables) -> Ints:
    """[m] an order that next takes the group whose nets, once it is in, cost the least when cut."""
    front = _Front(tables)
    nets: list[list[int]] = [[] for _ in range(tables.groups)]
    for index, (ends, _) in enumerate(tables.nets):
        for end in ends:
            nets[end].append(index)
    outside = [len(ends) for ends, _ in tables.nets]

    def growth(group: int) -> tuple[int, int]:
        begun = sum(tables.nets[i][1] for i in nets[group] if outside[i] == len(tables.nets[i][0]))
        ended = sum(tables.nets[i][1] for i in nets[group] if outside[i] == 1)
        return begun - ended, group

    ready = front.sources()
    while ready:
        group = min(ready, key=growth)
        ready.remove(group)
        ready += front.take(group)
        for index in nets[group]:
            outside[index] -= 1
    return np.array(front.taken, dtype=np.int64)


class _Front:
    """Groups taken one by one, each after all that have to come before it."""

    def __init__(self, tables: Tables) -> None:
        self.taken: list[int] = []
        self._after: list[list[int]] = [[] for _ in range(tables.groups)]
        self._waiting = [0] * tables.groups
        for before, behind in tables.before:
            self._after[before].append(behind)
            self._waiting[behind] += 1

    def sources(self) -> list[int]:
        """The groups that may come first."""
        return [group for group, number in enumerate(self._waiting) if number == 0]

    def take(self, group: int) -> list[int]:
        """Take a group; which ones may now be taken that could not before."""
        self.taken.append(group)
        opened = []
        for behind in self._after[group]:
            self._waiting[behind] -= 1
            if self._waiting[behind] == 0:
                opened.append(behind)
        return opened


def best_along(
    tables: Tables, orders: Sequence[Ints], watch: Stopwatch
) -> tuple[int, Parts] | None:
    """The least largest load over partitions that cut one of the orders into pieces.

    None where there is no such partition. Raises OutOfTimeError.
    """
    best: tuple[int, Parts] | None = None
    limit = most(tables)
    for order in orders:
        first = None if best is None else limit
        found, _ = least(build_ideals(tables, prefixes(order)), limit, watch, first)
        if found is not None:
            best = found
            limit = found[0] - 1
    return best


def linearised(problem: DagPartitionProblem, watch: Stopwatch) -> DagPartitionPlan | None:
    """The best plan along one depth-first order, which is contiguous; None where there is none.

    Raises OutOfTimeError.
    """
    tables = build(problem.model_copy(update={"contiguous": True}))
    found = best_along(tables, [depth_first(tables)], watch)
    return None if found is None else tables.plan(found[1])


def most(tables: Tables) -> int:
    """No device is ever loaded more than this, ns."""
    accelerator = int(tables.accelerator_ns.sum() + tables.net_ns.sum())
    return max(accelerator, int(tables.cpu_ns.sum()))
