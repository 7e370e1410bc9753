"""That times in a split-computing problem are known and sane, and no sum can leave 64 bits."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, TypeAlias

from pydantic_core import PydanticCustomError

from models.base import contradiction
from models.split_models import Representation, SplitDevice, Work
from models.units import MAX_DURATION_NS

if TYPE_CHECKING:
    from models.problems.split_computing import SplitComputingProblem

# Every cost of a plan, in ns, µJ and bytes, stays below it; two of them still add up.
_MOST = 2**60
# Keys and indices that lead from the problem to a field.
Place: TypeAlias = tuple[str | int, ...]


def unknown_layer(what: str, name: str, layers: set[str], place: Place) -> PydanticCustomError:
    """The error of whatever names a layer that the model does not have."""
    known = ", ".join(sorted(layers)[:8])
    return contradiction(f"{what} names the unknown layer '{name}'", f"use one of: {known}", *place)


def check_times(problem: "SplitComputingProblem") -> None:
    """Refuses work whose time on some device is not known, or over a day."""
    for device in problem.devices:
        for index, layer in enumerate(problem.model.layers):
            _check_time(f"layer '{layer.name}'", layer, device, ("model", "layers", index))
        for index, policy in enumerate(problem.policies):
            for number, gate in enumerate(policy.gates):
                what = f"policy '{policy.name}' at '{gate.after}'"
                _check_time(what, gate, device, ("policies", index, "gates", number))


def _check_time(what: str, work: Work, device: SplitDevice, place: Place) -> None:
    time = work.on(device)
    if time is None:
        raise contradiction(
            f"how long {what} takes on device '{device.name}' is not known",
            f"give time_ns for type '{device.profile_type}', or flops and flops_per_s",
            *(*place, "time_ns"),
        )
    _check_duration(what, time, device, place)


def _check_duration(what: str, time_ns: int, device: SplitDevice, place: Place) -> None:
    if time_ns > MAX_DURATION_NS:
        raise contradiction(
            f"{what} takes over a day on device '{device.name}'", "check flops and rates", *place
        )


def check_sending(problem: "SplitComputingProblem") -> None:
    """Refuses a tensor that takes over a day on the slowest hop in the worst scenario."""
    rates = list(_rates(problem))
    sizes = [problem.model.input_bytes, *(layer.output_bytes for layer in problem.model.layers)]
    sizes += [bottleneck.size_bytes for bottleneck in problem.bottlenecks]
    slowest, place = min(rates, default=(0, ()))
    if rates and 8 * max(sizes) * 10**9 > slowest * MAX_DURATION_NS:
        raise contradiction(
            "sending the largest tensor over the slowest hop takes a day",
            "check output_bytes and the bandwidths",
            *place,
        )


def _rates(problem: "SplitComputingProblem") -> Iterator[tuple[int, Place]]:
    """Every bandwidth that may hold, bit/s, and where it is given."""
    for index, scenario in enumerate(problem.scenarios):
        for hop, rate in enumerate(scenario.bandwidth_bit_per_s):
            yield rate, ("scenarios", index, "bandwidth_bit_per_s", hop)
    for index, link in enumerate(() if problem.scenarios else problem.hops):
        yield link.bandwidth_bit_per_s, ("hops", index, "bandwidth_bit_per_s")


def check_sums(problem: "SplitComputingProblem") -> None:
    """Refuses a problem in which everything on every device and over every hop is too much."""
    tensors = len(problem.model.layers) + 1
    crossings = tensors + len(problem.bottlenecks)
    gates = [gate for policy in problem.policies for gate in policy.gates]
    works = [*problem.model.layers, *gates]
    runs = sum(work.on(device) or 0 for device in problem.devices for work in works)
    codes = crossings * sum(_coding_ns(problem, device) for device in problem.devices)
    waits = crossings * sum(hop.latency_ns for hop in problem.hops)
    sent = _sent_bytes(problem)
    slowest = min((min(row, default=10**15) for _, row in problem.bandwidths), default=10**15)
    whole = runs + codes + waits + 8 * sent * 10**9 // slowest
    power = max(
        10**9,
        *(device.power_uj_per_s for device in problem.devices),
        *(hop.radio_uj_per_s for hop in problem.hops),
    )
    if max(sent, whole * power // 10**9) > _MOST:
        raise contradiction(
            "latency, energy or bytes may add up beyond 64 bits",
            "check times, sizes, bandwidths and power: some are not of this world",
            "model",
        )


def _sent_bytes(problem: "SplitComputingProblem") -> int:
    """Every tensor in its largest form, and every bottleneck, over every hop."""
    model = problem.model
    forms = (*problem.representations, Representation(name="raw", size_ppm=10**6))
    sizes = [("input", model.input_bytes), *((v.name, v.output_bytes) for v in model.layers)]
    tensors = sum(max(q.bytes_of(name, size) or 0 for q in forms) for name, size in sizes)
    return len(problem.hops) * (tensors + sum(item.size_bytes for item in problem.bottlenecks))


def _coding_ns(problem: "SplitComputingProblem", device: SplitDevice) -> int:
    """The longest that one encoding or decoding takes on a device, of those it can do."""
    longest = 0
    for name, work, place in _coders(problem):
        time = None if work is None else work.on(device)
        if time is not None:
            _check_duration(f"coding '{name}'", time, device, place)
            longest = max(longest, time)
    return longest


def _coders(problem: "SplitComputingProblem") -> Iterator[tuple[str, Work | None, Place]]:
    """Every encoder and decoder: whose it is, its work, where it is stated."""
    for index, q in enumerate(problem.representations):
        yield q.name, q.encode, ("representations", index, "encode")
        yield q.name, q.decode, ("representations", index, "decode")
    for index, b in enumerate(problem.bottlenecks):
        yield b.name, b.encode, ("bottlenecks", index, "encode")
        yield b.name, b.decode, ("bottlenecks", index, "decode")
