"""What is proved in exact integers: bounds from any duals, empty boxes, whole searches."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.result import Limits, Reason
from solvers.backends import branching, highs, program_highs
from solvers.backends.branching import prove
from solvers.backends.propagation import tightened, with_cutoff
from solvers.backends.safe_bound import farkas, priced
from solvers.backends.settling import settled
from solvers.base import Stopwatch
from solvers.integer_program import Array, IntegerProgram
from solvers.program_builder import Builder

_WATCH = Stopwatch(Limits(time_limit_ns=3600 * 10**9), None)


def _points(program: IntegerProgram) -> list[Array]:
    ranges = (range(a, b + 1) for a, b in zip(program.lower, program.upper, strict=True))
    return [p for p in map(np.array, itertools.product(*ranges)) if program.holds(p)]


@st.composite
def _programs(draw: st.DrawFn) -> IntegerProgram:
    """Up to 5 columns and 3 rows with numbers of up to 13 digits, off round ones by a little."""
    number = st.builds(
        lambda digit, factor, off: digit * factor + off,
        st.integers(-9, 9),
        st.sampled_from([1, 10**6, 10**12]),
        st.integers(-2, 2),
    )
    program, size = Builder(), draw(st.integers(1, 5))
    for _ in range(size):
        low = draw(st.integers(-1, 0))
        program.column(draw(number), low, low + draw(st.integers(0, 3)))
    for _ in range(draw(st.integers(0, 3))):
        low = draw(st.one_of(st.none(), number))
        high = draw(st.one_of(st.none(), number)) if low is None else low + draw(st.integers(0, 9))
        program.row([(column, draw(number)) for column in range(size)], low, high)
    return program.program()


@given(_programs())
def test_a_search_ends_with_the_enumerated_optimum(program: IntegerProgram) -> None:
    """Whatever the numbers' size, a search that finishes has the optimum, or knows of none."""
    best = min(map(program.objective, _points(program)), default=None)
    proof = prove(program, _WATCH)
    assert proof.finished
    assert proof.bound == best
    assert (proof.point is None) == (best is None)
    assert proof.point is None or (program.holds(proof.point) and best is not None)


@given(_programs(), st.lists(st.floats(-1e9, 1e9), min_size=3, max_size=3))
def test_any_duals_bound_from_below(program: IntegerProgram, duals: list[float]) -> None:
    """No multipliers, however wrong, prove more than the optimum, or a box with points empty."""
    points = _points(program)
    if not points:
        return
    best = min(map(program.objective, points))
    found = priced(program, np.array(duals[: program.rows]))
    assert found.bound <= best
    lower, upper = found.narrowed(best)
    assert any((lower <= p).all() and (p <= upper).all() for p in points)
    box = (program.lower, program.upper)
    assert not farkas(program, np.array(duals[: program.rows]), box)


@given(_programs())
def test_the_duals_of_a_network_prove_its_optimum(program: IntegerProgram) -> None:
    """Where the relaxation solves, its own duals prove it to within what they are cut off to."""
    relaxed = highs.relax(program, _WATCH)
    if relaxed.values is None or relaxed.duals is None:
        return
    value = float(program.cost @ relaxed.values)
    slack = 1e-6 * (1 + float(np.abs(program.cost).sum() + np.abs(program.value).sum()))
    assert priced(program, relaxed.duals).bound >= value - slack


@given(_programs(), st.integers(-(10**13), 10**13))
def test_propagation_keeps_every_point(program: IntegerProgram, most: int) -> None:
    """Narrower bounds lose no point of the program, nor of the program below a cutoff."""
    cut = with_cutoff(program, most)
    kept = [p for p in _points(program) if program.objective(p) <= most]
    found = tightened(cut, program.lower, program.upper)
    assert found is not None or not kept
    for point in kept:
        assert (found[0] <= point).all()
        assert (point <= found[1]).all()


def _largest_load() -> Builder:
    """Three jobs on two machines, the largest load at least each machine's."""
    builder = Builder()
    load = builder.column(1, upper=10**13, whole=False)
    jobs = [(builder.column(), builder.column(), time) for time in (5, 7, 9)]
    for a, b, _ in jobs:
        builder.row([(a, 1), (b, 1)], 1, 1)
    for machine in (0, 1):
        terms = [(job[machine], job[2] * 10**11 + machine) for job in jobs]
        builder.row([*terms, (load, -1)], high=0)
    return builder


@given(_programs(), st.integers(1, 10**12))
def test_only_what_counts_is_proved(program: IntegerProgram, grain: int) -> None:
    """Between multiples of the grain the bound may lie lower, but it counts as the optimum."""
    best = min(map(program.objective, _points(program)), default=None)
    proof = prove(replace(program, grain=grain), _WATCH)
    assert proof.finished
    assert (proof.bound is None) == (best is None)
    if best is not None and proof.bound is not None:
        assert proof.bound <= best
        assert -(-proof.bound // grain) == -(-best // grain)


def test_what_follows_is_settled_exactly() -> None:
    """The largest load is what the jobs make it, whatever floating point says of it."""
    program = _largest_load().program()
    point = settled(program, np.array([1.2e12 - 7.0, 1, 0, 1e-9, 1, 1, 0]))
    assert point is not None
    assert point.tolist() == [14 * 10**11, 1, 0, 0, 1, 1, 0]
    assert settled(program, np.array([0.0, 1, 1, 0, 1, 1, 0])) is None


def test_a_largest_load_of_minutes_is_proved() -> None:
    """A min-max program of 12 digits is solved to the last unit."""
    answer = program_highs.solve(_largest_load().program(), _WATCH)
    assert answer.reason is Reason.COMPLETED
    assert answer.bound == 12 * 10**11


def test_what_doubles_cannot_hold_is_proved_in_integers() -> None:
    """Sums of more than 53 bits are left to the search in integers, and refused beyond 60."""
    for power, reason in ((16, Reason.COMPLETED), (19, Reason.UNSUPPORTED)):
        builder = Builder()
        for column in range(3):
            builder.column(10**power + column)
        builder.row([(0, 1), (1, 1), (2, 1)], low=2)
        answer = program_highs.solve(builder.program(), _WATCH)
        assert answer.reason is reason
        assert answer.bound == (2 * 10**power + 1 if reason is Reason.COMPLETED else None)


def test_without_work_nothing_is_proved(monkeypatch: pytest.MonkeyPatch) -> None:
    """A search that may not look at a single node claims neither a bound nor an end."""
    monkeypatch.setattr(branching, "_WORK", 0)
    proof = prove(_largest_load().program(), _WATCH)
    assert (proof.point, proof.bound, proof.finished) == (None, None, False)


_LIE = highs.Answer(Reason.INFEASIBLE)


def test_a_denial_that_a_start_refutes_is_not_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """HiGHS calling a program infeasible whose point is known loses its word, not the point."""
    program = _largest_load().program()
    start = np.array([21 * 10**11, 1, 0, 1, 0, 1, 0])
    assert program.holds(start)
    monkeypatch.setattr(branching, "_WORK", 0)
    monkeypatch.setattr(highs, "solve", lambda *_args, **_more: _LIE)
    answer = program_highs.solve(program, _WATCH, start=start)
    assert answer.reason is Reason.HEURISTIC
    assert answer.point is not None
    assert answer.bound is None


def test_a_denial_is_searched_in_integers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a start the search in integers finds the point that HiGHS denies, and its proof."""
    monkeypatch.setattr(highs, "solve", lambda *_args, **_more: _LIE)
    answer = program_highs.solve(_largest_load().program(), _WATCH)
    assert (answer.reason, answer.bound) == (Reason.COMPLETED, 12 * 10**11)


def test_a_bound_above_a_point_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bound that the point beside it contradicts is claimed by nobody."""
    program = _largest_load().program()
    start = np.array([21 * 10**11, 1, 0, 1, 0, 1, 0])
    lie = highs.Answer(Reason.COMPLETED, start.astype(float), 3e12)
    monkeypatch.setattr(branching, "_WORK", 0)
    monkeypatch.setattr(highs, "solve", lambda *_args, **_more: lie)
    answer = program_highs.solve(program, _WATCH)
    assert (answer.reason, answer.bound) == (Reason.HEURISTIC, None)
