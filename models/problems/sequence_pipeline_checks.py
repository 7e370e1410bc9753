"""Contradictions between a prompt, a chain, its devices and links.

Whatever the chunks, a layer takes less than a day for the whole prompt, and so does every cut on
the slowest link; the same holds for decoding. Over 1024 layers that is less than 2^57 ns.
"""

from typing import TYPE_CHECKING

from models.base import contradiction, first_duplicate, last_index
from models.units import MAX_BIT_PER_S, MAX_DURATION_NS

if TYPE_CHECKING:
    from models.problems.sequence_pipeline import SequencePipelineProblem as Problem


def check_order(problem: "Problem") -> None:
    """Raises a contradiction where the order does not name every device once."""
    if problem.device_order is None:
        return
    order = list(problem.device_order)
    known = {device.name for device in problem.devices}
    for index, name in enumerate(order):
        if name not in known:
            raise contradiction(
                f"the device '{name}' is not in the device graph",
                f"use one of: {', '.join(sorted(known)[:8])}",
                *("device_order", index),
            )
    twice = first_duplicate(order)
    if twice is not None:
        place = ("device_order", last_index(order, twice))
        raise contradiction(f"device_order names '{twice}' twice", "name each once", *place)
    missing = sorted(known - set(order))
    if missing:
        raise contradiction(
            f"device_order leaves '{missing[0]}' out",
            "name every device; a plan may still leave some of them unused",
            "device_order",
        )


def check_times(problem: "Problem") -> None:
    """Raises a contradiction where a layer's time on a device is not known, or over a day."""
    most = _most_chunks(problem)
    tokens = problem.prompt_tokens
    passes = _passes(problem)
    for index, device in enumerate(problem.devices):
        known = problem.times.get(device.profile_type, {})
        for layer in problem.model.layers:
            at = ("device_graph", "devices", index, "type")
            times = known.get(layer.name)
            if times is None:
                raise contradiction(
                    f"how long layer '{layer.name}' takes on device '{device.name}' is not known",
                    f"give 'times' for type '{device.profile_type}' and this layer",
                    *at,
                )
            pairs = tokens * (tokens + 1) // 2
            prefill = most * (times.chunk_ns + 1) + tokens * times.token_ns
            prefill += -(-pairs * times.kilopair_ns // 1000)
            if max(prefill, passes * times.pass_ns) > MAX_DURATION_NS:
                raise contradiction(
                    f"layer '{layer.name}' takes over a day on device '{device.name}'",
                    "check its times, prompt_tokens and decoding",
                    *at,
                )


def check_transfers(problem: "Problem") -> None:
    """Raises a contradiction where the whole prompt takes over a day on the slowest link.

    Without links, which may be added to see what that would change, the fastest one counts.
    """
    graph, tokens = problem.device_graph, problem.prompt_tokens
    ways = [*graph.links, *([] if graph.default_link is None else [graph.default_link])]
    slowest = min((way.bandwidth_bit_per_s for way in ways), default=MAX_BIT_PER_S)
    latency = max((way.latency_ns for way in ways), default=0)
    times = _most_chunks(problem) + _passes(problem)
    decoding = problem.decoding
    sent = tokens + (0 if decoding is None else _passes(problem) * decoding.pass_tokens)
    for index, layer in enumerate(problem.model.layers):
        size = max(layer.output_bytes_per_token, problem.token_bytes)
        bits = 8 * (size * sent + problem.message_bytes * times)
        if bits * 10**9 // slowest + times * (latency + 1) > MAX_DURATION_NS:
            raise contradiction(
                f"sending all of layer '{layer.name}' over a link takes over a day",
                "check output_bytes_per_token, message_bytes and the links",
                *("model", "layers", index, "output_bytes_per_token"),
            )


def _most_chunks(problem: "Problem") -> int:
    return problem.prompt_tokens // problem.least_chunk


def _passes(problem: "Problem") -> int:
    """Passes of all points together."""
    return 0 if problem.decoding is None else problem.decoding.passes * problem.decoding.points
