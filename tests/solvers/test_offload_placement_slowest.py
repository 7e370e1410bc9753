"""Weights on the experts of a token: what they say is never above the slowest one's time."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from models.documents import validate
from models.problems.offload_placement import OffloadPlacementProblem, TokenLatency
from models.result import Limits
from solvers.base import Progress, Stopwatch
from solvers.decomposition.offload_placement_slowest import Weights, of_slowest
from solvers.tables.offload_placement import Ints, Tables, build
from tests.offload_strategies import offload_placement


def _chosen(tables: Tables, seed: int) -> Ints:
    """Any column of each client."""
    rng = np.random.default_rng(seed)
    return tables.start[:-1] + rng.integers(0, np.diff(tables.start))


@settings(deadline=None, max_examples=40)
@given(
    problem=offload_placement(objective=TokenLatency.MAX),
    seed=st.integers(0, 99),
    length=st.sampled_from([0.0, 0.5, 50.0]),
)
def test_weighted_times_are_never_above_the_slowest(
    problem: OffloadPlacementProblem, seed: int, length: float
) -> None:
    """Wherever weights have moved, layer by layer, for any choice of columns."""
    tables = build(problem)
    if tables.empty:
        return
    weights = Weights(tables)
    weights.follow(_chosen(tables, seed), length)
    shares = weights.shares()
    assert np.allclose(np.bincount(weights._of, shares.sum(axis=1)), shares.shape[1])
    for other in range(5):
        chosen = _chosen(tables, seed + other)
        additive = weights.additive(shares)
        assert (additive.waiting(chosen) <= tables.waiting(chosen)).all()


def _star() -> OffloadPlacementProblem:
    """Expert 0 is in every pair, and there is room for one: nothing can be saved."""
    pairs = [{"site": "gpu", "experts": [0, other], "tokens": 10} for other in (1, 2, 3)]
    layer = {
        "name": "l", "top_k": 1, "expert_bytes": 1000, "activations": [[30, 10, 10, 10]],
        "patterns": pairs,
    }  # fmt: skip
    return validate(
        {
            "kind": "offload_placement",
            "holders": [
                {"name": "gpu", "memory_bytes": 1000, "read_bytes_per_s": "1 GB/s"},
                {"name": "ssd"},
            ],
            "links": [{"source": "gpu", "target": "ssd", "bandwidth_bit_per_s": "80 Mbit/s"}],
            "sites": ["gpu"],
            "layers": [layer],
            "tokens": 30,
            "objective": "max",
        },
        OffloadPlacementProblem,
    )


def test_weights_prove_what_the_mean_does_not() -> None:
    """The mean over a pair's experts hopes for half of what a fast expert 0 would save."""
    tables = build(_star())
    weights = Weights(tables)
    first = tables.safest().copy()
    first[0] = tables.start[0] + int(tables.time[: tables.start[1]].argmin())
    mean = weights.additive(weights.shares())
    slow, slowest = 101_000, 30 * 101_000
    assert mean.waiting(first).sum() <= slowest - 15 * (slow - 1_000)
    weights.follow(first, 50.0)
    assert weights.additive(weights.shares()).waiting(first).sum() >= slowest - 30


def test_the_bound_and_the_plan_meet_on_a_star() -> None:
    """Rounds of weights, and the program behind them, settle it."""
    tables = build(_star())
    limits = Limits()
    found, _ = of_slowest(tables, limits, Stopwatch(limits, None), None, Progress())
    assert found.chosen is not None
    assert tables.value(found.chosen) == found.bound == 30 * 101_000
