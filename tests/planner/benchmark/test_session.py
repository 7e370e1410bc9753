"""A run keeps what it has measured, whatever ends it, and continues."""

import json
import threading
from contextlib import closing
from dataclasses import asdict, replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from models.result import Limits
from planner.benchmark import record, runner, session
from planner.benchmark.measure import NotStartedError
from planner.benchmark.record import Record, RecordsError
from planner.benchmark.runner import run
from planner.benchmark.session import Progress, Session, SessionError, Settings
from planner.benchmark.suites import SUITES, Chain, Proceed, Task
from tests.planner.benchmark.rows import exact

_KIND = "split_computing"
_SETTINGS = Settings("quick", (_KIND,), 10**9, 2**30, 1, 1)


class Fake:
    """A runner that measures nothing: proves what it is told to, and counts its calls."""

    def __init__(self, proves: bool = True, stop_after: int | None = None) -> None:
        self.calls: list[Task] = []
        self._proves = proves
        self._left = count() if stop_after is None else iter(range(stop_after))

    def __call__(self, task: Task, _: Limits, cancel: threading.Event) -> Record | None:
        """A record of the task, None once it is to stop."""
        if next(self._left, None) is None:
            cancel.set()
            return None
        self.calls.append(task)
        case = task.case
        return exact(
            kind=case.kind, instance=case.instance, method=task.method.name,
            repetition=task.repetition, proved=self._proves and task.method.traits.exact,
        )  # fmt: skip


def _chains() -> list[Chain]:
    return list(SUITES["quick"].chains(_KIND, 1, 1))


def _run(folder: Path, runner: Fake, chains: list[Chain] | None = None) -> bool:
    session.begin(folder, _SETTINGS)
    with closing(Session(folder, _SETTINGS, runner, 2)) as measuring:
        return measuring.run(chains or _chains(), threading.Event(), lambda _: None)


def test_a_stopped_run_continues(tmp_path: Path) -> None:
    """What was measured is not measured again, and in the end everything is there once."""
    first = Fake(stop_after=7)
    assert not _run(tmp_path, first)
    kept = session.records(tmp_path)
    assert len(kept) == len(first.calls) == 7
    second = Fake()
    assert _run(tmp_path, second)
    rows = session.records(tmp_path)
    tasks = [task for chain in _chains() for step in chain.steps for task in step]
    assert rows[:7] == kept
    assert len({row.key for row in rows}) == len(rows) == len(tasks)
    assert len(second.calls) == len(tasks) - 7


def test_a_line_cut_short_is_measured_again(tmp_path: Path) -> None:
    """A kill while writing leaves half a line: it is left out, and written anew."""
    _run(tmp_path, Fake(stop_after=3))
    path = tmp_path / "records.jsonl"
    path.write_bytes(path.read_bytes()[:-20])
    assert len(session.records(tmp_path)) == 2
    assert _run(tmp_path, Fake())
    assert len({row.key for row in session.records(tmp_path)}) == len(session.records(tmp_path))


def test_another_run_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder is continued with equal settings and equal code only."""
    session.begin(tmp_path, _SETTINGS)
    session.begin(tmp_path, _SETTINGS)
    with pytest.raises(SessionError, match="settings"):
        session.begin(tmp_path, replace(_SETTINGS, seed=2))
    monkeypatch.setattr(session, "code", lambda: "other")
    with pytest.raises(SessionError, match="code"):
        session.begin(tmp_path, _SETTINGS)
    (tmp_path / "run.json").write_text("{}", encoding="utf-8")
    with pytest.raises(SessionError, match="header"):
        session.header(tmp_path)


def _line(**fields: object) -> str:
    """A record with values that it cannot have."""
    return json.dumps(asdict(exact(**fields)))


def test_two_runs_do_not_share_a_folder(tmp_path: Path) -> None:
    """While one is at work another is refused; once it is gone it is not."""
    session.begin(tmp_path, _SETTINGS)
    first = Session(tmp_path, _SETTINGS, Fake(), 1)
    with pytest.raises(SessionError, match="at work"):
        Session(tmp_path, _SETTINGS, Fake(), 1)
    first.close()
    Session(tmp_path, _SETTINGS, Fake(), 1).close()


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('{"kind": "no record"}', "line 2: source: Field required; delete that line"),
        ("{", "line 2: Invalid JSON"),
        (_line(objective="100"), "line 2: objective: Input should be a valid integer"),
        (_line(proved=1), "line 2: proved: Input should be a valid boolean"),
        (_line(trace=((1.5, 120, None),)), "line 2: trace: 0: 0: Input should be a valid integer"),
    ],
)
def test_a_broken_line_is_told(line: str, words: str, tmp_path: Path) -> None:
    """A whole line that holds no record is an error that names it, not a row less."""
    path = tmp_path / "records.jsonl"
    record.append(path, exact())
    with path.open("a", encoding="utf-8") as file:
        file.write(f"{line}\n")
    with pytest.raises(RecordsError, match=words):
        session.records(tmp_path)


def test_words_of_a_method_may_hold_any_character(tmp_path: Path) -> None:
    """What Unicode takes for the end of a line is none here."""
    row = exact(detail="one\u2028two\x85three")
    record.append(tmp_path / "records.jsonl", row)
    assert session.records(tmp_path) == [row]


@pytest.mark.parametrize(
    ("proceed", "proves", "calls"),
    [
        (Proceed.WHILE_PROVED, True, 3),
        (Proceed.WHILE_PROVED, False, 1),
        (Proceed.UNTIL_PROVED, True, 1),
        (Proceed.UNTIL_PROVED, False, 3),
    ],
)
def test_chains_end_as_told(tmp_path: Path, proceed: Proceed, proves: bool, calls: int) -> None:
    """A ladder ends where nothing is proved, a search for a proof where there is one."""
    tasks = [step for chain in _chains() for step in chain.steps if step[0].method.traits.exact]
    runner = Fake(proves)
    assert _run(tmp_path, runner, [Chain(tuple(tasks[:3]), proceed)])
    assert len(runner.calls) == calls
    # Started again, it measures nothing more.
    again = Fake(proves)
    assert _run(tmp_path, again, [Chain(tuple(tasks[:3]), proceed)])
    assert not again.calls


def test_progress_counts_to_the_end(tmp_path: Path) -> None:
    """In the end all is done, and no time is left."""
    heard: list[Progress] = []
    session.begin(tmp_path, _SETTINGS)
    with closing(Session(tmp_path, _SETTINGS, Fake(), 2)) as measuring:
        measuring.run(_chains(), threading.Event(), heard.append)
    assert heard[-1].done == heard[-1].total > 0
    assert heard[-1].left_s == 0


def test_a_task_is_measured(tmp_path: Path) -> None:
    """A record of a real run: proved, with its times, its peak and its trace."""
    task = next(
        task for chain in _chains() for step in chain.steps for task in step
        if task.method.name == "dp"
    )  # fmt: skip
    row = run(task, Limits(time_limit_ns=20 * 10**9), threading.Event())
    assert row is not None
    assert (row.kind, row.method, row.proved, row.verdict) == (_KIND, "dp", True, "accepted")
    assert row.objective == row.lower_bound == row.optimum
    assert row.cpu_ns is not None
    assert row.reference_ns is not None
    assert row.trace[-1][1:] == (row.objective, row.lower_bound)
    record.append(tmp_path / "one.jsonl", row)
    assert record.read(tmp_path / "one.jsonl") == [row]


def test_a_busy_machine_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """No process for a moment is no record; none for long is an error, not a failed method."""
    found = runner.measure
    refusals = iter([NotStartedError("busy")] * 2)

    def refusing(*arguments: Any, **named: Any) -> Any:
        error = next(refusals, None)
        if error is not None:
            raise error
        return found(*arguments, **named)

    monkeypatch.setattr(runner, "measure", refusing)
    task = _chains()[0].steps[0][0]
    limits = Limits(time_limit_ns=20 * 10**9)
    row = run(task, limits, threading.Event())
    assert row is not None
    assert row.reason != "failed"
    refusals = iter([NotStartedError("busy")] * 9)
    with pytest.raises(NotStartedError, match="busy"):
        run(task, limits, threading.Event())


def test_a_cancelled_task_says_nothing() -> None:
    """What a person cut short is no record."""
    stop = threading.Event()
    stop.set()
    task = _chains()[0].steps[0][0]
    assert run(task, Limits(time_limit_ns=10**9), stop) is None
