"""A planner that holds its slot until it is told to stop, for tests of everything around it."""

import threading
from typing import Any

from api.requests import PlanRequest
from models.result import Certificate, Grade


class Held:
    """Stands in for `answers.plan`: a solve that runs until it is cancelled or let go."""

    def __init__(self) -> None:
        self.begun = threading.Semaphore(0)
        self.cancelled = threading.Event()
        self.let_go = threading.Event()
        self.solved: list[str] = []
        self.hints: list[Any] = []

    def plan(self, request: PlanRequest, *, cancel: threading.Event, **_: Any) -> Certificate:
        """Wait to be cancelled or let go."""
        self.solved.append(request.problem.about)
        self.hints.append(request.hint)
        self.begun.release()
        for _ in range(2000):
            if cancel.wait(0.01):
                self.cancelled.set()
                break
            if self.let_go.is_set():
                break
        return Certificate(
            grade=Grade.FEASIBLE if request.hint else Grade.UNKNOWN,
            plan=request.hint,
            unit="ns",
            problem_digest="",
        )
