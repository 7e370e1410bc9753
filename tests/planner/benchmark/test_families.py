"""What families are said to be, of problems that they make."""

import pytest

from models.documents import read_problem
from models.problems.serving_flow import ServingFlowProblem
from models.problems.tensor_partition import TensorMode, TensorPartitionPlan, TensorPartitionProblem
from models.result import Limits
from planner.benchmark.families import FAMILIES, Family
from planner.verify import verify
from problem_instances.generate import generate
from problem_instances.generators.serving_flow import ServingSpec
from problem_instances.generators.tensor_partition import TensorSpec
from solvers.search.tensor_partition import Bisection

SEEDS = range(1, 9)


def _family(kind: str, name: str) -> Family:
    return next(family for family in FAMILIES[kind] if family.name == name)


def _group(spec: TensorSpec) -> TensorPartitionProblem:
    problem = read_problem(generate(spec))
    assert isinstance(problem, TensorPartitionProblem)
    return problem


def _saved_by_unequal_rows(problem: TensorPartitionProblem) -> int:
    """Nanoseconds by which an optimum is below the same plan with rows as equal as they can be."""
    plan = Bisection().solve(problem, Limits()).plan
    assert plan is not None
    assert plan.mode is TensorMode.TENSOR_SEQUENCE
    assert {share.device for share in plan.shares} == {m.name for m in problem.devices}
    each, more = divmod(problem.rows, len(plan.shares))
    shares = tuple(
        share.model_copy(update={"rows": each + (number < more)})
        for number, share in enumerate(plan.shares)
    )
    equal = verify(problem, TensorPartitionPlan(mode=plan.mode, shares=shares)).objective
    best = verify(problem, plan).objective
    assert equal is not None
    assert best is not None
    return equal - best


def test_equal_rows_are_best_as_galaxy_states_it() -> None:
    """No choice of rows is better than equal ones, nor is a device left out or another mode taken.

    Where the connective part takes devices unlike times, some choice is.
    """
    family = _family("tensor_partition", "as Galaxy states it")
    for seed in SEEDS:
        spec = family.make(8, seed)
        assert isinstance(spec, TensorSpec)
        assert _saved_by_unequal_rows(_group(spec)) == 0
    unlike = [
        TensorSpec(seed, 3, 3, 8, 32, use_all_devices=True, mode="tensor+sequence")
        for seed in SEEDS
    ]
    assert max(_saved_by_unequal_rows(_group(spec)) for spec in unlike) > 0


def test_regions_are_apart() -> None:
    """Links between regions bind, each direction at a rate of its own; one region has both ends."""
    spec = _family("serving_flow", "regions").make(5, 1)
    assert isinstance(spec, ServingSpec)
    problem = read_problem(generate(spec))
    assert isinstance(problem, ServingFlowProblem)
    assert len({node.type for node in problem.nodes}) == len(problem.nodes)
    for number, node in enumerate(problem.nodes):
        ends = {node.from_source_utokens_per_s is None, node.to_sink_utokens_per_s is None}
        assert ends == {number % spec.groups > 0}
    away, home = problem.rates["host-1", "host-2"], problem.rates["host-2", "host-1"]
    assert away != home
    fastest = max(max(rates) for rates in problem.throughput.values())
    assert max(away, home) < fastest < problem.rates["host-1", "host-3"]


def test_regions_need_a_rate_between_them() -> None:
    """Links of no token per second are no links."""
    with pytest.raises(ValueError, match="4 or more"):
        ServingSpec(1, groups=2, regions=True)
