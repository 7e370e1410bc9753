"""make soak: the acceptance figures of the service, measured one after another on the loopback."""

import argparse
import asyncio
import os
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

from api.client import AsyncClient, Client, Options
from api.jobs.engine import open_tables
from api.jobs.leases import LEASE_NS
from api.jobs.nouns import Job, JobEvent, JobState
from api.jobs.store import Store
from api.requests import PlanRequest
from models.result import Certificate, Limits, Reason
from tests import postgres
from tests.service.fleet import Process, Server, worker
from tests.service.load import cached, uncached
from tests.service.report import load, quantiles, say
from tests.service.workload import audit, request
from tests.small import two_devices

_SECOND_NS = 10**9


def _misbehaving(method: str, seed: int, seconds: int, memory: int = 4 * 2**30) -> PlanRequest:
    limits = Limits(time_limit_ns=seconds * _SECOND_NS, memory_limit_bytes=memory, seed=seed)
    return PlanRequest(problem=two_devices(), solver=method, limits=limits)


def overshoot(client: Client, times: int) -> dict[str, str]:
    """How long after its limit a solve ends that heeds neither limit nor word."""
    late = []
    for seed in range(times):
        seen: dict[str | None, float] = {}
        client.plan(_misbehaving("Stubborn", seed, 1), listen=_clock(seen))
        late.append(seen["done"] - seen["running"] - 1)
    return {f"overshoot ({times} solves that hang)": quantiles(late)}


def cancel(client: Client, times: int) -> dict[str, str]:
    """From the word to cancel until the result is at hand, for a solve that ignores it."""
    took = [_cancelled(client, seed) for seed in range(times)]
    return {f"cancel to result ({times} solves that ignore it)": quantiles(took)}


def _cancelled(client: Client, seed: int) -> float:
    stop, heard = threading.Event(), threading.Event()
    at: list[float] = []

    def interrupt() -> None:
        heard.wait(60)
        at.append(time.monotonic())
        stop.set()

    asked = threading.Thread(target=interrupt)
    asked.start()
    hear = _clock({}, heard)
    found = client.plan(_misbehaving("Stubborn", 100 + seed, 60), listen=hear, cancel=stop)
    asked.join()
    if found.plan is None:
        raise AssertionError("a cancelled solve lost its plan")
    return time.monotonic() - at[0]


def _clock(
    seen: dict[str | None, float], plan: threading.Event | None = None
) -> Callable[[JobEvent], None]:
    """Remembers when each state was heard of; `plan` is set by the first plan."""

    def hear(event: JobEvent) -> None:
        seen[event.state] = event.at_ns / _SECOND_NS
        if plan is not None and event.what == "plan":
            plan.set()

    return hear


def memory(client: Client) -> dict[str, str]:
    """A job that takes more than its 512 MB ends alone."""
    found = client.plan(_misbehaving("Greedy", 0, 30, 512 * 2**20))
    reasons = {run.solver: run.reason for run in found.runs}
    if reasons["Greedy"] is not Reason.MEMORY_LIMIT:
        raise AssertionError(f"the greedy job ended by {reasons}")
    other = client.plan(request(0))
    return {"job beyond 512 MB": f"{reasons['Greedy']}, {found.grade}; the next one {other.grade}"}


def duplicates(url: str, times: int) -> dict[str, str]:
    """One key, many times at once."""

    async def go() -> tuple[set[str], int]:
        gate = asyncio.Semaphore(50)

        async def one(client: AsyncClient) -> Certificate:
            async with gate:
                return await client.plan(request(5), Options(key="one", label="duplicate"))

        async with AsyncClient(url) as client:
            answers = await asyncio.gather(*(one(client) for _ in range(times)))
            jobs = [job for job in await client.jobs(limit=500) if job.label == "duplicate"]
            return {answer.model_dump_json() for answer in answers}, len(jobs)

    begun = time.monotonic()
    different, jobs = asyncio.run(go())
    if (len(different), jobs) != (1, 1):
        raise AssertionError(f"{jobs} jobs, {len(different)} answers for one key")
    return {f"{times} POSTs with one key": f"1 job, in {time.monotonic() - begun:.1f} s"}


def libraries(server: Server) -> dict[str, str]:
    """What of the solvers the process that answers HTTP has loaded."""
    maps = Path(f"/proc/{server.pid}/maps").read_text(encoding="utf-8")
    found = [name for name in ("highs", "ortools") if name in maps.lower()]
    if found:
        raise AssertionError(f"the API process has loaded {found}")
    return {"solver libraries in the API process": "none"}


def restart(server: Server, db: str, count: int) -> dict[str, str]:
    """SIGKILL of the server amid jobs: all end, and a stream goes on where it broke."""
    steps: list[int] = []

    async def go() -> float:
        async with AsyncClient(server.url) as client:
            gone_on = asyncio.Event()

            def hear(event: JobEvent) -> None:
                steps.append(event.seq)
                if event.what == "plan":
                    gone_on.set()

            first = asyncio.create_task(client.plan(_misbehaving("Stubborn", 200, 5), listen=hear))
            rest = [
                asyncio.create_task(client.plan(request(1000 + number))) for number in range(count)
            ]
            await gone_on.wait()
            server.kill()
            begun = time.monotonic()
            server.start()
            await asyncio.to_thread(server.ready)
            ready = time.monotonic() - begun
            await asyncio.gather(first, *rest)
            return ready

    ready = asyncio.run(go())
    if steps != list(range(1, len(steps) + 1)):
        raise AssertionError(f"the stream did not go on where it broke: {steps}")
    engine = open_tables(db)
    mine = Store(engine).page(None, limit=count + 1)
    engine.dispose()
    lost = [(job["id"], job["state"]) for job in mine if job["state"] != "done"]
    if lost:
        raise AssertionError(f"lost: {lost}")
    return {
        "kill -9 of the server": f"answers again after {ready:.1f} s; {count + 1} jobs, none lost; "
        f"the stream went on, {len(steps)} events without a gap"
    }


def takeover(folder: Path, times: int) -> dict[str, str]:
    """SIGKILL of a worker: how soon its job runs elsewhere."""
    with postgres.running() as (db, _):
        server = Server(db, folder / "server.log")
        workers = [worker(db, folder / f"worker{number}.log", slots=1) for number in range(2)]
        processes = [server, *workers]
        for process in processes:
            process.start()
        server.ready()
        try:
            took = [_takeover(db, server, workers, seed) for seed in range(times)]
        finally:
            for process in processes:
                process.stop()
        found = audit(db, times)
    if found.faults:
        raise AssertionError(found.faults)
    words = f"{quantiles(took)}; a lease is {LEASE_NS / 10**9:.0f} s"
    return {f"kill -9 of a worker to running elsewhere ({times})": words}


def _takeover(db: str, server: Server, workers: list[Process], seed: int) -> float:
    for one in workers:
        one.said("slots wait for jobs")
    with Client(server.url) as client:
        submitted = client.batch([_misbehaving("Stubborn", 300 + seed, 8)])[0]
        killed = 0.0
        running = 0
        for event in client.events(submitted.id):
            running += event.state is JobState.RUNNING
            if event.what == "plan" and not killed:
                pid = _holder(db, submitted)
                victim = next(one for one in workers if one.pid == pid)
                os.kill(pid, signal.SIGKILL)
                killed = time.monotonic()
            if event.state is JobState.RUNNING and running == 2:
                took = time.monotonic() - killed
        victim.kill()  # reaps it
        victim.start()
        return took


def _holder(db: str, job: Job) -> int:
    engine = open_tables(db)
    row = Store(engine).get(job.id, None)
    engine.dispose()
    assert row is not None
    return int(row["lease"].split("/")[1])


def main() -> int:
    """Measure all, print a table; an AssertionError where a promise is broken."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=10_000, help="cached jobs, for the memory")
    parser.add_argument("--small", type=int, default=100, help="small solves, for the latency")
    parser.add_argument("--times", type=int, default=5, help="repetitions of the slow ones")
    parser.add_argument("--only", nargs="*", help="names of measures")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    with tempfile.TemporaryDirectory(prefix="edgeplan-soak-") as folder:
        _measure_all(options, Path(folder))
    return 0


def _measure_all(options: argparse.Namespace, folder: Path) -> None:
    db = f"sqlite:///{folder / 'jobs.db'}"
    server = Server(db, folder / "server.log", slots=2)
    server.start()
    server.ready()
    measures: dict[str, Callable[[], dict[str, str]]] = {
        "uncached": lambda: uncached(server.url, options.small),
        "cached": lambda: cached(server, options.jobs),
        "overshoot": lambda: overshoot(client, options.times),
        "cancel": lambda: cancel(client, options.times),
        "memory": lambda: memory(client),
        "duplicates": lambda: duplicates(server.url, 1000),
        "libraries": lambda: libraries(server),
        "restart": lambda: restart(server, db, 20),
        "takeover": lambda: takeover(folder, options.times),
    }
    if postgres.missing() is not None:
        sys.stdout.write(f"takeover is left out: {postgres.missing()}\n")
        del measures["takeover"]
    try:
        with Client(server.url) as client:
            for name in options.only or measures:
                _measured(measures[name])
    finally:
        server.stop()


def _measured(measure: Callable[[], dict[str, str]]) -> None:
    before = load()
    rows = measure()
    say(f"load {before}, then {load()}", rows)


if __name__ == "__main__":
    sys.exit(main())
