"""How a solve shows that it lives: a line on a terminal, or an event per line for programs."""

import json
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace

from rich.live import Live
from rich.spinner import Spinner
from rich.text import Text

from api.cli_output import notes
from api.cli_tables import percent
from models.units import format_quantity
from planner.race import Event, Listener


@contextmanager
def watching(unit: str, cancel: threading.Event, *, events: bool) -> Iterator[Listener | None]:
    """A listener for a solve in this block.

    events: one JSON object per event on standard error; otherwise a line that moves, where
    standard error is a terminal, and nothing where it is not.
    """
    console = notes()
    if events:
        yield _write_event
    elif console.is_terminal:
        line = _Line(unit, cancel)
        with Live(line, console=console, transient=True, refresh_per_second=8):
            yield line.take
    else:
        yield None


def gap_of(objective: int | None, lower_bound: int | None) -> float | None:
    """(objective - bound) / objective, None while one of them is not known."""
    if objective is None or lower_bound is None:
        return None
    return (objective - lower_bound) / objective if objective else 0.0


def _write_event(event: Event) -> None:
    row = asdict(replace(event, plan=None)) | {"gap": gap_of(event.objective, event.lower_bound)}
    del row["plan"], row["plan_from"]  # the answer has the best one
    sys.stderr.write(json.dumps(row) + "\n")
    sys.stderr.flush()


class _Line:
    """Incumbent, bound, gap and time, drawn anew whenever the terminal asks."""

    def __init__(self, unit: str, cancel: threading.Event) -> None:
        self._unit = unit
        self._cancel = cancel
        self._begun = time.monotonic()
        self._last: Event | None = None
        self._spinner = Spinner("dots")

    def take(self, event: Event) -> None:
        """Remember the latest event."""
        self._last = event

    def __rich__(self) -> Spinner:
        self._spinner.update(text=Text(self._words(), overflow="ellipsis", no_wrap=True))
        return self._spinner

    def _words(self) -> str:
        parts = [f"{time.monotonic() - self._begun:.1f} s"]
        if self._last is not None:
            objective, bound = self._last.objective, self._last.lower_bound
            gap = gap_of(objective, bound)
            parts += [
                f"incumbent {self._amount(objective)}",
                f"bound {self._amount(bound)}",
                f"gap {'-' if gap is None else percent(gap)}",
                self._last.solver,
            ]
            if objective is not None and objective == bound:
                parts.append("proved; a second proof is waited for, Ctrl-C does without")
        if self._cancel.is_set():
            parts.append("stopping; Ctrl-C again aborts")
        return "  ".join(parts)

    def _amount(self, value: int | None) -> str:
        return "-" if value is None else format_quantity(value, self._unit)
