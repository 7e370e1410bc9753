"""A combinatorial bound on the flow through any placement, in exact numbers.

Every token passes, for each layer, exactly one node that holds it. So a flow of T needs rates that
add up to T over the nodes of every layer, and with any d ≥ 1 (Chvátal 1973)

    Σ over the nodes of a layer  ceil(min(rate, T) / d)  ≥  ceil(T / d)

Summed over the layers, a node that holds k of them counts k times, whatever else is held where:

    Σ_i max_k k · ceil(min(t_i(k), T) / d)  ≥  layers · ceil(T / d)

For d = 1 a node counts no more than T, which the published bound leaves out; for d = T - 1 it
counts 2 where it carries T alone and 1 where it needs a second one beside it, and so on for
T/2, T/3, …  Besides, no more than T leaves the source or reaches the sink. The least T that breaks
a line is found by bisection: whatever T is found broken, no flow comes up to it.
"""

from models.problems.serving_flow import ServingFlowProblem

# How many nodes side by side the rounding looks at.
_SHARES = 6


def lower_bound(problem: ServingFlowProblem) -> int:
    """No plan costs less, µtokens/s."""
    low, high = 0, problem.compute_bound + 1
    while high - low > 1:
        middle = (low + high) // 2
        if _refuted(problem, middle):
            high = middle
        else:
            low = middle
    return problem.compute_bound - low


def _refuted(problem: ServingFlowProblem, flow: int) -> bool:
    """Whether some line is broken by every placement through which so much flows."""
    rows = [problem.throughput[node.name] for node in problem.nodes]
    sent = [node.from_source_utokens_per_s or 0 for node in problem.nodes]
    taken = [node.to_sink_utokens_per_s or 0 for node in problem.nodes]
    for ends in (sent, taken):
        if sum(min(rate, max(row)) for rate, row in zip(ends, rows, strict=True)) < flow:
            return True
    divisors = {1, *(max(1, (flow - 1) // share) for share in range(1, _SHARES + 1))}
    return any(_held(rows, flow, d) < problem.layers * -(-flow // d) for d in divisors)


def _held(rows: list[tuple[int, ...]], flow: int, d: int) -> int:
    """The most that all nodes can count."""
    return sum(
        max(k * -(-min(rate, flow) // d) for k, rate in enumerate(row, start=1)) for row in rows
    )
