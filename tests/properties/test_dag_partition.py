"""Laws that DAG partitions obey, and reductions that must not change the optimum."""

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from models.documents import read_problem
from models.problems.dag_partition import DagPartitionProblem
from models.result import Limits, Reason
from planner.bounds import lower_bound
from planner.verify import verify
from problem_instances.generate import generate
from problem_instances.generators.dag_partition import DagSpec
from solvers.base import Stopwatch
from solvers.registry import REGISTRY
from solvers.tables.dag_partition import build
from solvers.tables.dag_partition_chain import Chain
from solvers.tables.dag_partition_ideals import all_ideals, build_ideals
from solvers.tables.dag_partition_linear import most
from tests.oracles.dag_partition import optimum
from tests.strategies import dag_partition

_LIMITS = Limits(time_limit_ns=60 * 10**9)
_FEW = settings(max_examples=25, deadline=None)


def _optimum(problem: DagPartitionProblem, method: int = 0) -> int | None:
    """The optimum by the kind's exact methods: 0 dp, 1 cpsat, 2 milp."""
    claim = REGISTRY[problem.kind][method].load().solve(problem, _LIMITS)
    assert claim.reason in (Reason.COMPLETED, Reason.INFEASIBLE)
    return None if claim.plan is None else verify(problem, claim.plan).objective


def _copy(problem: DagPartitionProblem, **fields: object) -> DagPartitionProblem:
    # dict(problem) would hold cached properties too.
    same = {name: getattr(problem, name) for name in DagPartitionProblem.model_fields}
    return DagPartitionProblem(**{**same, **fields})


@st.composite
def _larger(draw: st.DrawFn) -> DagPartitionProblem:
    """Generated graphs of 8 to 23 operators: too many to enumerate."""
    spec = DagSpec(
        seed=draw(st.integers(0, 10**6)),
        blocks=draw(st.integers(1, 2)),
        branches=draw(st.integers(2, 3)),
        depth=draw(st.integers(2, 3)),
        accelerators=draw(st.integers(2, 4)),
        cpus=draw(st.integers(0, 2)),
        tightness=draw(st.integers(40, 95)),
        training=draw(st.booleans()),
    )
    problem = read_problem(generate(spec))
    assert isinstance(problem, DagPartitionProblem)
    return problem


@settings(max_examples=50, deadline=None)
@given(dag_partition())
def test_the_bound_never_exceeds_the_optimum(problem: DagPartitionProblem) -> None:
    """No plan is below the combinatorial bound."""
    best, bound = optimum(problem), lower_bound(problem)
    assert bound is not None
    assert best is None or bound <= best


@_FEW
@given(dag_partition())
def test_contiguity_never_helps(problem: DagPartitionProblem) -> None:
    """The free optimum is at most the contiguous one."""
    contiguous = _optimum(_copy(problem, contiguous=True))
    assume(contiguous is not None)
    free = _optimum(_copy(problem, contiguous=False))
    assert contiguous is not None
    assert free is not None
    assert free <= contiguous


@_FEW
@given(dag_partition())
def test_more_of_anything_never_hurts(problem: DagPartitionProblem) -> None:
    """One device or one byte more leaves every plan valid."""
    best = _optimum(problem)
    assume(best is not None)
    for field in ("accelerators", "cpus", "accelerator_memory_bytes"):
        better = _optimum(_copy(problem, **{field: getattr(problem, field) + 1}))
        assert better is not None
        assert best is not None
        assert better <= best


@_FEW
@given(dag_partition(), st.randoms())
def test_the_order_of_the_document_says_nothing(
    problem: DagPartitionProblem, random: object
) -> None:
    """Operators and edges in another order have the same optimum."""
    operators, edges = list(problem.operators), list(problem.edges)
    random.shuffle(operators)  # type: ignore[attr-defined]  # hypothesis gives a Random
    random.shuffle(edges)  # type: ignore[attr-defined]
    shuffled = _copy(problem, operators=tuple(operators), edges=tuple(edges))
    assert _optimum(shuffled) == _optimum(problem)


@settings(max_examples=8, deadline=None)
@given(_larger())
def test_three_methods_agree_beyond_enumeration(problem: DagPartitionProblem) -> None:
    """Ideals, clauses and branch and bound find one optimum on graphs of up to 46 operators."""
    assert _optimum(problem) == _optimum(problem, 1)
    # HiGHS needs minutes for 11 operators where accelerators and CPUs may stand in any order.
    small = len(problem.operators) < 14 and problem.cpus == 0
    assert not small or _optimum(problem) == _optimum(problem, 2)


@settings(max_examples=30, deadline=None)
@given(_larger(), st.integers(0, 30))
def test_a_ceiling_hides_nothing_below_it(problem: DagPartitionProblem, percent: int) -> None:
    """The table under any ceiling at or above the optimum has the value of the whole table."""
    tables = build(problem)
    watch = Stopwatch(_LIMITS, None)
    ideals = build_ideals(tables, all_ideals(tables, 10**5, watch))
    whole = Chain(ideals, most(tables), watch).solve()
    assume(whole is not None)
    assert whole is not None
    found = Chain(ideals, whole[0] * (100 + percent) // 100, watch).solve()
    assert found is not None
    assert found[0] == whole[0]
    assert Chain(ideals, whole[0] - 1, watch).solve() is None


@settings(max_examples=30, deadline=None)
@given(_larger())
def test_loads_of_pairs_are_loads_of_sets(problem: DagPartitionProblem) -> None:
    """The matrix product gives what a device with the difference of two ideals carries."""
    tables = build(problem)
    ideals = build_ideals(tables, all_ideals(tables, 10**5, Stopwatch(_LIMITS, None)))
    every = np.arange(len(ideals.held))
    some = every[:: max(1, every.size // 12)]
    loads = ideals.accelerator_loads(some, some)
    for i, inner in enumerate(some):
        for j, outer in enumerate(some):
            taken = ideals.held[outer] & ~ideals.held[inner]
            nested = not (ideals.held[inner] & ~ideals.held[outer]).any()
            fits = tables.size_bytes[taken].sum() <= tables.memory_bytes
            if nested and fits and tables.supported[taken].all():
                cut = sum(
                    cost for ends, cost in tables.nets if 0 < taken[list(ends)].sum() < len(ends)
                )
                assert loads[i, j] == tables.accelerator_ns[taken].sum() + cut
            else:
                assert loads[i, j] > most(tables)
