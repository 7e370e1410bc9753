"""Prices on uplinks and servers: the bound they prove, then an exact search among few columns.

Relax the capacities with prices μ ≥ 0 per unit of load; every stream then takes its cheapest
column by itself, and

    L(μ) = Σ_c min_k (cost + μ · load) - μ · capacity

is a lower bound for any μ (Lagrangian relaxation; Fisher, Management Science 1981). The best μ are
the dual values of the linear relaxation, found by column generation: the relaxation over the
columns seen so far gives prices, each stream's cheapest column at these prices is added, until
none is missing. L is evaluated in integers (μ as a fraction with a common denominator) and rounded
up to a multiple of the costs' common divisor, so that the bound does not lean on floating point.

With a plan of value U and reduced costs r at μ, a column with L + r > U - 1 is in no better plan
(Nemhauser and Wolsey 1988, §II.5.2). The columns that remain are few, and the integer program over
them by HiGHS is exact again: when it finishes, the better of its plan and U is optimal. It counts
equal streams on servers instead of placing each one (split_fleet_counted.py), which is what closes
fleets whose servers are all but full.
"""

from dataclasses import dataclass, replace
from itertools import pairwise
from math import gcd

import numpy as np
import numpy.typing as npt

from models.problems.split_fleet import SplitFleetPlan, SplitFleetProblem
from models.result import Claim, Limits
from solvers.backends import highs
from solvers.base import Progress, Stopwatch
from solvers.decomposition.split_fleet_counted import Counted
from solvers.decomposition.split_fleet_uplinks import by_uplink
from solvers.heuristic.split_fleet import Loaded, improve, repair, started
from solvers.tables.split_fleet import Ints, Tables
from solvers.tables.split_fleet_answer import Formulation, Found, Progressing, over_windows

Floats = npt.NDArray[np.float64]
# Denominator of the prices; halved until all products stay inside 64 bits.
_DENOMINATOR = 2**30
_SAFE = 2**61
_ROUNDS = 200


class Prices:
    """The price method for the fleet."""

    name = "prices"

    def solve(
        self,
        problem: SplitFleetProblem,
        limits: Limits,
        hint: SplitFleetPlan | None = None,
        report: Progress[SplitFleetPlan] | None = None,
    ) -> Claim[SplitFleetPlan]:
        """A plan and a bound; the optimum where the search among few columns ends in time."""

        def window(tables: Tables, watch: Stopwatch, progress: Progressing) -> Found:
            return _window(tables, watch, hint, progress)

        return over_windows(self.name, problem, limits, report, window)


@dataclass(frozen=True, eq=False)
class Bounded:
    """What prices prove: no plan costs less than `bound`, exact value rounded down; [N] reduced.

    Costs of columns less their stream's least at these prices, rounded down.
    """

    prices: Floats
    bound: int
    exact: int
    reduced: Ints


def _window(
    tables: Tables, watch: Stopwatch, hint: SplitFleetPlan | None, progress: Progressing
) -> Found:
    loaded = started(tables, watch)
    improve(loaded, watch)
    best = loaded.columns if loaded.fits else None
    hinted = None if hint is None else tables.columns(hint)
    if hinted is not None and tables.fits(hinted) and _cheaper(tables, hinted, best):
        best = hinted
    _tell(progress, best, None)
    generated = _generate(tables, loaded.columns, watch)
    if generated is None:
        return _whole(tables, watch, best, progress)
    point, bounded = generated
    best = _better(tables, watch, best, point)
    _tell(progress, best, bounded.bound)
    if best is not None and tables.value(best) > bounded.bound:
        split = by_uplink(tables, bounded.prices, _divisor(tables), watch)
        if split is not None:
            best = _better(tables, watch, best, split[0])
            bounded = replace(bounded, bound=max(bounded.bound, split[1]))
            _tell(progress, best, bounded.bound)
    if best is None:
        found = _whole(tables, watch, None, progress)
        bounds = [bound for bound in (found.bound, bounded.bound) if bound is not None]
        return replace(found, bound=max(bounds))
    return search(tables, watch, best, bounded, progress)


def _tell(progress: Progressing, best: Ints | None, bound: int | None) -> None:
    if best is not None:
        progress.plan(best)
    if bound is not None:
        progress.bound(bound)


def _better(tables: Tables, watch: Stopwatch, best: Ints | None, columns: Ints) -> Ints | None:
    """The better of a plan and of columns that are first repaired and improved."""
    loaded = Loaded(tables, columns)
    repair(loaded, watch)
    improve(loaded, watch)
    if loaded.fits and _cheaper(tables, loaded.columns, best):
        return loaded.columns
    return best


def _cheaper(tables: Tables, columns: Ints, best: Ints | None) -> bool:
    return best is None or tables.value(columns) < tables.value(best)


def _whole(tables: Tables, watch: Stopwatch, best: Ints | None, progress: Progressing) -> Found:
    """The integer program over all columns, which also proves that there is no plan."""
    form = Counted(tables)
    return form.found(form.solve(watch, best, progress))


def search(
    tables: Tables, watch: Stopwatch, best: Ints, bounded: Bounded, progress: Progressing
) -> Found:
    """The integer program over the columns that may be in a better plan than `best`.

    A sixteenth of the admissible reduced cost comes first: it finds a better plan soon, which
    narrows what has to be searched for the proof.
    """
    step = _divisor(tables)
    for part, share in ((16, 3), (1, 1)):
        if tables.value(best) <= bounded.bound or watch.expired():
            break
        admitted = (tables.value(best) - step - bounded.exact) // part
        kept = bounded.reduced <= admitted
        kept[best] = True
        form = Counted(tables, np.flatnonzero(kept))
        part_watch = watch.share(watch.left_ns() // share)
        answer = form.solve(part_watch, best, progress)
        found = form.found(answer).columns
        if found is not None and tables.value(found) < tables.value(best):
            best = found
            _tell(progress, best, None)
        if part == 1 and answer.bound is not None:
            # Plans with a column left out cost no less than the best one did.
            return Found(best, min(tables.value(best), max(bounded.bound, answer.bound)))
    return Found(best, bounded.bound)


def _divisor(tables: Tables) -> int:
    """Every objective is a multiple of this, up to the sum of the streams' least costs."""
    return max(1, gcd(*tables.cost.tolist()))


def _generate(tables: Tables, first: Ints, watch: Stopwatch) -> tuple[Ints, Bounded] | None:
    """[C] the heaviest columns of the relaxation, and what the best prices on the way prove."""
    seen = np.zeros(len(tables.cost), dtype=bool)
    seen[first] = True
    seen[_cheapest(tables, tables.cost)] = True
    bounded = lagrangian(tables, np.zeros(len(tables.capacity)))
    point = first
    for _ in range(_ROUNDS):
        if watch.expired():
            break
        relaxed = _relax(tables, np.flatnonzero(seen), watch)
        if relaxed is None:
            return None
        value, point, prices = relaxed
        found = lagrangian(tables, prices)
        if found.bound > bounded.bound:
            bounded = found
        added = _cheapest(tables, _priced(tables, prices))
        if seen[added].all() or bounded.bound >= value - 1e-6:
            break
        seen[added] = True
    return point, bounded


def _relax(tables: Tables, kept: Ints, watch: Stopwatch) -> tuple[float, Ints, Floats] | None:
    """Value, heaviest columns and prices of the relaxation over some columns.

    Rows that these columns overflow are relaxed at a high price, so that there is a point.
    """
    form = Formulation(tables, kept)
    rows = form.builder.rows[tables.streams :]
    most = int(tables.cost.max()) + 1
    for index, (terms, low, high) in enumerate(rows, start=tables.streams):
        heaviest = max(load for _, load in terms)
        spare = form.builder.column(most * 100, upper=len(terms))
        form.builder.rows[index] = ((*terms, (spare, -heaviest)), low, high)
    program = form.program
    relaxed = highs.relax(program, watch)
    if relaxed.values is None or relaxed.duals is None:
        return None
    share = np.zeros(len(tables.cost))
    share[kept] = relaxed.values[: len(kept)]
    heaviest_columns = [a + int(share[a:b].argmax()) for a, b in pairwise(tables.start.tolist())]
    prices = np.zeros(len(tables.capacity))
    of_row = form.capacity_rows
    prices[of_row] = np.maximum(0.0, -relaxed.duals[tables.streams :])
    value = float(program.cost @ relaxed.values)
    return value, np.array(heaviest_columns), prices


def _priced(tables: Tables, prices: Floats) -> Floats:
    up = np.where(tables.row_up >= 0, prices[tables.row_up] * tables.load_up, 0.0)
    on = np.where(tables.row_on >= 0, prices[tables.row_on] * tables.load_on, 0.0)
    total: Floats = np.asarray(tables.cost + up + on, dtype=np.float64)
    return total


def _cheapest(tables: Tables, cost: Floats | Ints) -> Ints:
    ends = pairwise(tables.start.tolist())
    return np.array([a + int(cost[a:b].argmin()) for a, b in ends], dtype=np.int64)


def lagrangian(tables: Tables, prices: Floats) -> Bounded:
    """What prices prove, in exact integers."""
    denominator = _DENOMINATOR
    while denominator > 1 and not _safe(tables, prices, denominator):
        denominator //= 2
    scaled = np.rint(prices * denominator).astype(np.int64)
    if not _safe(tables, prices, denominator):
        scaled[:] = 0
    total: Ints = tables.cost * denominator
    total = total + np.where(tables.row_up >= 0, scaled[tables.row_up] * tables.load_up, 0)
    total = total + np.where(tables.row_on >= 0, scaled[tables.row_on] * tables.load_on, 0)
    least = np.minimum.reduceat(total, tables.start[:-1])
    paid = sum(m * c for m, c in zip(scaled.tolist(), tables.capacity.tolist(), strict=True))
    exact = sum(least.tolist()) - paid
    step = _divisor(tables)
    bound = -(-exact // (denominator * step)) * step
    reduced = (total - np.repeat(least, np.diff(tables.start))) // denominator
    return Bounded(prices, bound, exact // denominator, reduced)


def _safe(tables: Tables, prices: Floats, denominator: int) -> bool:
    """Whether all products stay inside 64 bits."""
    load = max(int(tables.load_up.max()), int(tables.load_on.max()), 1)
    dearest = float(prices.max(initial=0.0)) * denominator
    return dearest * load * 2 + int(tables.cost.max()) * denominator < _SAFE
