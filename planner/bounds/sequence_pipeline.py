"""Combinatorial lower bounds of a sequence pipeline, in exact numbers.

With t_ld(x, y) the time of a chunk of x tokens after y others, which grows with both, and n tokens,

    prefill ≥ Σ_l min_d t_ld(least chunk, 0)         a chunk passes every layer
    prefill ≥ (Σ_l min_d (chunk + token n + kilopair n (n + 1) / 2000)) / devices
                                                     some device does that share of the work

the latter less half a nanosecond per layer and chunk for rounding; decoding likewise with passes,
R rounds of M points: R Σ_l min_d pass, and R M (Σ_l min_d pass) / devices.
"""

from fractions import Fraction

from models.problems.sequence_pipeline import SequencePipelineProblem
from planner.verify.sequence_pipeline import chunk_ns


def lower_bound(problem: SequencePipelineProblem) -> int:
    """No plan costs less, ns."""
    devices = min(len(problem.devices), len(problem.layers))
    shortest, work, passes = 0, Fraction(0), 0
    known: dict[int, tuple[int, Fraction, int]] = {}
    for layer in problem.layers:
        if id(layer) not in known:
            known[id(layer)] = _least(problem, layer.name)
        least = known[id(layer)]
        shortest, work, passes = shortest + least[0], work + least[1], passes + least[2]
    prefill = max(shortest, -(-work // devices), 0)
    decoding = problem.timed_decoding
    if decoding is None:
        return prefill
    shared = -(-decoding.passes * decoding.points * passes // devices)
    return prefill + max(decoding.passes * passes, shared)


def _least(problem: SequencePipelineProblem, name: str) -> tuple[int, Fraction, int]:
    """Of a layer on its fastest device: the shortest chunk, all of the work, one pass; ns."""
    layer = next(layer for layer in problem.model.layers if layer.name == name)
    tokens = problem.prompt_tokens
    pairs = tokens * (tokens + 1) // 2
    rows = []
    for device in problem.devices:
        times = problem.times[device.profile_type][name]
        # Rounding takes half a nanosecond off each chunk at most, and no chunk is free of charge.
        per_chunk = min(Fraction(0), times.chunk_ns - Fraction(1, 2))
        work = times.chunk_ns + times.token_ns * tokens + Fraction(times.kilopair_ns * pairs, 1000)
        most = tokens // problem.least_chunk
        shortest = chunk_ns(problem, layer, device, problem.least_chunk, 0)
        rows.append((shortest, work - Fraction(1, 2) + per_chunk * (most - 1), times.pass_ns))
    return (
        min(row[0] for row in rows),
        min(row[1] for row in rows),
        min(row[2] for row in rows),
    )
