"""JSON Schemas of the documents, by name, and as components of the OpenAPI document."""

from typing import Any

from pydantic import TypeAdapter
from pydantic.json_schema import models_json_schema

from api.errors import ProblemDetails
from api.jobs.nouns import Job, JobEvent
from api.requests import (
    BatchRequest,
    ExplanationRequest,
    FrontierRequest,
    PlanRequest,
    RevisionRequest,
    SimulationRequest,
    SplitRequest,
    ValidationRequest,
    VerificationRequest,
)
from api.requests_experts import CacheRequest, RollRequest
from models.base import Document
from models.expert_cache import ExpertCache
from models.expert_split import ExpertSplit
from models.frontier import Frontier
from models.problems import AnyPlan, AnyProblem
from models.prompts import PromptTable, TwoLevels
from models.result import Certificate, Limits, Verification
from models.rolling import Rolling
from models.simulation import Simulation

SCHEMAS: dict[str, Any] = {
    "problem": AnyProblem,
    "plan": AnyPlan,
    "limits": Limits,
    "certificate": Certificate,
    "verification": Verification,
    "plan-request": PlanRequest,
    "verification-request": VerificationRequest,
    "explanation-request": ExplanationRequest,
    "frontier-request": FrontierRequest,
    "revision-request": RevisionRequest,
    "batch-request": BatchRequest,
    "validation-request": ValidationRequest,
    "frontier": Frontier,
    "job": Job,
    "job-event": JobEvent,
    "split-request": SplitRequest,
    "split": ExpertSplit,
    "simulation-request": SimulationRequest,
    "simulation": Simulation,
    "cache-request": CacheRequest,
    "cache": ExpertCache,
    "roll-request": RollRequest,
    "rolling": Rolling,
    "prompts": PromptTable,
    "two-levels": TwoLevels,
    "problem-details": ProblemDetails,
}
REQUESTS: tuple[type[Document], ...] = (
    PlanRequest,
    VerificationRequest,
    ExplanationRequest,
    FrontierRequest,
    RevisionRequest,
    BatchRequest,
    ValidationRequest,
    SplitRequest,
    SimulationRequest,
    CacheRequest,
    RollRequest,
)


def schema(name: str) -> dict[str, Any]:
    """The JSON Schema of a document. Raises KeyError for a name that SCHEMAS does not have."""
    found = TypeAdapter(SCHEMAS[name]).json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": name, **found}


def components() -> dict[str, Any]:
    """Schemas of the documents that are read by the door instead of by FastAPI."""
    nouns: tuple[type[Document], ...] = (*REQUESTS, ProblemDetails)
    _, definitions = models_json_schema(
        [(noun, "validation") for noun in nouns], ref_template="#/components/schemas/{model}"
    )
    found: dict[str, Any] = definitions["$defs"]
    return found


def body(request: type[Document], examples: dict[str, Any]) -> dict[str, Any]:
    """OpenAPI's entry for a request body, with examples that run: name -> value."""
    schema_of = {"schema": {"$ref": f"#/components/schemas/{request.__name__}"}}
    shown = {name: {"summary": name, "value": value} for name, value in examples.items()}
    content = {
        "application/json": {**schema_of, "examples": shown},
        "application/yaml": schema_of,
    }
    return {"requestBody": {"required": True, "content": content}}
