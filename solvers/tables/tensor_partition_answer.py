"""From integer programs of every mode and number of devices to one claim, for any backend."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Protocol

from models.problems.tensor_partition import (
    TensorMode,
    TensorPartitionPlan,
    TensorPartitionProblem,
)
from models.result import Claim, Limits, Reason
from solvers.base import Progress, Stopwatch
from solvers.integer_program import Answer, IntegerProgram
from solvers.tables.tensor_partition import Split, Tables, build
from solvers.tables.tensor_partition_floor import Floor
from solvers.tables.tensor_partition_program import Formulation

# Above so many columns a program is not even handed over.
_MOST_COLUMNS = 100_000


@dataclass
class _Known:
    """The best shares so far, the least bound of what they do not cover, and why one stopped."""

    cost: int
    shares: tuple[TensorMode, dict[int, Split]] | None = None
    bound: int | None = None
    reason: Reason = Reason.COMPLETED
    detail: str = ""

    def leave_open(self, bound: int) -> None:
        """What is not settled takes a layer no less than `bound`."""
        self.bound = bound if self.bound is None else min(self.bound, bound)


class Backend(Protocol):
    """A solver of integer programs, as those in solvers/backends."""

    def __call__(self, program: IntegerProgram, watch: Stopwatch, seed: int = 0) -> Answer:
        """The optimum, or what was known when the stopwatch expired."""
        ...


class Programs:
    """One program per mode and number of devices, the most promising first.

    name, backend: given by the methods, which differ in nothing else.
    """

    name: ClassVar[str]
    backend: ClassVar[Backend]

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
        columns = tables.devices * (problem.heads + problem.columns + 2 * problem.rows + 4)
        if columns > _MOST_COLUMNS:
            return Claim(self.name, Reason.UNSUPPORTED, detail=f"{columns:,} columns are too many")
        known = _start(tables, hint)
        for bound, floor in _cases(tables):
            if bound >= known.cost:
                break
            if watch.expired():
                known.reason = watch.why()
                known.leave_open(bound)
                break
            _one(floor, known, lambda program: self.backend(program, watch, limits.seed))
            if known.reason in (Reason.UNSUPPORTED, Reason.FAILED):
                return Claim(self.name, known.reason, detail=known.detail)
            if report is not None and known.shares is not None:
                report.plan(tables.plan(*known.shares))
        return _claim(self.name, tables, known)


def _cases(tables: Tables) -> list[tuple[int, Floor]]:
    """Every mode and number of devices with its bound, ns; the least first."""
    every = range(1, tables.devices + 1)
    numbers = [tables.devices] if tables.problem.use_all_devices else every
    cases = [Floor(tables, mode, number) for mode in tables.problem.modes for number in numbers]
    return sorted(((floor.layer(), floor) for floor in cases), key=lambda case: case[0])


def _one(floor: Floor, known: _Known, solve: Callable[[IntegerProgram], Answer]) -> None:
    """One mode with one number of devices: better shares than those known, or a bound.

    Shares that are better make the program smaller, so that one which a backend could not settle
    is put to it again.
    """
    better = True
    while better:
        form = Formulation(floor, known.cost)
        answer = solve(form.program)
        if answer.infeasible:
            return
        if answer.reason in (Reason.UNSUPPORTED, Reason.FAILED):
            known.reason, known.detail = answer.reason, answer.detail
            return
        better = _take(form, known, answer)
        if answer.reason is Reason.COMPLETED:
            return
        better = better and answer.reason is Reason.HEURISTIC
    known.reason, known.detail = answer.reason, answer.detail
    known.leave_open(max(answer.bound or 0, floor.layer()))


def _take(form: Formulation, known: _Known, answer: Answer) -> bool:
    """Keep the shares of an answer where they are better than those known."""
    if answer.point is None:
        return False
    shares = form.shares(answer.point)
    cost = form.tables.layer_ns(form.mode, shares)
    if cost >= known.cost:
        return False
    known.cost, known.shares = cost, (form.mode, shares)
    return True


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
    if known.bound is None or known.bound >= known.cost:
        if plan is None:
            return Claim(name, Reason.INFEASIBLE)
        return Claim(name, Reason.COMPLETED, plan, layers * known.cost)
    lower = layers * min(known.bound, known.cost)
    return Claim(name, known.reason, plan, lower or None, known.detail)
