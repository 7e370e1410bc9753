"""Exact dynamic program over sets of devices, for all three objectives.

State (used, u, i): layers i..L-1 run on exactly the multiset `used` of device types, the first of
these stages on type u. Its value is the least cost of that suffix:

    V[used + w, w, j] = min over u, i > j of  V[used, u, i] + send(w, u, cut i) + time(w, j..i-1)

for the latency, and the same with the maximum in place of + for the throughput; where sending and
computing do not overlap, send + time is one term of that maximum. Stages are added from the end
of the chain, so that the sender of a transfer is the stage being added and a return hop is known
at the start. Objectives with both a sum and a maximum (the makespan of M units; migration beside
throughput) come from sums under a threshold on the period (`_least`).

Two reductions keep the table small and exact (solvers/tables/pipeline_partition_space.py):
- interchangeable devices are one type with a count (PipeEdge, Hu et al. 2022): Π(count + 1)
  multisets instead of 2^D;
- types that every sender reaches at equal cost share one receiving *port*: on a plain switch u
  drops out of the state. Cuts stay apart, so unequal cut sizes are exact.

With a given order the multiset is not needed: each device comes before the one added last, and
the same recurrence runs over (u, i) alone.

Cost O(Π(c_t + 1) · W · L · (window + ports)) time for W types, window = layers that fit on one
device; memory O(Π(c_t + 1) · ports · L). Large tables are cut by a Lagrangian relaxation of the
counts (solvers/tables/pipeline_partition_relaxation.py): a beam of the most promising multisets
gives a plan, and the recurrence without what cannot beat it proves or improves it.
"""

import math

import numpy as np

from models.problems.pipeline_partition import (
    PipelinePartitionPlan,
    PipelinePartitionProblem,
)
from models.result import Claim, Limits, Reason
from solvers.base import UNREACHABLE, Progress, Stopwatch
from solvers.dp.pipeline_partition_program import OutOfTimeError, Program
from solvers.tables.pipeline_partition import Columns, Ints, Tables, build
from solvers.tables.pipeline_partition_space import Space, build_space

# Codes of multisets are 64-bit integers.
_MOST_CODES = 2**62
# States from which bounds pay for themselves.
_LARGE = 4_000_000
# Multisets kept per size while looking for a first plan.
_BEAM = 1000
# Trial ceilings above a lower bound, as fractions 1/n of it.
_SLACKS = (1000, 250, 60, 15, 4, 1)
_PRICE_PER_LAYER = 1000


class DynamicProgram:
    """The exact method of first choice for pipelines."""

    name = "dp"

    def solve(
        self,
        problem: PipelinePartitionProblem,
        limits: Limits,
        hint: PipelinePartitionPlan | None = None,
        report: Progress[PipelinePartitionPlan] | None = None,
    ) -> Claim[PipelinePartitionPlan]:
        """The optimum, or proof that there is no plan."""
        watch = Stopwatch(limits, report)
        tables = build(problem)
        multisets = math.prod(len(members) + 1 for members in tables.classes)
        if tables.order is None and multisets > _MOST_CODES:
            detail = f"{len(tables.classes)} types of devices have too many multisets to number"
            return Claim(self.name, Reason.UNSUPPORTED, detail=detail)
        space = build_space(tables)
        stats = {"types": len(space.types), "states": space.states}
        try:
            found = _least(space, watch)
        except OutOfTimeError:
            reason = Reason.CANCELLED if watch.cancelled() else Reason.TIME_LIMIT
            return Claim(self.name, reason, stats=stats)
        if found is None:
            return Claim(self.name, Reason.INFEASIBLE, stats=stats)
        value, stages = found
        return Claim(self.name, Reason.COMPLETED, tables.plan(stages), value, stats=stats)


def _least(space: Space, watch: Stopwatch) -> tuple[int, Columns] | None:
    """Min latency_weight x latency + moves + period_weight x period, and its stages.

    Where only one of the two parts counts, one run of the recurrence answers. Else: let f be the
    least additive part with period at most T and p the period of its plan. Every plan with period
    in [p, T] has an additive part of at least f, so none beats this one; what remains has period
    below p and additive part at least f, and beats the best known plan only with a period of at
    most (best - 1 - f) / period_weight, and with an additive part below best - period_weight x
    the least period of all, which ends the search.
    """
    tables, weight = space.tables, space.tables.period_weight
    if tables.latency_weight == 0 and not tables.move.any():
        return _shortest(space, watch)
    found = _cheapest(space, watch)
    if found is None or weight == 0:
        return found
    shortest = _shortest(space, watch)
    if shortest is None:
        raise AssertionError("a plan of least cost, but none of least period")
    best = _priced(tables, found)
    at_shortest = _cheapest(space, watch, shortest[0], best[0] - weight * shortest[0])
    if at_shortest is not None:
        best = min(best, _priced(tables, at_shortest))
    while found is not None:
        period = tables.times(found[1])[1]
        threshold = min(period - 1, (best[0] - 1 - found[0]) // weight)
        if threshold < shortest[0]:
            break
        found = _cheapest(space, watch, threshold, best[0] - weight * shortest[0])
        if found is not None:
            best = min(best, _priced(tables, found))
    return best


def _cheapest(
    space: Space, watch: Stopwatch, threshold: int = UNREACHABLE, below: int = UNREACHABLE
) -> tuple[int, Columns] | None:
    """The least additive cost `below` a value, every load within the threshold.

    Large tables are cut at ceilings that rise from a lower bound.
    """
    program = Program(space, watch, threshold=threshold)
    if not _is_large(space):
        return program.solve(ceiling=below)
    guide = program.relaxation().ascend(np.zeros(len(space.types), dtype=np.int64))
    if guide.bound >= below:
        return None
    known = program.solve(guide, below, beam=_BEAM)
    top = below if known is None else known[0]
    rising = (guide.bound + abs(guide.bound) // slack + 1 for slack in _SLACKS)
    for ceiling in [*(c for c in rising if c < top), top]:
        found = program.solve(guide, ceiling)
        if found is not None:
            return found
    return known


def _shortest(space: Space, watch: Stopwatch) -> tuple[int, Columns] | None:
    """The least period; for large tables by thresholds that rise from a lower bound."""
    if not _is_large(space):
        return Program(space, watch, longest=True).solve()
    low, price = _least_covered(space, watch)
    if low >= UNREACHABLE:
        return None
    for threshold in [low, *(low + low // slack + 1 for slack in _SLACKS)]:
        known = _within(space, watch, threshold, price, _BEAM)
        if known is not None and known[0] == low:
            return known
        top = threshold if known is None else known[0] - 1
        found = _within(space, watch, top, price, None) or known
        if found is not None:
            return found
    return Program(space, watch, longest=True).solve()


def _within(
    space: Space, watch: Stopwatch, threshold: int, price: Ints, beam: int | None
) -> tuple[int, Columns] | None:
    """The least period up to a threshold, by the beam or, without one, for certain."""
    program = Program(space, watch, longest=True, threshold=threshold)
    guide = program.relaxation().ascend(price, covered=True)
    return None if guide.bound > 0 else program.solve(guide, beam=beam)


def _least_covered(space: Space, watch: Stopwatch) -> tuple[int, Ints]:
    """A lower bound on the period and the prices there; UNREACHABLE where there is no plan.

    Below the bound the relaxation proves that the devices run out: at any prices the cheapest
    cover of the chain costs more than all devices. Prices start in proportion to the layers that
    a type can take.
    """
    steps = _loads(space)
    cuts = np.arange(space.tables.layers + 1)
    low, high = 0, len(steps)
    best = np.ones(len(space.types), dtype=np.int64)
    while low < high:
        if watch.expired():
            raise OutOfTimeError
        middle = (low + high) // 2
        threshold = int(steps[middle])
        program = Program(space, watch, longest=True, threshold=threshold)
        fits = np.where(space.time <= threshold, cuts - cuts[:-1, None], 0)
        start = _PRICE_PER_LAYER * fits.max(axis=(1, 2))
        guide = program.relaxation().ascend(start, covered=True)
        if guide.bound > 0:
            low = middle + 1
        else:
            high, best = middle, guide.price
    return (int(steps[low]), best) if low < len(steps) else (UNREACHABLE, best)


def _loads(space: Space) -> Ints:
    """All values that the period can take, ascending."""
    homes = np.array([space.home(kind) for kind in range(len(space.types))])
    home = np.broadcast_to(homes[:, None, None], (len(homes), 1, space.send.shape[2]))
    sends = np.concatenate([space.send, home], axis=1)
    if space.tables.overlap:
        loads = np.concatenate([space.time.ravel(), sends.ravel()])
    else:
        loads = np.unique(space.time[:, None] + sends[:, :, None, :])
    return np.unique(loads[loads < UNREACHABLE])


def _is_large(space: Space) -> bool:
    return space.tables.order is None and space.states > _LARGE


def _priced(tables: Tables, found: tuple[int, Columns]) -> tuple[int, Columns]:
    """The stages with the whole objective in place of its additive part."""
    value = tables.evaluate(found[1])
    if value is None:
        raise AssertionError("the table holds a plan that breaks a rule")
    return value, found[1]
