"""Where the command line writes: answers to standard output, the rest to standard error."""

import os
import sys
from pathlib import Path

import typer
from pydantic import BaseModel
from rich.console import Console

# Wide enough for the table of a plan where no terminal says how wide it is.
_WIDTH = 120


def answers() -> Console:
    """The console for answers; names and details are printed as they are."""
    width = None if sys.stdout.isatty() else _WIDTH
    return Console(width=width, markup=False, highlight=False, emoji=False, soft_wrap=False)


def notes() -> Console:
    """The console for progress and errors."""
    return Console(stderr=True, markup=False, highlight=False, emoji=False)


def say_json(noun: BaseModel) -> None:
    """A noun as JSON, and nothing else, on standard output."""
    sys.stdout.write(noun.model_dump_json(indent=2) + "\n")


def check_folder(path: Path | None) -> None:
    """Raises BadParameter where a file could not be put, before anything is computed."""
    if path is not None and not path.resolve().parent.is_dir():
        raise typer.BadParameter(f"there is no folder '{path.parent}'")
    if path is not None and path.is_dir():
        raise typer.BadParameter(f"'{path}' is a folder")


def write(path: Path, data: bytes) -> None:
    """Put a file in its place at once, so that nobody reads half of it."""
    target = path.resolve()
    if target.exists() and not target.is_file():  # a pipe or a device cannot be replaced
        target.write_bytes(data)
        return
    draft = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        draft.write_bytes(data)
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)
