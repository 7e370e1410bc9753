"""One batch among the replicas of a placement, by one linear program for all layers.

What a runtime asks for between the router and the experts: how many tokens of each expert go to
each of its slots, so that the slowest device of every layer has the least to do. The program's
flows are rounded to whole tokens, which then are moved until no split into whole tokens is faster.
"""

import time
from dataclasses import replace
from typing import NoReturn

import numpy as np

from models.errors import DocumentError, FieldError
from models.expert_split import ExpertSplit
from models.problems.expert_balance import ExpertBalancePlan, ExpertBalanceProblem, Matrix
from planner.verify import verify
from solvers.tables.expert_balance import (
    NS_PER_S,
    Bools,
    Floats,
    Ints,
    Layer,
    build,
    equal_ns,
    hinted,
)
from solvers.tables.expert_balance_batch import batches
from solvers.tables.expert_balance_whole import fastest, whole_tokens


def split(problem: ExpertBalanceProblem, plan: ExpertBalancePlan, loads: Matrix) -> ExpertSplit:
    """loads: tokens [layers][experts] of the batch. Raises DocumentError, ArithmeticError."""
    layers = build(problem)
    placed = hinted(problem, layers, plan)
    known = [counts for counts in placed if counts is not None]
    if len(known) != len(layers):
        _refuse_plan(problem, plan)
    sent = sorted({len(row) for row in loads})
    if len(loads) != len(layers) or sent != [problem.experts]:
        size = f"{problem.layers} x {problem.experts}"
        got = f"{len(loads)} x {' or '.join(map(str, sent))}"
        remedy = f"give {size} numbers of tokens"
        _refuse("/loads", got, "the batch has other layers or experts", remedy)
    begun = time.monotonic_ns()
    counts, batch = np.array(known), np.array(loads, dtype=np.int64)
    flows = flows_of(batch, counts > 0, layers[0].rate)
    if flows is None:
        raise ArithmeticError("HiGHS did not solve the linear program of the batch")
    hosts, rates = counts > 0, layers[0].rate.tolist()
    tokens = np.array(
        [
            fastest(whole_tokens(*row), row[2], rates)
            for row in zip(flows, batch, hosts, strict=True)
        ]
    )
    wall_ns = time.monotonic_ns() - begun
    alone = [replace(layer, loads=row[None]) for layer, row in zip(layers, batch, strict=True)]
    return ExpertSplit(
        tokens=_by_slot(plan, layers[0], tokens),
        time_ns=tuple(_whole_ns(row, layers[0]) for row in tokens.sum(axis=1).tolist()),
        balanced_ns=tuple(
            -(-NS_PER_S * int(row.sum()) // int(layers[0].rate.sum())) for row in batch
        ),
        equal_ns=tuple(
            equal_ns(layer, placed)[0] for layer, placed in zip(alone, known, strict=True)
        ),
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


def _refuse_plan(problem: ExpertBalanceProblem, plan: ExpertBalancePlan) -> NoReturn:
    first = verify(problem, plan).violations[0]
    reason = f"it breaks the rule '{first.rule}'"
    _refuse("/plan", first.where, reason, "see what 'verify' says about it")


def _refuse(pointer: str, got: str, reason: str, remedy: str) -> NoReturn:
    raise DocumentError((FieldError(pointer, got, reason, remedy),))
