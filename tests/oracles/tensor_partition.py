"""Every plan of a tiny tensor partition, priced by the verifier."""

from collections.abc import Iterator
from itertools import combinations, product

from models.problems.tensor_partition import (
    TensorMode,
    TensorPartitionPlan,
    TensorPartitionProblem,
    TensorShare,
)
from planner.verify import verify


def _compositions(total: int, parts: int) -> Iterator[tuple[int, ...]]:
    """All ways to write a total as a sum of so many parts of 0 or more, in order."""
    if parts == 1:
        yield (total,)
        return
    for first in range(total + 1):
        for rest in _compositions(total - first, parts - 1):
            yield (first, *rest)


def plans(problem: TensorPartitionProblem) -> Iterator[TensorPartitionPlan]:
    """All modes x all groups of devices x all splits of heads, columns and rows."""
    names = [member.name for member in problem.devices]
    for mode, size in product(problem.modes, range(1, len(names) + 1)):
        heads, columns, rows = (
            [(total,) * size] if whole else list(_compositions(total, size))
            for total, whole in (
                (problem.heads, mode is TensorMode.SEQUENCE),
                (problem.columns, mode is TensorMode.SEQUENCE),
                (problem.rows, mode is TensorMode.TENSOR),
            )
        )
        for group in combinations(names, size):
            for splits in product(heads, columns, rows):
                yield TensorPartitionPlan(
                    mode=mode,
                    shares=tuple(
                        TensorShare(device=name, heads=a, columns=b, rows=r)
                        for name, a, b, r in zip(group, *splits, strict=True)
                    ),
                )


def optimum(problem: TensorPartitionProblem) -> int | None:
    """The least objective of all plans, None where every plan is refused."""
    objectives = (verify(problem, plan).objective for plan in plans(problem))
    return min((value for value in objectives if value is not None), default=None)
