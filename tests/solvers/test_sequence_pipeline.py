"""The methods of sequence pipelines beyond what the conformance suite asks of all kinds."""

from itertools import combinations, pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.documents import validate
from models.problems.sequence_pipeline import SequencePipelinePlan, SequencePipelineProblem
from models.result import Claim, Limits, Reason
from planner.bounds import lower_bound as combinatorial
from planner.verify import verify
from planner.verify.sequence_pipeline import chunk_ns
from problem_instances import best_known, load, names
from problem_instances.generators.sequence_pipeline import SequenceSpec, sequence_pipeline
from solvers.base import UNREACHABLE, Progress, Stopwatch
from solvers.registry import entries, entry
from solvers.search.sequence_pipeline_costs import read
from solvers.tables.sequence_pipeline import build, makespan
from solvers.tables.sequence_pipeline_chunks import (
    best_path,
    capped_paths,
    completion,
    lower_bound,
    shortest_path,
)
from tests import strategies
from tests.oracles.sequence_pipeline import optimum

LIMITS = Limits()
KIND = "sequence_pipeline"
_EXACT = ("deepening", "dp", "cpsat")


def _generated(seed: int, **fields: Any) -> SequencePipelineProblem:
    return validate(sequence_pipeline(SequenceSpec(seed=seed, **fields)), SequencePipelineProblem)


def _solved(name: str, problem: SequencePipelineProblem) -> Claim[SequencePipelinePlan]:
    method = entry(KIND, name)
    assert method is not None
    return method.load().solve(problem, LIMITS)


def _objective(problem: SequencePipelineProblem, claim: Claim[SequencePipelinePlan]) -> int | None:
    return None if claim.plan is None else verify(problem, claim.plan).objective


@settings(deadline=None, max_examples=50)
@given(strategies.sequence_pipeline())
def test_the_combinatorial_bound_never_exceeds_the_optimum(
    problem: SequencePipelineProblem,
) -> None:
    """Whatever the options, no plan is below the bound."""
    best = optimum(problem)
    bound = combinatorial(problem)
    assert bound is not None
    assert best is None or bound <= best


@pytest.mark.parametrize("seed", range(1, 5))
def test_all_exact_methods_agree_on_generated_problems(seed: int) -> None:
    """Six layers on three devices, four places to end a chunk; ordered, free, overlapped or not."""
    fields = {"ordered": seed % 2 == 0, "overlap": seed > 2, "request": seed == 3, "points": 2}
    problem = _generated(seed, devices=3, layers=6, prompt=100, step=20, **fields)
    claims = [_solved(name, problem) for name in _EXACT]
    assert {claim.reason for claim in claims} == {Reason.COMPLETED}
    values = {claim.lower_bound for claim in claims}
    assert len(values) == 1
    assert {_objective(problem, claim) for claim in claims} == values


@pytest.mark.parametrize("seed", [5, 7, 10, 12])
def test_nodes_that_are_left_out_lead_to_nothing_better(seed: int) -> None:
    """Long prompts, where a rule that leaves out more than it may has lost the optimum."""
    problem = _generated(seed, devices=3, types=3, layers=6, prompt=480)
    one, two = _solved("deepening", problem), _solved("dp", problem)
    assert one.reason is two.reason is Reason.COMPLETED
    assert one.lower_bound == two.lower_bound


@pytest.mark.parametrize("name", names(KIND))
def test_deepening_proves_the_shipped_optima(name: str) -> None:
    """Each in a fraction of a second, knowing nothing of the dynamic program that found them."""
    best, claim = best_known(name), _solved("deepening", load(name))
    assert best is not None
    assert claim.reason is (Reason.INFEASIBLE if best.plan is None else Reason.COMPLETED)
    assert claim.lower_bound == best.objective


def test_deepening_takes_few_rounds_where_links_are_slow() -> None:
    """Its first bound knows of no links: steps grow with the bound, not with the first one."""
    fields: Any = sequence_pipeline(SequenceSpec(seed=1, devices=5))
    for row in fields["times"].values():
        for layer in row.values():
            layer |= {part: time_ns // 10**4 for part, time_ns in layer.items()}
    claim = _solved("deepening", validate(fields, SequencePipelineProblem))
    assert claim.reason is Reason.COMPLETED
    assert int(claim.stats["rounds"]) < 20  # 26 otherwise


def test_deepening_is_no_kin_of_the_other_exact_methods() -> None:
    """Three methods of three families: any two of them are two opinions."""
    families = [item.traits.family for item in entries(KIND) if item.traits.exact]
    assert len(set(families)) == len(families) == 3


@settings(deadline=None, max_examples=50)
@given(problem=strategies.sequence_pipeline(), data=st.data())
def test_the_searchs_costs_are_the_verifiers(
    problem: SequencePipelineProblem, data: st.DataObject
) -> None:
    """Any chunk in all layers of a device to the nanosecond; two or more chunks never below."""
    costs = read(problem)
    assert costs is not None
    ends = data.draw(st.sampled_from(_divisions(costs.arc)))
    for device, kind in zip(problem.devices, costs.kind, strict=True):
        took = [
            sum(chunk_ns(problem, layer, device, int(j - i), int(i)) for layer in problem.layers)
            for i, j in pairwise(costs.position[list(ends)])
        ]
        assert took == [costs.work[costs.arc[i, j], kind, -1] for i, j in pairwise(ends)]
        for n, i in enumerate(ends[:-2]):
            assert costs.rest_work[i, kind, -1] <= sum(took[n:])


def _divisions(arc: Any, at: int = 0) -> list[tuple[int, ...]]:
    """All paths of positions to the end of the prompt."""
    if at == len(arc) - 1:
        return [(at,)]
    return [(at, *rest) for to in np.flatnonzero(arc[at] >= 0) for rest in _divisions(arc, int(to))]


@pytest.mark.parametrize("seed", range(3))
def test_deepening_cut_short_has_a_bound_that_holds(seed: int) -> None:
    """However many rounds there was time for, no plan is below what they have left behind."""
    problem = _generated(seed, devices=4, types=4, layers=16, prompt=480)
    optimum = _solved("deepening", problem).lower_bound
    bounds = _Bounds()
    method = entry(KIND, "deepening")
    assert method is not None
    assert optimum is not None
    method.load().solve(problem, LIMITS, report=bounds)
    assert len(bounds.seen) > 2
    assert bounds.seen == sorted(bounds.seen)
    assert bounds.seen[-1] == optimum
    assert method.load().solve(problem, Limits(time_limit_ns=0)).lower_bound <= bounds.seen[0]


class _Bounds(Progress[SequencePipelinePlan]):
    """Keeps all bounds that it hears of."""

    def __init__(self) -> None:
        self.seen: list[int] = []

    def bound(self, lower_bound: int) -> None:
        """One more."""
        self.seen.append(lower_bound)


@pytest.mark.parametrize("seed", range(1, 7))
def test_pareto_is_no_worse_than_the_formulas_optimum(seed: int) -> None:
    """Where the time factorises: the least (Σ a - max a) max w + max a Σ w over all plans."""
    problem = _generated(
        seed,
        devices=3,
        types=3,
        layers=6,
        prompt=100,
        tightness=10,
        ordered=True,
        factorising=True,
    )
    tables = build(problem)
    best = UNREACHABLE
    for a, b in combinations(range(1, tables.layers), 2):
        machines = tables.machines(((0, 0, a), (1, a, b), (2, b, tables.layers)))
        assert machines is not None
        slowest = machines[machines.sum(axis=1).argmax()]
        beside = machines.sum(axis=0) - slowest
        best = min(
            best,
            *(
                int(slowest[list(path)].sum() + beside[list(path)].max())
                for path in _paths(tables, machines)
            ),
        )
    found = _objective(problem, _solved("pareto", problem))
    assert found is not None
    assert found <= best


def test_jupiter_has_the_best_chunks_for_equal_stages() -> None:
    """There its formula is the recursion; other layers may still be better, as here."""
    problem = _generated(
        3, devices=4, types=1, layers=16, tightness=10, ordered=True, factorising=True
    )
    plan = _solved("jupiter", problem).plan
    assert plan is not None
    assert {stage.stop - stage.start for stage in plan.stages} == {4}
    tables = build(problem)
    stages = tuple((n, 4 * n, 4 * n + 4) for n in range(4))
    machines = tables.machines(stages)
    assert machines is not None
    rest = completion(tables, machines)
    found = best_path(tables, machines, rest, UNREACHABLE, Stopwatch(LIMITS, None))
    assert found is not None
    verdict = verify(problem, plan)
    assert verdict.objective == found[0]
    assert _solved("dp", problem).lower_bound < found[0]


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_labels_find_the_best_of_all_divisions(data: st.DataObject) -> None:
    """Against every path of a prompt of six tokens, on machines of any times; bounds hold."""
    tables = build(_generated(1, devices=2, layers=2, prompt=6, step=1))
    shape = (data.draw(st.integers(1, 4)), len(tables.tokens))
    work = st.lists(st.integers(0, 30), min_size=shape[0] * shape[1], max_size=shape[0] * shape[1])
    machines = np.array(data.draw(work)).reshape(shape)
    machines[:, tables.tokens > data.draw(st.integers(1, 6))] = UNREACHABLE
    best = min(makespan(machines, path) for path in _paths(tables, machines))
    rest = completion(tables, machines)
    assert lower_bound(tables, machines, rest) <= best
    watch = Stopwatch(LIMITS, None)
    found = best_path(tables, machines, rest, UNREACHABLE, watch)
    assert found is not None
    assert found[0] == best == makespan(machines, found[1])
    assert best_path(tables, machines, rest, best, watch) is None
    slowest = machines.max(axis=0)
    formula = min(_formula(slowest, path) for path in _paths(tables, machines))
    assert min(_formula(slowest, p) for p in capped_paths(tables, slowest, slowest)) == formula
    shortest = shortest_path(tables, slowest)
    assert shortest is not None
    assert slowest[list(shortest)].sum() == min(
        slowest[list(path)].sum() for path in _paths(tables, machines)
    )


def _paths(tables: Any, machines: Any, at: int = 0) -> list[tuple[int, ...]]:
    """All divisions into chunks that have room."""
    if at == len(tables.position) - 1:
        return [()]
    return [
        (e, *rest)
        for e in np.flatnonzero((tables.begin == at) & (machines[0] < UNREACHABLE)).tolist()
        for rest in _paths(tables, machines, int(tables.end[e]))
    ]


def _formula(times: Any, path: tuple[int, ...]) -> int:
    """Σ t + 3 max t."""
    return int(times[list(path)].sum() + 3 * times[list(path)].max())


def test_a_long_prompt_in_single_tokens_is_left_to_heuristics() -> None:
    """Thousands of places to end a chunk: exact methods say why not, heuristics thin them out."""
    problem = _generated(1, prompt=20000, step=1, tightness=1)
    for name in _EXACT:
        claim = _solved(name, problem)
        assert claim.reason is Reason.UNSUPPORTED
        assert "chunk_step" in claim.detail
    plan = _solved("jupiter", problem)
    assert _objective(problem, plan) is not None


def test_a_plan_in_force_is_not_answered_worse_than() -> None:
    """With hardly any time the search still has its hint."""
    problem = _generated(2, devices=3, layers=8)
    hint = _solved("jupiter", problem).plan
    method = entry(KIND, "dp")
    assert method is not None
    claim = method.load().solve(problem, Limits(time_limit_ns=0), hint)
    assert claim.reason is Reason.TIME_LIMIT
    assert claim.plan == hint


@pytest.mark.parametrize("wrong", [{"devices": 0}, {"step": 0}, {"tightness": 0}], ids=str)
def test_impossible_specifications_are_refused(wrong: dict[str, int]) -> None:
    """A specification without devices or steps is an error."""
    with pytest.raises(ValueError, match="1 or more"):
        SequenceSpec(seed=1, **wrong)
