"""What records prove together, gaps, curves and growth."""

from math import exp

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.benchmark.growth import Growth, NoLaw, climbs, fit
from planner.benchmark.profiles import mean_gap, performance, primal_integral
from planner.benchmark.results import answers, gap, gaps, primal_gap
from planner.benchmark.standings import standings
from planner.benchmark.tables import growth
from planner.benchmark.words import digits
from tests.planner.benchmark.rows import exact, heuristic


def test_an_optimum_is_proved_by_a_bound() -> None:
    """Best plan and best bound meet, whoever they are from; a bound below proves nothing."""
    proved = answers([exact(lower_bound=100, objective=None), heuristic(objective=100)])
    assert [answer.optimum for answer in proved.values()] == [100]
    open_ = answers([exact(lower_bound=90, proved=False), heuristic(objective=100)])
    assert [answer.optimum for answer in open_.values()] == [None]


def test_the_library_knows_optima() -> None:
    """An optimum proved before stands where this run proved nothing."""
    known = answers([heuristic(objective=150, optimum=100)])
    assert [answer.optimum for answer in known.values()] == [100]


@pytest.mark.parametrize(
    ("rows", "who"),
    [
        ([exact(lower_bound=120), heuristic(objective=100)], "dp"),
        ([exact(reason="infeasible", objective=None, lower_bound=None), heuristic()], "dp"),
        ([heuristic(objective=90, optimum=100)], "library"),
    ],
)
def test_contradictions_are_told(rows: list, who: str) -> None:
    """A bound above a plan, a plan where there is none: named, and no optimum is believed."""
    (answer,) = answers(rows).values()
    assert who in answer.contradiction
    assert answer.optimum is None


def test_gaps_count_what_is_missing() -> None:
    """A gap per problem, the worst of repetitions; a missing plan and an optimum of 0 apart."""
    rows = [
        exact(1), heuristic(1, objective=105), heuristic(1, objective=130, repetition=1),
        exact(2), heuristic(2, objective=None),
        exact(3, objective=0, lower_bound=0), heuristic(3, objective=4),
        exact(4, objective=0, lower_bound=0), heuristic(4, objective=0),
    ]  # fmt: skip
    found = gaps(rows, answers(rows), "edgeshard")
    assert found.values == [0.0, pytest.approx(0.3)]
    assert (found.missing, found.boundless) == (1, 1)
    assert gap(5, 0) is None


def test_a_family_that_is_not_taken_is_named() -> None:
    """No plan for any problem of a family is no failure on each of them, but told as such."""
    rows = [row for n in range(5) for row in (exact(n, family="other"),
            heuristic(n, family="other", objective=None))]  # fmt: skip
    rows += [exact(9), heuristic(9)]
    found = gaps(rows, answers(rows), "edgeshard")
    assert (found.missing, found.untaken, len(found.values)) == (0, ("other",), 1)


@given(st.integers(-(10**6), 10**6), st.integers(-(10**6), 10**6))
def test_primal_gap_is_a_share(objective: int, optimum: int) -> None:
    """It lies from 0, only at the optimum, to 1."""
    found = primal_gap(objective, optimum)
    assert 0 <= found <= 1
    assert (found == 0) == (objective == optimum)


def test_primal_integral_is_the_area() -> None:
    """No plan for a tenth of the time, a gap of 1/6 for a tenth, then the optimum."""
    assert primal_integral(exact(), 100, 100_000_000) == pytest.approx(0.1 + 0.1 / 6)
    assert primal_integral(exact(trace=()), 100, 100_000_000) == 1.0
    rows = [exact()]
    curve = mean_gap(rows, answers(rows), [5_000_000, 15_000_000, 25_000_000])
    assert curve == pytest.approx([1.0, 1 / 6, 0.0])


def test_public_problems_stand_against_the_best_bound() -> None:
    """Unproved optima are bounded by whoever is best at it; others' figures count beside ours."""
    public: dict[str, object] = {"source": "external", "size": None}
    rows = [
        exact(1, proved=False, objective=120, lower_bound=90, wall_ns=2 * _S, **public),
        exact(1, method="milp", proved=False, objective=None, lower_bound=100, **public),
        heuristic(1, objective=150, wall_ns=4 * _S, **public),
        exact(2, objective=None, lower_bound=None, wall_ns=4 * _S, **public),
        heuristic(2, objective=10, wall_ns=5 * _S, **public),
        heuristic(1, method="theirs", objective=110, measured=False, wall_ns=None, **public),
    ]
    assert standings(rows).rows == (
        ("dp", "1 of 2", "0", "20 %", "20 %", "3 s"),
        ("milp", "0 of 1", "0", "–", "–", "20 ms"),
        ("edgeshard", "2 of 2", "1", "50 %", "50 %", "4.5 s"),
        ("theirs", "1 of 1", "1", "10 %", "10 %", "–"),
    )


def test_profiles_are_of_common_problems() -> None:
    """Ratios to the fastest on problems that all tried; what one proves alone counts too."""
    rows = [
        exact(1, wall_ns=10**7), exact(1, wall_ns=4 * 10**7, method="milp"),
        exact(2, wall_ns=10**7), exact(2, proved=False, method="milp"),
        exact(3, wall_ns=10**7, size=16),
    ]  # fmt: skip
    dp, milp = performance(rows, ["dp", "milp"])
    assert (dp.ratios, dp.problems) == ((1.0, 1.0), 2)
    assert (milp.ratios, milp.problems) == ((4.0,), 2)


def test_what_another_left_is_no_sample() -> None:
    """Run only where `dp` failed, `milp` is not the better one: no profile, no climb of it."""
    rows = [
        *(exact(number, size=size) for size in (8, 16) for number in range(size, size + 4)),
        exact(20, size=16, proved=False), exact(20, size=16, method="milp"),
        exact(30, size=32, proved=False), exact(30, size=32, method="milp", proved=False),
    ]  # fmt: skip
    assert [profile.problems for profile in performance(rows, ["dp", "milp"])] == [0, 0]
    assert [(c.method, c.largest, c.failed) for c in climbs(rows)] == [
        ("dp", 16, 32), ("milp", None, 32),
    ]  # fmt: skip


@given(
    st.permutations(
        [(f, m, n) for f in ("latency", "x") for m in ("dp", "milp") for n in (1, 2, 4)]
    )
)
def test_climbs_stand_in_one_order(drawn: list[tuple[str, str, int]]) -> None:
    """Whatever a run measured first, families stand together and methods in order."""
    found = climbs([exact(n, family=f, method=m, size=n) for f, m, n in drawn])
    assert [(c.family, c.method) for c in found] == [
        ("latency", "dp"), ("latency", "milp"), ("x", "dp"), ("x", "milp"),
    ]  # fmt: skip


def test_an_early_end_is_told() -> None:
    """A method that is stuck at its second size is in the table of growth."""
    rows = [exact(1, size=2, method="milp"), exact(2, size=4, method="milp", proved=False)]
    assert [(c.largest, c.failed) for c in climbs(rows)] == [(2, 4)]


@pytest.mark.parametrize(
    ("law", "times"),
    [
        ("power", {n: 10**8 * n**2 for n in (2, 4, 8, 16)}),
        ("exponential", {n: round(10**8 * exp(0.3 * n)) for n in (2, 6, 10, 14)}),
    ],
)
def test_growth_finds_the_law(law: str, times: dict[int, int]) -> None:
    """Exact powers and exponentials are told apart, with their rates."""
    found = fit(times)
    assert isinstance(found, Growth)
    assert (found.law, round(found.rate, 2)) == (law, 2.0 if law == "power" else 0.3)
    assert found.r_squared == pytest.approx(1)
    assert found.at(8) == pytest.approx(times.get(8, 10**8 * exp(2.4)), rel=0.01)


_S = 10**9


@pytest.mark.parametrize(
    ("why", "times"),
    [
        (NoLaw.FEW, {1: 10**8, 2: 10**9}),
        (NoLaw.FEW, {1: 10**6, 2: 2 * 10**6, 4: 4 * 10**6}),
        (NoLaw.FLAT, {4: 11 * 10**7, 8: 10**8, 16: 12 * 10**7, 32: 11 * 10**7}),
        (NoLaw.UNCLEAR, {4: 16 * _S, 8: 8 * _S, 16: 4 * _S, 32: 2 * _S}),
        (NoLaw.UNCLEAR, {4: _S, 8: 9 * _S, 16: 2 * _S, 32: 12 * _S, 64: 6 * _S}),
        # On a line they would be with five points more: three say too little for this R² of 0.85.
        (NoLaw.UNCLEAR, {4: _S, 8: 5 * _S, 16: 7 * _S}),
    ],
)
def test_no_law_is_claimed_without_reason(why: NoLaw, times: dict[int, int]) -> None:
    """Few, flat, falling or scattered times are named so, and nothing is fitted to them."""
    assert fit(times) is why


@given(st.lists(st.integers(10**8, 10**11), min_size=3, max_size=9))
def test_whatever_is_fitted_grows_and_reads(walls: list[int]) -> None:
    """No rate is negative, no figure is in exponents, and most of the variance is explained."""
    found = fit({4 * 2**step: wall for step, wall in enumerate(walls)})
    if isinstance(found, Growth):
        assert found.rate > 0
        assert 0.8 <= found.r_squared <= 1
        assert not {"e", "-", "+"} & set(found.in_words)


@pytest.mark.parametrize(
    ("value", "words"),
    [(0.774, "0.77"), (1.44, "1.4"), (9.96, "10"), (117.2, "120"), (2812, "2,800")],
)
def test_digits_are_read_without_exponents(value: float, words: str) -> None:
    """Two digits that count, as a person writes them."""
    assert digits(value) == words


def test_climbs_end_where_nothing_is_proved() -> None:
    """The largest size proved, what it took of memory, and the first that was not, of any seed."""
    rows = [
        exact(1, size=8), exact(2, size=16, proved=False, peak_bytes=9),
        exact(3, size=16, peak_bytes=7), exact(4, size=32, proved=False, reason="time-limit"),
    ]  # fmt: skip
    (climb,) = climbs(rows)
    assert (climb.largest, climb.peak_bytes, climb.failed, climb.tried) == (16, 7, 32, 3)
    assert climb.reason == "time-limit"
    assert not climb.ceiling


def test_the_largest_that_a_document_allows_is_told_from_the_largest_tried() -> None:
    """A pipeline's document holds 1,024 layers, so that a proof of those leaves nothing to try."""
    for size, words in ((512, "not tried"), (1024, "a document allows no more")):
        found = climbs([exact(n, size=n) for n in (128, 256, size)])
        (row,) = growth(found, 60 * _S).rows
        assert row[2] == f"{size:,} layers"
        assert row[5] == words
