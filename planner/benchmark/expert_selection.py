"""Expert selections: exact methods side by side, what heuristics lose, scale, a frontier, a gate.

The scale table is `monotonic` alone, on one core: structured problems as the generator draws them,
and one whose qualities are drawn without structure, the hardest there are of that size.
"""

from collections.abc import Iterator
from pathlib import Path

from models.frontier import Budget
from models.problems.expert_selection import MILLION, ExpertSelectionProblem
from models.result import Limits
from planner.benchmark.expert_selection_black_box import black_boxes
from planner.benchmark.expert_selection_gate import gates
from planner.benchmark.measure import measure
from planner.benchmark.table import Cell, Table
from planner.frontier import frontier
from planner.plot.frontier import draw
from problem_instances import best_known, load, names
from problem_instances.generators.expert_selection import SelectionSpec, expert_selection
from solvers.registry import entries

KIND = "expert_selection"
_METHODS = {method.name: method for method in entries(KIND)}
_EXACT = [name for name, method in _METHODS.items() if method.traits.exact]
_HEURISTICS = [name for name, method in _METHODS.items() if not method.traits.exact]
_SECOND_NS = 10**9
# Per instance and method: the polyblock and CP-SAT do not end on the larger ones.
_SHORT_NS = 20 * _SECOND_NS
_FIGURE = Path("bench-out/expert_selection_frontier.svg")


def tables(limits: Limits) -> Iterator[Table]:
    """The tables of this kind, each when it is done; the limits are those of one solve."""
    short = limits.model_copy(update={"time_limit_ns": min(limits.time_limit_ns, _SHORT_NS)})
    yield _exact(short)
    yield _heuristics(short)
    yield _scale(limits)
    yield black_boxes(10 * _SECOND_NS)
    yield sweep(20)
    yield gates()


def _exact(limits: Limits) -> Table:
    """Times of the exact methods on the shipped instances."""
    about = "Time of each exact method; – where it does not take the model or did not end."
    table = Table("selections by exact methods", about)
    for name in names(KIND):
        row: dict[str, Cell] = {"instance": name}
        for method in _EXACT:
            run = measure(load(name), _METHODS[method], limits)
            row[f"{method}_ns"] = run.outcome.wall_ns if run.proved else None
        table.add(row)
    return table


def _heuristics(limits: Limits) -> Table:
    """What each heuristic's plan loses on the shipped instances."""
    about = "Quality lost against the proved optimum, ppm; – where it finds no plan."
    table = Table("selections by heuristics", about)
    for name in names(KIND):
        best = best_known(name).objective
        if best is None:
            continue
        row: dict[str, Cell] = {"instance": name}
        for method in _HEURISTICS:
            reached = measure(load(name), _METHODS[method], limits).outcome.objective
            row[f"{method}_ppm"] = None if reached is None else reached - best
        table.add(row)
    return table


def large(experts: int, clusters: int, noise: int = 30) -> ExpertSelectionProblem:
    """A synthetic problem of best_expert quality with budgets of energy, memory and number."""
    spec = SelectionSpec(
        seed=1, experts=experts, clusters=clusters, categories=8, devices=8, tightness=10,
        memory=30, max_experts=20, noise=noise,
    )  # fmt: skip
    return ExpertSelectionProblem.model_validate(expert_selection(spec), strict=False)


def _scale(limits: Limits) -> Table:
    about = "`monotonic` on one core; three budgets; the gap is of the shortfall and of quality."
    table = Table("large selections", about)
    for experts, clusters, noise, seconds in (
        (200, 2_000, 30, 60),
        (200, 2_000, 100, 60),
        (200, 2_000, 400, 60),
        (1_000, 10_000, 30, 120),
    ):
        part = limits.model_copy(update={"time_limit_ns": seconds * _SECOND_NS})
        run = measure(large(experts, clusters, noise), _METHODS["monotonic"], part)
        reached, bound = run.outcome.objective, run.outcome.lower_bound
        row: dict[str, Cell] = {
            "problem": f"{experts} x {clusters:,}, noise ±{noise / 10} %",
            "end": run.outcome.claim.reason.value,
            "time_ns": run.outcome.wall_ns,
            "peak_bytes": run.peak_bytes,
            "shortfall_ppm": reached,
            "bound_ppm": bound,
            "gap_ppm": None,
            "gap of quality_ppm": None,
        }
        if reached is not None and bound is not None:
            row["gap_ppm"] = round((reached - bound) * MILLION / max(reached, 1))
            row["gap of quality_ppm"] = round((reached - bound) * MILLION / (MILLION - bound))
        table.add(row)
    return table


def sweep(points: int) -> Table:
    """A frontier of 50 experts, every point proved, drawn beside the heuristics."""
    spec = SelectionSpec(
        seed=50, experts=50, clusters=57, categories=8, devices=6, memory=40, variants=True
    )
    problem = ExpertSelectionProblem.model_validate(expert_selection(spec), strict=False)
    found = frontier(problem, Budget.ENERGY, points)
    _FIGURE.parent.mkdir(exist_ok=True)
    _FIGURE.write_bytes(draw(found, _FIGURE.suffix))
    table = Table("a frontier of 50 experts", f"Energy swept; drawn in {_FIGURE}.")
    table.add(
        {
            "points": len(found.points),
            "time_ns": found.wall_ns,
            "proved": sum(point.proved for point in found.points),
            "plans reused": sum(point.reused for point in found.points),
            "heuristics above it": sum(
                value is not None and (point.objective is None or value < point.objective)
                for point in found.points
                for value in point.heuristics.values()
            ),
        }
    )
    return table
