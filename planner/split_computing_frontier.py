"""Accuracy against latency: the optimum of a split at each bandwidth and accuracy floor.

`python -m planner.split_computing_frontier` prints the table of docs/split_computing.md and, given
a path, writes its figure.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure

from models.problems.split_computing import SplitComputingPlan, SplitComputingProblem
from models.result import Claim, Limits
from models.units import format_quantity
from planner.verify import verify
from problem_instances import load
from solvers.registry import entry

BANDWIDTHS = tuple(2**power * 10**6 for power in range(8))
FLOORS = (600_000, 680_000, 720_000, 740_000, 758_000)


@dataclass(frozen=True)
class Point:
    """One optimum; None where no plan reaches the floor.

    latency_ns, local_ns, remote_ns: of the optimum, of everything on the first device and of
    everything on the last (input in its cheapest form within the floor); accuracy_ppm: of the
    optimum; cut: where it cuts and in which form, in words.
    """

    bandwidth_bit_per_s: int
    floor_ppm: int
    latency_ns: int | None
    accuracy_ppm: int | None
    cut: str
    local_ns: int | None
    remote_ns: int | None

    def saved(self, other_ns: int | None) -> str:
        """Latency saved against another, in percent; a dash where either is missing."""
        if self.latency_ns is None or not other_ns:
            return "–"
        return f"{1 - self.latency_ns / other_ns:.0%}"


def frontier(
    problem: SplitComputingProblem, bandwidths: Sequence[int], floors: Sequence[int]
) -> tuple[Point, ...]:
    """The optimum at each bandwidth of the first hop and each floor, ppm."""
    return tuple(
        _point(at_bandwidth(problem, rate), rate, floor) for rate in bandwidths for floor in floors
    )


def at_bandwidth(problem: SplitComputingProblem, bit_per_s: int) -> SplitComputingProblem:
    """The problem with another bandwidth on its first hop and no scenarios."""
    first = problem.hops[0].model_copy(update={"bandwidth_bit_per_s": bit_per_s})
    return problem.model_copy(update={"hops": (first, *problem.hops[1:]), "scenarios": ()})


def _point(problem: SplitComputingProblem, rate: int, floor: int) -> Point:
    limits = problem.limits.model_copy(update={"accuracy_floor_ppm": floor})
    asked = problem.model_copy(update={"limits": limits})
    claim = _claim(asked, "dp")
    totals = None if claim.plan is None else verify(asked, claim.plan).breakdown.totals
    return Point(
        bandwidth_bit_per_s=rate,
        floor_ppm=floor,
        latency_ns=None if totals is None else totals["latency_ns"],
        accuracy_ppm=None if totals is None else totals["accuracy_ppm"],
        cut="no plan" if claim.plan is None else describe(asked, claim.plan),
        local_ns=_latency(asked, "all-local"),
        remote_ns=_latency(asked, "all-remote"),
    )


def _claim(problem: SplitComputingProblem, method: str) -> Claim[SplitComputingPlan]:
    found = entry(problem.kind, method)
    if found is None:
        raise KeyError(method)
    claim: Claim[SplitComputingPlan] = found.load().solve(problem, Limits())
    return claim


def _latency(problem: SplitComputingProblem, method: str) -> int | None:
    plan = _claim(problem, method).plan
    return None if plan is None else verify(problem, plan).breakdown.totals["latency_ns"]


def describe(problem: SplitComputingProblem, plan: SplitComputingPlan) -> str:
    """Where a plan cuts, in words."""
    if plan.bottleneck is not None:
        return plan.bottleneck.name
    if not plan.crossings:
        return "local"
    tensors = ", ".join(f"{c.tensor} as {c.representation}" for c in plan.crossings)
    on_first = {item.device for item in plan.placement}
    return tensors if problem.devices[0].name in on_first else f"remote ({tensors})"


def to_markdown(points: Sequence[Point]) -> str:
    """A table, one row per point."""
    head = "| Mbit/s | floor | optimum | cut and form | accuracy | saved on local | on remote |"
    rows = [head, "|---|---|---|---|---|---|---|"]
    for p in points:
        cells = (
            f"{p.bandwidth_bit_per_s / 10**6:g}",
            format_quantity(p.floor_ppm, "ppm"),
            "–" if p.latency_ns is None else format_quantity(p.latency_ns, "ns"),
            p.cut,
            "–" if p.accuracy_ppm is None else format_quantity(p.accuracy_ppm, "ppm"),
            p.saved(p.local_ns),
            p.saved(p.remote_ns),
        )
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows) + "\n"


def plot(points: Sequence[Point], path: Path) -> None:
    """Latency over the accuracy floor as SVG, one line per bandwidth; equal points, equal bytes."""
    with mpl.rc_context({"svg.hashsalt": "edgeplan", "svg.fonttype": "none"}):
        figure = Figure(figsize=(7.5, 4.5), layout="constrained")
        axes = figure.add_subplot()
        for rate in dict.fromkeys(p.bandwidth_bit_per_s for p in points):
            line = [p for p in points if p.bandwidth_bit_per_s == rate and p.latency_ns]
            floors = [p.floor_ppm / 10**4 for p in line]
            times = [(p.latency_ns or 0) / 10**6 for p in line]
            axes.plot(floors, times, marker="o", label=f"{rate / 10**6:g} Mbit/s")
        axes.set(xlabel="accuracy floor, % top-1", ylabel="latency, ms", yscale="log")
        axes.grid(alpha=0.3)
        axes.legend(fontsize="small")
        figure.savefig(path, format="svg", metadata={"Date": None})


def main() -> None:
    """Table to the terminal; figure to the path given."""
    problem = load("resnet50-jetson-bottlenecks")
    if not isinstance(problem, SplitComputingProblem):
        raise TypeError(problem.kind)
    points = frontier(problem, BANDWIDTHS, FLOORS)
    sys.stdout.write(to_markdown(points))
    for path in sys.argv[1:]:
        plot(points, Path(path))


if __name__ == "__main__":
    main()
