"""The served OpenAPI document holds: requests drawn from it are answered as it says, with keys on.

EDGEPLAN_TEST_EXAMPLES=100 draws more than the few of the suite.
"""

import os
from collections.abc import Iterator
from typing import Any

import pytest
import requests
import schemathesis
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, settings
from schemathesis import checks
from schemathesis.specs.openapi import checks as openapi_checks

from api import keys
from api.app import create_app
from api.keys import Scope
from api.settings import SECOND_NS, Settings

_CHECKS = [
    checks.not_a_server_error,
    openapi_checks.status_code_conformance,
    openapi_checks.content_type_conformance,
    openapi_checks.response_headers_conformance,
    openapi_checks.response_schema_conformance,
]
_EXAMPLES = int(os.environ.get("EDGEPLAN_TEST_EXAMPLES", "4"))
_LIMITS: dict[str, Any] = {"max_time_limit": SECOND_NS, "default_wait": SECOND_NS}
_APP = create_app(Settings(slots=1, require_keys=True, **_LIMITS))
schema = schemathesis.openapi.from_dict(_APP.openapi())
# To enumerate the boundaries of every kind's schema takes minutes before the first request; the
# document's examples are requested by tests/api/test_openapi.py.
schema.config.phases.coverage.enabled = False
schema.config.phases.examples.enabled = False


@pytest.fixture(scope="module")
def guarded() -> Iterator[TestClient]:
    """A server that requires keys and solves for a second, and a key of all scopes."""
    with TestClient(_APP, raise_server_exceptions=False) as client:
        token = keys.add(_APP.state.queue.store, "tester", frozenset(Scope), 10_000)
        client.headers["Authorization"] = f"Bearer {token}"
        yield client


def _check(guarded: TestClient, case: Any) -> None:
    asked = requests.Request(**case.as_transport_kwargs(base_url="http://testserver")).prepare()
    headers = {name: value for name, value in asked.headers.items() if name != "Authorization"}
    method, url = asked.method or "", asked.url or ""
    response = guarded.request(method, url, content=asked.body, headers=headers)
    case.validate_response(response, checks=_CHECKS)


_few = settings(
    max_examples=_EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True
)


@schema.exclude(method="POST").parametrize()
@_few
def test_answers_as_described(guarded: TestClient, case: Any) -> None:
    """Status, headers, media type and body are among those described; never a server error."""
    _check(guarded, case)


@pytest.mark.slow  # drawing a problem from its schema takes a second
@schema.include(method="POST").parametrize()
@_few
def test_submissions_are_answered_as_described(guarded: TestClient, case: Any) -> None:
    """The same for what has a body."""
    _check(guarded, case)
