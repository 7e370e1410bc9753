"""Expert selections: scale, a frontier, a gate.

The scale table is `monotonic` alone, on one core: structured problems as the generator draws them,
and one whose qualities are drawn without structure, the hardest there are of that size.
"""

from collections.abc import Iterator
from pathlib import Path

from models.frontier import Budget
from models.problems.expert_selection import ExpertSelectionProblem
from models.problems.expert_selection_checks import MILLION
from models.result import Limits
from planner.benchmark.expert_selection_black_box import black_boxes
from planner.benchmark.expert_selection_gate import gates
from planner.benchmark.measure import measure
from planner.benchmark.table import Cell, Table
from planner.frontier import frontier
from planner.plot.frontier import draw
from problem_instances.generators.expert_selection import SelectionSpec, expert_selection
from solvers.registry import entries

KIND = "expert_selection"
_METHODS = {method.name: method for method in entries(KIND)}
_SECOND_NS = 10**9
_FIGURE = Path("bench-out/expert_selection_frontier.svg")


def tables(limits: Limits) -> Iterator[Table]:
    """The tables of this kind, each when it is done; the limits are those of one solve."""
    yield _scale(limits)
    yield black_boxes(10 * _SECOND_NS)
    yield sweep(20)
    yield gates()


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
