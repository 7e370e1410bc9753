"""A server on a free port of the loopback, in a thread, for clients that want a real connection."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from api.app import create_app
from api.settings import Settings


@contextmanager
def serving(settings: Settings, port: int = 0) -> Iterator[str]:
    """The address of a server that ends with the block."""
    # Streams that are open at the end are cut, as a server that is killed cuts them.
    config = uvicorn.Config(
        create_app(settings), port=port, log_level="critical", timeout_graceful_shutdown=1
    )
    server = uvicorn.Server(config)
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
