"""Every plan of a tiny DAG partition, priced by the verifier."""

from collections.abc import Iterator
from itertools import permutations, product

from models.problems.dag_partition import (
    DagPartitionPlan,
    DagPartitionProblem,
    DeviceClass,
    Part,
)
from planner.verify import verify


def plans(problem: DagPartitionProblem) -> Iterator[DagPartitionPlan]:
    """All orders of the devices x all maps of the operators to them; empty parts left out."""
    names = [operator.name for operator in problem.operators]
    devices = [DeviceClass.ACCELERATOR] * problem.accelerators + [DeviceClass.CPU] * problem.cpus
    # Where the order plays no part one order stands for all.
    orders = sorted(set(permutations(devices))) if problem.contiguous else [tuple(devices)]
    for order in orders:
        for places in product(range(len(order)), repeat=len(names)):
            held = [
                tuple(name for name, place in zip(names, places, strict=True) if place == index)
                for index in range(len(order))
            ]
            yield DagPartitionPlan(
                parts=tuple(
                    Part(device=device, operators=part)
                    for device, part in zip(order, held, strict=True)
                    if part
                )
            )


def optimum(problem: DagPartitionProblem) -> int | None:
    """The least objective of all plans, None where every plan is refused."""
    objectives = (verify(problem, plan).objective for plan in plans(problem))
    return min((value for value in objectives if value is not None), default=None)
