"""A sweep over layers for fewer hops: each is placed anew beside its neighbours, exactly.

With the neighbours and the numbers of replicas fixed, the tokens that stay on their device are a
sum over replicas, so that a layer is an assignment with side constraints,

    max Σ_eg gain_eg n_eg / c_e    Σ_g n_eg = c_e    Σ_e n_eg = slots_g    loads in balance

solved by HiGHS. Sweeps go forward and back until none helps. The start is the hint, else EPLB's
placement, else that of the local search for time. No certificate: each step's optimum is a local
one.
"""

import numpy as np

from models.problems.expert_balance import (
    BalanceObjective,
    ExpertBalancePlan,
    ExpertBalanceProblem,
)
from models.result import Claim, Limits, Reason
from solvers.backends import program_highs
from solvers.base import Progress, Stopwatch
from solvers.heuristic.expert_balance import eplb
from solvers.heuristic.expert_balance_search import place
from solvers.program_builder import Builder
from solvers.tables.expert_balance import Floats, Ints, Layer, build, hinted, plan_of, too_few
from solvers.tables.expert_balance_hops import admissible, allowed_share, balanced, shares

_SWEEPS = 8
# Gains are whole numbers in the program: parts of a token.
_PARTS = 1000


class AffinitySweep:
    """Layer after layer beside its neighbours."""

    name = "affinity-sweep"

    def solve(
        self,
        problem: ExpertBalanceProblem,
        limits: Limits,
        hint: ExpertBalancePlan | None = None,
        report: Progress[ExpertBalancePlan] | None = None,
    ) -> Claim[ExpertBalancePlan]:
        """A plan in balance with few hops, or none."""
        watch = Stopwatch(limits, report)
        layers = build(problem)
        if problem.objective is not BalanceObjective.HOPS:
            return Claim(self.name, Reason.HEURISTIC, detail="for hops only")
        if not all(layer.feasible for layer in layers):
            return Claim(self.name, Reason.HEURISTIC, detail=too_few(layers[0]))
        placed = _start(problem, layers, hint, limits.seed, watch)
        if placed is None:
            reason = watch.reason(Reason.HEURISTIC)
            return Claim(self.name, reason, detail="out of balance")
        flows = [np.array(matrix, dtype=np.int64) for matrix in problem.transitions or ()]
        for _ in range(_SWEEPS):
            if watch.expired() or not _sweep(problem, layers, placed, flows, watch):
                break
        return Claim(self.name, watch.reason(Reason.HEURISTIC), plan_of(placed))


def _start(
    problem: ExpertBalanceProblem,
    layers: list[Layer],
    hint: ExpertBalancePlan | None,
    seed: int,
    watch: Stopwatch,
) -> list[Ints] | None:
    known = [counts for counts in hinted(problem, layers, hint) if counts is not None]
    if len(known) == len(layers) and admissible(problem, layers, known):
        return known
    quick = [eplb(layer) for layer in layers]
    if admissible(problem, layers, quick):
        return quick
    placed = [place(layer, None, seed, watch) for layer in layers]
    return placed if admissible(problem, layers, placed) else None


def _sweep(
    problem: ExpertBalanceProblem,
    layers: list[Layer],
    placed: list[Ints],
    flows: list[Ints],
    watch: Stopwatch,
) -> bool:
    """Forward and back once; whether any layer got better."""
    better = False
    last = len(layers) - 1
    for index in [*range(last + 1), *range(last - 1, -1, -1)]:
        layer, old = layers[index], placed[index]
        gain = np.zeros(old.shape)
        if index:
            gain += flows[index - 1].T @ shares(placed[index - 1])
        if index < last:
            gain += flows[index] @ shares(placed[index + 1])
        counts = _best(layer, old, gain, problem.balance_slack_ppm, watch)
        if counts is None or not balanced(layer, counts, problem.balance_slack_ppm):
            continue
        if (gain * shares(counts)).sum() > (gain * shares(old)).sum() * (1 + 1e-9):
            placed[index] = counts
            better = True
    return better


def _best(layer: Layer, old: Ints, gain: Floats, slack_ppm: int, watch: Stopwatch) -> Ints | None:
    """[E, G] replicas, as many of each expert as there were, with the most gain."""
    number = [int(n) for n in old.sum(axis=1)]
    loads = [int(load) for load in layer.weight @ layer.loads]
    allowed = allowed_share(layer, slack_ppm)
    node = layer.node[(old > 0).argmax(axis=1)]
    builder = Builder()
    columns = np.zeros(old.shape, dtype=np.int64)
    for expert, device in np.ndindex(*old.shape):
        most = min(number[expert], int(layer.slots[device]))
        worth = round(_PARTS * float(gain[expert, device]) / number[expert])
        inside = node[expert] == layer.node[device]
        columns[expert, device] = builder.column(-worth, upper=most if inside else 0)
    for expert, count in enumerate(number):
        builder.row([(int(column), 1) for column in columns[expert]], count, count)
    sizes = zip(layer.slots.tolist(), layer.rate.tolist(), strict=True)
    for device, (slots, rate) in enumerate(sizes):
        held: list[int] = columns[:, device].tolist()
        builder.row([(column, 1) for column in held], slots, slots)
        # Rounded to the safe side; the balance of the result is checked exactly.
        terms = [
            (column, -(-_PARTS * load // count))
            for column, load, count in zip(held, loads, number, strict=True)
        ]
        builder.row(terms, high=int(_PARTS * allowed * rate))
    answer = program_highs.solve(builder.program(), watch, start=old.ravel())
    return None if answer.point is None else np.asarray(answer.point[columns])
