"""Heuristics that look at the clock say so where it cut them short."""

import pytest

from models.result import Limits, Reason
from planner.benchmark.cases import Case, problem_of
from planner.benchmark.families import FAMILIES
from planner.benchmark.suites import SUITES
from solvers.registry import Entry, entries


def _cases(kind: str) -> list[Case]:
    """A generated problem of every family that has small ones."""
    tasks = [t for chain in SUITES["paper"].chains(kind, 1, 1) for t in chain.steps[0]]
    found = {task.case.family: task.case for task in tasks if task.case.seed is not None}
    return list(found.values())


@pytest.mark.parametrize(
    "method",
    [
        pytest.param((kind, method), id=f"{kind}-{method.name}")
        for kind in sorted(FAMILIES)
        for method in entries(kind)
        if not method.traits.exact
    ],
)
def test_what_the_clock_changed_is_not_called_the_heuristics_own(method: tuple[str, Entry]) -> None:
    """With no time at all, a plan other than with ample time is owed to the time limit."""
    kind, entry = method
    for case in _cases(kind):
        problem = problem_of(case)
        ample, none = (
            entry.load().solve(problem, Limits(time_limit_ns=limit)) for limit in (60 * 10**9, 1)
        )
        assert none.plan == ample.plan or none.reason is Reason.TIME_LIMIT
