"""Rounds: what a process does again and again beside its jobs."""

import threading

import pytest
from sqlalchemy.exc import OperationalError

from api.jobs.rounds import Rounds

_PATIENCE_S = 10.0


@pytest.mark.parametrize(
    "fault", [ValueError("a row nobody expected"), OperationalError("", {}, Exception("away"))]
)
def test_a_round_that_fails_does_not_end_the_others(fault: Exception) -> None:
    """The next round comes, whatever went wrong in the last."""
    again = threading.Event()
    faults = [fault]

    def go() -> None:
        if faults:
            raise faults.pop()
        again.set()

    rounds = Rounds("test", go, pause_s=0.001)
    rounds.start()
    assert again.wait(_PATIENCE_S)
    rounds.stop(_PATIENCE_S)
