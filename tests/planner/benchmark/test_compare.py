"""Regressions are told, noise is not."""

from dataclasses import replace
from random import Random

import pytest

from planner.benchmark.compare import compare
from planner.benchmark.record import Record
from tests.planner.benchmark.rows import exact, heuristic

_METHODS = ("dp", "milp", "cpsat")


def _run(seed: int, slower: dict[str, float] | None = None, machine: float = 1.0) -> list[Record]:
    """20 problems, three exact methods and a heuristic; a tenth of noise, more at times."""
    rng = Random(seed)
    rows = []
    for number in range(20):
        for place, method in enumerate(_METHODS):
            usual = 10**7 * (1 + number) * (1 + place)
            noise = rng.lognormvariate(0, 0.1) * (1.5 if rng.random() < 0.05 else 1)
            time = round(usual * noise * machine * (slower or {}).get(method, 1.0))
            rows.append(
                exact(number, method=method, cpu_ns=time, reference_ns=round(2e6 * machine))
            )
        rows.append(heuristic(number, reference_ns=round(2e6 * machine)))
    return rows


def _told(before: list[Record], after: list[Record]) -> set[tuple[str, str]]:
    return {(item.method, item.respect) for item in compare(before, after).regressions}


def test_ten_equal_runs_have_no_regression() -> None:
    """A tenth of noise, and one time in twenty half as long again, is not a regression."""
    assert [_told(_run(seed), _run(seed + 1)) for seed in range(10)] == [set()] * 10


def test_a_slower_method_is_told() -> None:
    """Four tenths slower is reported for that method and no other."""
    assert _told(_run(1), _run(2, {"milp": 1.4})) == {("milp", "time")}
    assert _told(_run(1, {"milp": 1.4}), _run(2)) == set()


def test_a_slower_machine_is_not_a_slower_method() -> None:
    """All times doubled, the reference work's too, is the machine."""
    found = compare(_run(1), _run(2, machine=2.0))
    assert not found.regressions
    assert found.machine_factor == pytest.approx(2.0)


def test_a_worse_plan_of_a_deterministic_method_is_no_chance() -> None:
    """One plan of twenty that costs a tenth more is told, being no question of chance."""
    after = [
        replace(row, objective=121) if row.method == "edgeshard" and row.seed == 3 else row
        for row in _run(1)
    ]
    assert _told(_run(1), after) == {("edgeshard", "cost")}
    assert _told(after, _run(1)) == set()


def test_one_lost_process_is_told_and_no_regression() -> None:
    """A process that the machine ended once is named; a method that always fails is worse."""
    failed = {"objective": None, "verdict": None, "reason": "failed", "detail": "killed"}
    one = [
        replace(row, **failed) if row.method == "edgeshard" and row.seed == 3 else row
        for row in _run(1)
    ]
    assert not compare(_run(1), one).regressions
    assert compare(_run(1), one).failures == (
        "pipeline_partition, edgeshard on latency-8-seed-3: killed",
    )
    every = [replace(row, **failed) if row.method == "edgeshard" else row for row in _run(1)]
    assert _told(_run(1), every) == {("edgeshard", "cost")}


def test_a_lost_plan_is_worse() -> None:
    """A method that finds no plan any more is worse than any cost."""
    after = [
        replace(row, objective=None, verdict=None) if row.method == "edgeshard" else row
        for row in _run(1)
    ]
    assert _told(_run(1), after) == {("edgeshard", "cost")}


def test_plans_cut_short_are_tested() -> None:
    """Plans at a time limit differ by chance: two that are worse and two better are noise."""
    before = [
        replace(row, reason="time-limit", proved=False, lower_bound=90) for row in _run(1)
        if row.method == "dp"
    ]  # fmt: skip
    after = [
        replace(row, objective=100 + {1: 5, 2: 5, 3: -5, 4: -4}.get(row.seed or 0, 0))
        for row in before
    ]
    assert _told(before, after) == set()
    worse = [replace(row, objective=105) for row in before]
    assert _told(before, worse) == {("dp", "cost")}


def test_lost_proofs_are_told() -> None:
    """A method that proves nothing any more is told, one lost proof is not."""
    lost = [
        replace(row, proved=False, reason="time-limit") if row.method == "milp" else row
        for row in _run(1)
    ]
    assert ("milp", "proofs") in _told(_run(1), lost)
    one = [
        replace(row, proved=False, reason="time-limit")
        if row.method == "milp" and row.seed == 3
        else row
        for row in _run(1)
    ]
    assert _told(_run(1), one) == set()


def test_other_problems_are_not_compared() -> None:
    """A problem of the same name and another digest is in one run only."""
    changed = [replace(row, digest="other") for row in _run(1)]
    found = compare(_run(1), changed)
    assert not found.findings
    assert found.only_one == 160


def test_half_of_the_proofs_lost_among_many_methods() -> None:
    """Methods that nothing happened to do not hide one that lost ten of its twenty proofs."""
    before = [replace(row, method=f"m{n}") for n in range(100) for row in _run(1)[::4]]
    after = [
        replace(row, proved=False, reason="memory-limit")
        if row.method == "m7" and (row.seed or 0) < 10
        else row
        for row in before
    ]
    assert _told(before, after) == {("m7", "proofs")}


def test_a_method_that_runs_into_its_limit_is_slower() -> None:
    """Cut short with the plan that it had in a tenth of the time before."""
    after = [
        replace(row, reason="time-limit", cpu_ns=10 * row.cpu_ns) if row.cpu_ns else row
        for row in _run(1)
        if row.method == "edgeshard"
    ]
    assert _told(_run(1), after) == {("edgeshard", "time")}
    assert _told(after, _run(1)) == set()


def test_two_clocks_are_not_compared() -> None:
    """A service tells no processor times: its wall times are not held against them."""
    after = [replace(row, cpu_ns=None, wall_ns=10**10) for row in _run(1)]
    assert _told(_run(1), after) == set()
    assert _told([replace(row, cpu_ns=None) for row in _run(1)], after) >= {("dp", "time")}
