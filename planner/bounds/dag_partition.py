"""Combinatorial lower bounds of a DAG partition, in exact numbers.

With t_v the least time of operator v on the device classes that it may use:

    largest load ≥ max over colocation classes of the least time of the class on one device class
    largest load ≥ Σ_v min(w_a accelerator_ns, w_c cpu_ns) with k w_a + l w_c = 1

where w_c / w_a is tried at 0 and at each operator's ratio of times, which includes the best one:
the dual of the relaxation that splits operators over devices and forgets transfers.
"""

from fractions import Fraction
from math import ceil

from models.problems.dag_partition import DagPartitionProblem


def lower_bound(problem: DagPartitionProblem) -> int:
    """No plan costs less, ns; 0 where nothing better is known."""
    classes = _class_times(problem)
    return max(_largest_class(classes), _balanced(problem, classes))


def _class_times(problem: DagPartitionProblem) -> list[tuple[int | None, int | None]]:
    """(accelerator ns, CPU ns) of each colocation class, None where it cannot be there."""
    members: dict[str, list[tuple[int | None, int]]] = {}
    for operator in problem.operators:
        times = (operator.accelerator_ns, operator.cpu_ns)
        members.setdefault(problem.class_of(operator.name), []).append(times)
    found: list[tuple[int | None, int | None]] = []
    for rows in members.values():
        supported = [a for a, _ in rows if a is not None]
        runs_there = problem.accelerators > 0 and len(supported) == len(rows)
        cpu = sum(c for _, c in rows) if problem.cpus else None
        found.append((sum(supported) if runs_there else None, cpu))
    return found


def _largest_class(classes: list[tuple[int | None, int | None]]) -> int:
    return max(min((t for t in pair if t is not None), default=0) for pair in classes)


def _balanced(problem: DagPartitionProblem, classes: list[tuple[int | None, int | None]]) -> int:
    ratios = {Fraction(a, c) for a, c in classes if a is not None and c}
    best = 0
    for ratio in {Fraction(0), Fraction(1), *ratios}:
        weights = (Fraction(1), ratio)
        total = sum((_cheapest(pair, weights) for pair in classes), Fraction(0))
        share = problem.accelerators + problem.cpus * ratio
        best = max(best, ceil(total / share) if share else 0)
    return best


def _cheapest(pair: tuple[int | None, int | None], weights: tuple[Fraction, Fraction]) -> Fraction:
    terms = [weight * time for time, weight in zip(pair, weights, strict=True) if time is not None]
    return min(terms, default=Fraction(0))
