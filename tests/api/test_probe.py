"""The probe answers whatever becomes of the method's child."""

import threading

import pytest

from api.probe import probe
from models.result import Limits
from solvers.registry import REGISTRY, entries
from tests import misbehaving

_KIND = "pipeline_partition"


def test_a_probe_that_nobody_waits_for_ends() -> None:
    """Cancelled before the method begins, or without time for it: not right, and no error."""
    cancel = threading.Event()
    cancel.set()
    verdict = probe(_KIND, entries(_KIND)[0], cancel)
    assert (verdict.right, verdict.words) == (False, "cancelled: no plan found")
    hurried = probe(_KIND, entries(_KIND)[0], limits=Limits(time_limit_ns=0))
    assert (hurried.right, hurried.words) == (False, "time-limit: no plan found")


def test_a_child_that_dies_at_once_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    """The words say how it ended."""
    fatal = misbehaving.Fatal("fatal", "", entries(_KIND)[0].traits, "")
    monkeypatch.setitem(REGISTRY, _KIND, (fatal,))
    verdict = probe(_KIND, fatal)
    assert not verdict.right
    assert "not started: the process ended without an answer (exit status 7)" in verdict.words
