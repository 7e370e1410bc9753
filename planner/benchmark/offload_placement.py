"""What offload placement has to show, measured: a table, a large one, the slowest expert, replay.

    python -m planner.benchmark.offload_placement [table] [large] [slowest] [replay] [rolling] [cut]

`table`, `slowest`, `replay` and `rolling` read `routing/deepseek_v2_lite_law.npz` in the folder
that EDGEPLAN_DATA names, and say so and skip where it is not there. Distances are a proxy from
co-activation: they order pairs and measure no quality. Drawings go to bench-out/.
"""

import os
import resource
import sys
import time
from pathlib import Path

from models.documents import read_problem, validate
from models.problems import AnyPlan
from models.problems.offload_placement import OffloadPlacementProblem, TokenLatency
from models.result import Claim, Limits
from models.rolling import Observation, ObservedLink
from planner import expert_cache
from planner.observations import Pace
from planner.plot.rolling import draw
from planner.rolling import rolled
from planner.verify import verify
from problem_instances import load
from problem_instances.generate import generate
from problem_instances.generators.offload_placement import OffloadSpec
from problem_instances.readers.offload_placement import Hardware, problem_from
from problem_instances.readers.routing import Routing, frequencies, read
from solvers.base import Progress
from solvers.registry import Entry, entries, entry

KIND = "offload_placement"
_SECOND_NS = 10**9
# bfloat16 weights of one routed expert: gate, up and down projections of 2048 x 1408.
_EXPERT_BYTES = 3 * 2048 * 1408 * 2
_HARDWARE = Hardware(
    holders=(
        {"name": "gpu", "memory_bytes": "6 GB", "read_bytes_per_s": "300 GB/s",
         "overhead_ns": "5 us"},
        {"name": "cpu", "memory_bytes": "8 GB", "read_bytes_per_s": "40 GB/s",
         "overhead_ns": "10 us"},
        {"name": "neighbour", "memory_bytes": "4 GB", "read_bytes_per_s": "100 GB/s",
         "overhead_ns": "10 us"},
        {"name": "ssd"},
    ),
    links=(
        {"source": "gpu", "target": "cpu", "latency_ns": "10 us",
         "bandwidth_bit_per_s": "128 Gbit/s"},
        {"source": "gpu", "target": "neighbour", "latency_ns": "200 us",
         "bandwidth_bit_per_s": "10 Gbit/s"},
        {"source": "gpu", "target": "ssd", "latency_ns": "100 us",
         "bandwidth_bit_per_s": "24 Gbit/s"},
    ),
    sites=("gpu",),
)  # fmt: skip


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def routing() -> Routing | None:
    """The routing table, None where it is not there."""
    path = Path(os.environ.get("EDGEPLAN_DATA", "data")) / "routing" / "deepseek_v2_lite_law.npz"
    if path.is_file():
        return read(path, experts=64)
    _say(f"skipped, there is no file {path} (set EDGEPLAN_DATA)")
    return None


def problem_of(
    found: Routing,
    *,
    budget_ppm: int = 50_000,
    neighbours: int = 16,
    objective: TokenLatency = TokenLatency.SUM,
) -> OffloadPlacementProblem:
    """DeepSeek-V2-Lite's experts on four tiers, with a budget on the proxy's mean distance."""
    data = problem_from(
        [found], _HARDWARE, _EXPERT_BYTES, neighbours=neighbours,
        patterns=objective is TokenLatency.MAX,
    )  # fmt: skip
    data |= {"activation_bytes": "4 KiB", "loss_budget_ppm": budget_ppm, "objective": objective}
    return validate(data, OffloadPlacementProblem)


class _Watch(Progress[AnyPlan]):
    """Notes when the verified objective and the bound got where."""

    def __init__(self, problem: OffloadPlacementProblem) -> None:
        self._problem = problem
        self._begun = time.perf_counter()
        self._best: int | None = None
        self._bound = 0
        self.lines: list[tuple[float, int | None, int]] = []

    def plan(self, plan: AnyPlan) -> None:
        """A plan, verified."""
        objective = verify(self._problem, plan).objective
        if objective is not None and (self._best is None or objective < self._best):
            self._best = objective
        self._note()

    def bound(self, lower_bound: int) -> None:
        """A bound."""
        self._bound = max(self._bound, lower_bound)
        self._note()

    def _note(self) -> None:
        self.lines.append((time.perf_counter() - self._begun, self._best, self._bound))


def _solved(
    method: Entry, problem: OffloadPlacementProblem, seconds: float, watch: _Watch | None = None
) -> tuple[Claim[AnyPlan], int | None, float]:
    """The claim, its verified objective, and the wall time, s."""
    begun = time.perf_counter()
    limits = Limits(time_limit_ns=int(seconds * _SECOND_NS))
    claim = method.load().solve(problem, limits, None, watch)
    took = time.perf_counter() - begun
    objective = None if claim.plan is None else verify(problem, claim.plan).objective
    return claim, objective, took


def _lagrangian() -> Entry:
    found = entry(KIND, "lagrangian")
    if found is None:
        raise KeyError("lagrangian")
    return found


def _exactly(problem: OffloadPlacementProblem, seconds: float) -> tuple[int | None, int | None]:
    """Objective and bound of the price method, with what was reached when."""
    watch = _Watch(problem)
    claim, objective, took = _solved(_lagrangian(), problem, seconds, watch)
    for at, best, bound in watch.lines:
        if best is not None:
            _say(f"  {at:6.1f} s: {best:,} ns, bound {bound:,} ({(best - bound) / best:.4%})")
    gap = "no gap known"
    if objective is not None and claim.lower_bound is not None:
        gap = f"gap {(objective - claim.lower_bound) / objective:.5%}"
    _say(f"  {took:6.1f} s: {claim.reason}, {objective} ns, {gap}, {dict(claim.stats)}")
    return objective, claim.lower_bound


def table(found: Routing, seconds: float) -> None:
    """Every baseline beside the price method, at three budgets of the loss."""
    for budget in (20_000, 50_000, 100_000):
        problem = problem_of(found, budget_ppm=budget)
        _say(f"{problem.size_in_words}, mean distance up to {budget / 10**6:.0%} (a proxy)")
        best, _ = _exactly(problem, seconds)
        for method in entries(KIND):
            if method.traits.exact:
                continue
            _, objective, took = _solved(method, problem, seconds)
            less = "no plan"
            if objective is not None and best is not None:
                each = objective / problem.tokens / 1e6
                less = f"{each:8.3f} ms/token, the exact plan {1 - best / objective:.1%} below"
            _say(f"  {method.name:20} {less} ({took:.1f} s)")


def large(seconds: float) -> None:
    """94 layers of 128 experts."""
    spec = OffloadSpec(1, "large", gpu_mb=24_000, cpu_mb=48_000, neighbour_mb=16_000, neighbours=8)
    problem = read_problem(generate(spec))
    if not isinstance(problem, OffloadPlacementProblem):
        raise TypeError("the generator gave another kind")
    _say(problem.size_in_words)
    _exactly(problem, seconds)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    _say(f"  peak memory of this process {peak / 2**20:.2f} GiB")


def slowest(found: Routing, seconds: float) -> None:
    """The slowest expert of a token: the additive plan, and the one planned for it."""
    problem = problem_of(found.part(0, 2_000), neighbours=8, objective=TokenLatency.MAX)
    additive = problem.model_copy(update={"objective": TokenLatency.SUM})
    claim, _, _ = _solved(_lagrangian(), additive, seconds)
    before = None if claim.plan is None else verify(problem, claim.plan).objective
    after, bound = _exactly(problem, seconds)
    if before and after:
        _say(f"additive plan {before:,} ns, planned for it {after:,} ns: {1 - after / before:.1%}")
    _say(f"bound {bound}")


def replay(found: Routing) -> None:
    """Fixed policies and the choice, at three sizes, on the half planned with and the other."""
    cycle = found.layers * found.top_k
    sizes = (cycle * 3 // 4, cycle * 2, cycle * 5)
    swept = expert_cache.swept(found, sizes, found.tokens // 2)
    _say(f"LRU hits from {swept.least_lru_slots} slots on; a token cycle is {cycle}")
    for size in swept.sizes:
        _say(f"{size.slots} slots ({size.slots / cycle:.2f} token cycles); planned with | held out")
        for row in (*size.fixed, size.chosen):
            rates = row.hits / swept.uses, row.held_out_hits / swept.held_out_uses
            _say(f"  {row.policy:8} {rates[0]:.4f} | {rates[1]:.4f}")
        _say(f"  the last is the choice: {len(size.chosen.pins)} pins, {size.chosen.dynamic_slots}")
        if size.note:
            _say(f"  {size.note}")


def rolling(found: Routing, seconds: float) -> None:
    """The GPU's memory shrinks, the SSD's link halves, the load drifts."""
    quarter = found.tokens // 4
    windows = [frequencies(found.part(n * quarter, (n + 1) * quarter)) for n in range(4)]
    problem = problem_of(found.part(0, quarter), neighbours=6)

    def load_of(window: int) -> dict[str, tuple[tuple[int, ...], ...]]:
        counts = windows[window]
        return {
            layer.name: (tuple(counts[number].tolist()),)
            for number, layer in enumerate(problem.layers)
        }

    slower = ObservedLink(source="gpu", target="ssd", bandwidth_bit_per_s=12 * 10**9)
    seen = (
        Observation(name="load drifts", activations=load_of(1)),
        Observation(name="GPU 6 to 4 GB", memory_bytes={"gpu": 4 * 10**9}),
        Observation(name="SSD link halves", links=(slower,)),
        Observation(name="load drifts on", activations=load_of(2)),
        Observation(name="GPU back", memory_bytes={"gpu": 6 * 10**9}, activations=load_of(3)),
    )
    limits = Limits(time_limit_ns=int((len(seen) + 1) * seconds * _SECOND_NS))
    _say("step | moves | GB moved | ms/token planned again | ms/token kept | gap with migration")
    # A MiB costs what it takes on the SSD's link, 24 Gbit/s.
    rolled_on = rolled(problem, seen, limits, Pace(ns_per_mib=349_525, weight_ppm=700_000))
    for step in rolled_on.steps:
        kept = "–" if step.name == "start" else "breaks a rule"
        if step.kept_ns is not None:
            kept = f"{step.kept_ns / quarter / 1e6:.3f}"
        now = "no plan" if step.latency_ns is None else f"{step.latency_ns / quarter / 1e6:.3f}"
        gap = "–" if step.gap is None else f"{step.gap:.3%}"
        _say(f"{step.name} | {step.moved} | {step.moved_bytes / 1e9:.2f} | {now} | {kept} | {gap}")
    out = Path("bench-out")
    out.mkdir(exist_ok=True)
    (out / "offload_placement_rolling.svg").write_bytes(draw(rolled_on, ".svg"))


def cut(seconds: float) -> None:
    """Switch-Base-128 from 15.6 GB to 4.7 GB: what the cut costs at budgets of a synthetic loss."""
    problem = load("switch-base-128-edge")
    if not isinstance(problem, OffloadPlacementProblem):
        raise TypeError("the instance is of another kind")
    for memory, words in ((14_600 * 10**6, "15.6 GB"), (3_600 * 10**6, "4.7 GB")):
        for budget in (0, 10_000, 20_000, 40_000, 80_000):
            holder = problem.holders[0].model_copy(update={"memory_bytes": memory})
            changes = {"holders": (holder, *problem.holders[1:]), "loss_budget_ppm": budget}
            changed = problem.model_copy(update=changes)
            claim, objective, took = _solved(_lagrangian(), changed, seconds)
            per_token = 0.0 if objective is None else objective / problem.tokens / 1e6
            ended = f"{claim.reason}, {took:.1f} s"
            _say(f"{words}, loss {budget / 10**6:.0%}: {per_token:.4f} ms/token, {ended}")


def main(wanted: list[str]) -> None:
    """Run the parts named, or all."""
    parts = wanted or ["table", "large", "slowest", "replay", "rolling", "cut"]
    found = routing() if {"table", "slowest", "replay", "rolling"} & set(parts) else None
    if "large" in parts:
        large(120)
    if "cut" in parts:
        cut(60)
    if found is None:
        return
    if "table" in parts:
        table(found, 60)
    if "slowest" in parts:
        slowest(found, 120)
    if "replay" in parts:
        replay(found)
    if "rolling" in parts:
        rolling(found, 20)


if __name__ == "__main__":
    main(sys.argv[1:])
