"""Explanations of DAG partitions, by solving them with rules left out.

Whether any plan exists is asked of the integer program with all times set to 0, which is quick;
what a rule costs is the optimum without it. Only claims that end their search count.
"""

import time
from collections.abc import Callable

from models.problems.dag_partition import DagPartitionPlan, DagPartitionProblem, DeviceClass
from models.result import Claim, Limits, Reason
from models.units import format_quantity
from planner.verify import verify
from solvers.registry import entry

Problem = DagPartitionProblem


class _Clock:
    """Answers what-if questions until the time is up."""

    def __init__(self, time_limit_ns: int) -> None:
        self._end = time.monotonic_ns() + time_limit_ns * 9 // 10

    def solve(self, problem: Problem, questions: int = 1) -> Claim[DagPartitionPlan] | None:
        """The claim of a method that ended its search, or None where time ran out.

        questions: how many there are still to ask; this one gets its share of the time left.
        """
        for name in ("dp", "cpsat"):
            left = (self._end - time.monotonic_ns()) // questions
            method = entry(problem.kind, name)
            if left > 0 and method is not None:
                claim: Claim[DagPartitionPlan] = method.load().solve(
                    problem, Limits(time_limit_ns=left)
                )
                if claim.reason in (Reason.COMPLETED, Reason.INFEASIBLE):
                    return claim
        return None

    def feasible(self, problem: Problem) -> bool | None:
        """Whether any plan exists, or None where time ran out."""
        claim = self.solve(_timeless(problem))
        return None if claim is None else claim.plan is not None


def _timeless(problem: Problem) -> Problem:
    operators = tuple(
        o.model_copy(
            update={
                "cpu_ns": 0,
                "accelerator_ns": None if o.accelerator_ns is None else 0,
                "transfer_ns": 0,
            }
        )
        for o in problem.operators
    )
    return _changed(problem, operators=operators)


def _changed(problem: Problem, **fields: object) -> Problem:
    """The problem with other fields; built anew, since cached properties depend on them."""
    return Problem(**{**{name: getattr(problem, name) for name in Problem.model_fields}, **fields})


_RULES: dict[str, Callable[[Problem], Problem]] = {
    "contiguous": lambda p: _changed(p, contiguous=False),
    "colocation": lambda p: _changed(
        p, operators=tuple(o.model_copy(update={"colocation": None}) for o in p.operators)
    ),
    "memory": lambda p: _changed(p, accelerator_memory_bytes=_whole(p)),
    "unsupported operators": lambda p: _changed(
        p,
        operators=tuple(
            o.model_copy(update={"accelerator_ns": o.cpu_ns}) if o.accelerator_ns is None else o
            for o in p.operators
        ),
    ),
}


def _rules(problem: Problem) -> list[str]:
    """The rules that the problem sets."""
    holds = {
        "contiguous": problem.contiguous,
        "colocation": any(o.colocation is not None for o in problem.operators),
        "memory": _whole(problem) > problem.accelerator_memory_bytes,
        "unsupported operators": any(o.accelerator_ns is None for o in problem.operators),
    }
    return [name for name, here in holds.items() if here]


def _whole(problem: Problem) -> int:
    return sum(operator.size_bytes for operator in problem.operators)


def infeasible(problem: Problem, time_limit_ns: int) -> tuple[str, ...]:
    """A smallest set of rules in conflict, and the smallest repairs of memory and devices."""
    clock = _Clock(time_limit_ns)
    kept = _rules(problem)
    for rule in list(kept):
        others = [name for name in kept if name != rule]
        reduced = problem
        for name in _rules(problem):
            if name not in others:
                reduced = _RULES[name](reduced)
        if clock.feasible(reduced) is False:
            kept = others
    lines = [f"these rules cannot hold together: {', '.join(kept)}"]
    if "memory" in kept:
        lines += _memory_lines(problem, clock)
    for field, what in (("accelerators", "accelerator"), ("cpus", "CPU")):
        if clock.feasible(_changed(problem, **{field: getattr(problem, field) + 1})):
            lines.append(f"one {what} more would do")
    return tuple(lines)


def _memory_lines(problem: Problem, clock: _Clock) -> list[str]:
    """The least memory per accelerator that makes a plan possible, by bisection."""
    low, high = problem.accelerator_memory_bytes + 1, _whole(problem)
    if not clock.feasible(_changed(problem, accelerator_memory_bytes=high)):
        return []
    while low < high:
        middle = (low + high) // 2
        enough = clock.feasible(_changed(problem, accelerator_memory_bytes=middle))
        if enough is None:
            return []
        low, high = (low, middle) if enough else (middle + 1, high)
    need = format_quantity(low, "bytes")
    return [f"{need} ({low:,} bytes) per accelerator would do"]


def binding(problem: Problem, plan: DagPartitionPlan, time_limit_ns: int) -> tuple[str, ...]:
    """The fullest device, and what each rule costs; raises ValueError for a refused plan."""
    verdict = verify(problem, plan)
    if verdict.objective is None:
        raise ValueError("the plan breaks a rule")
    clock = _Clock(time_limit_ns)
    lines = [_fullest(dict(row)) for row in verdict.breakdown.rows if _is(row, verdict.objective)]
    rules = _rules(problem)
    for asked, rule in enumerate(rules):
        claim = clock.solve(_RULES[rule](problem), len(rules) - asked)
        if claim is None or claim.lower_bound is None:
            lines.append(f"without {rule}: not known in time")
        elif claim.lower_bound < verdict.objective:
            saved = (verdict.objective - claim.lower_bound) / verdict.objective
            better = format_quantity(claim.lower_bound, "ns")
            lines.append(f"without {rule} the optimum would be {better} (-{saved:.1%})")
        else:
            lines.append(f"{rule} costs nothing")
    return tuple(lines)


def _is(row: dict[str, str | int], load_ns: int) -> bool:
    return row["load_ns"] == load_ns


def _fullest(row: dict[str, str | int]) -> str:
    transfers = int(row["received_ns"]) + int(row["sent_ns"])
    where = "a CPU" if row["device"] == DeviceClass.CPU else "an accelerator"
    return (
        f"the largest load is {format_quantity(int(row['load_ns']), 'ns')} on {where} with "
        f"{row['operators']} operators, {format_quantity(transfers, 'ns')} of it transfers"
    )
