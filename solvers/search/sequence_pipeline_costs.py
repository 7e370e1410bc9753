"""What chunks, transfers and passes take, for the search alone: read from the problem anew.

The other exact methods read solvers/tables/sequence_pipeline.py; nothing of it is used here, so
that a fault in one of the two is a contradiction and no shared error. Positions 0 = v_0 < .. < v_N
are where a chunk may end; arc e is the chunk from position begin[e] to end[e]; *ways* are the
different speeds and sizes of transfers, 0 for none.

What two or more chunks from position i on take in a layer is at least

    2 chunk + token (n - v_i) + floor(kilopair pairs / 1000) - 1

with `pairs` those of all tokens that are left: every chunk rounds less than half a nanosecond off,
which what it costs by itself makes up for from the third one on. Where a chunk costs nothing by
itself, half a nanosecond for each chunk that may come is taken off instead.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.devices import LinkRate
from models.problems.sequence_pipeline import SequencePipelineProblem as Problem
from solvers.base import UNREACHABLE

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

# Numbers in the largest table.
_ENTRIES = 2 * 10**7


@dataclass(frozen=True, eq=False)
class Costs:
    """N + 1 positions, E arcs, T device types, D devices, L layers, H ways; all times in ns.

    arc: [N + 1, N + 1] number of the arc, -1 for none; tokens: [E]; following: [N + 1] the shortest
    arc from a position that leaves something for another one, -1 for none; final: the shortest arc
    that ends the prompt. work: [E, T, L + 1] of the first layers; wire: [E, H]; rest_work,
    rest_wire: [N + 1, ..] of all that is left from a position on, in two chunks or more, at least.
    passes: [T, L + 1] one decoding pass; pass_wire: [H]; back: [D, D] of its way back, UNREACHABLE
    without a link. way: [D, D, L + 1] between devices at a cut, -1 without a link. kind: [D] type;
    room: [D, L + 1, L + 1] tokens of the longest chunk that layers start..stop have memory for, -1
    where nothing fits.
    """

    problem: Problem
    position: Ints
    arc: Ints
    tokens: Ints
    following: Ints
    final: int
    work: Ints
    wire: Ints
    rest_work: Ints
    rest_wire: Ints
    passes: Ints
    pass_wire: Ints
    back: Ints
    way: Ints
    kind: Ints
    room: Ints

    @property
    def devices(self) -> int:
        """D."""
        return len(self.kind)

    @property
    def layers(self) -> int:
        """L."""
        return int(self.passes.shape[1]) - 1


def read(problem: Problem) -> Costs | None:
    """The costs of a problem; None where chunks can be cut in too many ways for these tables."""
    types = sorted({device.profile_type for device in problem.devices})
    prompt, step, least = problem.prompt_tokens, problem.chunk_step, problem.least_chunk
    ways, way = _ways(problem)
    places = -(-prompt // step)
    if places * (places + 1) // 2 * (len(types) * (len(problem.layers) + 1) + len(ways)) > _ENTRIES:
        return None
    position = np.append(np.arange(0, prompt, step, dtype=np.int64), prompt)
    begin, end = _arcs(position, least)
    arc = np.full((len(position),) * 2, -1, dtype=np.int64)
    arc[begin, end] = np.arange(len(begin))
    tokens = position[end] - position[begin]
    chunk, token, kilopair, once = _times(problem, types)
    pairs = (position[end] * (position[end] + 1) - position[begin] * (position[begin] + 1)) // 2
    attended = (kilopair * pairs[:, None, None] + 500) // 1000  # a half goes up
    left = prompt - position
    open_pairs = (prompt * (prompt + 1) - position * (position + 1)) // 2
    most = (left // least)[:, None, None]
    lost = np.where(chunk > 0, 1, (most + 1) // 2) * (kilopair > 0)
    rest = 2 * chunk + token * left[:, None, None] + kilopair * open_pairs[:, None, None] // 1000
    drafts = 0 if problem.decoding is None else problem.decoding.pass_tokens
    return Costs(
        problem=problem,
        position=position,
        arc=arc,
        tokens=tokens,
        following=_following(arc),
        final=int(arc[arc[:, -1] >= 0, -1][-1]),
        work=_running(chunk + token * tokens[:, None, None] + attended),
        wire=_wire(problem, ways, tokens.tolist(), 1),
        rest_work=_running(np.maximum(0, rest - lost)),
        rest_wire=_wire(problem, ways, left.tolist(), 2),
        passes=_running(once),
        pass_wire=_wire(problem, ways, [drafts], 1)[0],
        back=_back(problem),
        way=way,
        kind=np.array([types.index(device.profile_type) for device in problem.devices]),
        room=_room(problem, drafts),
    )


def _arcs(position: Ints, least: int) -> tuple[Ints, Ints]:
    """Begin and end of the chunks that are long enough and part of some division of the prompt."""
    size = len(position)
    long = position[None, :] - position[:, None] >= least
    reached, leads_on = np.arange(size) == 0, np.arange(size) == size - 1
    for at in range(1, size):
        reached[at] = (long[:, at] & reached).any()
        leads_on[-1 - at] = (long[-1 - at] & leads_on).any()
    begin, end = np.nonzero(long & reached[:, None] & leads_on[None, :])
    return begin.astype(np.int64), end.astype(np.int64)


def _following(arc: Ints) -> Ints:
    inner = arc[:, :-1] >= 0
    shortest = inner.argmax(axis=1)
    return np.where(inner.any(axis=1), arc[np.arange(len(arc)), shortest], -1)


def _times(problem: Problem, types: list[str]) -> tuple[Ints, Ints, Ints, Ints]:
    """[T, L] each: fixed, per token, per 1000 pairs, per pass."""
    rows = [[problem.times[kind][layer.name] for layer in problem.layers] for kind in types]
    fixed = [[t.chunk_ns for t in row] for row in rows]
    token = [[t.token_ns for t in row] for row in rows]
    kilopair = [[t.kilopair_ns for t in row] for row in rows]
    decoded = problem.timed_decoding is not None
    once = [[t.pass_ns if decoded else 0 for t in row] for row in rows]
    return np.array(fixed), np.array(token), np.array(kilopair), np.array(once)


def _running(per_layer: Ints) -> Ints:
    """[.., L + 1] sums of the first layers."""
    sums = np.zeros((*per_layer.shape[:-1], per_layer.shape[-1] + 1), dtype=np.int64)
    np.cumsum(per_layer, axis=-1, out=sums[..., 1:])
    return sums


def _ways(problem: Problem) -> tuple[list[tuple[LinkRate, int]], Ints]:
    """[H - 1] the ways from 1 on, as rate and bytes per token, and which is whose."""
    names = [device.name for device in problem.devices]
    sizes = [layer.output_bytes_per_token for layer in problem.layers[:-1]]
    way = np.full((len(names), len(names), len(sizes) + 2), -1, dtype=np.int64)
    known: dict[tuple[int, int, int], int] = {}
    ways: list[tuple[LinkRate, int]] = []
    for a, source in enumerate(names):
        for b, target in enumerate(names):
            rate = None if a == b else problem.device_graph.rate(source, target)
            for cut, size in enumerate(sizes, start=1):
                if rate is None:
                    break
                key = rate.latency_ns, rate.bandwidth_bit_per_s, size
                if key not in known:
                    ways.append((rate, size))
                    known[key] = len(ways)
                way[a, b, cut] = known[key]
    return ways, way


def _wire(
    problem: Problem, ways: list[tuple[LinkRate, int]], tokens: list[int], messages: int
) -> Ints:
    """[len(tokens), H] ns to send so many tokens in so many messages, at least, by every way."""
    different = sorted(set(tokens))
    table = np.zeros((len(different), len(ways) + 1), dtype=np.int64)
    for number, (rate, size) in enumerate(ways, start=1):
        # Python's integers: bits times 10^9 leave 64 bits.
        sent = [_ns(rate, size * n, problem.message_bytes, messages) for n in different]
        table[:, number] = sent
    return table[np.searchsorted(different, tokens)]


def _ns(rate: LinkRate, size: int, message: int, messages: int) -> int:
    bits = 8 * (size + messages * message)
    return messages * rate.latency_ns + -(-bits * 10**9 // rate.bandwidth_bit_per_s)


def _back(problem: Problem) -> Ints:
    """[D, D] ns of a pass from the last device to the first."""
    names = [device.name for device in problem.devices]
    table = np.zeros((len(names), len(names)), dtype=np.int64)
    decoding = problem.timed_decoding
    if decoding is None:
        return table
    size = problem.token_bytes * decoding.pass_tokens
    for a, source in enumerate(names):
        for b, target in enumerate(names):
            rate = None if a == b else problem.device_graph.rate(source, target)
            if a != b:
                sent = UNREACHABLE if rate is None else _ns(rate, size, problem.message_bytes, 1)
                table[a, b] = sent
    return table


def _room(problem: Problem, drafts: int) -> Ints:
    layers, size = problem.layers, len(problem.layers) + 1
    by_memory: dict[int, Ints] = {}
    for device in problem.devices:
        if device.memory_bytes in by_memory:
            continue
        table = np.full((size, size), -1, dtype=np.int64)
        for start in range(size - 1):
            left, per_token = device.memory_bytes, 0
            for stop, layer in enumerate(layers[start:], start=start + 1):
                left -= layer.weight_bytes + layer.kv_bytes_per_token * problem.context_tokens
                per_token = max(per_token, layer.activation_bytes_per_token)
                if left < per_token * drafts or left < 0:
                    break
                longest = left // per_token if per_token else problem.prompt_tokens
                table[start, stop] = min(longest, problem.prompt_tokens)
        by_memory[device.memory_bytes] = table
    return np.array([by_memory[device.memory_bytes] for device in problem.devices])
