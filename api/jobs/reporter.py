"""What a race tells, on its way into the table: several events in one transaction.

A commit waits for the disk, and a small problem is solved in less time than that. So an event waits
a moment for others; those of a short job are written with its end.
"""

import logging
import threading
import time
from typing import Any

from sqlalchemy import RowMapping
from sqlalchemy.exc import SQLAlchemyError

from api.jobs import leases
from api.jobs.store import Store
from api.outage import is_away
from planner.race import Event

_log = logging.getLogger(__name__)
_WAIT_S = 0.1


class Reporter:
    """Writes events and what is found; what could not be written comes with the next.

    cancel: set when the job is another worker's by now.
    """

    def __init__(self, store: Store, row: RowMapping, cancel: threading.Event) -> None:
        self._store = store
        self._row = row
        self._cancel = cancel
        self._lock = threading.Lock()
        self._told: list[dict[str, Any]] = []
        self._found: dict[str, Any] = {}
        # What an earlier attempt has proved holds for this one.
        self._bound = number(row["lower_bound"])
        self._timer: threading.Timer | None = None

    def report(self, event: Event) -> None:
        """Take an event; it is written within a tenth of a second."""
        with self._lock:
            self._bound = bound = tighter(self._bound, event.lower_bound, event.objective)
        figures = {"objective": event.objective, "lower_bound": bound}
        told = {"what": event.what.value, "solver": event.solver, **figures}
        found: dict[str, Any] = {"lower_bound": as_text(bound)}
        if event.objective is not None:
            found["objective"] = as_text(event.objective)
        if event.plan is not None:
            found |= {"plan": event.plan.model_dump_json(), "plan_from": event.plan_from}
        with self._lock:
            self._told.append({"at_ns": time.time_ns() - self._row["submitted_ns"], **told})
            self._found |= found
            if self._timer is None:
                self._timer = threading.Timer(_WAIT_S, self.flush)
                self._timer.daemon = True
                self._timer.start()

    def flush(self) -> None:
        """Write what waits, now."""
        with self._lock:
            self._stop_timer()
            if not self._told:
                return
            try:
                held = leases.report(self._store, self._row, self._told, self._found)
            except SQLAlchemyError as error:
                if not is_away(error):
                    raise
                _log.warning("events of job %s wait: %s", self._row["id"], error)
                return
            self._told, self._found = [], {}
        if not held:
            self._cancel.set()

    def rest(self) -> list[dict[str, Any]]:
        """The events that are not written yet, for the transaction that ends the job."""
        with self._lock:
            self._stop_timer()
            told, self._told, self._found = self._told, [], {}
            return told

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def as_text(value: int | None) -> str | None:
    """A number as the table keeps it: SQL's integers end at 64 bits."""
    return None if value is None else str(value)


def number(text: str | None) -> int | None:
    """A number that the table keeps."""
    return None if text is None else int(text)


def tighter(known: int | None, told: int | None, objective: int | None) -> int | None:
    """The greater of two lower bounds, None where there is neither.

    One above the objective of a verified plan is refuted by it: then what is told now counts.
    """
    best = max((bound for bound in (known, told) if bound is not None), default=None)
    refuted = best is not None and objective is not None and best > objective
    return told if refuted else best
