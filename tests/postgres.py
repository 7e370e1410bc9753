"""A PostgreSQL server of the tests' own, on a free port of the loopback, where one is installed."""

import getpass
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_USER = "postgres"


def missing() -> str | None:
    """Why there is no server to be had, or None."""
    if _program("initdb") is None:
        return "PostgreSQL is not installed"
    if os.geteuid() == 0 and shutil.which("runuser") is None:
        return "PostgreSQL does not run as root, and there is no runuser"
    return None


@contextmanager
def running() -> Iterator[tuple[str, "Server"]]:
    """The URL of an empty database, and its server."""
    folder = Path(tempfile.mkdtemp(prefix="edgeplan-pg-"))
    if os.geteuid() == 0:
        shutil.chown(folder, _USER)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = Server(folder, port)
    try:
        server.make()
        server.start()
        yield f"postgresql+psycopg://{server.user}@127.0.0.1:{port}/postgres", server
    finally:
        server.stop("immediate")
        shutil.rmtree(folder, ignore_errors=True)


class Server:
    """Starts and stops one cluster."""

    def __init__(self, folder: Path, port: int) -> None:
        self._data = folder / "data"
        self._log = folder / "log"
        self._port = port
        self.user = _USER if os.geteuid() == 0 else getpass.getuser()

    def make(self) -> None:
        """Create the cluster; nobody but the loopback reaches it, so that trust is enough."""
        self._call("initdb", "-D", self._data, "-A", "trust", "-U", self.user, "--no-sync")

    def start(self) -> None:
        """Start it and wait until it answers."""
        options = f"-p {self._port} -c listen_addresses=127.0.0.1 -c unix_socket_directories="
        self._call("pg_ctl", "-D", self._data, "-l", self._log, "-w", "-o", options, "start")

    def stop(self, mode: str) -> None:
        """Stop it: `fast` as one does, `immediate` as a power cut does."""
        self._call("pg_ctl", "-D", self._data, "-w", "-m", mode, "stop", check=False)

    def _call(self, name: str, *arguments: str | Path, check: bool = True) -> None:
        command = [str(_program(name)), *map(str, arguments)]
        if os.geteuid() == 0:
            command = ["runuser", "-u", _USER, "--", *command]
        subprocess.run(
            command, check=check, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/"
        )


def _program(name: str) -> str | None:
    """Debian keeps them by version, away from PATH."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return shutil.which(name, path=os.pathsep.join(map(str, folders)) or os.defpath)
