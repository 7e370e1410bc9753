"""Asteroid's planner, and what it is measured against: data, pipeline and hybrid parallelism.

Every method shares micro-batches by Asteroid's Algorithm 1 (the best split within memory), but
`pipedream`, which takes all devices for equal and shares alike.
"""

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

from models.problems.pipeline_training import PipelineTrainingPlan, PipelineTrainingProblem
from models.result import Claim, Limits, Reason
from solvers.base import Progress, Stopwatch
from solvers.heuristic.pipeline_partition_shares import largest_remainder
from solvers.heuristic.pipeline_training_pipedream import pipedream
from solvers.tables.pipeline_training import Tables, build
from solvers.tables.pipeline_training_planners import asteroid, by_memory, priced

_Plan = PipelineTrainingPlan
_Problem = PipelineTrainingProblem
# First layer, the layer behind the last, devices.
Line = Sequence[tuple[int, int, Sequence[int]]]


class Asteroid:
    """Runs of devices by memory, stages by dynamic program over suffixes."""

    name = "asteroid"

    def solve(
        self,
        problem: _Problem,
        limits: Limits,
        hint: _Plan | None = None,
        report: Progress[_Plan] | None = None,
    ) -> Claim[_Plan]:
        """Asteroid's plan, or none where no run of devices holds the model."""
        tables = build(problem)
        watch = Stopwatch(limits, report)
        claim = claimed(self.name, tables, asteroid(tables, watch))
        return replace(claim, reason=watch.reason(claim.reason))


class DataParallel:
    """The whole model on all devices."""

    name = "data-parallel"

    def solve(
        self,
        problem: _Problem,
        limits: Limits,
        hint: _Plan | None = None,
        report: Progress[_Plan] | None = None,
    ) -> Claim[_Plan]:
        """One stage, or none where a device does not hold the model."""
        tables = build(problem)
        every = range(len(problem.devices))
        return claimed(self.name, tables, [(0, tables.layers, every)])


class PipelineEven:
    """One device per stage, by memory, and equally many layers on each."""

    name = "pipeline-even"

    def solve(
        self,
        problem: _Problem,
        limits: Limits,
        hint: _Plan | None = None,
        report: Progress[_Plan] | None = None,
    ) -> Claim[_Plan]:
        """Equal stages, or none where one does not fit."""
        tables = build(problem)
        line = by_memory(tables)[: tables.most_stages]
        counts = largest_remainder(tables.layers, [Fraction(1)] * len(line))
        ends = [sum(counts[:n]) for n in range(len(counts) + 1)]
        stages = [(a, b, [d]) for (a, b), d in zip(pairwise(ends), line, strict=True)]
        return claimed(self.name, tables, stages)


class PipeDream:
    """PipeDream's planner for equal devices, in the order of the document."""

    name = "pipedream"

    def solve(
        self,
        problem: _Problem,
        limits: Limits,
        hint: _Plan | None = None,
        report: Progress[_Plan] | None = None,
    ) -> Claim[_Plan]:
        """Its stages with equal shares, or none where a device does not hold its own."""
        tables = build(problem)
        stages = pipedream(tables)
        alike = []
        for number, (first, last, devices) in enumerate(stages):
            samples = largest_remainder(problem.samples, [Fraction(1)] * len(devices))
            shares = dict(zip(devices, samples, strict=True))
            if not tables.takes((first, last), shares, len(stages) - number):
                return _none(self.name)
            alike.append((first, last, shares))
        if not _possible(tables, stages):
            return _none(self.name)
        return Claim(self.name, Reason.HEURISTIC, tables.written(alike))


def claimed(name: str, tables: Tables, stages: Line | None) -> Claim[_Plan]:
    """Stages with the best shares, where they are a plan."""
    if stages is None or not _possible(tables, stages):
        return _none(name)
    found = []
    for number, (first, last, devices) in enumerate(stages):
        from_end = len(stages) - number
        shares = tables.shares((first, last), tables.group_of(devices), from_end)
        # The shares are those of the first devices of each class; the group has as many others.
        left = {
            c: [n for d, n in shares.items() if tables.class_of[d] == c]
            for c in set(tables.class_of)
        }
        found.append((first, last, {d: left[tables.class_of[d]].pop(0) for d in devices}))
    return Claim(name, Reason.HEURISTIC, tables.written(found))


def _possible(tables: Tables, stages: Line) -> bool:
    used = {device for _, _, devices in stages for device in devices}
    if tables.problem.use_all_devices and len(used) < len(tables.problem.devices):
        return False
    groups = [(first, last, tables.group_of(devices)) for first, last, devices in stages]
    return priced(tables, groups) is not None


def _none(name: str) -> Claim[_Plan]:
    return Claim(name, Reason.HEURISTIC, detail="a device does not hold its share, or has no link")
