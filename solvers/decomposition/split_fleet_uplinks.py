"""One knapsack per uplink: the bound and the plan when only the servers are priced.

With prices on the servers alone the fleet falls apart into its uplinks, each a multiple-choice
knapsack with one row that HiGHS solves exactly in well under a second. The sum of their optima
less the price of the servers' capacity is a Lagrangian bound that closes the gap which the linear
relaxation leaves on every uplink (Geoffrion, Mathematical Programming Study 2, 1974: relaxing
fewer rows never bounds worse). Where servers have room their prices are 0 and the bound is exact.
"""

from itertools import pairwise

import numpy as np
import numpy.typing as npt

from solvers.backends import program_highs
from solvers.base import Stopwatch
from solvers.integer_program import IntegerProgram
from solvers.program_builder import Builder
from solvers.tables.split_fleet import Ints, Tables

# Priced costs stay below this, so that sums of some thousand are exact in floating point.
_MOST = 2**40


def by_uplink(
    tables: Tables, prices: npt.NDArray[np.float64], step: int, watch: Stopwatch
) -> tuple[Ints, int] | None:
    """[C] columns that put the uplinks' optima together, and the bound; None if time ran out.

    prices: [U + S], of which the servers' are used; step: every objective is a multiple of it.
    The columns keep to the uplinks' capacities, not always to the servers'.
    """
    dearest = int(tables.cost.max()) + float(
        (prices[tables.uplinks :] * _loads(tables)).max(initial=0.0)
    )
    denominator = 1 << max(0, int(np.log2(_MOST / max(dearest, 1.0))))
    scaled = np.rint(prices * denominator).astype(np.int64)
    scaled[: tables.uplinks] = 0
    if not scaled.any():
        denominator = 1
    total = tables.cost * denominator
    total = total + np.where(tables.row_on >= 0, scaled[tables.row_on] * tables.load_on, 0)
    bound = -sum(m * c for m, c in zip(scaled.tolist(), tables.capacity.tolist(), strict=True))
    chosen = np.empty(tables.streams, dtype=np.int64)
    groups = _groups(tables)
    for number, (row, streams) in enumerate(groups.items()):
        share = watch.left_ns() // (2 * (len(groups) - number))
        kept, ends = _kept(tables, total, streams)
        program = _knapsack(tables, total, row, kept, ends)
        answer = program_highs.solve(program, watch.share(share))
        if answer.point is None or answer.bound is None:
            return None
        bound += answer.bound
        chosen[streams] = kept[answer.point == 1]
    _spread(tables, chosen)
    return chosen, -(-bound // (denominator * step)) * step


def _loads(tables: Tables) -> Ints:
    """[S] the heaviest load of a column on each server."""
    heaviest = np.zeros(len(tables.capacity), dtype=np.int64)
    there = tables.row_on >= 0
    np.maximum.at(heaviest, tables.row_on[there], tables.load_on[there])
    return heaviest[tables.uplinks :]


def _groups(tables: Tables) -> dict[int, list[int]]:
    """Streams by the row of their uplink; -1 for those that have local columns alone."""
    groups: dict[int, list[int]] = {}
    for stream, (a, b) in enumerate(pairwise(tables.start.tolist())):
        groups.setdefault(int(tables.row_up[a:b].max()), []).append(stream)
    return groups


def _kept(tables: Tables, total: Ints, streams: list[int]) -> tuple[Ints, list[int]]:
    """Columns of the streams that none is at least as good as, and where each stream's end."""
    kept: list[int] = []
    ends = [0]
    for stream in streams:
        a, b = int(tables.start[stream]), int(tables.start[stream + 1])
        least = None
        for column in (a + np.lexsort((tables.load_up[a:b], total[a:b]))).tolist():
            if least is None or tables.load_up[column] < least:
                least = int(tables.load_up[column])
                kept.append(column)
        ends.append(len(kept))
    return np.array(kept, dtype=np.int64), ends


def _knapsack(tables: Tables, total: Ints, row: int, kept: Ints, ends: list[int]) -> IntegerProgram:
    program = Builder()
    for price in total[kept].tolist():
        program.column(price)
    for a, b in pairwise(ends):
        program.row([(column, 1) for column in range(a, b)], 1, 1)
    if row >= 0:
        loads = enumerate(tables.load_up[kept].tolist())
        program.row(loads, high=int(tables.capacity[row]))
    return program.program()


def _spread(tables: Tables, chosen: Ints) -> None:
    """Moves streams, the heaviest first, to the emptiest server at equal cost, in place."""
    most = np.maximum(tables.capacity, 1)
    used = np.zeros(len(most))
    for stream in np.argsort(-tables.load_on[chosen], kind="stable").tolist():
        a, b = int(tables.start[stream]), int(tables.start[stream + 1])
        held = chosen[stream]
        if tables.row_on[held] < 0:
            continue
        same = a + np.flatnonzero(
            (tables.cost[a:b] <= tables.cost[held])
            & (tables.load_up[a:b] <= tables.load_up[held])
            & (tables.row_on[a:b] >= 0)
        )
        rows = tables.row_on[same]
        full = used[rows] + tables.load_on[same] / most[rows]
        best = int(full.argmin())
        chosen[stream] = same[best]
        used[rows[best]] = full[best]
