"""Every registered method against its traits and the oracle of its kind.

Written once: a kind joins by its strategy (tests/strategies.py, a function named like the kind),
its oracle (tests/oracles/<kind>.py) and its lines in solvers/registry/<kind>.py.
"""

from importlib import import_module
from importlib.util import find_spec
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.result import Claim, Limits, Reason
from planner.verify import verify
from solvers.registry import REGISTRY, Entry
from tests import strategies

LIMITS = Limits(time_limit_ns=60 * 10**9)
PROBLEMS = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

# A method without its module is named by test_completeness.py.
METHODS = [
    pytest.param(kind, entry, id=f"{kind}-{entry.name}")
    for kind, entries in REGISTRY.items()
    for entry in entries
    if find_spec(entry.where.partition(":")[0]) is not None
]
EXACT = [method for method in METHODS if method.values[1].traits.exact]
INEXACT = [method for method in METHODS if not method.values[1].traits.exact]


def _problem(kind: str) -> st.SearchStrategy[Any]:
    return getattr(strategies, kind)()


def _oracle(kind: str) -> Any:
    return import_module(f"tests.oracles.{kind}")


def _objective(problem: Any, claim: Claim[Any]) -> int | None:
    """The verified objective of a claim's plan, None without a plan; a refused plan fails."""
    if claim.plan is None:
        return None
    verdict = verify(problem, claim.plan)
    assert verdict.accepted, verdict.violations
    return verdict.objective


def _assert_sound(entry: Entry, problem: Any, claim: Claim[Any], optimum: int | None) -> None:
    """What holds for any claim, however early the method stopped."""
    objective = _objective(problem, claim)
    assert claim.solver == entry.name
    assert claim.reason is not Reason.FAILED, claim.detail
    if objective is not None:
        assert optimum is not None
        assert objective >= optimum
    if claim.lower_bound is not None:
        assert entry.traits.bounds
        assert optimum is None or claim.lower_bound <= optimum
    if claim.reason is Reason.INFEASIBLE:
        assert entry.traits.exact
        assert claim.plan is None
        assert optimum is None
    if claim.reason is Reason.COMPLETED:
        assert entry.traits.exact
        assert claim.plan is not None
    if claim.reason is Reason.UNSUPPORTED:
        assert claim.plan is None
        assert claim.lower_bound is None
        assert claim.detail


@pytest.mark.parametrize(("kind", "entry"), EXACT)
def test_exact_methods_agree_with_the_oracle(kind: str, entry: Entry) -> None:
    """A completed exact method has the optimum and its bound; none is claimed only of none."""
    solver = entry.load()

    @PROBLEMS
    @given(problem=_problem(kind))
    def check(problem: Any) -> None:
        optimum = _oracle(kind).optimum(problem)
        claim = solver.solve(problem, LIMITS)
        _assert_sound(entry, problem, claim, optimum)
        if claim.reason is Reason.UNSUPPORTED:
            return  # each kind's own tests say which two methods take which problem
        expected = Reason.INFEASIBLE if optimum is None else Reason.COMPLETED
        assert claim.reason is expected, claim.detail
        assert _objective(problem, claim) == optimum
        assert claim.lower_bound == optimum

    check()


@pytest.mark.parametrize(("kind", "entry"), INEXACT)
def test_methods_without_proof_never_claim_one(kind: str, entry: Entry) -> None:
    """A heuristic's plan is accepted and no better than the optimum, and it proves nothing."""
    solver = entry.load()

    @PROBLEMS
    @given(problem=_problem(kind))
    def check(problem: Any) -> None:
        claim = solver.solve(problem, LIMITS)
        _assert_sound(entry, problem, claim, _oracle(kind).optimum(problem))
        assert claim.reason is Reason.HEURISTIC
        assert claim.lower_bound is None
        assert claim.plan is not None or claim.detail

    check()


@pytest.mark.parametrize(("kind", "entry"), METHODS)
def test_equal_problems_get_equal_claims(kind: str, entry: Entry) -> None:
    """A deterministic method says the same twice, to the last figure of its plan."""
    if not entry.traits.deterministic:
        pytest.skip("does not promise it")

    @settings(PROBLEMS, max_examples=25)
    @given(problem=_problem(kind))
    def check(problem: Any) -> None:
        first, second = (entry.load().solve(problem, LIMITS) for _ in range(2))
        assert (first.reason, first.plan, first.lower_bound) == (
            second.reason,
            second.plan,
            second.lower_bound,
        )

    check()


@pytest.mark.parametrize(("kind", "entry"), METHODS)
def test_any_plan_will_do_as_a_hint(kind: str, entry: Entry) -> None:
    """A hint, good or breaking rules, changes neither what is proved nor what is feasible."""
    solver = entry.load()

    @settings(PROBLEMS, max_examples=25)
    @given(problem=_problem(kind), data=st.data())
    def check(problem: Any, data: st.DataObject) -> None:
        hint = data.draw(st.sampled_from(list(_oracle(kind).plans(problem))), label="hint")
        optimum = _oracle(kind).optimum(problem)
        claim = solver.solve(problem, LIMITS, hint)
        _assert_sound(entry, problem, claim, optimum)
        if entry.traits.exact and claim.reason is not Reason.UNSUPPORTED:
            assert _objective(problem, claim) == optimum

    check()


@pytest.mark.parametrize(("kind", "entry"), METHODS)
def test_hurried_methods_stay_honest(kind: str, entry: Entry) -> None:
    """With hardly any time a method may give up, but what it says still holds."""
    solver = entry.load()

    @settings(PROBLEMS, max_examples=25)
    @given(problem=_problem(kind), time_limit_ns=st.sampled_from([0, 1, 10**6]))
    def check(problem: Any, time_limit_ns: int) -> None:
        claim = solver.solve(problem, Limits(time_limit_ns=time_limit_ns))
        _assert_sound(entry, problem, claim, _oracle(kind).optimum(problem))

    check()
