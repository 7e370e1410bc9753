"""Which tables the pipeline dynamic program fills, in which order, and what each of them proves.

One run of the recurrence answers where the objective is a sum or a maximum. Where it has both,
sums under falling thresholds on the period answer (`least`). Large tables are never filled as a
whole: the relaxation bounds them from below, a beam gives a plan, and trial ceilings rise from the
bound until the optimum lies below one.
"""

import numpy as np

from models.problems.pipeline_partition import PipelinePartitionPlan
from solvers.base import UNREACHABLE, Progress, Stopwatch
from solvers.dp.pipeline_partition_program import OutOfTimeError, Program
from solvers.tables.pipeline_partition import Columns, Ints, Tables
from solvers.tables.pipeline_partition_relaxation import Prices
from solvers.tables.pipeline_partition_space import Space

# States from which bounds pay for themselves.
_LARGE = 4_000_000
# Multisets kept per size while looking for a first plan.
_BEAM = 1000
# Trial ceilings above a lower bound, as fractions 1/n of it.
_SLACKS = (1000, 250, 60, 15, 4, 1)
_PRICE_PER_LAYER = 1000

Found = tuple[int, Columns]


class Standing:
    """The best plan and the best bound of a running solve; its listener hears of better ones.

    stages: of the best plan, None without one, and `value` its objective; bound: no plan costs
    less, None where not established.
    """

    def __init__(
        self, tables: Tables, listener: Progress[PipelinePartitionPlan], known: Columns | None
    ) -> None:
        self._tables = tables
        self._listener = listener
        self.stages = known
        self.value = None if known is None else tables.evaluate(known)
        self.bound: int | None = None

    def offer(self, stages: Columns) -> None:
        """Keep a plan if it is better than the best so far."""
        value = self._tables.evaluate(stages)
        if value is None:
            raise AssertionError("the table holds a plan that breaks a rule")
        if self.value is None or value < self.value:
            self.value, self.stages = value, stages
            self._listener.plan(self._tables.plan(stages))

    def prove(self, bound: int) -> None:
        """Keep a lower bound if it is better than the best so far."""
        if self.bound is None or bound > self.bound:
            self.bound = bound
            self._listener.bound(bound)


class Search:
    """One solve. What stands when it begins is a plan to start from: none worse is looked for.

    Plans as good as that one are found anew all the same, so that an answer does not depend on
    which of several best plans was known before.
    kept: multisets held by all tables that were filled.
    """

    def __init__(self, space: Space, watch: Stopwatch, standing: Standing) -> None:
        self._space = space
        self._tables = space.tables
        self._watch = watch
        self._standing = standing
        self._start = standing.value
        known = standing.stages
        self._most = UNREACHABLE - 1 if known is None else self._tables.times(known)[1]
        self._period_cost = 0
        self.kept = 0

    def least(self) -> Found | None:
        """The least objective and its stages, None where there is no plan.

        Where sum and maximum both count: let f be the least additive part with period at most T
        and p the period of its plan. Every plan with period in [p, T] has an additive part of at
        least f, so none beats this one; what remains has period below p and additive part at
        least f, and beats the best known plan only with a period of at most
        (best - 1 - f) / period_weight, and with an additive part below best - period_weight x
        the least period of all, which ends the search. A start that is better than the best
        found stands in for it. Raises OutOfTimeError.
        """
        tables, weight = self._tables, self._tables.period_weight
        if tables.latency_weight == 0 and not tables.move.any():
            return self._shortest()
        if weight == 0:
            return self._cheapest(UNREACHABLE, self._goal(UNREACHABLE))
        shortest = self._shortest()
        return None if shortest is None else self._both(*shortest)

    def _both(self, shortest: int, stages: Columns) -> Found:
        """The least objective, given the least period and a plan that has it."""
        weight = self._tables.period_weight
        self._period_cost = weight * shortest
        best = self._priced(stages)
        found = self._cheapest(UNREACHABLE, self._room(best[0] + 1))
        if found is not None:
            best = min(best, self._priced(found[1]))
        at_shortest = self._cheapest(shortest, self._room(best[0]))
        if at_shortest is not None:
            best = min(best, self._priced(at_shortest[1]))
        while found is not None:
            self._standing.prove(min(best[0], found[0] + self._period_cost))
            period = self._tables.times(found[1])[1]
            threshold = min(period - 1, (self._goal(best[0]) - 1 - found[0]) // weight)
            if threshold < shortest:
                break
            found = self._cheapest(threshold, self._room(best[0]))
            if found is not None:
                best = min(best, self._priced(found[1]))
        return best

    def _priced(self, stages: Columns) -> Found:
        """The stages with the whole objective in place of a part of it."""
        self._standing.offer(stages)
        value = self._tables.evaluate(stages)
        if value is None:
            raise AssertionError("the table holds a plan that breaks a rule")
        return value, stages

    def _goal(self, value: int) -> int:
        """Below it lies what costs less than a value, and no more than the start."""
        return value if self._start is None else min(value, self._start + 1)

    def _room(self, value: int) -> int:
        """Plans below the goal have an additive part below this."""
        return self._goal(value) - self._period_cost

    def _cheapest(self, threshold: int, below: int) -> Found | None:
        """The least additive cost `below` a value, every load within the threshold."""
        program = Program(self._space, self._watch, threshold=threshold)
        below = min(below, self._space.dearest + 1)
        if not self._is_large():
            return self._run(program, ceiling=below)
        nothing = np.zeros(len(self._space.types), dtype=np.int64)
        guide = program.relaxation().ascend(nothing, self._watch, below)
        self._prove_sum(threshold, min(guide.bound, below))
        self._keep_time()
        if guide.bound >= below:
            return None
        known = self._run(program, guide, below, _BEAM)
        top = below if known is None else known[0]
        rising = (guide.bound + abs(guide.bound) // slack + 1 for slack in _SLACKS)
        for ceiling in [*(c for c in rising if c < top), top]:
            found = self._run(program, guide, ceiling)
            if found is not None:
                return found
            self._prove_sum(threshold, ceiling)
        return known

    def _prove_sum(self, threshold: int, bound: int) -> None:
        """Without a threshold, a bound of the additive part is one of the objective."""
        if threshold >= UNREACHABLE:
            self._standing.prove(bound + self._period_cost)

    def _shortest(self) -> Found | None:
        """The least period; for large tables by thresholds that rise from a lower bound."""
        if not self._is_large():
            return self._run(self._longest(self._most))
        low, price = self._least_covered()
        if low >= UNREACHABLE:
            return None
        rising = (low, *(low + low // slack + 1 for slack in _SLACKS))
        for threshold in [*(t for t in rising if t < self._most), self._most]:
            known = self._within(threshold, price, _BEAM)
            if known is not None and known[0] == low:
                return known
            top = threshold if known is None else known[0] - 1
            found = self._within(top, price, None) or known
            if found is not None:
                return found
            self._prove_period(threshold + 1)
        return None

    def _prove_period(self, period: int) -> None:
        """No plan has a shorter period; its latency is at least its period."""
        weight = self._tables.latency_weight + self._tables.period_weight
        self._standing.prove(weight * period)

    def _within(self, threshold: int, price: Ints, beam: int | None) -> Found | None:
        """The least period up to a threshold, by the beam or, without one, for certain."""
        program = self._longest(threshold)
        guide = program.relaxation().ascend(price, self._watch, 1, covered=True)
        self._keep_time()
        return None if guide.bound > 0 else self._run(program, guide, beam=beam)

    def _least_covered(self) -> tuple[int, Ints]:
        """A lower bound on the period and the prices there; UNREACHABLE where there is no plan.

        Below the bound the relaxation proves that the devices run out: at any prices the cheapest
        cover of the chain costs more than all devices.
        """
        steps = _loads(self._space)
        low, high = 0, int(np.searchsorted(steps, self._most))
        best = self._first_prices(self._most)
        while low < high:
            self._keep_time()
            middle = (low + high) // 2
            threshold = int(steps[middle])
            start = self._first_prices(threshold)
            relaxation = self._longest(threshold).relaxation()
            guide = relaxation.ascend(start, self._watch, 1, covered=True)
            if guide.bound > 0:
                low = middle + 1
                self._prove_period(threshold + 1)
            else:
                high, best = middle, guide.price
        return (int(steps[low]), best) if low < len(steps) else (UNREACHABLE, best)

    def _first_prices(self, threshold: int) -> Ints:
        """In proportion to the layers that a type can take within a threshold."""
        cuts = np.arange(self._tables.layers + 1)
        fits = np.where(self._space.time <= threshold, cuts - cuts[:-1, None], 0)
        prices: Ints = _PRICE_PER_LAYER * fits.max(axis=(1, 2))
        return prices

    def _longest(self, threshold: int) -> Program:
        return Program(self._space, self._watch, longest=True, threshold=threshold)

    def _run(
        self,
        program: Program,
        guide: Prices | None = None,
        ceiling: int = UNREACHABLE,
        beam: int | None = None,
    ) -> Found | None:
        """Fill the tables of a program; with a guide, plans are heard of on the way."""
        before = program.kept
        try:
            found = None if guide is None else self._standing.offer
            return program.solve(guide, ceiling, beam, found)
        finally:
            self.kept += program.kept - before

    def _keep_time(self) -> None:
        if self._watch.expired():
            raise OutOfTimeError

    def _is_large(self) -> bool:
        return self._tables.order is None and self._space.states > _LARGE


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
