"""Children that wait for their tasks: given one each, replaced, and gone with who wanted them."""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from models.result import Limits
from planner import pool
from planner.pool import Pool
from planner.process import Child
from planner.worker import call

_LIMITS = Limits(time_limit_ns=60 * 10**9, memory_limit_bytes=2**28)


def _await(true: Callable[[], bool]) -> None:
    for _ in range(600):
        if true():
            return
        time.sleep(0.05)
    raise AssertionError("it does not become true")


def _pid(child: Child) -> int:
    found: int = child._process.pid  # type: ignore[assignment]  # it has been started
    return found


def _gone(child: Child) -> bool:
    return child._process._popen is None  # type: ignore[attr-defined]  # closed when it is reaped


def test_children_wait_and_are_replaced() -> None:
    """As many wait as are wanted, again after one was taken, and none when nobody wants any."""
    children = Pool()
    assert children.take() is None
    with children.warm(2):
        _await(lambda: len(children) == 2)
        taken = children.take()
        assert taken is not None
        with children.warm(1):
            _await(lambda: len(children) == 3)
        assert len(children) == 2
        rest = list(children._waiting)
    assert len(children) == 0
    assert not taken.ended
    pool.dismiss(taken)
    _await(lambda: all(map(_gone, (taken, *rest))))
    _await(lambda: children._thread is None)


def test_a_child_that_died_while_it_waited_is_not_taken() -> None:
    """The next one is; where none is left a call forks its own."""
    children = Pool()
    with children.warm(2):
        _await(lambda: len(children) == 2)
        first, second = children._waiting
        os.kill(_pid(first), signal.SIGKILL)
        _await(lambda: first.ended)
        assert children.take() is second
        pool.dismiss(second)


@pytest.fixture
def children(monkeypatch: pytest.MonkeyPatch) -> Pool:
    """A pool from which calls take their children."""
    own = Pool()
    monkeypatch.setattr(pool, "take", own.take)
    return own


def test_a_call_takes_a_child_that_waits(children: Pool) -> None:
    """And another one each time: what a child has seen is not seen by the next."""
    with children.warm(2):
        _await(lambda: len(children) == 2)
        waiting = {_pid(child) for child in children._waiting}
        found = [call(os.getpid, limits=_LIMITS) for _ in range(2)]
        assert found[0] in waiting
        assert len(set(found)) == 2


def test_a_large_task_fits(children: Pool) -> None:
    """One of more than a socket holds is taken as a whole."""
    with children.warm(1):
        _await(lambda: len(children) == 1)
        assert call(len, bytes(5 * 10**6), limits=_LIMITS) == 5 * 10**6


def test_a_child_that_takes_no_task_is_replaced(
    children: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that died between the look at it and its task costs no answer."""
    with children.warm(1):
        _await(lambda: len(children) == 1)
        (child,) = children._waiting
        monkeypatch.setattr(Child, "ended", property(lambda one: one is not child and _over(one)))
        os.kill(_pid(child), signal.SIGKILL)
        _await(lambda: _over(child))
        assert call(len, bytes(10), limits=_LIMITS) == 10


def _over(child: Child) -> bool:
    return child._process.exitcode is not None


def test_a_waiting_child_is_capped_by_its_task(children: Pool) -> None:
    """The memory limit of the task holds in a child that was forked before it was known."""
    with children.warm(1):
        _await(lambda: len(children) == 1)
        (child,) = children._waiting
        assert _address_space(_pid(child)) == "unlimited"
        assert call(_own_address_space, limits=_LIMITS).isdigit()


def _address_space(pid: int | str) -> str:
    with Path(f"/proc/{pid}/limits").open(encoding="ascii") as limits:
        line = next(line for line in limits if line.startswith("Max address space"))
    return line.split()[3]


def _own_address_space() -> str:
    return _address_space("self")


class _Unburied:
    """Stands in for a child that cannot be reaped."""

    def kill(self) -> None:
        """It has no process."""

    def bury(self) -> None:
        """Whatever goes wrong."""
        raise PermissionError


def test_a_child_that_cannot_be_reaped_holds_up_no_other() -> None:
    """The next one that is dismissed is reaped all the same."""
    pool.dismiss(_Unburied())  # type: ignore[arg-type]  # by its two methods
    child = Child()
    pool.dismiss(child)
    _await(lambda: _gone(child))
