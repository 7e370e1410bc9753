"""Logs of the service on standard error: text for people, JSON for machines, with the job's id."""

import logging
import sys
from typing import TextIO

import structlog
from structlog.typing import Processor

from api.settings import Settings

_SHARED: tuple[Processor, ...] = (
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
)


def install(settings: Settings, stream: TextIO | None = None) -> None:
    """Make every logger of the process, libraries' too, write in the format of the settings."""
    out = stream or sys.stderr
    plain = settings.log_format == "json" or (settings.log_format == "auto" and not out.isatty())
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=_SHARED,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *(_as_json() if plain else [structlog.dev.ConsoleRenderer(colors=out.isatty())]),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    # uvicorn brings handlers of its own unless it is told not to; these pass on to ours.
    for name in ("alembic", "pgqueuer"):
        logging.getLogger(name).setLevel(logging.WARNING)


def _as_json() -> list[Processor]:
    return [
        # Without the values of variables: those are customers' problems.
        structlog.processors.ExceptionRenderer(
            structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
        ),
        structlog.processors.JSONRenderer(ensure_ascii=False),
    ]
