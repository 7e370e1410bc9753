"""Placements that follow a changing world: averages of what is observed, and a plan per step.

Memory, bandwidth and activations are averaged with exponentially falling weights; at each step the
problem with the averages is planned again, with the plan in force and a price for moving. A kept
plan stands beside it, where it still keeps to the rules.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from matplotlib.figure import Figure

from models.problems.offload_placement import (
    MoeLayer,
    OffloadPlacementPlan,
    OffloadPlacementProblem,
)
from models.result import Grade, Limits
from planner import service
from planner.plot.palette import FAINT, INK, colour
from planner.replan import moves
from planner.replan.offload_placement import remembering
from planner.verify import verify

_WHOLE = 10**6


@dataclass(frozen=True)
class Observation:
    """What was seen in a step; what is left out stays as it was.

    memory_bytes: by holder; bandwidth_bit_per_s: by (source, target) of a link as it stands in the
    problem; activations: by layer, [sites][experts].
    """

    name: str
    memory_bytes: Mapping[str, int] = field(default_factory=dict)
    bandwidth_bit_per_s: Mapping[tuple[str, str], int] = field(default_factory=dict)
    activations: Mapping[str, tuple[tuple[int, ...], ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Step:
    """A step's plan and what came of it.

    latency_ns, kept_ns: over the horizon, of the plan and of the one before it, None where that
    breaks a rule; lower_bound_ns: of latency and migration together; moved: pieces; moved_bytes.
    """

    name: str
    plan: OffloadPlacementPlan
    grade: Grade
    latency_ns: int
    migration_ns: int
    lower_bound_ns: int | None
    kept_ns: int | None
    moved: int
    moved_bytes: int


def averaged(
    problem: OffloadPlacementProblem, seen: Observation, weight_ppm: int
) -> OffloadPlacementProblem:
    """The problem with each figure weight · seen + (1 - weight) · before, rounded down."""

    def mix(before: int, now: int | None) -> int:
        if now is None:
            return before
        return (weight_ppm * now + (_WHOLE - weight_ppm) * before) // _WHOLE

    holders = tuple(
        holder
        if holder.memory_bytes is None
        else holder.model_copy(
            update={"memory_bytes": mix(holder.memory_bytes, seen.memory_bytes.get(holder.name))}
        )
        for holder in problem.holders
    )
    links = tuple(
        link.model_copy(
            update={
                "bandwidth_bit_per_s": max(
                    1,
                    mix(
                        link.bandwidth_bit_per_s,
                        seen.bandwidth_bit_per_s.get((link.source, link.target)),
                    ),
                )
            }
        )
        for link in problem.links
    )

    def layer(item: MoeLayer) -> MoeLayer:
        now = seen.activations.get(item.name)
        if now is None:
            return item
        rows = tuple(
            tuple(mix(a, b) for a, b in zip(old, new, strict=True))
            for old, new in zip(item.activations, now, strict=True)
        )
        return item.model_copy(update={"activations": rows, "patterns": ()})

    layers = tuple(layer(item) for item in problem.layers)
    return problem.model_copy(update={"holders": holders, "links": links, "layers": layers})


def roll(
    problem: OffloadPlacementProblem,
    observations: Iterable[Observation],
    limits: Limits,
    *,
    ns_per_mib: int,
    weight_ppm: int = 500_000,
) -> Iterator[Step]:
    """A step for the problem as it is, then one per observation. Raises ValueError for no plan."""
    before: OffloadPlacementPlan | None = None
    for seen in (Observation("start"), *observations):
        problem = averaged(problem, seen, weight_ppm)
        step = _step(problem, seen.name, before, limits, ns_per_mib)
        before = step.plan
        yield step


def _step(
    problem: OffloadPlacementProblem,
    name: str,
    before: OffloadPlacementPlan | None,
    limits: Limits,
    ns_per_mib: int,
) -> Step:
    asked = problem if before is None else remembering(problem, before, ns_per_mib)
    certificate = service.plan(asked, limits, hint=before)
    plan = certificate.plan
    if not isinstance(plan, OffloadPlacementPlan):
        raise ValueError(f"no plan for the step '{name}': {certificate.grade}")
    totals = certificate.breakdown.totals
    found = () if before is None else moves(problem, before, plan)
    return Step(
        name=name,
        plan=plan,
        grade=certificate.grade,
        latency_ns=totals["latency_ns"],
        migration_ns=totals["migration_ns"],
        lower_bound_ns=certificate.lower_bound,
        kept_ns=None if before is None else verify(problem, before).objective,
        moved=len(found),
        moved_bytes=sum(move.size_bytes for move in found),
    )


def figure(steps: list[Step], tokens: int) -> Figure:
    """Latency per token of each step's plan and of the kept one, and the bytes moved."""
    drawing = Figure(figsize=(8, 4.5), layout="constrained")
    above, below = drawing.subplots(2, 1, sharex=True, height_ratios=(2, 1))
    places = range(len(steps))
    above.plot(
        places, [s.latency_ns / tokens / 1e6 for s in steps], marker="o", color=colour(0),
        label="planned again",
    )  # fmt: skip
    kept = [(n, s.kept_ns / tokens / 1e6) for n, s in enumerate(steps) if s.kept_ns is not None]
    above.plot(
        [n for n, _ in kept], [ms for _, ms in kept], marker="s", linestyle="none",
        color=colour(1), label="plan before kept",
    )  # fmt: skip
    above.set_ylabel("ms per token", color=INK)
    above.set_ylim(bottom=0)
    above.legend(frameon=False)
    below.bar(places, [s.moved_bytes / 1e9 for s in steps], color=colour(2))
    below.set_ylabel("GB moved", color=INK)
    below.set_xticks(list(places), [s.name for s in steps], rotation=20, fontsize=8)
    for axes in (above, below):
        axes.spines[["top", "right"]].set_visible(False)
        axes.tick_params(colors=INK)
        axes.spines[["left", "bottom"]].set_color(FAINT)
    return drawing
