"""What jobs do: for every operation its request, and the function that answers it."""

import hashlib
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

from api import answers, answers_experts
from api.jobs.nouns import Operation
from api.requests import ExplanationRequest, FrontierRequest, PlanRequest, SplitRequest
from api.requests_experts import CacheRequest, RollRequest
from api.version import installed
from models.base import Document
from models.expert_cache import ExpertCache
from models.frontier import Frontier
from models.result import Certificate, Grade
from models.rolling import Rolling
from planner.race import Listener

Request = (
    PlanRequest | ExplanationRequest | FrontierRequest | SplitRequest | CacheRequest | RollRequest
)
# Libraries that an answer may depend on.
_SOLVERS = ("edgeplan", "highspy", "ortools")


@dataclass(frozen=True)
class Work:
    """One operation: the type of its request, and `run(request, listen, cancel)` to answer it."""

    request: type[Document]
    run: Callable[[Any, Listener, threading.Event], Document]


WORKS: dict[Operation, Work] = {
    Operation.PLAN: Work(
        PlanRequest,
        lambda request, listen, cancel: answers.plan(request, listen=listen, cancel=cancel),
    ),
    Operation.EXPLANATION: Work(
        ExplanationRequest,
        lambda request, _, cancel: answers.explanation(request, cancel=cancel),
    ),
    Operation.FRONTIER: Work(
        FrontierRequest,
        lambda request, _, cancel: answers.frontier(request, cancel=cancel),
    ),
    Operation.SPLIT: Work(
        SplitRequest,
        lambda request, _, cancel: answers.split(request, cancel=cancel),
    ),
    Operation.CACHE: Work(
        CacheRequest,
        lambda request, _, cancel: answers_experts.cache(request, cancel=cancel),
    ),
    Operation.ROLLING: Work(
        RollRequest,
        lambda request, _, cancel: answers_experts.rolling(request, cancel=cancel),
    ),
}


def lasting(answer: Document) -> bool:
    """Whether asking the same again cannot give more: everything in it is proved."""
    if isinstance(answer, Certificate):
        proved = answer.grade in (Grade.OPTIMAL, Grade.INFEASIBLE)
        return proved and not answer.contradictions
    if isinstance(answer, ExpertCache):
        return not answer.stopped
    if isinstance(answer, Rolling):
        proved = all(step.grade in (Grade.OPTIMAL, Grade.INFEASIBLE) for step in answer.steps)
        return proved and not answer.stopped
    if isinstance(answer, Frontier):
        return not answer.stopped and all(point.proved for point in answer.points)
    return False


def cache_key(operation: Operation, request: Request) -> str:
    """SHA-256 of the question: the request without comments, and the versions that answer it."""
    data = request.model_dump(mode="json", exclude={"problem": {"about"}})
    text = json.dumps([operation.value, data, _versions()], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


@cache
def _versions() -> dict[str, str]:
    return {name: installed(name) for name in _SOLVERS}
