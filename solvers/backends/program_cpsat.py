"""Integer programs by CP-SAT: one worker, so that equal input gives an equal answer."""

from math import ceil

from ortools.sat.python import cp_model

from solvers.integer_program import Answer, IntegerProgram

# CP-SAT refuses rows whose sums could leave 64 bits; half of that for what it adds itself.
_MOST = 2**62


def fits(program: IntegerProgram) -> bool:
    """Whether all sums stay in the range that CP-SAT takes."""
    widest = [max(abs(x), abs(y)) for x, y in zip(program.lower, program.upper, strict=True)]
    rows = [tuple(enumerate(program.cost)), *(terms for terms, _, _ in program.rows)]
    return all(sum(abs(a) * widest[c] for c, a in terms) < _MOST for terms in rows)


def solve(
    program: IntegerProgram,
    time_limit_ns: int,
    seed: int,
    start: tuple[int, ...] | None = None,
) -> Answer:
    """The optimum, or what was known when the time was up."""
    model = cp_model.CpModel()
    columns = [
        model.new_int_var(low, high, f"x{index}")
        for index, (low, high) in enumerate(zip(program.lower, program.upper, strict=True))
    ]
    for terms, low, high in program.rows:
        total = cp_model.LinearExpr.weighted_sum(
            [columns[c] for c, _ in terms], [a for _, a in terms]
        )
        least = -_MOST if low is None else max(low, -_MOST)
        most = _MOST if high is None else min(high, _MOST)
        model.add_linear_constraint(total, least, most)
    model.minimize(cp_model.LinearExpr.weighted_sum(columns, program.cost))
    if start is not None:
        for column, value in zip(columns, start, strict=True):
            model.add_hint(column, value)
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = max(time_limit_ns / 10**9, 0.001)
    solver.parameters.num_workers = 1
    # ortools 9.15 loses int64 sums there above some 2^31 (google/or-tools #5293):
    # it called worse plans optimal and feasible problems infeasible. Only both switches cure it.
    solver.parameters.presolve_inclusion_work_limit = 0
    solver.parameters.auto_detect_greater_than_at_least_one_of = False
    solver.parameters.random_seed = seed
    status = solver.solve(model)
    if status == cp_model.INFEASIBLE:
        return Answer(infeasible=True)
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return Answer(interrupted=True)  # its objective and bound are placeholders then
    point = tuple(solver.value(column) for column in columns)
    return Answer(
        point=point if program.holds(point) else None,
        bound=ceil(solver.best_objective_bound - 1e-6),
        interrupted=status != cp_model.OPTIMAL,
    )
