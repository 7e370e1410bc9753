"""`edgeplan bench`: runs, continues after a kill and after Ctrl-C, compares, writes documents."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import closing
from dataclasses import replace
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from api.bench_remote import first_word, runner_of
from api.bench_run import lines
from api.cli_planner import ServiceRefusalError
from api.settings import Settings
from models.result import Limits
from planner.benchmark import record, session
from planner.benchmark.record import Record
from planner.benchmark.session import Progress, Session
from planner.benchmark.suites import STRATEGY, SUITES
from tests.api.conftest import edgeplan
from tests.api.serving import serving
from tests.planner.benchmark.rows import exact, heuristic
from tests.planner.benchmark.test_session import Fake

ROOT = Path(__file__).parents[2]
_KIND = "split_computing"
_LEDGER = "# Ledger\n\n<!-- entries, the latest first -->\n"


def _started(folder: Path) -> subprocess.Popen[bytes]:
    """A run of some two hundred solves, once it has measured three."""
    command = ["bench", "quick", "--kind", _KIND, "--time-limit", "1s", "--out", str(folder)]
    process = subprocess.Popen(
        [sys.executable, "-m", "api.cli", *command], cwd=ROOT, start_new_session=True,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    path = folder / "records.jsonl"
    for _ in range(600):
        if path.is_file() and path.read_bytes().count(b"\n") >= 3:
            return process
        assert process.poll() is None
        time.sleep(0.1)
    raise AssertionError("nothing was measured")


def _continued(folder: Path) -> list[Record]:
    """All records after the same run was started again, what is missing made up."""
    settings = session.header(folder).settings
    chains = list(SUITES["quick"].chains(_KIND, settings.seed, settings.repetitions))
    session.begin(folder, settings)
    with closing(Session(folder, settings, Fake(), 1)) as measuring:
        assert measuring.run(chains, threading.Event(), lambda _: None)
    tasks = [task for chain in chains for step in chain.steps for task in step]
    rows = session.records(folder)
    assert len({row.key for row in rows}) == len(rows) == len(tasks)
    return rows


def test_a_killed_run_continues(tmp_path: Path) -> None:
    """After SIGKILL everything that was measured is there, and the rest is measured."""
    process = _started(tmp_path)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    kept = session.records(tmp_path)
    assert len(kept) >= 3
    assert _continued(tmp_path)[: len(kept)] == kept


def test_ctrl_c_reports_what_there_is(tmp_path: Path) -> None:
    """One Ctrl-C ends the run with status 130, a report and records that can be continued."""
    process = _started(tmp_path)
    os.killpg(process.pid, signal.SIGINT)
    assert process.wait(60) == 130
    assert _KIND in (tmp_path / "report.html").read_text(encoding="utf-8")
    assert (tmp_path / "results.csv").is_file()
    kept = session.records(tmp_path)
    assert not [row for row in kept if "cancelled" in row.detail]
    assert _continued(tmp_path)[: len(kept)] == kept


def test_a_service_measures() -> None:
    """With --server each task is a job there, its plan is verified here, and no word says where."""
    task = next(
        task for chain in SUITES["quick"].chains(_KIND, 1, 1) for step in chain.steps
        for task in step if task.method.name == "dp"
    )  # fmt: skip
    limits, never = Limits(time_limit_ns=20 * 10**9), threading.Event()
    with serving(Settings(slots=1)) as url:
        assert first_word(url) == ""
        measured = runner_of(url)
        row = measured(task, limits, never)
        planned = measured(replace(task, method=STRATEGY), limits, never)
        unknown = replace(task.method, name="no-such-method")
        refused = measured(replace(task, method=unknown), limits, never)
    assert row is not None
    assert planned is not None
    assert refused is not None
    assert (row.method, row.proved, row.verdict) == ("dp", True, "accepted")
    assert row.objective == row.lower_bound == planned.objective == planned.lower_bound
    assert row.trace[-1][1] == row.objective
    assert planned.proved
    assert (refused.reason, refused.objective) == ("failed", None)
    assert "no-such-method" in refused.detail
    assert url not in str((row, planned, refused))


def test_a_service_that_does_not_answer_is_told_after_one_request() -> None:
    """Whoever hangs up is asked once, without the patience of the solves behind it."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        url = f"http://127.0.0.1:{door.getsockname()[1]}"

        def hang_up() -> None:
            door.accept()[0].close()

        asked = threading.Thread(target=hang_up)
        asked.start()
        assert f"{url} does not answer" in first_word(url)
        asked.join()
        door.settimeout(0)
        with pytest.raises(BlockingIOError):
            door.accept()


def test_a_service_that_refuses_is_no_measurement(tmp_path: Path) -> None:
    """Without a key nothing is run, instead of every solve being refused."""
    settings = Settings(slots=1, require_keys=True, db=f"sqlite:///{tmp_path / 'jobs.db'}")
    with serving(settings) as url, pytest.raises(ServiceRefusalError, match="key"):
        first_word(url)


def test_without_a_terminal_lines_tell_how_far_it_is() -> None:
    """The first news is a line, and then no more than one in the time given."""
    console = Console(file=StringIO(), width=20)
    often, seldom = lines(console, 0.0), lines(console, 3600.0)
    for listen in (often, seldom):
        for done in (1, 2):
            listen(Progress(done, 9, 90.0 if done == 1 else None, "dp on latency-8-seed-1"))
    assert console.file.getvalue().splitlines() == [
        "1 of at most 9 solves, about 2 min left",
        "2 of at most 9 solves",
        "1 of at most 9 solves, about 2 min left",
    ]


def test_a_value_of_another_type_has_a_remedy(tmp_path: Path) -> None:
    """A row that somebody changed ends no run with a fault of edgeplan."""
    broken = replace(heuristic(), objective="110")
    folder = _kept(tmp_path / "run", [broken], kinds=("split_fleet",))
    told = edgeplan("bench", "quick", "--kind", "split_fleet", "--time-limit", "1s",
                    "--memory-limit", "1GiB", "--out", folder)  # fmt: skip
    assert told.exit_code == 64
    words = " ".join(told.output.split())
    assert "line 1: objective: Input should be a valid integer; delete that line, or" in words
    assert edgeplan("bench", "--compare", folder, folder).exit_code == 64


def test_a_dry_run_says_how_much_it_is() -> None:
    """Problems, methods and solves, however often a kind is named, and nothing is run."""
    kind = ("--kind", "split_fleet")
    result = edgeplan("bench", "quick", *kind, "--dry-run")
    assert edgeplan("bench", "quick", *kind, *kind, "--dry-run").stdout == result.stdout
    assert result.exit_code == 0
    assert "split_fleet" not in result.stdout
    assert result.stdout.startswith("quick: ")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["bench"], "name a SUITE"),
        (["bench", "slow"], "no suite 'slow'"),
        (["bench", "quick", "--kind", "none"], "no kind 'none'"),
        (["bench", "quick", "--compare", "a", "b"], "two folders"),
        (["bench", "--compare", "a", "b"], "no run to compare"),
        (["bench", "quick", "--server", "nowhere", "--out", "{out}"], "is no address"),
        (["bench", "quick", "--time-limit", "0s", "--out", "{out}"], "no time to measure"),
        (["bench", "quick", "--out", "/dev/null/run"], "give another --out"),
        (["bench", "quick", "--ledger", "/dev/null", "--out", "{out}"], "there is no mark"),
        (["bench", "quick", "--readme", "{out}/none", "--out", "{out}"], "No such file"),
        (["bench", "quick", "--pages", "{out}", "--out", "{out}/run"], "No such file"),
        (["bench", "--compare", "a", "b", "--pages", "docs"], "--ledger only"),
    ],
)
def test_what_is_asked_wrongly_is_said(arguments: list[str], words: str, tmp_path: Path) -> None:
    """A usage error that says what to write instead."""
    result = edgeplan(*(argument.format(out=tmp_path) for argument in arguments))
    assert result.exit_code == 64
    assert words in " ".join(result.output.split())


def _kept(folder: Path, rows: list[Record], kinds: tuple[str, ...] = ()) -> Path:
    session.begin(folder, session.Settings("quick", kinds, 10**9, 2**30, 1, 1))
    for row in rows:
        record.append(folder / "records.jsonl", row)
    return folder


def test_regressions_are_told(tmp_path: Path) -> None:
    """A worse run has status 1 and a row per regression, in the ledger too; an equal one 0."""
    rows = [row for number in range(15) for row in (exact(number), heuristic(number))]
    slower = [replace(row, cpu_ns=40_000_000) if row.method == "dp" else row for row in rows]
    a, b = _kept(tmp_path / "a", rows), _kept(tmp_path / "b", slower)
    book = tmp_path / "ledger.md"
    book.write_text(_LEDGER, encoding="utf-8")
    worse = edgeplan("bench", "--compare", a, b, "--ledger", book, "--note", "On purpose.")
    assert worse.exit_code == 1
    assert "1.91 times the processor time" in worse.stdout
    assert "On purpose." in book.read_text(encoding="utf-8")
    assert "| pipeline_partition | dp | time |" in book.read_text(encoding="utf-8")
    same = edgeplan("bench", "--compare", a, a)
    assert same.exit_code == 0
    assert "no regression" in same.stdout
    others = _kept(tmp_path / "c", [replace(row, kind="split_fleet") for row in rows])
    nothing = edgeplan("bench", "--compare", a, others)
    assert nothing.exit_code == 64
    assert "no problem in common" in " ".join(nothing.output.split())


def test_where_data_were_looked_for_is_said(tmp_path: Path) -> None:
    """A folder without the set is named."""
    result = edgeplan("bench", "helix", "--data", tmp_path / "nowhere")
    assert result.exit_code == 64
    assert "nowhere/helix" in "".join(result.stderr.split())
