"""--server: the service at an address does what a verb asks for."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from api.cli_planner import ServiceRefusalError
from api.cli_status import Status
from api.client import Client, ServiceError, UnreachableError
from api.client.asynchronous import Heard
from api.jobs.nouns import JobEvent
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
from planner.race import Event, Listener, What

_TOLD = frozenset(what.value for what in What)


class There:
    """The service at `url`; see Planner. All methods raise ServiceRefusalError."""

    def __init__(self, url: str, key: str | None) -> None:
        self._url = url
        self._key = key

    def plan(
        self, request: PlanRequest, listen: Listener | None, cancel: threading.Event
    ) -> Certificate:
        """See Planner."""
        with self._client(cancel) as client:
            return client.plan(request, listen=told(listen), cancel=cancel)

    def verify(self, request: VerificationRequest) -> Verification:
        """See Planner."""
        with self._client() as client:
            return client.verify(request)

    def validate(self, request: ValidationRequest) -> Valid:
        """See Planner."""
        with self._client() as client:
            return client.validate(request)

    def explain(self, request: ExplanationRequest) -> Explanation:
        """See Planner."""
        with self._client() as client:
            return client.explain(request)

    def frontier(self, request: FrontierRequest, cancel: threading.Event) -> Frontier:
        """See Planner."""
        with self._client(cancel) as client:
            return client.frontier(request, cancel=cancel)

    def split(self, request: SplitRequest) -> ExpertSplit:
        """See Planner."""
        with self._client() as client:
            return client.split(request)

    def simulate(self, request: SimulationRequest) -> Simulation:
        """See Planner."""
        with self._client() as client:
            return client.simulate(request)

    def cache(
        self, request: CacheRequest, _: Callable[[CacheSize], None], cancel: threading.Event
    ) -> ExpertCache:
        """See Planner; a service does not tell of each size."""
        with self._client(cancel) as client:
            return client.cache(request, cancel=cancel)

    def roll(
        self, request: RollRequest, _: Callable[[RollingStep], None], cancel: threading.Event
    ) -> Rolling:
        """See Planner; a service does not tell of each step."""
        with self._client(cancel) as client:
            return client.roll(request, cancel=cancel)

    def instances(self) -> tuple[InstanceOf, ...]:
        """See Planner."""
        with self._client() as client:
            return client.instances()

    @contextmanager
    def _client(self, cancel: threading.Event | None = None) -> Iterator[Client]:
        try:
            with Client(self._url, self._key) as client:
                yield client
        except UnreachableError as error:
            raise ServiceRefusalError(str(error), Status.UNAVAILABLE) from None
        except ServiceError as error:
            words = str(error) if error.faults else f"{self._url}: {error}"
            # A job that was cancelled before it ran has no answer.
            stopped = cancel is not None and cancel.is_set() and error.name == "conflict"
            status = Status.INTERRUPTED if stopped else _status(error)
            raise ServiceRefusalError(words, status) from None


def _status(error: ServiceError) -> Status:
    if error.faults:
        return Status.BAD_INPUT
    return Status.INTERNAL if error.name == "internal" else Status.UNAVAILABLE


def told(listen: Listener | None) -> Heard | None:
    """What a service tells about a job, as a race tells it."""
    if listen is None:
        return None

    def hear(event: JobEvent) -> None:
        if event.what in _TOLD and event.solver is not None:
            figures = (event.objective, event.lower_bound)
            listen(Event(event.at_ns, event.solver, What(event.what), *figures))

    return hear
