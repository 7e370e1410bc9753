"""How long the jobs that run in this process wait and take, for Prometheus.

One set per process, as the processes that run jobs are counted: a server with slots shows it at
/metrics, a worker at its `metrics_port`.
"""

from prometheus_client import CollectorRegistry, Counter, Histogram, start_http_server
from sqlalchemy import RowMapping

_SECONDS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 300)
_WAITS = Histogram(
    "edgeplan_job_wait_seconds",
    "Time from the submission of a job to its start",
    ["kind"],
    buckets=_SECONDS,
    registry=None,
)
_RUNS = Histogram(
    "edgeplan_job_run_seconds",
    "Time from the start of a job to its end",
    ["kind", "operation"],
    buckets=_SECONDS,
    registry=None,
)
_TAKEN_OVER = Counter(
    "edgeplan_job_attempts_repeated",
    "Jobs that were started again, because who ran them before was gone",
    registry=None,
)


def register(registry: CollectorRegistry) -> None:
    """Show the figures in a registry."""
    for figure in (_WAITS, _RUNS, _TAKEN_OVER):
        registry.register(figure)


def serve(host: str, port: int) -> None:
    """Show the figures over HTTP, in a thread. Raises OSError."""
    registry = CollectorRegistry()
    register(registry)
    start_http_server(port, host, registry)


def begun(row: RowMapping) -> None:
    """Count a job that has been taken."""
    if row["attempt"] > 1:
        _TAKEN_OVER.inc()
    else:
        _WAITS.labels(row["kind"]).observe((row["started_ns"] - row["submitted_ns"]) / 10**9)


def ended(row: RowMapping, seconds: float) -> None:
    """Count a job that has been run."""
    _RUNS.labels(row["kind"], row["operation"]).observe(seconds)
