"""Cuts per cluster, separated and solved again: best_expert, top_k and coverage.

    max Σ_c w_c η_c   with   η_c ≤ b_c(S) + Σ_i s_ci(S) x_i   for the selections S met so far

For best_expert and top_k, where μ is the k-th best quality of S, b = k μ and s_i = max(q_i - μ, 0):
the submodular cut of Nemhauser and Wolsey (Mathematical Programming 21, 1981), which at fractional
x separates the whole assignment program. For coverage b = f_c(S) and s_i = f_c(i | S), 0 inside,
where x is whole, and elsewhere a capped tangent of 1 - Π (1 - p_i) (expert_selection_lines).
The linear relaxation is tightened first, then the program with whole x is solved, its selection
priced and cut off, until the program promises no more than the best selection has. One row per
cluster and round, where the assignment program has one per cluster and expert.

What tolerances hide is settled by rows of ones, which they cannot lose. A selection that breaks a
budget by less than HiGHS sees goes with all that hold it: Σ_{i ∈ S} x_i ≤ |S| - 1. One that seems
worth more than it is, though no cut is broken, goes with all that are worth no more: those without
any expert that adds to it, Σ_{i: f(i | S) > 0} x_i ≥ 1. No selection comes twice, so the search
ends; from then on the program's bound holds for the selections that are left.
"""

import math
from dataclasses import dataclass

import numpy as np

from models.problems.expert_selection import ExpertSelectionPlan, ExpertSelectionProblem
from models.problems.expert_selection_checks import MILLION
from models.problems.expert_selection_modes import QualityModel
from models.result import Claim, Limits, Reason
from solvers.backends import highs
from solvers.backends.coarsening import around
from solvers.backends.resolution import FINEST
from solvers.base import Progress, Stopwatch
from solvers.integer_program import NO_LIMIT
from solvers.program_builder import Blocks
from solvers.tables.expert_selection import Bools, Tables, build
from solvers.tables.expert_selection_greedy import by_ratio, complete
from solvers.tables.expert_selection_program import budgets, peak_limits
from solvers.tables.expert_selection_quality import Floats, Ints

_MODELS = (QualityModel.BEST_EXPERT, QualityModel.TOP_K, QualityModel.COVERAGE)
# Up to twenty rounds of cuts stay in memory, 8 bytes per pair of cluster and expert each.
_MAX_PAIRS = 4 * 10**6
# Rounds on the linear relaxation: later ones gain little.
_RELAXED_ROUNDS = 20
# A sure hit is worth -ln of this: 10⁻⁹ ppm instead of an infinity. And steps to a tangent's point.
_SURE = 1e-15
_POINT_STEPS = 10
# HiGHS' bound, ppm of quality, to which its tolerances of 10⁻⁹ add up.
_TOLERANCE = 1e-4


@dataclass(frozen=True, eq=False)
class _Cut:
    """Rows η_c ≤ base + slopes x for some clusters: cluster [m], base [m], slopes [m, n]."""

    cluster: Ints
    base: Floats
    slopes: Floats


class Cuts:
    """The method as a solver; routing decided by the selection."""

    name = "cuts"

    def solve(
        self,
        problem: ExpertSelectionProblem,
        limits: Limits,
        hint: ExpertSelectionPlan | None = None,
        report: Progress[ExpertSelectionPlan] | None = None,
    ) -> Claim[ExpertSelectionPlan]:
        """The optimum or, at the time limit, the best selection met and the last bound."""
        watch = Stopwatch(limits, report)
        if problem.quality_model not in _MODELS or problem.routing_is_decided:
            detail = "for best_expert, top_k and coverage, where the selection decides the routing"
            return Claim(self.name, Reason.UNSUPPORTED, detail=detail)
        if len(problem.experts) * len(problem.clusters) > _MAX_PAIRS:
            detail = f"above {_MAX_PAIRS:,} pairs of cluster and expert"
            return Claim(self.name, Reason.UNSUPPORTED, detail=detail)
        run = _Run(build(problem), watch, limits.seed)
        reason = run.solve()
        plan = None if run.best is None else run.tables.plan(run.best)
        lower = None
        if reason is Reason.COMPLETED:
            lower = run.objective
        elif run.bound is not None:
            lower = run.promise(run.bound)
        stats = {"rounds": run.rounds, "cuts": sum(len(cut.cluster) for cut in run.cuts)}
        return Claim(self.name, reason, plan, lower, run.detail, stats)


class _Run:
    """Cuts, the best selection and the bound of one solve."""

    def __init__(self, tables: Tables, watch: Stopwatch, seed: int) -> None:
        self.tables, self.watch, self.seed = tables, watch, seed
        self.weight = tables.weight / tables.weight.sum()
        self.cuts: list[_Cut] = []
        self.best: Bools | None = None
        self.objective: int | None = None
        self.bound: float | None = None
        self.covers: list[Bools] = []
        self.adding: list[Bools] = []
        self.rounds = 0
        self.detail = ""

    def solve(self) -> Reason:
        """Both phases; why they ended."""
        start = complete(
            self.tables, self.tables.chosen([]), self.tables.allowed, by_ratio(self.tables)
        )
        self._offer(start)
        self._cut_off(np.zeros(self.tables.experts), np.full(len(self.weight), np.inf))
        ended = None
        while ended is None and self.rounds < _RELAXED_ROUNDS:
            found, ended = self._round(integer=False)
            if not found:
                break
        while ended is None:
            _, ended = self._round(integer=True)
        return ended

    def promise(self, bound: float) -> int:
        """The least objective that a bound on the selections left, and the best one met, allow."""
        lower = max(0, int(np.ceil(MILLION - bound - _TOLERANCE)))
        return lower if self.objective is None else min(lower, self.objective)

    def _round(self, *, integer: bool) -> tuple[bool, Reason | None]:
        """Solve once; whether cuts were found at the point, and why to end, if so."""
        answer = self._answer(integer=integer)
        if answer.reason is Reason.INFEASIBLE and self.best is not None:
            return False, self._none_left()
        if answer.reason is not Reason.COMPLETED or answer.values is None:
            self.detail = answer.detail
            return False, answer.reason
        x = answer.values[: self.tables.experts]
        if integer:
            x = np.round(x)
            if not self.tables.feasible(x == 1):
                return True, self._once(self.covers, x == 1)
            self._offer(x == 1)
        if self._done():
            return False, Reason.COMPLETED
        promised = answer.values[self.tables.experts :][: len(self.weight)]
        found = self._cut_off(x, promised)
        if integer and not found:
            return True, self._once(self.adding, self._gainers(x == 1))
        return found, None

    def _none_left(self) -> Reason:
        """What it means that HiGHS finds no selection where there is one."""
        if self.adding:
            return Reason.COMPLETED
        self.detail = "HiGHS denies a selection that there is"
        return Reason.HEURISTIC

    def _once(self, rows: list[Bools], row: Bools) -> Reason | None:
        """Add a row of ones; a point that breaks one it was given is HiGHS' mistake."""
        if any((row == other).all() for other in rows):
            self.detail = "HiGHS returns a selection that was cut off"
            return Reason.HEURISTIC
        rows.append(row)
        return None

    def _gainers(self, chosen: Bools) -> Bools:
        """[n] whether an expert adds to a selection; without any nothing does: f is submodular."""
        quality, k = self.tables.quality, self.tables.asked
        inside = np.where(chosen, quality, 0)
        if self.tables.model is QualityModel.COVERAGE:
            level = np.where((inside == MILLION).any(axis=1), MILLION, 0)
        else:
            level = np.sort(inside, axis=1)[:, -k] if k <= len(chosen) else np.zeros(len(quality))
        adds = (quality > level[:, None]).any(axis=0)
        return np.asarray(adds & ~chosen & self.tables.allowed)

    def _done(self) -> bool:
        """Whether the bound promises nothing better than the best selection."""
        if self.objective is None or self.bound is None:
            return False
        return self.promise(self.bound) >= self.objective

    def _offer(self, chosen: Bools | None) -> None:
        if chosen is not None and self.tables.feasible(chosen):
            objective = self.tables.objective(chosen)
            if self.objective is None or objective < self.objective:
                self.best, self.objective = chosen, objective

    def _answer(self, *, integer: bool) -> highs.Answer:
        """The program with all cuts so far."""
        self.rounds += 1
        tables, clusters = self.tables, len(self.weight)
        first = tables.experts + clusters
        extra = 0 if tables.peak is None else 1 + tables.experts
        rows = Blocks()
        budgets(rows, tables, first)
        for cover in self.covers:
            inside = np.flatnonzero(cover)
            rows.add(1, (np.zeros_like(inside), inside, 1), -NO_LIMIT, len(inside) - 1)
        for gainers in self.adding:
            inside = np.flatnonzero(gainers)
            rows.add(1, (np.zeros_like(inside), inside, 1), 1, NO_LIMIT)
        for cut in self.cuts:
            row, column = np.nonzero(cut.slopes)
            at = np.arange(len(cut.cluster))
            rows.add(
                len(at),
                (
                    np.concatenate([row, at]),
                    np.concatenate([column, tables.experts + cut.cluster]),
                    np.concatenate([-cut.slopes[row, column], np.ones(len(at))]),
                ),
                -NO_LIMIT,
                cut.base,
            )
        cost = np.zeros(first + extra)
        cost[tables.experts : first] = -self.weight * MILLION
        upper = np.ones(first + extra)
        upper[: tables.experts] = tables.allowed
        if tables.peak is not None:
            upper[first:] = peak_limits(tables.peak)
        whole = np.zeros(first + extra, dtype=np.bool_)
        whole[: tables.experts] = integer
        program = rows.program(cost, np.zeros(first + extra), upper, whole)
        answer = highs.solve(around(program), self.watch, self.seed, tolerances=FINEST)
        if answer.bound is not None:
            self.bound = min(-answer.bound, math.inf if self.bound is None else self.bound)
        return answer

    def _cut_off(self, x: Floats, promised: Floats) -> bool:
        """Add the cuts at a point that break what it promises; whether there were any."""
        if self.tables.model is QualityModel.COVERAGE:
            whole = bool((np.abs(x - np.round(x)) < 1e-6).all())
            base, slopes = self._coverage(x > 0.5) if whole else self._tangents(x)
        else:
            base, slopes = self._assigned(x)
        allowed = base + slopes @ x
        broken = np.flatnonzero(promised > allowed + 1e-7)
        if len(broken):
            self.cuts.append(_Cut(broken, base[broken], slopes[broken]))
        return len(broken) > 0

    def _assigned(self, x: Floats) -> tuple[Floats, Floats]:
        """(base [C], slopes [C, n]) with μ the quality at which x fills the k places."""
        quality, k = self.tables.quality / MILLION, self.tables.asked
        order = np.argsort(-quality, axis=1, kind="stable")
        filled = np.cumsum(x[order], axis=1) >= k - 1e-9
        place = filled.argmax(axis=1)
        rows = np.arange(len(quality))
        level = np.where(filled.any(axis=1), quality[rows, order[rows, place]], 0.0)
        return k * level, np.maximum(quality - level[:, None], 0.0)

    def _tangents(self, x: Floats) -> tuple[Floats, Floats]:
        """(base [C], slopes [C, n]) of the capped tangents of coverage near a fractional x.

        1 - e^{-t} (1 + t) + e^{-t} Σ min(a_i, 1 + t) x_i with a_i = -ln(1 - p_i) holds for every
        t ≥ 0, and is least where t = Σ min(a_i, 1 + t) x_i.
        """
        hit = self.tables.quality / MILLION
        strength = -np.log(np.maximum(1 - hit, _SURE))
        point = strength @ x
        for _ in range(_POINT_STEPS):
            point = np.minimum(strength, 1 + point[:, None]) @ x
        capped = np.minimum(strength, 1 + point[:, None])
        scale = np.exp(-point)
        return 1 - scale * (1 + point), scale[:, None] * capped

    def _coverage(self, chosen: Bools) -> tuple[Floats, Floats]:
        """(base [C], slopes [C, n]) of the gains over a selection."""
        hit = self.tables.quality / MILLION
        missed = np.where(chosen, 1 - hit, 1.0).prod(axis=1)
        return 1 - missed, np.where(chosen, 0.0, missed[:, None] * hit)
