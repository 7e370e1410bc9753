"""Discrete monotonic optimisation by branch, reduce and bound: the search of MoE².

Maximise the quality f(S) of a selection under budgets that are increasing in S. A box is all S
with inside ⊆ S ⊆ inside ∪ free. Best bound first, each box is

    1. discarded where `inside` breaks a budget, or all of it leaves a requirement unmet;
    2. reduced: free experts that do not fit beside `inside` leave; experts without which a
       requirement is unmet, or without which the bound falls below the target, join;
    3. discarded where its bound (expert_selection_bounds) is below the target;
    4. closed where all of it is feasible and f monotone: it is the best of the box itself;
    5. completed greedily, which may raise the target; and
    6. split on the free expert with the largest gain.

The target is the least quality that improves the objective: one ppm, or one step of the grid on
which the qualities lie. At any time the largest open bound is valid. Sources: Tuy, Monotonic
optimization, SIAM J. Optim. 11 (2000); Tuy, Minoux and Hoai-Phuong, Discrete monotonic
optimization, SIAM J. Optim. 17 (2006), for reduction and bound of boxes.
"""

import heapq
from dataclasses import dataclass, replace

import numpy as np

from models.problems.expert_selection import (
    MILLION,
    ExpertSelectionPlan,
    ExpertSelectionProblem,
)
from models.result import Claim, Limits, Reason
from solvers.base import Progress, Stopwatch
from solvers.search.expert_selection_bounds import (
    Box,
    LinearBound,
    Memory,
    Verdict,
    lines_of,
)
from solvers.tables.expert_selection import Bools, Tables, build
from solvers.tables.expert_selection_greedy import addable, by_gain, by_ratio, complete, unmet
from solvers.tables.expert_selection_monotone import counter_example
from solvers.tables.expert_selection_quality import Gated, Measured, SetFunction

# Errors of float sums of qualities stay a hundred times below this, ppm.
TOLERANCE = 1e-6
_ROOT_STEPS = 200
_NODE_STEPS = 5


@dataclass(frozen=True, eq=False)
class Found:
    """What a search ends with: the best selection, its objective, the bound, figures."""

    chosen: Bools | None
    objective: int | None
    lower_bound: int | None
    complete: bool
    boxes: int


class Search:
    """One run of branch, reduce and bound on tables whose routing is not a decision."""

    def __init__(
        self, tables: Tables, watch: Stopwatch, report: Progress[ExpertSelectionPlan] | None
    ) -> None:
        self.tables, self.watch, self.report = tables, watch, report
        self.function = tables.function
        self.linear = _linear(tables)
        self.best: Bools | None = None
        self.objective: int | None = None
        self.target = -np.inf
        self.boxes = 0
        self._open: list[tuple[float, int, Box, Verdict]] = []

    def run(self) -> Found:
        """Search until every box is below the target, or the watch says stop."""
        size = self.tables.experts
        root = Box(np.zeros(size, dtype=np.bool_), self.tables.allowed.copy())
        if self.linear is None:
            self._enter(root, None, _ROOT_STEPS, np.inf)
        else:
            self._complete(root)
            self._enter(root, self.linear.first(), _ROOT_STEPS, np.inf)
        while self._open:
            bound = -self._open[0][0]
            if bound < self.target:
                break
            if self.watch.expired():
                return self._found(bound)
            _, _, box, verdict = heapq.heappop(self._open)
            self._branch(box, verdict)
        return self._found(None)

    def offer(self, chosen: Bools) -> None:
        """Take a feasible selection if it is the best so far."""
        objective = self.tables.objective(chosen)
        if self.objective is not None and objective >= self.objective:
            return
        self.best, self.objective = chosen.copy(), objective
        quality = float(self.function.values(chosen[None])[0])
        self.target = max(MILLION - (objective - 1), quality + self.tables.step) - TOLERANCE
        if self.report is not None:
            self.report.plan(self.tables.plan(chosen))

    def _found(self, bound: float | None) -> Found:
        lower = self.objective
        if bound is not None:
            lower = max(0, int(np.ceil(MILLION - bound - TOLERANCE)))
            lower = lower if self.objective is None else min(lower, self.objective)
        return Found(self.best, self.objective, lower, bound is None, self.boxes)

    def _branch(self, box: Box, verdict: Verdict) -> None:
        pick = int(np.where(box.free, verdict.score, -np.inf).argmax())
        free = box.free.copy()
        free[pick] = False
        inside = box.inside.copy()
        inside[pick] = True
        for child in (Box(inside, free), Box(box.inside, free)):
            self._enter(child, verdict.memory, _NODE_STEPS, verdict.bound)

    def _enter(self, box: Box, memory: Memory | None, steps: int, above: float) -> None:
        """Steps 1 to 5 for one box; what is left of it joins the open ones."""
        self.boxes += 1
        grown = bool(box.inside.any())
        while True:
            reduced = self._reduce(box)
            if reduced is None:
                return
            box = reduced
            if self._closed(box):
                return
            if grown:
                self._complete(box)
            verdict = self._judge(box, memory, steps)
            if min(verdict.bound, above) < self.target or verdict.bound == -np.inf:
                return
            if not verdict.must.any() and not verdict.never.any():
                break
            grown = bool(verdict.must.any())
            inside = box.inside | verdict.must
            box = Box(inside, box.free & ~verdict.must & ~verdict.never)
            memory = verdict.memory or memory
        entry = (-min(verdict.bound, above), self.boxes, box, verdict)
        heapq.heappush(self._open, entry)

    def _reduce(self, box: Box) -> Box | None:
        """Steps 1 and 2 by the budgets and requirements alone, until nothing changes."""
        inside = box.inside
        left = self.tables.limits - self.tables.rows @ inside
        if (left < 0).any() or not self._peak_kept(inside):
            return None
        while True:
            free = addable(self.tables, inside, box.free)
            open_ = unmet(self.tables, inside) & free
            count = open_.sum(axis=1)
            if (count == 0).any():
                return None
            forced = open_[count == 1].any(axis=0)
            if not forced.any():
                return Box(inside, free)
            inside = inside | forced
            left = self.tables.limits - self.tables.rows @ inside
            if (left < 0).any() or not self._peak_kept(inside):
                return None

    def _peak_kept(self, inside: Bools) -> bool:
        peak = self.tables.peak
        return peak is None or peak.used(inside) <= peak.limit

    def _closed(self, box: Box) -> bool:
        """Step 4: whether nothing is left to decide; offers what the box then holds."""
        whole = box.inside | box.free
        if isinstance(self.function, Measured):
            best = self.function.best(box.inside, box.free)
            if best is not None and self.tables.feasible(best):
                self.offer(best)
                return True
        if not box.free.any() or self.function.monotone:
            if self.tables.feasible(whole):
                self.offer(whole)
                return True
            return not box.free.any()
        return False

    def _complete(self, box: Box) -> None:
        """Step 5."""
        for price in (by_ratio(self.tables), by_gain):
            chosen = complete(self.tables, box.inside, box.free, price)
            if chosen is not None:
                self.offer(chosen)
            if box.inside.any():
                return

    def _judge(self, box: Box, memory: Memory | None, steps: int) -> Verdict:
        """Step 3's bound and what it decides about single experts."""
        if self.linear is not None and memory is not None:
            verdict = self.linear.bound(box, memory, self.target, steps)
            if self.function.monotone and verdict.bound >= self.target:
                verdict = replace(verdict, bound=min(verdict.bound, self._largest(box)))
            if self.linear.function is self.function or verdict.bound < self.target:
                return verdict
            bound = min(verdict.bound, self._largest(box))
            return replace(verdict, bound=bound)
        return self._by_members(box)

    def _largest(self, box: Box) -> float:
        """A bound on f over the box from f alone."""
        if isinstance(self.function, Gated | Measured):
            return self.function.box(box.inside, box.free)
        return float(self.function.values((box.inside | box.free)[None])[0])

    def _by_members(self, box: Box) -> Verdict:
        """Bounds of the box and of its largest parts, f(U) and f(U - i)."""
        score = np.zeros(len(box.free))
        must = np.zeros_like(box.free)
        top = self._largest(box)
        for expert in np.flatnonzero(box.free):
            free = box.free.copy()
            free[expert] = False
            without = self._largest(Box(box.inside, free))
            must[expert] = without < self.target or without == -np.inf
            score[expert] = top - without if np.isfinite(without) else np.inf
        return Verdict(top, None, must, np.zeros_like(box.free), score)


def _linear(tables: Tables) -> LinearBound | None:
    function: SetFunction = tables.function
    if isinstance(function, Gated):
        # A mean is no larger than the best of what it is taken over.
        function = function.best_of()
    lines = lines_of(function)
    return None if lines is None else LinearBound(tables, function, lines)


class Monotonic:
    """The central method for this kind; every quality model, routing decided by the selection."""

    name = "monotonic"

    def solve(
        self,
        problem: ExpertSelectionProblem,
        limits: Limits,
        hint: ExpertSelectionPlan | None = None,
        report: Progress[ExpertSelectionPlan] | None = None,
    ) -> Claim[ExpertSelectionPlan]:
        """The optimum or, at the time limit, a plan and a valid bound."""
        watch = Stopwatch(limits, report)
        tables = build(problem)
        if tables.decided:
            return Claim(self.name, Reason.UNSUPPORTED, detail="routing is a decision of its own")
        search = Search(tables, watch, report)
        start = None if hint is None else tables.members(hint)
        if start is not None and tables.feasible(start):
            search.offer(start)
        found = search.run()
        reason = Reason.COMPLETED
        if not found.complete:
            reason = Reason.CANCELLED if watch.cancelled() else Reason.TIME_LIMIT
        elif found.chosen is None:
            reason = Reason.INFEASIBLE
        return Claim(
            self.name,
            reason,
            None if found.chosen is None else tables.plan(found.chosen),
            found.lower_bound,
            detail=counter_example(tables) or "",
            stats={"boxes": found.boxes},
        )
