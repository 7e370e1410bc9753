"""The dynamic program where its table is cut by bounds, stopped on its way, or given a plan."""

import itertools
import random

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.documents import parse, validate
from models.problems.pipeline_partition import (
    PipelineObjective,
    PipelinePartitionPlan,
    PipelinePartitionProblem,
)
from models.result import Claim, Limits, Reason
from planner.verify import verify
from problem_instances import best_known, load
from problem_instances.generate import generate
from problem_instances.generators.pipeline_partition import PipelineSpec
from solvers.base import UNREACHABLE, Progress, Stopwatch
from solvers.dp import pipeline_partition_search as search
from solvers.dp.pipeline_partition import DynamicProgram
from solvers.dp.pipeline_partition_program import Program
from solvers.tables.pipeline_partition import build
from solvers.tables.pipeline_partition_space import build_space
from tests import strategies
from tests.oracles import pipeline_partition as oracle

PROBLEMS = settings(
    deadline=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
MINUTE = Limits()
_LARGE = "pipeline_partition/types-8x4"
Plan = PipelinePartitionPlan


@pytest.fixture
def _always_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every table counts as large, and the beam that finds the first plan is as narrow as can be.

    Where the beam finds the optimum at once, the search above it would not be needed.
    """
    monkeypatch.setattr(search, "_LARGE", 0)
    monkeypatch.setattr(search, "_BEAM", 1)


def _value(problem: PipelinePartitionProblem, claim: Claim[Plan]) -> int | None:
    """The verified objective of a completed claim, whose bound it is; None of an infeasible one."""
    if claim.reason is Reason.INFEASIBLE:
        assert claim.plan is None
        return None
    assert claim.reason is Reason.COMPLETED
    assert claim.plan is not None
    value = verify(problem, claim.plan).objective
    assert value is not None
    assert claim.lower_bound == value
    return value


@st.composite
def _generated(draw: st.DrawFn) -> PipelinePartitionProblem:
    """Up to 5 devices and 9 layers at real magnitudes, too many plans to enumerate them all."""
    devices = draw(st.integers(2, 5))
    spec = PipelineSpec(
        seed=draw(st.integers(0, 10**6)),
        devices=devices,
        types=draw(st.integers(1, devices)),
        layers=draw(st.integers(devices, 9)),
        objective=draw(st.sampled_from(PipelineObjective)).value,
        units=draw(st.sampled_from([1, 2, 5, 50])),
        overlap=draw(st.booleans()),
        tightness=draw(st.sampled_from([50, 75, 85])),
        missing_links=draw(st.sampled_from([0, 0, 30])),
        unequal_cuts=draw(st.booleans()),
        source=draw(st.booleans()),
        use_all_devices=draw(st.integers(0, 3)) == 0,
    )
    return validate(parse(generate(spec)), PipelinePartitionProblem)


def _coarse(seed: int, objective: PipelineObjective) -> PipelinePartitionProblem:
    """Times of a few ns: loads one apart, many equal, so that each step of a search counts."""
    rng = random.Random(seed)
    size = rng.randint(3, 5)
    names = "abcde"[:size]
    layers = [
        {"name": f"l{n}", "weight_bytes": rng.randint(1, 4), "output_bytes_per_token": 1}
        for n in range(rng.randint(size, 8))
    ]
    devices = [
        {
            "name": name,
            "type": rng.choice("xyz"),
            "memory_bytes": rng.randint(4, 12),
            "memory_bytes_per_s": 10**9 // rng.choice([1, 2, 4]),
        }
        for name in names
    ]
    links = [
        {"source": a, "target": b, "latency_ns": rng.randint(0, 4), "bandwidth_bit_per_s": 10**15}
        for a, b in itertools.combinations(names, 2)
        if rng.randrange(4)
    ]
    makespan = objective is PipelineObjective.MAKESPAN
    document = {
        "model": {"name": "m", "layers": layers},
        "device_graph": {"devices": devices, "links": links},
        "objective": objective.value,
        "units": rng.choice([3, 8, 40]) if makespan else None,
        "overlap": rng.random() < 0.5,
        "use_all_devices": rng.random() < 0.5,
    }
    return validate(document, PipelinePartitionProblem)


@PROBLEMS
@given(problem=strategies.pipeline_partition())
@pytest.mark.usefixtures("_always_bounded")
def test_bounds_cut_nothing_that_counts(problem: PipelinePartitionProblem) -> None:
    """With every table cut by bounds, the optimum is the enumeration's."""
    assert _value(problem, DynamicProgram().solve(problem, MINUTE)) == oracle.optimum(problem)


@PROBLEMS
@given(problem=_generated(), data=st.data())
def test_cut_and_whole_tables_agree(problem: PipelinePartitionProblem, data: st.DataObject) -> None:
    """Tables cut by bounds have the optimum of whole ones, with or without a plan to start from."""
    whole = DynamicProgram().solve(problem, MINUTE)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(search, "_LARGE", 0)
        patch.setattr(search, "_BEAM", data.draw(st.sampled_from([1, 3]), label="beam"))
        patch.setattr(search, "_SLACKS", data.draw(st.sampled_from([(), (1000, 1)])))
        cut = DynamicProgram().solve(problem, MINUTE)
        again = DynamicProgram().solve(problem, MINUTE, whole.plan)
    assert _value(problem, whole) == _value(problem, cut) == _value(problem, again)


# Chosen because a search that errs by one threshold, or takes the beam's word, goes wrong there.
_MAKESPANS = (35, 96, 189)
_PERIODS = (3, 15, 29, 95)


@pytest.mark.parametrize("seed", _MAKESPANS)
def test_falling_thresholds_pass_no_makespan(seed: int) -> None:
    """The makespan is the least over all periods tried one by one, and no bound passes it."""
    problem = _coarse(seed, PipelineObjective.MAKESPAN)
    space = build_space(build(problem))
    found = [
        (Program(space, _watch(60), threshold=period).solve(), period)
        for period in search._loads(space).tolist()
    ]
    weight = space.tables.period_weight
    least = min(run[0] + weight * period for run, period in found if run is not None)
    heard = _Recorder()
    assert _value(problem, DynamicProgram().solve(problem, MINUTE, report=heard)) == least
    assert max(heard.bounds) <= least


@pytest.mark.usefixtures("_always_bounded")
@pytest.mark.parametrize("seed", _PERIODS)
def test_rising_thresholds_pass_no_period(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the relaxation's period cannot be had, the least is found, not the beam's."""
    problem = _coarse(seed, PipelineObjective.THROUGHPUT)
    monkeypatch.setattr(search, "_SLACKS", ())
    cut = DynamicProgram().solve(problem, MINUTE)
    monkeypatch.setattr(search, "_LARGE", 10**9)
    assert _value(problem, cut) == _value(problem, DynamicProgram().solve(problem, MINUTE))


def _days(pairs: int, spare: int, **fields: object) -> PipelinePartitionProblem:
    """25 hours a layer; only cutting at every second layer, 28 hours a cut, fits the devices.

    Spare devices, no two of which are alike, hold nothing.
    """
    layers = [
        {"name": f"l{n}", "weight_bytes": 1, "output_bytes_per_token": 12_500 if n % 2 else 1}
        for n in range(2 * pairs)
    ]
    times = {
        kind: {str(layer["name"]): 9 * 10**13 + extra for layer in layers}
        for extra, kind in enumerate(["same", *(f"spare-{n}" for n in range(spare))])
    }
    alike = [{"name": f"d{n}", "type": "same", "memory_bytes": 2} for n in range(pairs)]
    useless = [{"name": f"s{n}", "type": f"spare-{n}", "memory_bytes": 0} for n in range(spare)]
    return validate(
        {
            "model": {"name": "days", "layers": layers},
            "profile": {"measurements": [{"time_ns": times}]},
            "device_graph": {
                "devices": [*alike, *useless],
                "default_link": {"bandwidth_bit_per_s": 1},
            },
            **fields,
        },
        PipelinePartitionProblem,
    )


@pytest.mark.parametrize(
    ("objective", "optimum"),
    [
        ("latency", 200 * 9 * 10**13 + 99 * 10**14),
        ("throughput", 18 * 10**13),
    ],
)
def test_large_tables_of_long_layers_have_a_plan(objective: str, optimum: int) -> None:
    """Prices that rise past 2^61 once made a chain of 25-hour layers look impossible to cover."""
    problem = _days(100, 8, objective=objective)
    claim = DynamicProgram().solve(problem, MINUTE)
    assert _value(problem, claim) == optimum
    assert int(claim.stats["states"]) > search._LARGE


@pytest.mark.usefixtures("_always_bounded")
def test_a_chain_that_nothing_covers_is_told_from_a_dear_one() -> None:
    """One layer of memory too few: the counts do not suffice, whatever the prices say."""
    problem = _days(6, 2, objective="latency")
    graph = problem.device_graph.model_dump(mode="json")
    graph["devices"][0]["memory_bytes"] = 1
    short = validate(
        problem.model_dump(mode="json") | {"device_graph": graph}, PipelinePartitionProblem
    )
    assert DynamicProgram().solve(problem, MINUTE).reason is Reason.COMPLETED
    assert DynamicProgram().solve(short, MINUTE).reason is Reason.INFEASIBLE


def test_ascent_keeps_time_and_stops_at_enough() -> None:
    """Prices are those of the start when time is up, and no better than asked for."""
    program = Program(build_space(build(_days(8, 0, objective="latency"))), _watch(60))
    relaxation = program.relaxation()
    nothing = np.zeros(1, dtype=np.int64)
    late = relaxation.ascend(nothing, _watch(0), UNREACHABLE)
    best = relaxation.ascend(nothing, _watch(60), UNREACHABLE)
    enough = relaxation.ascend(nothing, _watch(60), late.bound + 1)
    assert late.price.tolist() == [0]
    assert late.bound < enough.bound < best.bound <= 16 * 9 * 10**13 + 7 * 10**14


def _watch(seconds: int) -> Stopwatch:
    return Stopwatch(Limits(time_limit_ns=seconds * 10**9), None)


class _Recorder(Progress[Plan]):
    """Keeps what it is told, and cancels after so many plans."""

    def __init__(self, enough: int = 10**9) -> None:
        self.plans: list[Plan] = []
        self.bounds: list[int] = []
        self._enough = enough

    def plan(self, plan: Plan) -> None:
        self.plans.append(plan)

    def bound(self, lower_bound: int) -> None:
        self.bounds.append(lower_bound)

    def cancelled(self) -> bool:
        return len(self.plans) >= self._enough


@PROBLEMS
@given(problem=strategies.pipeline_partition())
@pytest.mark.usefixtures("_always_bounded")
def test_plans_and_bounds_close_in_on_the_optimum(problem: PipelinePartitionProblem) -> None:
    """What is heard on the way gets better each time, breaks no rule and passes no optimum."""
    heard = _Recorder()
    optimum = _value(problem, DynamicProgram().solve(problem, MINUTE, report=heard))
    values = [verify(problem, plan).objective for plan in heard.plans]
    assert None not in values
    assert values == sorted(set(values), reverse=True)  # type: ignore[type-var]  # none is None
    assert heard.bounds == sorted(set(heard.bounds))
    if optimum is not None:
        assert not values or values[-1] == optimum
        assert not heard.bounds or heard.bounds[-1] <= optimum


@pytest.mark.parametrize("objective", PipelineObjective)
def test_a_large_problem_is_heard_of_before_it_ends(objective: PipelineObjective) -> None:
    """Stopped at its first plan, the program answers with that plan and a bound below it."""
    units = 16 if objective is PipelineObjective.MAKESPAN else None
    problem = load(_LARGE).model_copy(update={"objective": objective, "units": units})
    heard = _Recorder(enough=1)
    claim = DynamicProgram().solve(problem, MINUTE, report=heard)
    assert claim.reason is Reason.CANCELLED
    assert claim.plan == heard.plans[-1]
    value = verify(problem, claim.plan).objective
    assert value is not None
    assert claim.lower_bound is not None
    assert value // 3 < claim.lower_bound == heard.bounds[-1] <= value


@pytest.mark.parametrize(
    ("objective", "large"),
    [("latency", 0), ("throughput", search._LARGE), ("makespan", 0), ("makespan", search._LARGE)],
)
def test_a_plan_to_start_from_saves_work(
    objective: str, large: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given the optimum, tables hold less than without it, and an equally good plan comes out."""
    monkeypatch.setattr(search, "_LARGE", large)
    spec = PipelineSpec(seed=3, devices=7, types=7, layers=24, objective=objective, tightness=80)
    problem = validate(parse(generate(spec)), PipelinePartitionProblem)
    alone = DynamicProgram().solve(problem, MINUTE)
    heard = _Recorder()
    helped = DynamicProgram().solve(problem, MINUTE, alone.plan, heard)
    assert _value(problem, helped) == _value(problem, alone)
    assert heard.plans == []
    assert int(helped.stats["kept"]) < int(alone.stats["kept"])


def test_a_start_outlives_the_time_limit() -> None:
    """Out of time at once, the program still has the plan that it was given."""
    known = best_known(_LARGE).plan
    claim = DynamicProgram().solve(load(_LARGE), Limits(time_limit_ns=0), known)
    assert claim.reason is Reason.TIME_LIMIT
    assert claim.plan == known
