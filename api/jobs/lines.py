"""PGQueuer's driver on two connections to PostgreSQL: one is asked, the other hears.

`PsycopgDriver` waits for notices for up to a second with its connection held, and every statement
waits behind that: a job would begin, and a worker end, up to seconds late.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Self

from pgqueuer.adapters.drivers.psycopg import PsycopgDriver
from pgqueuer.ports.driver import NotifyCallback
from psycopg import AsyncConnection


class TwoLines(PsycopgDriver):
    """Statements go to `asked`, notices come from `heard`; both are closed by who opened them."""

    def __init__(self, asked: AsyncConnection, heard: AsyncConnection) -> None:
        super().__init__(asked)
        self._heard = PsycopgDriver(heard)

    async def notify(self, channel: str, payload: str) -> None:
        """Say something, behind the listening that was begun before: it is heard here too."""
        await self._heard.notify(channel, payload)

    async def add_listener(self, channel: str, callback: NotifyCallback) -> None:
        """Call `callback` with what is said on `channel`."""
        await self._heard.add_listener(channel, callback)

    async def remove_listener(self, channel: str, callback: NotifyCallback) -> None:
        """Call `callback` no more."""
        await self._heard.remove_listener(channel, callback)

    async def __aenter__(self) -> Self:
        await self._heard.__aenter__()
        return await super().__aenter__()

    async def __aexit__(self, *reason: object) -> None:
        await super().__aexit__(*reason)
        for watcher in list(self._heard.tm.tasks):
            watcher.cancel()
        await self._heard.__aexit__(*reason)


@asynccontextmanager
async def opened(address: str) -> AsyncIterator[TwoLines]:
    """Both connections to the database at `address`. Raises psycopg.Error."""
    async with (
        await AsyncConnection.connect(address, autocommit=True) as asked,
        await AsyncConnection.connect(address, autocommit=True) as heard,
    ):
        yield TwoLines(asked, heard)
