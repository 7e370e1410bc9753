"""make chaos: mixed jobs while workers, servers and the database are killed at random.

First two servers and three workers on PostgreSQL, then one server on SQLite. Exit status 1 when a
job has no terminal state or two, a plan does not verify, or one is lost.
"""

import argparse
import asyncio
import random
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from api.client import AsyncClient, Options
from models.problems import KINDS
from tests import postgres
from tests.service.fleet import Process, Server, worker
from tests.service.report import load, say
from tests.service.workload import audit, request

_AT_ONCE = 40
_PATIENCE_S = 300.0
_END_S = 1200.0


class Killer:
    """Kills one of its victims every few seconds, and starts it again a little later."""

    def __init__(self, seed: int, victims: dict[str, tuple[int, Callable[[float], None]]]) -> None:
        self._random = random.Random(seed)
        self._victims = victims
        self.kills: Counter[str] = Counter()

    def run(self, seconds: float, pause_s: float) -> None:
        """Until the time is over."""
        deadline = time.monotonic() + seconds
        names, weights = list(self._victims), [weight for weight, _ in self._victims.values()]
        while time.monotonic() < deadline:
            time.sleep(self._random.uniform(0.5, 1.5) * pause_s)
            name = self._random.choices(names, weights)[0]
            self._victims[name][1](self._random.uniform(0.2, 2.0))
            self.kills[name] += 1


def _bounce(process: Process) -> Callable[[float], None]:
    def act(down_s: float) -> None:
        process.kill()
        time.sleep(down_s)
        process.start()

    return act


async def _ask_all(urls: list[str], count: int, seconds: float) -> list[str]:
    """Submit jobs over the given time and bring every answer home; what failed, in words."""
    gate = asyncio.Semaphore(_AT_ONCE)
    faults: list[str] = []

    async def one(client: AsyncClient, number: int) -> None:
        async with gate:
            await asyncio.sleep(random.uniform(0, 2 * seconds * _AT_ONCE / count))
            try:
                await client.plan(
                    request(number), Options(key=f"chaos-{number}"), listen=lambda _: None
                )
            except Exception as error:  # noqa: BLE001  # each is a fault to be told
                faults.append(f"job {number}: {type(error).__name__}: {error}")

    clients = [AsyncClient(url, patience_s=_PATIENCE_S) for url in urls]
    for client in clients:
        await client.__aenter__()
    asked = (one(clients[number % len(clients)], number) for number in range(count))
    await asyncio.wait_for(asyncio.gather(*asked), _END_S)
    for client in clients:
        await client.__aexit__(None, None, None)
    return faults


def _run(name: str, db: str, urls: list[str], killer: Killer, options: argparse.Namespace) -> bool:
    begun, before = time.monotonic(), load()
    killing = threading.Thread(target=killer.run, args=(options.seconds, options.pause))
    killing.start()
    faults = asyncio.run(_ask_all(urls, options.jobs, options.seconds))
    took = time.monotonic() - begun
    killing.join()
    found = audit(db, options.jobs)
    faults += found.faults
    faults += [f"no job of kind {kind}" for kind in KINDS if kind not in found.kinds]
    rows = {
        "jobs": options.jobs,
        "time": f"{took:.0f} s, of which {options.seconds:.0f} s with kills",
        "kills": dict(killer.kills),
        "kinds": f"{len(found.kinds)} of {len(KINDS)}",
        "states": dict(found.states),
        "grades": dict(found.grades),
        "attempts": dict(sorted(found.attempts.items())),
        "plans verified": found.plans,
        "faults": len(faults),
        "load of the machine": f"{before} before, {load()} after",
    }
    say(f"chaos on {name}", rows)
    for fault in faults[:20]:
        sys.stdout.write(f"  {fault}\n")
    return not faults


def on_postgres(options: argparse.Namespace, folder: Path) -> bool:
    """Two servers and three workers; the database is killed too."""
    with postgres.running() as (db, database):
        servers = [Server(db, folder / f"server{number}.log") for number in range(2)]
        workers = [worker(db, folder / f"worker{number}.log") for number in range(3)]

        def power_cut(down_s: float) -> None:
            database.stop("immediate")
            time.sleep(down_s)
            database.start()

        victims = {
            **{f"worker {n}": (2, _bounce(one)) for n, one in enumerate(workers)},
            "server 0": (2, _bounce(servers[0])),
            "database": (2, power_cut),
        }
        with _started([*servers, *workers], servers):
            killer = Killer(options.seed, victims)
            return _run("PostgreSQL", db, [one.url for one in servers], killer, options)


def on_sqlite(options: argparse.Namespace, folder: Path) -> bool:
    """One server that is killed."""
    db = f"sqlite:///{folder / 'jobs.db'}"
    server = Server(db, folder / "server.log", slots=4)
    with _started([server], [server]):
        killer = Killer(options.seed, {"server": (1, _bounce(server))})
        return _run("SQLite", db, [server.url], killer, options)


class _started:  # noqa: N801  # a context manager
    def __init__(self, processes: list[Process], servers: list[Server]) -> None:
        self._processes, self._servers = processes, servers

    def __enter__(self) -> None:
        for process in self._processes:
            process.start()
        for server in self._servers:
            server.ready()

    def __exit__(self, *_: object) -> None:
        for process in self._processes:
            process.stop()


def main() -> int:
    """Run both; 1 when something was lost."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=300)
    parser.add_argument("--seconds", type=float, default=120.0, help="time with kills")
    parser.add_argument("--pause", type=float, default=6.0, help="between kills, s")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", choices=["postgres", "sqlite"])
    options = parser.parse_args()
    # What is started here must not outlive it, also when `timeout` ends it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    well = True
    with tempfile.TemporaryDirectory(prefix="edgeplan-chaos-") as folder:
        if options.only != "sqlite":
            reason = postgres.missing()
            if reason is None:
                well &= on_postgres(options, Path(folder))
            else:
                sys.stdout.write(f"chaos on PostgreSQL: left out: {reason}\n")
        if options.only != "postgres":
            well &= on_sqlite(options, Path(folder))
        if not well:
            kept = Path.cwd() / "bench-out" / "chaos"
            kept.mkdir(parents=True, exist_ok=True)
            for log in Path(folder).glob("*.log"):
                (kept / log.name).write_bytes(log.read_bytes())
            sys.stdout.write(f"the logs are in {kept}\n")
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main())
