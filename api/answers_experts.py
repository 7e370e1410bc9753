"""Requests about experts beside plans, answered: caches, and placements that follow."""

import threading
import time
from collections.abc import Callable

import numpy as np

from api.requests_experts import CacheRequest, RollRequest
from models.errors import DocumentError, FieldError
from models.expert_cache import CacheSize, ExpertCache
from models.result import Limits
from models.rolling import Rolling, RollingStep
from planner.expert_cache import at_size, cliff, gathered
from planner.observations import Pace
from planner.rolling import rolled
from planner.worker import ChildLostError, call
from problem_instances.readers.routing import Routing, routing


def cache(
    request: CacheRequest,
    *,
    cancel: threading.Event | None = None,
    listen: Callable[[CacheSize], None] | None = None,
) -> ExpertCache:
    """The replays, in a child per size within the limits, each told as soon as it is done.

    Cancelled, it has the sizes that had been replayed. Raises DocumentError for no such routing,
    ChildLostError where nothing was replayed in time.
    """
    found = _routing(request)
    planned = request.planned_tokens or found.tokens // 2
    begun = time.monotonic_ns()

    def left() -> Limits:
        time_ns = max(0, request.limits.time_limit_ns - (time.monotonic_ns() - begun))
        return request.limits.model_copy(update={"time_limit_ns": time_ns})

    least = call(cliff, found, planned, limits=left(), cancel=cancel)
    sizes: list[CacheSize] = []
    for slots in request.slots:
        try:
            size = call(at_size, found, slots, planned, least, limits=left(), cancel=cancel)
        except ChildLostError:
            if cancel is None or not cancel.is_set() or not sizes:
                raise
            break
        sizes.append(size)
        if listen is not None:
            listen(size)
    answer = gathered(found, planned, least, tuple(sizes), time.monotonic_ns() - begun)
    return answer.model_copy(update={"stopped": len(sizes) < len(request.slots)})


def _routing(request: CacheRequest) -> Routing:
    table, remedy = np.array(request.routing), "give whole numbers [tokens][layers][top-k]"
    try:
        return routing(table, request.experts)
    except DocumentError as error:
        raise DocumentError(
            tuple(
                FieldError(f"/routing{fault.pointer}", fault.value, fault.reason, remedy)
                for fault in error.faults
            )
        ) from None


def rolling(
    request: RollRequest,
    *,
    cancel: threading.Event | None = None,
    listen: Callable[[RollingStep], None] | None = None,
) -> Rolling:
    """The steps, within the limits, each told as soon as it is done.

    Raises DocumentError for what the problem does not have.
    """
    pace = Pace(request.ns_per_mib, request.weight_ppm)
    return rolled(request.problem, request.steps, request.limits, pace, cancel, listen)
