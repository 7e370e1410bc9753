"""Baselines for one stream.

Each is a set of placements of which the best that keeps to all limits is taken. A crossing takes
its cheapest form, or, where that breaks a limit, its most accurate one.

- all-local, all-remote: every layer on the first, or on the last device;
- neurosurgeon: one cut of the layers in topological order between the first and the last device,
  no bottleneck, no gates (Kang et al., ASPLOS 2017, §4.3);
- best-bottleneck: one bottleneck encoded on the first device, all the rest on the last, which is
  how BottleFit and Entropic Student are deployed;
- random: 100 placements drawn by the seed.
"""

import random
from collections.abc import Iterator

import numpy as np

from models.problems.split_computing import SplitComputingPlan, SplitComputingProblem
from models.result import Claim, Limits, Reason
from solvers.base import UNREACHABLE, Progress
from solvers.tables.split_computing import Form, Sent, Tables, Through
from solvers.tables.split_computing_build import build

_SAMPLES = 100
Candidate = tuple[dict[int, int], Through | None]
Found = tuple[int, SplitComputingPlan]


def _cut(tables: Tables, at: int) -> dict[int, int]:
    """Layers up to `at` on the first device, the others on the last."""
    last = tables.hops
    return {v: 0 if v <= at else last for v in range(1, tables.layers + 1)}


def _without(levels: dict[int, int], tables: Tables, use: Through) -> Candidate:
    gone = tables.replaced[use.after]
    return {v: level for v, level in levels.items() if v not in gone}, use


def _priced(tables: Tables, candidate: Candidate) -> Found | None:
    """The objective and plan of a placement, None where it cannot keep to the limits."""
    levels, use = candidate
    needed = tables.needed(levels, use)
    if not all(tables.forms[crossing] for crossing in needed):
        return None
    for metric in (tables.aims[0], tables.metrics - 1):
        sent: Sent = {crossing: _least(tables.forms[crossing], metric) for crossing in needed}
        cost = tables.cost(levels, sent, use)
        if tables.allowed(cost):
            return tables.value(cost), tables.plan(levels, sent, use)
    return None


def _least(forms: tuple[Form, ...], metric: int) -> str:
    return min(forms, key=lambda form: form[1][metric])[0]


class _Baseline:
    """Takes the best of its candidates."""

    name: str
    gated = False

    def candidates(self, tables: Tables, rng: random.Random) -> Iterator[Candidate]:
        """The placements to choose from."""
        raise NotImplementedError

    def solve(
        self,
        problem: SplitComputingProblem,
        limits: Limits,
        hint: SplitComputingPlan | None = None,
        report: Progress[SplitComputingPlan] | None = None,
    ) -> Claim[SplitComputingPlan]:
        """The best plan of its kind, or none where all break a limit."""
        rng = random.Random(limits.seed)  # noqa: S311  # a baseline, not a secret
        best: Found | None = None
        for tables in build(problem):
            if tables.policy is not None and not self.gated:
                continue
            for candidate in self.candidates(tables, rng):
                found = _priced(tables, candidate)
                if found is not None and (best is None or found[0] < best[0]):
                    best = found
        if best is None:
            return Claim(self.name, Reason.HEURISTIC, detail="it has no plan within the limits")
        return Claim(self.name, Reason.HEURISTIC, best[1])


class AllLocal(_Baseline):
    """Everything on the first device."""

    name = "all-local"

    def candidates(self, tables: Tables, rng: random.Random) -> Iterator[Candidate]:
        """See the module."""
        yield _cut(tables, tables.layers), None


class AllRemote(_Baseline):
    """Everything on the last device."""

    name = "all-remote"

    def candidates(self, tables: Tables, rng: random.Random) -> Iterator[Candidate]:
        """See the module."""
        yield _cut(tables, 0), None


class Neurosurgeon(_Baseline):
    """The best single cut, no bottleneck."""

    name = "neurosurgeon"

    def candidates(self, tables: Tables, rng: random.Random) -> Iterator[Candidate]:
        """The best cut by the cheapest forms, and the best by the most accurate ones."""
        for metric in (tables.aims[0], tables.metrics - 1):
            at = _best_cut(tables, metric)
            if at is not None:
                yield _cut(tables, at), None


def _best_cut(tables: Tables, metric: int) -> int | None:
    """Where to cut, each crossing in its form of least `metric`; None where no cut is allowed.

    Tensor u crosses at every cut from u on until before its last reader, so that all n + 1 cuts
    are priced by running sums, in O(n · M).
    """
    run = tables.run.sum(axis=0)
    ahead = np.cumsum(tables.run, axis=0)
    total = np.array(tables.start) + ahead[:, 0] + run[-1] - ahead[:, -1]
    crossing = np.zeros((tables.layers + 2, tables.metrics), dtype=np.int64)
    missing = np.zeros(tables.layers + 2, dtype=np.int64)
    for node, readers in enumerate(tables.readers):
        end = max(readers, default=node)
        for hop in range(tables.hops):
            forms = tables.forms[node, hop]
            if forms:
                price = np.array(min(forms, key=lambda form: form[1][metric])[1])
                crossing[node] += price
                crossing[end] -= price
            else:
                missing[node] += 1
                missing[end] -= 1
    total += np.cumsum(crossing, axis=0)[:-1]
    allowed = (np.cumsum(missing)[:-1] == 0) & (total <= np.array(tables.limit)).all(axis=1)
    if not allowed.any():
        return None
    value = total[:, list(tables.aims)].max(axis=1)
    return int(np.where(allowed, value, UNREACHABLE).argmin())


class BestBottleneck(_Baseline):
    """The best bottleneck between the first device and the last."""

    name = "best-bottleneck"

    def candidates(self, tables: Tables, rng: random.Random) -> Iterator[Candidate]:
        """See the module."""
        for use in tables.through:
            if use.hop == 0:
                yield _without(_cut(tables, 0), tables, use)


class Random(_Baseline):
    """The best of random placements."""

    name = "random"
    gated = True

    def candidates(self, tables: Tables, rng: random.Random) -> Iterator[Candidate]:
        """See the module."""
        for _ in range(_SAMPLES):
            use = rng.choice((None, *tables.through))
            low = 0 if use is None else use.hop + 1
            level = sorted(rng.randint(low, tables.hops) for _ in range(tables.layers))
            levels = dict(zip(range(1, tables.layers + 1), level, strict=True))
            yield (levels, None) if use is None else _without(levels, tables, use)
