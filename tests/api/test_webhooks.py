"""Webhooks: signed, tried again, across restarts, and to public addresses only."""

import hashlib
import hmac
import json
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select, update

from api.app import create_app
from api.jobs import address, courier, retention
from api.jobs.engine import open_tables
from api.jobs.nouns import Operation
from api.jobs.schema import deliveries, jobs
from api.jobs.store import NewJob, Store
from api.settings import Settings
from models.errors import DocumentError

_SECRET = "correct horse battery staple"


class Receiver(HTTPServer):
    """Keeps what it is sent; answers with the statuses in turn, then 204."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.statuses: list[int] = []
        self.url = f"http://127.0.0.1:{self.server_port}/hook?x=1"


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:  # http.server's name
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append((dict(self.headers), body))
        self.send_response(self.server.statuses.pop(0) if self.server.statuses else 204)
        self.send_header("Location", "/elsewhere")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Nothing."""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A server that listens."""
    with Receiver() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """An empty table of jobs."""
    engine = open_tables(f"sqlite:///{tmp_path / 'jobs.db'}")
    yield Store(engine)
    engine.dispose()


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A fresh key and the certificate that 127.0.0.1 signed for itself, in one file."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    path = tmp_path / "receiver.pem"
    name = ["-subj", "/CN=receiver", "-addext", "subjectAltName=IP:127.0.0.1"]
    kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1"]
    command = ["openssl", "req", "-x509", *kind, *name, "-keyout", path, "-out", path]
    subprocess.run(command, check=True, capture_output=True)
    return path


def _ended(store: Store, url: str) -> str:
    """The id of a job that has ended and wants to be told of."""
    hook = {"webhook": url, "cache_key": "c", "body_hash": "b", "unit": "ns", "request": "{}"}
    new = NewJob(owner="me", operation=Operation.PLAN, kind="pipeline_partition", **hook)
    job: str = store.submit([new], 10, lambda *_: None)[0]["id"]
    store.cancel(job)
    return job


def _rows(store: Store) -> list[Any]:
    with store.reading() as connection:
        return list(connection.execute(select(deliveries)).mappings())


def _make_due(store: Store) -> None:
    with store.begin() as connection:
        connection.execute(update(deliveries).values(next_ns=0))


def test_signed_and_once(store: Store, receiver: Receiver) -> None:
    """The receiver gets the job, signed over time and body; what is delivered is not due again."""
    job = _ended(store, receiver.url)
    messenger = courier.Courier(store, _SECRET, private=True)
    messenger.deliver()
    messenger.deliver()
    ((headers, body),) = receiver.got
    assert json.loads(body)["id"] == job
    assert json.loads(body)["state"] == "cancelled"
    text = headers["Edgeplan-Timestamp"].encode() + b"." + body
    expected = hmac.new(_SECRET.encode(), text, hashlib.sha256).hexdigest()
    assert headers["Edgeplan-Signature"] == f"v1={expected}"
    assert _rows(store) == []


def test_over_https(
    store: Store, receiver: Receiver, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A certificate that nobody vouches for is refused; one whose issuer is trusted is enough."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    receiver.socket = context.wrap_socket(receiver.socket, server_side=True)
    _ended(store, receiver.url.replace("http:", "https:"))
    messenger = courier.Courier(store, _SECRET, private=True)
    messenger.deliver()
    (row,) = _rows(store)
    assert "CERTIFICATE_VERIFY_FAILED" in row["fault"]
    assert receiver.got == []
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    _make_due(store)
    messenger.deliver()
    ((headers, _),) = receiver.got
    assert headers["Host"] == f"127.0.0.1:{receiver.server_port}"
    assert _rows(store) == []


def test_tried_again_later_and_after_a_restart(store: Store, receiver: Receiver) -> None:
    """A refusal and a redirection are failures; the next try is stored, and made by another."""
    receiver.statuses = [500, 302]
    _ended(store, receiver.url)
    for tries in (1, 2):
        courier.Courier(store, _SECRET, private=True).deliver()
        (row,) = _rows(store)
        assert row["tries"] == tries
        assert "it answered" in row["fault"]
        _make_due(store)
    courier.Courier(store, _SECRET, private=True).deliver()
    assert len(receiver.got) == 3
    assert _rows(store) == []


def test_given_up(store: Store, receiver: Receiver) -> None:
    """After the last try, or when the receiver is gone for good, nothing is due any more."""
    receiver.statuses = [410]
    _ended(store, receiver.url)
    courier.Courier(store, _SECRET, private=True).deliver()
    assert _rows(store)[0]["next_ns"] == courier.NEVER
    with store.begin() as connection:
        connection.execute(update(deliveries).values(next_ns=0, tries=courier.MAX_TRIES - 1))
    receiver.statuses = [503]
    courier.Courier(store, _SECRET, private=True).deliver()
    assert _rows(store)[0]["next_ns"] == courier.NEVER


def test_pauses_double() -> None:
    """From try to try the pause doubles up to an hour; all of them are about six hours."""
    pauses = [courier.pause_ns(tries) // 10**9 for tries in range(1, courier.MAX_TRIES)]
    assert pauses[:4] == [5, 10, 20, 40]
    assert max(pauses) == 3600
    assert 6 * 3600 < sum(pauses) < 7 * 3600


def test_name_that_leads_inside(
    store: Store, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A public name with one private address is not connected to, whatever it said before."""
    entries = [(2, 1, 6, "", (text, 443)) for text in ("93.184.215.14", "127.0.0.1")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: entries)
    monkeypatch.setattr(socket, "create_connection", lambda *_, **__: pytest.fail("connected"))
    _ended(store, f"https://hook.example:{receiver.server_port}/")
    courier.Courier(store, _SECRET, private=False).deliver()
    (row,) = _rows(store)
    assert row["next_ns"] == courier.NEVER
    assert "127.0.0.1" in row["fault"]


def test_connects_to_the_checked_address(monkeypatch: pytest.MonkeyPatch, store: Store) -> None:
    """The name is resolved once; the connection goes to the address that was checked."""
    asked, gone_to = [], []

    def resolve(host: str, *_: Any, **__: Any) -> list[Any]:
        asked.append(host)
        return [(2, 1, 6, "", ("93.184.215.14", 443))]

    def connect(where: tuple[str, int], *_: Any) -> socket.socket:
        gone_to.append(where)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    monkeypatch.setattr(socket, "create_connection", connect)
    _ended(store, "https://hook.example/")
    courier.Courier(store, _SECRET, private=False).deliver()
    assert (asked, gone_to) == (["hook.example"], [("93.184.215.14", 443)])
    assert "ConnectionRefusedError" in _rows(store)[0]["fault"]


@pytest.mark.parametrize(
    "url",
    [
        "http://hook.example/",
        "ftp://hook.example/",
        "https://user:word@hook.example/",
        "https://hook.example/#part",
        "https:///path",
        "https://hook.example:99999/",
        "https://hook.example/ x",
        "https://localhost/",
        "https://127.0.0.1/",
        "https://127.1/",
        "https://2130706433/",
        "https://0x7f000001/",
        "https://10.1.2.3/",
        "https://169.254.169.254/latest",
        "https://[::1]/",
        "https://[fe80::1%25eth0]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[64:ff9b::7f00:1]/",
        "https://[2002:7f00:1::]/",
        "https://224.0.0.1/",
        "https://0.0.0.0/",
    ],
)
def test_urls_that_are_refused(url: str) -> None:
    """What is no public HTTPS address is refused when it is asked for."""
    with pytest.raises(DocumentError):
        address.check(url, secret=True, private=False)


def test_urls_that_are_allowed() -> None:
    """Public HTTPS addresses always, others where the setting says so."""
    address.check(None, secret=False, private=False)
    address.check("https://hook.example:8443/a?b=c", secret=True, private=False)
    address.check("https://93.184.215.14/", secret=True, private=False)
    address.check("http://127.0.0.1:9/", secret=True, private=True)


def test_refused_without_a_secret(client: TestClient, request_body: dict[str, Any]) -> None:
    """A server that cannot sign says so, and names the setting."""
    address_ = "/v1/plans?webhook=https://hook.example/"
    response = client.post(address_, json=request_body)
    assert response.status_code == 422
    (fault,) = response.json()["errors"]
    assert fault["pointer"] == "/query/webhook"
    assert "EDGEPLAN_WEBHOOK_SECRET" in fault["remedy"]


def test_end_to_end(receiver: Receiver, request_body: dict[str, Any], tmp_path: Path) -> None:
    """A job that is answered, also from an earlier answer, is told to its webhook."""
    more = {"webhook_secret": _SECRET, "webhook_private": True}
    settings = Settings(slots=1, db=f"sqlite:///{tmp_path / 'jobs.db'}", **more)
    with TestClient(create_app(settings)) as served:
        told = []
        for _ in range(2):
            response = served.post("/v1/plans", params={"webhook": receiver.url}, json=request_body)
            assert response.status_code == 200
            told.append(response.headers["Location"].rpartition("/")[2])
        for _ in range(100):
            if len(receiver.got) == 2:
                break
            threading.Event().wait(0.1)
    assert [json.loads(body)["state"] for _, body in receiver.got] == ["done", "done"]
    assert {json.loads(body)["id"] for _, body in receiver.got} == set(told)


def test_old_jobs_are_forgotten(store: Store) -> None:
    """What ended longer ago than is kept goes, with events and deliveries; the rest stays."""
    old, recent = (_ended(store, "https://hook.example/") for _ in range(2))
    with store.begin() as connection:
        long_ago = update(jobs).where(jobs.c.id == old).values(finished_ns=1)
        connection.execute(long_ago)
    assert retention.forget_old(store, 3600 * 10**9) == 1
    assert store.get(old, None) is None
    assert store.events(old, 0) == []
    assert store.get(recent, None) is not None
    assert [row["job"] for row in _rows(store)] == [recent]
    assert retention.forget_old(store, 3600 * 10**9) == 0
