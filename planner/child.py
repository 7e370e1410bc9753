"""What runs inside a supervised child process: methods one after another, on one problem.

The child owns its session (a Ctrl-C at the terminal is the parent's to handle), caps its own
address space, and dies with its parent: a thread waits on the pipe, takes the word to cancel from
it, and ends the process when the other end is gone.
"""

import multiprocessing
import os
import resource
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from models.problems import AnyPlan, AnyProblem
from models.result import Claim, Limits, Reason
from planner.verify import verify
from solvers.base import Progress
from solvers.registry import Entry

CANCEL = "cancel"


@dataclass(frozen=True)
class Job:
    """What a child is to do: methods in turn, within the limits for all of them."""

    problem: AnyProblem
    methods: tuple[Entry, ...]
    limits: Limits
    hint: AnyPlan | None


@dataclass(frozen=True)
class Started:
    """A method begins."""

    solver: str


@dataclass(frozen=True)
class FoundPlan:
    """A method found a plan that it holds to be its best so far."""

    solver: str
    plan: AnyPlan


@dataclass(frozen=True)
class FoundBound:
    """A method established a lower bound."""

    solver: str
    lower_bound: int


@dataclass(frozen=True)
class Finished:
    """A method ended with a claim after `wall_ns`."""

    claim: Claim[AnyPlan]
    wall_ns: int


@dataclass(frozen=True)
class Returned:
    """What a call returned."""

    value: Any


Message = Started | FoundPlan | FoundBound | Finished | Returned


class _Pipe(Progress[AnyPlan]):
    """Streams a method's progress to the parent."""

    def __init__(self, solver: str, pipe: Connection, stop: threading.Event) -> None:
        self._solver = solver
        self._pipe = pipe
        self._stop = stop

    def plan(self, plan: AnyPlan) -> None:
        self._pipe.send(FoundPlan(self._solver, plan))

    def bound(self, lower_bound: int) -> None:
        self._pipe.send(FoundBound(self._solver, lower_bound))

    def cancelled(self) -> bool:
        return self._stop.is_set()


@dataclass(frozen=True)
class Call:
    """Any function of the planner to run apart from the parent, and its arguments."""

    function: Callable[..., Any]
    arguments: tuple[Any, ...]
    limits: Limits


def main(pipe: Connection, task: Job | Call, log: str) -> None:
    """Entry point of the child; whatever it prints goes to the file `log`."""
    os.setsid()
    # Pyomo makes a lock on import, which the fork server's way of starting would have tracked and,
    # when the child is killed, complained about.
    multiprocessing.set_start_method("fork", force=True)
    output = os.open(log, os.O_WRONLY | os.O_APPEND)
    os.dup2(output, 1)
    os.dup2(output, 2)
    _cap_memory(task.limits.memory_limit_bytes)
    stop = threading.Event()
    threading.Thread(target=_listen, args=(pipe, stop), daemon=True).start()
    if isinstance(task, Job):
        _run_all(pipe, task, stop)
    else:
        pipe.send(Returned(task.function(*task.arguments)))
    pipe.close()


def _listen(pipe: Connection, stop: threading.Event) -> None:
    while True:
        try:
            if pipe.recv() == CANCEL:
                stop.set()
        except (EOFError, OSError):
            os._exit(1)


def _cap_memory(limit_bytes: int) -> None:
    """Limit the address space to what is mapped now (code, libraries) and `limit_bytes` more."""
    mapped = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (mapped + limit_bytes, mapped + limit_bytes))


def _run_all(pipe: Connection, job: Job, stop: threading.Event) -> None:
    deadline = time.monotonic_ns() + job.limits.time_limit_ns
    hints = [] if job.hint is None else [job.hint]
    for method in job.methods:
        left = deadline - time.monotonic_ns()
        if left <= 0 or stop.is_set():
            return
        limits = job.limits.model_copy(update={"time_limit_ns": left})
        pipe.send(Started(method.name))
        begun = time.monotonic_ns()
        claim = _run(method, job.problem, limits, _best(job.problem, hints), pipe, stop)
        pipe.send(Finished(claim, time.monotonic_ns() - begun))
        if claim.plan is not None:
            hints.append(claim.plan)


def _run(
    method: Entry,
    problem: AnyProblem,
    limits: Limits,
    hint: AnyPlan | None,
    pipe: Connection,
    stop: threading.Event,
) -> Claim[AnyPlan]:
    try:
        return method.load().solve(problem, limits, hint, _Pipe(method.name, pipe, stop))
    except MemoryError:
        return Claim(method.name, Reason.MEMORY_LIMIT, detail="the address space is used up")
    except Exception as error:  # noqa: BLE001  # any fault of a method is a claim of FAILED
        return Claim(method.name, Reason.FAILED, detail=f"{type(error).__name__}: {error}")


def _best(problem: AnyProblem, plans: Sequence[AnyPlan]) -> AnyPlan | None:
    priced = [(verify(problem, plan).objective, plan) for plan in plans]
    accepted = [(value, plan) for value, plan in priced if value is not None]
    return min(accepted, key=lambda pair: pair[0])[1] if accepted else None
