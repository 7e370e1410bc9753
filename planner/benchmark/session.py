"""A run of a suite: chains side by side, every record kept at once, continued where it stopped.

A folder holds one run: `run.json`, what was asked for and where; `records.jsonl`, what was
measured. Starting the same run in the same folder measures what is missing. The order is shuffled,
so that a machine that gets slower does so for all methods alike, and so that what is done says how
long the rest will take.
"""

import fcntl
import json
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from models.result import Limits
from planner.benchmark import record
from planner.benchmark.machine import code, machine, versions
from planner.benchmark.record import Key, Record
from planner.benchmark.runner import Runner
from planner.benchmark.suites import Chain, Task

_HEADER, _RECORDS, _LOCK = "run.json", "records.jsonl", "lock"
_TICK_S = 0.2


class SessionError(ValueError):
    """A folder that holds another run, or in which one is at work."""


@dataclass(frozen=True)
class Settings:
    """What was asked for; runs with equal settings and equal code measure the same.

    server: a service did it, on machines of its own.
    """

    suite: str
    kinds: tuple[str, ...]
    time_limit_ns: int
    memory_limit_bytes: int
    seed: int
    repetitions: int
    server: bool = False

    @property
    def limits(self) -> Limits:
        """Of one solve."""
        return Limits(
            time_limit_ns=self.time_limit_ns,
            memory_limit_bytes=self.memory_limit_bytes,
            seed=self.seed,
        )


@dataclass(frozen=True)
class Header:
    """A run's settings, and where and when it began."""

    settings: Settings
    code: str
    date: str
    versions: dict[str, str]
    machine: dict[str, str]


@dataclass(frozen=True)
class Progress:
    """How far a run is: tasks done of those that may be needed, and the seconds that are left."""

    done: int
    total: int
    left_s: float | None
    last: str


Listener = Callable[[Progress], None]


def header(folder: Path) -> Header:
    """What run a folder holds. Raises SessionError, OSError."""
    try:
        found = json.loads((folder / _HEADER).read_text(encoding="utf-8"))
        found["settings"]["kinds"] = tuple(found["settings"]["kinds"])
        found["settings"] = Settings(**found["settings"])
        return Header(**found)
    except (ValueError, TypeError, KeyError) as error:
        raise SessionError(f"{folder.name}/{_HEADER} is no header of a run: {error}") from error


def records(folder: Path) -> list[Record]:
    """What has been measured in a folder. Raises RecordsError, OSError."""
    path = folder / _RECORDS
    return record.read(path) if path.is_file() else []


def begin(folder: Path, settings: Settings) -> Header:
    """Make a folder for a run, or find that it holds just this one. Raises SessionError."""
    if not (folder / _HEADER).is_file():
        folder.mkdir(parents=True, exist_ok=True)
        date = datetime.now(UTC).date().isoformat()
        made = Header(settings, code(), date, versions(), machine())
        draft = folder / f"{_HEADER}.part"
        draft.write_text(json.dumps(asdict(made), indent=2) + "\n", encoding="utf-8")
        draft.replace(folder / _HEADER)
        return made
    found = header(folder)
    if found.settings != settings:
        raise SessionError(f"{folder} holds a run with other settings: {found.settings}")
    if found.code != code():
        raise SessionError(f"{folder} holds a run of other code ({found.code}, now {code()})")
    return found


class Session:
    """One run: `run` it once. Raises RecordsError; SessionError where another is at work."""

    def __init__(self, folder: Path, settings: Settings, runner: Runner, jobs: int) -> None:
        # Held until the session is no more, or its process, however that ends.
        self._lock_file = _locked(folder / _LOCK)
        self._path = folder / _RECORDS
        self._settings = settings
        self._runner = runner
        self._jobs = jobs
        self._lock = threading.Lock()
        try:
            record.mend(self._path)
            self._known: dict[Key, Record] = {row.key: row for row in records(folder)}
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Let another run have the folder."""
        self._lock_file.close()

    def keep(self, rows: Iterable[Record]) -> None:
        """Write records that are not there yet."""
        for row in rows:
            with self._lock:
                if row.key not in self._known:
                    record.append(self._path, row)
                    self._known[row.key] = row

    def run(self, chains: list[Chain], cancel: threading.Event, listen: Listener) -> bool:
        """Measure what is missing; whether it came to the end, uncancelled."""
        tasks = [task for chain in chains for step in chain.steps for task in step]
        pace = _Pace(tasks, self._jobs)
        shuffled = random.Random(self._settings.seed).sample(chains, len(chains))  # noqa: S311  # no secret
        with ThreadPoolExecutor(self._jobs) as pool:
            left = {pool.submit(self._chain, chain, cancel, pace) for chain in shuffled}
            try:
                while left:
                    left = _settled(left)
                    listen(pace.progress())
            except BaseException:
                cancel.set()
                pool.shutdown(cancel_futures=True)
                raise
        return not cancel.is_set()

    def _chain(self, chain: Chain, cancel: threading.Event, pace: "_Pace") -> None:
        going = True
        for step in chain.steps:
            found = [self._task(task, cancel, pace) for task in step] if going else []
            if cancel.is_set():
                return
            if not going:
                pace.skip(step)
                continue
            proved = any(row is not None and row.proved for row in found)
            going = chain.goes_on(proved=proved)

    def _task(self, task: Task, cancel: threading.Event, pace: "_Pace") -> Record | None:
        key = (task.case.kind, task.case.instance, task.method.name, task.repetition)
        known = self._known.get(key)
        if known is not None:
            pace.skip((task,))
            return known
        if cancel.is_set():
            return None
        begun = time.monotonic()
        row = self._runner(task, self._settings.limits, cancel)
        if row is not None:
            self.keep([row])
            pace.note(task, time.monotonic() - begun)
        return row


def _locked(path: Path) -> IO[str]:
    """An open file that no other process has locked. Raises SessionError."""
    file = path.open("w", encoding="utf-8")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        raise SessionError(f"another run is at work in {path.parent}") from None
    return file


def _settled(left: set[Future[None]]) -> set[Future[None]]:
    """What has not ended after a moment. Raises what a task raised."""
    done, rest = wait(left, timeout=_TICK_S, return_when=FIRST_COMPLETED)
    for future in done:
        future.result()
    return rest


class _Pace:
    """How long tasks took, by kind and method, and so how long those that are left may take."""

    def __init__(self, tasks: list[Task], jobs: int) -> None:
        self._left = Counter(map(_sort, tasks))
        self._took: dict[tuple[str, str], tuple[int, float]] = {}
        self._total = len(tasks)
        self._done = 0
        self._jobs = jobs
        self._last = ""
        self._lock = threading.Lock()

    def note(self, task: Task, seconds: float) -> None:
        """A task took so long."""
        with self._lock:
            count, total = self._took.get(_sort(task), (0, 0.0))
            self._took[_sort(task)] = count + 1, total + seconds
            self._left[_sort(task)] -= 1
            self._done += 1
            self._last = f"{task.method.name} on {task.case.instance}"

    def skip(self, tasks: Iterable[Task]) -> None:
        """Tasks that are done already, or not needed."""
        with self._lock:
            for task in tasks:
                self._left[_sort(task)] -= 1
                self._total -= 1

    def progress(self) -> Progress:
        """How far it is."""
        with self._lock:
            count = sum(number for number, _ in self._took.values())
            spent = sum(seconds for _, seconds in self._took.values())
            usual = spent / count if count else None
            left = None
            if usual is not None:
                means = {sort: seconds / number for sort, (number, seconds) in self._took.items()}
                waits = [number * means.get(sort, usual) for sort, number in self._left.items()]
                left = sum(waits) / self._jobs
            return Progress(self._done, self._total, left, self._last)


def _sort(task: Task) -> tuple[str, str]:
    return task.case.kind, task.method.name
