"""Rules of fleets at their limits: kept to the last unit, and broken by one more.

The same holds of every exact method: what the verifier just accepts, it finds.
"""

from typing import Any

import pytest

from models.documents import validate
from models.problems.split_fleet import Choice, SplitFleetPlan, SplitFleetProblem
from models.result import Limits, Reason
from planner.verify import verify
from solvers.registry import entries

_PLAN = SplitFleetPlan(choices=(Choice(stream="only", option="far", server="edge"),))


def _full(
    option: dict[str, Any] | None = None,
    stream: dict[str, Any] | None = None,
    uplink: dict[str, Any] | None = None,
    server: dict[str, Any] | None = None,
) -> SplitFleetProblem:
    """One stream at 2 frames/s that fills all there is.

    0.5 s on its device keep it busy; 1000 bytes take 0.5 s and 16 kbit/s; 0.05 s on a server twice
    as slow take 0.1 s and a fifth of it; 1.1 s in all.
    """
    far = {"name": "far", "device_ns": 500_000_000, "sent_bytes": 1000, "server_ns": 50_000_000}
    demand = {"rate_millihz": 2000, "deadline_ns": 1_100_000_000, "accuracy_floor_ppm": 700_000}
    document = {
        "catalogues": [
            {"name": "any", "options": [{**far, "accuracy_ppm": 700_000, **(option or {})}]}
        ],
        "uplinks": [{"name": "air", "bandwidth_bit_per_s": 16_000, **(uplink or {})}],
        "servers": [
            {"name": "edge", "slowdown_ppm": 2 * 10**6, "share_ppm": 200_000, **(server or {})}
        ],
        "streams": [
            {"name": "only", "catalogue": "any", "uplink": "air", **demand, **(stream or {})}
        ],
    }
    return validate(document, SplitFleetProblem)


def _reasons(problem: SplitFleetProblem) -> set[Reason]:
    """How the exact methods end."""
    methods = [item for item in entries(problem.kind) if item.traits.exact]
    return {item.load().solve(problem, Limits()).reason for item in methods}


def test_what_is_just_enough_is_accepted_and_found() -> None:
    """A plan at every limit at once is accepted, and every exact method completes with it."""
    assert verify(_full(), _PLAN).accepted
    assert _reasons(_full()) == {Reason.COMPLETED}


@pytest.mark.parametrize(
    ("changes", "rule", "excess"),
    [
        ({"stream": {"deadline_ns": 1_099_999_999}}, "deadline", 1),
        ({"stream": {"accuracy_floor_ppm": 700_001}}, "accuracy-floor", 1),
        (
            {"option": {"device_ns": 500_000_001}, "stream": {"deadline_ns": None}},
            "device-overload",
            1,
        ),
        ({"uplink": {"share_ppm": 999_999}}, "uplink-overload", 1),
        ({"server": {"share_ppm": 199_999}}, "server-overload", 1),
        ({"uplink": {"latency_ns": 1}}, "deadline", 1),
        (
            {"server": {"slowdown_ppm": 2 * 10**6 + 1}, "stream": {"deadline_ns": None}},
            "server-overload",
            1,
        ),
    ],
)
def test_one_unit_more_is_refused_and_not_found(
    changes: dict[str, dict[str, Any]], rule: str, excess: int
) -> None:
    """Each limit a unit tighter breaks its rule by that unit, and no exact method has a plan."""
    problem = _full(**changes)
    (violation,) = verify(problem, _PLAN).violations
    assert (violation.rule, violation.excess) == (rule, excess)
    assert _reasons(problem) == {Reason.INFEASIBLE}


def test_an_unknown_server_is_named_with_its_stream() -> None:
    """Which of many streams is meant can be read off the violation, which is told once."""
    document = _full().model_dump(mode="json")
    windows = ("morning", "noon", "night")
    document["windows"] = [{"name": name} for name in windows]
    choices = [Choice(window=w, stream="only", option="far", server="gone") for w in windows]
    lost = SplitFleetPlan(choices=tuple(choices))
    (violation,) = verify(validate(document, SplitFleetProblem), lost).violations
    assert violation.where == "gone for only"


def test_accuracies_are_told_apart_where_some_are_urgent() -> None:
    """Means of all, of the urgent, and of the others; of all alone where none is urgent."""
    problem = _full()
    assert "mean_accuracy_of_urgent_ppm" not in verify(problem, _PLAN).breakdown.totals
    local = {"name": "local", "device_ns": 1, "accuracy_ppm": 761_000}
    document = problem.model_dump(mode="json")
    document["catalogues"][0]["options"].append(local)
    document["streams"].append({**document["streams"][0], "name": "calm"})
    document["windows"] = [{"name": "w", "urgent": [{"stream": "only", "rate_millihz": 2000}]}]
    mixed = validate(document, SplitFleetProblem)
    choices = (
        Choice(window="w", stream="only", option="far", server="edge"),
        Choice(window="w", stream="calm", option="local"),
    )
    totals = verify(mixed, SplitFleetPlan(choices=choices)).breakdown.totals
    assert totals["mean_accuracy_ppm"] == 730_500
    assert totals["mean_accuracy_of_urgent_ppm"] == 700_000
    assert totals["mean_accuracy_of_others_ppm"] == 761_000
