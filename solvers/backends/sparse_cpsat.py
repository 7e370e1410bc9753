"""Sparse programs in whole numbers by CP-SAT; one worker, so that equal input, equal answer."""

import numpy as np
from ortools.sat.python import cp_model

from solvers.sparse_program import NO_LIMIT, Answer, Array, Ended, SparseProgram


def solve(
    program: SparseProgram, time_limit_ns: int, seed: int, start: Array | None = None
) -> Answer:
    """The optimum, or what was known when the time was up; all variables are whole."""
    model = cp_model.CpModel()
    bounds = zip(program.lower.tolist(), program.upper.tolist(), strict=True)
    columns = [
        model.new_int_var(int(low), int(high), f"x{index}")
        for index, (low, high) in enumerate(bounds)
    ]
    _add_rows(model, columns, program)
    model.minimize(cp_model.LinearExpr.weighted_sum(columns, program.cost.tolist()))
    if start is not None:
        for column, value in zip(columns, start.tolist(), strict=True):
            model.add_hint(column, int(value))
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = max(time_limit_ns / 1e9, 1e-3)
    solver.parameters.num_workers = 1
    # ortools 9.15 loses int64 sums there above some 2^31 (google/or-tools #5293):
    # it called worse plans optimal and feasible problems infeasible. Only both switches cure it.
    solver.parameters.presolve_inclusion_work_limit = 0
    solver.parameters.auto_detect_greater_than_at_least_one_of = False
    solver.parameters.random_seed = seed
    status = solver.solve(model)
    if status == cp_model.INFEASIBLE:
        return Answer(Ended.INFEASIBLE)
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        # Objective and bound are placeholders, 0.0, then.
        return Answer(Ended.STOPPED)
    point = np.array([solver.value(column) for column in columns])
    ended = Ended.OPTIMAL if status == cp_model.OPTIMAL else Ended.STOPPED
    return Answer(ended, point, float(solver.best_objective_bound))


def _add_rows(
    model: cp_model.CpModel, columns: list[cp_model.IntVar], program: SparseProgram
) -> None:
    order = np.argsort(program.row, kind="stable")
    starts = np.searchsorted(program.row[order], np.arange(len(program.row_lower) + 1))
    index, value = program.column[order].tolist(), program.value[order].tolist()
    for row, (low, high) in enumerate(zip(program.row_lower, program.row_upper, strict=True)):
        part = slice(int(starts[row]), int(starts[row + 1]))
        total = cp_model.LinearExpr.weighted_sum([columns[i] for i in index[part]], value[part])
        least, most = max(int(low), -NO_LIMIT), min(int(high), NO_LIMIT)
        model.add_linear_constraint(total, least, most)
