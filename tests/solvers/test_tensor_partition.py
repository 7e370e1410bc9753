"""Methods for tensor partitions on groups whose answer is known, and where they give up."""

import pytest

from models.documents import read_problem, validate
from models.problems.tensor_partition import (
    TensorMode,
    TensorPartitionPlan,
    TensorPartitionProblem,
    TensorShare,
)
from models.result import Limits, Reason
from planner.bounds import lower_bound
from planner.verify import verify
from problem_instances import best_known, load
from problem_instances.generate import generate
from problem_instances.generators.tensor_partition import TensorSpec, environment
from problem_instances.text import to_text
from solvers.heuristic.tensor_partition import Galaxy, MegatronEven
from solvers.registry import REGISTRY, Entry
from solvers.search.tensor_partition import Bisection
from solvers.tables.tensor_partition import build

_LIMITS = Limits(time_limit_ns=60 * 10**9)


def _pair(**fields: object) -> TensorPartitionProblem:
    """Two equal devices, 4 heads and 8 blocks, of which `second` has little memory."""
    device = {
        "memory_bytes": 1000,
        "attention_ns": 400,
        "mlp_ns": 800,
        "connective_ns": 40,
        "bandwidth_bit_per_s": 8 * 10**9,
    }
    document = {
        "devices": [device | {"name": "first"}, device | {"name": "second", "memory_bytes": 280}],
        "layers": 1,
        "heads": 4,
        "columns": 8,
        "rows": 4,
        "attention_bytes": 400,
        "mlp_bytes": 800,
        "row_bytes": 10,
        "key_value_bytes": 20,
    }
    return validate(document | fields, TensorPartitionProblem)


def test_galaxy_moves_columns_before_heads() -> None:
    """A device that overflows keeps its heads and gives up columns only."""
    claim = Galaxy().solve(_pair(), _LIMITS)
    assert claim.plan is not None
    assert [(s.heads, s.columns) for s in claim.plan.shares] == [(2, 8), (2, 0)]


def test_columns_are_given_up_one_by_one() -> None:
    """As many move as do not fit: two heads leave room for one block of 100 bytes."""
    devices = [
        member.model_copy(update={"memory_bytes": memory})
        for member, memory in zip(_pair().devices, (2000, 300), strict=True)
    ]
    claim = Galaxy().solve(_pair().model_copy(update={"devices": tuple(devices)}), _LIMITS)
    assert claim.plan is not None
    assert [(s.heads, s.columns) for s in claim.plan.shares] == [(2, 7), (2, 1)]


def test_the_optimum_weighs_heads_against_columns() -> None:
    """Three clocks, memory 98 % full: moving columns alone is not the best way out."""
    problem = read_problem(to_text(environment("f", "opt-l", 125)))
    claim, galaxy = (m.solve(problem, _LIMITS) for m in (Bisection(), Galaxy()))
    assert claim.reason is Reason.COMPLETED
    assert galaxy.plan is not None
    assert (verify(problem, galaxy.plan).objective or 0) > (claim.lower_bound or 0)


def test_tiles_hide_transfers() -> None:
    """Two tiles at an end: a step of 20 ns beside a tile of 25 is hidden, beside 10 half of it."""
    problem = _pair(overlap={"attention_entry_ppm": 10**6, "attention_exit_ppm": 0})
    tables = build(problem)
    assert tables.block_ns("attention", 50, 2, 20) == 50 + 0 + 20
    assert tables.block_ns("attention", 20, 2, 20) == 20 + 10 + 20
    assert tables.block_ns("mlp", 100, 2, 20) == 100
    assert tables.block_ns("mlp", 61, 2, 20) == 61 + 10  # 2 x 4.75 rounded up once
    assert build(_pair()).block_ns("mlp", 61, 2, 20) == 61 + 40


def test_equal_splits_that_do_not_fit_are_no_plan() -> None:
    """A baseline says why it has nothing to offer."""
    claim = MegatronEven().solve(_pair(), _LIMITS)
    assert claim.plan is None
    assert "does not hold" in claim.detail


def test_one_device_is_better_than_a_slow_ring() -> None:
    """Jupiter's boards at 100 Mbit/s: the NX alone; at 1 Gbit/s all of them."""
    alone, together = (
        Bisection().solve(read_problem(to_text(environment("jupiter-b", "llama-2-7b", m))), _LIMITS)
        for m in (100, 1000)
    )
    assert alone.plan is not None
    assert together.plan is not None
    assert [share.device for share in alone.plan.shares] == ["nx-1"]
    assert len(together.plan.shares) == 4
    assert together.plan.mode is TensorMode.TENSOR_SEQUENCE


@pytest.mark.parametrize("name", ["readable-3", "galaxy-f-bert-l"])
def test_galaxy_stays_above_the_optimum(name: str) -> None:
    """What the heuristic finds on shipped groups is a plan, and not below the best."""
    problem = load(name)
    claim = Galaxy().solve(problem, _LIMITS)
    assert claim.plan is not None
    assert (verify(problem, claim.plan).objective or 0) >= (best_known(name).objective or 0)


def test_too_many_groups_are_declined() -> None:
    """17 unequal devices are outside of what bisection takes; it says so at once."""
    problem = read_problem(generate(TensorSpec(1, devices=40, types=40, tightness=50)))
    claim = Bisection().solve(problem, _LIMITS)
    assert claim.reason is Reason.UNSUPPORTED
    assert "too many" in claim.detail


def test_what_is_done_bounds_the_rest() -> None:
    """A search cut off has a bound below its plan, and both hold."""
    problem = read_problem(generate(TensorSpec(2, devices=8, types=8, rows=256, tightness=90)))
    whole = Bisection().solve(problem, _LIMITS)
    cut = Bisection().solve(problem, Limits(time_limit_ns=2 * 10**7))
    assert whole.lower_bound is not None
    assert cut.lower_bound is None or cut.lower_bound <= whole.lower_bound


def test_the_bound_is_the_optimum_but_for_rounding() -> None:
    """Two equal devices with room and nothing to send: halves of 400, 800 and twice 40 ns."""
    members = [m.model_copy(update={"memory_bytes": 2000}) for m in _pair().devices]
    problem = _pair(row_bytes=0, key_value_bytes=0).model_copy(update={"devices": tuple(members)})
    claim = Bisection().solve(problem, _LIMITS)
    assert claim.lower_bound == 200 + 400 + 40
    # Half a nanosecond for each of the four parts that are rounded.
    assert lower_bound(problem) == 640 - 2


@pytest.mark.parametrize("method", [e for e in REGISTRY["tensor_partition"] if e.traits.exact])
def test_a_device_alone_does_not_wait_for_the_ring(method: Entry) -> None:
    """A hint below what one step would take rules out no device that has nobody to send to."""
    alone, slower = (
        _pair().devices[0].model_copy(update={"name": name, "mlp_ns": mlp, "latency_ns": 5000})
        for name, mlp in (("alone", 100), ("slower", 500))
    )
    problem = _pair(modes=["sequence"]).model_copy(update={"devices": (alone, slower)})
    problem = problem.model_copy(update={"attention_bytes": 4, "mlp_bytes": 8})
    share = TensorShare(device="slower", heads=4, columns=8, rows=4)
    hint = TensorPartitionPlan(mode=TensorMode.SEQUENCE, shares=(share,))
    assert verify(problem, hint).objective == 980
    claim = method.load().solve(problem, _LIMITS, hint)
    assert (claim.reason, claim.lower_bound) == (Reason.COMPLETED, 400 + 100 + 80)


@pytest.mark.parametrize("name", ["galaxy-c-opt-l", "galaxy-f-bert-l"])
def test_every_exact_method_proves_shipped_groups(name: str) -> None:
    """What three methods prove from nothing but the problem is one optimum."""
    problem, best = load(name), best_known(name)
    for method in REGISTRY["tensor_partition"]:
        if method.traits.exact:
            claim = method.load().solve(problem, _LIMITS)
            assert (claim.reason, claim.lower_bound) == (Reason.COMPLETED, best.objective)
