"""A job's problem after a change, and whether its plan still is a start."""

import json
from dataclasses import dataclass
from typing import Any, NoReturn

from pydantic import ValidationError
from sqlalchemy import RowMapping

from api.jobs.leases import plan_of
from api.requests import PlanRequest, ReplanMode, RevisionRequest
from models.documents import field_errors, shorten, validate
from models.errors import DocumentError, FieldError
from models.problems import KINDS, AnyPlan, AnyProblem
from planner.replan import ChangeError, changed
from planner.verify import verify


@dataclass(frozen=True)
class Revision:
    """The request to plan anew, and what became of the plan in force, in words."""

    request: PlanRequest
    start: str


def revised(row: RowMapping, change: RevisionRequest) -> Revision:
    """The changed request of a job. Raises DocumentError for a change that does not fit."""
    old = validate(json.loads(row["request"]), PlanRequest)
    data = plan_of(row)
    plan = None if data is None else validate(data, KINDS[row["kind"]][1])
    problem = _patched(_without(old.problem, plan, change), change)
    verdict = None if plan is None else verify(problem, plan)
    usable = plan if verdict is not None and verdict.accepted else None
    request = PlanRequest(
        problem=problem,
        limits=change.limits or old.limits,
        solver=change.solver or _kept(old.solver),
        hint=usable,
    )
    if verdict is None:
        return Revision(request, "none: the job has no plan")
    if usable is not None:
        return Revision(request, "accepted")
    first = verdict.violations[0]
    return Revision(request, f"rejected: {first.rule} at {first.where}")


def _kept(solver: str | None) -> str | None:
    """The former method; a replay was asked for that change alone."""
    return None if solver == ReplanMode.REPLAY else solver


def _without(problem: AnyProblem, plan: AnyPlan | None, change: RevisionRequest) -> AnyProblem:
    """The problem without the lost devices, that knows the plan in force and the price of moves."""
    asked = change.lost or change.slowed or change.migration_weight_ns_per_mib
    if not asked:
        return problem
    if plan is None:
        _refuse("/lost", "the job has no plan to start from", "write the change as a patch")
    slowed = tuple(change.slowed.items())
    try:
        return changed(problem, plan, change.lost, slowed, change.migration_weight_ns_per_mib)
    except ChangeError as error:
        _refuse("/lost" if change.lost else "/slowed", str(error), "correct the change")
    except ValidationError as error:
        raise DocumentError(field_errors(error.errors(include_url=False))) from None


def _patched(problem: AnyProblem, change: RevisionRequest) -> AnyProblem:
    if not change.patch:
        return problem
    if change.patch.get("kind", problem.kind) != problem.kind:
        _refuse("/patch/kind", "the kind of a job does not change", "submit another job")
    merged = merge(problem.model_dump(mode="json", exclude_defaults=True), change.patch)
    found: AnyProblem = validate({**merged, "kind": problem.kind}, KINDS[problem.kind][0])
    return found


def merge(target: Any, patch: Any) -> Any:
    """A document after a merge patch (RFC 7396, §2)."""
    if not isinstance(patch, dict):
        return patch
    base = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            base.pop(key, None)
        else:
            base[key] = merge(base.get(key), value)
    return base


def _refuse(pointer: str, reason: str, remedy: str) -> NoReturn:
    raise DocumentError((FieldError(pointer, shorten("the change"), reason, remedy),))
