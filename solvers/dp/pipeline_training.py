"""Exact dynamic program over sets of devices for training pipelines, in any order.

With V the longest of M E_c + Σ E_i over the steps c of the last p stages, the sums beginning there,
a step e put in front makes it max(M e, e + V): one number per state is enough. So

    V_p(S, g, j) = min over groups H and i > j of max(M E, E + K)
    K            = max(M C, C + V_{p-1}(S', g', i))

for the set S = S' + H in use, the layer j where the stages begin and how the first group is linked
to the devices that are left, g; E is the stage j..i on H with p - 1 stages behind it (its memory),
C the communication between. Sets are numbers of devices of every class of exchangeable ones, and
groups with the same links to all that are left share a state: with all links alike it is
O(3^D P L²) for D unequal devices. Shares of micro-batches are the best ones by bisection
(solvers/tables/pipeline_training.py).

The all-reduce is the other part of the round. Each run keeps all-reduces below a ceiling; the first
has none, and each later one asks for less than the last plan's and less than what the best round
leaves beside the last V: a walk along the front of both, ending where no plan can be better.
"""

from dataclasses import dataclass
from itertools import product
from math import prod

import numpy as np

from models.devices import LinkRate
from models.problems.pipeline_training import PipelineTrainingPlan, PipelineTrainingProblem
from models.result import Claim, Limits, Reason
from solvers.base import UNREACHABLE, Progress, Stopwatch
from solvers.tables.pipeline_training import Group, Ints, Tables, build

# So many pairs of a set and a group to be put in front are looked at per number of stages, at most.
_MOST_PAIRS = 3**10

# By class of devices that are left: which links, numbered, lead to the first group and back.
Links = tuple[frozenset[tuple[int, int]], ...]
Key = tuple[Group, Links]
Stages = list[tuple[int, int, Group]]


class OutOfTimeError(Exception):
    """The stopwatch expired."""


@dataclass
class _State:
    """V by the layer where the stages begin, and which option gives it with which cut behind.

    first: a group with the state's links; options: (group in front, state behind it).
    """

    first: Group
    value: Ints
    cut: Ints
    which: Ints
    options: list[tuple[Group, Key | None]]


class DynamicProgram:
    """The exact method of first choice, to about eight unequal devices or many equal ones."""

    name = "dp"

    def solve(
        self,
        problem: PipelineTrainingProblem,
        limits: Limits,
        hint: PipelineTrainingPlan | None = None,
        report: Progress[PipelineTrainingPlan] | None = None,
    ) -> Claim[PipelineTrainingPlan]:
        """The optimum, or proof that there is no plan."""
        watch = Stopwatch(limits, report)
        tables = build(problem)
        pairs = prod((n + 1) * (n + 2) // 2 for n in tables.everything)
        if pairs > _MOST_PAIRS:
            detail = f"{pairs:,} pairs of sets of devices are too many"
            return Claim(self.name, Reason.UNSUPPORTED, detail=detail)
        best, found, lower = UNREACHABLE, None, None
        ceiling, runs = UNREACHABLE, 0
        try:
            while ceiling > 0:
                runs += 1
                answer = Run(tables, ceiling, best, watch).best()
                if answer is None:
                    break
                lower, stages = answer
                reduce_ns = max(int(tables.all_reduce(g)[j, i]) for j, i, g in stages)
                if lower + reduce_ns < best:
                    best, found = lower + reduce_ns, stages
                    if report is not None:
                        report.plan(tables.plan(stages))
                ceiling = min(reduce_ns, best - lower)
        except OutOfTimeError:
            reason = watch.why()
            plan = None if found is None else tables.plan(found)
            return Claim(self.name, reason, plan, lower, stats={"runs": runs})
        stats = {"pairs": pairs, "runs": runs}
        if found is None:
            return Claim(self.name, Reason.INFEASIBLE, stats=stats)
        return Claim(self.name, Reason.COMPLETED, tables.plan(found), best, stats=stats)


class Run:
    """Least V with every all-reduce below a ceiling, and below a limit."""

    def __init__(self, tables: Tables, ceiling: int, limit: int, watch: Stopwatch) -> None:
        self._tables, self._ceiling, self._limit, self._watch = tables, ceiling, limit, watch
        self._levels: list[dict[Key, _State]] = []
        self._executions: dict[tuple[Group, int], tuple[Ints, Ints]] = {}
        self._communications: dict[tuple[Group, Group], tuple[Ints, Ints]] = {}
        numbers: dict[LinkRate | None, int] = {}
        self._numbers = [[numbers.setdefault(r, len(numbers)) for r in row] for row in tables.rates]

    def best(self) -> tuple[int, Stages] | None:
        """The least V and its stages; None where there is no plan below the limit."""
        found: tuple[int, int, Key] | None = None
        level: dict[Key, _State] = {}
        for group in self._tables.groups():
            whole = self._execution(group, 1)[1][:, -1]
            ends = np.full_like(whole, self._tables.layers)
            self._offer(level, (group, group), whole, ends, (group, None))
        for number in range(self._tables.most_stages):
            self._levels.append(level)
            for key, state in level.items():
                complete = key[0] == self._tables.everything
                if complete or not self._tables.problem.use_all_devices:
                    value = int(state.value[0])
                    if value < (self._limit if found is None else found[0]):
                        found = (value, number, key)
            level = self._longer(level, number + 2)
        return None if found is None else (found[0], self._traced(found[1], found[2]))

    def _longer(self, level: dict[Key, _State], number: int) -> dict[Key, _State]:
        """States of `number` stages: every group that is left in front of every state."""
        longer: dict[Key, _State] = {}
        for key, state in level.items():
            left = [n - used for n, used in zip(self._tables.everything, key[0], strict=True)]
            for group in product(*(range(n + 1) for n in left)):
                if not any(group):
                    continue
                if self._watch.expired():
                    raise OutOfTimeError
                single, together = self._communication(group, state.first)
                behind = np.maximum(together, single + state.value)
                if int(behind.min()) >= self._limit:
                    continue
                once, busy = self._execution(group, number)
                costs = np.maximum(busy, once + np.minimum(behind, UNREACHABLE)[None, :])
                cut = costs.argmin(axis=1)
                value = np.minimum(costs[np.arange(len(cut)), cut], UNREACHABLE)
                used = tuple(n + m for n, m in zip(key[0], group, strict=True))
                self._offer(longer, (used, group), value, cut, (group, key))
        return longer

    def _offer(
        self,
        level: dict[Key, _State],
        where: tuple[Group, Group],
        value: Ints,
        cut: Ints,
        option: tuple[Group, Key | None],
    ) -> None:
        """A way to the state of (devices in use, first group), kept where it is better."""
        value = np.where(value < self._limit, value, UNREACHABLE)
        if int(value.min()) == UNREACHABLE:
            return
        key = (where[0], self._links(*where))
        state = level.get(key)
        if state is None:
            which = np.zeros_like(value)
            level[key] = _State(where[1], value, cut.copy(), which, [option])
            return
        better = value < state.value
        if better.any():
            state.value[better], state.cut[better] = value[better], cut[better]
            state.which[better] = len(state.options)
            state.options.append(option)

    def _links(self, used: Group, group: Group) -> Links:
        """How the devices that are left are linked to a group; empty for a class used up."""
        return tuple(
            frozenset((self._numbers[a][b], self._numbers[b][a]) for b, n in enumerate(group) if n)
            if used[a] < self._tables.everything[a]
            else frozenset()
            for a in range(len(used))
        )

    def _execution(self, group: Group, from_end: int) -> tuple[Ints, Ints]:
        """[L + 1, L + 1] one micro-batch, and all of them; UNREACHABLE above the ceiling."""
        key = (group, from_end)
        if key not in self._executions:
            if self._watch.expired():
                raise OutOfTimeError
            once = self._tables.execution(group, from_end)
            allowed = self._tables.all_reduce(group) < self._ceiling
            self._executions[key] = self._often(np.where(allowed, once, UNREACHABLE))
        return self._executions[key]

    def _communication(self, source: Group, target: Group) -> tuple[Ints, Ints]:
        """[L + 1] one micro-batch, and all of them."""
        key = (source, target)
        if key not in self._communications:
            self._communications[key] = self._often(self._tables.communication(source, target))
        return self._communications[key]

    def _often(self, once: Ints) -> tuple[Ints, Ints]:
        possible = once < UNREACHABLE
        number = self._tables.problem.micro_batches
        return once, np.where(possible, np.where(possible, once, 0) * number, UNREACHABLE)

    def _traced(self, number: int, key: Key) -> Stages:
        """The stages of a state from the first layer on, from the first to the last."""
        stages, first = [], 0
        at: Key | None = key
        while at is not None:
            state = self._levels[number][at]
            group, behind = state.options[int(state.which[first])]
            last = int(state.cut[first])
            stages.append((first, last, group))
            first, at, number = last, behind, number - 1
        return stages
