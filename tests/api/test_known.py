"""Bodies that have been read before are not read again."""

import json
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api import deps
from api.examples import EXAMPLES
from api.known import Known
from api.requests import PlanRequest, ValidationRequest

_PROBLEM, _ = EXAMPLES["pipeline_partition"].nouns()


def test_latest_small_ones_are_kept() -> None:
    """By bytes and type; the longest unused one goes first, and a large one is never kept."""
    known = Known()
    plan, valid = PlanRequest(problem=_PROBLEM), ValidationRequest(problem=_PROBLEM)
    known.keep(b"same", plan)
    known.keep(b"same", valid)
    known.keep(b"x" * 20_000, plan)
    assert known.get(b"same", PlanRequest) is plan
    assert known.get(b"same", ValidationRequest) is valid
    assert known.get(b"x" * 20_000, PlanRequest) is None
    for number in range(63):
        known.keep(b"%d" % number, plan)
    assert known.get(b"same", PlanRequest) is None
    assert known.get(b"same", ValidationRequest) is valid


def test_a_body_is_read_once(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second time it is known; what is refused is read, and refused, each time."""
    read: list[bytes] = []
    document = deps._document

    def noted(body: bytes, *rest: Any) -> Any:
        read.append(body)
        return document(body, *rest)

    monkeypatch.setattr(deps, "_document", noted)
    good = json.dumps({"problem": {**EXAMPLES["pipeline_partition"].problem, "about": "known"}})
    headers = {"Content-Type": "application/json"}
    answers = [client.post("/v1/validations", content=good, headers=headers) for _ in range(2)]
    assert answers[0].json() == answers[1].json()
    assert len(read) == 1
    refused = [client.post("/v1/validations", content="{}", headers=headers) for _ in range(2)]
    assert {response.status_code for response in refused} == {422}
    assert len(read) == 3
