"""EdgeShard's figures: four systems and three models on the shipped testbed.

12 x AGX Orin, 2 x Orin NX, RTX 3090, Llama-2 in full precision, 32 prompt and 96 new tokens (Zhang
et al., 2024, arXiv 2405.14371, section V). edgeshard_calibration says what is given, assumed and
fitted. Latency of one token of one request; tokens per second of a pipeline full of batches.

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
from planner.benchmark.edgeshard_calibration import BATCH, Calibration, calibrated
from planner.benchmark.table import Cell, Table
from planner.verify import verify
from solvers.registry import entry

MODELS = ("7b", "13b", "70b")
SOLO, EVEN, BEST, EDGESHARD = SYSTEMS = (
    "edge solo",
    "cloud-edge even",
    "cloud-edge best",
    "EdgeShard",
)
# The cell of the one scalar, Calibration.scale_ppm.
FITTED = ("7b", SOLO)
_SOURCE, _SERVER = "agx-orin-1", "rtx-3090"
_MEMORY = "out of memory"
# What the paper says, as far as it was at hand: ms per token of one request; tokens per second.
LATENCY: dict[tuple[str, str], str] = {
    ("7b", SOLO): "140.3",
    ("7b", EDGESHARD): "75.88",
    ("13b", SOLO): _MEMORY,
    ("70b", SOLO): _MEMORY,
    ("70b", EVEN): _MEMORY,
    ("70b", BEST): _MEMORY,
    ("70b", EDGESHARD): "3086",
}
THROUGHPUT = {("7b", SOLO): "24.4", ("7b", EDGESHARD): "52.45"}
# Percent of latency that EdgeShard saves on 13B: over the better baseline, over the other.
SAVED_13B = ("28.8", "45.7")


def table() -> Table:
    """Ms per token of one request and tokens per second, published and predicted."""
    found = Table("edgeshard figures", "* fitted on this cell.")
    for model in MODELS:
        for system in SYSTEMS:
            paper = LATENCY.get((model, system))
            value = latency_ms(Calibration(), model, system)
            row: dict[str, Cell] = {"model": model.upper(), "system": system}
            star = "*" if (model, system) == FITTED else ""
            row |= {"paper ms": paper, "predicted ms": _shown(value, star)}
            row["error_ppm"] = error_ppm(value, paper)
            paper = THROUGHPUT.get((model, system), _MEMORY if paper == _MEMORY else None)
            value = tokens_per_s(Calibration(), model, system)
            row |= {"paper tokens/s": paper, "predicted tokens/s": _shown(value)}
            row["error of tokens/s_ppm"] = error_ppm(value, paper)
            found.add(row)
    return found


def _shown(value: float | None, star: str = "") -> str:
    return _MEMORY if value is None else f"{value:.1f}{star}"


def error_ppm(value: float | None, paper: str | None) -> int | None:
    """How far a prediction is off, None where one of the two is no number."""
    if value is None or paper in (None, _MEMORY):
        return None
    return round((value / float(paper or 0) - 1) * 10**6)


def ratios() -> Table:
    """What the paper says in ratios: throughput of 7B, latency of 13B."""
    found = Table("edgeshard ratios", "EdgeShard against a baseline, published and predicted.")
    own, alone = (tokens_per_s(Calibration(), "7b", system) for system in (EDGESHARD, SOLO))
    if own is None or alone is None:
        raise ValueError("7B has no plan")
    row = {"what": "7B, tokens/s over edge solo (52.45 / 24.4)", "paper": "2.15"}
    found.add(row | {"predicted": f"{own / alone:.2f}"})
    for system, paper in zip((BEST, EVEN), SAVED_13B, strict=True):
        less = saved_percent(Calibration(), system)
        row = {"what": f"13B, latency saved over {system}", "paper": f"{paper} %"}
        found.add(row | {"predicted": _MEMORY if less is None else f"{less:.1f} %"})
    return found


def saved_percent(used: Calibration, baseline: str) -> float | None:
    """Latency that EdgeShard saves on 13B, None where the baseline does not fit."""
    own, base = (latency_ms(used, "13b", system) for system in (EDGESHARD, baseline))
    return None if own is None or base is None else (1 - own / base) * 100


def latency_ms(used: Calibration, model: str, system: str) -> float | None:
    """Of one token of one request, None where the system has no plan that fits."""
    value = _predicted(calibrated(used, model, PipelineObjective.LATENCY), system)
    return None if value is None else value / 10**6


def tokens_per_s(used: Calibration, model: str, system: str) -> float | None:
    """Of a pipeline full of batches, None where the system has no plan that fits."""
    value = _predicted(calibrated(used, model, PipelineObjective.THROUGHPUT), system)
    return None if value is None else BATCH * 10**9 / value


def _predicted(problem: PipelinePartitionProblem, system: str) -> int | None:
    if system == EDGESHARD:
        return _solved(problem, "edgeshard")
    if system == BEST:
        return _solved(_of_two(problem), "dp")
    stop = len(problem.layers)
    stages: tuple[Stage, ...] = (Stage(device=_SOURCE, start=0, stop=stop),)
    if system == EVEN:
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
