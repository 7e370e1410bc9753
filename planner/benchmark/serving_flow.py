"""Serving flows of generated clusters; those of Helix are `edgeplan bench helix`.

A flow is what comes out of a plan that was verified; "bound" is the best of all methods asked.
"""

from collections.abc import Iterator

from models.documents import read_problem
from models.problems import AnyProblem
from models.problems.serving_flow import ServingFlowProblem
from models.result import Limits
from planner.benchmark.measure import Measured, judged, measure
from planner.benchmark.table import Cell, Table
from planner.bounds import lower_bound
from problem_instances.generate import generate
from problem_instances.generators.serving_flow import ServingSpec
from solvers.registry import entries

KIND = "serving_flow"
_METHODS = {method.name: method for method in entries(KIND)}
_HEURISTICS = [name for name, method in _METHODS.items() if not method.traits.exact]


# Generated clusters: one switch, groups behind gateways, groups with slow links between.
SPECS = {
    "one switch": ServingSpec(seed=1, nodes=8, layers=32, room=160),
    "gateways": ServingSpec(seed=2, nodes=9, makes=3, layers=32, room=200, groups=3),
    "slow links": ServingSpec(seed=3, nodes=8, layers=24, room=220, groups=2, between=700),
}


def tables(limits: Limits) -> Iterator[Table]:
    """Generated clusters in both modes."""
    table = Table("serving flows", "Tokens/s through generated clusters.")
    for name, spec in SPECS.items():
        problem = read_problem(generate(spec))
        if not isinstance(problem, ServingFlowProblem):
            raise TypeError(f"a {problem.kind} came of a specification of {KIND}")
        for partial in (True, False):
            mode = problem.model_copy(update={"partial_inference": partial})
            table.add(_row(name, mode, limits))
    yield table


def _row(name: str, problem: ServingFlowProblem, limits: Limits) -> dict[str, Cell]:
    """The first method beside the heuristics on one cluster."""
    exact = measure(problem, _METHODS["cover"], limits)
    proved = judged(problem, [exact])
    bounds = [b for b in (proved.lower_bound, lower_bound(problem)) if b is not None]
    row: dict[str, Cell] = {
        "cluster": name,
        "nodes": str(len(problem.nodes)),
        "partial": "yes" if problem.partial_inference else "no",
        "compute bound": _rate(problem.compute_bound),
        "bound": _rate(problem.compute_bound - max(bounds, default=0)),
        "cover": _flow(problem, exact),
        "grade": proved.grade.value,
        "time_ns": exact.outcome.wall_ns,
    }
    for method in _HEURISTICS:
        row[method] = _flow(problem, measure(problem, _METHODS[method], limits))
    return row


def _flow(problem: AnyProblem, run: Measured) -> str:
    objective = run.outcome.objective
    if objective is None or not isinstance(problem, ServingFlowProblem):
        return "–"
    return _rate(problem.compute_bound - objective)


def _rate(utokens_per_s: int) -> str:
    return f"{utokens_per_s / 10**6:,.3f}"
