"""Laws that every split-computing problem keeps, whatever its figures."""

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from models.problems.split_computing import (
    Against,
    Scenario,
    SplitComputingProblem,
    SplitLimits,
    SplitObjective,
)
from models.result import Limits
from models.split_models import Representation
from solvers.dp.split_computing import DynamicProgram
from tests.split_strategies import split_computing

LAWS = settings(deadline=None, max_examples=60)


def _optimum(problem: SplitComputingProblem, **changes: object) -> int | None:
    return DynamicProgram().solve(problem.model_copy(update=changes), Limits()).lower_bound


def _no_worse(better: int | None, than: int | None) -> bool:
    """Whether an optimum is not above another, where no plan at all is the worst."""
    return than is None or (better is not None and better <= than)


@LAWS
@given(split_computing())
def test_without_limits_nothing_costs_more(problem: SplitComputingProblem) -> None:
    """Leaving all limits out never makes the optimum worse, and then there is always a plan."""
    free = _optimum(problem, limits=SplitLimits())
    assert free is not None
    assert _no_worse(free, _optimum(problem))


@LAWS
@given(split_computing())
def test_another_form_never_hurts(problem: SplitComputingProblem) -> None:
    """A further representation leaves the optimum or lowers it."""
    half = Representation(name="half", size_ppm=500_000)
    more = _optimum(problem, representations=(*problem.representations, half))
    assert _no_worse(more, _optimum(problem))


@LAWS
@given(split_computing(), st.integers(2, 9))
def test_a_faster_link_never_hurts(problem: SplitComputingProblem, factor: int) -> None:
    """More bandwidth on all hops, in all scenarios, leaves the optimum or lowers it."""
    hops = tuple(
        hop.model_copy(update={"bandwidth_bit_per_s": hop.bandwidth_bit_per_s * factor})
        for hop in problem.hops
    )
    scenarios = tuple(
        s.model_copy(
            update={"bandwidth_bit_per_s": tuple(x * factor for x in s.bandwidth_bit_per_s)}
        )
        for s in problem.scenarios
    )
    assert _no_worse(_optimum(problem, hops=hops, scenarios=scenarios), _optimum(problem))


@LAWS
@given(split_computing(), st.integers(2, 5))
def test_only_ratios_of_weights_count(problem: SplitComputingProblem, factor: int) -> None:
    """Scenario weights times a constant change nothing."""
    heavier = tuple(s.model_copy(update={"weight": s.weight * factor}) for s in problem.scenarios)
    assert _optimum(problem, scenarios=heavier) == _optimum(problem)


@LAWS
@given(split_computing())
def test_one_scenario_twice_is_one_scenario(problem: SplitComputingProblem) -> None:
    """Two equal scenarios say no more than one, against the mean and against the worst."""
    rates = tuple(hop.bandwidth_bit_per_s for hop in problem.hops)
    twice = tuple(Scenario(name=name, bandwidth_bit_per_s=rates) for name in "ab")
    for against in Against:
        once = _optimum(problem, scenarios=(), against=against)
        assert _optimum(problem, scenarios=twice, against=against) == once


@LAWS
@given(split_computing())
def test_the_worst_is_no_better_than_any_scenario(problem: SplitComputingProblem) -> None:
    """The worst-case optimum is at least the optimum of each scenario by itself."""
    assume(problem.scenarios)
    plain = problem.model_copy(update={"limits": SplitLimits(), "against": Against.WORST})
    worst = _optimum(plain)
    for scenario in problem.scenarios:
        assert _no_worse(_optimum(plain, scenarios=(scenario,)), worst)


@LAWS
@given(split_computing())
def test_the_least_latency_is_the_tightest_deadline(problem: SplitComputingProblem) -> None:
    """A deadline at the least latency has a plan, one ns less has none."""
    least = _optimum(problem, limits=SplitLimits(), objective=SplitObjective.LATENCY)
    assert least is not None
    assert _optimum(problem, limits=SplitLimits(deadline_ns=least)) is not None
    assume(least > 0)
    assert _optimum(problem, limits=SplitLimits(deadline_ns=least - 1)) is None
