"""Devices of a training pipeline that can be exchanged without changing anything."""

from models.devices import Device, LinkRate
from models.problems.pipeline_training import PipelineTrainingProblem


def rate_between(
    problem: PipelineTrainingProblem, a: tuple[int, ...], b: tuple[int, ...]
) -> LinkRate | None:
    """The link from a device of one class to another device; any where there is no other."""
    source, target = a[0], b[-1]
    if source == target:
        return None
    names = (problem.devices[source].name, problem.devices[target].name)
    return _plain(problem.device_graph.rate(*names))


def _plain(rate: LinkRate | None) -> LinkRate | None:
    """A link without its ends, so that equal ones are equal."""
    if rate is None:
        return None
    return LinkRate(latency_ns=rate.latency_ns, bandwidth_bit_per_s=rate.bandwidth_bit_per_s)


def device_classes(problem: PipelineTrainingProblem) -> tuple[tuple[int, ...], ...]:
    """Devices that can be exchanged: alike in themselves and in their links to all others."""
    found: list[list[int]] = []
    for index, device in enumerate(problem.devices):
        for row in found:
            if _alike(problem, problem.devices[row[0]], device):
                row.append(index)
                break
        else:
            found.append([index])
    return tuple(tuple(row) for row in found)


def _alike(problem: PipelineTrainingProblem, a: Device, b: Device) -> bool:
    if a.model_copy(update={"name": b.name, "type": b.type}) != b:
        return False
    if a.profile_type != b.profile_type and any(
        layer.forward_ns[a.profile_type] != layer.forward_ns[b.profile_type]
        for layer in problem.layers
    ):
        return False
    rate = problem.device_graph.rate
    others = [d.name for d in problem.devices if d.name not in (a.name, b.name)]
    return _plain(rate(a.name, b.name)) == _plain(rate(b.name, a.name)) and all(
        _plain(rate(a.name, x)) == _plain(rate(b.name, x))
        and _plain(rate(x, a.name)) == _plain(rate(x, b.name))
        for x in others
    )
