"""Requests about experts beside plans, answered: caches, and placements that follow."""

import threading

import numpy as np

from api.requests_experts import CacheRequest, RollRequest
from models.errors import DocumentError, FieldError
from models.expert_cache import ExpertCache
from models.rolling import Rolling
from planner.expert_cache import swept
from planner.observations import Pace
from planner.rolling import rolled
from planner.worker import call
from problem_instances.readers.routing import routing


def cache(request: CacheRequest, *, cancel: threading.Event | None = None) -> ExpertCache:
    """The replays, in a child within the limits. Raises DocumentError for no such routing."""
    try:
        found = routing(np.array(request.routing), request.experts)
    except DocumentError as error:
        raise DocumentError(
            tuple(
                FieldError(f"/routing{fault.pointer}", fault.value, fault.reason, fault.remedy)
                for fault in error.faults
            )
        ) from None
    planned = request.planned_tokens or found.tokens // 2
    return call(swept, found, request.slots, planned, limits=request.limits, cancel=cancel)


def rolling(request: RollRequest, *, cancel: threading.Event | None = None) -> Rolling:
    """The steps, within the limits. Raises DocumentError for what the problem does not have."""
    pace = Pace(request.ns_per_mib, request.weight_ppm)
    return rolled(request.problem, request.steps, request.limits, pace, cancel)
