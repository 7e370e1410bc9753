"""Integer programs in plain integers, and what HiGHS and CP-SAT say of them."""

from hypothesis import given, settings
from hypothesis import strategies as st

from solvers.backends import program_cpsat, program_highs
from solvers.integer_program import IntegerProgram

_SECOND = 10**9


def _brute(program: IntegerProgram) -> int | None:
    points = [()]
    for low, high in zip(program.lower, program.upper, strict=True):
        points = [(*point, x) for point in points for x in range(low, high + 1)]
    return min((program.value(point) for point in points if program.holds(point)), default=None)


@st.composite
def _programs(draw: st.DrawFn) -> IntegerProgram:
    program = IntegerProgram()
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
    return program


@settings(deadline=None, max_examples=150)
@given(_programs())
def test_both_solvers_find_the_enumerated_optimum(program: IntegerProgram) -> None:
    """Point, bound and infeasibility are those of enumeration, for HiGHS and for CP-SAT."""
    best = _brute(program)
    assert program_cpsat.fits(program)
    for answer in (
        program_highs.solve(program, 10 * _SECOND),
        program_cpsat.solve(program, 10 * _SECOND, seed=0),
    ):
        assert answer.infeasible is (best is None)
        if best is not None:
            assert answer.point is not None
            assert program.value(answer.point) == best == answer.bound


@settings(deadline=None, max_examples=80)
@given(_programs())
def test_the_relaxation_is_a_bound(program: IntegerProgram) -> None:
    """The linear relaxation is no more than the optimum, where there is one."""
    best = _brute(program)
    relaxed = program_highs.relax(program, 10 * _SECOND)
    if best is not None:
        assert relaxed is not None
        assert relaxed.value <= best + 1e-6


def test_an_empty_program_is_no_placeholder() -> None:
    """Without columns the answer is the empty point at 0, or that there is none."""
    program = IntegerProgram()
    assert program_highs.solve(program, _SECOND).point == ()
    program.row([], low=1)
    assert program_highs.solve(program, _SECOND).infeasible


def test_a_solve_error_is_no_answer() -> None:
    """HiGHS 1.12.0 ends with a solve error on -2 x = -1; without presolve it denies a point."""
    program = IntegerProgram()
    for _ in range(3):
        program.column(upper=0)
    program.column(upper=2)
    program.row([], high=0)
    program.row([(1, 1), (2, 2), (3, -2)], -1, -1)
    assert program_highs.solve(program, _SECOND).infeasible


def test_no_time_is_no_proof() -> None:
    """A search without time neither denies a plan nor claims a bound that it has not."""
    program = IntegerProgram()
    for price in range(30):
        program.column(-1 - price % 7)
    program.row([(column, 3 + column % 5) for column in range(30)], high=37)
    best = program_highs.solve(program, 10 * _SECOND).bound
    assert best is not None
    for answer in (program_highs.solve(program, 0), program_cpsat.solve(program, 0, seed=0)):
        assert not answer.infeasible
        assert answer.bound is None or answer.bound <= best


def test_sums_beyond_64_bits_are_not_given_to_cpsat() -> None:
    """Programs whose sums could overflow are recognised beforehand."""
    program = IntegerProgram()
    for _ in range(8):
        program.column(2**60)
    assert not program_cpsat.fits(program)
