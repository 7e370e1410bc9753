"""PGQueuer's driver on two connections."""

import asyncio

from api.jobs.lines import TwoLines, opened

_PATIENCE_S = 10.0
_LONG = "SELECT pg_sleep(3600)"
_RUNNING = f"SELECT 1 FROM pg_stat_activity WHERE state = 'active' AND query = '{_LONG}'"


def test_a_statement_that_takes_long_keeps_no_notice_back(postgres: str) -> None:
    """What is said on a channel is heard while a statement runs."""
    assert asyncio.run(_heard_meanwhile(postgres.replace("+psycopg", ""))) == "a job"


async def _heard_meanwhile(address: str) -> str:
    heard = asyncio.get_running_loop().create_future()
    async with opened(address) as driver, driver, opened(address) as other:
        await driver.add_listener("jobs", heard.set_result)
        statement = asyncio.create_task(driver.execute(_LONG))
        try:
            await asyncio.wait_for(_until_running(other), _PATIENCE_S)
            await other.notify("jobs", "a job")
            return str(await asyncio.wait_for(heard, _PATIENCE_S))
        finally:
            statement.cancel()


def test_what_is_said_at_once_is_heard(postgres: str) -> None:
    """PGQueuer probes its ear while it begins to listen, and gives up on one that misses that."""
    asyncio.run(_heard_at_once(postgres.replace("+psycopg", "")))


async def _heard_at_once(address: str) -> None:
    for attempt in range(20):
        heard = asyncio.get_running_loop().create_future()
        async with opened(address) as driver, driver:
            listening = driver.add_listener("jobs", heard.set_result)
            await asyncio.gather(listening, driver.notify("jobs", f"probe {attempt}"))
            assert await asyncio.wait_for(heard, _PATIENCE_S) == f"probe {attempt}"


async def _until_running(other: TwoLines) -> None:
    while not await other.fetch(_RUNNING):
        await asyncio.sleep(0.01)
