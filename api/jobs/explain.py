"""What there is to explain about a job that has ended."""

import hashlib
import json
from itertools import count

from sqlalchemy import RowMapping

from api.errors import ProblemError
from api.jobs.leases import plan_of
from api.jobs.nouns import TERMINAL, JobState, Operation
from api.jobs.store import Store
from api.requests import Explanation, ExplanationRequest, PlanRequest
from models.documents import validate
from models.problems import KINDS
from models.result import Certificate, Grade

_GIVEN_UP = frozenset(state.value for state in TERMINAL - {JobState.DONE})


def explained(row: RowMapping) -> Explanation | ExplanationRequest:
    """The explanation where the job has it, else the request that finds it.

    Raises ProblemError (409) for a job that planned nothing.
    """
    if row["operation"] != Operation.PLAN.value:
        raise ProblemError("conflict", 409, f"an {row['operation']} has no plan to be explained")
    request = validate(json.loads(row["request"]), PlanRequest)
    data = plan_of(row)
    if data is not None:
        plan = validate(data, KINDS[row["kind"]][1])
        return ExplanationRequest(problem=request.problem, plan=plan, limits=request.limits)
    if row["result"] is None:
        words = f"the job is {row['state']} and planned nothing; submit it again"
        raise ProblemError("conflict", 409, words)
    found = validate(json.loads(row["result"]), Certificate)
    return Explanation(grade=found.grade, unit=found.unit, lines=_lines(found))


def key_of(store: Store, owner: str, job: str, asked: ExplanationRequest) -> str:
    """The idempotency key of the job that explains another one.

    That of a job which answers or may yet; a fresh one after what failed, expired or was cancelled,
    and where the plan or its limits are others by now.
    """
    words = hashlib.sha256(asked.model_dump_json().encode()).hexdigest()[:16]
    for number in count(1):
        key = f"explanation {number} of {job} {words}"
        row = store.of_key(owner, key)
        if row is None or row["state"] not in _GIVEN_UP:
            return key
    raise AssertionError("there is no last number")


def _lines(found: Certificate) -> tuple[str, ...]:
    if found.grade is Grade.INFEASIBLE:
        return found.explanation
    runs = tuple(f"{run.solver}: {run.detail or run.reason}" for run in found.runs)
    return ("neither a plan nor a proof that there is none, in time", *runs)
