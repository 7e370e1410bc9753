"""Combinatorial lower bounds of a DAG partition, in exact numbers.

With t_v the least time of operator v on the device classes that it may use:

    largest load ≥ max over colocation classes of the least time of the class on one device class
    largest load ≥ Σ_v min(w_a accelerator_ns, w_c cpu_ns) with k w_a + l w_c = 1

with the sum over colocation classes; w_c / w_a is tried at 0, at each class's ratio of times and
at infinity, which includes the best one: the dual of the relaxation that splits classes over
devices and forgets transfers.
"""

from fractions import Fraction

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
    """The best of the weightings, classes of a ratio up to w_c / w_a counted on accelerators.

    In the order of ratios the totals change by one class at a time.
    """
    accelerators, cpus = problem.accelerators, problem.cpus
    either = sorted((Fraction(a, c), a, c) for a, c in classes if a is not None and c)
    fast = sum(a for a, c in classes if a is not None and c is None)
    forced = slow = sum(c for a, c in classes if a is None and c is not None)
    slow += sum(c for _, _, c in either)
    best = -(-fast // accelerators) if accelerators else 0
    best = max(best, -(-forced // cpus) if cpus else 0)
    for ratio, a, c in either:
        fast, slow = fast + a, slow - c
        for_cpu, for_accelerator = ratio.as_integer_ratio()
        total = for_accelerator * fast + for_cpu * slow
        best = max(best, -(-total // (for_accelerator * accelerators + for_cpu * cpus)))
    return best
