"""The verifier of balance, rule by rule: the smallest plan that breaks one, and sums by hand."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.problems.expert_balance import (
    BalanceDevice,
    BalanceObjective,
    ExpertBalancePlan,
    ExpertBalanceProblem,
    LoadWindow,
    Mode,
    PreviousBalance,
)
from planner.bounds import lower_bound
from planner.verify import verify
from planner.verify.expert_balance_flow import least_time

Row = tuple[int, ...]


def _problem(*loads: tuple[Row, ...], **changes: Any) -> ExpertBalanceProblem:
    """Two devices of two slots, a token per ns each; one window per set of loads."""
    fields: dict[str, Any] = {
        "devices": (_device("a", 2), _device("b", 2)),
        "windows": tuple(LoadWindow(name=f"w{n}", loads=rows) for n, rows in enumerate(loads)),
    }
    return ExpertBalanceProblem(**(fields | changes))


def _device(name: str, slots: int, rate: int = 10**9, node: str | None = None) -> BalanceDevice:
    return BalanceDevice(name=name, slots=slots, tokens_per_s=rate, node=node)


def _plan(*rows: Row) -> ExpertBalancePlan:
    return ExpertBalancePlan(physical_to_logical_map=rows)


def _cost(problem: ExpertBalanceProblem, *rows: Row) -> int:
    verdict = verify(problem, _plan(*rows))
    assert verdict.violations == ()
    assert verdict.objective is not None
    return verdict.objective


def _broken(problem: ExpertBalanceProblem, *rows: Row) -> list[tuple[str, str, int | None]]:
    verdict = verify(problem, _plan(*rows))
    assert verdict.objective is None
    return [(fault.rule, fault.where, fault.excess) for fault in verdict.violations]


_LOADS = ((6, 3, 1),)


def test_equal_shares_and_flows() -> None:
    """Expert 0 on both devices: alike 3 and 3 + 4; by flows 5 and 5."""
    alike = _problem(_LOADS, mode=Mode.EQUAL_SPLIT)
    assert _cost(alike, (0, 0, 1, 2)) == 6
    assert _cost(alike, (0, 1, 0, 2)) == 6
    assert _cost(alike, (1, 2, 0, 0)) == 6
    assert _cost(alike, (1, 0, 2, 0)) == 6
    assert _cost(_problem(_LOADS), (0, 1, 0, 2)) == 5
    assert _cost(_problem(_LOADS), (0, 0, 1, 2)) == 6


def test_three_replicas_share_in_thirds() -> None:
    """Seven tokens, two thirds of them on one device: 4.67 ns are five."""
    problem = _problem(((7, 1),), mode=Mode.EQUAL_SPLIT)
    assert _cost(problem, (0, 0, 0, 1)) == 5
    assert _cost(_problem(((7, 1),)), (0, 0, 0, 1)) == 4
    assert _cost(_problem(((7, 2),)), (0, 0, 0, 1)) == 5, "4.5 by flows"


def test_rates_count() -> None:
    """Three tokens at half a token per ns take six, by flows six at one and a half take four."""
    devices = (_device("a", 2), _device("b", 2, 5 * 10**8))
    alike = _problem(((5, 1),), mode=Mode.EQUAL_SPLIT, devices=devices)
    assert _cost(alike, (0, 0, 1, 1)) == 5
    assert _cost(alike, (0, 1, 0, 1)) == 6
    assert _cost(_problem(((5, 1),), devices=devices), (0, 1, 0, 1)) == 4


def test_windows_weights_and_the_tail() -> None:
    """Windows of 6, 4 and 2 ns, of weights 1, 2 and 1; the two worst again three times."""
    windows = tuple(
        LoadWindow(name=f"w{n}", weight=weight, loads=((load, 1),))
        for n, (load, weight) in enumerate(((6, 1), (4, 2), (2, 1)))
    )
    devices = (_device("a", 1), _device("b", 1))
    problem = _problem(windows=windows, devices=devices)
    assert _cost(problem, (0, 1)) == 6 + 8 + 2
    tail = problem.model_copy(update={"tail_weight": 3, "tail_windows": 2})
    assert _cost(tail, (0, 1)) == 16 + 3 * (6 + 4)


def test_held_out_windows_cost_nothing_and_are_told() -> None:
    """Planned with 1 to 1, held out 3 to 1: half more than the mean."""
    held = (LoadWindow(name="h", loads=((3, 1),)),)
    devices = (_device("a", 1), _device("b", 1))
    problem = _problem(((1, 1),), devices=devices, held_out=held)
    verdict = verify(problem, _plan((0, 1)))
    assert verdict.objective == 1
    assert verdict.breakdown.totals == {
        "mean_max_over_mean_ppm": 10**6,
        "mean_held_out_ppm": 1_500_000,
    }


def test_the_ratio_is_a_mean_over_windows_with_load() -> None:
    """Ratios 2 and 1, the second twice; a window without load does not count."""
    windows = tuple(
        LoadWindow(name=f"w{n}", weight=weight, loads=(loads,))
        for n, (loads, weight) in enumerate((((2, 0), 1), ((1, 1), 2), ((0, 0), 5)))
    )
    devices = (_device("a", 1), _device("b", 1))
    verdict = verify(_problem(windows=windows, devices=devices), _plan((0, 1)))
    assert verdict.breakdown.totals["mean_max_over_mean_ppm"] == 1_333_333
    other = windows[1].model_copy(update={"weight": 1})
    twice = windows[0].model_copy(update={"weight": 2})
    verdict = verify(_problem(windows=(twice, other), devices=devices), _plan((0, 1)))
    assert verdict.breakdown.totals["mean_max_over_mean_ppm"] == 1_666_667
    layers = _problem(((2, 0), (1, 1)), devices=devices)
    verdict = verify(layers, _plan((0, 1), (0, 1)))
    assert verdict.breakdown.totals["mean_max_over_mean_ppm"] == 1_500_000
    nothing = _problem(((0, 0),), devices=devices)
    verdict = verify(nothing, _plan((0, 1)))
    assert verdict.objective == 0
    assert verdict.breakdown.totals["mean_max_over_mean_ppm"] == 10**6


def test_an_expert_is_brought_once_to_a_device() -> None:
    """Two replicas on a device that had none are one move; an empty slot held nothing."""
    before = PreviousBalance(physical_to_logical_map=((0, 1, 1, -1),), ns_per_replica=100)
    problem = _problem(((0, 0),), previous=before)
    for row, moves in (((0, 1, 1, 1), 0), ((0, 1, 0, 0), 1), ((1, 1, 0, 0), 1), ((0, 0, 0, 1), 1)):
        verdict = verify(problem, _plan(row))
        assert verdict.objective == 100 * moves
        assert verdict.breakdown.totals["moved_replicas"] == moves


_GROUPED = {
    "devices": (_device("a", 2, node="n0"), _device("b", 2, node="n1")),
    "groups": 4,
}


def test_groups_stay_on_nodes_in_equal_numbers() -> None:
    """Four groups of one expert: two per node; a fifth replica elsewhere splits a group."""
    problem = _problem(((1, 1, 1, 1),), **_GROUPED)
    assert _cost(problem, (0, 1, 2, 3)) == 2
    wide = (_device("a", 3, node="n0"), _device("b", 2, node="n1"))
    roomy = _problem(((1, 1, 1, 1),), devices=wide, groups=4)
    assert _cost(roomy, (0, 1, 1, 2, 3)) == 2
    assert _broken(roomy, (0, 1, 2, 2, 3)) == [("group-split", "group 2 of layer 0 on n0, n1", 1)]
    assert _broken(roomy, (0, 1, 2, 3, 3)) == [("group-count", "n0 in layer 0", 1)]
    free = roomy.model_copy(update={"groups": 1})
    assert _cost(free, (0, 1, 2, 3, 3)) == 3
    odd = _problem(((1, 1, 1),), devices=wide, groups=3)
    assert _cost(odd, (0, 1, 2, 2, 2)) == 2, "three groups do not go into two nodes: no rule"


def test_groups_of_two_experts_go_together() -> None:
    """Two groups of two: a node has both experts of its own."""
    problem = _problem(((1, 1, 1, 1),), **(_GROUPED | {"groups": 2}))
    assert _cost(problem, (0, 1, 2, 3)) == 2
    assert {rule for rule, _, _ in _broken(problem, (0, 2, 1, 3))} == {"group-split"}


def test_every_layer_is_told() -> None:
    """A split group in one layer does not hide a full node in the next."""
    wide = (_device("a", 3, node="n0"), _device("b", 2, node="n1"))
    problem = _problem(((1, 1, 1, 1),) * 2, devices=wide, groups=4)
    found = _broken(problem, (0, 1, 2, 2, 3), (0, 1, 2, 3, 3))
    assert [rule for rule, _, _ in found] == ["group-split", "group-count"]


_SPOILED: list[tuple[tuple[Row, ...], list[tuple[str, str, int | None]]]] = [
    (((0, 1, 0),), [("map-shape", "layer 0", 1)]),
    (((0, 1, 0, 2, 2),), [("map-shape", "layer 0", 1)]),
    (((0, 1, 0, 2),) * 2, [("map-shape", "layers", 1)]),
    (((0, 1, 0, 3),), [("unknown-expert", "expert 3 in layer 0", None)]),
    (((0, 1, 2, -1),), [("unknown-expert", "expert -1 in layer 0", None)]),
    (((0, 1, 0, 1),), [("missing-expert", "expert 2 in layer 0", None)]),
    (((1, 1, 2, 1),), [("missing-expert", "expert 0 in layer 0", None)]),
]


@pytest.mark.parametrize(("rows", "found"), _SPOILED)
def test_the_smallest_map_that_breaks_a_rule(
    rows: tuple[Row, ...], found: list[tuple[str, str, int | None]]
) -> None:
    """One fault, one rule, and where it is."""
    assert _broken(_problem(_LOADS), *rows) == found


def _hops(slack_ppm: int, rows: tuple[Row, ...] = ((2, 2), (3, 1))) -> ExpertBalanceProblem:
    return _problem(
        rows,
        devices=(_device("a", 1), _device("b", 1)),
        mode=Mode.EQUAL_SPLIT,
        objective=BalanceObjective.HOPS,
        transitions=(((5, 1), (2, 7)),),
        balance_slack_ppm=slack_ppm,
    )


def test_hops_are_tokens_that_change_device() -> None:
    """In order 1 + 2 leave their device, crossed 5 + 7; all slack is used up by 3 of 4."""
    problem = _hops(500_000)
    assert _cost(problem, (0, 1), (0, 1)) == 3
    assert _cost(problem, (0, 1), (1, 0)) == 12
    verdict = verify(problem, _plan((0, 1), (0, 1)))
    assert verdict.breakdown.totals["passages_tokens"] == 15
    tight = _hops(499_999)
    assert _broken(tight, (0, 1), (0, 1)) == [("balance", "a in layer 1", 1)]


def test_hops_are_from_each_layer_to_the_next() -> None:
    """Three layers: one token hops from the first to the second, seven from there to the third."""
    problem = _problem(
        *[((1, 1),) * 3],
        devices=(_device("a", 1), _device("b", 1)),
        mode=Mode.EQUAL_SPLIT,
        objective=BalanceObjective.HOPS,
        transitions=(((1, 0), (0, 0)), ((0, 7), (0, 0))),
    )
    assert _cost(problem, (0, 1), (1, 0), (1, 0)) == 1 + 7
    assert _cost(problem, (0, 1), (0, 1), (1, 0)) == 0


def test_hops_of_replicas_are_shares() -> None:
    """Half of expert 0 is on each device: of seven tokens to where 0 is, half hop, rounded up."""
    problem = _problem(
        ((0, 0), (0, 0)),
        devices=(_device("a", 2), _device("b", 1)),
        mode=Mode.EQUAL_SPLIT,
        objective=BalanceObjective.HOPS,
        transitions=(((7, 0), (0, 0)),),
    )
    assert _cost(problem, (0, 1, 0), (0, 1, 1)) == 4
    assert _cost(problem, (0, 1, 0), (0, 1, 0)) == 4
    assert _cost(problem, (0, 0, 1), (0, 1, 1)) == 0
    verdict = verify(problem.model_copy(update={"objective": BalanceObjective.TIME}),
                     _plan((0, 1, 0), (0, 1, 1)))  # fmt: skip
    assert (verdict.objective, verdict.breakdown.totals["hops_tokens"]) == (0, 4)


def test_balance_counts_windows_by_weight_and_devices_by_rate() -> None:
    """Loads 1 and 2 in a window that counts three times, at rates 1 and 2: in perfect balance."""
    problem = _hops(0).model_copy(
        update={
            "devices": (_device("a", 1, 5 * 10**8), _device("b", 1)),
            "windows": (
                LoadWindow(name="w", weight=3, loads=((1, 2), (0, 0))),
                LoadWindow(name="v", loads=((3, 6), (0, 0))),
            ),
        }
    )
    assert _cost(problem, (0, 1), (0, 1)) == 3
    assert [fault[:2] for fault in _broken(problem, (1, 0), (0, 1))] == [
        ("balance", "a in layer 0")
    ]
    uneven = problem.model_copy(
        update={"windows": (problem.windows[0].model_copy(update={"loads": ((2, 2), (0, 0))}),)}
    )
    assert _broken(uneven, (0, 1), (0, 1)) == [("balance", "a in layer 0", 2)]


@settings(max_examples=60, deadline=None)
@given(
    loads=st.dictionaries(
        st.frozensets(st.integers(0, 3), min_size=1), st.integers(0, 10**6), min_size=1
    ),
    rates=st.tuples(*[st.integers(1, 10**3)] * 4),
)
def test_the_least_time_is_halls(loads: dict[frozenset[int], int], rates: tuple[int, ...]) -> None:
    """The least time is the largest, over sets of devices, of what only they may take."""
    sets = [frozenset(g for g in range(4) if number >> g & 1) for number in range(1, 16)]

    def inside(devices: frozenset[int]) -> int:
        return sum(tokens for hosts, tokens in loads.items() if hosts <= devices)

    found = least_time(loads, rates)

    def rate(devices: frozenset[int]) -> int:
        return sum(rates[g] for g in devices)

    assert all(inside(devices) <= found * rate(devices) for devices in sets)
    assert any(inside(devices) == found * rate(devices) for devices in sets)


def test_flows_give_way_to_later_ones() -> None:
    """One token went to device 0, and goes over to 1 when two others need 0 and 2."""
    loads = {frozenset({0, 1}): 1, frozenset({0, 2}): 2}
    assert least_time(loads, (1, 1, 1)) == 1


def test_the_bound_looks_into_nodes() -> None:
    """A node without a slot to spare bears its largest expert whole, wherever the groups go.

    Of two spare slots none is on n0: over all devices a replica could be 4.5, a node's mean is 5.
    """
    devices = (
        _device("a", 1, node="n0"),
        _device("b", 1, node="n0"),
        _device("c", 1, node="n1"),
        _device("d", 3, node="n1"),
    )
    problem = _problem(((9, 1, 9, 1),), devices=devices, groups=2, mode=Mode.EQUAL_SPLIT)
    assert lower_bound(problem) == 9
    assert _cost(problem, (0, 1, 2, 3, 2, 2)) == 9
    free = problem.model_copy(update={"groups": 1})
    assert lower_bound(free) == 5
