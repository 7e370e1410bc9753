"""The command as a process of its own: Ctrl-C, start-up, the fork server."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest

from api.jobs.engine import open_tables
from api.jobs.store import Store
from tests.small import two_devices

ROOT = Path(__file__).parents[2]
# The command with one more method, which reports a plan and then ignores everything.
_STUBBORN = """
from api.cli import main
from solvers.registry import REGISTRY
from tests.misbehaving import entry

REGISTRY["pipeline_partition"] += (entry("Stubborn"),)
main()
"""


@pytest.fixture
def problem(tmp_path: Path) -> Path:
    """A problem that the stubborn method knows a plan for."""
    path = tmp_path / "problem.json"
    path.write_text(two_devices().model_dump_json(), encoding="utf-8")
    return path


def solving(problem: Path, *options: str) -> subprocess.Popen[str]:
    """A solve that never ends by itself, after its first plan was reported."""
    arguments = ["solve", str(problem), "--solver", "Stubborn", "--time-limit", "100 s", "--events"]
    process = subprocess.Popen(
        [sys.executable, "-c", _STUBBORN, *arguments, *options],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stderr is not None
    for line in process.stderr:
        if json.loads(line)["what"] == "plan":
            return process
    raise AssertionError("no plan was reported")


def interrupt(process: subprocess.Popen[str]) -> None:
    """Ctrl-C: the whole foreground group is told, the fork server too."""
    os.killpg(process.pid, signal.SIGINT)


def test_ctrl_c_keeps_the_best_plan(problem: Path, tmp_path: Path) -> None:
    """Once stops within the grace, prints the certificate, writes the plan, and exits 130."""
    written = tmp_path / "plan.json"
    with solving(problem, "--json", "-o", str(written)) as process:
        interrupt(process)
        stdout, _ = process.communicate(timeout=30)
    assert process.returncode == 130
    certificate = json.loads(stdout)
    assert certificate["objective"] is not None
    assert certificate["runs"][0]["reason"] == "cancelled"
    assert json.loads(written.read_text(encoding="utf-8")) == certificate["plan"]


def test_ctrl_c_twice_aborts(problem: Path, tmp_path: Path) -> None:
    """Twice exits 130 at once and writes nothing."""
    written = tmp_path / "plan.json"
    with solving(problem, "--json", "-o", str(written)) as process:
        interrupt(process)
        time.sleep(0.2)
        interrupt(process)
        stdout, stderr = process.communicate(timeout=30)
    assert process.returncode == 130
    assert stdout == ""
    assert "Traceback" not in stderr
    assert not written.exists()


def test_help_needs_no_heavy_imports() -> None:
    """`edgeplan --help` loads neither the models nor a server nor a drawing library."""
    program = "import sys, api.cli; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    heavy = {"fastapi", "matplotlib", "models", "numpy", "pint", "pydantic", "uvicorn"}
    assert not loaded & heavy


def _written_to(target: int, *arguments: str) -> subprocess.CompletedProcess[str]:
    # Buffered, as where people run it: what is left in the buffer is written at the very end.
    environment = {name: v for name, v in os.environ.items() if name != "PYTHONUNBUFFERED"}
    return subprocess.run(
        [sys.executable, "-m", "api.cli", *arguments],
        cwd=ROOT,
        env=environment,
        stdout=target,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("arguments", [["instances"], ["instances", "--json"], ["schema"]], ids=str)
def test_nobody_reads_on(arguments: list[str]) -> None:
    """As in `edgeplan ... | head -1`: quiet, and the status of SIGPIPE."""
    reader, writer = os.pipe()
    os.close(reader)
    done = _written_to(writer, *arguments)
    os.close(writer)
    assert (done.returncode, done.stderr) == (141, "")


def test_a_full_disk() -> None:
    """An answer that cannot be written exits 74 and says why, without a traceback."""
    with Path("/dev/full").open("wb") as full:
        done = _written_to(full.fileno(), "instances")
    assert done.returncode == 74
    assert done.stderr == ("edgeplan: the answer could not be written: No space left on device\n")


def _json(url: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    data = None if body is None else json.dumps(body).encode()
    headers = {"Content-Type": "application/json", "Prefer": "respond-async"}
    with urlopen(Request(url, data, headers), timeout=60) as response:
        found: dict[str, Any] = json.load(response)
        return found


def test_serve_ends_on_ctrl_c(problem: Path, tmp_path: Path) -> None:
    """Ctrl-C in the terminal of a service ends it with 0; the job waits with its plan."""
    db = f"sqlite:///{tmp_path / 'jobs.db'}"
    body = {"problem": json.loads(problem.read_text(encoding="utf-8")), "solver": "Stubborn"}
    with subprocess.Popen(
        [sys.executable, "-c", _STUBBORN, "serve", "--port", "0", "--slots", "1", "--db", db],
        cwd=ROOT,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as server:
        assert server.stderr is not None
        running = next(line for line in server.stderr if "running on" in line)
        address = running.split()[4]
        job = f"{address}{_json(f'{address}/v1/plans', body)['links']['self']}"
        for _ in range(600):
            if _json(job)["progress"]["objective"] is not None:
                break
            time.sleep(0.05)
        os.killpg(server.pid, signal.SIGINT)
        server.communicate(timeout=30)
    engine = open_tables(db)
    (row,) = Store(engine).page(None)
    engine.dispose()
    assert (row["state"], row["plan"] is not None) == ("queued", True)
    assert server.returncode == 0
