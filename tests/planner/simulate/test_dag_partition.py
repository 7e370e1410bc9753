"""Streams of samples through placed graphs, against recursions and the largest load."""

import random
from collections import Counter
from collections.abc import Iterator
from itertools import islice, pairwise

import pytest

from models.problems.dag_partition import (
    DagPartitionPlan,
    DagPartitionProblem,
    DeviceClass,
    Operator,
    Part,
)
from planner.simulate import Second, UnusedDeviceError, resume, second_opinion, simulate
from planner.simulate.dag_partition_visits import Visit, visits
from planner.verify import verify
from problem_instances import best_known, load
from tests.oracles.dag_partition_stream import in_rounds, in_turn, loads

_Case = tuple[DagPartitionProblem, DagPartitionPlan]
_MODES = [(contiguous, training) for contiguous in (True, False) for training in (False, True)]
_IDS = [
    f"{'contiguous' if contiguous else 'free'} {'training' if training else 'inference'}"
    for contiguous, training in _MODES
]


def _operator(rng: random.Random, name: str, *, backward: bool = False) -> Operator:
    return Operator(
        name=name,
        cpu_ns=rng.randrange(90),
        accelerator_ns=rng.randrange(60),
        transfer_ns=rng.choice([0, rng.randrange(40)]),
        # Of a class or free, where a class of its own decides its place.
        colocation=f"c{name.lstrip('fb')}" if rng.random() < 0.8 else None,
        backward=backward,
    )


def _problem(rng: random.Random, *, contiguous: bool, training: bool) -> DagPartitionProblem:
    """Up to 7 operators forwards, and as many back, whose edges lead back too."""
    size = rng.randrange(1, 8)
    share = rng.choice([0.2, 0.5])
    pairs = [(u, v) for v in range(size) for u in range(v) if rng.random() < share]
    forward = [_operator(rng, f"f{i}") for i in range(size)]
    edges = [(f"f{u}", f"f{v}") for u, v in pairs]
    backward = []
    if training:
        backward = [_operator(rng, f"b{i}", backward=True) for i in range(size)]
        edges += [(f"b{v}", f"b{u}") for u, v in pairs]
        edges += [(f"f{i}", f"b{i}") for i in range(size) if rng.random() < 0.7]
    return DagPartitionProblem(
        operators=tuple(rng.sample([*forward, *backward], len(forward) + len(backward))),
        edges=tuple(edges),
        accelerators=4,
        cpus=2,
        accelerator_memory_bytes=0,
        contiguous=contiguous,
    )


def _plan(rng: random.Random, problem: DagPartitionProblem) -> DagPartitionPlan:
    """Classes anywhere, or in runs of their numbers; it may be refused."""
    devices = [DeviceClass.ACCELERATOR] * 4 + [DeviceClass.CPU] * 2
    rng.shuffle(devices)
    devices = devices[: rng.randrange(1, 7)]
    size = sum(not o.backward for o in problem.operators)
    places: dict[str, int] = {}
    runs = sorted(rng.randrange(len(devices)) for _ in range(size))
    for operator in problem.operators:
        run = runs[int(operator.name.lstrip("fb"))]
        own = run if problem.contiguous else rng.randrange(len(devices))
        places.setdefault(problem.class_of(operator.name), own)
    held: list[list[str]] = [[] for _ in devices]
    for operator in problem.operators:
        held[places[problem.class_of(operator.name)]].append(operator.name)
    return DagPartitionPlan(
        parts=tuple(
            Part(device=device, operators=tuple(names))
            for device, names in zip(devices, held, strict=True)
            if names
        )
    )


def _cases(*, contiguous: bool, training: bool) -> Iterator[_Case]:
    """Plans that are accepted, without an end."""
    rng = random.Random(f"{contiguous} {training}")
    while True:
        problem = _problem(rng, contiguous=contiguous, training=training)
        plan = _plan(rng, problem)
        if verify(problem, plan).accepted:
            yield problem, plan


@pytest.mark.parametrize(("contiguous", "training"), _MODES, ids=_IDS)
def test_the_period_is_the_largest_load(*, contiguous: bool, training: bool) -> None:
    """400 random graphs per mode: the period to the ns, the makespan as the recursion has it.

    N · load ≤ makespan ≤ (N + depth) · load for whatever number N of samples.
    """
    rounds, rng = 0, random.Random(400)
    for problem, plan in islice(_cases(contiguous=contiguous, training=training), 400):
        found, cut = simulate(problem, plan), visits(problem, plan)
        largest, depth = max(loads(problem, plan)), max(visit.depth for visit in cut)
        assert found.exact
        assert (found.measure, found.units_done) == ("period", found.units)
        assert found.simulated_ns == found.predicted_ns == largest
        few = rng.randrange(1, 6)
        for units, end in (found.units, found.end_ns), (few, simulate(problem, plan, few).end_ns):
            assert end == _oracle(problem, plan, cut, units)
            assert units * largest <= end <= (units + depth) * largest
        rounds += len(cut) > len(plan.parts)
    assert rounds == 0 if contiguous and not training else rounds >= 50


def _oracle(
    problem: DagPartitionProblem, plan: DagPartitionPlan, cut: tuple[Visit, ...], units: int
) -> int:
    """When all samples are through."""
    if len(cut) == len(plan.parts):
        return max(ends[-1] for ends in in_turn(problem, plan, units))
    return in_rounds([(v.device, v.depth, v.receives + v.computes + v.sends) for v in cut], units)


@pytest.mark.parametrize(("contiguous", "training"), _MODES, ids=_IDS)
def test_visits_are_the_graph(*, contiguous: bool, training: bool) -> None:
    """Every operator once, behind what it reads; all visits of a part have its load."""
    for problem, plan in islice(_cases(contiguous=contiguous, training=training), 200):
        cut = visits(problem, plan)
        at = {name: index for index, visit in enumerate(cut) for name in visit.operators}
        assert Counter(n for v in cut for n in v.operators) == Counter(problem.by_name.keys())
        for source, target in problem.edges:
            first, then = cut[at[source]], cut[at[target]]
            assert at[source] <= at[target]
            if first.device != then.device:
                assert at[source] in then.after
                assert first.depth < then.depth
        weights = Counter[int]()
        deepest = [0] * len(plan.parts)
        for visit in cut:
            assert set(visit.operators) <= set(plan.parts[visit.device].operators)
            weights[visit.device] += visit.receives + visit.computes + visit.sends
            assert visit.depth >= deepest[visit.device]
            deepest[visit.device] = visit.depth
        assert [weights[index] for index in range(len(plan.parts))] == loads(problem, plan)


def test_what_a_visit_reads_comes_before_it() -> None:
    """No sample begins a visit before those that it takes outputs of have ended."""
    for problem, plan in islice(_cases(contiguous=False, training=True), 60):
        cut, found = visits(problem, plan), simulate(problem, plan)
        for unit in range(found.units):
            # A device's bars of a sample in time are those of its visits in order.
            ends: dict[int, int] = {}
            bars = {
                device: iter(
                    sorted(
                        (b for b in found.bars if (b.unit, b.stage) == (unit, device)),
                        key=lambda bar: (bar.start_ns, bar.stop_ns),
                    )
                )
                for device in range(len(plan.parts))
            }
            for index, visit in enumerate(cut):
                steps = 1 + bool(visit.receives) + bool(visit.sends)
                mine = list(islice(bars[visit.device], steps))
                assert all(mine[0].start_ns >= ends[other] for other in visit.after)
                ends[index] = mine[-1].stop_ns


def _there_and_back() -> _Case:
    """Two operators on one accelerator with a third between them on another."""
    names = ("first", "middle", "last")
    problem = DagPartitionProblem(
        operators=tuple(
            Operator(name=name, cpu_ns=0, accelerator_ns=10, transfer_ns=2) for name in names
        ),
        edges=(("first", "middle"), ("middle", "last")),
        accelerators=2,
        accelerator_memory_bytes=0,
        contiguous=False,
    )
    parts = (("first", "last"), ("middle",))
    accelerator = DeviceClass.ACCELERATOR
    return problem, DagPartitionPlan(
        parts=tuple(Part(device=accelerator, operators=names) for names in parts)
    )


def test_a_device_is_visited_twice() -> None:
    """First and last take 24 ns of each round, the one between 14 ns of it."""
    found = simulate(*_there_and_back(), 3)
    assert (found.measure, found.predicted_ns) == ("makespan", 5 * 24)
    spans = [(b.unit, b.machine, b.work, b.start_ns, b.stop_ns) for b in found.bars if b.unit == 0]
    assert spans == [
        (0, "accelerator-1", "compute", 0, 10),
        (0, "accelerator-1", "transfer", 10, 12),
        (0, "accelerator-2", "transfer", 12, 14),
        (0, "accelerator-2", "compute", 14, 24),
        (0, "accelerator-2", "transfer", 24, 26),
        # Samples 1 and 2 send their first output in the rounds between.
        (0, "accelerator-1", "transfer", 38, 40),
        (0, "accelerator-1", "compute", 40, 50),
    ]
    assert found.end_ns == 12 + 14 + 24 + 14 + 12
    assert simulate(*_there_and_back()).simulated_ns == 24


def test_what_stops_ends_the_stream() -> None:
    """Nothing runs on a device that stopped, and samples that had passed it come through."""
    for problem, plan in islice(_cases(contiguous=True, training=False), 100):
        whole = simulate(problem, plan)
        at = whole.end_ns // 2
        found = simulate(problem, plan, stops={whole.machines[0].machine: at})
        stopped = [b for b in found.bars if b.machine == whole.machines[0].machine]
        assert all(bar.stop_ns <= at for bar in stopped)
        assert found.units_done <= whole.units_done
        assert (found.simulated_ns is None) == (found.units_done < found.units)
        assert not found.exact
    with pytest.raises(UnusedDeviceError) as caught:
        simulate(*_there_and_back(), stops={"accelerator-3": 5})
    assert caught.value.used == ("accelerator-1", "accelerator-2")


def test_no_second_plan_follows_a_stop() -> None:
    """Devices have no names in the problem, so that none can be taken out of it."""
    problem, plan = _there_and_back()
    with pytest.raises(ValueError, match="after the stop: plans for dag_partition are not"):
        resume(problem, plan, None, {"accelerator-1": 5}, Second(plan))


def test_a_shared_medium_is_never_faster() -> None:
    """One channel for all transfers."""
    for problem, plan in islice(_cases(contiguous=False, training=False), 100):
        alone, shared = simulate(problem, plan), simulate(problem, plan, shared=True)
        assert shared.end_ns >= alone.end_ns
        assert not shared.exact


@pytest.mark.parametrize(
    "name", ["branches-4x4", "branches-cpu-stem", "branches-free", "branches-training"]
)
def test_shipped_plans_take_what_the_formula_says(name: str) -> None:
    """Of the best known plans, in certificates too, which carry no bars."""
    problem, plan = load(name), best_known(name).plan
    assert plan is not None
    found = second_opinion(problem, plan, verify(problem, plan).breakdown)
    assert found is not None
    assert found.exact
    assert found.simulated_ns == found.predicted_ns == best_known(name).objective
    assert found.bars == ()


def test_no_second_opinion_where_a_period_takes_too_many_samples() -> None:
    """400 operators on two accelerators in turn: 400 visits, and 400 rounds until all have work."""
    names = [f"o{index}" for index in range(400)]
    operators = tuple(Operator(name=name, cpu_ns=0, accelerator_ns=1) for name in names)
    problem = DagPartitionProblem(
        operators=operators,
        edges=tuple(pairwise(names)),
        accelerators=2,
        accelerator_memory_bytes=0,
        contiguous=False,
    )
    halves = (tuple(names[0::2]), tuple(names[1::2]))
    plan = DagPartitionPlan(
        parts=tuple(Part(device=DeviceClass.ACCELERATOR, operators=half) for half in halves)
    )
    assert second_opinion(problem, plan, verify(problem, plan).breakdown) is None
    assert simulate(problem, plan, 2).measure == "makespan"
