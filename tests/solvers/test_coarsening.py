"""Rows that floating point does not tell apart, and what HiGHS is believed on them."""

import itertools

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.result import Limits, Reason
from solvers.backends import program_highs
from solvers.backends.coarsening import around, hazy, within
from solvers.base import Stopwatch
from solvers.integer_program import Array, IntegerProgram
from solvers.program_builder import Builder

_WATCH = Stopwatch(Limits(time_limit_ns=3600 * 10**9), None)
_FAR_APART = st.sampled_from([1, 10**3, 10**7, 10**8, 10**9, 10**10, 10**12])


def _points(program: IntegerProgram) -> list[Array]:
    ranges = (range(a, b + 1) for a, b in zip(program.lower, program.upper, strict=True))
    return [np.array(point) for point in itertools.product(*ranges)]


@st.composite
def _knapsacks(draw: st.DrawFn) -> IntegerProgram:
    """Up to 9 columns; a few large numbers, small ones that decide, and limits that are met.

    Equations and lower limits among the rows, columns that start below 0.
    """
    factor, builder = draw(_FAR_APART), Builder()
    size = draw(st.integers(3, 9))
    for _ in range(size):
        low = draw(st.sampled_from([0, 0, 0, -1]))
        builder.column(draw(st.integers(-100, 20)), low, low + 1)
    for _ in range(draw(st.integers(1, 2))):
        large = st.builds(lambda near: factor + near, st.integers(0, 2))
        values = [draw(st.one_of(large, st.integers(-1, 4))) for _ in range(size)]
        picked = draw(st.lists(st.booleans(), min_size=size, max_size=size))
        limit = sum(a for a, taken in zip(values, picked, strict=True) if taken)
        most = limit + draw(st.integers(0, 3))
        low = draw(st.sampled_from([None, None, limit, most]))
        builder.row(list(enumerate(values)), low, most)
    return builder.program()


@settings(deadline=None, max_examples=150, suppress_health_check=list(HealthCheck))
@given(_knapsacks())
def test_rows_of_any_magnitude_are_solved_to_the_unit(program: IntegerProgram) -> None:
    """One byte beside terabytes decides as it does beside bytes, and a bound is never too high."""
    best = min(map(program.objective, filter(program.holds, _points(program))), default=None)
    answer = program_highs.solve(program, _WATCH)
    assert answer.reason is (Reason.INFEASIBLE if best is None else Reason.COMPLETED)
    assert answer.bound == best
    assert (answer.point is None) == (best is None)
    assert answer.point is None or program.objective(answer.point) == best


@given(_knapsacks())
def test_coarse_programs_lie_around_and_within(program: IntegerProgram) -> None:
    """Rounding loses no point of the program on one side and lets none in on the other."""
    outer, inner = around(program), within(program)
    equations = (program.row_lower == program.row_upper).any()
    for point in _points(program):
        assert outer.holds(point) or not program.holds(point)
        if inner is not None and not equations:
            assert program.holds(point) or not inner.holds(point)


def test_rows_that_are_told_apart_stand() -> None:
    """Numbers of a common divisor are as good as small ones; a byte beside them is not."""
    for values, coarse in (((2**40, 3 * 2**40), False), ((2**40, 1), True), ((2**20, 1), False)):
        builder = Builder()
        builder.row([(builder.column(-1), value) for value in values], high=2**40)
        program = builder.program()
        assert (around(program) is program) is not coarse
        assert (within(program) is None) is not coarse


def test_wide_columns_may_be_fractional_outside() -> None:
    """Columns of hundreds are left to branching on integers that HiGHS has no part in."""
    builder = Builder()
    for upper in (200, 300):
        builder.column(1, upper=upper)
    assert around(builder.program()).whole.tolist() == [True, False]


def _worst_three(energy: int, limit: int) -> IntegerProgram:
    """The first of three may be taken where the dearest two keep to a limit; it is worth 100."""
    builder = Builder()
    chosen = [builder.column(-worth) for worth in (100, 60, 50)]
    energies = (energy + 1, energy, 2)
    level = builder.column(upper=limit, whole=False)
    over = [builder.column(upper=limit, whole=False) for _ in energies]
    builder.row([(level, 2), *((column, 1) for column in over)], high=limit)
    for column, above, each in zip(chosen, over, energies, strict=True):
        builder.row([(level, 1), (above, 1), (column, -each)], low=0)
    return builder.program()


@pytest.mark.parametrize("exponent", [3, 6, 9])
def test_worst_energies_of_any_size_are_proved(exponent: int) -> None:
    """Two dear experts are a microjoule too much together, at 10^9 as at 10^3."""
    energy = 10**exponent
    for limit, best in ((2 * energy, -150), (2 * energy + 1, -210)):
        answer = program_highs.solve(_worst_three(energy, limit), _WATCH)
        assert (answer.reason, answer.bound) == (Reason.COMPLETED, best)


@pytest.mark.parametrize("exponent", [12, 13])
def test_energies_in_the_haze_are_not_taken_for_proved(
    exponent: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where HiGHS cannot see a microjoule, what is claimed is what few nodes in integers prove."""
    monkeypatch.setattr("solvers.backends.branching._WORK", 500)
    energy = 10**exponent
    for limit, best in ((2 * energy, -150), (2 * energy + 1, -210)):
        program = _worst_three(energy, limit)
        assert hazy(program)
        answer = program_highs.solve(program, _WATCH)
        assert answer.bound is None or answer.bound <= best
        assert answer.point is None or program.objective(answer.point) >= best


def test_what_is_not_proved_has_a_plan_and_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the search in integers may not help, a byte more costs the claim, not the plan."""
    builder = Builder()
    columns = [builder.column(-worth) for worth in (10, 9, 1)]
    sizes = (10**12 + 1, 10**12, 1)
    builder.row(list(zip(columns, sizes, strict=True)), high=10**12)
    monkeypatch.setattr("solvers.backends.branching._WORK", 0)
    answer = program_highs.solve(builder.program(), _WATCH)
    assert answer.reason is Reason.HEURISTIC
    assert answer.point is not None
    assert builder.program().objective(answer.point) >= -9
    assert answer.bound is not None
    assert answer.bound <= -9


def test_no_bound_is_taken_from_haze(monkeypatch: pytest.MonkeyPatch) -> None:
    """Floating point gives such a program points, no bound and no word that there is none."""
    monkeypatch.setattr("solvers.backends.branching._WORK", 0)
    answer = program_highs.solve(_worst_three(10**13, 2 * 10**13), _WATCH)
    assert (answer.reason, answer.bound) == (Reason.HEURISTIC, None)
