"""Files in their place at once, and progress for people and programs."""

import io
import json
import os
import threading
from pathlib import Path

import pytest
from rich.console import Console

from api import cli_progress
from api.cli_output import OutputError, write
from api.cli_progress import gap_of, watching
from planner.race import Event, What


def test_write_replaces(tmp_path: Path) -> None:
    """A file is replaced as a whole, through a link to where it points."""
    target, link = tmp_path / "plan.json", tmp_path / "link.json"
    target.write_bytes(b"old")
    link.symlink_to(target)
    write(link, b"fresh")
    assert target.read_bytes() == b"fresh"
    assert link.is_symlink()
    assert sorted(tmp_path.iterdir()) == [link, target]


def test_write_leaves_the_old_file_when_it_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that is full while writing costs neither the old file nor leaves a half one."""
    target = tmp_path / "plan.json"
    target.write_bytes(b"old")

    def full(path: Path, data: bytes) -> int:
        with path.open("wb") as file:
            file.write(data[:2])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OutputError, match=r"plan\.json: No space"):
        write(target, b"fresh")
    assert list(tmp_path.iterdir()) == [target]
    assert target.read_bytes() == b"old"


def test_write_to_a_pipe(tmp_path: Path) -> None:
    """What is no ordinary file is written to, not replaced."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()))
    reader.start()
    write(pipe, b"plan")
    reader.join(timeout=10)
    assert read == [b"plan"]
    assert pipe.is_fifo()


@pytest.mark.parametrize(
    ("objective", "bound", "gap"),
    [(None, 3, None), (4, None, None), (4, 3, 0.25), (4, 4, 0.0), (0, 0, 0.0)],
)
def test_gaps(objective: int | None, bound: int | None, gap: float | None) -> None:
    """A gap needs an objective and a bound."""
    assert gap_of(objective, bound) == gap


_EVENT = Event(at_ns=5, solver="dp", what=What.PLAN, objective=4_000_000, lower_bound=3_000_000)


def test_events(capsys: pytest.CaptureFixture[str]) -> None:
    """An event is one line of JSON on standard error."""
    with watching("ns", threading.Event(), events=True) as listen:
        assert listen is not None
        listen(_EVENT)
    out, err = capsys.readouterr()
    assert out == ""
    assert json.loads(err) == {
        "at_ns": 5,
        "solver": "dp",
        "what": "plan",
        "objective": 4_000_000,
        "lower_bound": 3_000_000,
        "gap": 0.25,
    }


def test_line_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal shows incumbent, bound and gap, says how to abort, and is left clean."""
    screen = io.StringIO()
    console = Console(file=screen, force_terminal=True, width=100)
    monkeypatch.setattr(cli_progress, "notes", lambda: console)
    cancel = threading.Event()
    with watching("ns", cancel, events=False) as listen:
        assert listen is not None
        listen(_EVENT)
        cancel.set()
    shown = screen.getvalue()
    for words in ("incumbent 4.00 ms", "bound 3.00 ms", "gap 25.00 %", "Ctrl-C again aborts"):
        assert words in shown


def test_nothing_without_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nobody watches there is no listener."""
    console = Console(file=io.StringIO())
    monkeypatch.setattr(cli_progress, "notes", lambda: console)
    with watching("ns", threading.Event(), events=False) as listen:
        assert listen is None
