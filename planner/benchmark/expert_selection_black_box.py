"""Branch, reduce and bound on a monotone quality of which it sees values only."""

import time
from dataclasses import replace

import numpy as np

from models.problems.expert_selection import ExpertSelectionProblem
from models.problems.expert_selection_checks import MILLION
from models.problems.expert_selection_modes import QualityModel
from models.result import Limits
from planner.benchmark.table import Table
from problem_instances.generators.expert_selection import SelectionSpec, expert_selection
from solvers.base import Stopwatch
from solvers.search.expert_selection import search
from solvers.tables.expert_selection import Bools, Ints, Tables, build
from solvers.tables.expert_selection_quality import Floats


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


def synergy(size: int) -> Tables:
    """The tables of a problem with that quality and one knapsack, a quarter of all energy."""
    spec = SelectionSpec(seed=size, experts=size, clusters=1, categories=1, tightness=25)
    problem = ExpertSelectionProblem.model_validate(expert_selection(spec), strict=False)
    function = Synergy(size, size)
    return replace(build(problem), function=function, model=QualityModel.TABLE, step=1.0)


def black_boxes(time_limit_ns: int) -> Table:
    """What the search proves of 26 and of 40 experts."""
    table = Table("black boxes", "A monotone, non-submodular quality known by its values alone.")
    for size in (26, 40):
        tables = synergy(size)
        wall, spent = time.monotonic_ns(), time.process_time_ns()
        found = search(tables, Stopwatch(Limits(time_limit_ns=time_limit_ns), None))
        table.add(
            {
                "experts": size,
                "end": "completed" if found.complete else "time-limit",
                "time_ns": time.monotonic_ns() - wall,
                "CPU time_ns": time.process_time_ns() - spent,
                "boxes": found.boxes,
                "shortfall_ppm": found.objective,
                "bound_ppm": found.lower_bound,
            }
        )
    return table
