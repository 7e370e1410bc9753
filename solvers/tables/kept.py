"""Tables built once for methods that run one after another on the same problem."""

from collections.abc import Callable
from functools import wraps
from typing import TypeVar

import numpy as np

P = TypeVar("P")
T = TypeVar("T")


def kept(build: Callable[[P], T]) -> Callable[[P], T]:
    """`build`, whose tables are kept for the next call with the very same problem.

    Only the last ones are kept, and their arrays are made read-only: no method may change what the
    next one reads.
    """
    last: list[tuple[P, T]] = []

    @wraps(build)
    def again(problem: P) -> T:
        if not last or last[0][0] is not problem:
            last.clear()  # before the next ones take their memory
            tables = build(problem)
            for value in vars(tables).values():
                if isinstance(value, np.ndarray):
                    value.setflags(write=False)
            last.append((problem, tables))
        return last[0][1]

    return again
