"""The rules of a pipeline problem, and the problem without one of them."""

from collections.abc import Iterable, Iterator
from itertools import permutations

from models.devices import Device, DeviceGraph, Link, LinkRate
from models.problems.pipeline_partition import PipelineObjective, Stage
from models.problems.pipeline_partition import PipelinePartitionProblem as Problem
from models.units import MAX_BIT_PER_S
from planner.verify.pipeline_partition import memory_bytes

# The fastest link that a document can state: what it cannot save, no link saves.
IDEAL = LinkRate(latency_ns=0, bandwidth_bit_per_s=MAX_BIT_PER_S)


def rules(problem: Problem) -> tuple[str, ...]:
    """The rules that the problem has, the ones a person would rather give up first."""
    holds = {
        "device_order": problem.device_order is not None,
        "use_all_devices": problem.use_all_devices,
        "return_hop": problem.return_hop,
        "source_device": problem.source_device is not None,
        "links": next(missing(problem), None) is not None,
        "memory": True,
    }
    return tuple(name for name, here in holds.items() if here)


def without(problem: Problem, left_out: Iterable[str]) -> Problem:
    """The problem with some rules left out; links that are missing then take no time."""
    for rule in left_out:
        if rule == "memory":
            whole = whole_model_bytes(problem)
            devices = (with_memory(d, max(d.memory_bytes, whole)) for d in problem.devices)
            problem = with_devices(problem, devices)
        elif rule == "links":
            graph = problem.device_graph
            joined = DeviceGraph(devices=graph.devices, links=graph.links, default_link=IDEAL)
            problem = problem.model_copy(update={"device_graph": joined})
        else:
            problem = problem.model_copy(update=_OFF[rule])
    return problem


_OFF: dict[str, dict[str, object]] = {
    "source_device": {"source_device": None, "return_hop": False},
    "return_hop": {"return_hop": False},
    "use_all_devices": {"use_all_devices": False},
    "device_order": {"device_order": None},
}


def any_plan_will_do(problem: Problem) -> Problem:
    """The problem with an objective that is quickly settled: only whether plans exist matters."""
    simple = {"objective": PipelineObjective.LATENCY, "units": None, "previous": None}
    return problem.model_copy(update=simple)


def whole_model_bytes(problem: Problem) -> int:
    """What the whole model fills on one device; no stage needs more."""
    whole = Stage(device=problem.devices[0].name, start=0, stop=len(problem.layers))
    return memory_bytes(problem, whole)


def with_memory(device: Device, memory: int) -> Device:
    """The device with so many bytes."""
    return device.model_copy(update={"memory_bytes": memory})


def with_devices(problem: Problem, devices: Iterable[Device]) -> Problem:
    """The problem with these devices in the place of its own, of the same names."""
    graph = problem.device_graph.model_copy(update={"devices": tuple(devices)})
    return problem.model_copy(update={"device_graph": graph})


def missing(problem: Problem) -> Iterator[tuple[str, str]]:
    """The ordered pairs of devices without a link."""
    names = [device.name for device in problem.devices]
    for source, target in permutations(names, 2):
        if problem.device_graph.rate(source, target) is None:
            yield source, target


def with_links(problem: Problem, pairs: Iterable[tuple[str, str]]) -> Problem:
    """The problem with links for ordered pairs that had none."""
    graph = problem.device_graph
    added = tuple(
        Link(source=source, target=target, directed=True, **IDEAL.model_dump())
        for source, target in pairs
    )
    joined = graph.model_copy(update={"links": (*graph.links, *added)})
    return problem.model_copy(update={"device_graph": joined})
