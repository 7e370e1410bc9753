"""Rules of splits at their limits: kept to the last unit, and broken by one more.

The same holds of every exact method: what the verifier just accepts, it finds.
"""

import pytest

from models.documents import validate
from models.problems.split_computing import (
    Crossing,
    Placement,
    SplitComputingPlan,
    SplitComputingProblem,
)
from models.result import Limits, Reason
from planner.verify import verify
from solvers.registry import entries

# 10 ns on the camera, 1 byte in 5 + 1 ns, 20 ns on the box; 2 W and 1 W, the radio 3 W.
_FULL = {"deadline_ns": 36, "energy_uj": 43, "sent_bytes": 1, "accuracy_floor_ppm": 880_000}
_PLAN = SplitComputingPlan(
    placement=(
        Placement(device="camera", layers=("stem",)),
        Placement(device="box", layers=("head",)),
    ),
    crossings=(Crossing(tensor="stem", hop_from="camera", representation="tiny"),),
)


def _problem(**limits: int) -> SplitComputingProblem:
    """Only the box can run the head in time, and only the tiny form passes the cut."""
    document = {
        "model": {
            "name": "two",
            "input_bytes": 100,
            "layers": [
                {"name": "stem", "time_ns": {"camera": 10, "box": 10}, "output_bytes": 100},
                {"name": "head", "time_ns": {"camera": 100, "box": 20}, "output_bytes": 1},
            ],
        },
        "accuracy_ppm": 900_000,
        "devices": [
            {"name": "camera", "power_uj_per_s": 2 * 10**9},
            {"name": "box", "power_uj_per_s": 10**9},
        ],
        "hops": [{"latency_ns": 5, "bandwidth_bit_per_s": 8 * 10**9, "radio_uj_per_s": 3 * 10**9}],
        "representations": [{"name": "tiny", "size_bytes": {"stem": 1}, "accuracy_ppm": 880_000}],
        "limits": {**_FULL, **limits},
    }
    return validate(document, SplitComputingProblem)


def _reasons(problem: SplitComputingProblem) -> set[Reason]:
    """How the exact methods end."""
    methods = [item for item in entries(problem.kind) if item.traits.exact]
    return {item.load().solve(problem, Limits()).reason for item in methods}


def test_what_is_just_enough_is_accepted_and_found() -> None:
    """A plan at every limit at once is accepted, and every exact method completes with it."""
    verdict = verify(_problem(), _PLAN)
    assert verdict.accepted, verdict.violations
    totals = verdict.breakdown.totals
    names = ("latency_ns", "energy_uj", "sent_bytes", "accuracy_ppm")
    assert [totals[name] for name in names] == list(_FULL.values())
    assert _reasons(_problem()) == {Reason.COMPLETED}


@pytest.mark.parametrize(
    ("limit", "value", "rule"),
    [
        ("deadline_ns", 35, "deadline"),
        ("energy_uj", 42, "energy"),
        ("sent_bytes", 0, "bytes"),
        ("accuracy_floor_ppm", 880_001, "accuracy-floor"),
    ],
)
def test_one_unit_more_is_refused_and_not_found(limit: str, value: int, rule: str) -> None:
    """Each limit a unit tighter breaks its rule by that unit, and no exact method has a plan."""
    problem = _problem(**{limit: value})
    (violation,) = verify(problem, _PLAN).violations
    assert (violation.rule, violation.excess) == (rule, 1)
    assert _reasons(problem) == {Reason.INFEASIBLE}


def test_coding_is_paid_at_the_power_of_the_device_that_does_it() -> None:
    """4 ns of encoding at 2 W on the camera, 3 ns of decoding at 1 W on the box: 11 µJ, 7 ns."""
    document = _problem().model_dump(mode="json", exclude_none=True)
    document["limits"] = {}
    document["representations"][0] |= {
        "encode": {"time_ns": {"camera": 4}},
        "decode": {"time_ns": {"box": 3}},
    }
    totals = verify(validate(document, SplitComputingProblem), _PLAN).breakdown.totals
    assert totals["latency_ns"] == _FULL["deadline_ns"] + 7
    assert totals["energy_uj"] == _FULL["energy_uj"] + 11


def test_an_accuracy_that_nobody_stated_is_not_told() -> None:
    """100 % is no total where neither model nor choices nor limits speak of accuracy."""
    silent = _problem().model_copy(update={"accuracy_ppm": 10**6})
    told = verify(silent, _PLAN).breakdown.totals
    assert told["accuracy_ppm"] == 880_000
    document = silent.model_dump(mode="json", exclude_none=True)
    del document["representations"][0]["accuracy_ppm"]
    del document["limits"]["accuracy_floor_ppm"]
    mute = validate(document, SplitComputingProblem)
    assert "accuracy_ppm" not in verify(mute, _PLAN).breakdown.totals
