"""A bound from the layers, pipelines that often meet it, and integer programs where they do not.

1. The bound from what every layer needs (solvers/tables/serving_flow_bound.py); where the plans
   of 2. leave a gap, several such lines weighed together (serving_flow_lines.py).
2. Single pipelines, then pipelines of replicated stages (serving_flow_stages.py): these meet the
   bound on most published clusters. Then local search.
3. Where links never bind, an integer program with a count per class of equal nodes and range, and
   a column for the flow, at most each known cut (solvers/tables/serving_flow_cuts.py; Benders
   1962). Its optimum is an upper bound. The flow of its placement is measured, the minimum cut
   added, and the program solved again. With partial inference the cuts at the layers, which it has
   from the start, are all there are.
   Where links bind, the literal program (solvers/tables/serving_flow_program.py) with those cuts,
   by CP-SAT: HiGHS 1.12.0 crashes on some of these, rates of millions beside ones.

Both ask for more than the best flow, the goal. A sum of rates that comes up to it is also
Σ ceil(min(rate, goal) / d) ≥ ceil(goal / d) for any d, which relaxations do not see.
"""

from dataclasses import replace

import numpy as np

from models.problems.serving_flow import ServingFlowPlan, ServingFlowProblem
from models.result import Claim, Limits, Reason
from solvers.backends import program_cpsat, program_highs
from solvers.base import Progress, Stopwatch
from solvers.decomposition import serving_flow_stages as stages
from solvers.decomposition.serving_flow_lines import sharpen
from solvers.integer_program import Answer, Array, IntegerProgram
from solvers.program_builder import Builder, Term
from solvers.tables import serving_flow_cuts as cuts
from solvers.tables.serving_flow import Bools, Ints, Tables, build
from solvers.tables.serving_flow_answer import Best
from solvers.tables.serving_flow_bound import upper_bound
from solvers.tables.serving_flow_program import Formulation
from solvers.tables.serving_flow_search import search
from solvers.tables.serving_flow_start import single_pipeline

# Above so many columns the program says nothing in an hour.
_MOST_COLUMNS = 30_000


class Cover:
    """Bound, pipelines, local search, and then integer programs with ever more cuts, HiGHS."""

    name = "cover"

    def solve(
        self,
        problem: ServingFlowProblem,
        limits: Limits,
        hint: ServingFlowPlan | None = None,
        report: Progress[ServingFlowPlan] | None = None,
    ) -> Claim[ServingFlowPlan]:
        """The optimum, or the best plan and bound when time is up."""
        watch = Stopwatch(limits, report)
        tables = build(problem)
        best = Best(tables, report)
        best.limit(upper_bound(tables))
        given = tables.ranges(hint)
        if given is not None:
            best.take(*given)
        if not best.closed:
            best.take(*single_pipeline(tables))
        if not best.closed and not watch.expired():
            stages.improve(best, watch.share(watch.left_ns() * 2 // 3), best.upper)
        if not best.closed and best.ranges is not None:
            search(best, watch.share(watch.left_ns() // 4), limits.seed)
        if not best.closed:
            sharpen(best, watch.share(watch.left_ns() // 3))
        rounds, reason = _close(best, watch)
        claim = best.claim(self.name, watch, {"rounds": rounds})
        if claim.reason is Reason.TIME_LIMIT and reason is Reason.HEURISTIC:
            return replace(claim, reason=reason, detail="ended with a gap")
        return claim


def _close(best: Best, watch: Stopwatch) -> tuple[int, Reason]:
    """Raises the best flow and lowers the bound until they meet.

    How many programs that took, and HEURISTIC where they ended before the time did.
    """
    tables = best.tables
    known = [cuts.at_layer(tables, layer) for layer in range(tables.layers)]
    rounds = 0
    while not best.closed and not watch.expired():
        if _columns(tables) > _MOST_COLUMNS:
            return rounds, Reason.HEURISTIC
        program = _Counts(best, known) if tables.loose else _Literal(best, known)
        rounds += 1
        answer = _solved(program.builder.program(), watch, exact=not tables.loose)
        if answer.infeasible:
            best.limit(best.flow)
        elif answer.bound is not None:
            best.limit(max(best.flow, -answer.bound))
        if answer.point is None:
            stopped = answer.infeasible or answer.reason is Reason.TIME_LIMIT
            return rounds, Reason.TIME_LIMIT if stopped else Reason.HEURISTIC
        start, stop = program.placement(answer.point)
        best.take(start, stop)
        if tables.loose:
            known.append(cuts.minimum(tables, start, stop))
    return rounds, Reason.TIME_LIMIT


def _solved(program: IntegerProgram, watch: Stopwatch, *, exact: bool) -> Answer:
    """HiGHS' answer; CP-SAT's where tolerances leave it without one, or for `exact` numbers."""
    answer = None if exact else program_highs.solve(program, watch)
    if answer is None or (answer.point is None and not answer.infeasible):
        return program_cpsat.solve(program, watch)
    return answer


def _columns(tables: Tables) -> int:
    """How many columns the program has, about, or rows where these are more."""
    classes = tables.classes if tables.loose else tuple((i,) for i in range(tables.nodes))
    ranges = sum(int(tables.most[members[0]]) for members in classes) * tables.layers
    rows = 0 if tables.loose else int(np.count_nonzero(tables.link)) * tables.layers
    return ranges + rows


def _sharpened(builder: Builder, terms: list[Term], goal: int) -> None:
    """A sum of rates of at least the goal, rounded up by halves and thirds of it."""
    for share in (1, 2):
        divisor = max(1, (goal - 1) // share)
        counts = [(column, -(-min(rate, goal) // divisor)) for column, rate in terms]
        builder.row(counts, low=-(-goal // divisor))


class _Literal:
    """The literal program and the cuts."""

    def __init__(self, best: Best, known: list[Bools]) -> None:
        goal = best.flow + 1
        self._form = Formulation(best.tables, goal, best.upper)
        self.builder = self._form.builder
        self.placement = self._form.placement
        held = zip(self._form.takes, self._form.ranges, strict=True)
        columns = [
            (c, node, *r) for node, row in enumerate(held) for c, r in zip(*row, strict=True)
        ]
        for cut in known:
            rates = best.tables.rate
            terms = [(c, int(rates[i, b - a - 1])) for c, i, a, b in columns if cut[a] > cut[b]]
            self.builder.row(terms, low=goal)
            _sharpened(self.builder, terms, goal)


class _Counts:
    """Counts of (class, start, stop), and the flow."""

    def __init__(self, best: Best, known: list[Bools]) -> None:
        self.tables = best.tables
        self.goal = best.flow + 1
        self.builder = Builder()
        self.flow = self.builder.column(-1, self.goal, best.upper)
        self.columns: list[tuple[int, int, int]] = []
        for number in range(len(self.tables.classes)):
            self.every_node_holds_a_range(number)
        self.rates = [
            int(self.tables.rate[self.tables.classes[number][0], b - a - 1])
            for number, a, b in self.columns
        ]
        for cut in known:
            self.the_flow_passes(cut)

    def every_node_holds_a_range(self, number: int) -> None:
        """As many ranges as nodes of a class; with partial inference none that another covers."""
        members = self.tables.classes[number]
        every = range(1, int(self.tables.most[members[0]]) + 1)
        sizes = self.tables.choices[members[0]] if self.tables.partial else every
        ranges = [(a, a + k) for k in sizes for a in range(self.tables.layers - k + 1)]
        columns = [self.builder.column(upper=len(members)) for _ in ranges]
        self.columns += [(number, start, stop) for start, stop in ranges]
        self.builder.row([(c, 1) for c in columns], len(members), len(members))

    def the_flow_passes(self, cut: Bools) -> None:
        """The flow is at most what the nodes add to a cut."""
        rows = enumerate(zip(self.columns, self.rates, strict=True), start=1)
        terms = [(c, rate) for c, ((_, a, b), rate) in rows if cut[a] > cut[b]]
        self.builder.row([*terms, (self.flow, -1)], low=0)
        _sharpened(self.builder, terms, self.goal)

    def placement(self, point: Array) -> tuple[Ints, Ints]:
        """The placement that a point stands for."""
        free = [list(members) for members in self.tables.classes]
        start = np.zeros(self.tables.nodes, dtype=np.int64)
        stop = np.zeros(self.tables.nodes, dtype=np.int64)
        for (number, a, b), count in zip(self.columns, point[1:].tolist(), strict=True):
            for _ in range(count):
                node = free[number].pop(0)
                start[node], stop[node] = a, b
        return start, stop
