"""The HTTP application: routes, errors and documents put together."""

from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from typing import Any

from anyio import CapacityLimiter, to_thread
from fastapi import FastAPI
from fastapi.telemetry import TelemetryConfig

from api import errors, fork_server
from api.jobs.queue import Queue, opened
from api.known import Known
from api.metrics import Measured, Metrics
from api.routes import (
    batches,
    caches,
    estimates,
    explanations,
    frontiers,
    health,
    instances,
    jobs,
    kinds,
    metrics,
    plans,
    revisions,
    rollings,
    schemas,
    simulations,
    splits,
    verifications,
)
from api.schemas import components
from api.settings import Settings
from api.version import installed
from planner.process import preload

_ROUTERS = (
    plans,
    jobs,
    revisions,
    batches,
    verifications,
    estimates,
    explanations,
    frontiers,
    kinds,
    instances,
    schemas,
    splits,
    simulations,
    caches,
    rollings,
    health,
    metrics,
)
_DESCRIPTION = (
    "Plans for models on graphs of edge devices, with their independently checked cost, a lower "
    "bound, and who proved what. Quantities are integers in the unit that a field's name ends in, "
    'or strings with a unit ("8 GiB"). Errors are problem documents (RFC 9457).'
)


def create_app(settings: Settings, queue: Queue | None = None) -> FastAPI:
    """The application; the fork server starts, with all methods imported, when it starts up.

    queue: jobs that run already, and whose end is the caller's affair; else they are its own.
    """
    app = FastAPI(
        title="edgeplan",
        version=installed(),
        description=_DESCRIPTION,
        lifespan=_lifespan,
        # FastAPI's pages load scripts from elsewhere; the documents are at /openapi.json.
        docs_url=None,
        redoc_url=None,
        # One schema for a noun, whether it is read or written.
        separate_input_output_schemas=False,
        telemetry=_telemetry(on=settings.telemetry),
    )
    app.state.settings = settings
    app.state.queue = queue
    app.state.known = Known()
    app.add_middleware(Measured)
    errors.install(app)
    for module in _ROUTERS:
        app.include_router(module.router)
    generate = app.openapi
    app.openapi = lambda: _with_components(generate())  # type: ignore[method-assign]  # as FastAPI's documentation has it
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    preload(fork_server.methods())
    await to_thread.run_sync(fork_server.warm_up)
    with ExitStack() as stack:
        if app.state.queue is None:
            opening = opened(app.state.settings)
            app.state.queue = await to_thread.run_sync(stack.enter_context, opening)
        app.state.metrics = Metrics(app.state.queue)
        app.state.probing = CapacityLimiter(1)
        yield
        await to_thread.run_sync(stack.close)


def _telemetry(*, on: bool) -> TelemetryConfig:
    """FastAPI's own, with the exporters that the OTEL_… variables name."""
    return {"tracing": on, "metrics": on, "logs": on, "auto_configure": on}


def _with_components(document: dict[str, Any]) -> dict[str, Any]:
    """FastAPI's document with the schemas of the bodies that it does not read itself."""
    found = document.setdefault("components", {}).setdefault("schemas", {})
    for name, definition in components().items():
        found.setdefault(name, definition)
    for methods in document["paths"].values():
        for operation in methods.values():
            # FastAPI describes the answer to a wrong parameter in its own words, not in ours.
            if "422" in operation["responses"]:
                operation["responses"]["422"] = errors.responses(422)[422]
    return document
