"""A sharper upper bound on the flow: several lines of what layers need, weighed together.

A line is a window's width w and a divisor d (solvers/tables/serving_flow_bound.py): with k_i layers
on node i, Σ_i a_wd(i, k_i) ≥ (layers - w) ceil(T / d). Each alone lets every node choose the k that
suits it best; with weights u ≥ 0 the same k has to serve all of them, so that T is refuted where

    Σ_i max_k Σ_wd u_wd a_wd(i, k)  <  Σ_wd u_wd (layers - w) ceil(T / d)

A linear program proposes weights (the Lagrangian dual, Geoffrion 1974). They are rounded to
integers and the line is checked in exact numbers: any weights prove what they prove.
"""

import numpy as np

from solvers.backends import highs
from solvers.base import Stopwatch
from solvers.integer_program import NO_LIMIT, IntegerProgram
from solvers.tables.serving_flow import Bools, Ints, Tables
from solvers.tables.serving_flow_answer import Best
from solvers.tables.serving_flow_bound import apart, windows

# Widest window and most nodes side by side of a line; one part in so many is close enough.
_WIDEST, _SHARES, _CLOSE = 5, 24, 10**5
# Coefficients of the program per ceil(T / d), and weights, in these parts.
_PARTS = 10**6


def sharpen(best: Best, watch: Stopwatch) -> None:
    """Lowers the upper bound by bisection between the best flow and it, while there is time."""
    tables = best.tables
    lines = _Lines(tables, apart(tables))
    low, goal = best.flow, best.flow + 1
    while goal <= best.upper and not watch.expired():
        if lines.refute(goal, watch):
            best.limit(goal - 1)
        else:
            low = goal
        if best.upper - low <= low // _CLOSE:
            break
        goal = (low + best.upper + 1) // 2


class _Lines:
    """Nodes of equal rates in the same part as one kind, how many, and their windows."""

    def __init__(self, tables: Tables, alone: Bools) -> None:
        self._layers = tables.layers
        key = np.column_stack([tables.rate, alone])
        kinds, first, self._often = np.unique(key, axis=0, return_index=True, return_counts=True)
        self._rate = kinds[:, :-1]
        widths = range(min(_WIDEST, tables.layers - 1) + 1 if alone.sum() > 1 else 1)
        self._windows = [(width, windows(tables, alone, width)[first]) for width in widths]

    def refute(self, goal: int, watch: Stopwatch) -> bool:
        """Whether some weights show that no placement lets so much pass."""
        divisors = sorted({1, *(max(1, (goal - 1) // n) for n in range(1, _SHARES + 1))})
        rates = np.minimum(self._rate, goal)
        needs = [
            ((self._layers - width), -(-goal // d)) for d in divisors for width, _ in self._windows
        ]
        held = np.array([-(-rates // d) * held for d in divisors for _, held in self._windows])
        weights = self._weights(held, needs, watch)
        if weights is None:
            return False
        used = np.flatnonzero(weights)
        # In Python's integers: a line of d = 1 counts in µtokens/s, one of d = T - 1 in ones.
        exact = [
            round(float(weights[j]) * _PARTS) * (_PARTS * goal // needs[j][1])
            for j in used.tolist()
        ]
        summed = sum(u * held[j].astype(object) for u, j in zip(exact, used.tolist(), strict=True))
        most = int((np.max(summed, axis=1) * self._often).sum())
        least = sum(
            u * needs[j][0] * needs[j][1] for u, j in zip(exact, used.tolist(), strict=True)
        )
        return most < least

    def _weights(self, held: Ints, needs: list[tuple[int, int]], watch: Stopwatch) -> Ints | None:
        """Weights of the lines, each over its ceil(T / d), that sum to 1; None without an answer.

        Minimise Σ_i m_i - Σ_j u_j need_j over u ≥ 0 and m_i ≥ Σ_j u_j a_j(i, k) for every k.
        """
        lines, kinds, most = held.shape
        units = np.array([unit for _, unit in needs], dtype=np.float64)
        share = held / units[:, np.newaxis, np.newaxis]
        rows = np.moveaxis(share, 0, -1).reshape(kinds * most, lines)
        own = -np.repeat(np.eye(kinds), most, axis=0)
        matrix = np.vstack([np.hstack([rows, own]), [[1] * lines + [0] * kinds]])
        there = matrix != 0
        program = IntegerProgram(
            cost=np.array([-layers for layers, _ in needs] + self._often.tolist()),
            lower=np.zeros(lines + kinds, dtype=np.int64),
            upper=np.array([1] * lines + [2 * self._layers] * kinds),
            whole=np.zeros(lines + kinds, dtype=np.bool_),
            row_lower=np.array([-NO_LIMIT] * len(rows) + [1]),
            row_upper=np.array([0] * len(rows) + [1]),
            starts=np.concatenate([[0], np.cumsum(there.sum(axis=1))]),
            column=np.nonzero(there)[1],
            value=matrix[there],
        )
        answer = highs.relax(program, watch)
        return None if answer.values is None else np.maximum(answer.values[:lines], 0.0)
