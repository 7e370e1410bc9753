"""Who does what a verb asks for: this process, or the service at --server."""

import os
import threading
from collections.abc import Callable
from typing import Protocol

import typer

from api import answers, answers_experts, fork_server
from api.cli_status import Status
from api.requests import (
    Explanation,
    ExplanationRequest,
    FrontierRequest,
    InstanceOf,
    PlanRequest,
    SimulationRequest,
    SplitRequest,
    Valid,
    ValidationRequest,
    VerificationRequest,
)
from api.requests_experts import CacheRequest, RollRequest
from models.expert_cache import CacheSize, ExpertCache
from models.expert_split import ExpertSplit
from models.frontier import Frontier
from models.result import Certificate, Verification
from models.rolling import Rolling, RollingStep
from models.simulation import Simulation
from planner.race import Listener


class ServiceRefusalError(Exception):
    """The service did not do what was asked; with the exit status that says so."""

    def __init__(self, words: str, status: Status) -> None:
        super().__init__(words)
        self.status = status


class Planner(Protocol):
    """Answers the requests of the verbs."""

    def plan(
        self, request: PlanRequest, listen: Listener | None, cancel: threading.Event
    ) -> Certificate:
        """A certificate; `cancel` ends the search with what it has."""

    def verify(self, request: VerificationRequest) -> Verification:
        """The verdict on a plan."""

    def validate(self, request: ValidationRequest) -> Valid:
        """What a problem is."""

    def explain(self, request: ExplanationRequest) -> Explanation:
        """What binds a plan."""

    def frontier(self, request: FrontierRequest, cancel: threading.Event) -> Frontier:
        """The sweep of a budget; `cancel` ends it with the points it has."""

    def split(self, request: SplitRequest) -> ExpertSplit:
        """One batch among the replicas of a placement."""

    def simulate(self, request: SimulationRequest) -> Simulation:
        """A plan replayed unit by unit."""

    def cache(
        self, request: CacheRequest, listen: Callable[[CacheSize], None], cancel: threading.Event
    ) -> ExpertCache:
        """Caches replayed; `cancel` ends it with the sizes it has. Raises ChildLostError."""

    def roll(
        self, request: RollRequest, listen: Callable[[RollingStep], None], cancel: threading.Event
    ) -> Rolling:
        """Steps planned; `cancel` ends it with those it has."""

    def instances(self) -> tuple[InstanceOf, ...]:
        """The shipped instances."""


def planner_of(server: str | None) -> Planner:
    """The service at an address, or this process. Raises BadParameter for another address."""
    if server is None:
        return Here()
    if not server.startswith(("http://", "https://")):
        words = f"'{server}' is no address; write, say, http://127.0.0.1:8000"
        raise typer.BadParameter(words, param_hint="--server")
    from api.cli_remote import There

    return There(server, os.environ.get("EDGEPLAN_API_KEY"))


class Here:
    """The process itself, and its children."""

    def plan(
        self, request: PlanRequest, listen: Listener | None, cancel: threading.Event
    ) -> Certificate:
        """See Planner."""
        fork_server.start([])
        fork_server.warm_up()  # the clock of the limit starts with the solve
        return answers.plan(request, listen=listen, cancel=cancel)

    def verify(self, request: VerificationRequest) -> Verification:
        """See Planner."""
        return answers.verification(request)

    def validate(self, request: ValidationRequest) -> Valid:
        """See Planner."""
        return answers.validation(request)

    def explain(self, request: ExplanationRequest) -> Explanation:
        """See Planner."""
        fork_server.start([])
        fork_server.warm_up()  # the clock of the limit starts with the solve
        return answers.explanation(request)

    def frontier(self, request: FrontierRequest, cancel: threading.Event) -> Frontier:
        """See Planner."""
        fork_server.start([])
        fork_server.warm_up()  # the clock of the limit starts with the solve
        return answers.frontier(request, cancel=cancel)

    def split(self, request: SplitRequest) -> ExpertSplit:
        """See Planner."""
        fork_server.start([])
        return answers.split(request)

    def simulate(self, request: SimulationRequest) -> Simulation:
        """See Planner."""
        return answers.simulation(request)

    def cache(
        self, request: CacheRequest, listen: Callable[[CacheSize], None], cancel: threading.Event
    ) -> ExpertCache:
        """See Planner."""
        fork_server.start([])
        return answers_experts.cache(request, cancel=cancel, listen=listen)

    def roll(
        self, request: RollRequest, listen: Callable[[RollingStep], None], cancel: threading.Event
    ) -> Rolling:
        """See Planner."""
        fork_server.start([])
        fork_server.warm_up()
        return answers_experts.rolling(request, cancel=cancel, listen=listen)

    def instances(self) -> tuple[InstanceOf, ...]:
        """See Planner."""
        return answers.instances()
