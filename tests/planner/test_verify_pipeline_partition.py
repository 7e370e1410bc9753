"""The verifier, rule by rule and figure by figure, on problems small enough to do by hand."""

import pytest

from models.documents import validate
from models.problems.pipeline_partition import (
    PipelinePartitionPlan,
    PipelinePartitionProblem,
    Stage,
)
from models.result import Violation
from planner.verify import verify
from planner.verify.pipeline_partition import memory_bytes
from tests.small import split, two_devices

Rows = tuple[tuple[str, int, int], ...]
GOOD: Rows = (("quick", 0, 3), ("slow", 3, 4))


def _plan(rows: Rows) -> PipelinePartitionPlan:
    return PipelinePartitionPlan(
        stages=tuple(Stage(device=name, start=start, stop=stop) for name, start, stop in rows)
    )


def _graph(**changes: object) -> dict[str, object]:
    graph = two_devices().device_graph.model_dump(exclude_none=True)
    return {"device_graph": {**graph, **changes}}


ONE_WAY = {"source": "slow", "target": "quick", "directed": True, "bandwidth_bit_per_s": 8 * 10**9}
ORDER = {"device_order": ["slow", "quick"]}

BROKEN: list[tuple[str, dict[str, object], Rows, Violation]] = [
    ("nothing at all", {}, (), Violation(rule="no-stages", where="stages")),
    (
        "a device from elsewhere",
        {},
        (("quick", 0, 3), ("other", 3, 4)),
        Violation(rule="unknown-device", where="stages/1: other"),
    ),
    (
        "back to the first device",
        {},
        (("quick", 0, 2), ("quick", 2, 4)),
        Violation(rule="device-reused", where="stages/1: quick"),
    ),
    (
        "a stage of no layers",
        {},
        (("quick", 0, 4), ("slow", 4, 4)),
        Violation(rule="empty-stage", where="stages/1"),
    ),
    (
        "a layer left out",
        {},
        (("quick", 0, 2), ("slow", 3, 4)),
        Violation(
            rule="layers-covered",
            where="missing before layer 3 (stages/1)",
            excess=1,
            unit="layers",
        ),
    ),
    (
        "a layer run twice",
        {},
        (("quick", 0, 3), ("slow", 2, 4)),
        Violation(
            rule="layers-covered",
            where="too many before layer 3 (stages/1)",
            excess=1,
            unit="layers",
        ),
    ),
    (
        "the end left out",
        {},
        (("quick", 0, 1), ("slow", 1, 2)),
        Violation(
            rule="layers-covered",
            where="missing before the end of the chain",
            excess=2,
            unit="layers",
        ),
    ),
    (
        "beyond the end",
        {},
        (("quick", 0, 3), ("slow", 3, 5)),
        Violation(
            rule="layers-covered",
            where="too many before the end of the chain",
            excess=1,
            unit="layers",
        ),
    ),
    (
        "four layers in room for three",
        {},
        (("quick", 0, 4),),
        Violation(rule="memory", where="quick", excess=100, unit="bytes"),
    ),
    (
        "no link that way",
        _graph(default_link=None, links=[ONE_WAY]),
        GOOD,
        Violation(rule="missing-link", where="quick -> slow"),
    ),
    (
        "no way home",
        {
            **_graph(default_link=None, links=[ONE_WAY]),
            "source_device": "slow",
            "return_hop": True,
        },
        (("slow", 0, 1), ("quick", 1, 4)),
        Violation(rule="missing-link", where="quick -> slow"),
    ),
    (
        "not from the source",
        {"source_device": "slow"},
        GOOD,
        Violation(rule="source-device", where="slow"),
    ),
    (
        "a device unused",
        {"use_all_devices": True},
        (("quick", 0, 4),),
        Violation(rule="all-devices", where="slow", excess=1, unit="devices"),
    ),
    (
        "against the order",
        ORDER,
        GOOD,
        Violation(rule="device-order", where="quick before slow"),
    ),
]


@pytest.mark.parametrize(
    ("fields", "rows", "violation"), [pytest.param(*rest, id=label) for label, *rest in BROKEN]
)
def test_one_broken_rule_is_named_with_place_and_amount(
    fields: dict[str, object], rows: Rows, violation: Violation
) -> None:
    """A plan with one fault gets exactly one violation, and no objective."""
    room = 400 if violation.rule == "all-devices" else 300
    verdict = verify(two_devices(room, **fields), _plan(rows))
    assert verdict.violations == (violation,)
    assert verdict.objective is None


def test_all_broken_rules_are_told_together() -> None:
    """A plan that is wrong in structure and in wishes hears of both."""
    problem = two_devices(source_device="slow", use_all_devices=True)
    verdict = verify(problem, _plan((("quick", 0, 2),)))
    assert {violation.rule for violation in verdict.violations} == {
        "layers-covered",
        "source-device",
        "all-devices",
    }


def test_a_plan_of_another_kind_is_refused() -> None:
    """A plan that says it is for another kind is not even looked at."""
    plan = _plan(GOOD).model_copy(update={"kind": "other"})
    assert [violation.rule for violation in verify(two_devices(), plan).violations] == ["kind"]


@pytest.mark.parametrize(
    ("fields", "objective"),
    [
        ({}, 300 + 15 + 200),
        ({"objective": "throughput"}, 300),
        ({"objective": "throughput", "overlap": False}, 315),
        ({"objective": "makespan", "units": 1}, 515),
        ({"objective": "makespan", "units": 5}, 515 + 4 * 300),
        ({"objective": "makespan", "units": 5, "overlap": False}, 515 + 4 * 315),
        ({"source_device": "quick", "return_hop": True}, 515 + 15),
        ({"workload": {"message_bytes": 2}}, 517),
        ({"workload": {"unit_tokens": 2, "batch": 2}}, 300 + 10 + 20 + 200),
    ],
    ids=str,
)
def test_objectives_are_what_a_pencil_says(fields: dict[str, object], objective: int) -> None:
    """Sum, maximum and their mixture, transfers and the hop home, on one plan of two stages."""
    verdict = verify(two_devices(**fields), split(3))
    assert verdict.accepted
    assert verdict.objective == objective


def test_breakdown_adds_up() -> None:
    """The rows' times give the totals, and the totals the objective."""
    problem = two_devices(objective="makespan", units=3, source_device="quick", return_hop=True)
    verdict = verify(problem, split(2))
    first, second = verdict.breakdown.rows
    assert (first["compute_ns"], first["transfer_ns"], first["sends_to"]) == (200, 15, "slow")
    assert (second["compute_ns"], second["transfer_ns"], second["sends_to"]) == (400, 15, "quick")
    assert verdict.breakdown.totals == {
        "latency_ns": 630,
        "period_ns": 400,
        "makespan_ns": 1430,
    }
    assert verdict.objective == 1430


def test_moving_weights_is_paid_for_layer_by_layer() -> None:
    """Only layers new to their device cost, rounded one by one; old devices may be gone."""
    stages = [{"device": "gone", "start": 0, "stop": 2}, {"device": "slow", "start": 2, "stop": 4}]
    # 100 bytes at 2^20 x 1.005 ns per MiB cost 100.5 ns a layer, rounded up.
    previous = {"stages": stages, "ns_per_mib": 1_053_819}
    verdict = verify(two_devices(previous=previous), split(3))
    assert verdict.breakdown.totals["migration_bytes"] == 300
    assert verdict.breakdown.totals["migration_ns"] == 3 * 101
    assert verdict.objective == 515 + 303


def test_measured_times_stand_in_place_of_the_roofline() -> None:
    """A measurement for the type and the very unit counts; one for another size does not."""
    exact = {"measurements": [{"time_ns": {"quick": {"layer": 7}}}]}
    other = {"measurements": [{"tokens": 9, "time_ns": {"quick": {"layer": 7}}}]}
    assert verify(two_devices(profile=exact), split(3)).objective == 21 + 15 + 200
    assert verify(two_devices(profile=other), split(3)).objective == 515


def test_roofline_takes_the_slower_of_work_and_memory() -> None:
    """The launch comes on top of the larger of flops and bytes, caches of the batch included."""
    layer = {
        "name": "layer",
        "weight_bytes": 100,
        "kv_bytes_per_token": 3,
        "output_bytes_per_token": 0,
        "flops_per_token": 50,
    }
    device = {
        "name": "one",
        "memory_bytes": 10**6,
        "memory_bytes_per_s": 10**9,
        "flops_per_s": 10**9,
        "launch_overhead_ns": 4,
    }
    document = {
        "model": {"name": "one layer", "layers": [layer]},
        "device_graph": {"devices": [device]},
        "objective": "latency",
    }
    plan = _plan((("one", 0, 1),))
    for workload, expected in (
        ({}, 4 + 100),
        ({"unit_tokens": 3}, 4 + 150),
        ({"prompt_tokens": 10, "new_tokens": 2, "batch": 2, "concurrency": 9}, 4 + 172),
    ):
        problem = validate({**document, "workload": workload}, PipelinePartitionProblem)
        assert verify(problem, plan).objective == expected


def test_memory_counts_weights_caches_and_the_largest_activation() -> None:
    """Caches of all resident requests at full context, activations of one unit of the batch."""
    layers = [
        {
            "name": name,
            "weight_bytes": 100,
            "kv_bytes_per_token": 2,
            "activation_bytes_per_token": working,
            "output_bytes_per_token": 0,
        }
        for name, working in (("a", 5), ("b", 7))
    ]
    device = {"name": "one", "memory_bytes": 10**6, "memory_bytes_per_s": 1000}
    problem = validate(
        {
            "model": {"name": "two layers", "layers": layers},
            "device_graph": {"devices": [device]},
            "workload": {
                "prompt_tokens": 10,
                "new_tokens": 1,
                "unit_tokens": 10,
                "batch": 2,
                "concurrency": 3,
            },
            "objective": "latency",
        },
        PipelinePartitionProblem,
    )
    held = memory_bytes(problem, Stage(device="one", start=0, stop=2))
    assert held == 200 + 2 * 2 * 11 * 3 + 7 * 10 * 2
