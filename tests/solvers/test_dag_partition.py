"""What the methods of DAG partitions rest on: groups, ideals, anchors, and saying no."""

import numpy as np
import pytest

import problem_instances
from models.documents import read_problem, validate
from models.problems.dag_partition import (
    DagPartitionPlan,
    DagPartitionProblem,
    DeviceClass,
    Part,
)
from models.result import Limits, Reason
from planner.bounds import lower_bound
from planner.verify import verify
from problem_instances.generate import generate
from problem_instances.generators.dag_partition import DagSpec
from solvers.backends import program_highs
from solvers.base import Stopwatch
from solvers.registry import entries, entry
from solvers.tables.dag_partition import Tables, build
from solvers.tables.dag_partition_anchor import anchors, program
from solvers.tables.dag_partition_ideals import TooManyIdealsError, all_ideals
from solvers.tables.dag_partition_linear import depth_first, narrow


def problem(
    times: list[int], edges: list[tuple[int, int]], **fields: object
) -> DagPartitionProblem:
    """Operators 0, 1, … with these accelerator times, ten times those on a CPU, transfers of 2."""
    operators = [
        {"name": str(index), "cpu_ns": 10 * time, "accelerator_ns": time, "transfer_ns": 2}
        for index, time in enumerate(times)
    ]
    document = {
        "operators": operators,
        "edges": [[str(u), str(v)] for u, v in edges],
        "accelerators": 2,
        "accelerator_memory_bytes": 0,
        **fields,
    }
    return validate(document, DagPartitionProblem)


def _chain(length: int) -> list[tuple[int, int]]:
    return [(index, index + 1) for index in range(length - 1)]


def _groups(tables: Tables) -> set[frozenset[str]]:
    return {frozenset(names) for names in tables.members}


@pytest.mark.parametrize(
    ("edges", "ideals"),
    [
        (_chain(6), 7),
        ([], 64),
        ([(0, 1), (2, 3), (4, 5)], 27),
        ([(0, leaf) for leaf in range(1, 6)], 33),
    ],
    ids=["chain", "antichain", "three chains", "star"],
)
def test_ideals_are_counted(edges: list[tuple[int, int]], ideals: int) -> None:
    """Chains have n + 1, antichains 2^n, disjoint parts the product; each ideal comes once."""
    tables = build(problem([1] * 6, edges))
    held = all_ideals(tables, 100, Stopwatch(Limits(), None))
    assert len(held) == len({row.tobytes() for row in held}) == ideals
    assert all(held[:, u][held[:, v]].all() for u, v in tables.before)
    with pytest.raises(TooManyIdealsError):
        all_ideals(tables, ideals - 1, Stopwatch(Limits(), None))


def test_free_operators_join_where_it_never_costs() -> None:
    """A relay that takes no time joins its consumer, a dead end its producer."""
    relay = build(problem([5, 0, 5, 0], _chain(4)))
    assert len(_groups(relay)) == 2


def test_free_operators_stay_apart_where_joining_costs() -> None:
    """Two costly outputs meet in a free operator that sends little: it belongs before the cut."""
    rows = [
        {"name": str(index), "cpu_ns": 100, "accelerator_ns": time, "transfer_ns": cost}
        for index, (time, cost) in enumerate([(5, 20), (5, 20), (0, 1), (10, 0)])
    ]
    rows[2]["cpu_ns"] = 0
    meeting = problem([], [(0, 2), (1, 2), (2, 3)], operators=rows)
    assert len(_groups(build(meeting))) == 4
    found = entry("dag_partition", "dp").load().solve(meeting, Limits())
    assert found.lower_bound == 11


def test_what_fills_memory_joins_nobody() -> None:
    """A free operator with a size stays apart where the model does not fit one accelerator."""
    rows = [
        {"name": str(index), "cpu_ns": 3 * time, "accelerator_ns": time, "size_bytes": 4}
        for index, time in enumerate((3, 0, 3))
    ]
    tight = problem([], _chain(3), operators=rows, accelerator_memory_bytes=8)
    assert len(_groups(build(tight))) == 3
    roomy = problem([], _chain(3), operators=rows, accelerator_memory_bytes=12)
    assert len(_groups(build(roomy))) == 2


def test_classes_on_a_cycle_are_one_group() -> None:
    """Two classes that feed each other can only share a device where contiguous."""
    rows = [
        {"name": str(index), "cpu_ns": 9, "accelerator_ns": 1, "colocation": group}
        for index, group in enumerate(("x", "y", "y", "x"))
    ]
    edges = [(0, 1), (2, 3)]
    assert len(_groups(build(problem([], edges, operators=rows)))) == 1
    free = problem([], edges, operators=rows, contiguous=False)
    assert len(_groups(build(free))) == 2


def test_orders_are_topological() -> None:
    """Every order holds each group once and no group before what it needs."""
    tables = build(read_problem(generate(DagSpec(seed=3, training=True))))
    for order in (depth_first(tables), depth_first(tables, backwards=True), narrow(tables)):
        place = np.argsort(order)
        assert sorted(order.tolist()) == list(range(tables.groups))
        assert all(place[u] < place[v] for u, v in tables.before)


def test_a_pigeonhole_proves_what_the_relaxation_does_not() -> None:
    """Five equal operators in a chain on two accelerators: one holds three, and one transfer."""
    tables = build(problem([10] * 5, _chain(5), contiguous=False))
    first = anchors(tables, 10**6)[0]
    assert (first.share, first.counts) == (3, True)
    assert program_highs.solve(program(tables, first), Stopwatch(Limits(), None)).bound == 32
    found = entry("dag_partition", "dp").load().solve(problem([10] * 5, _chain(5)), Limits())
    assert found.lower_bound == 32


def test_cpus_weaken_an_anchor_by_what_they_can_take() -> None:
    """A CPU that may run for 100 ns takes one operator of the five."""
    tables = build(problem([10] * 5, _chain(5), contiguous=False, cpus=1))
    assert anchors(tables, 100)[0].share == 2
    assert anchors(tables, 99)[0].share == 3


def test_too_many_ideals_are_declined_by_name() -> None:
    """Wide graphs have no exact dynamic program; it says so, and the linearised one answers."""
    wide = problem([1] * 40, [], cpus=1)
    claim = entry("dag_partition", "dp").load().solve(wide, Limits())
    assert claim.reason is Reason.UNSUPPORTED
    assert (claim.plan, claim.lower_bound) == (None, None)
    assert "linearised-dp" in claim.detail
    other = entry("dag_partition", "linearised-dp").load().solve(wide, Limits())
    assert other.plan is not None
    assert verify(wide, other.plan).objective == 20


@pytest.mark.parametrize("name", [e.name for e in entries("dag_partition") if not e.traits.exact])
@pytest.mark.parametrize("instance", problem_instances.names("dag_partition"))
def test_heuristics_on_shipped_instances(instance: str, name: str) -> None:
    """Plans are accepted and no better than the optimum; no plan only where it says why."""
    shipped = problem_instances.load(instance)
    best = problem_instances.best_known(instance).objective
    claim = entry("dag_partition", name).load().solve(shipped, Limits(time_limit_ns=10**9))
    if claim.plan is None:
        assert claim.detail
    else:
        verdict = verify(shipped, claim.plan)
        assert verdict.accepted
        assert verdict.objective is not None
        assert best is not None
        assert verdict.objective >= best


def test_local_search_leaves_a_local_optimum() -> None:
    """From the linearised plan it reaches the free optimum of a shipped instance."""
    name = "branches-free"
    claim = (
        entry("dag_partition", "local-search").load().solve(problem_instances.load(name), Limits())
    )
    assert claim.plan is not None
    objective = verify(problem_instances.load(name), claim.plan).objective
    assert objective == problem_instances.best_known(name).objective


def test_one_device_takes_a_cpu_when_it_must() -> None:
    """Everything on the CPU where one operator is not supported elsewhere."""
    claim = (
        entry("dag_partition", "one-device")
        .load()
        .solve(problem_instances.load("branches-cpu-stem"), Limits())
    )
    assert claim.plan is not None
    assert [part.device for part in claim.plan.parts] == [DeviceClass.CPU]


@pytest.mark.parametrize("contiguous", [True, False])
@pytest.mark.parametrize("name", [e.name for e in entries("dag_partition")])
def test_a_hint_that_breaks_a_rule_is_left_aside(name: str, contiguous: bool) -> None:
    """Parts on devices that are not there, or empty, are no start; what is found is the same."""
    chain = problem([1, 2, 3], _chain(3), contiguous=contiguous, accelerators=1, cpus=1)
    plans: list[list[tuple[str, tuple[str, ...]]]] = [
        [("cpu", ("0",)), ("cpu", ("1", "2"))],
        [("accelerator", ("0", "1")), ("accelerator", ("2",))],
        [("accelerator", ("0",)), ("cpu", ()), ("cpu", ("1", "2"))],
        [("cpu", ("2",)), ("accelerator", ("0", "1", "2"))],
    ]
    method = entry("dag_partition", name).load()
    alone = method.solve(chain, Limits())
    for rows in plans:
        parts = tuple(Part(device=DeviceClass(d), operators=held) for d, held in rows)
        found = method.solve(chain, Limits(), DagPartitionPlan(parts=parts))
        assert (found.reason, found.lower_bound) == (alone.reason, alone.lower_bound)


def test_the_bound_weighs_cpus_alone() -> None:
    """Two operators that run on the CPU only fill it, whatever one on an accelerator takes."""
    rows = [{"name": name, "cpu_ns": 1000} for name in ("a", "b")]
    rows.append({"name": "c", "cpu_ns": 100, "accelerator_ns": 1})
    found = problem([], [], operators=rows, accelerators=1, cpus=1)
    assert lower_bound(found) == 2000


def test_the_bound_takes_thousands_of_unequal_operators() -> None:
    """Each of 4,096 ratios of times is tried, which takes no longer than sorting them."""
    fast, slow = 10**5 + np.arange(4096), 10**6 + np.arange(4096) ** 2
    rows = [
        {"name": str(i), "cpu_ns": c, "accelerator_ns": a}
        for i, (a, c) in enumerate(zip(fast.tolist(), slow.tolist(), strict=True))
    ]
    ratio = (fast / slow)[:, np.newaxis]
    weighed = np.minimum(fast, ratio * slow).sum(axis=1) / (7 + 3 * ratio[:, 0])
    found = lower_bound(problem([], [], operators=rows, accelerators=7, cpus=3))
    assert found == pytest.approx(weighed.max(), abs=1)
