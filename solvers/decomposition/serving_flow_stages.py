"""The best pipeline of replicated stages: which patterns, how often, in which order.

For a goal T the integer program asks for patterns z (solvers/tables/serving_flow_patterns.py) of
disjoint nodes whose layers add up to the model, and for counts w of how often one sort of pattern
stands behind another, as many into a sort as out of it. Positions do not occur: a walk that uses
every step of w once (Euler) puts the stages in order, where w is connected; a part that is not is
tied to the rest by one more row. The largest goal is found by bisection; what flows through the
placement in the end is measured, not assumed.

Optimal among pipelines of such stages, no more: ranges that overlap may do better.
"""

from collections import defaultdict

import numpy as np

from models.problems.serving_flow import ServingFlowPlan, ServingFlowProblem
from models.result import Claim, Limits, Reason
from solvers.backends import program_highs
from solvers.base import Progress, Stopwatch
from solvers.integer_program import Array
from solvers.program_builder import Builder
from solvers.tables.serving_flow import Ints, Tables, build
from solvers.tables.serving_flow_answer import Best
from solvers.tables.serving_flow_patterns import Linked, Pattern, Sort, patterns
from solvers.tables.serving_flow_start import filled

# Rows that tie parts together, per goal; one goal's part of the time that is left.
_TIES, _PART = 12, 4
# Steps of the walk that are not between sorts.
_START: Sort = ()
Step = tuple[Sort, Sort]


class Stages:
    """Bisection on the goal, one integer program per goal, HiGHS."""

    name = "stages"

    def solve(
        self,
        problem: ServingFlowProblem,
        limits: Limits,
        hint: ServingFlowPlan | None = None,
        report: Progress[ServingFlowPlan] | None = None,
    ) -> Claim[ServingFlowPlan]:
        """The plan of the largest goal met, without proof."""
        watch = Stopwatch(limits, report)
        best = Best(build(problem), report)
        improve(best, watch, best.upper)
        reason = watch.reason(Reason.HEURISTIC)
        if best.plan is None:
            return Claim(self.name, reason, detail="no pipeline of stages was found")
        return Claim(self.name, reason, best.plan)


def improve(best: Best, watch: Stopwatch, upper: int) -> None:
    """Better placements of stages with flows up to `upper`, until none is found or time is up.

    Goals that took too long are tried again with the time that the others left.
    """
    linked, every = Linked(best.tables), _goals(best.tables)
    cut_short = True
    while cut_short and not watch.expired():
        goals = [goal for goal in every if best.flow < goal <= upper]
        cut_short = False
        while goals:
            middle = len(goals) // 2
            part = watch.share(watch.left_ns() // _PART)
            found = _stages(best.tables, linked, goals[middle], part)
            if found is not None:
                best.take(*_placed(best.tables, found))
                goals = [goal for goal in goals[middle + 1 :] if goal > best.flow]
                continue
            if part.expired():
                cut_short = True
            else:
                upper = goals[middle] - 1
            goals = goals[:middle]


def _goals(tables: Tables) -> list[int]:
    """What stages of up to three nodes of equal or different make let pass, ascending."""
    rates = np.unique([tables.rate[members[0]] for members in tables.classes], axis=0)
    pairs = (rates[:, np.newaxis] + rates)[(rates[:, np.newaxis] > 0) & (rates > 0)]
    alone = rates[rates > 0]
    found: list[int] = np.unique(np.concatenate([alone, pairs, 3 * alone])).tolist()
    return found


class _Program:
    """The patterns and steps for one goal."""

    def __init__(self, tables: Tables, linked: Linked, goal: int) -> None:
        self.tables = tables
        self.patterns = list(patterns(tables, linked, goal))
        self.builder = Builder()
        self.takes = [
            self.builder.column(upper=min(len(tables.classes[c]) for c in pattern.members))
            for pattern in self.patterns
        ]
        sorts = sorted({pattern.sort for pattern in self.patterns})
        pairs = [(_START, s) for s in sorts if linked.starts(s, goal)]
        pairs += [(s, _START) for s in sorts if linked.ends(s, goal)]
        pairs += [(a, b) for a in sorts for b in sorts if linked.follows(a, b, goal)]
        self.steps = {pair: self.builder.column(upper=tables.nodes) for pair in pairs}
        self.nodes_are_taken_once()
        self.layers_add_up()
        for sort in sorts:
            self.every_stage_has_a_place(sort)
        self.builder.row([(c, 1) for (a, _), c in self.steps.items() if a == _START], 1, 1)

    def nodes_are_taken_once(self) -> None:
        """No class gives more nodes than it has."""
        terms = defaultdict(list)
        for pattern, column in zip(self.patterns, self.takes, strict=True):
            for member in pattern.members:
                terms[member].append((column, 1))
        for member, row in terms.items():
            self.builder.row(row, high=len(self.tables.classes[member]))

    def layers_add_up(self) -> None:
        """All layers are held; exactly, where ranges may not overlap."""
        rows = zip(self.takes, self.patterns, strict=True)
        high = None if self.tables.partial else self.tables.layers
        self.builder.row([(c, p.layers) for c, p in rows], self.tables.layers, high)

    def every_stage_has_a_place(self, sort: Sort) -> None:
        """As many steps lead to a sort, and as many away from it, as stages of it are taken."""
        rows = zip(self.takes, self.patterns, strict=True)
        taken = [(c, -1) for c, p in rows if p.sort == sort]
        self.builder.row([(c, 1) for (_, b), c in self.steps.items() if b == sort] + taken, 0, 0)
        self.builder.row([(c, 1) for (a, _), c in self.steps.items() if a == sort] + taken, 0, 0)

    def tie(self, part: set[Sort]) -> None:
        """A part that is taken is left again."""
        away = [
            (c, self.tables.nodes)
            for (a, b), c in self.steps.items()
            if a in part and b not in part
        ]
        rows = zip(self.takes, self.patterns, strict=True)
        self.builder.row(away + [(c, -1) for c, p in rows if p.sort in part], low=0)

    def used(self, point: Array) -> dict[Step, int]:
        """How often each step is made."""
        counts = {pair: int(point[column]) for pair, column in self.steps.items()}
        return {pair: count for pair, count in counts.items() if count}


def _stages(tables: Tables, linked: Linked, goal: int, watch: Stopwatch) -> list[Pattern] | None:
    """Patterns in order, None where no such pipeline was found."""
    program = _Program(tables, linked, goal)
    for _ in range(_TIES):
        answer = program_highs.solve(program.builder.program(), watch)
        if answer.point is None:
            return None
        walk, apart = _walk(program.used(answer.point), set(program.steps))
        if not apart:
            taken: dict[Sort, list[Pattern]] = defaultdict(list)
            for pattern, column in zip(program.patterns, program.takes, strict=True):
                taken[pattern.sort] += [pattern] * int(answer.point[column])
            return [taken[sort].pop() for sort in walk]
        program.tie(apart)
    return None


def _walk(steps: dict[Step, int], allowed: set[Step]) -> tuple[list[Sort], set[Sort]]:
    """The sorts along a walk that makes every step as often as asked, and those it cannot reach.

    A round that the walk does not touch is put between two of its stages where both new steps are
    allowed.
    """
    left = dict(steps)
    walk = _trail(left, _START)
    apart: set[Sort] = set()
    while any(left.values()):
        here = next(a for (a, _), count in left.items() if count)
        ring = _trail(left, here)[:-1]
        cuts = (
            (i, j)
            for i in range(len(walk) - 1)
            for j in range(len(ring))
            if (walk[i], ring[j]) in allowed and (ring[j - 1], walk[i + 1]) in allowed
        )
        cut = next(cuts, None)
        if cut is None:
            apart |= set(ring)
        else:
            i, j = cut
            walk[i + 1 : i + 1] = ring[j:] + ring[:j]
    return walk[1:-1], apart


def _trail(left: dict[Step, int], start: Sort) -> list[Sort]:
    """A closed walk from `start` that takes all steps it can reach from `left` (Hierholzer)."""
    stack, walk = [start], []
    while stack:
        here = stack[-1]
        there = next((b for (a, b), count in left.items() if a == here and count), None)
        if there is None:
            walk.append(stack.pop())
        else:
            left[here, there] -= 1
            stack.append(there)
    return walk[::-1]


def _placed(tables: Tables, stages: list[Pattern]) -> tuple[Ints, Ints]:
    """Ranges of all nodes: the stages one after another, what is left where least passes."""
    free = [list(members) for members in tables.classes]
    ranges = np.full((tables.nodes, 2), -1)
    stop = 0
    for number, stage in enumerate(stages):
        stop = min(stop + stage.layers, tables.layers - (len(stages) - 1 - number))
        for member in stage.members:
            ranges[free[member].pop(0)] = max(0, stop - stage.layers), max(stop, stage.layers)
    return filled(tables, ranges, tables.most)
