"""How far heuristics are above the optimum, over many small problems, all in this process."""

from collections.abc import Container, Iterable
from statistics import median

from models.problems import AnyProblem
from models.result import Limits, Reason
from planner.benchmark.measure import ContradictionError
from planner.benchmark.table import Cell, Table
from planner.verify import verify
from solvers.registry import Entry, entries

PPM = 10**6


def objective(problem: AnyProblem, method: Entry, limits: Limits) -> tuple[int | None, Reason]:
    """What a method's plan costs, None without one, and why it stopped."""
    claim = method.load().solve(problem, limits)
    cost = None if claim.plan is None else verify(problem, claim.plan).objective
    return cost, claim.reason


def gap_row(problem: AnyProblem, exact: str, limits: Limits) -> dict[str, int | None] | None:
    """The optimum under its own name and every heuristic's ppm above it; None if there is none.

    Raises ContradictionError where `exact` does not end or a heuristic is below it.
    """
    known = {item.name: item for item in entries(problem.kind)}
    best, reason = objective(problem, known[exact], limits)
    if reason not in (Reason.COMPLETED, Reason.INFEASIBLE):
        raise ContradictionError(f"{exact} ended with {reason}")
    row: dict[str, int | None] = {exact: best}
    for name, method in known.items():
        if not method.traits.exact:
            cost, _ = objective(problem, method, limits)
            if cost is not None and (best is None or cost < best):
                raise ContradictionError(f"{name} costs {cost}, {exact} says {best}")
            above = None if cost is None or best is None else (cost - best) * PPM // best
            row[name] = above
    return None if best is None else row


def gap_table(
    title: tuple[str, str],
    problems: Iterable[AnyProblem],
    exact: str,
    limits: Limits,
    left_out: Container[str] = (),
) -> Table:
    """Median and worst gap of heuristics over the problems that have a plan.

    title: the table's name and what it is about; left_out: methods that these problems are not for.
    """
    found: dict[str, list[int]] = {}
    plans = total = 0
    for problem in problems:
        total += 1
        row = gap_row(problem, exact, limits)
        plans += row is not None
        for method, gap in (row or {}).items():
            found.setdefault(method, []).extend([] if gap is None else [gap])
    table = Table(title[0], f"{title[1]} {plans} of {total} have a plan.")
    for method, gaps in found.items():
        if method != exact and method not in left_out:
            cells: dict[str, Cell] = {
                "method": method,
                "median_ppm": int(median(gaps)) if gaps else None,
                "worst_ppm": max(gaps, default=None),
                "optimal": gaps.count(0),
                "no plan": plans - len(gaps),
            }
            table.add(cells)
    return table
