"""One POST to a checked address: no redirections, no proxies, an end after ten seconds."""

import socket
import ssl
import threading
from collections.abc import Mapping
from contextlib import suppress
from http.client import HTTPConnection

from api.jobs.address import Target, addresses

PATIENCE_S = 10.0
_SECURE_PORT = 443


def post(to: Target, headers: Mapping[str, str], body: bytes, *, private: bool) -> int:
    """The status of the answer. Raises ForbiddenError, OSError, HTTPException."""
    address = addresses(to, private=private)[0]
    link = HTTPConnection(to.host, to.port)
    if to.secure:
        link.default_port = _SECURE_PORT  # for the Host header
    with socket.create_connection((address, to.port), PATIENCE_S) as plain:
        link.sock = _wrapped(plain, to.host) if to.secure else plain
        # A receiver that sends a byte now and then must not hold up the others.
        clock = threading.Timer(PATIENCE_S, _hang_up, (link.sock,))
        clock.start()
        try:
            if isinstance(link.sock, ssl.SSLSocket):
                link.sock.do_handshake()
            link.request("POST", to.path, body, dict(headers))
            return link.getresponse().status
        finally:
            clock.cancel()
            link.close()


def _wrapped(plain: socket.socket, host: str) -> ssl.SSLSocket:
    context = ssl.create_default_context()
    return context.wrap_socket(plain, server_hostname=host, do_handshake_on_connect=False)


def _hang_up(link: socket.socket) -> None:
    with suppress(OSError):  # it is closed already
        link.shutdown(socket.SHUT_RDWR)
