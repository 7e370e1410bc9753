"""What there is to explain about a job that has ended."""

import json

from sqlalchemy import RowMapping

from api.errors import ProblemError
from api.jobs.leases import plan_of
from api.jobs.nouns import Operation
from api.requests import Explanation, ExplanationRequest, PlanRequest
from models.documents import validate
from models.problems import KINDS
from models.result import Certificate, Grade


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


def _lines(found: Certificate) -> tuple[str, ...]:
    if found.grade is Grade.INFEASIBLE:
        return found.explanation
    runs = tuple(f"{run.solver}: {run.detail or run.reason}" for run in found.runs)
    return ("neither a plan nor a proof that there is none, in time", *runs)
