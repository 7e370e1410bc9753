"""One claim from the answers of all layers, which do not interact."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from models.problems.expert_balance import ExpertBalancePlan, ExpertBalanceProblem
from models.result import Claim, Reason
from solvers.base import Stopwatch
from solvers.integer_program import Answer
from solvers.tables.expert_balance import (
    NS_PER_S,
    Ints,
    Layer,
    build,
    hinted,
    plan_of,
    too_few,
    value,
    weighted,
)


@dataclass(frozen=True, eq=False)
class Found:
    """What is known of one layer: [E, G] replicas, a lower bound in ns, why nothing can be said."""

    counts: Ints | None = None
    bound: int | None = None
    unsupported: str = ""


def over_layers(
    name: str,
    problem: ExpertBalanceProblem,
    hint: ExpertBalancePlan | None,
    watch: Stopwatch,
    solve: Callable[[Layer, Stopwatch, Ints | None], Found],
) -> Claim[ExpertBalancePlan]:
    """The claim of a method that solves a layer, from a hint, before a stopwatch expires.

    A layer takes what it needs of the time that is left, at most its share of it.
    """
    layers = build(problem)
    if not layers[0].feasible:
        return Claim(name, Reason.INFEASIBLE, detail=too_few(layers[0]))
    bound, total, late = 0, 0, False
    placed: list[Ints | None] = []
    for index, (layer, known) in enumerate(zip(layers, hinted(problem, layers, hint), strict=True)):
        part = watch.share(watch.left_ns() // (len(layers) - index))
        found = Found() if part.expired() else solve(layer, part, known)
        if found.unsupported:
            return Claim(name, Reason.UNSUPPORTED, detail=found.unsupported)
        late = late or part.expired()
        bound += max(floor_ns(layer), found.bound or 0)
        both = [counts for counts in (found.counts, known) if counts is not None]
        best = min(both, key=lambda counts: value(layer, counts), default=None)
        placed.append(best)
        total += 0 if best is None else value(layer, best)
    complete = [counts for counts in placed if counts is not None]
    plan = plan_of(complete) if len(complete) == len(layers) else None
    if plan is not None and total == bound:
        return Claim(name, Reason.COMPLETED, plan, bound)
    if watch.cancelled():
        return Claim(name, Reason.CANCELLED, plan, bound)
    if late or watch.expired():
        return Claim(name, Reason.TIME_LIMIT, plan, bound)
    return Claim(name, Reason.HEURISTIC, plan, bound, detail="ended with a gap")


def found_of(answer: Answer, counts: Ints | None) -> Found:
    """A solver's answer of one layer, with the replicas made of its point."""
    unsupported = answer.detail if answer.reason is Reason.UNSUPPORTED else ""
    return Found(counts, answer.bound, unsupported)


def floor_ns(layer: Layer) -> int:
    """No placement takes less than perfect balance, ns."""
    rate = int(layer.rate.sum())
    totals = [int(row.sum()) for row in layer.loads]
    return weighted(layer, [-(-NS_PER_S * total // rate) for total in totals])


def filled(layer: Layer, hosts: Ints) -> Ints:
    """Replicas [E, G] of hosts 0 or 1: slots left empty repeat the device's first expert."""
    counts = hosts.copy()
    device = np.arange(layer.devices)
    counts[hosts.argmax(axis=0), device] += layer.slots - hosts.sum(axis=0)
    return counts
