"""Laws of the pipeline optimum, checked with the exact dynamic program on small problems."""

from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from models.documents import validate
from models.problems.pipeline_partition import PipelineObjective, PipelinePartitionProblem
from models.result import Limits
from planner.verify import verify
from solvers.dp.pipeline_partition import DynamicProgram
from solvers.tables.pipeline_partition import build
from tests import strategies
from tests.oracles import pipeline_partition as oracle

PROBLEMS = settings(
    deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much]
)
NEVER = 2**62


def _optimum(problem: PipelinePartitionProblem) -> int:
    """The least objective, NEVER without a plan."""
    claim = DynamicProgram().solve(problem, Limits())
    if claim.plan is None:
        return NEVER
    objective = verify(problem, claim.plan).objective
    assert objective is not None
    return objective


def _changed(problem: PipelinePartitionProblem, **fields: object) -> PipelinePartitionProblem:
    document = problem.model_dump(mode="json") | fields
    return validate(document, PipelinePartitionProblem)


def _graph(problem: PipelinePartitionProblem) -> dict[str, Any]:
    graph: dict[str, Any] = problem.device_graph.model_dump(mode="json")
    return graph


@PROBLEMS
@given(problem=strategies.pipeline_partition(), data=st.data())
def test_more_memory_never_hurts(problem: PipelinePartitionProblem, data: st.DataObject) -> None:
    """Adding memory to a device keeps every plan."""
    graph = _graph(problem)
    device = data.draw(st.sampled_from(graph["devices"]))
    device["memory_bytes"] += data.draw(st.integers(1, 40))
    assert _optimum(_changed(problem, device_graph=graph)) <= _optimum(problem)


@PROBLEMS
@given(problem=strategies.pipeline_partition(), data=st.data())
def test_a_faster_device_never_hurts(
    problem: PipelinePartitionProblem, data: st.DataObject
) -> None:
    """Reading memory faster or launching quicker shortens every stage or leaves it."""
    graph = _graph(problem)
    device = data.draw(st.sampled_from(graph["devices"]))
    device["memory_bytes_per_s"] *= data.draw(st.integers(2, 5))
    device["launch_overhead_ns"] = 0
    assert _optimum(_changed(problem, device_graph=graph)) <= _optimum(problem)


@PROBLEMS
@given(problem=strategies.pipeline_partition(), data=st.data())
def test_an_added_link_never_hurts(problem: PipelinePartitionProblem, data: st.DataObject) -> None:
    """A link where there was none keeps every plan and its price."""
    names = [device.name for device in problem.devices]
    absent = [
        (a, b) for a in names for b in names if a != b and problem.device_graph.rate(a, b) is None
    ]
    assume(absent)
    source, target = data.draw(st.sampled_from(absent))
    graph = _graph(problem)
    graph["links"].append(
        {"source": source, "target": target, "directed": True, "bandwidth_bit_per_s": 10**9}
    )
    assert _optimum(_changed(problem, device_graph=graph)) <= _optimum(problem)


@PROBLEMS
@given(problem=strategies.pipeline_partition(), data=st.data())
def test_a_faster_link_never_hurts(problem: PipelinePartitionProblem, data: st.DataObject) -> None:
    """More bandwidth and less latency shorten every transfer or leave it."""
    graph = _graph(problem)
    rates = [*graph["links"], *([graph["default_link"]] if graph["default_link"] else [])]
    assume(rates)
    rate = data.draw(st.sampled_from(rates))
    rate["bandwidth_bit_per_s"] *= 2
    rate["latency_ns"] //= 2
    assert _optimum(_changed(problem, device_graph=graph)) <= _optimum(problem)


@PROBLEMS
@given(problem=strategies.pipeline_partition(), data=st.data())
def test_names_mean_nothing(problem: PipelinePartitionProblem, data: st.DataObject) -> None:
    """Renaming devices and listing them in another order leaves the optimum as it is."""
    names = [device.name for device in problem.devices]
    fresh = dict(zip(names, data.draw(st.permutations(names)), strict=True)) | {"gone": "gone"}
    document = problem.model_dump(mode="json")
    graph = document["device_graph"]
    for device in graph["devices"]:
        device["type"] = device["type"] or device["name"]
        device["name"] = fresh[device["name"]]
    graph["devices"] = data.draw(st.permutations(graph["devices"]))
    for link in graph["links"]:
        link["source"], link["target"] = fresh[link["source"]], fresh[link["target"]]
    if document["source_device"] is not None:
        document["source_device"] = fresh[document["source_device"]]
    if document["device_order"] is not None:
        document["device_order"] = [fresh[name] for name in document["device_order"]]
    for stage in (document["previous"] or {"stages": []})["stages"]:
        stage["device"] = fresh[stage["device"]]
    renamed = validate(document, PipelinePartitionProblem)
    assert _optimum(renamed) == _optimum(problem)


@PROBLEMS
@given(problem=strategies.pipeline_partition())
@pytest.mark.parametrize(
    "fields",
    [
        {"use_all_devices": False},
        {"device_order": None},
        {"source_device": None, "return_hop": False},
        {"return_hop": False},
    ],
    ids=str,
)
def test_dropping_a_wish_never_hurts(
    fields: dict[str, object], problem: PipelinePartitionProblem
) -> None:
    """Without a wish every plan is still there, and none costs more."""
    assert _optimum(_changed(problem, **fields)) <= _optimum(problem)


@PROBLEMS
@given(problem=strategies.pipeline_partition())
def test_one_unit_is_the_latency_and_more_take_longer(problem: PipelinePartitionProblem) -> None:
    """The makespan of one unit is the latency; each further unit adds at least the least period."""
    latency = _optimum(_changed(problem, objective="latency", units=None))
    single = _optimum(_changed(problem, objective="makespan", units=1))
    several = _optimum(_changed(problem, objective="makespan", units=4))
    assert latency == single
    assert latency <= several
    if latency < NEVER and problem.previous is None:
        period = _optimum(_changed(problem, objective="throughput", units=None))
        assert several >= latency + 3 * period


@PROBLEMS
@given(problem=strategies.pipeline_partition())
def test_overlap_never_hurts(problem: PipelinePartitionProblem) -> None:
    """A device that may send while it computes is never slower for it; the latency is the same."""
    together = _optimum(_changed(problem, overlap=True))
    apart = _optimum(_changed(problem, overlap=False))
    assert together <= apart
    if problem.objective is PipelineObjective.LATENCY:
        assert together == apart


@PROBLEMS
@given(problem=strategies.pipeline_partition())
def test_tables_and_verifier_agree_on_every_plan(problem: PipelinePartitionProblem) -> None:
    """The solvers' tables and the replay give each plan the same price, or both refuse it."""
    tables = build(problem)
    for plan in oracle.plans(problem):
        columns = tables.columns(plan)
        assert columns is not None
        assert tables.evaluate(columns) == verify(problem, plan).objective


@PROBLEMS
@given(problem=strategies.pipeline_partition())
def test_exchangeable_devices_really_are(problem: PipelinePartitionProblem) -> None:
    """Swapping two devices of one class changes no plan's price."""
    tables = build(problem)
    for members in tables.classes:
        for other in members[1:]:
            swap = {members[0]: other, other: members[0]}
            for plan in oracle.plans(problem):
                columns = tables.columns(plan)
                assert columns is not None
                swapped = tuple((swap.get(d, d), start, stop) for d, start, stop in columns)
                assert tables.evaluate(swapped) == tables.evaluate(columns)
