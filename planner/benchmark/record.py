"""One run of one method on one problem as a row of plain figures, and the file they are kept in.

A file of records has one JSON object per line and is only ever added to: what a killed run has
measured stays, and a line that was being written when it was killed is left out.
"""

import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from pydantic import ConfigDict, TypeAdapter, ValidationError

# Nanoseconds, the best objective and the best bound so far.
Step = tuple[int, int | None, int | None]
Key = tuple[str, str, str, int]


@dataclass(frozen=True)
class Record:
    """A row. None stands for what was not established, or does not apply.

    source, family, instance, size (in size_unit), seed: see planner.benchmark.cases; unit: of
    objective and lower_bound. exact, method_family: the method's traits; measured: False for a
    figure of others. reason: why it stopped, "published" for others; verdict: "accepted" or
    "refused", what the verifier says of its plan, None where there is none. proved: an exact method
    came to its end. optimum: known before. wall_ns, cpu_ns, peak_bytes: of the method's process;
    reference_ns: processor time there of a fixed piece of work. trace: what it had when.
    """

    __pydantic_config__ = ConfigDict(strict=True, extra="forbid")

    kind: str
    source: str
    family: str
    instance: str
    size: int | None
    size_unit: str
    seed: int | None
    digest: str
    unit: str
    optimum: int | None
    method: str
    exact: bool
    method_family: str
    deterministic: bool
    measured: bool
    repetition: int
    reason: str
    verdict: str | None
    proved: bool
    objective: int | None
    lower_bound: int | None
    wall_ns: int | None
    cpu_ns: int | None
    peak_bytes: int | None
    reference_ns: int | None
    detail: str = ""
    trace: tuple[Step, ...] = ()

    @property
    def key(self) -> Key:
        """What no two records of a run share."""
        return self.kind, self.instance, self.method, self.repetition

    @property
    def case(self) -> tuple[str, str]:
        """The problem, by kind and name."""
        return self.kind, self.instance


COLUMNS = tuple(field.name for field in fields(Record))
_ROWS = TypeAdapter(Record)


class RecordsError(ValueError):
    """A file that does not hold records."""


def append(path: Path, record: Record) -> None:
    """Add a record; it is on the disk when this returns."""
    line = json.dumps(asdict(record), ensure_ascii=False) + "\n"
    with path.open("a", encoding="utf-8") as file:
        file.write(line)
        file.flush()
        os.fsync(file.fileno())


def mend(path: Path) -> None:
    """Cut off a last line that was not written to its end."""
    if not path.is_file():
        return
    whole = path.read_bytes()
    end = whole.rfind(b"\n") + 1
    if end < len(whole):
        with path.open("r+b") as file:
            file.truncate(end)


def read(path: Path) -> list[Record]:
    """The records of a file, without a last line cut short. Raises RecordsError, OSError."""
    text = path.read_text(encoding="utf-8")
    return list(_parsed(path, text[: text.rfind("\n") + 1]))


def _parsed(path: Path, text: str) -> Iterator[Record]:
    for number, line in enumerate(text.split("\n")[:-1], start=1):
        try:
            yield _ROWS.validate_json(line)
        except ValidationError as error:
            fault = error.errors(include_url=False)[0]
            where = "".join(f"{part}: " for part in fault["loc"])
            words = f"{path.name}, line {number}: {where}{fault['msg']}; delete that line"
            raise RecordsError(words) from error
