"""The assignment program of modular, best_expert and top_k, in whole numbers.

    min  -Σ_c w_c Σ_i q_ci y_ci                  (modular: -Σ_i (Σ_c w_c q_ci) x_i, no y)
    y_ci ≤ x_i                                   only experts in service are asked
    Σ_i y_ci ≤ k                                 at most k for a cluster
    budget rows, Σ_{i∈needed} x_i ≥ 1            as in the tables
    k λ + Σ_i μ_i ≤ E,  λ + μ_i ≥ e_i x_i        worst top-k energy (λ, μ ≥ 0: its dual)

and, where routing is a decision, y whole, Σ_i y_ci ≥ 1 and Σ w_c ε_ci y_ci ≤ E W. Elsewhere y
follows from x and may be fractional; pairs of no quality are left out.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from models.problems.expert_selection import ExpertSelectionPlan
from models.problems.expert_selection_modes import QualityModel
from models.result import Claim, Reason
from solvers.base import Progress
from solvers.integer_program import NO_LIMIT, Answer, Array, IntegerProgram
from solvers.program_builder import Blocks
from solvers.tables.expert_selection import Bools, Peak, Tables

ASSIGNED = (QualityModel.MODULAR, QualityModel.BEST_EXPERT, QualityModel.TOP_K)


@dataclass(frozen=True, eq=False)
class Assignment:
    """The program and where its variables stand: x first, then y of the pairs (cluster, expert)."""

    program: IntegerProgram
    cluster: Array
    expert: Array

    def chosen(self, point: Array, tables: Tables) -> Bools:
        """The selection [n] in a point."""
        return np.asarray(np.round(point[: tables.experts]).astype(np.int64) == 1)

    def routing(self, point: Array, tables: Tables) -> Bools:
        """[C, n] who is asked in a point."""
        asked = np.zeros(tables.usable.shape, dtype=np.bool_)
        taken = np.round(point[tables.experts :][: len(self.cluster)]).astype(np.int64) == 1
        asked[self.cluster[taken], self.expert[taken]] = True
        return asked

    def replayed(self, point: Array, tables: Tables) -> tuple[ExpertSelectionPlan, int] | None:
        """Plan and shortfall of a point, rounded; None where a rule breaks in whole numbers."""
        chosen = self.chosen(point, tables)
        if not tables.feasible(chosen):
            return None
        if not tables.decided:
            return tables.plan(chosen), tables.objective(chosen)
        routing = self.routing(point, tables)
        spent = int((tables.energy * tables.weight[:, None])[routing].sum())
        asked = routing.sum(axis=1)
        if tables.routed_limit is not None and spent > tables.routed_limit:
            return None
        if (asked < 1).any() or (asked > tables.asked).any() or (routing & ~chosen).any():
            return None
        value = int((tables.quality * tables.weight[:, None])[routing].sum())
        return tables.plan(chosen, routing), tables.shortfall(value)

    def streaming(
        self, tables: Tables, report: Progress[ExpertSelectionPlan] | None
    ) -> tuple[Callable[[Array], None], Callable[[int], None]]:
        """Where a backend's better points and bounds go."""
        listener = report or Progress[ExpertSelectionPlan]()

        def found(point: Array) -> None:
            replayed = self.replayed(point, tables)
            if replayed is not None:
                listener.plan(replayed[0])

        return found, lambda bound: listener.bound(max(0, tables.shortfall(-bound)))

    def claim(self, name: str, tables: Tables, answer: Answer) -> Claim[ExpertSelectionPlan]:
        """What a solver's answer says of the problem; nothing is proved but by equal integers."""
        stats = {"columns": self.program.columns, "rows": self.program.rows, **answer.stats}
        if answer.reason in (Reason.INFEASIBLE, Reason.UNSUPPORTED, Reason.FAILED):
            return Claim(name, answer.reason, detail=answer.detail, stats=stats)
        point = answer.values if answer.point is None else answer.point
        replayed = None if point is None else self.replayed(point, tables)
        plan, objective = replayed or (None, None)
        bound = None if answer.bound is None else max(0, tables.shortfall(-answer.bound))
        reason, detail = answer.reason, answer.detail
        if plan is not None and objective == bound:
            reason, detail = Reason.COMPLETED, ""
        elif reason is Reason.COMPLETED:
            reason, detail = Reason.HEURISTIC, "the search ended, floating point leaves a gap"
        return Claim(name, reason, plan, bound, detail, stats)


def assignment(tables: Tables) -> Assignment:
    """The program of a problem whose model is in ASSIGNED."""
    modular = tables.model is QualityModel.MODULAR
    usable = tables.usable & tables.allowed
    pairs = usable if tables.decided else usable & (tables.quality > 0)
    cluster, expert = np.nonzero(pairs & (not modular))
    experts, size = tables.experts, tables.experts + len(cluster)
    rows = Blocks()
    budgets(rows, tables, size)
    at = np.arange(len(cluster))
    if len(at):
        link = (np.tile(at, 2), np.concatenate([experts + at, expert]), np.repeat([1, -1], len(at)))
        rows.add(len(at), link, -NO_LIMIT, 0)
        least = 1 if tables.decided else 0
        asked = (cluster, experts + at, 1)
        rows.add(len(tables.weight), asked, least, tables.asked)
    if tables.routed_limit is not None:
        spend = tables.weight[cluster] * tables.energy[cluster, expert]
        rows.add(1, (np.zeros_like(at), experts + at, spend), -NO_LIMIT, tables.routed_limit)
    extra = 0 if tables.peak is None else 1 + experts
    cost = np.zeros(size + extra, dtype=np.int64)
    if modular:
        cost[:experts] = -(tables.weight @ tables.quality)
    cost[experts:size] = -tables.weight[cluster] * tables.quality[cluster, expert]
    upper = np.ones(size + extra, dtype=np.int64)
    upper[:experts] = tables.allowed
    if tables.peak is not None:
        upper[size:] = peak_limits(tables.peak)
    integer = np.zeros(size + extra, dtype=np.bool_)
    integer[: size if tables.decided else experts] = True
    # Shortfalls are in ppm of the mean quality, rounded up.
    total = int(tables.weight.sum())
    program = replace(rows.program(cost, np.zeros_like(upper), upper, integer), grain=total)
    return Assignment(program, cluster, expert)


def peak_limits(peak: Peak) -> Array:
    """[1 + n] what λ and μ need at most: the energy of one expert."""
    most = np.concatenate([[peak.energy.max(initial=0)], peak.energy])
    return np.asarray(np.minimum(most, peak.limit))


def budgets(rows: Blocks, tables: Tables, first: int) -> None:
    """Rows on x alone; λ and μ of the worst top-k energy stand from column `first` on."""
    row, column = np.nonzero(tables.rows)
    entries = (row, column, tables.rows[row, column])
    rows.add(len(tables.limits), entries, -NO_LIMIT, tables.limits)
    row, column = np.nonzero(tables.needed)
    rows.add(len(tables.needed), (row, column, 1), 1, NO_LIMIT)
    if tables.peak is None:
        return
    at = np.arange(tables.experts)
    over = np.concatenate([[first], first + 1 + at])
    price = np.concatenate([[tables.peak.k], np.ones(tables.experts, dtype=np.int64)])
    rows.add(1, (np.zeros_like(over), over, price), -NO_LIMIT, tables.peak.limit)
    columns = np.concatenate([np.full_like(at, first), first + 1 + at, at])
    values = np.concatenate([np.ones(2 * len(at), dtype=np.int64), -tables.peak.energy])
    rows.add(tables.experts, (np.tile(at, 3), columns, values), 0, NO_LIMIT)
