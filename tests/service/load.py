"""What the service adds to a solve, and how many answers it gives in a second."""

import asyncio
import statistics
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import httpx2

from api import answers, fork_server
from api.examples import EXAMPLES
from api.requests import PlanRequest
from models.result import Limits
from planner import pool
from tests.service.fleet import Server
from tests.service.report import quantiles

_RATE = 200  # requests a second
_REST_S = 0.1


def _small(seed: int) -> PlanRequest:
    problem = EXAMPLES["pipeline_partition"].nouns()[0]
    return PlanRequest(problem=problem, solver="dp", limits=Limits(seed=seed))


def uncached(url: str, count: int) -> dict[str, str]:
    """One small solve after another, by the service and in this process; and two at a time.

    In this process without waiting children, as the command line has it, and with as many as the
    service keeps: then what differs is the service alone.
    """
    fork_server.start(fork_server.methods())
    fork_server.warm_up()
    direct = [_timed(lambda seed=seed: answers.plan(_small(seed))) for seed in range(count)]
    with pool.warm(pool.for_slots(2)):
        time.sleep(_REST_S * 5)
        rested = [_rested(lambda seed=seed: answers.plan(_small(seed))) for seed in range(count)]
    with httpx2.Client(base_url=url, timeout=60) as http:
        served = [_timed(lambda seed=seed: _post(http, _small(seed))) for seed in range(count)]
        more = range(count, 2 * count)
        calm = [_rested(lambda seed=seed: _post(http, _small(seed))) for seed in more]
    begun = time.monotonic()
    asyncio.run(_together(url, range(2 * count, 3 * count), 2))
    rate = count / (time.monotonic() - begun)
    return {
        f"{count} small solves in this process": quantiles(direct),
        f"{count} small solves by the service": quantiles(served),
        "overhead of the service, p50": _more(served, direct),
        f"{count} in this process, ten a second, children waiting": quantiles(rested),
        f"{count} by the service, ten a second": quantiles(calm),
        "overhead of the service, p50, ten a second": _more(calm, rested),
        "small solves, two clients": f"{rate:.1f}/s",
    }


def _more(ours: list[float], theirs: list[float]) -> str:
    return f"{1000 * (statistics.median(ours) - statistics.median(theirs)):.1f} ms"


def _rested(call: Callable[[], object]) -> float:
    time.sleep(_REST_S)
    return _timed(call)


def cached(server: Server, count: int) -> dict[str, str]:
    """The same question again and again, at a steady rate, then as fast as it goes."""
    url = server.url
    with httpx2.Client(base_url=url, timeout=60) as http:
        _post(http, _small(0))
        alone = [_timed(lambda: _post(http, _small(0))) for _ in range(200)]
    steady = asyncio.run(_steady(url, 10 * _RATE))
    asyncio.run(_together(url, [0] * 1000, 8))
    before = _rss(server.pid)
    begun = time.monotonic()
    asyncio.run(_together(url, [0] * count, 8))
    rate = count / (time.monotonic() - begun)
    after = _rss(server.pid)
    return {
        "cached, one client": quantiles(alone),
        f"cached at {_RATE}/s for 10 s": quantiles(steady),
        "cached, eight clients": f"{rate:.0f}/s",
        f"memory of the API process over {count} jobs": f"{before:.1f} MiB before, {after:.1f} MiB "
        "after",
    }


async def _steady(url: str, count: int) -> list[float]:
    """Latencies from the instant at which each request was due, so that none hides another."""
    body = _small(0).model_dump_json()
    async with httpx2.AsyncClient(base_url=url, timeout=60) as http:
        begun = time.monotonic() + 0.5

        async def one(number: int) -> float:
            due = begun + number / _RATE
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            (await http.post("/v1/plans", content=body, headers=_JSON)).raise_for_status()
            return time.monotonic() - due

        return list(await asyncio.gather(*(one(number) for number in range(count))))


async def _together(url: str, seeds: Iterable[int], clients: int) -> None:
    left = iter(seeds)

    async def one() -> None:
        async with httpx2.AsyncClient(base_url=url, timeout=60) as http:
            for seed in left:
                body = _small(seed).model_dump_json()
                (await http.post("/v1/plans", content=body, headers=_JSON)).raise_for_status()

    await asyncio.gather(*(one() for _ in range(clients)))


_JSON = {"Content-Type": "application/json"}


def _post(http: httpx2.Client, request: PlanRequest) -> None:
    body = request.model_dump_json()
    http.post("/v1/plans", content=body, headers=_JSON).raise_for_status()


def _timed(call: Callable[[], object]) -> float:
    begun = time.perf_counter()
    call()
    return time.perf_counter() - begun


def _rss(pid: int) -> float:
    """Resident memory of a process, MiB."""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS"))
