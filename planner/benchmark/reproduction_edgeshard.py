"""EdgeShard's figures: four systems and three models on the shipped testbed.

12 x AGX Orin, 2 x Orin NX, RTX 3090, Llama-2 in full precision, 32 prompt and 96 new tokens (Zhang
et al., 2024, arXiv 2405.14371, section V). One scalar is calibrated, in the shipped instances: 0.94
of the datasheets' memory bandwidth, on the 140.3 ms of 7B alone. Links are assumed: 50 Mbit/s, and
1 Mbit/s between source and RTX 3090. Latency of one token; throughput as the time between two
tokens of a full pipeline, beside what the source alone has with one request at a time.

The baselines: the source alone; source and server with half of the layers each; and cut where it is
best. Only figures that were at hand are compared; – where none was.
"""

from models.documents import validate
from models.problems.pipeline_partition import (
    PipelineObjective,
    PipelinePartitionPlan,
    PipelinePartitionProblem,
    Stage,
)
from models.result import Limits, Reason
from planner.benchmark.table import Cell, Table
from planner.verify import verify
from problem_instances import load
from solvers.registry import entry

MODELS = ("7b", "13b", "70b")
SYSTEMS = ("edge solo", "cloud-edge even", "cloud-edge best", "EdgeShard")
_SOURCE, _SERVER = "agx-orin-1", "rtx-3090"
_MEMORY = "out of memory"
# ms per token of one request; what the paper's text says, as far as it was at hand.
LATENCY: dict[tuple[str, str], str] = {
    ("7b", "edge solo"): "140.3",
    ("7b", "EdgeShard"): "75.88",
    ("13b", "edge solo"): _MEMORY,
    ("70b", "edge solo"): _MEMORY,
    ("70b", "cloud-edge even"): _MEMORY,
    ("70b", "cloud-edge best"): _MEMORY,
    ("70b", "EdgeShard"): "3086",
}


def table() -> Table:
    """Ms per token of one request, published and predicted."""
    found = Table("edgeshard latency", "Milliseconds per token; * calibrated on this cell.")
    for model in MODELS:
        for system in SYSTEMS:
            value = predict(model, system, PipelineObjective.LATENCY)
            paper = LATENCY.get((model, system))
            row: dict[str, Cell] = {"model": model.upper(), "system": system, "paper ms": paper}
            row["predicted ms"] = _MEMORY if value is None else f"{value / 10**6:.1f}"
            row["error_ppm"] = None
            if value is not None and paper not in (None, _MEMORY):
                row["error_ppm"] = round(value / float(paper or 0) - 10**6)
            row["note"] = "*" if (model, system) == ("7b", "edge solo") else ""
            found.add(row)
    return found


def ratios() -> Table:
    """What the paper says in ratios: throughput of 7B, latency of 13B."""
    found = Table("edgeshard ratios", "EdgeShard against a baseline, published and predicted.")
    alone = _known("7b", "edge solo", PipelineObjective.LATENCY)
    period = _known("7b", "EdgeShard", PipelineObjective.THROUGHPUT)
    throughput = {"what": "7B, tokens/s over edge solo (52.45 / 24.4)", "paper": "2.15"}
    found.add(throughput | {"predicted": f"{alone / period:.2f}"})
    own = _known("13b", "EdgeShard", PipelineObjective.LATENCY)
    for system in ("cloud-edge best", "cloud-edge even"):
        base = predict("13b", system, PipelineObjective.LATENCY)
        less = _MEMORY if base is None else f"{(1 - own / base) * 100:.1f} %"
        row = {"what": f"13B, latency saved over {system}", "paper": "28.8 to 45.7 %"}
        found.add(row | {"predicted": less})
    return found


def _known(model: str, system: str, objective: PipelineObjective) -> int:
    value = predict(model, system, objective)
    if value is None:
        raise ValueError(f"{system} has no plan for {model}")
    return value


def _problem(model: str, objective: PipelineObjective) -> PipelinePartitionProblem:
    problem = load(f"pipeline_partition/edgeshard-{model}")
    fields = problem.model_dump(mode="json") | {"objective": objective.value}
    fields["workload"]["concurrency"] = 1
    return validate(fields, PipelinePartitionProblem)


def predict(model: str, system: str, objective: PipelineObjective) -> int | None:
    """Ns per token, None where the system has no plan that fits."""
    problem = _problem(model, objective)
    if system == "EdgeShard":
        return _solved(problem, "edgeshard")
    if system == "cloud-edge best":
        return _solved(_of_two(problem), "dp")
    stop = len(problem.layers)
    stages: tuple[Stage, ...] = (Stage(device=_SOURCE, start=0, stop=stop),)
    if system == "cloud-edge even":
        half = stop // 2
        stages = (
            Stage(device=_SOURCE, start=0, stop=half),
            Stage(device=_SERVER, start=half, stop=stop),
        )
    verdict = verify(problem, PipelinePartitionPlan(stages=stages))
    if {violation.rule for violation in verdict.violations} - {"memory"}:
        raise ValueError(f"{system} breaks more than memory")
    return verdict.objective


def _of_two(problem: PipelinePartitionProblem) -> PipelinePartitionProblem:
    """Source and server alone."""
    fields = problem.model_dump(mode="json")
    devices = fields["device_graph"]["devices"]
    fields["device_graph"]["devices"] = [d for d in devices if d["name"] in (_SOURCE, _SERVER)]
    return validate(fields, PipelinePartitionProblem)


def _solved(problem: PipelinePartitionProblem, method: str) -> int | None:
    found = entry(problem.kind, method)
    if found is None:
        raise KeyError(method)
    claim = found.load().solve(problem, Limits())
    if claim.plan is None:
        if found.traits.exact and claim.reason is not Reason.INFEASIBLE:
            raise ValueError(f"{method} ended with {claim.reason}")
        return None
    return verify(problem, claim.plan).objective
