"""SIGTERM: what runs is put back into the queue with its best plan, by a server and by a worker."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from sqlalchemy import RowMapping

from api.jobs import tickets
from api.jobs.engine import open_tables
from api.jobs.nouns import Operation
from api.jobs.store import NewJob, Store
from api.requests import PlanRequest
from models.result import Limits
from tests.small import two_devices

ROOT = Path(__file__).parents[2]
_STUBBORN = """
from api.cli import main
from solvers.registry import REGISTRY
from tests.misbehaving import entry

REGISTRY["pipeline_partition"] += (entry("Stubborn"),)
main()
"""


# The signal comes before uvicorn listens to signals.
_EARLY = """
import time
from pathlib import Path
import uvicorn

run = uvicorn.Server.run


def late(server):
    while not Path(TOLD).exists():
        time.sleep(0.01)
    run(server)


uvicorn.Server.run = late
"""


def _endless() -> NewJob:
    """A job that has a plan at once and never ends by itself."""
    limits = Limits(time_limit_ns=100 * 10**9)
    request = PlanRequest(problem=two_devices(), solver="Stubborn", limits=limits)
    return NewJob(
        owner="me",
        operation=Operation.PLAN,
        kind=request.problem.kind,
        unit="ns",
        request=request.model_dump_json(),
        cache_key="endless",
        body_hash="endless",
    )


def _once(store: Store, job: str, *, planned: bool) -> RowMapping:
    """The job when it runs and has a plan, or when it waits."""
    for _ in range(1000):
        row = store.get(job, None)
        assert row is not None
        if row["state"] == ("running" if planned else "queued") and row["plan"] is not None:
            return row
        time.sleep(0.05)
    raise AssertionError(f"the job is {row['state']}, its plan {row['plan']}")


@pytest.mark.parametrize(
    ("database", "prepare"), [("sqlite", ""), ("sqlite", _EARLY), ("postgres", "")]
)
def test_unfinished_job_is_queued_again(
    database: str, prepare: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """The job waits for the next process, with the plan that it had, and the attempt is free."""
    verb = ["serve", "--port", "0"] if database == "sqlite" else ["worker"]
    if database == "sqlite":
        url = f"sqlite:///{tmp_path / 'jobs.db'}"
    else:
        url = request.getfixturevalue("postgres")
    engine = open_tables(url)
    store = Store(engine)
    enqueue = tickets.write if database == "postgres" else lambda *_: None
    job = store.submit([_endless()], 10, enqueue)[0]["id"]
    told, log = tmp_path / "told", tmp_path / "log"
    script = prepare.replace("TOLD", repr(str(told))) + _STUBBORN
    command = [sys.executable, "-c", script, *verb, "--slots", "1", "--db", url]
    with log.open("w") as words, subprocess.Popen(command, cwd=ROOT, stderr=words) as process:
        _once(store, job, planned=True)
        process.send_signal(signal.SIGTERM)
        told.touch()
        process.wait(120)
    row = _once(store, job, planned=False)
    assert process.returncode == 0, log.read_text()
    assert row["attempt"] == 0
    assert store.cancel(job) is not None
    engine.dispose()
