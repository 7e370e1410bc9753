"""What rows leave of the columns' bounds, in exact integers."""

from dataclasses import replace

import numpy as np

from solvers.integer_program import NO_LIMIT, Array, IntegerProgram

# Rounds after which the rest is left: bounds may creep up by 1 for ever.
_ROUNDS = 10


def with_cutoff(program: IntegerProgram, most: int | None) -> IntegerProgram:
    """The program with a row that asks for an objective of at most that, where it is one."""
    if most is None:
        return program
    priced = np.flatnonzero(program.cost)
    return replace(
        program,
        row_lower=np.append(program.row_lower, -NO_LIMIT),
        row_upper=np.append(program.row_upper, most - int(program.offset)),
        starts=np.append(program.starts, program.starts[-1] + len(priced)),
        column=np.concatenate([program.column, priced]),
        value=np.concatenate([program.value, program.cost[priced]]),
    )


def tightened(program: IntegerProgram, lower: Array, upper: Array) -> tuple[Array, Array] | None:
    """Bounds [n] that keep every point of integers between the given ones; None where none is.

    Each row in turn: what the other columns take at least is gone (Savelsbergh, ORSA Journal on
    Computing 6, 1994, §1.1). Sums have to fit into 62 bits.
    """
    row, column, value = program.row, program.column, program.value
    for _ in range(_ROUNDS):
        ends = np.sort([value * lower[column], value * upper[column]], axis=0)
        least, most = (_sums(program, side) for side in ends)
        if (lower > upper).any() or (least > program.row_upper).any():
            return None
        if (most < program.row_lower).any():
            return None
        # An entry of 0 says nothing of its column.
        span, told = np.maximum(np.abs(value), 1), value != 0
        down = np.where(program.row_upper < NO_LIMIT, program.row_upper - least, NO_LIMIT)[row]
        up = np.where(program.row_lower > -NO_LIMIT, most - program.row_lower, NO_LIMIT)[row]
        from_lower = lower[column] + np.where(told, np.where(value > 0, down, up) // span, NO_LIMIT)
        from_upper = upper[column] - np.where(told, np.where(value > 0, up, down) // span, NO_LIMIT)
        narrower = lower.copy(), upper.copy()
        np.maximum.at(narrower[0], column, from_upper)
        np.minimum.at(narrower[1], column, from_lower)
        if (narrower[0] == lower).all() and (narrower[1] == upper).all():
            break
        lower, upper = narrower
    return None if (lower > upper).any() else (lower, upper)


def _sums(program: IntegerProgram, numbers: Array) -> Array:
    total = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(numbers)])
    return np.asarray(total[program.starts[1:]] - total[program.starts[:-1]])
