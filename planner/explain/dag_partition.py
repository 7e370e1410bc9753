"""Explanations of DAG partitions, by solving them with rules left out.

Whether any plan exists is asked of the integer program with all times set to 0, which is quick;
what a rule costs is told by the optimum without it. What time did not settle is said to be open.
"""

from collections.abc import Callable, Sequence

from models.problems.dag_partition import DagPartitionPlan, DeviceClass
from models.problems.dag_partition import DagPartitionProblem as Problem
from models.result import Verification
from models.units import format_quantity
from planner.explain.clock import Clock, TimeUpError, least
from planner.explain.conflict import conflict
from planner.explain.price import known_with_plan, price, standing

_UNIT = "ns"


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
    clock = Clock(time_limit_ns)
    whole, simple = _rules(problem), _timeless(problem)

    def possible(kept: Sequence[str]) -> bool:
        reduced = simple
        for rule in whole:
            if rule not in kept:
                reduced = _RULES[rule](reduced)
        return clock.feasible(reduced)

    found = conflict(whole, possible)
    lines = [found.line()] if found.rules else []
    if "memory" in found.rules:
        lines.append(_memory_line(simple, clock))
    for field, what in (("accelerators", "accelerator"), ("cpus", "CPU")):
        try:
            enough = clock.feasible(_changed(simple, **{field: getattr(problem, field) + 1}))
        except TimeUpError:
            lines.append(f"whether one {what} more is enough is not known in time")
        else:
            lines.append(f"one {what} more {'would do' if enough else 'is not enough'}")
    return tuple(lines)


def _memory_line(problem: Problem, clock: Clock) -> str:
    """The least memory per accelerator that makes a plan possible."""

    def need(memory: int) -> int | None:
        plan: DagPartitionPlan | None = clock.plan(
            _changed(problem, accelerator_memory_bytes=memory)
        )
        if plan is None:
            return None
        filled = (part for part in plan.parts if part.device is DeviceClass.ACCELERATOR)
        sizes = (sum(problem.by_name[name].size_bytes for name in p.operators) for p in filled)
        return max(sizes, default=0)

    try:
        used = need(_whole(problem))
    except TimeUpError:
        return "whether more memory, however much, is enough is not known in time"
    if used is None:
        return "more memory, however much, is not enough: another rule is in the way as well"
    found = least(problem.accelerator_memory_bytes, used, need)
    amount = f"{format_quantity(found.amount, 'bytes')} ({found.amount:,} bytes)"
    rest = "" if found.proved else "; whether less would is not known in time"
    return f"{amount} per accelerator would do{rest}"


def binding(
    problem: Problem, _plan: DagPartitionPlan, verdict: Verification, time_limit_ns: int
) -> tuple[str, ...]:
    """How an accepted plan stands, its fullest devices, and what each rule costs."""
    clock = Clock(time_limit_ns)
    rules = _rules(problem)
    here = known_with_plan(clock.optimum(problem, 1 + len(rules)), verdict)
    lines = [standing(verdict, here, _UNIT)]
    rows = [row for row in verdict.breakdown.rows if row["load_ns"] == verdict.objective]
    lines += dict.fromkeys(_fullest(row) for row in rows)
    for asked, rule in enumerate(rules):
        other = clock.optimum(_RULES[rule](problem), len(rules) - asked)
        lines.append(price(rule, here, other, _UNIT))
    return tuple(lines)


def _fullest(row: dict[str, str | int]) -> str:
    transfers = int(row["received_ns"]) + int(row["sent_ns"])
    operators = format_quantity(int(row["operators"]), "operators")
    where = "a CPU" if row["device"] == DeviceClass.CPU else "an accelerator"
    return (
        f"the largest load is {format_quantity(int(row['load_ns']), _UNIT)} on {where} with "
        f"{operators}, {format_quantity(transfers, _UNIT)} of it transfers"
    )
