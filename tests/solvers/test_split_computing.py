"""Exact methods of split computing on instances beyond the oracle's reach."""

from itertools import product

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings

from models.documents import read_problem, validate
from models.problems.split_computing import (
    Crossing,
    Placement,
    SplitComputingPlan,
    SplitComputingProblem,
    SplitLimits,
    SplitObjective,
)
from models.result import Limits, Reason
from models.split_models import Bottleneck
from planner.verify import verify
from problem_instances import load
from problem_instances.generate import generate
from problem_instances.generators.split_computing import SplitSpec
from solvers.backends import highs
from solvers.base import Stopwatch
from solvers.registry import entries, entry
from solvers.search.split_computing import Cut
from solvers.tables.split_computing_build import build
from solvers.tables.split_computing_program import Formulation
from tests.split_strategies import split_computing

LIMITS = Limits(time_limit_ns=60 * 10**9)


def _problem(spec: SplitSpec) -> SplitComputingProblem:
    problem = read_problem(generate(spec))
    assert isinstance(problem, SplitComputingProblem)
    return problem


def _solved(problem: SplitComputingProblem, method: str) -> int | None:
    found = entry(problem.kind, method)
    assert found is not None
    claim = found.load().solve(problem, LIMITS)
    assert claim.reason in (Reason.COMPLETED, Reason.INFEASIBLE), (method, claim)
    if claim.plan is None:
        return None
    objective = verify(problem, claim.plan).objective
    assert objective == claim.lower_bound
    return objective


CHAINS = [
    SplitSpec(seed=seed, layers=30, devices=devices, branching=0, bottlenecks=6, floor=floor)
    for seed, devices, floor in ((1, 2, None), (2, 3, 76), (3, 4, 79), (4, 3, 75))
]


@pytest.mark.parametrize("spec", CHAINS, ids=lambda spec: f"seed-{spec.seed}")
@pytest.mark.parametrize("objective", SplitObjective)
def test_exact_methods_agree_on_chains(spec: SplitSpec, objective: SplitObjective) -> None:
    """Labels, cuts and both integer programs find one optimum, floors and bottlenecks included."""
    problem = _problem(spec).model_copy(update={"objective": objective})
    methods = ["dp", "mincut", "milp", "cpsat"]
    assert len({_solved(problem, method) for method in methods}) == 1


@pytest.mark.parametrize("seed", range(1, 7))
def test_exact_methods_agree_on_dags(seed: int) -> None:
    """On DAGs with three devices the cut and both integer programs find one optimum."""
    problem = _problem(SplitSpec(seed=seed, layers=40, devices=3))
    assert len({_solved(problem, method) for method in ("mincut", "milp", "cpsat")}) == 1


def test_labels_agree_on_a_dag_narrow_enough() -> None:
    """The dynamic program over ideals answers Faster R-CNN, whose pyramid is no chain."""
    problem = load("faster-rcnn-fpn")
    assert isinstance(problem, SplitComputingProblem)
    assert not problem.model.is_chain
    assert len({_solved(problem, name) for name in ("dp", "mincut", "milp", "cpsat")}) == 1


def test_labels_step_back_from_wide_dags() -> None:
    """Where the ideals are too many the dynamic program says so instead of filling the memory."""
    found = entry("split_computing", "dp")
    assert found is not None
    claim = found.load().solve(_problem(SplitSpec(seed=1, layers=250, branching=100)), LIMITS)
    assert claim.reason is Reason.UNSUPPORTED
    assert "sets of layers" in claim.detail


def test_relaxation_of_plain_dags_is_integral() -> None:
    """On 200 generated DAGs the linear relaxation has an integral vertex of the cut's value."""
    interior = 0
    for seed in range(200):
        problem = _problem(SplitSpec(seed=seed, layers=12 + seed % 20, devices=2 + seed % 2))
        form = Formulation(next(iter(build(problem))))
        relaxed = highs.relax(form.program, Stopwatch(LIMITS, None))
        assert relaxed.values is not None
        assert np.abs(relaxed.values - np.rint(relaxed.values)).max() < 1e-6
        assert round(form.program.cost @ relaxed.values) == _solved(problem, "mincut")
        interior += len({d for (_, d), c in form.runs.items() if relaxed.values[c] > 0.5}) > 1
    assert interior > 50  # cuts do lie inside, or this would show nothing


def test_a_limit_makes_the_relaxation_fractional() -> None:
    """With a limit on the bytes the relaxation is not integral: the test above can fail."""
    fractional = 0
    for seed in range(20):
        problem = _problem(SplitSpec(seed=seed, layers=16))
        limits = problem.limits.model_copy(update={"sent_bytes": 60_000})
        form = Formulation(next(iter(build(problem.model_copy(update={"limits": limits})))))
        relaxed = highs.relax(form.program, Stopwatch(LIMITS, None))
        assert relaxed.values is not None
        fractional += np.abs(relaxed.values - np.rint(relaxed.values)).max() > 1e-3
    assert fractional > 0


def test_a_dag_of_two_thousand_layers_is_cut() -> None:
    """One flow decides 2,000 layers, and the plan that it gives costs what it says."""
    problem = _problem(SplitSpec(seed=7, layers=2000))
    assert _solved(problem, "mincut") is not None


HEURISTICS = [item.name for item in entries("split_computing") if not item.traits.exact]


@pytest.mark.parametrize("name", HEURISTICS)
def test_heuristics_lose_somewhere(name: str) -> None:
    """No baseline is optimal everywhere: each loses on one of the shipped ResNet-50 problems."""
    found = entry("split_computing", name)
    assert found is not None
    lost = 0
    for instance in ("resnet50-jetson-int8", "resnet50-jetson-bottlenecks", "exits-three-tiers"):
        problem = load(instance)
        assert isinstance(problem, SplitComputingProblem)
        plan = found.load().solve(problem, LIMITS).plan
        value = None if plan is None else verify(problem, plan).objective
        lost += value is None or value > (_solved(problem, "dp") or 0)
    assert lost > 0


def test_a_copy_is_priced_at_its_own_bandwidth() -> None:
    """Nothing that depends on a field outlives its change by model_copy."""
    problem = load("resnet50-jetson-int8")
    assert isinstance(problem, SplitComputingProblem)
    assert problem.bandwidths == ((1, (8 * 10**6,)),)
    faster = problem.hops[0].model_copy(update={"bandwidth_bit_per_s": 10**9})
    assert problem.model_copy(update={"hops": (faster,)}).bandwidths == ((1, (10**9,)),)


def test_documents_contradict_themselves_with_a_reason() -> None:
    """A bottleneck inside a branch, or an unknown time, is refused at the door."""
    text = generate(SplitSpec(seed=3, layers=8, branching=100))
    problem = read_problem(text).model_dump(mode="json")
    model = read_problem(text).model
    inside = next(layer.name for layer in model.layers if not model.is_waist(layer.name))
    work = {"time_ns": {"tier-0": 1, "tier-1": 1}}
    bottleneck = {"name": "b", "after": inside, "size_bytes": 1, "encode": work, "decode": work}
    with pytest.raises(ValueError, match="passes through it"):
        validate(problem | {"bottlenecks": [bottleneck]}, SplitComputingProblem)
    problem["model"]["layers"][0]["time_ns"] = {}
    with pytest.raises(ValueError, match="is not known"):
        validate(problem, SplitComputingProblem)


def test_sums_beyond_64_bits_are_refused() -> None:
    """Sizes whose sum could leave 64 bits, and work of over a day, are refused at the door."""
    plain = read_problem(generate(SplitSpec(seed=3, layers=8, branching=0))).model_dump(mode="json")
    fast = [hop | {"bandwidth_bit_per_s": 10**15} for hop in plain["hops"]]
    huge = [layer | {"output_bytes": 2**59} for layer in plain["model"]["layers"]]
    model = plain["model"] | {"layers": huge}
    with pytest.raises(ValueError, match="beyond 64 bits"):
        validate(plain | {"hops": fast, "model": model}, SplitComputingProblem)
    work = {"flops": 10**18}
    slow = [device | {"flops_per_s": 1} for device in plain["devices"]]
    coded = {"name": "q", "size_ppm": 10, "encode": work}
    with pytest.raises(ValueError, match="coding 'q' takes over a day"):
        validate(plain | {"devices": slow, "representations": [coded]}, SplitComputingProblem)


def _dads(problem: SplitComputingProblem) -> int:
    """The least latency on two devices, straight from the document, by networkx.

    The graph of DADS (Hu et al., INFOCOM 2019, §IV): the source's side runs on the device.
    """
    graph: nx.DiGraph = nx.DiGraph()
    (hop,) = problem.hops
    first, last = problem.devices
    sizes = {"input": problem.model.input_bytes}
    for layer in problem.model.layers:
        sizes[layer.name] = layer.output_bytes
        graph.add_edge("source", layer.name, capacity=layer.on(last))
        graph.add_edge(layer.name, "sink", capacity=layer.on(first))
    for tensor, size in sizes.items():
        least = min(-(-size * q.size_ppm // 10**6) for q in problem.representations)
        wire = -(-8 * least * 10**9 // hop.bandwidth_bit_per_s) + hop.latency_ns
        readers = (
            [v.name for v in problem.model.layers if not problem.model.graph.pred[v.name]]
            if tensor == "input"
            else list(problem.model.graph[tensor])
        )
        producer = "source" if tensor == "input" else tensor
        graph.add_edge(producer, f"sent {tensor}", capacity=wire)
        for reader in readers:
            graph.add_edge(f"sent {tensor}", reader)
            if tensor != "input":
                graph.add_edge(reader, tensor)
    return int(nx.minimum_cut_value(graph, "source", "sink"))


@pytest.mark.parametrize("seed", range(20))
def test_the_cut_is_the_one_of_dads(seed: int) -> None:
    """networkx, on a graph drawn from the document alone, finds the same least latency."""
    problem = _problem(SplitSpec(seed=seed, layers=60))
    assert _solved(problem, "mincut") == _dads(problem)


@settings(deadline=None, max_examples=60)
@given(split_computing())
def test_neurosurgeon_tries_every_cut(problem: SplitComputingProblem) -> None:
    """Its plan is no worse than any single cut of the layers in order, priced by the verifier."""
    found = entry(problem.kind, "neurosurgeon")
    assert found is not None
    claim = found.load().solve(problem, LIMITS)
    value = None if claim.plan is None else verify(problem, claim.plan).objective
    order, first, last = problem.model.order, problem.devices[0].name, problem.devices[-1].name
    hops = [device.name for device in problem.devices[:-1]]
    for cut in range(len(order) + 1) if hops else ():
        local, away = order[:cut], order[cut:]
        readers = {u: set(problem.model.graph[u]) for u in local}
        readers["input"] = {v for v in order if not problem.model.graph.pred[v]}
        tensors = [u for u, row in readers.items() if row & set(away)]
        placement = [(first, local), (last, away)]
        plan = SplitComputingPlan(
            placement=tuple(Placement(device=d, layers=v) for d, v in placement if v),
            crossings=tuple(Crossing(tensor=u, hop_from=hop) for u in tensors for hop in hops),
        )
        objective = verify(problem, plan).objective
        assert objective is None or (value is not None and value <= objective)


@given(split_computing())
@settings(deadline=None, max_examples=40)
def test_a_cut_keeps_layers_to_their_levels(problem: SplitComputingProblem) -> None:
    """Any layer confined to any devices is put on one of them, whatever that costs."""
    changes = {"bottlenecks": (), "policies": (), "scenarios": (), "limits": SplitLimits()}
    plain = problem.model_copy(update=changes)
    (tables,) = build(plain)
    levels = range(tables.hops + 1)
    spans = [(least, most) for least, most in product(levels, levels) if least <= most]
    for layer, span, metric in product(range(1, tables.layers + 1), spans, tables.kept):
        found = Cut(tables, None, metric, {layer: span}).solve()
        assert found is not None
        assert span[0] <= found[0][layer] <= span[1]


def test_the_best_of_all_bottlenecks_is_taken() -> None:
    """The baseline reaches what the best of thirteen bottlenecks reaches alone, in any order."""
    problem = load("resnet50-jetson-bottlenecks")
    assert isinstance(problem, SplitComputingProblem)
    baseline = entry(problem.kind, "best-bottleneck")
    assert baseline is not None

    def reached(*kept: Bottleneck) -> int | None:
        part = problem.model_copy(update={"bottlenecks": kept})
        plan = baseline.load().solve(part, LIMITS).plan
        return None if plan is None else verify(problem, plan).objective

    alone = [value for item in problem.bottlenecks if (value := reached(item)) is not None]
    assert min(alone) < max(alone)
    for order in (problem.bottlenecks, problem.bottlenecks[::-1]):
        assert reached(*order) == min(alone)
