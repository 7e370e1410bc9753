"""Every error is a problem document with a stable type, and none shows a traceback."""

import json
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api import answers
from api.errors import MEDIA_TYPE, ProblemDetails
from solvers.registry import REGISTRY
from tests.api.conftest import EXAMPLE
from tests.misbehaving import entry

JSON = {"Content-Type": "application/json"}


_AFRESH = {"Cache-Control": "no-cache"}


def _problem(response: Any, status: int, name: str) -> ProblemDetails:
    """The problem document of a response, its form checked."""
    assert response.status_code == status, response.text
    assert response.headers["Content-Type"] == MEDIA_TYPE
    details = ProblemDetails.model_validate_json(response.text)
    assert details.type == f"urn:edgeplan:problem:{name}"
    assert details.status == status
    assert details.title
    assert details.detail
    assert "Traceback" not in response.text
    return details


@pytest.mark.parametrize("path", ["/v1/plans", "/v1/verifications", "/v1/explanations"])
@pytest.mark.parametrize(
    ("body", "pointer", "reason"),
    [
        ("{", "", "not JSON at line 1"),
        ("", "", "not an object"),
        ("[]", "", "not an object"),
        ('{"problem": {}, "problem": {}}', "", "stands twice"),
        ('{"problem": NaN}', "/problem", "not finite"),
        (r'{"\ud800": 1, "\ud800": 2}', "", "stands twice"),
        (r'{"problem": {"about": "\udfff"}}', "/problem/about", "half a character"),
        ("[" * 100 + "]" * 100, "", "nested too deeply"),
        ('{"problem": {}}', "/problem/kind", "the kind is not known"),
        ('{"problem": {"kind": 3}}', "/problem/kind", "the kind is not known"),
        ('{"nonsense": 1}', "/nonsense", "no such field"),
        (b"\xff\xfe", "", "not UTF-8"),
    ],
)
def test_bodies_that_are_no_requests(
    client: TestClient, path: str, body: str | bytes, pointer: str, reason: str
) -> None:
    """A body that does not parse is 422 and says where, what, why and what to do."""
    details = _problem(client.post(path, content=body, headers=JSON), 422, "invalid-document")
    faults = {fault.pointer: fault for fault in details.errors}
    assert reason in faults[pointer].reason
    assert faults[pointer].remedy


def _changed(**fields: object) -> dict[str, Any]:
    return {"problem": {**EXAMPLE.problem, **fields}}


@pytest.mark.parametrize(
    ("body", "pointer", "reason"),
    [
        (_changed(objective="speed"), "/problem/objective", "'latency'"),
        (
            _changed(source_device="toaster"),
            "/problem/source_device",
            "'toaster' is not in the device graph",
        ),
        (_changed(units=3), "/problem/units", "'units' says nothing"),
        ({**_changed(), "solver": "magic"}, "/solver", "no method of that name"),
        ({**_changed(), "limits": {"time_limit_ns": "3"}}, "/limits/time_limit_ns", "a unit"),
        ({**_changed(), "limits": {"memory_limit_bytes": 1}}, "/limits/memory_limit_bytes", ""),
        ({**_changed(), "hint": {"kind": "x"}}, "/hint/kind", "the kind is not known"),
        ({**_changed(), "hint": {**EXAMPLE.plan, "stages": 3}}, "/hint/stages", "not a list"),
    ],
)
def test_documents_that_contradict_themselves(
    client: TestClient, body: dict[str, Any], pointer: str, reason: str
) -> None:
    """A wrong field is named by its pointer inside the whole request."""
    details = _problem(client.post("/v1/plans", json=body), 422, "invalid-document")
    faults = {fault.pointer: fault for fault in details.errors}
    assert reason in faults[pointer].reason


def test_large_bodies(client: TestClient) -> None:
    """A body above the limit is 413, whatever is in it."""
    _problem(client.post("/v1/plans", content=b" " * 100_001, headers=JSON), 413, "body-too-large")


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/x-www-form-urlencoded"},
        {},
        {**JSON, "Content-Encoding": "gzip"},
    ],
)
def test_other_media_types(client: TestClient, headers: dict[str, str]) -> None:
    """A body of another type, or an encoded one, is 415; browsers cannot post across sites."""
    response = client.post("/v1/plans", content=b"{}", headers=headers)
    _problem(response, 415, "unsupported-media-type")


@pytest.mark.parametrize("path", ["/", "/v1", "/docs", "/redoc", "/v1/schemas/nothing"])
def test_unknown_addresses(client: TestClient, path: str) -> None:
    """An address where nothing is, the pages with foreign assets included, is 404."""
    _problem(client.get(path), 404, "not-found")


def test_wrong_methods(client: TestClient) -> None:
    """A method that an address does not take is 405, and Allow names those it takes."""
    response = client.get("/v1/plans")
    _problem(response, 405, "method-not-allowed")
    assert response.headers["Allow"] == "POST"


def test_wrong_parameters(client: TestClient) -> None:
    """A parameter that does not parse is 422."""
    details = _problem(client.get("/readyz?deep=perhaps"), 422, "invalid-document")
    assert details.errors[0].pointer == "/query/deep"


def _raise(error: Exception) -> Any:
    def plan(*_: object, **__: object) -> None:
        raise error

    return plan


def test_contradictions(
    client: TestClient, request_body: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """When a verified plan refutes a method, the answer is the plan and names the contradiction."""
    monkeypatch.setitem(REGISTRY, "pipeline_partition", (entry("Denier"),))
    body = request_body | {"solver": "Denier", "hint": EXAMPLE.plan}
    response = client.post("/v1/plans", json=body)
    assert response.status_code == 200
    certificate = response.json()
    assert certificate["plan"] == EXAMPLE.plan
    assert certificate["contradictions"][0].startswith("Denier proved that no plan exists")


def test_faults_of_edgeplan(
    client: TestClient, request_body: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An unexpected error says no more than its type."""
    monkeypatch.setattr(answers, "plan", _raise(ZeroDivisionError("secret")))
    response = client.post("/v1/plans", json=request_body, headers=_AFRESH)
    _problem(response, 500, "internal")
    assert "secret" not in json.dumps(response.json())
