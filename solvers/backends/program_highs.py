"""Integer programs and their linear relaxations by HiGHS, with direct arrays.

Gaps are set to 0 and feasibility tolerances to 1e-9; the point is rounded and checked in exact
numbers, and the bound is rounded up only past a margin for floating-point error, so that an answer
never says more than its numbers carry.
"""

from dataclasses import dataclass
from math import ceil, floor, gcd, isfinite

import highspy
import numpy as np
import numpy.typing as npt

from solvers.integer_program import Answer, IntegerProgram

Floats = npt.NDArray[np.float64]
_MARGIN = 1e-11


@dataclass(frozen=True, eq=False)
class Relaxed:
    """An optimum of the linear relaxation: its value, point and the rows' dual values."""

    value: float
    point: Floats
    duals: Floats


def solve(
    program: IntegerProgram, time_limit_ns: int, start: tuple[int, ...] | None = None
) -> Answer:
    """The optimum, or what was known when the time was up."""
    if not program.cost:
        return Answer((), 0) if program.holds(()) else Answer(infeasible=True)
    solver = _solver(program, time_limit_ns, integer=True)
    if start is not None:
        solution = highspy.HighsSolution()
        solution.col_value = list(start)
        solver.setSolution(solution)
    solver.run()
    status = solver.getModelStatus()
    if status == highspy.HighsModelStatus.kInfeasible:
        return Answer(infeasible=True)
    info = solver.getInfo()
    point = None
    if info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible:
        rounded = tuple(round(x) for x in solver.getSolution().col_value)
        point = rounded if program.holds(rounded) else None
    return Answer(
        point=point,
        bound=_rounded_up(info.mip_dual_bound, gcd(*program.cost)),
        interrupted=status != highspy.HighsModelStatus.kOptimal,
    )


def relax(program: IntegerProgram, time_limit_ns: int) -> Relaxed | None:
    """The optimum of the linear relaxation; None where there is none or time ran out."""
    solver = _solver(program, time_limit_ns, integer=False)
    solver.run()
    if solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
        return None
    solution = solver.getSolution()
    return Relaxed(
        value=solver.getInfo().objective_function_value,
        point=np.array(solution.col_value),
        duals=np.array(solution.row_dual),
    )


def _rounded_up(bound: float, step: int) -> int | None:
    """The least multiple of `step` that the bound proves; None for a placeholder of no bound."""
    if not isfinite(bound) or abs(bound) >= highspy.kHighsInf:
        return None
    proved = bound - 1e-6 - _MARGIN * abs(bound)
    return ceil(proved) if step == 0 else ceil(proved / step) * step


def _solver(program: IntegerProgram, time_limit_ns: int, *, integer: bool) -> highspy.Highs:
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = len(program.cost), len(program.rows)
    lp.col_cost_ = np.array(program.cost, dtype=np.float64)
    lp.col_lower_ = np.array(program.lower, dtype=np.float64)
    lp.col_upper_ = np.array(program.upper, dtype=np.float64)
    infinity = highspy.kHighsInf
    lp.row_lower_ = np.array([-infinity if low is None else low for _, low, _ in program.rows])
    lp.row_upper_ = np.array([infinity if high is None else high for _, _, high in program.rows])
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    lengths = [len(terms) for terms, _, _ in program.rows]
    lp.a_matrix_.start_ = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
    lp.a_matrix_.index_ = np.array(
        [c for terms, _, _ in program.rows for c, _ in terms], dtype=np.int32
    )
    lp.a_matrix_.value_ = np.array(
        [a for terms, _, _ in program.rows for _, a in terms], dtype=np.float64
    )
    if integer:
        lp.integrality_ = [highspy.HighsVarType.kInteger] * len(program.cost)
    solver = highspy.Highs()
    options = {
        "output_flag": False,
        "threads": 1,  # another thread count in a process that has solved is an error
        "mip_rel_gap": 0.0,
        "mip_abs_gap": 0.0,
        "mip_feasibility_tolerance": 1e-9,
        "primal_feasibility_tolerance": 1e-9,
        "time_limit": max(0.0, floor(time_limit_ns / 10**6) / 1000),
    }
    for name, value in options.items():
        solver.setOptionValue(name, value)
    solver.passModel(lp)
    return solver
