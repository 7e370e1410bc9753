"""What expert selection has to show, measured: public instances, scale, a frontier, the gate.

    python -m planner.benchmark.expert_selection [public] [scale] [blackbox] [frontier] [gate]

`public` reads the instances and the times beside them from the folder `submodular` of the folder
that EDGEPLAN_DATA names, and says so and skips where it is not there. Everything runs in this
process on one thread; the drawing of the frontier goes to bench-out/.
"""

import os
import statistics
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from models.frontier import Budget
from models.problems import AnyPlan
from models.problems.expert_selection import (
    MILLION,
    ExpertSelectionProblem,
    QualityModel,
)
from models.prompts import PromptTable
from models.result import Claim, Limits
from planner.benchmark import submodular
from planner.frontier import frontier
from planner.gate import arrays, report, train
from planner.plot.frontier import draw
from planner.verify import verify
from problem_instances.generators.expert_selection import SelectionSpec, expert_selection
from problem_instances.generators.prompts import PromptsSpec, prompts
from solvers.base import Stopwatch
from solvers.registry import entry
from solvers.search.expert_selection import search
from solvers.tables.expert_selection import Bools, Ints, build
from solvers.tables.expert_selection_quality import Floats

_KIND = "expert_selection"
_SECOND_NS = 10**9


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _timed(
    name: str, problem: ExpertSelectionProblem, seconds: float
) -> tuple[Claim[AnyPlan], float]:
    """A method's claim and the wall time of its call, s."""
    method = entry(_KIND, name)
    if method is None:
        raise KeyError(name)
    begun = time.perf_counter()
    claim = method.load().solve(problem, Limits(time_limit_ns=int(seconds * _SECOND_NS)))
    return claim, time.perf_counter() - begun


def public(folder: Path, seconds: float = 20.0) -> None:
    """The search on every public instance, beside the times given with them."""
    ratios, slower = [], []
    for line in (folder / "results.tsv").read_text(encoding="utf-8").splitlines()[1:]:
        name, optimum, peer, _, highs, *_ = line.split("\t")
        problem = submodular.read(folder / f"{name}.json")
        claim, took = _timed("monotonic", problem, seconds)
        objective = None if claim.plan is None else verify(problem, claim.plan).objective
        proved = objective is not None and objective == claim.lower_bound
        value = 0.0
        if objective is not None:
            value = float(submodular.value(problem, name[:3], objective))
        right = proved and abs(value - float(optimum)) < 1e-3
        best = min(float(peer), float(highs))
        ratios.append(took / float(peer))
        if best > 0.2 and took > 2 * best:
            slower.append(name)
        _say(
            f"{name:14} {'proved' if right else 'NOT PROVED':10} {took:8.3f} s  x{took / best:.2f}"
        )
    _say(f"median time / branch and bound in C++: {statistics.median(ratios):.2f}")
    _say(f"above 0.2 s and slower than twice the better peer: {', '.join(slower) or 'none'}")


def large(experts: int, clusters: int, seed: int = 1) -> ExpertSelectionProblem:
    """A synthetic problem of best_expert quality with budgets of energy, memory and number."""
    spec = SelectionSpec(
        seed=seed, experts=experts, clusters=clusters, categories=8, devices=8, tightness=10,
        memory=30, max_experts=20,
    )  # fmt: skip
    return ExpertSelectionProblem.model_validate(expert_selection(spec), strict=False)


def scale(experts: int, clusters: int, seconds: float) -> None:
    """The search on a large synthetic problem: objective, bound and gap at the time limit."""
    problem = large(experts, clusters)
    claim, took = _timed("monotonic", problem, seconds)
    objective = None if claim.plan is None else verify(problem, claim.plan).objective
    bound = claim.lower_bound
    gap = "unknown"
    if objective is not None and bound is not None:
        gap = (
            f"{(objective - bound) / objective:.4%} of the shortfall, "
            f"{(objective - bound) / (MILLION - objective):.4%} of the quality"
        )
    _say(f"{experts} x {clusters}: {took:.1f} s, {objective} >= {bound} ppm, gap {gap}")


class Synergy:
    """A monotone quality that is not submodular: pairs of experts are worth more than both.

    The state is [n] zeros and ones; a black box to the search, which sees values only.
    """

    monotone = True

    def __init__(self, size: int, seed: int) -> None:
        rng = np.random.default_rng(seed)
        pairs = rng.integers(0, 100, (size, size)) * (rng.random((size, size)) < 0.3)
        self.single = rng.integers(1, 100, size).astype(np.float64)
        self.pair: Floats = np.triu(pairs, 1).astype(np.float64)
        self.scale = MILLION / (self.single.sum() + self.pair.sum())

    def values(self, chosen: Bools) -> Floats:
        """[k] ppm of the selections [k, n]."""
        member = chosen.astype(np.float64)
        joint = ((member @ self.pair) * member).sum(axis=1)
        return np.asarray(np.floor((member @ self.single + joint) * self.scale))

    def defined(self, chosen: Bools) -> bool:  # noqa: ARG002  # the protocol's, of no use here
        """Every selection has a quality."""
        return True

    def start(self) -> Floats:
        """Nobody."""
        return np.zeros(len(self.single))

    def add(self, state: Floats, expert: int) -> Floats:
        """With one expert more."""
        grown = state.copy()
        grown[expert] = 1.0
        return grown

    def gains(self, state: Floats, candidates: Ints) -> Floats:
        """Against the selection so far."""
        masks = np.repeat(state[None].astype(np.bool_), len(candidates), axis=0)
        masks[np.arange(len(candidates)), candidates] = True
        return self.values(masks) - self.values(state[None].astype(np.bool_))


def black_box(size: int, seconds: float) -> None:
    """The search on a function of which it sees values only, under one knapsack."""
    spec = SelectionSpec(seed=size, experts=size, clusters=1, categories=1, tightness=25)
    problem = ExpertSelectionProblem.model_validate(expert_selection(spec), strict=False)
    tables = replace(
        build(problem), function=Synergy(size, size), model=QualityModel.TABLE, step=1.0
    )
    begun = time.perf_counter()
    found = search(tables, Stopwatch(Limits(time_limit_ns=int(seconds * _SECOND_NS)), None))
    took = time.perf_counter() - begun
    ended = "proved" if found.complete else "stopped"
    _say(
        f"black box, n = {size}: {ended} in {took:.1f} s, {found.boxes} boxes, "
        f"{found.objective} >= {found.lower_bound} ppm"
    )


def sweep(points: int = 20) -> None:
    """A frontier of 50 experts, every point proved, drawn beside the heuristics."""
    spec = SelectionSpec(
        seed=50, experts=50, clusters=57, categories=8, devices=6, memory=40, variants=True
    )
    problem = ExpertSelectionProblem.model_validate(expert_selection(spec), strict=False)
    found = frontier(problem, Budget.ENERGY, points)
    proved = sum(point.proved for point in found.points)
    beaten = sum(
        value is not None and (point.objective is None or value < point.objective)
        for point in found.points
        for value in point.heuristics.values()
    )
    out = Path("bench-out")
    out.mkdir(exist_ok=True)
    (out / "expert_selection_frontier.svg").write_bytes(draw(found, ".svg"))
    _say(
        f"frontier: {len(found.points)} points in {found.wall_ns / 1e9:.1f} s, {proved} proved, "
        f"{sum(point.reused for point in found.points)} reused, heuristics above it: {beaten}"
    )


def two_levels(experts: int = 6) -> None:
    """What restricting a gate costs: every subset of two or more, against retraining."""
    numbers = np.arange(2**experts)
    masks = (numbers[:, None] >> np.arange(experts) & 1).astype(np.bool_)
    subsets = [mask for mask in masks if mask.sum() >= 2]
    for specialisation in (0, 30, 60, 90):
        spec = PromptsSpec(
            seed=7, experts=experts, categories=3, specialisation=specialisation
        )
        training, held_out = arrays(PromptTable.model_validate(prompts(spec), strict=False)).split()
        gate = train(training)
        reports = [report(gate, training, held_out, chosen, k=1) for chosen in subsets]
        lost = [found.lost_by_restriction for found in reports]
        gained = statistics.mean(found.restricted - found.best_single for found in reports)
        _say(
            f"gate, specialisation {specialisation}: restricted worse than retrained on "
            f"{sum(value > 0 for value in lost)} of {len(lost)} subsets, mean loss "
            f"{statistics.mean(lost):+.4f}, worst {max(lost):+.4f}; "
            f"over the best expert {gained:+.4f}"
        )


def main(wanted: list[str]) -> None:
    """Run the parts named, or all."""
    parts = wanted or ["public", "scale", "blackbox", "frontier", "gate"]
    if "public" in parts:
        folder = Path(os.environ.get("EDGEPLAN_DATA", "data")) / "submodular"
        if folder.is_dir():
            public(folder)
        else:
            _say(f"public: skipped, there is no folder {folder} (set EDGEPLAN_DATA)")
    if "scale" in parts:
        scale(200, 2_000, 60)
        scale(1_000, 10_000, 120)
    if "blackbox" in parts:
        black_box(26, 10)
        black_box(40, 10)
    if "frontier" in parts:
        sweep()
    if "gate" in parts:
        two_levels()


if __name__ == "__main__":
    main(sys.argv[1:])
