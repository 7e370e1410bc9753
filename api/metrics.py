"""Figures for Prometheus: what waits and runs, how long it took, how requests were answered."""

import time
from collections.abc import Iterator
from http import HTTPMethod

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.jobs import figures
from api.jobs.nouns import JobState
from api.jobs.queue import Queue

_METHODS = frozenset(HTTPMethod)
_SECONDS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 300)


class Metrics:
    """The figures of one server; `registry` is what /metrics shows."""

    def __init__(self, queue: Queue) -> None:
        self.registry = CollectorRegistry()
        self.registry.register(_Jobs(queue))
        figures.register(self.registry)
        self._requests = Counter(
            "edgeplan_http_requests",
            "Requests answered",
            ["method", "route", "status"],
            registry=self.registry,
        )
        self._seconds = Histogram(
            "edgeplan_http_request_seconds",
            "Time to answer a request",
            ["method", "route"],
            buckets=_SECONDS,
            registry=self.registry,
        )

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request."""
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(method, route).observe(seconds)


class _Jobs(Collector):
    """Asks the table when it is asked itself."""

    def __init__(self, queue: Queue) -> None:
        self._queue = queue

    def describe(self) -> Iterator[Metric]:
        """Nothing: describing would ask the table at the start."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        counts = self._queue.store.counts()
        jobs = GaugeMetricFamily("edgeplan_jobs", "Jobs by state", labels=["state"])
        for state in JobState:
            jobs.add_metric([state.value], counts.get(state.value, 0))
        yield jobs
        slots = GaugeMetricFamily("edgeplan_slots", "Slots of this process", labels=["state"])
        free = self._queue.dispatcher.free
        slots.add_metric(["free"], free)
        slots.add_metric(["busy"], self._queue.dispatcher.slots - free)
        yield slots


class Measured:
    """ASGI middleware that counts every request under the route it matched."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and count how it was answered."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun, status = time.perf_counter(), 500

        async def watch(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, watch)
        finally:
            # The route, not the path: job ids must not become labels.
            route = getattr(scope.get("route"), "path", "none")
            metrics: Metrics = scope["app"].state.metrics
            # Nor words that a client thinks up.
            method = scope["method"] if scope["method"] in _METHODS else "other"
            metrics.answered(method, route, status, time.perf_counter() - begun)
