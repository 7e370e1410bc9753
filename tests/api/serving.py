"""A server on a free port of the loopback, in a thread, for clients that want a real connection."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from anyio import to_thread

from api.app import create_app
from api.settings import Settings


@contextmanager
def serving(settings: Settings, port: int = 0) -> Iterator[str]:
    """The address of a server that ends with the block."""
    app = create_app(settings)

    class Server(uvicorn.Server):
        """Ends its streams before it waits for their clients, as `edgeplan serve` does."""

        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            await to_thread.run_sync(app.state.queue.drain)
            await super().shutdown(sockets)

    server = Server(uvicorn.Config(app, port=port, log_level="error"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            time.sleep(0.01)
        address = server.servers[0].sockets[0].getsockname()
        yield f"http://127.0.0.1:{address[1]}"
    finally:
        server.should_exit = True
        thread.join()
