"""What a process does again and again beside its jobs: a round every so often, in a thread."""

import logging
import threading
from collections.abc import Callable

from sqlalchemy.exc import SQLAlchemyError

_log = logging.getLogger(__name__)


class Rounds:
    """Calls `go` every `pause_s`; a database that is away is waited for.

    A round that fails otherwise is logged: those after it may do better.
    """

    def __init__(self, name: str, go: Callable[[], object], pause_s: float) -> None:
        self._go = go
        self._pause_s = pause_s
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self, patience_s: float | None = None) -> None:
        """End after the round that runs; wait for it, `patience_s` at most."""
        self._over.set()
        self._thread.join(patience_s)

    def _run(self) -> None:
        while not self._over.wait(self._pause_s):
            try:
                self._go()
            except SQLAlchemyError as error:
                _log.warning("%s: the database does not answer: %s", self._thread.name, error)
            except Exception:  # noqa: BLE001  # one bad round must not be the last
                _log.exception("%s: a round failed", self._thread.name)
