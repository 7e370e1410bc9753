"""Sequence pipelines: exact methods on shipped instances, and what planners lose on generated ones.

The generated problems have devices that differ in every figure, in a free or in a given order, and
others where the time factorises.
"""

from collections.abc import Iterator
from statistics import median

from models.documents import parse, validate
from models.problems.sequence_pipeline import SequencePipelineProblem
from models.result import Limits, Reason
from planner.benchmark.measure import judged, measure
from planner.benchmark.table import Cell, Table
from planner.verify import verify
from problem_instances import load, names
from problem_instances.generate import generate
from problem_instances.generators.sequence_pipeline import SequenceSpec
from solvers.registry import entries

KIND = "sequence_pipeline"
GENERATED = 200
_METHODS = {method.name: method for method in entries(KIND)}
_EXACT = [name for name, method in _METHODS.items() if method.traits.exact]
_HEURISTICS = [name for name in _METHODS if name not in _EXACT]


def tables(limits: Limits) -> Iterator[Table]:
    """The tables of this kind, each when it is done; the limits are those of one solve."""
    yield _exact_methods(limits)
    yield _losses("generated", list(_generated(GENERATED)), limits)
    shipped = [load(name) for name in names(KIND)]
    yield _losses("shipped", [p for p in shipped if isinstance(p, SequencePipelineProblem)], limits)


def _exact_methods(limits: Limits) -> Table:
    table = Table("sequence pipelines exact methods", "Shipped instances; – where not established.")
    for name in names(KIND):
        problem = load(name)
        runs = {method: measure(problem, _METHODS[method], limits) for method in _EXACT}
        judged(problem, list(runs.values()))
        row: dict[str, Cell] = {"instance": name}
        for method, run in runs.items():
            row[f"{method} objective_ns"] = run.outcome.objective
            row[f"{method} bound_ns"] = run.outcome.lower_bound
            row[f"{method} ended"] = run.outcome.claim.reason.value
            row[f"{method} time_ns"] = run.outcome.wall_ns
        table.add(row)
    return table


def _generated(count: int) -> Iterator[SequencePipelineProblem]:
    """Three or four devices and 8 to 16 layers; every third ordered, every fourth factorising."""
    for seed in range(1, count + 1):
        spec = SequenceSpec(
            seed=seed,
            devices=3 + seed % 2,
            types=3 + seed % 2,
            layers=8 + 4 * (seed % 3),
            ordered=seed % 3 == 0,
            factorising=seed % 4 == 0,
            overlap=seed % 5 > 0,
            request=seed % 2 == 0,
            points=1 + seed % 4,
            tightness=40,
        )
        yield validate(parse(generate(spec).encode()), SequencePipelineProblem)


def _losses(which: str, problems: list[SequencePipelineProblem], limits: Limits) -> Table:
    """Cost above the optimum, of those that deepening proves; in this process."""
    table = Table(
        f"sequence pipelines {which}", f"Cost above the optimum over {len(problems)} problems."
    )
    gaps: dict[str, list[int]] = {name: [] for name in _HEURISTICS}
    proved = 0
    for problem in problems:
        exact = _METHODS["deepening"].load().solve(problem, limits)
        if exact.reason is not Reason.COMPLETED or exact.lower_bound is None:
            continue
        proved, best = proved + 1, exact.lower_bound
        found = {name: _objective(problem, name, limits) for name in _HEURISTICS}
        for name in _HEURISTICS:
            value = found[name]
            if value is not None:
                gaps[name].append(round((value - best) * 10**6 / best))
    for name, known in gaps.items():
        table.add(
            {
                "method": name,
                "median_ppm": round(median(known)) if known else None,
                "worst_ppm": max(known, default=None),
                "optimal": known.count(0),
                "no plan": proved - len(known),
                "proved": proved,
            }
        )
    return table


def _objective(problem: SequencePipelineProblem, name: str, limits: Limits) -> int | None:
    plan = _METHODS[name].load().solve(problem, limits).plan
    return None if plan is None else verify(problem, plan).objective
