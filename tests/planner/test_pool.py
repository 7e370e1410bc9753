"""Children that wait for their tasks: given one each, replaced, and gone with who wanted them."""

import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

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


def test_a_call_takes_a_child_that_waits() -> None:
    """And another one each time: what a child has seen is not seen by the next."""
    with pool.warm(2):
        _await(lambda: len(pool._POOL) == 2)
        waiting = {_pid(child) for child in pool._POOL._waiting}
        found = [call(os.getpid, limits=_LIMITS) for _ in range(2)]
        assert found[0] in waiting
        assert len(set(found)) == 2


def test_a_large_task_fits() -> None:
    """One of more than a socket holds is taken as a whole."""
    with pool.warm(1):
        _await(lambda: len(pool._POOL) == 1)
        assert call(len, bytes(5 * 10**6), limits=_LIMITS) == 5 * 10**6


def test_a_stopped_child_that_waits_holds_up_no_answer() -> None:
    """It takes no task larger than its socket; until the deadline another child is asked."""
    with pool.warm(1):
        _await(lambda: len(pool._POOL) == 1)
        (child,) = pool._POOL._waiting
        os.kill(_pid(child), signal.SIGSTOP)
        hurried = Limits(time_limit_ns=10**9)
        begun = time.monotonic()
        threading.Timer(0.5, os.kill, (_pid(child), signal.SIGCONT)).start()
        assert call(len, bytes(5 * 10**6), limits=hurried) == 5 * 10**6
        assert time.monotonic() - begun < 30


def test_a_waiting_child_is_capped_by_its_task() -> None:
    """The memory limit of the task holds in a child that was forked before it was known."""
    with pool.warm(1):
        _await(lambda: len(pool._POOL) == 1)
        (child,) = pool._POOL._waiting
        before = _address_space(_pid(child))
        seen = call(_own_address_space, limits=_LIMITS)
        assert before == "unlimited"
        assert seen.isdigit()


def _address_space(pid: int | str) -> str:
    with Path(f"/proc/{pid}/limits").open(encoding="ascii") as limits:
        line = next(line for line in limits if line.startswith("Max address space"))
    return line.split()[3]


def _own_address_space() -> str:
    return _address_space("self")
