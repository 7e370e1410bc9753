"""make conform: requests drawn from the served document, alone and in sequences, with a key.

Ends with schemathesis' status: 1 when an answer is not as the document describes it, or is a
server's error, when a guarded address answers without the key, or a deleted job does.
"""

import argparse
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from api import keys
from api.jobs.engine import open_tables
from api.jobs.store import Store
from tests.service.fleet import ROOT, Server
from tests.service.report import load, say

# Left out: schemas cannot say all that a document must be (every layer's device exists, …), so
# that a document which fits its schema may be refused, and one that does not fit it be taken.
_EXCLUDED = "positive_data_acceptance,negative_data_rejection"


def main() -> int:
    """Start a guarded server, let schemathesis at it, and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, default=20, help="requests per operation")
    parser.add_argument("--seconds", type=int, default=600, help="time at most")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    with tempfile.TemporaryDirectory(prefix="edgeplan-conform-") as folder:
        db = f"sqlite:///{Path(folder) / 'jobs.db'}"
        token = _key(db)
        settings = {"REQUIRE_KEYS": "1", "MAX_TIME_LIMIT": "200 ms", "DEFAULT_WAIT": "300 ms"}
        os.environ.update({f"EDGEPLAN_{name}": value for name, value in settings.items()})
        server = Server(db, Path(folder) / "server.log", slots=2)
        server.start()
        try:
            server.ready()
            before = load()
            status = _drawn(server.url, token, options, folder)
            say("conform", {"status": status, "load of the machine": f"{before}, then {load()}"})
        finally:
            server.stop()
        log = (Path(folder) / "server.log").read_text(encoding="utf-8")
    if '"level": "error"' in log or "Traceback" in log:
        sys.stdout.write(f"the server logged an error:\n{log[-4000:]}\n")
        return 1
    return status


def _key(db: str) -> str:
    engine = open_tables(db)
    token = keys.add(Store(engine), "conform", frozenset(keys.Scope), 100_000)
    engine.dispose()
    return token


def _drawn(url: str, token: str, options: argparse.Namespace, folder: str) -> int:
    command = [
        str(Path(sys.executable).with_name("schemathesis")),
        *("run", f"{url}/openapi.json", "-H", f"Authorization: Bearer {token}"),
        *("--phases", "fuzzing,stateful", "--exclude-checks", _EXCLUDED),
        *("--max-examples", str(options.examples), "--seed", str(options.seed)),
        *("--suppress-health-check", "all", "--no-shrink", "--request-timeout", "30"),
    ]
    hooks = {"SCHEMATHESIS_HOOKS": "tests.service.conform_hooks", "PYTHONPATH": str(ROOT)}
    environment = os.environ | hooks
    try:
        done = subprocess.run(
            command, cwd=folder, env=environment, timeout=options.seconds, check=False
        )
    except subprocess.TimeoutExpired:
        sys.stdout.write(f"not finished after {options.seconds} s\n")
        return 1
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
