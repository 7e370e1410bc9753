"""From integer programs of every mode and number of devices to one claim, for any backend."""

from collections.abc import Callable
from dataclasses import dataclass

from models.problems.tensor_partition import (
    TensorMode,
    TensorPartitionPlan,
    TensorPartitionProblem,
)
from models.result import Claim, Reason
from solvers.base import Progress, Stopwatch
from solvers.integer_program import Answer, IntegerProgram
from solvers.tables.tensor_partition import Split, Tables, build
from solvers.tables.tensor_partition_program import Formulation

Solve = Callable[[IntegerProgram], Answer]

# Above so many columns a program is not even handed over.
_MOST_COLUMNS = 100_000


@dataclass
class _Known:
    """The best shares so far, the least bound of what they do not cover, and why one stopped."""

    cost: int
    shares: tuple[TensorMode, dict[int, Split]] | None = None
    bounds: list[int] | None = None
    reason: Reason = Reason.COMPLETED
    detail: str = ""


def claim(
    name: str,
    problem: TensorPartitionProblem,
    watch: Stopwatch,
    hint: TensorPartitionPlan | None,
    report: Progress[TensorPartitionPlan] | None,
    solve: Solve,
) -> Claim[TensorPartitionPlan]:
    """What a backend's `solve` says of a problem, from a hint where it is usable."""
    tables = build(problem)
    columns = tables.devices * (problem.heads + problem.columns + 2 * problem.rows + 4)
    if columns > _MOST_COLUMNS:
        return Claim(name, Reason.UNSUPPORTED, detail=f"{columns:,} columns are too many")
    known = _start(tables, hint)
    every = range(1, tables.devices + 1)
    numbers = [tables.devices] if problem.use_all_devices else every
    for mode in problem.modes:
        for number in numbers:
            if watch.expired():
                known.reason = Reason.CANCELLED if watch.cancelled() else Reason.TIME_LIMIT
                known.bounds = [*(known.bounds or ()), 0]
                break
            _one(tables, mode, number, known, solve)
            if known.reason in (Reason.UNSUPPORTED, Reason.FAILED):
                return Claim(name, known.reason, detail=known.detail)
            if report is not None and known.shares is not None:
                report.plan(tables.plan(*known.shares))
    return _claim(name, tables, known)


def _one(tables: Tables, mode: TensorMode, number: int, known: _Known, solve: Solve) -> None:
    """One mode with one number of devices: better shares than those known, or a bound."""
    form = Formulation(tables, mode, number, known.cost)
    answer = solve(form.program)
    if answer.reason in (Reason.UNSUPPORTED, Reason.FAILED):
        known.reason, known.detail = answer.reason, answer.detail
        return
    if answer.infeasible:
        return
    if answer.point is not None:
        shares = form.shares(answer.point)
        cost = tables.layer_ns(mode, shares)
        if cost < known.cost:
            known.cost, known.shares = cost, (mode, shares)
    if answer.reason is not Reason.COMPLETED:
        known.reason, known.detail = answer.reason, answer.detail
        known.bounds = [*(known.bounds or ()), answer.bound or 0]


def _start(tables: Tables, hint: TensorPartitionPlan | None) -> _Known:
    """The hint where it is a plan, else a cost above every layer's time."""
    longest = max(
        int(tables.whole[:, -1].max()),
        int((tables.attention[:, -1] + tables.mlp[:, -1] + 2 * tables.connective[:, -1]).max()),
    )
    transfers = 4 * tables.devices * int(max(tables.step.max(), tables.gather.max()))
    shares = None if hint is None else tables.shares(hint)
    if hint is None or shares is None:
        return _Known(3 * longest + transfers + 1)
    return _Known(tables.layer_ns(hint.mode, shares), (hint.mode, shares))


def _claim(name: str, tables: Tables, known: _Known) -> Claim[TensorPartitionPlan]:
    layers = tables.problem.layers
    plan = None if known.shares is None else tables.plan(*known.shares)
    if not known.bounds:
        if plan is None:
            return Claim(name, Reason.INFEASIBLE)
        return Claim(name, Reason.COMPLETED, plan, layers * known.cost)
    lower = layers * min([*known.bounds, known.cost])
    return Claim(name, known.reason, plan, lower or None, known.detail)
