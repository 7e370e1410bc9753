"""Placements that follow a changing world, and re-planning of single changes."""

from typing import Any

import pytest

from models.errors import DocumentError
from models.problems.offload_placement import (
    Holder,
    MoeLayer,
    OffloadPlacementPlan,
    OffloadPlacementProblem,
    Pattern,
    Present,
    TokenLatency,
)
from models.result import Grade, Limits
from models.rolling import Observation, ObservedLink
from planner import explain
from planner.observations import Pace, averaged
from planner.plot import draw
from planner.plot.rolling import draw as draw_rolling
from planner.replan import ChangeError, changed, moves
from planner.rolling import rolled
from planner.service import plan
from planner.verify import verify
from problem_instances import best_known, load

LIMITS = Limits(time_limit_ns=60 * 10**9)


def _boxes() -> OffloadPlacementProblem:
    problem = load("two-boxes-6")
    assert isinstance(problem, OffloadPlacementProblem)
    return problem


def _best() -> OffloadPlacementPlan:
    found = best_known("two-boxes-6").plan
    assert isinstance(found, OffloadPlacementPlan)
    return found


def test_averages_fall_exponentially() -> None:
    """Half of what is seen, half of what was; what is not seen stays."""
    problem = _boxes()
    load_now = {"layer-0": ((0, 0, 0), (0, 0, 100))}
    seen = Observation(name="now", memory_bytes={"gpu-2": 20_000_000}, activations=load_now)
    after = averaged(problem, seen, Pace())
    assert [h.memory_bytes for h in after.holders] == [62_000_000, 30_000_000, None, 10**9]
    assert after.layers[0].activations == ((450, 250, 300), (100, 450, 100))
    assert after.layers[1] == problem.layers[1]
    assert after.links == problem.links


def test_patterns_are_averaged_and_carry_the_activations() -> None:
    """Where the slowest expert counts, sets of experts are averaged; a new set comes in."""
    before = MoeLayer(
        name="l",
        top_k=1,
        expert_bytes=8,
        activations=((4, 4, 1),),
        patterns=(
            Pattern(site="gpu", experts=(0, 1), tokens=4),
            Pattern(site="gpu", experts=(2,), tokens=1),
        ),
    )
    problem = OffloadPlacementProblem(
        holders=(Holder(name="gpu", read_bytes_per_s=10**9),),
        sites=("gpu",),
        layers=(before,),
        tokens=5,
        objective=TokenLatency.MAX,
    )
    now = (
        Pattern(site="gpu", experts=(1, 0), tokens=2),
        Pattern(site="gpu", experts=(1, 2), tokens=6),
    )
    (layer,) = averaged(problem, Observation(name="now", patterns={"l": now}), Pace()).layers
    assert {pattern.experts: pattern.tokens for pattern in layer.patterns} == {
        (0, 1): 3,
        (1, 2): 3,
    }
    assert layer.activations == ((3, 6, 3),)
    with pytest.raises(DocumentError, match="say nothing"):
        averaged(problem, Observation(name="now", activations={"l": ((1, 1, 1),)}), Pace())


@pytest.mark.parametrize(
    ("seen", "pointer"),
    [
        ({"memory_bytes": {"attic": 1}}, "/steps/0/memory_bytes/attic"),
        ({"memory_bytes": {"ssd": 1}}, "/steps/0/memory_bytes/ssd"),
        ({"activations": {"layer-0": ((1, 2, 3),)}}, "/steps/0/activations/layer-0"),
        (
            {"patterns": {"layer-0": (Pattern(site="ssd", experts=(0,), tokens=1),)}},
            "/steps/0/patterns/layer-0/0/site",
        ),
        (
            {"patterns": {"layer-0": (Pattern(site="gpu-1", experts=(3,), tokens=1),)}},
            "/steps/0/patterns/layer-0/0/experts",
        ),
        (
            {"links": (ObservedLink(source="gpu-2", target="gpu-2", bandwidth_bit_per_s=1),)},
            "/steps/0/links/0",
        ),
        (
            {
                "links": (
                    ObservedLink(source="gpu-1", target="gpu-2", bandwidth_bit_per_s=1),
                    ObservedLink(source="gpu-2", target="gpu-1", bandwidth_bit_per_s=2),
                )
            },
            "/steps/0/links/1",
        ),
        ({"activations": {"layer-0": ((10**9,) * 3,) * 2}}, "/steps/0"),
    ],
)
def test_what_the_problem_does_not_have_is_refused(seen: dict[str, Any], pointer: str) -> None:
    """Before anything is planned, at the field of the step, with a remedy."""
    with pytest.raises(DocumentError) as caught:
        rolled(_boxes(), [Observation(name="odd", **seen)], LIMITS, Pace())
    (fault,) = caught.value.faults
    assert fault.pointer == pointer
    assert fault.remedy


def test_a_rolling_plan_pays_for_what_it_moves() -> None:
    """Each step is proved, moves are what the plans say, and keeping stands beside it."""
    problem = _boxes()
    slower = ObservedLink(source="gpu-1", target="gpu-2", bandwidth_bit_per_s=5 * 10**9)
    seen = (
        Observation(name="less memory", memory_bytes={"gpu-1": 40_000_000}),
        Observation(name="slower", links=(slower,)),
    )
    found = rolled(problem, seen, LIMITS, Pace(ns_per_mib=50_000, weight_ppm=10**6))
    steps = found.steps
    assert [step.grade for step in steps] == [Grade.OPTIMAL] * 3
    assert steps[0].moved_bytes == steps[0].migration_ns == 0
    assert steps[1].kept_ns is None, "the plan before does not fit any more"
    assert steps[1].moved > 0
    assert steps[2].kept_ns is not None
    assert steps[2].latency_ns is not None
    assert steps[2].migration_ns is not None
    assert steps[2].latency_ns + steps[2].migration_ns <= steps[2].kept_ns
    assert "less memory" in draw_rolling(found, ".svg").decode()


def test_a_link_goes_by_either_name_unless_it_is_directed() -> None:
    """Named from the other end the same link is slower; a directed one is not known that way."""
    problem = _boxes()
    named = ObservedLink(source="gpu-1", target="gpu-2", bandwidth_bit_per_s=8)
    turned = ObservedLink(source="gpu-2", target="gpu-1", bandwidth_bit_per_s=8)
    both = [averaged(problem, Observation(name="x", links=(w,)), Pace()) for w in (named, turned)]
    assert both[0] == both[1] != problem
    links = tuple(link.model_copy(update={"directed": True}) for link in problem.links)
    directed = problem.model_copy(update={"links": links})
    with pytest.raises(DocumentError, match="no such link"):
        averaged(directed, Observation(name="x", links=(turned,)), Pace())


@pytest.mark.parametrize(("price", "moved"), [(None, 0), (0, 1), (10**9, 0)])
def test_moves_cost_what_the_problem_says(price: int | None, moved: int) -> None:
    """The problem's own price holds in every step, unless another is given."""
    best = _best()
    copies = {item.layer: item.copies for item in best.layers}
    problem = _boxes().model_copy(update={"present": Present(copies=copies, ns_per_mib=10**9)})
    drift = Observation(name="drift", activations={"layer-0": ((0, 0, 0), (0, 0, 100))})
    found = rolled(problem, (drift,), LIMITS, Pace(ns_per_mib=price, weight_ppm=700_000))
    assert [bool(step.moved) for step in found.steps] == [False, bool(moved)]


def test_a_lost_box_is_planned_around() -> None:
    """The shelf may be lost, a site may not; a slower GPU changes times, not moves."""
    problem, old = _boxes(), _best()
    without = changed(problem, old, lost=("shelf",), ns_per_mib=1000)
    assert isinstance(without, OffloadPlacementProblem)
    assert verify(without, old).objective == best_known("two-boxes-6").objective
    with pytest.raises(ChangeError, match="site"):
        changed(problem, old, lost=("gpu-1",))
    with pytest.raises(ChangeError, match="no holder"):
        changed(problem, old, lost=("attic",))
    slower = changed(problem, old, slowed=(("gpu-2", "2"),))
    assert (verify(slower, old).objective or 0) > (verify(problem, old).objective or 0)
    assert moves(problem, old, old) == ()


def test_moves_are_what_holders_have_to_load() -> None:
    """From everything on the SSD to the best plan, the GPUs load what they then hold."""
    problem, best = _boxes(), _best()
    nothing = OffloadPlacementPlan(
        layers=tuple(item.model_copy(update={"copies": ()}) for item in best.layers)
    )
    found = moves(problem, nothing, best)
    assert {move.target for move in found} == {"gpu-1", "gpu-2"}
    held = {str(r["holder"]): r["memory_bytes"] for r in verify(problem, best).breakdown.rows}
    for name in ("gpu-1", "gpu-2"):
        assert sum(m.size_bytes for m in found if m.target == name) == held[name]


def test_the_budgets_that_bind_are_named() -> None:
    """Full memory and a spent loss budget are named with what they cost."""
    problem = _boxes()
    lines = explain.binding(problem, _best(), 60 * 10**9)
    assert lines[0] == "no plan is better"
    assert any(line.startswith("memory of gpu-1 (94.6% used) costs ") for line in lines)
    assert any(line.startswith("loss budget (98.8% used) costs ") for line in lines)


def test_a_placement_without_room_names_the_repair() -> None:
    """Without an origin and with too little memory, the least memory that would do is found."""
    problem = _boxes()
    gpu, *_ = problem.holders
    alone = problem.model_copy(
        update={
            "holders": (gpu.model_copy(update={"memory_bytes": 40_000_000}),),
            "links": (),
            "sites": ("gpu-1",),
            "precisions": problem.precisions[:1],
            "layers": tuple(
                layer.model_copy(update={"activations": layer.activations[:1]})
                for layer in problem.layers
            ),
            "loss_budget_ppm": 0,
        }
    )
    (line,) = explain.infeasible(alone, 60 * 10**9)
    assert line.startswith("memory of gpu-1 binds: 99."), line


def test_a_placement_is_drawn() -> None:
    """The drawing names layers and holders."""
    problem = _boxes()
    certificate = plan(problem, LIMITS, solver="milp")
    drawing = draw(problem, certificate, ".svg").decode()
    for word in ("layer-0 at gpu-1", "gpu-2", "ssd", "shelf"):
        assert word in drawing
