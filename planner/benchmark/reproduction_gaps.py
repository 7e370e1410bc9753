"""What the papers' planners lose against the optimum: on the papers' environments, and generated.

Each planner on its own statement of the problem. Jupiter: a prompt in chunks, the devices in the
order listed and all in use; EdgeShard: least latency and least period in any order; Galaxy: heads,
columns and rows over all devices in its own mode; Asteroid: a training round.
"""

from collections.abc import Iterable, Iterator
from statistics import median

from models.documents import parse, read_problem, validate
from models.problems import AnyProblem
from models.problems.pipeline_partition import PipelineObjective, PipelinePartitionProblem
from models.problems.sequence_pipeline import SequencePipelineProblem
from models.problems.tensor_partition import TensorMode
from models.result import Limits, Reason
from planner.benchmark import pipeline_training, tensor_partition
from planner.benchmark.gaps import PPM, objective
from planner.benchmark.jupiter import CASES
from planner.benchmark.jupiter_systems import RATES, prefill
from planner.benchmark.measure import ContradictionError
from planner.benchmark.table import Cell, Table
from problem_instances import load
from problem_instances.generate import generate
from problem_instances.generators.pipeline_partition import PipelineSpec
from problem_instances.generators.pipeline_training import MODELS, TESTBEDS, testbed
from problem_instances.generators.sequence_pipeline import SequenceSpec
from problem_instances.generators.tensor_partition import GALAXY, environment
from problem_instances.text import to_text
from solvers.registry import entries

GENERATED = 200
_EDGESHARD = ("edgeshard-7b", "edgeshard-13b", "edgeshard-70b")


def table(generated: int = GENERATED, planners: Iterable[str] | None = None) -> Table:
    """Median and worst gap of each planner; `generated` problems of each beside the papers' own."""
    found = Table(
        "exact against the papers' planners",
        "Cost above the proved optimum, over the problems that have a plan.",
    )
    for planner in planners or PLANNERS:
        heuristic, exact, own, make = PLANNERS[planner]
        found.add(
            {"planner": planner, "problems": "the paper's own"} | _row(own(), heuristic, exact)
        )
        if generated:
            problems = (make(seed) for seed in range(generated))
            found.add(
                {"planner": planner, "problems": "generated"} | _row(problems, heuristic, exact)
            )
    return found


def _row(problems: Iterable[AnyProblem], heuristic: str, exact: str) -> dict[str, Cell]:
    gaps: list[int | None] = []
    number = 0
    for problem in problems:
        number += 1
        methods = {method.name: method for method in entries(problem.kind)}
        best, reason = objective(problem, methods[exact], Limits())
        if reason not in (Reason.COMPLETED, Reason.INFEASIBLE):
            raise ContradictionError(f"{exact} ended with {reason}")
        cost, _ = objective(problem, methods[heuristic], Limits())
        if cost is not None and (best is None or cost < best):
            raise ContradictionError(f"{heuristic} costs {cost}, {exact} says {best}")
        if best is not None:
            gaps.append(None if cost is None else (cost - best) * PPM // best)
    known = [gap for gap in gaps if gap is not None]
    return {
        "number": number,
        "with a plan": len(gaps),
        "planner has none": gaps.count(None),
        "optimal": known.count(0),
        "median_ppm": int(median(known)) if known else None,
        "worst_ppm": max(known, default=None),
    }


def _jupiter_own() -> Iterator[AnyProblem]:
    return (prefill(case, rate) for case in CASES for rate in RATES)


def _jupiter(seed: int) -> AnyProblem:
    spec = SequenceSpec(
        seed=seed,
        devices=3 + seed % 2,
        types=3 + seed % 2,
        layers=8 + 4 * (seed % 3),
        ordered=True,
        factorising=seed % 4 == 0,
        overlap=seed % 5 > 0,
        tightness=40,
    )
    return validate(parse(generate(spec).encode()), SequencePipelineProblem)


def _edgeshard_own() -> Iterator[AnyProblem]:
    for name in _EDGESHARD:
        problem = load(f"pipeline_partition/{name}")
        for wanted in (PipelineObjective.LATENCY, PipelineObjective.THROUGHPUT):
            yield problem.model_copy(update={"objective": wanted})


def _edgeshard(seed: int) -> AnyProblem:
    spec = PipelineSpec(
        seed=seed,
        devices=4 + seed % 4,
        types=4 + seed % 4,
        layers=16 + 8 * (seed % 3),
        objective=("latency", "throughput")[seed % 2],
        tightness=(40, 60, 80, 95)[seed // 2 % 4],
        source=True,
    )
    return validate(parse(generate(spec)), PipelinePartitionProblem)


def _as_galaxy(problem: AnyProblem) -> AnyProblem:
    modes = (TensorMode.TENSOR_SEQUENCE,)
    return problem.model_copy(update={"use_all_devices": True, "modes": modes})


def _galaxy_own() -> Iterator[AnyProblem]:
    for name in GALAXY:
        for model in ("bert-l", "gpt2-l", "opt-l"):
            yield _as_galaxy(read_problem(to_text(environment(name, model, 125))))


def _galaxy(seed: int) -> AnyProblem:
    return _as_galaxy(tensor_partition.generated(seed))


def _asteroid_own() -> Iterator[AnyProblem]:
    for name in TESTBEDS:
        for model in MODELS:
            for rate in (100, 1000):
                yield read_problem(to_text(testbed(name, model, rate)))


# Planner -> heuristic, exact method, the paper's own problems, a generated problem of a seed.
PLANNERS = {
    "Jupiter": ("jupiter", "dp", _jupiter_own, _jupiter),
    "EdgeShard": ("edgeshard", "dp", _edgeshard_own, _edgeshard),
    "Galaxy": ("galaxy", "bisection", _galaxy_own, _galaxy),
    "Asteroid": ("asteroid", "dp", _asteroid_own, pipeline_training.generated),
}
