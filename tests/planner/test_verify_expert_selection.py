"""The verifier of expert selections against figures worked out by hand."""

from typing import Any

import pytest

from models.devices import Device, DeviceGraph, Link
from models.problems.expert_selection import (
    Cluster,
    Expert,
    ExpertSelectionPlan,
    ExpertSelectionProblem,
    MeasuredSet,
    Route,
)
from models.problems.expert_selection_modes import EnergyMode, LatencyMode, QualityModel
from planner.verify import verify


def problem(**changes: Any) -> ExpertSelectionProblem:
    """Two experts, a at the source and b two hops away; "code" counts 3, "law" 1.

    a: 0.5 s + 10 x 1 ms + 5 x 20 ms; b: 8 B x 10 tokens on two hops of 1 ms and 1 kB/s, and
    40 B back, beside the same computation at half the time.
    """
    fields: dict[str, Any] = {
        "device_graph": DeviceGraph(
            devices=tuple(Device(name=name, memory_bytes=10) for name in ("home", "mid", "far")),
            links=tuple(
                Link(source=a, target=b, latency_ns="1 ms", bandwidth_bit_per_s=8_000)
                for a, b in (("home", "mid"), ("mid", "far"))
            ),
        ),
        "source_device": "home",
        "experts": (
            Expert(
                name="a",
                device="home",
                memory_bytes=6,
                queue_ns="500 ms",
                prefill_ns_per_token="1 ms",
                decode_ns_per_token="20 ms",
                request_energy_uj=7,
                decode_energy_uj_per_token=1,
                quality_ppm=(500_000, 200_000),
                gate_weight=changes.pop("gate_a", None),
            ),
            Expert(
                name="b",
                device="far",
                memory_bytes=6,
                decode_ns_per_token="10 ms",
                request_energy_uj=20,
                quality_ppm=(400_000, 800_000),
                gate_weight=changes.pop("gate_b", None),
            ),
        ),
        "clusters": (
            Cluster(name="c", category="code", weight=3, prompt_tokens=10, output_tokens=5),
            Cluster(name="l", category="law", weight=1, prompt_tokens=10, output_tokens=5),
        ),
        "quality_model": QualityModel.BEST_EXPERT,
        "bytes_per_token": 8,
    }
    return ExpertSelectionProblem(**{**fields, **changes})


BOTH = ExpertSelectionPlan(experts=("a", "b"))
GATES = {"gate_a": (3, 1), "gate_b": (1, 1)}
HALVES = {
    "experts": tuple(
        expert.model_copy(update={"quality_ppm": tuple((q or 0) // 2 for q in expert.quality_ppm)})
        for expert in problem().experts
    )
}


@pytest.mark.parametrize(
    ("changes", "quality"),
    [
        ({}, (3 * 500_000 + 800_000) / 4),
        ({"quality_model": QualityModel.MODULAR, **HALVES}, (3 * 450_000 + 500_000) / 4),
        ({"quality_model": QualityModel.TOP_K, "top_k": 2, **HALVES}, 1_850_000 / 4),
        ({"quality_model": QualityModel.TOP_K, "top_k": 1}, 2_300_000 / 4),
        ({"quality_model": QualityModel.COVERAGE}, (3 * 700_000 + 840_000) / 4),
        ({"quality_model": QualityModel.GATED, **GATES}, (3 * 475_000 + 500_000) / 4),
        (
            {
                "quality_model": QualityModel.TABLE,
                "measured": (MeasuredSet(experts=("b", "a"), quality_ppm=610_000),),
            },
            610_000,
        ),
    ],
)
def test_each_model_prices_a_selection(changes: dict[str, Any], quality: float) -> None:
    """The shortfall is a million less the mean quality, rounded up."""
    verdict = verify(problem(**changes), BOTH)
    assert verdict.accepted
    assert verdict.objective == -(-(1_000_000 - quality) // 1)


def test_latency_adds_paths_queue_prefill_and_decoding() -> None:
    """Expert a answers after 610 ms; b after 2 x (1 + 80) ms there, 50 ms, 2 x (1 + 40) ms back.

    Only the better of both is asked, or both where their answers are joined.
    """
    rows = verify(problem(), BOTH).breakdown.rows
    assert [(row["asked"], row["slowest_ns"]) for row in rows] == [
        ("a", 610_000_000),
        ("b", 294_000_000),
    ]
    joined = verify(problem(quality_model=QualityModel.COVERAGE), BOTH).breakdown.rows
    assert [row["slowest_ns"] for row in joined] == [610_000_000, 610_000_000]
    alone = verify(problem(), ExpertSelectionPlan(experts=("b",))).breakdown.rows
    assert [row["slowest_ns"] for row in alone] == [294_000_000, 294_000_000]


@pytest.mark.parametrize(
    ("mode", "limit", "excess"),
    [("worst_case", 31, 1), ("worst_case", 32, 0), ("worst_top_k", 19, 1), ("worst_top_k", 20, 0)],
)
def test_worst_energies_are_compared_with_the_limit(mode: str, limit: int, excess: int) -> None:
    """Expert a costs 12 µJ at its dearest and b 20; of both, or of the dearest one."""
    top_k = 1 if mode == "worst_top_k" else None
    verdict = verify(
        problem(energy_mode=EnergyMode(mode), energy_limit_uj=limit, top_k=top_k), BOTH
    )
    assert [v.excess for v in verdict.violations] == ([excess] if excess else [])


def test_expected_energy_follows_the_routing() -> None:
    """3 requests to a at 12 µJ and 1 to b at 20 are 14 µJ in the mean; quality follows too."""
    routed = ExpertSelectionPlan(
        experts=("a", "b"),
        routing=(Route(cluster="c", experts=("a",)), Route(cluster="l", experts=("b",))),
    )
    expected = {"energy_mode": EnergyMode.EXPECTED}
    assert verify(problem(**expected, energy_limit_uj=14), routed).objective == 425_000
    refused = verify(problem(**expected, energy_limit_uj=13), routed)
    assert [v.rule for v in refused.violations] == ["energy"]


def test_late_experts_are_not_asked() -> None:
    """With half a second for "code" only b answers it, in both modes of latency."""
    tight = {"deadline_ns": {"code": 500_000_000}}
    assert verify(problem(**tight), BOTH).objective == 1_000_000 - (3 * 400_000 + 800_000) // 4
    refused = verify(problem(**tight, latency_mode=LatencyMode.WORST_CASE), BOTH)
    assert [(v.rule, v.excess) for v in refused.violations] == [("deadline", 110_000_000)]


@pytest.mark.parametrize(("deadline", "late"), [(610_000_007, 0), (610_000_006, 1)])
def test_aggregation_counts_towards_the_deadline(deadline: int, late: int) -> None:
    """Expert a's 610 ms and 7 ns for putting answers together are late one nanosecond before."""
    changes = {"aggregation_ns": 7, "latency_mode": LatencyMode.WORST_CASE}
    alone = ExpertSelectionPlan(experts=("a",))
    verdict = verify(problem(**changes, deadline_ns={"code": deadline}), alone)
    assert [v.excess for v in verdict.violations if v.rule == "deadline"] == [late] * bool(late)
    assert verdict.accepted is (late == 0)


@pytest.mark.parametrize(("deadline", "late"), [(189_000_000, 0), (188_999_999, 1)])
def test_answers_come_back_by_the_way_back(deadline: int, late: int) -> None:
    """Expert b: 1 + 80 ms there, 50 ms, and 18 + 40 ms by a slower link back."""
    links = tuple(
        Link(source=a, target=b, latency_ns=ns, bandwidth_bit_per_s=8_000, directed=True)
        for a, b, ns in (("home", "far", "1 ms"), ("far", "home", "18 ms"))
    )
    devices = tuple(Device(name=name, memory_bytes=10) for name in ("home", "far"))
    changes = {
        "device_graph": DeviceGraph(devices=devices, links=links),
        "latency_mode": LatencyMode.WORST_CASE,
        "deadline_ns": {"law": deadline},
    }
    verdict = verify(problem(**changes), ExpertSelectionPlan(experts=("b",)))
    assert [v.excess for v in verdict.violations if v.rule == "deadline"] == [late] * bool(late)
    assert verdict.accepted is (late == 0)


@pytest.mark.parametrize(("mode", "rules"), [("best_expert", ["routing"]), ("top_k", [])])
def test_no_more_than_k_are_asked(mode: str, rules: list[str]) -> None:
    """Two experts for a cluster are one too many for the best expert, not for the top two."""
    routed = ExpertSelectionPlan(
        experts=("a", "b"),
        routing=(Route(cluster="c", experts=("a", "b")), Route(cluster="l", experts=("b",))),
    )
    changes: dict[str, Any] = {"energy_mode": EnergyMode.EXPECTED, "energy_limit_uj": 100}
    if mode == "top_k":
        changes |= {"top_k": 2, **HALVES}
    verdict = verify(problem(**changes, quality_model=QualityModel(mode)), routed)
    assert [v.rule for v in verdict.violations] == rules


def test_a_quarter_of_a_microjoule_is_too_much() -> None:
    """36 µJ for three requests and 21 for one are 14.25 in the mean: over 14 by 1, rounded up."""
    experts = problem().experts
    dearer = (experts[0], experts[1].model_copy(update={"request_energy_uj": 21}))
    routed = ExpertSelectionPlan(
        experts=("a", "b"),
        routing=(Route(cluster="c", experts=("a",)), Route(cluster="l", experts=("b",))),
    )
    verdict = verify(
        problem(energy_mode=EnergyMode.EXPECTED, energy_limit_uj=14, experts=dearer), routed
    )
    assert [(v.rule, v.excess) for v in verdict.violations] == [("energy", 1)]


@pytest.mark.parametrize("size", [1, 2, 3])
def test_one_of_a_group_is_in_service(size: int) -> None:
    """Every further variant of an expert is one too many."""
    first = problem().experts[0].model_copy(update={"group": "g", "memory_bytes": 1})
    names = tuple("xyz"[:size])
    experts = tuple(first.model_copy(update={"name": name}) for name in names)
    verdict = verify(problem(experts=experts), ExpertSelectionPlan(experts=names))
    expected = [] if size == 1 else [("group", size - 1)]
    assert [(v.rule, v.excess) for v in verdict.violations] == expected


@pytest.mark.parametrize(("limit", "excess"), [(12, 0), (11, 1)])
def test_memory_and_cardinality_are_met_exactly(limit: int, excess: int) -> None:
    """12 bytes fit into 12, not into 11; two experts are one too many for one."""
    devices = tuple(Device(name=name, memory_bytes=limit) for name in ("home", "far"))
    experts = tuple(e.model_copy(update={"device": "home"}) for e in problem().experts)
    graph = DeviceGraph(devices=devices)
    verdict = verify(problem(device_graph=graph, experts=experts, max_experts=2), BOTH)
    assert [(v.rule, v.excess) for v in verdict.violations] == [("memory", 1)] * excess
    crowded = verify(problem(max_experts=1), BOTH)
    assert [(v.rule, v.excess) for v in crowded.violations] == [("cardinality", 1)]
