"""Whatever is sent, the answer is an answer or a problem document, never a fault of the server."""

import copy
import json
from typing import Any

from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.errors import MEDIA_TYPE
from tests.api.conftest import EXAMPLE

_SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**20), 10**20),
    st.floats(),
    st.text(max_size=8),
    st.text(st.characters(categories=["Cs", "Cc", "Ll"]), max_size=3),
    st.sampled_from(["8 GiB", "2 ms", "camera", "latency", "throughput", "pipeline_partition"]),
)
_JSON = st.recursive(
    _SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.one_of(st.sampled_from(["kind", "problem", "plan"]), st.text(max_size=5)),
            inner,
            max_size=3,
        ),
    ),
    max_leaves=8,
)
_PATHS = st.sampled_from(["/v1/verifications", "/v1/plans", "/v1/explanations"])
# The client is the same for all examples on purpose: it is a server that goes on answering.
_MANY = settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def _check(
    client: TestClient, path: str, body: bytes, media_type: str = "application/json"
) -> None:
    response = client.post(path, content=body, headers={"Content-Type": media_type})
    assert response.status_code in (200, 413, 422), response.text
    expected = "application/json" if response.status_code == 200 else MEDIA_TYPE
    assert response.headers["Content-Type"] == expected


@_MANY
@given(path=_PATHS, body=st.binary(max_size=200))
def test_bytes(client: TestClient, path: str, body: bytes) -> None:
    """Arbitrary bytes are refused cleanly."""
    _check(client, path, body)


@_MANY
@given(path=_PATHS, value=_JSON)
def test_json(client: TestClient, path: str, value: object) -> None:
    """Arbitrary JSON, NaN included, is refused cleanly."""
    _check(client, path, json.dumps(value).encode())


_YAML = st.one_of(
    st.text("{}[]:,-?!&*|>'\"#%@`<=~. \n\t019eyn", max_size=40),
    # Numbers with colons were sexagesimal once.
    st.lists(st.integers(0, 99), min_size=2, max_size=300).map(lambda n: ":".join(map(str, n))),
    st.sampled_from(
        ["<<", "=", "~", ".nan", "-.inf", "1e999", "2001-99-99", r'"\ud83d"', "9" * 50]
    ),
)


@_MANY
@given(path=_PATHS, key=_YAML, value=_YAML, point=st.booleans())
def test_yaml(client: TestClient, path: str, key: str, value: str, *, point: bool) -> None:
    """Arbitrary YAML is refused cleanly."""
    body = f"{key}: {value}{'.5' if point else ''}\n".encode()
    _check(client, path, body, "application/yaml")


def _places(value: object, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths to everything inside a document."""
    if isinstance(value, dict):
        inside = list(value.items())
    elif isinstance(value, list):
        inside = list(enumerate(value))
    else:
        inside = []
    return [at, *(place for key, item in inside for place in _places(item, (*at, key)))]


_VALID: dict[str, Any] = {"problem": EXAMPLE.problem, "plan": EXAMPLE.plan}


@_MANY
@given(place=st.sampled_from(_places(_VALID)[1:]), value=_JSON)
def test_one_wrong_place(client: TestClient, place: tuple[Any, ...], value: object) -> None:
    """A right request with one place overwritten is answered or refused cleanly."""
    body = copy.deepcopy(_VALID)
    target: Any = body
    for key in place[:-1]:
        target = target[key]
    target[place[-1]] = value
    _check(client, "/v1/verifications", json.dumps(body).encode())
