"""What methods say while they run: a refused plan would cost them all that they prove.

Written once for every kind, as tests/test_conformance.py.
"""

from importlib import import_module
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from planner.messages import Finished, FoundBound, FoundPlan, decode, encode
from planner.verify import verify
from solvers.base import Progress
from solvers.registry import Entry
from tests import strategies
from tests.test_conformance import LIMITS, METHODS


class _Heard(Progress[Any]):
    """Keeps what a method says."""

    def __init__(self) -> None:
        self.plans: list[FoundPlan] = []
        self.bounds: list[FoundBound] = []

    def plan(self, plan: Any) -> None:
        message = decode(encode(FoundPlan(solver="it", plan=plan)))
        assert isinstance(message, FoundPlan)
        self.plans.append(message)

    def bound(self, lower_bound: int) -> None:
        message = decode(encode(FoundBound(solver="it", lower_bound=lower_bound)))
        assert isinstance(message, FoundBound)
        self.bounds.append(message)


@pytest.mark.parametrize(("kind", "entry"), METHODS)
def test_what_is_reported_holds(kind: str, entry: Entry) -> None:
    """Every plan on the way is accepted, every bound below the optimum, and all can be sent."""
    optimum_of = import_module(f"tests.oracles.{kind}").optimum

    @settings(max_examples=8, suppress_health_check=[HealthCheck.too_slow])
    @given(problem=getattr(strategies, kind)())
    def check(problem: Any) -> None:
        heard = _Heard()
        claim = entry.load().solve(problem, LIMITS, None, heard)
        assert decode(encode(Finished(claim=claim, wall_ns=1))).claim == claim
        for message in heard.plans:
            assert verify(problem, message.plan).accepted
        optimum = optimum_of(problem)
        for message in heard.bounds:
            assert entry.traits.exact
            assert optimum is None or message.lower_bound <= optimum

    check()
