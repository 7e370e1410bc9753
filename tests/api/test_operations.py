"""What an operator relies on: the page of settings, sizes, figures, logs, explanations."""

import io
import json
import logging
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from fastapi.testclient import TestClient
from sqlalchemy import update
from structlog.contextvars import bound_contextvars

from api import logs
from api.app import create_app
from api.examples import EXAMPLES
from api.jobs.schema import jobs
from api.settings import SECOND_NS, Settings
from api.size import sizes
from models.problems import KINDS
from models.units import parse_quantity
from tests.api.conftest import EXAMPLE

ROOT = Path(__file__).parents[2]
_PAGE = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
_UNITS = {"s": "nanosecond", "MiB": "byte", "GiB": "byte"}


def _value(text: str) -> Any:
    if text == "none":
        return None
    if text in ("true", "false"):
        return text == "true"
    number, _, unit = text.partition(" ")
    if unit in _UNITS:
        return parse_quantity(text, _UNITS[unit])
    return int(number) if number.isdigit() else text


def test_page_has_every_setting_with_its_default() -> None:
    """The table of docs/operations.md and the settings agree, in names, order and defaults."""
    rows = re.findall(r"^\| `EDGEPLAN_(\w+)` \| (.*?) \|", _PAGE, re.MULTILINE)
    assert [name.lower() for name, _ in rows] == list(Settings.model_fields)
    written = {name.lower(): default for name, default in rows}
    assert written.pop("slots") == "half the processors"
    for name, default in written.items():
        assert _value(default.strip("`")) == Settings.model_fields[name].default, name


def test_page_has_every_metric(client: TestClient) -> None:
    """Each figure of the page is in /metrics, and each of /metrics is on the page."""
    text = client.get("/metrics").text
    shown = set(re.findall(r"^# TYPE (edgeplan_\w+)", text, re.MULTILINE))
    shown = {name for name in shown if not name.endswith("_created")}
    written = set(re.findall(r"^\| `(edgeplan_\w+)` \|", _PAGE, re.MULTILINE))
    assert shown == written


def test_compose_sets_settings_that_exist() -> None:
    """Every EDGEPLAN_… variable of compose.yaml is a field of the settings."""
    composed = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
    names = {name for item in composed["services"].values() for name in item["environment"]}
    known = {f"EDGEPLAN_{name.upper()}" for name in Settings.model_fields}
    assert {name for name in names if name.startswith("EDGEPLAN_")} <= known
    replicas = {
        name: item["deploy"]["replicas"]
        for name, item in composed["services"].items()
        if "deploy" in item
    }
    assert replicas == {"server": 2, "worker": 2}


@pytest.fixture(scope="module")
def small() -> Iterator[TestClient]:
    """A server that takes two devices, three layers and one expert."""
    limits = {"max_devices": 2, "max_layers": 3, "max_experts": 1}
    settings = Settings(slots=1, max_time_limit=10 * SECOND_NS, **limits)
    with TestClient(create_app(settings)) as client:
        yield client


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_a_size(kind: str) -> None:
    """Some dimension of every kind is counted, so that none escapes the limits."""
    problem, _ = EXAMPLES[kind].nouns()
    assert any(count > 0 for count in sizes(problem).values())


@pytest.mark.parametrize("path", ["/v1/plans", "/v1/validations", "/v1/batches"])
def test_large_problems_are_refused(small: TestClient, path: str) -> None:
    """413 says which dimension is too large, by how much, and what to do."""
    body: dict[str, Any] = {"problem": EXAMPLE.problem}
    response = small.post(path, json={"requests": [body]} if path.endswith("batches") else body)
    assert response.status_code == 413
    assert response.json()["type"] == "urn:edgeplan:problem:problem-too-large"
    assert "4 layers" in response.json()["detail"]
    assert "merge" in response.json()["detail"]


def test_waits_and_runs_are_counted(client: TestClient) -> None:
    """A job adds to the histograms of its kind."""
    name = 'edgeplan_job_run_seconds_count{kind="pipeline_partition",operation="plan"}'

    def count() -> float:
        found = re.search(rf"^{re.escape(name)} (.*)$", client.get("/metrics").text, re.MULTILINE)
        return 0.0 if found is None else float(found[1])

    before = count()
    body = {"problem": EXAMPLE.problem, "solver": "dp"}
    client.post("/v1/plans", json=body, headers={"Cache-Control": "no-cache"})
    for _ in range(100):  # the answer may go out before it is counted
        if count() > before:
            break
        time.sleep(0.05)
    assert count() == before + 1


@pytest.fixture
def root_logger() -> Iterator[None]:
    """The loggers as they were, afterwards."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.mark.usefixtures("root_logger")
def test_logs_are_json_with_the_job() -> None:
    """Away from a terminal a line is a JSON object; it has the id of the job that it concerns."""
    out = io.StringIO()
    logs.install(Settings(slots=1), out)
    with bound_contextvars(job="abc"):
        logging.getLogger("api.jobs.runner").warning("took %d s", 3)
    logging.getLogger("api").info("quiet")
    first, second = map(json.loads, out.getvalue().splitlines())
    assert (first["event"], first["job"], first["level"]) == ("took 3 s", "abc", "warning")
    assert "job" not in second


@pytest.mark.usefixtures("root_logger")
def test_logs_keep_no_problems() -> None:
    """A traceback in JSON has the lines of the code, and not what the variables were."""
    out = io.StringIO()
    logs.install(Settings(slots=1), out)
    held = "the customer's network"
    try:
        raise ValueError(f"odd, {len(held)}")
    except ValueError:
        logging.getLogger("api").exception("it broke")
    (line,) = map(json.loads, out.getvalue().splitlines())
    assert line["exception"][0]["exc_value"] == "odd, 22"
    assert held not in out.getvalue()


@pytest.mark.usefixtures("root_logger")
def test_logs_for_people() -> None:
    """As text, a traceback is printed as one."""
    out = io.StringIO()
    logs.install(Settings(slots=1, log_format="text"), out)
    try:
        raise ValueError("odd")
    except ValueError:
        logging.getLogger("api").exception("it broke")
    assert "it broke" in out.getvalue()
    assert "ValueError: odd" in out.getvalue()


def test_explanation_of_a_job(client: TestClient, request_body: dict[str, Any]) -> None:
    """The address that every job shows answers why its plan costs what it costs, by one job."""
    job = client.post("/v1/plans", json=request_body).headers["Location"]
    address = client.get(job).json()["links"]["explanation"]
    first, again = client.get(address), client.get(address)
    assert first.status_code == 200
    assert first.json()["objective"] == EXAMPLE.objective
    assert first.json()["lines"]
    assert again.headers["Location"] == first.headers["Location"]
    odd = client.get(f"{first.headers['Location']}/explanation")
    assert odd.status_code == 409


@pytest.mark.parametrize("end", ["failed", "expired", "cancelled"])
def test_explanation_can_be_asked_for_again(
    client: TestClient, request_body: dict[str, Any], end: str
) -> None:
    """One that came to nothing, or whose limits are others by now, does not stand for ever."""
    body = {**request_body, "limits": {"seed": 1 + len(end)}}
    job = client.post("/v1/plans", json=body).headers["Location"]
    first = client.get(f"{job}/explanation").headers["Location"].rpartition("/")[2]
    nothing = {"state": end, "result": None, "failure": None, "plan": None}
    store = client.app.state.queue.store  # type: ignore[attr-defined]
    with store.begin() as connection:
        connection.execute(update(jobs).where(jobs.c.id == first).values(**nothing))
    second = client.get(f"{job}/explanation")
    assert second.status_code == 200
    assert second.json()["lines"]
    again = client.get(f"{job}/explanation").headers["Location"]
    assert again == second.headers["Location"] != first
    shorter = {"request": json.dumps({**body, "limits": {"time_limit_ns": 5 * 10**9}})}
    with store.begin() as connection:
        here = jobs.c.id == job.rpartition("/")[2]
        connection.execute(update(jobs).where(here).values(**shorter))
    other = client.get(f"{job}/explanation")
    assert (other.status_code, other.headers["Location"] == again) == (200, False)


def test_explanation_of_an_infeasible_job(client: TestClient) -> None:
    """A job without a plan says which rules are in conflict, without another solve."""
    graph = EXAMPLE.problem["device_graph"]
    devices = [{**device, "memory_bytes": "300 MB"} for device in graph["devices"]]
    problem = {**EXAMPLE.problem, "device_graph": {**graph, "devices": devices}}
    job = client.post("/v1/plans", json={"problem": problem}).headers["Location"]
    found = client.get(f"{job}/explanation").json()
    assert found["grade"] == "infeasible"
    assert any("memory" in line for line in found["lines"])


def test_telemetry(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the setting, a request is a span under its route; without it, nothing is recorded."""
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    kept = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(kept))
    monkeypatch.setattr("opentelemetry.trace.get_tracer_provider", lambda: provider)
    counts = []
    for on in (False, True):
        kept.clear()
        with TestClient(create_app(Settings(slots=1, telemetry=on))) as client:
            client.get("/livez")
        counts.append([span.name for span in kept.get_finished_spans()])
    assert counts[0] == []
    assert "GET /livez" in counts[1]
