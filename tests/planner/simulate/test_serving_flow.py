"""Tokens through clusters, against an oracle and against the bounds of the flow."""

import random
from collections import Counter
from collections.abc import Iterator
from fractions import Fraction
from itertools import islice

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from models.problems.serving_flow import (
    NodeType,
    Placement,
    ServingFlowPlan,
    ServingFlowProblem,
    ServingNode,
    TokenLink,
)
from models.simulation import Simulation
from planner.replan import changed
from planner.simulate import Second, UnusedDeviceError, resume, second_opinion, simulate
from planner.simulate.serving_flow import Cluster, Sending, cluster
from planner.simulate.serving_flow_paths import Arc, turns
from planner.verify import verify
from planner.verify.serving_flow import SINK, SOURCE
from problem_instances import best_known, load
from tests.oracles.serving_flow_tokens import leave

_Case = tuple[ServingFlowProblem, ServingFlowPlan]
_TOKEN = 10**6
_WHOLE_OR_PARTIAL = pytest.mark.parametrize("partial", [True, False])


def _problem(rng: random.Random, *, partial: bool) -> ServingFlowProblem:
    """Up to 7 nodes and 5 layers; links that bind, are missing or never matter."""
    names = [f"n{number}" for number in range(rng.randrange(2, 8))]
    unit = rng.choice([_TOKEN, 123_456_789])
    wide = 10**6 * unit
    types = tuple(
        NodeType(
            name=f"t{number}", utokens_per_s=tuple(rng.randrange(1, 20) * unit for _ in range(4))
        )
        for number in range(2)
    )
    ends = [wide, wide, None, 7 * unit]
    links = tuple(
        TokenLink(source=a, target=b, directed=True, utokens_per_s=rng.randrange(1, 9) * unit)
        for a in names
        for b in names
        if a != b and rng.random() < 0.3
    )
    return ServingFlowProblem(
        layers=rng.randrange(2, 6),
        node_types=types,
        nodes=tuple(
            ServingNode(
                name=name,
                type=rng.choice(["t0", "t1"]),
                from_source_utokens_per_s=rng.choice(ends),
                to_sink_utokens_per_s=rng.choice(ends),
            )
            for name in names
        ),
        links=links,
        default_link_utokens_per_s=rng.choice([None, wide, wide]),
        partial_inference=partial,
    )


def _cases(*, partial: bool) -> Iterator[_Case]:
    """Placements through which something flows, without an end."""
    rng = random.Random(str(partial))
    while True:
        problem = _problem(rng, partial=partial)
        ranges = []
        for node in problem.nodes:
            start = rng.randrange(problem.layers)
            stop = rng.randrange(start + 1, min(problem.layers, start + 4) + 1)
            ranges.append(Placement(node=node.name, start=start, stop=stop))
        plan = ServingFlowPlan(placements=tuple(ranges))
        if verify(problem, plan).accepted:
            yield problem, plan


def _delay(found: Cluster) -> Fraction:
    """D of the module, in s: a bound on how long a token takes beyond its turn."""
    of_place: dict[Arc, Fraction] = {}
    for arc in {arc for path in found.paths for arc in path.arcs}:
        through = [path.utokens_per_s for path in found.paths if arc in path.arcs]
        share = Fraction(sum(through), found.flow)
        rate = Fraction(found.arcs[arc[0]][arc[1]], _TOKEN)
        of_place[arc] = (1 + share + 2 * len(through)) / rate
    return max(sum(of_place[arc] for arc in path.arcs) for path in found.paths)


def _throughput(found: Simulation, *, least: bool) -> Fraction:
    """Tokens per s, as far as whole ns tell."""
    assert found.simulated_ns is not None
    off = Fraction(1, 2) if least else Fraction(-1, 2)
    return Fraction(found.units * 10**9) / (found.simulated_ns + off)


@_WHOLE_OR_PARTIAL
@pytest.mark.parametrize("cases", [60, pytest.param(400, marks=pytest.mark.slow)])
def test_the_throughput_is_the_flow_but_for_few_tokens(cases: int, *, partial: bool) -> None:
    """Random clusters: at most the flow F, at least F (1 - (F D + 2 K) / H); on one path just F.

    For most of them the bound says something.
    """
    told = 0
    for problem, plan in islice(_cases(partial=partial), cases):
        network, found = cluster(problem, plan), simulate(problem, plan)
        flow = Fraction(network.flow, _TOKEN)
        assert found.measure == "steady time"
        assert found.units_done == found.units
        assert found.simulated_ns is not None
        assert found.simulated_ns >= found.predicted_ns
        beside = flow * _delay(network) + 2 * len(network.paths)
        counted = found.units - 1 - found.units // 2
        least = flow * (1 - beside / counted)
        assert _throughput(found, least=False) >= least
        told += least > 0
        if len(network.paths) == 1:
            assert found.difference_ppm == 0
    assert told >= cases // 2


@_WHOLE_OR_PARTIAL
def test_every_token_leaves_when_the_oracle_says(*, partial: bool) -> None:
    """To the tick, and no later than its turn and the bound on what delays it."""
    for problem, plan in islice(_cases(partial=partial), 100):
        network = cluster(problem, plan)
        units = random.Random(1).randrange(1, 60)
        sending = Sending(network, units, shared=False)
        done = sending.carry_out({})
        chosen = turns([path.utokens_per_s for path in network.paths], units)
        clock = 10**6
        comes = [unit * 10**15 * clock // network.flow for unit in range(units)]
        takes = {arc: network.ticks(arc) for path in network.paths for arc in path.arcs}
        left = leave([network.paths[at].arcs for at in chosen], comes, takes)
        spans = [done.spans[index] for index in sending.last]
        assert left == [span.stop_ns for span in spans if span is not None]
        late = _delay(network) * 10**9 * clock
        # Durations are rounded up to ticks, of which a token takes 10^8 or more.
        assert all(
            at <= come + late * Fraction(100_001, 100_000)
            for at, come in zip(left, comes, strict=True)
        )


def test_more_tokens_come_nearer() -> None:
    """1,500 tokens over several paths are within a bound that says nothing of 50."""
    several = (c for c in _cases(partial=True) if len(cluster(*c).paths) > 2)
    for case in islice(several, 5):
        network = cluster(*case)
        beside = Fraction(network.flow, _TOKEN) * _delay(network) + 2 * len(network.paths)
        assert 24 < beside < 749
        difference = simulate(*case, 1500).difference_ppm
        assert difference is not None
        assert 0 <= difference <= 10**6 / (1 - beside / 749) - 10**6 + 1


# Without Tijdeman's threshold one of these is a whole turn off after three.
@example([2, 8, 2], 3)
@given(st.lists(st.integers(1, 10**12), min_size=1, max_size=9), st.integers(0, 300))
def test_turns_keep_to_their_shares(weights: list[int], number: int) -> None:
    """After any number of turns everybody is within one turn of its share."""
    had = Counter[int]()
    for turn, who in enumerate(turns(weights, number), 1):
        had[who] += 1
        shares = [Fraction(turn * weight, sum(weights)) for weight in weights]
        assert all(abs(had[index] - share) < 1 for index, share in enumerate(shares))


@_WHOLE_OR_PARTIAL
def test_paths_are_the_flow(*, partial: bool) -> None:
    """They add up to it, pass no place with more than it takes, and cross a full cut once."""
    for problem, plan in islice(_cases(partial=partial), 200):
        network, verdict = cluster(problem, plan), verify(problem, plan)
        sent = Counter[Arc]()
        for path in network.paths:
            assert (path.vertices[0], path.vertices[-1]) == (SOURCE, SINK)
            assert len(network.cut & set(path.arcs)) == 1
            for arc in path.arcs:
                sent[arc] += path.utokens_per_s
        flow = sum(path.utokens_per_s for path in network.paths)
        assert flow == network.flow == verdict.breakdown.totals["flow_utokens_per_s"]
        assert all(rate <= network.arcs[tail][head] for (tail, head), rate in sent.items())
        assert sum(network.arcs[tail][head] for tail, head in network.cut) == flow
        for row in verdict.breakdown.rows:
            through = sent[("into", str(row["node"])), ("out of", str(row["node"]))]
            assert through == row["flow_utokens_per_s"]


def _example() -> _Case:
    """Two nodes side by side, 3 and 1 tokens/s, behind one that takes 8."""
    wide = 10**12
    nodes = (
        ServingNode(name="front", type="front", from_source_utokens_per_s=wide),
        ServingNode(name="quick", type="quick", to_sink_utokens_per_s=wide),
        ServingNode(name="slow", type="slow", to_sink_utokens_per_s=wide),
        ServingNode(name="idle", type="slow"),
    )
    rates = {"front": 8, "quick": 3, "slow": 1}
    problem = ServingFlowProblem(
        layers=2,
        node_types=tuple(
            NodeType(name=name, utokens_per_s=(rate * _TOKEN,)) for name, rate in rates.items()
        ),
        nodes=nodes,
        default_link_utokens_per_s=wide,
    )
    ranges = (("front", 0, 1), ("quick", 1, 2), ("slow", 1, 2), ("idle", 0, 1))
    return problem, ServingFlowPlan(
        placements=tuple(Placement(node=n, start=a, stop=b) for n, a, b in ranges)
    )


def test_a_token_in_four_takes_the_slow_way() -> None:
    """Four tokens per second come in, and 16 of them keep both nodes at work."""
    found = simulate(*_example(), 16)
    assert (found.predicted_ns, found.simulated_ns) == (4 * 10**9, 4 * 10**9)
    ways = Counter(bar.machine for bar in found.bars if bar.work == "compute")
    assert ways == {"front": 16, "quick": 12, "slow": 4}
    links = {bar.machine for bar in found.bars if bar.work == "transfer"}
    assert "(source) -> front" in links
    assert "front -> slow" in links
    assert "slow -> (sink)" in links
    rows = {bar.machine: bar.stage for bar in found.bars if bar.work == "compute"}
    assert rows == {"front": 0, "quick": 1, "slow": 2}


def test_few_tokens_are_told_by_their_end() -> None:
    """One token is gone before there is a rate: its way through the cluster is told."""
    found = simulate(*_example(), 1)
    assert found.measure == "makespan"
    assert found.simulated_ns == 10**9 // 8 + 333_333_334 + 3 * 1000


def test_a_lost_node_loses_its_tokens_and_a_second_plan_takes_the_rest() -> None:
    """Tokens of the quick way come through; with another plan all do, those that have stay done."""
    problem, plan = _example()
    found = simulate(problem, plan, 16, stops={"slow": 2 * 10**9})
    assert found.units_done < 16
    assert found.simulated_ns is None
    assert all(bar.stop_ns <= 2 * 10**9 for bar in found.bars if "slow" in bar.machine)
    left = changed(problem, plan, ("slow",))
    assert isinstance(left, ServingFlowProblem)
    kept = ServingFlowPlan(placements=tuple(p for p in plan.placements if p.node != "slow"))
    whole = resume(problem, plan, 16, {"slow": 2 * 10**9}, Second(kept, after_ns=7))
    first = simulate(problem, plan, 16, dict.fromkeys(["front", "quick", "slow"], 2 * 10**9))
    rest = simulate(left, kept, 16 - first.units_done)
    assert (whole.units_done, whole.units) == (16, 16)
    assert whole.simulated_ns == 2 * 10**9 + 7 + rest.end_ns
    with pytest.raises(UnusedDeviceError) as caught:
        simulate(problem, plan, stops={"idle": 1})
    assert caught.value.used == ("front", "quick", "slow")


def test_a_shared_medium_is_never_faster() -> None:
    """One channel for all links, at the rate of each."""
    for problem, plan in islice(_cases(partial=True), 60):
        alone, shared = simulate(problem, plan, 30), simulate(problem, plan, 30, shared=True)
        assert shared.end_ns >= alone.end_ns


@pytest.mark.parametrize("name", ["gateways-6", "slow-links-4", "stages-5", "switch-8"])
def test_certificates_have_a_second_opinion(name: str) -> None:
    """Best known placements let through what the flow says to 0.1 %, one path exactly that."""
    problem, plan = load(name), best_known(name).plan
    assert isinstance(problem, ServingFlowProblem)
    assert isinstance(plan, ServingFlowPlan)
    found = second_opinion(problem, plan, verify(problem, plan).breakdown)
    assert found is not None
    assert found.bars == ()
    assert found.difference_ppm is not None
    assert 0 <= found.difference_ppm <= (1000 if len(cluster(problem, plan).paths) > 1 else 0)
