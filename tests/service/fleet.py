"""Servers and workers as processes of their own, to be killed and started again."""

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import httpx2

ROOT = Path(__file__).parents[2]
# The command with methods that misbehave beside the honest ones.
_PROGRAM = """
from api.cli import main
from solvers.registry import REGISTRY
from tests.misbehaving import entry

REGISTRY["pipeline_partition"] += (entry("Stubborn"), entry("Greedy"))
main()
"""
_START_S = 120.0


class Process:
    """One `edgeplan` command; what it logs is appended to a file."""

    def __init__(self, arguments: Sequence[str], log: Path) -> None:
        self._command = [sys.executable, "-c", _PROGRAM, *arguments]
        self._log = log
        self._running: subprocess.Popen[bytes] | None = None
        self._begun_at = 0

    @property
    def pid(self) -> int:
        """The process's number; it must have been started."""
        assert self._running is not None
        return self._running.pid

    def start(self) -> None:
        """Start it, or start it again."""
        with self._log.open("ab") as log:
            self._begun_at = log.tell()
            self._running = subprocess.Popen(
                self._command, cwd=ROOT, stdout=log, stderr=log, start_new_session=True
            )

    def said(self, words: str) -> None:
        """Wait until it has logged the words. Raises TimeoutError."""
        deadline = time.monotonic() + _START_S
        while words.encode() not in self._log.read_bytes()[self._begun_at :]:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{self._log.name} does not say {words!r}")
            time.sleep(0.1)

    def kill(self) -> None:
        """What the system does when memory runs out: no last word."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """Tell it to end, and wait."""
        self._end(signal.SIGTERM)

    def _end(self, number: signal.Signals) -> None:
        if self._running is not None:
            self._running.send_signal(number)
            self._running.wait(30)
            self._running = None


class Server(Process):
    """One `edgeplan serve`, always at the same address."""

    def __init__(self, db: str, log: Path, slots: int = 2) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        options = ["--port", str(port), "--db", db, "--slots", str(slots)]
        super().__init__(["serve", *options], log)

    def ready(self) -> None:
        """Wait until it answers."""
        deadline = time.monotonic() + _START_S
        while time.monotonic() < deadline:
            try:
                if httpx2.get(f"{self.url}/livez", timeout=5).status_code == 200:
                    return
            except httpx2.TransportError:
                time.sleep(0.05)
        raise TimeoutError(f"{self.url} does not answer")


def worker(db: str, log: Path, slots: int = 2) -> Process:
    """One `edgeplan worker`."""
    return Process(["worker", "--db", db, "--slots", str(slots)], log)
