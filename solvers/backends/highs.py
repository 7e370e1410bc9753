"""HiGHS: linear and mixed-integer programs in floating point.

Statuses are read here alone (and of plain relaxations in highs_relaxation.py). "Optimal" is not
taken at its word: both gaps are set to 0, the bound is lowered by what the tolerances can hide
(solvers/backends/resolution.py), and the point is for the caller to judge, which
solvers/backends/program_highs.py does in exact numbers. `mip_dual_bound` is read for mixed-integer
programs only: for a pure LP it stays at 0.0.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import highspy
import numpy as np

from models.result import Reason
from solvers.backends.highs_model import checked, handed_over
from solvers.backends.resolution import FINE, Scaled, Tolerances, scaled
from solvers.backends.supervision import Findings, supervise
from solvers.base import Stopwatch
from solvers.integer_program import Array, Floats, IntegerProgram


@dataclass(frozen=True, eq=False)
class Answer:
    """What HiGHS says of a program.

    values: [n] its best point, integer columns rounded, None where it has none; bound: no point
    costs less, tolerances allowed for, None where not established; duals: [m] of the rows, of a
    linear program that was solved.
    """

    reason: Reason
    values: Floats | None = None
    bound: float | None = None
    detail: str = ""
    stats: Mapping[str, int | float | str] = field(default_factory=dict)
    duals: Floats | None = None


def solve(
    program: IntegerProgram,
    watch: Stopwatch,
    seed: int = 0,
    start: Array | None = None,
    findings: Findings[Floats, float] | None = None,
    tolerances: Tolerances = FINE,
) -> Answer:
    """The optimum before the stopwatch expires, HiGHS' search started from the point `start`.

    Better points and bounds go to the findings as they come, from another thread.
    """
    if watch.expired():
        return Answer(watch.why())
    if program.columns == 0:
        return _empty(program)
    form = scaled(program)
    return _Solve(form, watch, seed, findings, tolerances).run(start)


def relax(program: IntegerProgram, watch: Stopwatch) -> Answer:
    """The optimum of the linear relaxation, with the duals of the rows."""
    if watch.expired():
        return Answer(watch.why())
    if program.columns == 0:
        return _empty(program)
    form = scaled(program, integral=False)
    return _Solve(form, watch).run(None)


def _empty(program: IntegerProgram) -> Answer:
    """HiGHS has a status of its own for no columns, whether the rows allow 0 or not."""
    if program.holds(np.zeros(0, dtype=np.int64)):
        return Answer(Reason.COMPLETED, np.zeros(0), program.offset, duals=np.zeros(program.rows))
    return Answer(Reason.INFEASIBLE)


class _Solve:
    """One run, from the hand-over of the arrays to the reading of the status."""

    def __init__(
        self,
        form: Scaled,
        watch: Stopwatch,
        seed: int = 0,
        findings: Findings[Floats, float] | None = None,
        tolerances: Tolerances = FINE,
    ) -> None:
        self._form = form
        self._watch = watch
        self._findings = findings or Findings(lambda _: None, lambda _: None)
        self._tolerances = tolerances
        self._stop = False
        self._highs = handed_over(form, tolerances, seed)
        self._highs.cbMipImprovingSolution.subscribe(self._on_solution)
        self._highs.cbMipInterrupt.subscribe(self._on_interrupt)
        self._highs.cbSimplexInterrupt.subscribe(self._on_interrupt)

    def run(self, start: Array | None) -> Answer:
        """Solve, from a point where one is given, and say what came of it."""
        if start is not None:
            columns = np.arange(len(start), dtype=np.int32)
            values = start.astype(np.float64) / self._form.unit
            checked(self._highs.setSolution(columns.size, columns, values), "the start")
        ended = self._supervised()
        if ended is not None and self._highs.getModelStatus() == _SOLVE_ERROR:
            # 1.12.0 fails on -2 x = -1, x in 0..2, and its like: in presolve, not without it.
            self._highs.clearSolver()
            self._highs.setOptionValue("presolve", "off")
            ended = self._supervised()
        self._findings.close()
        if ended is None:
            point, bound = self._findings.point, self._findings.bound
            return Answer(self._watch.why(), point, bound, "left behind in mid-solve")
        return self._read()

    def _supervised(self) -> highspy.HighsStatus | None:
        # HiGHS counts the time of all runs of an object.
        until = self._watch.left_ns() / 1e9 + self._highs.getRunTime()
        self._highs.setOptionValue("time_limit", until)
        return supervise(self._highs.run, self._ask_to_stop, self._watch)

    def _ask_to_stop(self) -> None:
        self._stop = True

    def _on_solution(self, event: highspy.highs.HighsCallbackEvent) -> None:
        self._findings.take_point(self._rounded(event.data_out.mip_solution))

    def _on_interrupt(self, event: highspy.highs.HighsCallbackEvent) -> None:
        if self._form.integral.any():
            self._take_bound(event.data_out.mip_dual_bound)
        if self._stop:
            event.interrupt()

    def _take_bound(self, bound: float) -> None:
        lower = self._safe(bound)
        if lower is not None:
            self._findings.take_bound(lower)

    def _safe(self, bound: float) -> float | None:
        lower = self._form.safe(bound, self._tolerances) * self._form.price
        return lower if np.isfinite(lower) else None

    def _rounded(self, values: object) -> Floats:
        point = np.array(values, dtype=np.float64)
        return np.where(self._form.integral, np.round(point), point * self._form.unit)

    def _read(self) -> Answer:
        status = self._highs.getModelStatus()
        info = self._highs.getInfo()
        has_point = info.primal_solution_status == int(
            highspy.SolutionStatus.kSolutionStatusFeasible
        )
        values = self._rounded(self._highs.getSolution().col_value) if has_point else None
        stats = {"nodes": info.mip_node_count} if self._form.integral.any() else {}
        stats["simplex iterations"] = info.simplex_iteration_count
        reason = self._reason(status)
        if reason is Reason.FAILED or (reason is Reason.COMPLETED and values is None):
            name = self._highs.modelStatusToString(status)
            return Answer(Reason.FAILED, detail=f"HiGHS ended with '{name}'", stats=stats)
        if reason is Reason.INFEASIBLE:
            return Answer(reason, stats=stats)
        return Answer(reason, values, self._last_bound(reason), "", stats, self._duals(reason))

    def _duals(self, reason: Reason) -> Floats | None:
        """[m] of a linear program's rows, in the program's own cost."""
        if self._form.integral.any() or reason is not Reason.COMPLETED:
            return None
        duals = np.array(self._highs.getSolution().row_dual, dtype=np.float64)
        return duals * self._form.price / self._form.divisor

    def _reason(self, status: highspy.HighsModelStatus) -> Reason:
        if status == highspy.HighsModelStatus.kInterrupt:
            return self._watch.why()
        return _REASONS.get(status, Reason.FAILED)

    def _last_bound(self, reason: Reason) -> float | None:
        info = self._highs.getInfo()
        if self._form.integral.any():
            return self._safe(info.mip_dual_bound)
        if reason is Reason.COMPLETED:
            return self._safe(info.objective_function_value)
        return None


_SOLVE_ERROR = highspy.HighsModelStatus.kSolveError
_REASONS = {
    highspy.HighsModelStatus.kOptimal: Reason.COMPLETED,
    highspy.HighsModelStatus.kInfeasible: Reason.INFEASIBLE,
    highspy.HighsModelStatus.kTimeLimit: Reason.TIME_LIMIT,
    highspy.HighsModelStatus.kMemoryLimit: Reason.MEMORY_LIMIT,
}
