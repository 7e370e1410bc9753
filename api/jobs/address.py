"""Where a webhook may lead: what is refused when it is asked for, and when it is connected to.

A name is resolved once, all its addresses are checked, and the connection goes to a checked one:
a name that leads elsewhere a moment later (DNS rebinding) gains nothing.
"""

import ipaddress
import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

from models.errors import DocumentError, FieldError

# IPv6 addresses that carry an IPv4 address to which a gateway passes on (RFC 6052, RFC 8215).
_GATEWAYS = tuple(ipaddress.ip_network(text) for text in ("64:ff9b::/96", "64:ff9b:1::/48"))
_PORTS = {"http": 80, "https": 443}


class ForbiddenError(Exception):
    """An address to which nothing is sent."""


@dataclass(frozen=True)
class Target:
    """A webhook's URL in its parts; path: with its query."""

    secure: bool
    host: str
    port: int
    path: str


def target(url: str, *, private: bool) -> Target:
    """The parts of a webhook's URL.

    private: whether plain HTTP and addresses that are not public are allowed. Raises
    ForbiddenError.
    """
    if not url.isascii() or not url.isprintable() or " " in url:
        raise ForbiddenError("it contains blanks or characters that a URL does not have")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise ForbiddenError(f"it is not a URL: {error}") from None
    if parts.scheme not in (_PORTS if private else ("https",)):
        raise ForbiddenError("it does not begin with https://")
    if not parts.hostname:
        raise ForbiddenError("it names no host")
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise ForbiddenError("it carries a user, a password or a fragment")
    if not private and _forbidden_literal(parts.hostname):
        raise ForbiddenError(f"{parts.hostname} is not a public address")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(parts.scheme == "https", parts.hostname, port or _PORTS[parts.scheme], path)


def addresses(to: Target, *, private: bool) -> list[str]:
    """The addresses of a host, all of them allowed. Raises ForbiddenError, OSError."""
    try:
        found = socket.getaddrinfo(to.host, to.port, type=socket.SOCK_STREAM)
    except UnicodeError as error:
        raise ForbiddenError(f"{to.host[:60]} is no name of a host: {error}") from None
    texts = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    for text in texts:
        if not private and not _public(text):
            raise ForbiddenError(f"{to.host} leads to {text}, which is not a public address")
    return texts


def check(url: str | None, *, secret: bool, private: bool) -> None:
    """Raises DocumentError for a webhook that would not be called."""
    if url is None:
        return
    if not secret:
        remedy = "poll the job or follow its events; or set EDGEPLAN_WEBHOOK_SECRET on the server"
        _refuse(url, "this server has no secret to sign webhooks with", remedy)
    try:
        target(url, private=private)
    except ForbiddenError as error:
        _refuse(url, str(error), "use https:// and a host with a public address")


def _refuse(url: str, reason: str, remedy: str) -> None:
    raise DocumentError((FieldError("/query/webhook", url[:60], reason, remedy),))


def _forbidden_literal(host: str) -> bool:
    """Whether a host is written as an address that is not public, or as the own one."""
    if host.rstrip(".").rpartition(".")[2] == "localhost":
        return True
    try:
        # Also what only a resolver takes for an address: 127.1, 0x7f000001, 2130706433.
        text = host if ":" in host else socket.inet_ntoa(socket.inet_aton(host))
    except OSError:
        return False
    return not _public(text)


def _public(text: str) -> bool:
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if inner is not None:
            return _public(str(inner))
        if address.teredo is not None or any(address in network for network in _GATEWAYS):
            return False
    return address.is_global and not address.is_multicast
