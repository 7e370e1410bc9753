"""The HTTP application: routes, errors and documents put together."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from anyio import to_thread
from fastapi import FastAPI

from api import errors, fork_server
from api.routes import (
    caches,
    explanations,
    frontiers,
    health,
    kinds,
    plans,
    rollings,
    schemas,
    splits,
    verifications,
)
from api.schemas import components
from api.settings import Settings
from api.slots import Slots
from planner.worker import preload

_ROUTERS = (
    plans,
    verifications,
    explanations,
    frontiers,
    splits,
    caches,
    rollings,
    kinds,
    schemas,
    health,
)
_DESCRIPTION = (
    "Plans for models on graphs of edge devices, with their independently checked cost, a lower "
    "bound, and who proved what. Quantities are integers in the unit that a field's name ends in, "
    'or strings with a unit ("8 GiB"). Errors are problem documents (RFC 9457).'
)


def create_app(settings: Settings) -> FastAPI:
    """The application; the fork server starts, with all methods imported, when it starts up."""
    app = FastAPI(
        title="edgeplan",
        version=_version(),
        description=_DESCRIPTION,
        lifespan=_lifespan,
        # FastAPI's pages load scripts from elsewhere; the documents are at /openapi.json.
        docs_url=None,
        redoc_url=None,
        # One schema for a noun, whether it is read or written.
        separate_input_output_schemas=False,
    )
    app.state.settings = settings
    app.state.slots = Slots(settings.slots)
    errors.install(app)
    for module in _ROUTERS:
        app.include_router(module.router)
    generate = app.openapi
    app.openapi = lambda: _with_components(generate())  # type: ignore[method-assign]  # as FastAPI's documentation has it
    return app


@asynccontextmanager
async def _lifespan(_: FastAPI) -> AsyncIterator[None]:
    preload(fork_server.methods())
    await to_thread.run_sync(fork_server.warm_up)
    yield


def _with_components(document: dict[str, Any]) -> dict[str, Any]:
    """FastAPI's document with the schemas of the bodies that it does not read itself."""
    found = document.setdefault("components", {}).setdefault("schemas", {})
    for name, definition in components().items():
        found.setdefault(name, definition)
    return document


def _version() -> str:
    try:
        return version("edgeplan")
    except PackageNotFoundError:
        return "0 (not installed)"
