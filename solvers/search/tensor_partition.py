"""Exact search for tensor partitions: groups by their bound, bisection inside each.

A group is a number of devices of every class of equal ones. Its bound is the layer's time with
heads, blocks and rows each spread as if memory were no limit; groups are taken by bound, and the
search ends at the first whose bound is not below the best time found.
"""

from collections.abc import Iterator
from itertools import product
from math import prod

from models.problems.tensor_partition import (
    TensorMode,
    TensorPartitionPlan,
    TensorPartitionProblem,
)
from models.result import Claim, Limits, Reason
from solvers.base import UNREACHABLE, Progress, Stopwatch
from solvers.tables.tensor_partition import Split, Tables, build
from solvers.tables.tensor_partition_group import Group, OutOfTimeError

# So many groups of devices are looked at, at most.
_MOST_GROUPS = 2**16


class Bisection:
    """Exact on every mode; fast where devices are few or of few classes."""

    name = "bisection"

    def solve(
        self,
        problem: TensorPartitionProblem,
        limits: Limits,
        hint: TensorPartitionPlan | None = None,
        report: Progress[TensorPartitionPlan] | None = None,
    ) -> Claim[TensorPartitionPlan]:
        """The optimum, or proof that there is no plan."""
        watch = Stopwatch(limits, report)
        tables = build(problem)
        groups = 1 if problem.use_all_devices else prod(len(c) + 1 for c in tables.classes)
        if groups > _MOST_GROUPS:
            detail = f"{groups:,} groups of unequal devices are too many"
            return Claim(self.name, Reason.UNSUPPORTED, detail=detail)
        best: tuple[int, TensorMode, dict[int, Split]] | None = None
        lower = None
        try:
            ranked = sorted(_cases(tables, watch), key=lambda case: case[0])
            for bound, mode, group in ranked:
                lower = bound
                limit = UNREACHABLE if best is None else best[0]
                if bound >= limit:
                    break
                shares = group.best(mode, limit) if _holds(tables, mode, group) else None
                if shares is not None:
                    best = (tables.layer_ns(mode, shares), mode, shares)
        except OutOfTimeError:
            return _unfinished(self.name, tables, best, lower, watch)
        stats = {"groups": groups, "cases": len(ranked)}
        if best is None:
            return Claim(self.name, Reason.INFEASIBLE, stats=stats)
        cost = problem.layers * best[0]
        plan = tables.plan(best[1], best[2])
        return Claim(self.name, Reason.COMPLETED, plan, cost, stats=stats)


def _unfinished(
    name: str,
    tables: Tables,
    best: tuple[int, TensorMode, dict[int, Split]] | None,
    lower: int | None,
    watch: Stopwatch,
) -> Claim[TensorPartitionPlan]:
    """What is known when time is up: all groups with a smaller bound than `lower` are done."""
    reason = watch.why()
    layers = tables.problem.layers
    bound = None if lower is None else layers * lower
    if best is None:
        return Claim(name, reason, lower_bound=bound)
    known = None if bound is None else min(bound, layers * best[0])
    return Claim(name, reason, tables.plan(best[1], best[2]), known)


def _cases(tables: Tables, watch: Stopwatch) -> Iterator[tuple[int, TensorMode, Group]]:
    """(bound, mode, group) of every group of devices."""
    for members in _groups(tables):
        if watch.expired():
            raise OutOfTimeError
        group = Group(tables, members, watch)
        for mode in tables.problem.modes:
            yield group.bound(mode), mode, group


def _groups(tables: Tables) -> Iterator[tuple[int, ...]]:
    if tables.problem.use_all_devices:
        yield tuple(range(tables.devices))
        return
    for counts in product(*(range(len(row) + 1) for row in tables.classes)):
        members = [d for row, n in zip(tables.classes, counts, strict=True) for d in row[:n]]
        if members:
            yield tuple(sorted(members))


def _holds(tables: Tables, mode: TensorMode, group: Group) -> bool:
    """Whether the weights fit: all of them on every device in the mode sequence."""
    if mode is not TensorMode.SEQUENCE:
        return group.weights_fit()
    problem = tables.problem
    return all(tables.room[d, problem.heads] >= problem.columns for d in group.members)
