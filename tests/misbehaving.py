"""Methods that break their word, each in one way; they plan `tests.small.two_devices`.

`scripted` makes a method of a list of acts; the classes are for the doors, which name methods.
"""

import os
import pickle
import signal
import socket
import struct
import sys
import threading
import time
from dataclasses import dataclass
from typing import Any

from models.problems.pipeline_partition import PipelinePartitionPlan, PipelinePartitionProblem
from models.result import Claim, Limits, Reason
from solvers.base import Progress, Traits
from solvers.registry import Entry
from tests.small import split

_Report = Progress[PipelinePartitionPlan] | None
_Claim = Claim[PipelinePartitionPlan]


def entry(name: str) -> Entry:
    """The registry line of a method of this module, traits as an honest exact method has them."""
    traits = Traits(exact=True, bounds=True, deterministic=True, family=name)
    return Entry(name, f"{__name__}:{name}", traits, "misbehaves")


class Method:
    """Reports a fair plan, then does what `act` does."""

    name = "Method"

    def solve(
        self,
        problem: PipelinePartitionProblem,
        limits: Limits,
        hint: PipelinePartitionPlan | None = None,
        report: _Report = None,
    ) -> _Claim:
        """A claim, unless `act` prevents it."""
        del problem, limits, hint  # a method that behaves would look at them
        if report is not None:
            report.plan(split(2))
        return self.act()

    def act(self) -> _Claim:
        """Claim to have searched everything, with a plan that is not the best."""
        return Claim(type(self).__name__, Reason.HEURISTIC, split(2))


class Stubborn(Method):
    """Ignores its time limit and the word to cancel."""

    def act(self) -> _Claim:
        while True:
            time.sleep(0.05)


class Busy(Method):
    """Ignores everything and holds the interpreter while at it."""

    def act(self) -> _Claim:
        while True:
            pass


class Killed(Method):
    """Is killed from outside."""

    def act(self) -> _Claim:
        os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(60)
        raise AssertionError("survived SIGKILL")


class Aborts(Method):
    """Aborts like a native library that ran out of memory."""

    def act(self) -> _Claim:
        os.write(2, b"terminate called after throwing 'std::bad_alloc'\n")
        os.abort()


class Greedy(Method):
    """Takes more memory than it may."""

    def act(self) -> _Claim:
        hoard = [bytearray(64 * 2**20) for _ in range(1000)]
        raise AssertionError(f"got {len(hoard)} blocks")


class Raises(Method):
    """Has a bug."""

    def act(self) -> _Claim:
        raise ZeroDivisionError("a bug")


class Overfull(Method):
    """Claims a plan that breaks a rule as proved."""

    def act(self) -> _Claim:
        return Claim("Overfull", Reason.COMPLETED, split(4), 415)


class Liar(Method):
    """Claims a lower bound above a plan that exists."""

    def act(self) -> _Claim:
        return Claim("Liar", Reason.COMPLETED, split(2), 10**6)


class Denier(Method):
    """Claims that no plan exists."""

    def act(self) -> _Claim:
        return Claim("Denier", Reason.INFEASIBLE)


@dataclass(frozen=True)
class Scripted(Entry):
    """A registry line that brings its method along."""

    acts: tuple[Any, ...] = ()

    def load(self) -> Any:
        return _Actor(self.acts)


def scripted(name: str, *acts: Any, exact: bool = True) -> Scripted:
    """A method that performs acts in turn; its claim is what the last one returns."""
    traits = Traits(exact=exact, bounds=exact, deterministic=True, family=name)
    return Scripted(name, "nowhere:Nothing", traits, "misbehaves", acts)


@dataclass(frozen=True)
class Fatal(Entry):
    """A registry line at which the child dies before it does anything."""

    def __reduce__(self) -> Any:
        return os._exit, (7,)


@dataclass(frozen=True)
class _Actor:
    acts: tuple[Any, ...]

    def solve(self, problem: Any, limits: Limits, hint: Any, report: Any) -> Any:
        del problem, limits, hint
        claim = None
        for act in self.acts:
            claim = act(report)
        return claim


@dataclass(frozen=True)
class Plans:
    """Reports the plan of a cut; one after 4 layers breaks a rule."""

    cut: int

    def __call__(self, report: Any) -> None:
        report.plan(split(self.cut))


@dataclass(frozen=True)
class Bounds:
    """Reports a lower bound."""

    lower_bound: int

    def __call__(self, report: Any) -> None:
        report.bound(self.lower_bound)


@dataclass(frozen=True)
class Claims:
    """Claims whatever it is given."""

    claim: Any

    def __call__(self, report: Any) -> Any:
        del report
        return self.claim


@dataclass(frozen=True)
class Writes:
    """Writes bytes past the protocol."""

    raw: bytes

    def __call__(self, report: Any) -> None:
        channel(report).sendall(self.raw)


@dataclass(frozen=True)
class Dies:
    """Sends itself a signal."""

    number: int = signal.SIGKILL

    def __call__(self, report: Any) -> None:
        del report
        os.kill(os.getpid(), self.number)
        time.sleep(60)


@dataclass(frozen=True)
class Exits:
    """Leaves without a word."""

    status: int

    def __call__(self, report: Any) -> None:
        del report
        os._exit(self.status)


def channel(report: Any) -> socket.socket:
    """The child's end of the channel."""
    found: socket.socket = report._mouth._channel
    return found


def sleeps(report: Any) -> None:
    """Does nothing any more, whatever it is told."""
    del report
    time.sleep(600)


def spins(report: Any) -> None:
    """Holds the interpreter, whatever it is told."""
    del report
    while True:
        pass


def waits(report: Any) -> None:
    """Waits until it is asked to stop."""
    while not report.cancelled():
        time.sleep(0.01)


def leaves_a_child(report: Any) -> None:
    """Starts a process that holds on to the channel, and says its number."""
    child = os.fork()
    if child == 0:
        time.sleep(600)
        os._exit(0)
    report.bound(child)


def closes(report: Any) -> None:
    """Closes its end of the channel, and lives on."""
    channel(report).shutdown(socket.SHUT_WR)
    time.sleep(600)


def dies_after_its_claim(report: Any) -> None:
    """Ends the process between its claim and the next method."""
    say = report._mouth.say

    def last_words(payload: bytes, then: str | None = None) -> None:
        say(payload, then)
        os.kill(os.getpid(), signal.SIGKILL)

    report._mouth.say = last_words


def leaves_a_thread(report: Any) -> None:
    """Starts a thread that reports whatever has happened since."""

    def speak() -> None:
        while True:
            report.bound(401)
            time.sleep(0.01)

    threading.Thread(target=speak, daemon=True).start()


def dawdles(report: Any) -> None:
    """Takes its time."""
    del report
    time.sleep(0.3)


def floods(report: Any) -> None:
    """Reports without end."""
    while True:
        report.plan(split(2))


def framed(payload: bytes) -> bytes:
    """A payload as a frame."""
    return struct.pack("!I", len(payload)) + payload


PICKLE = framed(pickle.dumps(sys.version))
