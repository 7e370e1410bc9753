"""What each heuristic of a kind costs above the best plan, over the shipped instances."""

from collections.abc import Iterator
from statistics import median

from models.problems import AnyProblem
from models.result import Limits
from planner.benchmark.measure import judged, measure
from planner.benchmark.table import Cell, Table
from problem_instances import load, names
from solvers.registry import entries


def losses(kind: str, exact: str, limits: Limits) -> Iterator[Table]:
    """A summary, and a row per instance; the best is what `exact` and the heuristics have.

    Raises ContradictionError when these cannot all be right.
    """
    heuristics = [item.name for item in entries(kind) if not item.traits.exact]
    gaps = Table(
        f"{kind} heuristics by instance", "Cost above the best plan; – where there is no plan."
    )
    found: dict[str, list[int]] = {name: [] for name in heuristics}
    for name in names(kind):
        objectives, best = _objectives(load(name), (exact, *heuristics), limits)
        row: dict[str, Cell] = {"instance": name}
        for method in heuristics:
            gap = _gap_ppm(objectives[method], best)
            row[f"{method}_ppm"] = gap
            found[method] += [] if gap is None else [gap]
        gaps.add(row)
    yield _summary(kind, found, len(gaps.rows))
    yield gaps


def _objectives(
    problem: AnyProblem, methods: tuple[str, ...], limits: Limits
) -> tuple[dict[str, int | None], int | None]:
    known = {item.name: item for item in entries(problem.kind)}
    runs = {name: measure(problem, known[name], limits) for name in methods}
    best = judged(problem, runs.values()).objective
    return {name: run.outcome.objective for name, run in runs.items()}, best


def _summary(kind: str, found: dict[str, list[int]], instances: int) -> Table:
    table = Table(
        f"{kind} heuristics", f"Cost above the best plan over {instances} shipped instances."
    )
    for method, gaps in found.items():
        table.add(
            {
                "method": method,
                "median_ppm": int(median(gaps)) if gaps else None,
                "worst_ppm": max(gaps, default=None),
                "optimal": gaps.count(0),
                "no plan": instances - len(gaps),
            }
        )
    return table


def _gap_ppm(objective: int | None, best: int | None) -> int | None:
    if objective is None or best is None:
        return None
    return round((objective - best) * 10**6 / best)
