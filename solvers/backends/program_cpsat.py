"""Integer programs by CP-SAT, exact; columns that need not be whole are so all the same."""

from collections.abc import Callable

import numpy as np

from models.result import Reason
from solvers.backends import cpsat
from solvers.backends.cpsat import LARGEST, CpModel, LinearExpr
from solvers.base import Stopwatch
from solvers.integer_program import NO_LIMIT, Answer, Array, IntegerProgram


def solve(
    program: IntegerProgram,
    watch: Stopwatch,
    seed: int = 0,
    start: Array | None = None,
    found: Callable[[Array], None] = lambda _: None,
    bounded: Callable[[int], None] = lambda _: None,
) -> Answer:
    """The optimum, or what was known when the stopwatch expired; from the point `start`.

    Better points and bounds go to `found` and `bounded` as they come, from another thread.
    UNSUPPORTED where a sum may leave the range of 64-bit integers.
    """
    if (largest := program.largest_sum()) > LARGEST:
        detail = f"sums of up to {largest} do not fit into 64-bit integers"
        return Answer(Reason.UNSUPPORTED, detail=detail)
    model = CpModel()
    bounds = zip(program.lower.tolist(), program.upper.tolist(), strict=True)
    columns = [model.new_int_var(low, high, f"x{n}") for n, (low, high) in enumerate(bounds)]
    _add_rows(model, columns, program)
    model.minimize(LinearExpr.weighted_sum(columns, program.cost.tolist()))
    if start is not None:
        for column, value in zip(columns, start.tolist(), strict=True):
            model.add_hint(column, value)
    answer = cpsat.solve(
        model, columns, watch, seed, lambda values: found(np.array(values)), bounded
    )
    point = None if answer.values is None else np.array(answer.values, dtype=np.int64)
    if point is not None and not program.holds(point):
        return Answer(Reason.FAILED, detail="CP-SAT's point breaks a row", stats=answer.stats)
    return Answer(answer.reason, point, answer.lower_bound, answer.detail, answer.stats)


def _add_rows(model: CpModel, columns: list[cpsat.IntVar], program: IntegerProgram) -> None:
    index, value = program.column.tolist(), program.value.tolist()
    starts = program.starts.tolist()
    limits = zip(program.row_lower.tolist(), program.row_upper.tolist(), strict=True)
    for row, (low, high) in enumerate(limits):
        part = slice(starts[row], starts[row + 1])
        total = LinearExpr.weighted_sum([columns[n] for n in index[part]], value[part])
        least, most = max(low, -NO_LIMIT), min(high, NO_LIMIT)
        model.add_linear_constraint(total, least, most)
