"""How large the numbers of a sequence pipeline's constraint program get, and their common unit."""

import itertools

import numpy as np

from solvers.tables.sequence_pipeline import Ints, Tables


def largest_sum(tables: Tables) -> int:
    """No sum that a model forms exceeds this, ns or bytes."""
    decoding = tables.problem.timed_decoding
    passes = 0 if decoding is None else (decoding.passes + 1) * decoding.points
    memory = max(tables.held[-1], *tables.memory) + max(tables.scratch) * int(tables.tokens.max())
    return max(2 * longest_prefill(tables) + 2 * (passes + 2) * longest_pass(tables), 2 * memory)


def longest_prefill(tables: Tables) -> int:
    """No prefill takes longer: every chunk as long as any, one after another."""
    slowest = np.diff(tables.prefix, axis=1).max(axis=0).sum(axis=0)
    per_arc = int(slowest.max()) + _slowest_wire(tables) * tables.devices
    return per_arc * (len(tables.position) + 1)


def longest_pass(tables: Tables) -> int:
    """No pass takes longer, ns: every layer on its slowest device, over the slowest link."""
    slowest = np.diff(tables.passes, axis=1).max(axis=0).sum()
    return int(slowest) + _slowest_wire(tables) * tables.devices


def _slowest_wire(tables: Tables) -> int:
    decoding, work = tables.problem.decoding, tables.problem
    tokens = max(int(tables.tokens.max()), 1 if decoding is None else decoding.pass_tokens)
    largest = max(work.token_bytes, *(layer.output_bytes_per_token for layer in work.layers))
    bits = 8 * (largest * tokens + work.message_bytes)
    graph = work.device_graph
    ways = [*graph.links, *([] if graph.default_link is None else [graph.default_link])]
    return max(
        (way.latency_ns - (-bits * 10**9 // way.bandwidth_bit_per_s) for way in ways), default=0
    )


def common_unit(tables: Tables) -> int:
    """The largest unit, ns, of which every time is a multiple."""
    values: list[Ints] = [np.diff(tables.prefix, axis=1), np.diff(tables.passes, axis=1)]
    unit = 0
    for array in values:
        unit = int(np.gcd(unit, np.gcd.reduce(array, axis=None)))
    cuts = {layer.output_bytes_per_token: n + 1 for n, layer in enumerate(tables.problem.layers)}
    for d, e in itertools.permutations(range(tables.devices), 2):
        for cut in cuts.values():
            sent = tables.send(d, e, cut)
            if sent is not None:
                unit = int(np.gcd(unit, np.gcd.reduce(sent)))
            for stages in (((d, 0, cut), (e, cut, cut + 1)), ((e, 0, 1), (d, 1, 2))):
                ns = tables.pass_send(stages, 0 if stages[0][0] == d else 1)
                unit = int(np.gcd(unit, ns or 0))
    return max(1, unit)
