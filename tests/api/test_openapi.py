"""The OpenAPI document: its examples run, its references lead somewhere, its schemas hold."""

from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from fastapi.testclient import TestClient
from pydantic import TypeAdapter

from api.app import create_app
from api.deps import MEDIA_TYPES
from api.examples import EXAMPLES
from api.jobs.nouns import ANSWERS, JobPage
from api.requests import Estimate, Explanation, Valid
from api.schemas import SCHEMAS
from api.settings import Settings
from models.expert_cache import ExpertCache
from models.expert_split import ExpertSplit
from models.frontier import Frontier
from models.problems import KINDS
from models.result import Certificate, Verification
from models.rolling import Rolling
from models.simulation import Simulation
from planner.verify import verify

DOCUMENT = create_app(Settings(slots=1)).openapi()
_ANSWERS = {
    "Certificate": Certificate,
    "Verification": Verification,
    "Explanation": Explanation,
    "ExpertSplit": ExpertSplit,
    "ExpertCache": ExpertCache,
    "Rolling": Rolling,
    "Frontier": Frontier,
    "Simulation": Simulation,
    "JobPage": JobPage,
    "Valid": Valid,
    "Estimate": Estimate,
}


@pytest.fixture(scope="module")
def job(client: TestClient) -> str:
    """A job that has ended."""
    body = {"problem": EXAMPLES["pipeline_partition"].problem}
    return client.post("/v1/plans", json=body).headers["Location"].rpartition("/")[2]


def _operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in DOCUMENT["paths"].items():
        for method, operation in methods.items():
            yield method, path, operation


def _bodies() -> list[Any]:
    return [
        pytest.param(path, name, operation, id=f"{path} {name}")
        for method, path, operation in _operations()
        if method == "post" and "requestBody" in operation
        for name in operation["requestBody"]["content"]["application/json"]["examples"]
    ]


@pytest.mark.parametrize(("path", "name", "operation"), _bodies())
def test_examples_of_bodies_run(
    client: TestClient, job: str, path: str, name: str, operation: dict[str, Any]
) -> None:
    """Every example is answered with success and a document of the type that is declared."""
    example = operation["requestBody"]["content"]["application/json"]["examples"][name]
    response = client.post(path.replace("{job}", job), json=example["value"])
    status = min(operation["responses"])
    assert response.status_code == int(status), response.text
    declared = operation["responses"][status]["content"]["application/json"]["schema"]["$ref"]
    _ANSWERS[declared.rpartition("/")[2]].model_validate_json(response.text)


def test_yaml_is_declared_and_read(client: TestClient) -> None:
    """Where a body is declared as YAML, too, an example in YAML is answered as the one in JSON."""
    operation = DOCUMENT["paths"]["/v1/verifications"]["post"]
    content = operation["requestBody"]["content"]
    assert set(content) == set(MEDIA_TYPES)
    assert content["application/yaml"]["schema"] == content["application/json"]["schema"]
    example = next(iter(content["application/json"]["examples"].values()))["value"]
    headers = {"Content-Type": "application/yaml"}
    answer = client.post("/v1/verifications", content=yaml.safe_dump(example), headers=headers)
    assert answer.status_code == 200
    assert answer.json() == client.post("/v1/verifications", json=example).json()


@pytest.mark.parametrize(
    ("path", "operation"), [(path, item) for method, path, item in _operations() if method == "get"]
)
def test_addresses_answer(
    client: TestClient, job: str, path: str, operation: dict[str, Any]
) -> None:
    """Every address that is read answers, its parameters taken from their examples."""
    path = path.replace("{job}", job)
    for parameter in operation.get("parameters", []):
        if parameter["in"] == "path" and parameter["name"] != "job":
            example = parameter["schema"]["examples"][0]
            path = path.replace("{" + parameter["name"] + "}", example)
    assert client.get(path).status_code == 200


def _references(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        for key, item in value.items():
            if key == "$ref":
                yield item
            else:
                yield from _references(item)
    elif isinstance(value, list):
        for item in value:
            yield from _references(item)


def test_references_lead_somewhere() -> None:
    """Every $ref of the document is a component."""
    names = {reference.rpartition("/")[2] for reference in _references(DOCUMENT)}
    assert names
    assert names <= set(DOCUMENT["components"]["schemas"])


def test_results_are_all_answers(client: TestClient) -> None:
    """What any operation answers is declared where the results of jobs are."""
    answers = client.get("/openapi.json").json()["paths"]["/v1/jobs/{job}/result"]["get"]
    schema = answers["responses"]["200"]["content"]["application/json"]["schema"]
    declared = {item["$ref"].rpartition("/")[2] for item in schema["anyOf"]}
    assert declared == {answer.__name__ for answer in ANSWERS.values()}


def test_nothing_is_loaded_from_elsewhere(client: TestClient) -> None:
    """The document names no other host."""
    assert "://" not in client.get("/openapi.json").text.replace("postgresql+psycopg://", "")


def test_every_post_declares_its_errors() -> None:
    """413, 415 and 422 are declared, as problem documents, wherever a body is read."""
    for _, path, operation in _operations():
        for status in ("413", "415", "422") if "requestBody" in operation else ():
            assert "application/problem+json" in operation["responses"][status]["content"], path


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_an_example(kind: str) -> None:
    """The example of a kind is verified: its plan costs what it says."""
    example = EXAMPLES[kind]
    problem, plan = example.nouns()
    assert problem.kind == kind
    assert verify(problem, plan).objective == example.objective


@pytest.mark.parametrize("name", SCHEMAS)
def test_schemas(client: TestClient, name: str) -> None:
    """The schema of every document is served, and closed where the document is."""
    found = client.get(f"/v1/schemas/{name}").json()
    assert found["$id"] == name
    members = found["$defs"].values() if "oneOf" in found else [found]
    documents = [member for member in members if member.get("type") == "object"]
    assert documents
    assert all(member["additionalProperties"] is False for member in documents)
    expected = TypeAdapter(SCHEMAS[name]).json_schema()
    fields = "oneOf" if "oneOf" in found else "properties"
    assert found[fields] == expected[fields]
