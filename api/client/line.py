"""The line to one server: every request may be sent again, and is, until there is an answer."""

import asyncio
import logging
import random
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Protocol

import httpx2

from api.client.errors import UnreachableError, error_of

# A proxy without its server, a server that ends, a database that is away: it will pass.
_PASSING = frozenset({502, 503, 504})
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.1, 2.0
_TIMEOUT = httpx2.Timeout(60.0, connect=5.0)
# So long a client goes on without an answer, s.
PATIENCE_S = 120.0
# So long it does so without a word, s.
_SILENT_S = 1.0
_log = logging.getLogger(__name__)


class Stop(Protocol):
    """Says whether to give up; a threading.Event is one."""

    def is_set(self) -> bool:
        """Whether to."""


class Patience:
    """Pauses between tries, longer and longer, for `limit_s` since the last `relief`."""

    def __init__(self, limit_s: float, stop: Stop | None = None) -> None:
        self._limit_s = limit_s
        self._stop = stop
        self.relief()

    def relief(self) -> None:
        """The server has answered: begin anew."""
        self._since = time.monotonic()
        self._said = False
        self._pause_s = _FIRST_PAUSE_S

    async def pause(self, why: str, least_s: float = 0.0) -> None:
        """Wait a while. Raises UnreachableError when there is no more patience."""
        waited_s = time.monotonic() - self._since
        if waited_s >= self._limit_s or (self._stop is not None and self._stop.is_set()):
            raise UnreachableError(why)
        if waited_s >= _SILENT_S and not self._said:
            self._said = True
            _log.warning("%s; trying again for %d s", why, self._limit_s)
        # Clients that lost one server together must not come back together.
        await asyncio.sleep(max(least_s, self._pause_s * random.uniform(0.5, 1)))  # noqa: S311  # no secret
        self._pause_s = min(2 * self._pause_s, _LONGEST_PAUSE_S)


class Line:
    """Requests to the server at `url`, with `key`; gives up after `patience_s` without an answer.

    transport: instead of a connection of its own, such as an application in this process.
    """

    def __init__(
        self,
        url: str,
        key: str | None,
        patience_s: float,
        transport: httpx2.AsyncBaseTransport | None,
    ) -> None:
        headers = {} if key is None else {"Authorization": f"Bearer {key}"}
        self.url = url
        self.patience_s = patience_s
        self._http = httpx2.AsyncClient(
            base_url=url, headers=headers, timeout=_TIMEOUT, transport=transport
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def ask(
        self, method: str, path: str, *, stop: Stop | None = None, **more: Any
    ) -> httpx2.Response:
        """The answer to a request. Raises ServiceError where it is an error, UnreachableError."""
        patience = Patience(self.patience_s, stop)
        while True:
            least_s, fault = 0.0, None
            try:
                response = await self._http.request(method, path, **more)
            except httpx2.TransportError as error:
                fault = self.words(error)
            else:
                if response.status_code < 400:
                    return response
                if response.status_code not in _PASSING:
                    raise error_of(response)
                fault = f"{self.url}: {error_of(response).detail}"
                least_s = _retry_after_s(response)
            await patience.pause(fault, least_s)

    @asynccontextmanager
    async def events(
        self, path: str, headers: Mapping[str, str]
    ) -> AsyncIterator[httpx2.EventSource]:
        """A stream of events, until it breaks (TransportError). Raises ServiceError."""
        async with self._http.sse(path, headers=dict(headers)) as source:
            if source.response.status_code in _PASSING:
                raise httpx2.RemoteProtocolError(f"status {source.response.status_code}")
            if source.response.status_code >= 400:
                await source.response.aread()
                raise error_of(source.response)
            yield source

    def words(self, error: httpx2.TransportError) -> str:
        """Why there is no answer."""
        return f"{self.url} does not answer: {str(error) or type(error).__name__}"


def _retry_after_s(response: httpx2.Response) -> float:
    text = response.headers.get("retry-after", "")
    return min(float(text), _LONGEST_PAUSE_S) if text.isdecimal() else 0.0
