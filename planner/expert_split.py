"""One batch among the replicas of a placement, by one linear program for all layers.

What a runtime asks for between the router and the experts: how many tokens of each expert go to
each of its slots, so that the slowest device of every layer has the least to do. The program's
flows are rounded to whole tokens, which costs a device at most a token per expert it hosts.
"""

import time
from typing import NoReturn

import numpy as np

from models.errors import DocumentError, FieldError
from models.expert_split import ExpertSplit
from models.problems.expert_balance import ExpertBalancePlan, ExpertBalanceProblem, Matrix
from solvers.tables.expert_balance import NS_PER_S, Bools, Floats, Ints, Layer, build, hinted
from solvers.tables.expert_balance_batch import batches, whole_tokens


def split(problem: ExpertBalanceProblem, plan: ExpertBalancePlan, loads: Matrix) -> ExpertSplit:
    """loads: tokens [layers][experts] of the batch. Raises DocumentError, ArithmeticError."""
    layers = build(problem)
    placed = hinted(problem, layers, plan)
    known = [counts for counts in placed if counts is not None]
    if len(known) != len(layers):
        _refuse("/plan", "it breaks a rule", "see what 'verify' says about it")
    if len(loads) != len(layers) or any(len(row) != problem.experts for row in loads):
        size = f"{problem.layers} x {problem.experts}"
        _refuse("/loads", "the batch has other layers or experts", f"give {size} numbers of tokens")
    begun = time.monotonic_ns()
    counts, batch = np.array(known), np.array(loads, dtype=np.int64)
    flows = flows_of(batch, counts > 0, layers[0].rate)
    if flows is None:
        raise ArithmeticError("HiGHS did not solve the linear program of the batch")
    tokens = whole_tokens(flows, batch)
    wall_ns = time.monotonic_ns() - begun
    share = batch[:, :, None] * counts / counts.sum(axis=2, keepdims=True)
    return ExpertSplit(
        tokens=_by_slot(plan, layers[0], tokens),
        time_ns=tuple(_whole_ns(row, layers[0]) for row in tokens.sum(axis=1).tolist()),
        balanced_ns=tuple(
            -(-NS_PER_S * int(row.sum()) // int(layers[0].rate.sum())) for row in batch
        ),
        equal_ns=_slowest(share, layers[0]),
        wall_ns=wall_ns,
    )


def attempted(
    problem: ExpertBalanceProblem, plan: ExpertBalancePlan, loads: Matrix
) -> ExpertSplit | FieldError:
    """The split, or the fault of the request: what a child process can hand over."""
    try:
        return split(problem, plan, loads)
    except DocumentError as error:
        return error.faults[0]


def flows_of(loads: Ints, hosts: Bools, rate: Ints) -> Floats | None:
    """[B, E, G] tokens of batches [B, E] among hosts [B, E, G]; None where HiGHS gives up.

    Milliseconds of simplex, that no stopwatch interrupts: a child has its time limit from outside.
    """
    # Here, so that a server, which splits in children, does not import a solver library.
    from solvers.backends.highs_relaxation import Relaxation

    stated = batches(loads, hosts, rate)
    program = stated.program
    relaxed = Relaxation(program).solve(program.lower, program.upper)
    return None if relaxed.values is None else stated.flows(relaxed.values)


def _by_slot(plan: ExpertBalancePlan, layer: Layer, tokens: Ints) -> tuple[tuple[int, ...], ...]:
    """Tokens of the slots; of two slots of one expert on a device the first has all."""
    device = np.repeat(np.arange(layer.devices), layer.slots).tolist()
    found = []
    for row, given in zip(plan.physical_to_logical_map, tokens, strict=True):
        left = given.copy()
        amounts = []
        for expert, host in zip(row, device, strict=True):
            amounts.append(int(left[expert, host]))
            left[expert, host] = 0
        found.append(tuple(amounts))
    return tuple(found)


def _whole_ns(tokens: list[int], layer: Layer) -> int:
    """The slowest device's ns, rounded up, of whole tokens [G]; exact at any magnitude."""
    rates: list[int] = layer.rate.tolist()
    return max(-(-NS_PER_S * held // rate) for held, rate in zip(tokens, rates, strict=True))


def _slowest(tokens: Floats, layer: Layer) -> tuple[int, ...]:
    """[B] ns, rounded up, of tokens [B, E, G]."""
    times = (tokens.sum(axis=1) * (NS_PER_S / layer.rate)).max(axis=1)
    return tuple(int(x) for x in np.ceil(times - 1e-6))


def _refuse(pointer: str, reason: str, remedy: str) -> NoReturn:
    raise DocumentError((FieldError(pointer, "what was sent", reason, remedy),))
