"""Asteroid's claims as bounds, beside testbeds in the manner of the paper's.

The paper (Ye et al., MobiCom 2024, arXiv 2408.08015) says "up to": 12.2 times the throughput of
data or pipeline parallelism, 2.1 times that of hybrid parallelism. Its planner stands here beside
data parallelism, an even pipeline and PipeDream's hybrid plan, on its four models; boards, sizes of
samples and of mini-batches are assumed, and the last two decide.
"""

from fractions import Fraction

from models.documents import read_problem
from models.result import Limits
from planner.benchmark.gaps import objective
from planner.benchmark.table import Cell, Table
from problem_instances.generators.pipeline_training import TESTBEDS, testbed
from problem_instances.generators.training_models import MODELS, in_words
from problem_instances.text import to_text
from solvers.registry import entries

_METHODS = {method.name: method for method in entries("pipeline_training")}
_BASELINES: dict[str, Cell] = {
    "data-parallel": "12.2",
    "pipeline-even": "12.2",
    "pipedream": "2.1",
}
# Side of the images or tokens (None: the usual), micro-batches of 32 samples.
_SAMPLES = ((None, 16), (32, 16), (32, 64))


def speed() -> Table:
    """Time of baselines over that of Asteroid's plan, over testbeds and rates."""
    found = Table(
        "asteroid speed",
        "Time of a round over Asteroid's: least and most of three testbeds at 100 and 1000 Mbit/s; "
        "– where there is no plan.",
    )
    known: dict[str, list[Fraction]] = {method: [] for method in _BASELINES}
    for model in MODELS:
        for size, micro_batches in _SAMPLES:
            row: dict[str, Cell] = {"model": model, "sample": in_words(model, size)}
            row["mini-batch"] = f"{32 * micro_batches:,}"
            for method, ratios in _ratios(model, size, micro_batches).items():
                row[method] = _range(ratios)
                known[method] += ratios
            found.add(row)
    most: dict[str, Cell] = {method: _times(max(ratios)) for method, ratios in known.items()}
    for heading, cells in (("most", most), ("the paper, up to", _BASELINES)):
        found.add({"model": heading, "sample": "", "mini-batch": ""} | cells)
    return found


def _ratios(model: str, size: int | None, micro_batches: int) -> dict[str, list[Fraction]]:
    """By baseline, where it and Asteroid have a plan."""
    found: dict[str, list[Fraction]] = {method: [] for method in _BASELINES}
    for name in TESTBEDS:
        for rate in (100, 1000):
            document = testbed(name, model, rate, size, micro_batches=micro_batches)
            problem = read_problem(to_text(document))
            own, _ = objective(problem, _METHODS["asteroid"], Limits())
            for method, ratios in found.items():
                cost, _ = objective(problem, _METHODS[method], Limits())
                if own is not None and cost is not None:
                    ratios.append(Fraction(cost, own))
    return found


def _range(ratios: list[Fraction]) -> str | None:
    return f"{_times(min(ratios))} to {_times(max(ratios))}" if ratios else None


def _times(ratio: Fraction) -> str:
    return f"{float(ratio):.2f}"
