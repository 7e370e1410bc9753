"""DAG partitions: the public graphs of Tarnawski et al. beside the published figures.

A run is a child process of its own; its time includes the tables and every reduction, not the
reading of the file. The hints of the free form are what a lane of the strategy gives: the search
starts from the linearised plan, CP-SAT from the search's.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from models.problems.dag_partition import DagPartitionPlan, DagPartitionProblem
from models.result import Limits
from planner.benchmark.measure import Measured, judged, measure
from planner.benchmark.table import Cell, Table
from problem_instances.readers.dnn_partitioning import read
from solvers.registry import entries

KIND = "dag_partition"
_METHODS = {method.name: method for method in entries(KIND)}
_MS = 10**6


@dataclass(frozen=True)
class Published:
    """Figures in ms beside ours: their contiguous optimum and its time, search, best free load."""

    contiguous: float
    seconds: float
    local_search: float
    free: float


# Their C++ at -O3, and their integer program handed to HiGHS, measured on one machine class.
PUBLISHED = {
    "bert24_inference": Published(17.7899, 0.01, 17.7776, 17.7147),
    "bert24_training": Published(41.7458, 0.01, 39.9432, 39.7895),
    "bert_l-3_inference": Published(27.9186, 0.64, 27.5741, 21.9084),
    "gnmt_inference": Published(32.9107, 10.9, 31.7827, 31.6873),
    "resnet50_inference": Published(33.7747, 0.09, 35.8893, 33.4332),
}


def tables(folder: Path, limits: Limits) -> Iterator[Table]:
    """Contiguous partitions by every method, and free ones; a file without figures has none."""
    texts = {path.stem: path.read_text() for path in sorted(folder.glob("*.json"))}
    yield contiguous(texts, limits)
    yield free(texts, limits)


def contiguous(texts: dict[str, str], limits: Limits) -> Table:
    """The dynamic program beside theirs, and the heuristics' loss."""
    table = Table("contiguous partitions", "Largest loads; published: their C++ dynamic program.")
    heuristics = [name for name, method in _METHODS.items() if not method.traits.exact]
    for name, text in texts.items():
        problem = read(text)
        exact = measure(problem, _METHODS["dp"], limits)
        known = PUBLISHED.get(name)
        row: dict[str, Cell] = {
            "graph": name,
            "ideals": str(exact.outcome.claim.stats.get("ideals", "–")),
            "dp_ns": exact.outcome.objective,
            "reason": exact.outcome.claim.reason.value,
            "time_ns": exact.outcome.wall_ns,
            "peak_bytes": exact.peak_bytes,
            "published_ns": None if known is None else round(known.contiguous * _MS),
            "their time / ours": None if known is None else _ratio(known.seconds, exact),
        }
        for method in heuristics:
            found = measure(problem, _METHODS[method], limits)
            row[f"{method}_ns"] = found.outcome.objective
        table.add(row)
    return table


def free(texts: dict[str, str], limits: Limits) -> Table:
    """Linearised plan, search, CP-SAT with its bound: one lane of the strategy in turn."""
    about = "Largest loads; published: their local search, and the best known of any method."
    table = Table("free partitions", about)
    for name, text in texts.items():
        problem = read(text, contiguous=False)
        runs = _lane(problem, ("linearised-dp", "local-search", "cpsat"), limits)
        proved = judged(problem, runs.values())
        known = PUBLISHED.get(name)
        table.add(
            {
                "graph": name,
                "search_ns": runs["local-search"].outcome.objective,
                "best_ns": proved.objective,
                "bound_ns": proved.lower_bound,
                "grade": proved.grade.value,
                "gap": "–" if proved.gap is None else f"{proved.gap:.2%}",
                "total time_ns": sum(run.outcome.wall_ns for run in runs.values()),
                "their search_ns": None if known is None else round(known.local_search * _MS),
                "best known_ns": None if known is None else round(known.free * _MS),
            }
        )
    return table


def _lane(
    problem: DagPartitionProblem, methods: tuple[str, ...], limits: Limits
) -> dict[str, Measured]:
    """Each method with the plan of the one before and the time that is left."""
    left, hint, runs = limits.time_limit_ns, None, {}
    for name in methods:
        allowed = limits.model_copy(update={"time_limit_ns": max(left, 0)})
        runs[name] = measure(problem, _METHODS[name], allowed, hint)
        left -= runs[name].outcome.wall_ns
        plan = runs[name].outcome.claim.plan
        hint = plan if isinstance(plan, DagPartitionPlan) else hint
    return runs


def _ratio(seconds: float, run: Measured) -> str:
    return f"{seconds * 10**9 / run.outcome.wall_ns:.1f}"
