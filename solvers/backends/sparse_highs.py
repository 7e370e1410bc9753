"""Sparse programs by HiGHS, direct arrays, one thread.

Gaps are 0: HiGHS' defaults call a plan optimal that is 10⁻⁴ worse. Rows are divided by their
largest entry, so that tolerances mean the same in each; what a point is worth and whether it keeps
the budgets is settled by the caller in whole numbers.
"""

import highspy
import numpy as np

from solvers.sparse_program import NO_LIMIT, Answer, Array, Ended, SparseProgram

# Callers state qualities in units of this many ppm: costs of 10⁵ and more make the dual simplex
# give up at these tolerances ("excessive dual values"), and costs below 1 hide in them.
PPM_PER_UNIT = 1_000


def solve(program: SparseProgram, time_limit_ns: int, start: Array | None = None) -> Answer:
    """The optimum, or what was known when the time was up."""
    solver = highspy.Highs()
    for name, value in _options(time_limit_ns).items():
        solver.setOptionValue(name, value)
    solver.passModel(_model(program))
    if start is not None:
        solution = highspy.HighsSolution()
        solution.col_value = list(start)
        solver.setSolution(solution)
    solver.run()
    return _answer(program, solver)


def _options(time_limit_ns: int) -> dict[str, object]:
    return {
        "output_flag": False,
        "log_to_console": False,  # else sub-problems of the search still print
        "threads": 1,  # another thread count in a process that has solved is an error
        "mip_rel_gap": 0.0,
        "mip_abs_gap": 0.0,
        "mip_feasibility_tolerance": 1e-9,
        "primal_feasibility_tolerance": 1e-9,
        "dual_feasibility_tolerance": 1e-9,
        "time_limit": max(time_limit_ns / 1e9, 1e-3),
    }


def _model(program: SparseProgram) -> highspy.HighsLp:
    lp = highspy.HighsLp()
    rows = len(program.row_lower)
    lp.num_col_, lp.num_row_ = len(program.cost), rows
    lp.col_cost_ = program.cost.astype(np.float64)
    lp.col_lower_ = program.lower.astype(np.float64)
    lp.col_upper_ = _limits(program.upper, np.ones(len(program.upper)))
    largest = np.zeros(rows)
    np.maximum.at(largest, program.row, np.abs(program.value).astype(np.float64))
    largest[largest == 0] = 1.0
    lp.row_lower_ = _limits(program.row_lower, largest)
    lp.row_upper_ = _limits(program.row_upper, largest)
    order = np.argsort(program.row, kind="stable")
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    counts = np.bincount(program.row, minlength=rows)
    lp.a_matrix_.start_ = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
    lp.a_matrix_.index_ = program.column[order].astype(np.int32)
    lp.a_matrix_.value_ = program.value[order] / largest[program.row[order]]
    if program.integer.any():
        kinds = (highspy.HighsVarType.kContinuous, highspy.HighsVarType.kInteger)
        lp.integrality_ = [kinds[int(whole)] for whole in program.integer]
    return lp


def _limits(limits: Array, scale: Array) -> Array:
    values: Array = limits.astype(np.float64) / scale
    values[limits >= NO_LIMIT] = highspy.kHighsInf
    values[limits <= -NO_LIMIT] = -highspy.kHighsInf
    return values


def _answer(program: SparseProgram, solver: highspy.Highs) -> Answer:
    status, info = solver.getModelStatus(), solver.getInfo()
    if status == highspy.HighsModelStatus.kInfeasible:
        return Answer(Ended.INFEASIBLE)
    found = info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible
    point = np.array(solver.getSolution().col_value) if found else None
    optimal = status == highspy.HighsModelStatus.kOptimal
    if program.integer.any():
        # mip_dual_bound is a placeholder for pure linear programs, and infinite before a bound.
        known = abs(info.mip_dual_bound) < highspy.kHighsInf
        bound = float(info.mip_dual_bound) if known else None
    else:
        bound = float(info.objective_function_value) if optimal else None
    return Answer(Ended.OPTIMAL if optimal else Ended.STOPPED, point, bound)
