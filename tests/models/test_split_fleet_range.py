"""Fleets whose sums would leave 64 bits are refused at the field to change; others are planned."""

from typing import Any

import pytest

from models.documents import validate
from models.errors import DocumentError
from models.problems.split_fleet import SplitFleetProblem
from models.result import Limits, Reason
from solvers.registry import entries


def _document(streams: int, **changes: Any) -> dict[str, Any]:
    """Streams of 8·10¹⁵ millibit/s each over the second uplink, or as changed."""
    option = {"name": "far", "device_ns": 0, "sent_bytes": 10**9, "server_ns": 1, "accuracy_ppm": 1}
    return {
        "catalogues": [{"name": "any", "options": [option]}],
        "uplinks": [
            {"name": name, "bandwidth_bit_per_s": 10**15, **changes.get("uplink", {})}
            for name in ("idle", "busy")
        ],
        "servers": [{"name": "edge"}],
        "streams": [
            {"name": f"s{number}", "catalogue": "any", "uplink": "busy", "rate_millihz": 10**6}
            | changes.get("stream", {})
            for number in range(streams)
        ],
        "windows": changes.get("windows", [{"name": "always"}]),
        "objective": changes.get("objective", "loss"),
    }


def _fault(document: dict[str, Any]) -> tuple[str, str]:
    with pytest.raises(DocumentError) as caught:
        validate(document, SplitFleetProblem)
    (fault,) = caught.value.faults
    return fault.pointer, fault.reason


def test_loads_beyond_64_bits_are_refused_at_their_uplink() -> None:
    """2⁶² millibit/s are 576 such streams; one more is refused, also where it is only urgent."""
    validate(_document(576), SplitFleetProblem)
    pointer, reason = _fault(_document(577))
    assert pointer == "/uplinks/1"
    assert "'busy' may grow beyond 64 bits" in reason
    slow = {"rate_millihz": 1}
    validate(_document(577, stream=slow), SplitFleetProblem)
    urgent = [{"stream": f"s{number}", "rate_millihz": 10**6} for number in range(577)]
    windows = [{"name": "rush", "urgent": urgent}]
    assert _fault(_document(577, stream=slow, windows=windows))[0] == "/uplinks/1"


@pytest.mark.parametrize("item", entries("split_fleet"), ids=lambda item: item.name)
def test_the_largest_loads_allowed_overload_no_method(item: Any) -> None:
    """A hundred such streams fit on 10¹⁵ bit/s, 576 do not: no load wraps around."""
    for streams, fits in ((100, True), (576, False)):
        problem = validate(_document(streams), SplitFleetProblem)
        claim = item.load().solve(problem, Limits(time_limit_ns=20 * 10**9))
        if fits and item.traits.exact:
            assert claim.plan is not None
        if not fits:
            assert claim.plan is None
        if item.traits.exact and not fits:
            assert claim.reason is Reason.INFEASIBLE


def test_latencies_of_uplinks_count_in_the_objective() -> None:
    """A day of latency, weighted a million times for a hundred streams, is too much; ms are not."""
    heavy = {"objective": "latency", "windows": [{"name": "w", "weight": 10**6}]}
    document = _document(100, uplink={"latency_ns": 10**14}, stream={"rate_millihz": 1}, **heavy)
    assert _fault(document)[0] == "/windows"
    validate(_document(100, uplink={"latency_ns": 10**6}, **heavy), SplitFleetProblem)
