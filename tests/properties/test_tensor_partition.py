"""Properties of tensor partitions that hold for any group."""

import pytest
from hypothesis import assume, given, settings

from models.documents import read_problem
from models.problems.tensor_partition import TensorMode, TensorPartitionProblem
from models.result import Limits, Reason
from planner.bounds import lower_bound
from planner.verify import verify
from problem_instances.generate import generate
from problem_instances.generators.tensor_partition import TensorSpec
from solvers.registry import REGISTRY
from solvers.tables.tensor_partition import build
from solvers.tables.tensor_partition_floor import Floor
from tests.oracles.tensor_partition import optimum, plans
from tests.strategies import tensor_partition

_LIMITS = Limits(time_limit_ns=60 * 10**9)
_FEW = settings(max_examples=30, deadline=None)


def _optimum(problem: TensorPartitionProblem, method: int = 0) -> int | None:
    """The optimum by the kind's exact methods: 0 bisection, 1 milp, 2 cpsat."""
    claim = REGISTRY[problem.kind][method].load().solve(problem, _LIMITS)
    assert claim.reason in (Reason.COMPLETED, Reason.INFEASIBLE)
    return None if claim.plan is None else verify(problem, claim.plan).objective


@settings(max_examples=50, deadline=None)
@given(tensor_partition())
def test_the_bound_never_exceeds_the_optimum(problem: TensorPartitionProblem) -> None:
    """No plan is below the combinatorial bound."""
    best, bound = optimum(problem), lower_bound(problem)
    assert bound is not None
    assert best is None or bound <= best


@settings(max_examples=50, deadline=None)
@given(tensor_partition())
def test_floors_rule_out_no_plan(problem: TensorPartitionProblem) -> None:
    """No plan is below the floor of its mode and number, and all it has is useful at its cost."""
    tables = build(problem)
    for plan in plans(problem):
        shares = tables.shares(plan)
        if shares is None:
            continue
        cost = tables.layer_ns(plan.mode, shares)
        floor = Floor(tables, plan.mode, len(shares))
        assert floor.layer() <= cost
        for place, what in enumerate(("heads", "columns", "rows")):
            if what in floor.times:
                useful = floor.useful(what, cost + 1)
                assert all(useful[d, split[place]] for d, split in shares.items())
        if plan.mode is not TensorMode.TENSOR:
            assert max(split[2] for split in shares.values()) in floor.tiles(cost + 1)


@_FEW
@given(tensor_partition())
def test_each_mode_is_a_choice(problem: TensorPartitionProblem) -> None:
    """The optimum over all modes is the least of the optima of each."""
    every = problem.model_copy(update={"modes": tuple(TensorMode)})
    single = [_optimum(problem.model_copy(update={"modes": (mode,)})) for mode in TensorMode]
    assert _optimum(every) == min((cost for cost in single if cost is not None), default=None)


@_FEW
@given(tensor_partition())
def test_more_memory_and_free_choice_never_hurt(problem: TensorPartitionProblem) -> None:
    """Ten bytes more on each device, and devices that may stay out, leave every plan valid."""
    best = _optimum(problem)
    assume(best is not None)
    devices = tuple(
        m.model_copy(update={"memory_bytes": m.memory_bytes + 10}) for m in problem.devices
    )
    for change in ({"devices": devices}, {"use_all_devices": False}):
        better = _optimum(problem.model_copy(update=change))
        assert better is not None
        assert best is not None
        assert better <= best


@_FEW
@given(tensor_partition())
def test_overlap_never_hurts(problem: TensorPartitionProblem) -> None:
    """Tiles beside transfers are at least as fast as one after the other."""
    apart = _optimum(problem.model_copy(update={"overlap": None}))
    together = _optimum(problem)
    assert (apart is None) == (together is None)
    assert apart is None or together is None or together <= apart


@pytest.mark.parametrize("seed", range(4))
def test_two_methods_agree_beyond_enumeration(seed: int) -> None:
    """Bisection and CP-SAT find one optimum for four unequal devices, 8 heads and 24 blocks."""
    spec = TensorSpec(seed, heads=8, columns=24, rows=32, tightness=95, overlap=seed % 2 == 0)
    problem = read_problem(generate(spec))
    assert isinstance(problem, TensorPartitionProblem)
    assert _optimum(problem) == _optimum(problem, 2)
