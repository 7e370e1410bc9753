"""Asteroid's lightweight replay: the pipeline in force goes on without the devices it has lost.

A stage that keeps a device goes on with its group; the layers of stages that have lost all go to
the stages in front of and behind them in proportion to speed (Ye et al., MobiCom 2024, §3.5).
Micro-batches are shared anew. Where the cut in proportion does not fit into memory the nearest one
that does is taken. Nothing else is planned, so that it is there at once and few weights move.
"""

from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise, product

from models.problems.pipeline_training import PipelineTrainingPlan, PipelineTrainingProblem
from models.result import Claim, Limits, Reason
from solvers.base import Progress, Stopwatch
from solvers.heuristic.pipeline_training import claimed
from solvers.tables.pipeline_training import Tables, build

# Devices that are left, and the layers in force.
_Left = list[tuple[int, int, list[int]]]


class Replay:
    """The stages in force, lost layers handed to their neighbours."""

    name = "replay"

    def solve(
        self,
        problem: PipelineTrainingProblem,
        limits: Limits,
        hint: PipelineTrainingPlan | None = None,
        report: Progress[PipelineTrainingPlan] | None = None,
    ) -> Claim[PipelineTrainingPlan]:
        """The replayed plan, or none without one in force."""
        if problem.previous is None:
            return Claim(self.name, Reason.HEURISTIC, detail="there is no plan in force")
        watch, tables = Stopwatch(limits, report), build(problem)
        names = {device.name: index for index, device in enumerate(problem.devices)}
        left: _Left = []
        for stage in problem.previous:
            group = [names[s.device] for s in stage.shares if s.device in names]
            if group:
                left.append((stage.start, stage.stop, group))
        if not left:
            return Claim(self.name, Reason.HEURISTIC, detail="no device in force is left")
        for stages in _nearest(tables, left):
            claim = claimed(self.name, tables, stages)
            if claim.plan is not None:
                return claim
            if watch.expired():
                break
        reason = watch.reason(Reason.HEURISTIC)
        return Claim(self.name, reason, detail="the neighbours do not hold the layers")


def _nearest(tables: Tables, left: _Left) -> Iterator[_Left]:
    """Ways to close the gaps, the cuts in proportion to speed first, then further and further."""
    choices = []
    for (_, stop, front), (start, _, behind) in pairwise(left):
        wanted = stop + _in_proportion(tables, range(stop, start), front, behind)
        choices.append(sorted(range(stop, start + 1), key=lambda cut: abs(cut - wanted)))
    # Gaps of neighbours are closed apart: all cuts of one while the others stay in proportion.
    for number, chosen in product(range(len(choices)), range(max(map(len, choices), default=0))):
        if chosen < len(choices[number]):
            yield _closed(
                tables, left, [c[chosen if n == number else 0] for n, c in enumerate(choices)]
            )
    if not choices:
        yield _closed(tables, left, [])


def _in_proportion(tables: Tables, lost: range, front: list[int], behind: list[int]) -> int:
    """How many of the lost layers the group in front takes."""
    speeds = [_speed(tables, lost, group) for group in (front, behind)]
    return round(len(lost) * speeds[0] / sum(speeds)) if sum(speeds) else 0


def _speed(tables: Tables, lost: range, group: list[int]) -> Fraction:
    """Samples of the lost layers per ns."""
    total = Fraction(0)
    for device in group:
        row = tables.forward[tables.class_of[device]]
        total += Fraction(1, max(1, int(row[lost.stop] - row[lost.start])))
    return total


def _closed(tables: Tables, left: _Left, cuts: list[int]) -> _Left:
    ends = [0, *cuts, tables.layers]
    return [(ends[n], ends[n + 1], group) for n, (_, _, group) in enumerate(left)]
