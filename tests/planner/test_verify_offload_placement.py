"""The verifier of placements, rule by rule: the smallest plan that breaks one, and sums by hand."""

from collections.abc import Callable
from typing import Any

import pytest

from models.devices import Link
from models.problems.offload_placement import (
    BudgetScope,
    Copy,
    Distilled,
    Holder,
    LayerPlan,
    Mode,
    MoeLayer,
    OffloadPlacementPlan,
    OffloadPlacementProblem,
    Pattern,
    Precision,
    Prefetch,
    Present,
    Shared,
    TokenLatency,
)
from planner.verify import verify

# A GPU that reads a byte per ns with 3 ns ahead, a CPU that reads a byte in 10 ns; 8 bits per ns
# and 100 ns on the link between them, 1 bit per ns and 1,000 ns to the SSD.
_GPU = Holder(name="gpu", memory_bytes=30, read_bytes_per_s=10**9, overhead_ns=3)
_CPU = Holder(name="cpu", memory_bytes=20, read_bytes_per_s=10**8)
_SSD = Holder(name="ssd")
_LINKS = (
    Link(source="gpu", target="cpu", latency_ns=100, bandwidth_bit_per_s=8 * 10**9),
    Link(source="gpu", target="ssd", latency_ns=1000, bandwidth_bit_per_s=10**9),
)
_LAYER = MoeLayer(name="l", top_k=2, expert_bytes=10, activations=((5, 3, 2),))
_PRICE = 2**20  # ns per MiB: a ns per byte


def _problem(layer: dict[str, Any] | None = None, **changes: Any) -> OffloadPlacementProblem:
    fields: dict[str, Any] = {
        "holders": (_GPU, _CPU, _SSD),
        "links": _LINKS,
        "sites": ("gpu",),
        "layers": (_LAYER.model_copy(update=layer or {}),),
        "tokens": 5,
        "activation_bytes": 4,
    }
    return OffloadPlacementProblem(**(fields | changes))


def _plan(*served: tuple[int, str] | Copy, at: str = "l") -> OffloadPlacementPlan:
    """Expert after expert the copy that serves it: a copy, or a kept one by expert and holder."""
    given = [s if isinstance(s, Copy) else Copy(expert=s[0], holder=s[1]) for s in served]
    copies = tuple(dict.fromkeys(given))
    row = tuple(copies.index(copy) for copy in given)
    return OffloadPlacementPlan(layers=(LayerPlan(layer=at, copies=copies, served=(row,)),))


def _cost(problem: OffloadPlacementProblem, plan: OffloadPlacementPlan) -> int:
    verdict = verify(problem, plan)
    assert verdict.violations == ()
    assert verdict.objective is not None
    return verdict.objective


def _broken(
    problem: OffloadPlacementProblem, plan: OffloadPlacementPlan
) -> list[tuple[str, int | None]]:
    verdict = verify(problem, plan)
    assert verdict.objective is None
    return [(fault.rule, fault.excess) for fault in verdict.violations]


# Ways to use ten bytes: in place 3 + 10; 2 x (100 + 4) + 100 by activations to the CPU, against
# 110 + 13 by weights from it; 1,080 + 13 by weights from the SSD, which computes nothing.
_PLACE, _FROM_CPU, _FROM_SSD = 13, 123, 1093


def test_every_way_costs_what_the_statement_says() -> None:
    """In place, weights over the faster link, weights over the slower, by activations."""
    plan = _plan((0, "gpu"), (1, "cpu"), (2, "ssd"))
    assert _cost(_problem(), plan) == 5 * _PLACE + 3 * _FROM_CPU + 2 * _FROM_SSD
    quick = _CPU.model_copy(update={"read_bytes_per_s": 10**9})
    problem = _problem(holders=(_GPU, quick, _SSD), activation_bytes=1)
    # There 101, 10 to compute, back 101; the weights 110 and 13 are quicker.
    assert _cost(problem, plan) == 5 * _PLACE + 3 * _FROM_CPU + 2 * _FROM_SSD
    near = (_LINKS[0].model_copy(update={"latency_ns": 1}), _LINKS[1])
    # There 2, 10 to compute, back 2, against 11 + 13 for the weights.
    close = problem.model_copy(update={"links": near})
    assert _cost(close, plan) == 5 * _PLACE + 3 * 14 + 2 * _FROM_SSD


def test_a_tie_of_ways_goes_to_activations() -> None:
    """Sent there and back in as long as the weights take: it is computed there, and counts there.

    With a GPU of no overhead, 1 + 10 + 11 there and back equal 12 + 10 for the weights.
    """
    gpu = _GPU.model_copy(update={"overhead_ns": 0})
    cpu = _CPU.model_copy(update={"read_bytes_per_s": 10**9, "busy_limit_ns": 29})
    ways = (
        Link(
            source="gpu", target="cpu", directed=True, latency_ns=0, bandwidth_bit_per_s=8 * 10**9
        ),
        Link(
            source="cpu", target="gpu", directed=True, latency_ns=1, bandwidth_bit_per_s=8 * 10**9
        ),
        _LINKS[1],
    )
    problem = _problem(holders=(gpu, cpu, _SSD), links=ways, activation_bytes=5)
    plan = _plan((0, "gpu"), (1, "cpu"), (2, "gpu"))
    # 5 + 10 + 6 = 21 there and back; 11 + 10 = 21 by weights.
    assert _broken(problem, plan) == [("busy", 1)]
    roomy = cpu.model_copy(update={"busy_limit_ns": 30})
    assert _cost(problem.model_copy(update={"holders": (gpu, roomy, _SSD)}), plan) == 70 + 3 * 21


def test_links_have_a_direction() -> None:
    """Weights come back over the way from the holder: without it nothing can be used."""
    there = _LINKS[1].model_copy(update={"directed": True})
    plan = _plan((0, "gpu"), (1, "gpu"), (2, "ssd"))
    assert _broken(_problem(links=(there,)), plan) == [("unreachable", None)]
    back = there.model_copy(update={"source": "ssd", "target": "gpu"})
    assert _cost(_problem(links=(back,)), plan) == 8 * _PLACE + 2 * _FROM_SSD


def test_prefetch_hides_what_its_lead_covers() -> None:
    """Recall a half: half of what 500 ns do not hide, and half of all; vain bytes on the link."""
    plan = _plan((0, "gpu"), (1, "gpu"), (2, "ssd"))
    ahead = Prefetch(recall_ppm=500_000, lead_ns=500)
    assert _cost(_problem(prefetch=ahead), plan) == 8 * _PLACE + 2 * (290 + 540 + _PLACE)
    # A half of 30 % in vain: 11.5 bytes, so 12 on the link take 1,096 ns.
    vain = ahead.model_copy(update={"waste_ppm": 300_000})
    assert _cost(_problem(prefetch=vain), plan) == 8 * _PLACE + 2 * (298 + 548 + _PLACE)
    # With 501 ns ahead 289.5 are left, and a part of a ns counts as one.
    odd = ahead.model_copy(update={"lead_ns": 501})
    assert _cost(_problem(prefetch=odd), plan) == 8 * _PLACE + 2 * (830 + _PLACE)
    long = ahead.model_copy(update={"lead_ns": 5000})
    assert _cost(_problem(prefetch=long), plan) == 8 * _PLACE + 2 * (540 + _PLACE)


def test_memory_is_full_at_its_limit_and_not_below() -> None:
    """Three experts of ten bytes fit thirty, less a reserve they do not."""
    plan = _plan((0, "gpu"), (1, "gpu"), (2, "gpu"))
    assert _cost(_problem(), plan) == 10 * _PLACE
    tight = _GPU.model_copy(update={"reserve_bytes": 1})
    assert _broken(_problem(holders=(tight, _CPU, _SSD)), plan) == [("memory", 1)]
    nothing = _GPU.model_copy(update={"reserve_bytes": 99})
    assert _broken(_problem(holders=(nothing, _CPU, _SSD)), plan) == [("memory", 30)]


def test_an_unused_copy_takes_its_room() -> None:
    """What is stored counts, whether it serves or not."""
    plan = _plan((0, "gpu"), (1, "gpu"), (2, "gpu"))
    (item,) = plan.layers
    spare = item.model_copy(update={"copies": (*item.copies, Copy(expert=2, holder="cpu"))})
    assert _cost(_problem(), OffloadPlacementPlan(layers=(spare,))) == 10 * _PLACE
    small = _CPU.model_copy(update={"memory_bytes": 9})
    problem = _problem(holders=(_GPU, small, _SSD))
    assert _broken(problem, OffloadPlacementPlan(layers=(spare,))) == [("memory", 1)]


def test_precisions_shrink_rounded_up() -> None:
    """A third of ten bytes are four, read in four ns, fetched in 32 bits."""
    third = Precision(name="third", size_ppm=333_333)
    small = Copy(expert=2, precision="third", holder="ssd")
    problem = _problem(precisions=(Precision(name="full"), third))
    assert _cost(problem, _plan((0, "gpu"), (1, "gpu"), small)) == 8 * _PLACE + 2 * (1032 + 7)
    on = small.model_copy(update={"holder": "gpu"})
    tight = _GPU.model_copy(update={"memory_bytes": 23})
    narrow = _problem(holders=(tight, _CPU, _SSD), precisions=problem.precisions)
    assert _broken(narrow, _plan((0, "gpu"), (1, "gpu"), on)) == [("memory", 1)]


_MERGE = ((2, 0, 1000), (1, 0, 500))
_MERGED = Copy(expert=0, mode=Mode.MERGE, holder="gpu")


@pytest.mark.parametrize(("budget", "excess"), [(200, None), (199, 1), (0, 200)])
def test_the_loss_budget_is_the_mean_distance(budget: int, excess: int | None) -> None:
    """Two of ten activations at 1,000 ppm are a mean of 200."""
    problem = _problem({"merge": _MERGE}, loss_budget_ppm=budget)
    plan = _plan(_MERGED, (1, "gpu"), _MERGED)
    if excess is None:
        assert _cost(problem, plan) == 10 * _PLACE
    else:
        assert _broken(problem, plan) == [("loss-budget", excess)]


def test_the_loss_of_a_precision_adds_up() -> None:
    """Five activations at 7 ppm more: 3.5 ppm in the mean, an excess of half a ppm told as one."""
    coarse = Precision(name="coarse", loss_ppm=7)
    plan = _plan(Copy(expert=0, precision="coarse", holder="gpu"), (1, "gpu"), (2, "gpu"))
    precisions = (Precision(name="full"), coarse)
    assert _broken(_problem(precisions=precisions, loss_budget_ppm=3), plan) == [("loss-budget", 1)]
    assert _cost(_problem(precisions=precisions, loss_budget_ppm=4), plan) == 10 * _PLACE
    assert _cost(_problem(precisions=precisions, loss_budget_ppm=None), plan) == 10 * _PLACE


def test_one_part_too_many_is_a_loss_above_the_budget() -> None:
    """Three activations at 7 ppm are 21 parts, where ten at 2 ppm are 20."""
    coarse = Precision(name="coarse", loss_ppm=7)
    plan = _plan((0, "gpu"), Copy(expert=1, precision="coarse", holder="gpu"), (2, "gpu"))
    problem = _problem(precisions=(Precision(name="full"), coarse), loss_budget_ppm=2)
    assert _broken(problem, plan) == [("loss-budget", 1)]


def test_parts_of_ns_and_bytes_are_rounded_up() -> None:
    """Ten bytes at three per ns take four, 80 bits at seven per ns twelve; a third of each size."""
    gpu = _GPU.model_copy(update={"read_bytes_per_s": 3 * 10**9})
    links = (_LINKS[0].model_copy(update={"bandwidth_bit_per_s": 7 * 10**9}), _LINKS[1])
    problem = _problem(holders=(gpu, _CPU, _SSD), links=links)
    assert _cost(problem, _plan((0, "gpu"), (1, "cpu"), (2, "gpu"))) == 7 * 7 + 3 * (112 + 7)
    layer = {
        "share": Shared(base_bytes=5, delta_bytes=4, loss_ppm=(0, None, None)),
        "distil": Distilled(student_bytes=7, pairs=((1, 1, 0), (2, 2, 0))),
    }
    third = (Precision(name="full"), Precision(name="third", size_ppm=333_333))
    small = {"precision": "third", "holder": "gpu"}
    plan = _plan(
        Copy(expert=0, mode=Mode.SHARE, **small),
        Copy(expert=1, mode=Mode.DISTIL, **small),
        Copy(expert=2, mode=Mode.DISTIL, **small),
    )
    tight = _GPU.model_copy(update={"memory_bytes": 10})
    # A base of two bytes, a delta of two, students of three.
    shrunk = _problem(layer, holders=(tight, _CPU, _SSD), precisions=third)
    assert _cost(shrunk, plan) == 5 * 7 + 5 * 6
    less = tight.model_copy(update={"memory_bytes": 9})
    narrow = _problem(layer, holders=(less, _CPU, _SSD), precisions=third)
    assert _broken(narrow, plan) == [("memory", 1)]


def test_the_budget_of_each_layer_is_its_own() -> None:
    """A layer without loss makes up for another over all layers, not in each."""
    layers = (_LAYER.model_copy(update={"merge": _MERGE}), _LAYER.model_copy(update={"name": "m"}))
    big = _GPU.model_copy(update={"memory_bytes": 100})
    plan = OffloadPlacementPlan(
        layers=(
            *_plan(_MERGED, (1, "gpu"), _MERGED).layers,
            *_plan((0, "gpu"), (1, "gpu"), (2, "gpu"), at="m").layers,
        )
    )
    problem = _problem(holders=(big, _CPU, _SSD), layers=layers, loss_budget_ppm=100)
    assert _cost(problem, plan) == 20 * _PLACE
    each = problem.model_copy(update={"budget_scope": BudgetScope.LAYER})
    assert _broken(each, plan) == [("loss-budget", 100)]
    swapped = each.model_copy(update={"layers": layers[::-1]})
    assert _broken(swapped, OffloadPlacementPlan(layers=plan.layers[::-1])) == [
        ("loss-budget", 100)
    ]
    enough = each.model_copy(update={"loss_budget_ppm": 200})
    assert _cost(enough, plan) == 20 * _PLACE


def test_busy_times_have_a_limit_where_they_are_spent() -> None:
    """Ten activations of 13 ns on the GPU: 130 are allowed, 129 are not."""
    plan = _plan((0, "gpu"), (1, "cpu"), (2, "ssd"))
    for limit, broken in ((130, []), (129, [("busy", 1)])):
        holders = (_GPU.model_copy(update={"busy_limit_ns": limit}), _CPU, _SSD)
        verdict = verify(_problem(holders=holders), plan)
        assert [(fault.rule, fault.excess) for fault in verdict.violations] == broken


def test_a_site_is_served_by_top_k_experts_as_themselves() -> None:
    """Two must be themselves: one is not enough."""
    problem = _problem({"merge": _MERGE}, loss_budget_ppm=None)
    assert _cost(problem, _plan(_MERGED, (1, "gpu"), _MERGED)) == 10 * _PLACE
    assert _broken(problem, _plan(_MERGED, _MERGED, _MERGED)) == [("representatives", 1)]


def _sites(served: tuple[tuple[int, ...], ...]) -> OffloadPlacementPlan:
    copies = (_MERGED, Copy(expert=1, holder="gpu"))
    return OffloadPlacementPlan(layers=(LayerPlan(layer="l", copies=copies, served=served),))


def test_each_site_needs_its_own() -> None:
    """The CPU's tokens are served by one expert only: that site lacks one, the GPU none."""
    layer = {"merge": _MERGE, "activations": ((5, 3, 2), (1, 0, 0))}
    problem = _problem(layer, sites=("gpu", "cpu"), loss_budget_ppm=None)
    assert _broken(problem, _sites(((0, 1, 0), (0, 0, 0)))) == [("representatives", 1)]
    # From the GPU's memory to the CPU: 110 for the weights and 100, by activations 104 + 13 + 104.
    assert _cost(problem, _sites(((0, 1, 0), (0, 1, 0)))) == 10 * _PLACE + 210


_SPOILED: list[tuple[Callable[[LayerPlan], LayerPlan], str, int | None]] = [
    (lambda item: item.model_copy(update={"layer": "other"}), "layers", None),
    (lambda item: item.model_copy(update={"served": ((0, 1),)}), "served", None),
    (lambda item: item.model_copy(update={"served": ((0, 1, 2, 2),)}), "served", None),
    (lambda item: item.model_copy(update={"served": ((0, 1, 3),)}), "served", None),
    (lambda item: item.model_copy(update={"served": ((0, 1, 2),) * 2}), "served", None),
    (lambda item: item.model_copy(update={"copies": (*item.copies, *item.copies[:1])}),
     "copy-twice", 1),
    (lambda item: item.model_copy(update={"copies": (*item.copies, Copy(expert=3, holder="gpu"))}),
     "unknown-copy", None),
    (lambda item: item.model_copy(update={"copies": (*item.copies, Copy(expert=0, holder="no"))}),
     "unknown-copy", None),
    (lambda item: item.model_copy(
        update={"copies": (*item.copies, Copy(expert=0, holder="gpu", precision="int1"))}),
     "unknown-copy", None),
    (lambda item: item.model_copy(
        update={"copies": (*item.copies, Copy(expert=1, holder="gpu", mode=Mode.MERGE))}),
     "unknown-copy", None),
    (lambda item: item.model_copy(update={"served": ((0, 0, 2),)}), "not-a-candidate", None),
]  # fmt: skip


@pytest.mark.parametrize(("spoil", "rule", "excess"), _SPOILED)
def test_the_smallest_plan_that_breaks_a_rule(
    spoil: Callable[[LayerPlan], LayerPlan], rule: str, excess: int | None
) -> None:
    """One change of a good plan, one rule."""
    problem = _problem({"merge": ((2, 0, 0),)})
    (item,) = _plan((0, "gpu"), (1, "gpu"), (2, "gpu")).layers
    assert _broken(problem, OffloadPlacementPlan(layers=(spoil(item),))) == [(rule, excess)]


def test_own_weights_are_stored_once() -> None:
    """A merged copy at no distance to itself is the kept one; at some it is another."""
    kept = Copy(expert=0, holder="gpu")
    plan = _plan(kept, (1, "gpu"), _MERGED)
    tight = _GPU.model_copy(update={"memory_bytes": 20})
    holders = (tight, _CPU, _SSD)
    problem = _problem({"merge": _MERGE}, holders=holders, loss_budget_ppm=None)
    assert _cost(problem, plan) == 10 * _PLACE
    zero = _problem({"merge": (*_MERGE, (0, 0, 0))}, holders=holders, loss_budget_ppm=None)
    assert _cost(zero, plan) == 10 * _PLACE
    blended = _problem({"merge": (*_MERGE, (0, 0, 9))}, holders=holders, loss_budget_ppm=None)
    assert _broken(blended, plan) == [("memory", 10)]


def test_a_base_is_stored_once_per_holder() -> None:
    """Two deltas of two bytes over a base of six take ten; each is read with its base."""
    share = Shared(base_bytes=6, delta_bytes=2, loss_ppm=(0, 0, None))
    deltas = [Copy(expert=i, mode=Mode.SHARE, holder="gpu") for i in (0, 1)]
    plan = _plan(*deltas, (2, "gpu"))
    tight = _GPU.model_copy(update={"memory_bytes": 20})
    problem = _problem({"share": share}, holders=(tight, _CPU, _SSD))
    assert _cost(problem, plan) == 8 * (3 + 8) + 2 * _PLACE
    less = tight.model_copy(update={"memory_bytes": 19})
    assert _broken(_problem({"share": share}, holders=(less, _CPU, _SSD)), plan) == [("memory", 1)]
    third = Copy(expert=2, mode=Mode.SHARE, holder="gpu")
    assert _broken(problem, _plan(*deltas, third)) == [("unknown-copy", None)]


def test_a_student_serves_whom_it_is_offered_for() -> None:
    """Three bytes instead of ten; of its own expert only where that is offered."""
    distil = Distilled(student_bytes=3, pairs=((2, 0, 0),))
    student = Copy(expert=0, mode=Mode.DISTIL, holder="gpu")
    problem = _problem({"distil": distil})
    assert _cost(problem, _plan((0, "gpu"), (1, "gpu"), student)) == 8 * _PLACE + 2 * 6
    assert _broken(problem, _plan(student, (1, "gpu"), (2, "gpu"))) == [("not-a-candidate", None)]


def test_moves_are_paid_where_memory_is_limited() -> None:
    """Ten bytes to the CPU; what is there, and what the SSD holds, costs nothing."""
    plan = _plan((0, "gpu"), (1, "cpu"), (2, "ssd"))
    there = Present(copies={"l": (Copy(expert=0, holder="gpu"),)}, ns_per_mib=_PRICE)
    base = _cost(_problem(), plan)
    assert _cost(_problem(present=there), plan) == base + 10
    merged = there.model_copy(update={"copies": {"l": (_MERGED,)}})
    assert _cost(_problem(present=merged), plan) == base + 10, "merged as it is: its own weights"
    elsewhere = there.model_copy(update={"copies": {"l": (Copy(expert=0, holder="cpu"),)}})
    assert _cost(_problem(present=elsewhere), plan) == base + 20
    for price, rounded in ((_PRICE // 20, 0), (_PRICE // 20 + 1, 1)):
        half = there.model_copy(update={"ns_per_mib": price})
        assert _cost(_problem(present=half), plan) == base + rounded, "half a ns, below and above"
    verdict = verify(_problem(present=there), plan)
    assert verdict.breakdown.totals["moved_bytes"] == 10


def test_a_base_that_is_there_is_not_moved_again() -> None:
    """Of two deltas in place of one, a delta moves."""
    share = Shared(base_bytes=6, delta_bytes=2, loss_ppm=(0, 0, None))
    deltas = [Copy(expert=i, mode=Mode.SHARE, holder="gpu") for i in (0, 1)]
    there = Present(copies={"l": (deltas[0],)}, ns_per_mib=_PRICE)
    plan = _plan(*deltas, (2, "ssd"))
    assert _cost(_problem({"share": share}, present=there), plan) == 88 + 2 * _FROM_SSD + 2


def test_the_slowest_expert_of_a_token_counts() -> None:
    """Three tokens wait for the SSD, two for nothing but the GPU."""
    patterns = (
        Pattern(site="gpu", experts=(0, 1), tokens=3),
        Pattern(site="gpu", experts=(0, 2), tokens=2),
    )
    layer = {"activations": ((5, 3, 2),), "patterns": patterns}
    problem = _problem(layer, objective=TokenLatency.MAX)
    plan = _plan((0, "gpu"), (1, "ssd"), (2, "gpu"))
    assert _cost(problem, plan) == 3 * _FROM_SSD + 2 * _PLACE
    two = {
        "activations": ((5, 3, 2), (0, 0, 1)),
        "patterns": (*patterns, Pattern(site="cpu", experts=(2,), tokens=1)),
    }
    other = _problem(two, sites=("gpu", "cpu"), objective=TokenLatency.MAX)
    both = OffloadPlacementPlan(
        layers=(plan.layers[0].model_copy(update={"served": plan.layers[0].served * 2}),)
    )
    assert _broken(other, both) == [("unreachable", None)], "no way from the SSD to the CPU"
    kept = OffloadPlacementPlan(
        layers=(
            LayerPlan(
                layer="l",
                copies=tuple(Copy(expert=i, holder="gpu") for i in range(3)),
                served=((0, 1, 2), (0, 1, 2)),
            ),
        )
    )
    assert _cost(other, kept) == 5 * _PLACE + 210


def test_the_breakdown_adds_up() -> None:
    """Rows by holder and way; their times are the latency, their experts all."""
    verdict = verify(_problem(), _plan((0, "gpu"), (1, "cpu"), (2, "ssd")))
    rows = {(row["holder"], row["way"]): row for row in verdict.breakdown.rows}
    assert {key: row["time_ns"] for key, row in rows.items()} == {
        ("gpu", "in place"): 5 * _PLACE,
        ("cpu", "weights"): 3 * _FROM_CPU,
        ("ssd", "weights"): 2 * _FROM_SSD,
    }
    assert rows["gpu", "in place"]["memory_bytes"] == 10
    assert rows["cpu", "weights"]["room_bytes"] == 20
    assert rows["ssd", "weights"]["room_bytes"] == "unlimited"
    totals = verdict.breakdown.totals
    assert totals["latency_per_token_ns"] == round(verdict.breakdown.totals["latency_ns"] / 5)
    assert (totals["representatives"], totals["experts"]) == (3, 3)
    assert [row["experts"] for row in verdict.breakdown.rows] == [1, 1, 1]
    coarse = (Precision(name="full"), Precision(name="coarse", loss_ppm=7))
    problem = _problem(precisions=coarse, loss_budget_ppm=None, tokens=7)
    plan = _plan(Copy(expert=0, precision="coarse", holder="gpu"), (1, "gpu"), (2, "gpu"))
    totals = verify(problem, plan).breakdown.totals
    assert totals["mean_loss_ppm"] == 4, "3.5, and none of it is left out"
    assert totals["latency_per_token_ns"] == 19, "130 / 7 = 18.57"
    idle = _problem({"activations": ((0, 0, 0),)})
    assert verify(idle, _plan((0, "gpu"), (1, "gpu"), (2, "gpu"))).objective == 0
