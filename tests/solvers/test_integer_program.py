"""Integer programs in plain integers, and what HiGHS and CP-SAT say of them."""

import itertools

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from models.result import Limits, Reason
from solvers.backends import highs, program_cpsat, program_highs
from solvers.base import Stopwatch
from solvers.integer_program import IntegerProgram
from solvers.program_builder import Builder

_SECOND = 10**9


def _watch(time_ns: int = 10 * _SECOND) -> Stopwatch:
    return Stopwatch(Limits(time_limit_ns=time_ns), None)


def _brute(program: IntegerProgram) -> int | None:
    ranges = (range(a, b + 1) for a, b in zip(program.lower, program.upper, strict=True))
    points = map(np.array, itertools.product(*ranges))
    return min((program.objective(point) for point in points if program.holds(point)), default=None)


@st.composite
def _programs(draw: st.DrawFn) -> IntegerProgram:
    program = Builder()
    size = draw(st.integers(1, 4))
    for _ in range(size):
        program.column(draw(st.integers(-9, 9)), upper=draw(st.integers(0, 3)))
    for _ in range(draw(st.integers(0, 3))):
        terms = [(column, draw(st.integers(-4, 4))) for column in range(size)]
        low = draw(st.one_of(st.none(), st.integers(-6, 6)))
        high = (
            None
            if low is not None and draw(st.booleans())
            else (low or 0) + draw(st.integers(0, 6))
        )
        program.row(terms, low, high)
    return program.program()


@settings(deadline=None, max_examples=150)
@given(_programs())
def test_both_solvers_find_the_enumerated_optimum(program: IntegerProgram) -> None:
    """Point, bound and infeasibility are those of enumeration, for HiGHS and for CP-SAT."""
    best = _brute(program)
    for answer in (
        program_highs.solve(program, _watch()),
        program_cpsat.solve(program, _watch()),
    ):
        assert answer.infeasible is (best is None)
        if best is not None:
            assert answer.point is not None
            assert program.objective(answer.point) == best == answer.bound


@settings(deadline=None, max_examples=80)
@given(_programs())
def test_the_relaxation_is_a_bound(program: IntegerProgram) -> None:
    """The linear relaxation is no more than the optimum, where there is one."""
    best = _brute(program)
    relaxed = highs.relax(program, _watch())
    if best is not None:
        assert relaxed.values is not None
        assert program.cost @ relaxed.values <= best + 1e-6


def test_an_empty_program_is_no_placeholder() -> None:
    """Without columns the answer is the empty point at 0, or that there is none."""
    program = Builder()
    assert program_highs.solve(program.program(), _watch()).point.size == 0
    program.row([], low=1)
    assert program_highs.solve(program.program(), _watch()).infeasible


def test_a_solve_error_is_no_answer() -> None:
    """HiGHS 1.12.0 ends with a solve error on -2 x = -1; without presolve it denies a point."""
    program = Builder()
    for _ in range(3):
        program.column(upper=0)
    program.column(upper=2)
    program.row([], high=0)
    program.row([(1, 1), (2, 2), (3, -2)], -1, -1)
    assert program_highs.solve(program.program(), _watch()).infeasible


def test_no_time_is_no_proof() -> None:
    """A search without time neither denies a plan nor claims a bound that it has not."""
    program = Builder()
    for price in range(30):
        program.column(-1 - price % 7)
    program.row([(column, 3 + column % 5) for column in range(30)], high=37)
    whole = program.program()
    best = program_highs.solve(whole, _watch()).bound
    assert best is not None
    for answer in (program_highs.solve(whole, _watch(0)), program_cpsat.solve(whole, _watch(0))):
        assert not answer.infeasible
        assert answer.bound is None or answer.bound <= best


def test_sums_beyond_64_bits_are_not_given_to_cpsat() -> None:
    """Programs whose sums could overflow are recognised beforehand."""
    program = Builder()
    for _ in range(8):
        program.column(2**60)
    for library in (program_cpsat, program_highs):
        answer = library.solve(program.program(), _watch())
        assert (answer.reason, answer.point, answer.bound) == (Reason.UNSUPPORTED, None, None)
        assert answer.detail


def test_a_share_of_the_time_ends_with_the_whole() -> None:
    """A part of a stopwatch runs out by itself, and no later than the stopwatch."""
    watch = _watch()
    assert watch.share(0).expired()
    assert not watch.expired()
    assert watch.share(10**15).left_ns() <= watch.left_ns() + _SECOND
    assert _watch(0).share(_SECOND).expired()


def test_numbers_beyond_int64_are_kept() -> None:
    """Coefficients of any size are held exactly, in sums as well."""
    program = Builder()
    program.column(2**70)
    program.column(3)
    program.row([(0, 2**61), (1, 1)], high=2**61)
    whole = program.program()
    assert whole.objective(np.array([1, 1])) == 2**70 + 3
    assert whole.holds(np.array([1, 0]))
    assert not whole.holds(np.array([1, 1]))
