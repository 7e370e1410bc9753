"""Where the command line writes: answers to standard output, the rest to standard error."""

import os
import sys
from pathlib import Path

import typer
from pydantic import BaseModel
from rich.console import Console

# The name of standard output as a file.
STDOUT = Path("-")
# Wide enough for the table of a plan where no terminal says how wide it is.
_WIDTH = 120


class OutputError(Exception):
    """A file that cannot be written, and why."""


class _Console(Console):
    def on_broken_pipe(self) -> None:
        """Leaves to the command what it means that nobody reads on."""
        raise  # noqa: PLE0704  # called while the error is handled


def answers(*, aside: bool = False) -> Console:
    """The console for answers; names and details are printed as they are.

    aside: on standard error, since standard output is for a document.
    """
    width = None if (sys.stderr if aside else sys.stdout).isatty() else _WIDTH
    return _Console(width=width, stderr=aside, markup=False, highlight=False, emoji=False)


def notes() -> Console:
    """The console for progress and errors."""
    return Console(stderr=True, markup=False, highlight=False, emoji=False)


def say_json(noun: BaseModel) -> None:
    """A noun as JSON, and nothing else, on standard output."""
    sys.stdout.write(noun.model_dump_json(indent=2) + "\n")


def check_folder(path: Path | None, option: str = "--output") -> None:
    """Raises BadParameter where a file could not be put, before anything is computed."""
    if path is None or path == STDOUT:
        return
    folder = path.resolve().parent
    reason = None
    if not folder.is_dir():
        reason = f"there is no folder '{path.parent}'"
    elif path.is_dir():
        reason = f"'{path}' is a folder"
    elif not os.access(path if path.exists() else folder, os.W_OK):
        reason = f"'{path}' may not be written"
    if reason is not None:
        raise typer.BadParameter(reason, param_hint=option)


def write(path: Path, data: bytes) -> None:
    """Put a file in its place at once, so that nobody reads half of it. Raises OutputError."""
    if path == STDOUT:
        sys.stdout.write(data.decode())
        return
    try:
        _put(path.resolve(), data)
    except OSError as error:
        raise OutputError(f"{path}: {error.strerror}") from None


def _put(target: Path, data: bytes) -> None:
    if target.exists() and not target.is_file():  # a pipe or a device cannot be replaced
        target.write_bytes(data)
        return
    draft = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        draft.write_bytes(data)
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)
