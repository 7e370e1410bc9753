"""Methods for fleets beyond the oracle's reach, and the corridor that the kind was made for."""

from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.documents import read_problem, validate
from models.problems.split_fleet import (
    Catalogue,
    Option,
    Server,
    SplitFleetPlan,
    SplitFleetProblem,
    Stream,
    Uplink,
)
from models.result import Limits, Reason
from planner import explain
from planner.bounds import lower_bound
from planner.verify import verify
from problem_instances import load
from problem_instances.generate import generate
from problem_instances.generators.split_fleet import FleetSpec
from solvers.base import Progress, Stopwatch
from solvers.decomposition.split_fleet_counted import Counted
from solvers.decomposition.split_fleet_prices import lagrangian, search
from solvers.registry import entries, entry
from solvers.tables.split_fleet import build
from solvers.tables.split_fleet_answer import Progressing, Whole
from solvers.tables.split_fleet_classes import classes
from tests.oracles import split_fleet as oracle
from tests.split_strategies import split_fleet

LIMITS = Limits(time_limit_ns=60 * 10**9)


def _fleet(source: str | FleetSpec) -> SplitFleetProblem:
    problem = load(source) if isinstance(source, str) else read_problem(generate(source))
    assert isinstance(problem, SplitFleetProblem)
    return problem


def _solved(problem: SplitFleetProblem, method: str) -> tuple[int, SplitFleetPlan]:
    found = entry(problem.kind, method)
    assert found is not None
    claim = found.load().solve(problem, LIMITS)
    assert claim.reason is Reason.COMPLETED, claim
    assert claim.plan is not None
    objective = verify(problem, claim.plan).objective
    assert objective == claim.lower_bound
    return objective or 0, claim.plan


@pytest.mark.parametrize("objective", ["loss", "latency", "energy", "bytes"])
def test_exact_methods_agree_on_forty_cameras(objective: str) -> None:
    """Prices, HiGHS and CP-SAT prove one optimum of 40 cameras with 30 options each.

    CP-SAT, which takes minutes for latencies in ns, joins where costs are coarse.
    """
    problem = _fleet(FleetSpec(seed=4, objective=objective))
    assert {len(options) for options in problem.options.values()} == {30}
    methods = ("prices", "milp") if objective == "latency" else ("prices", "milp", "cpsat")
    assert len({_solved(problem, method)[0] for method in methods}) == 1


def test_heuristics_lose_on_forty_cameras() -> None:
    """No baseline finds the optimum of the shipped fleet; each gives a plan that holds."""
    problem = _fleet("cameras-40")
    best, _ = _solved(problem, "prices")
    for item in entries(problem.kind):
        if not item.traits.exact:
            plan = item.load().solve(problem, LIMITS).plan
            assert plan is not None, item.name
            assert (verify(problem, plan).objective or 0) > best, item.name


def test_three_hundred_cameras_are_proved() -> None:
    """Knapsacks per uplink close the gap that the relaxation leaves on fifteen uplinks."""
    _solved(_fleet(FleetSpec(seed=1, streams=300, uplinks=15, servers=4)), "prices")


@pytest.mark.parametrize("seed", [6, 9])
def test_full_servers_are_proved(seed: int) -> None:
    """With links and both servers all but full, prices and CP-SAT still prove one optimum."""
    problem = _fleet(FleetSpec(seed=seed, load=60, server_load=60))
    value, plan = _solved(problem, "prices")
    full = [
        int(row["used_ppm"]) / int(row["room_ppm"])
        for row in verify(problem, plan).breakdown.rows
        if "server" in row
    ]
    assert min(full) > 0.95
    assert _solved(problem, "cpsat")[0] == value


@given(split_fleet(), st.data())
@settings(deadline=None, max_examples=60)
def test_members_of_a_class_change_places_for_nothing(
    problem: SplitFleetProblem, data: st.DataObject
) -> None:
    """Any choice of columns, counted and spread anew, costs and loads the same."""
    for tables in build(problem):
        if tables.empty:
            return
        ends = pairwise(tables.start.tolist())
        columns = np.array([data.draw(st.integers(a, b - 1)) for a, b in ends])
        counted = classes(tables)
        found = counted.counts(columns)
        assert found is not None
        again = counted.columns(*found)
        assert tables.value(again) == tables.value(columns)
        assert tables.use(again).tolist() == tables.use(columns).tolist()


def test_equal_streams_form_one_class() -> None:
    """Forty cameras of five rates load a server in few ways: that is what makes them provable."""
    (tables,) = build(_fleet(FleetSpec(seed=1, load=60, server_load=60)))
    counted = classes(tables)
    assert len(tables.cost) > 800
    assert len(counted.places) < 10


@pytest.mark.parametrize("method", ["prices", "cpsat", "milp"])
@pytest.mark.parametrize("share_ppm", [0, 100_000])
def test_streams_that_load_no_server_all_fit(method: str, share_ppm: int) -> None:
    """A server has room for any number of frames that it spends no time on, be it full or off."""
    options = (
        Option(name="store", device_ns=0, sent_bytes=100, accuracy_ppm=600_000),
        Option(name="infer", device_ns=0, sent_bytes=200, server_ns=10**7, accuracy_ppm=700_000),
    )
    problem = SplitFleetProblem(
        catalogues=(Catalogue(name="c", options=options),),
        uplinks=(Uplink(name="u", bandwidth_bit_per_s=40_000),),
        servers=(Server(name="e", share_ppm=share_ppm),),
        streams=tuple(
            Stream(name=f"s{index}", catalogue="c", uplink="u", rate_millihz=10_000)
            for index in range(4)
        ),
    )
    assert _solved(problem, method)[0] == (300_000 if share_ppm else 400_000)
    (tables,) = build(problem)
    found = Counted(tables).solve(
        Stopwatch(LIMITS, None), None, Progressing(None, tables, Whole(), last=True)
    )
    assert found.reason is Reason.COMPLETED


class _Heard(Progress[SplitFleetPlan]):
    def __init__(self) -> None:
        self.plans: list[SplitFleetPlan] = []
        self.bounds: list[int] = []

    def plan(self, plan: SplitFleetPlan) -> None:
        self.plans.append(plan)

    def bound(self, lower_bound: int) -> None:
        self.bounds.append(lower_bound)


@pytest.mark.parametrize("method", ["prices", "cpsat", "milp"])
@pytest.mark.parametrize("name", ["cameras-40", "corridor-24"])
def test_progress_holds_while_it_is_told(method: str, name: str) -> None:
    """Every plan told on the way is accepted, every bound is no more than the optimum."""
    problem = _fleet(name)
    found, heard = entry(problem.kind, method), _Heard()
    assert found is not None
    best = found.load().solve(problem, LIMITS, report=heard).lower_bound
    assert best is not None
    assert heard.plans
    assert heard.bounds
    assert all(verify(problem, plan).accepted for plan in heard.plans)
    assert max(heard.bounds) <= best


@given(split_fleet(), st.data())
@settings(deadline=None, max_examples=60)
def test_any_prices_bound_the_optimum(problem: SplitFleetProblem, data: st.DataObject) -> None:
    """Whatever the prices on uplinks and servers, the Lagrangian bound is no more than the optimum.

    So no error of floating point in finding prices can make the bound too high.
    """
    optimum = oracle.optimum(problem)
    total = 0
    for tables in build(problem):
        if tables.empty:
            assert optimum is None
            return
        size = len(tables.capacity)
        drawn = data.draw(st.lists(st.floats(0, 1e6), min_size=size, max_size=size))
        total += lagrangian(tables, np.array(drawn)).bound
    assert optimum is None or total <= optimum


@given(split_fleet())
@settings(deadline=None, max_examples=60)
def test_the_worst_plan_and_no_prices_lead_to_the_optimum(problem: SplitFleetProblem) -> None:
    """However wide the gap that a start leaves, no column of a better plan is left out."""
    for tables in build(problem):
        ends = pairwise(tables.start.tolist())
        plans = [np.array(chosen) for chosen in product(*(range(a, b) for a, b in ends))]
        values = {tables.value(plan): plan for plan in plans if tables.fits(plan)}
        if not values:
            return
        start = lagrangian(tables, np.zeros(len(tables.capacity)))
        progress = Progressing(None, tables, Whole(), last=True)
        found = search(tables, Stopwatch(LIMITS, None), values[max(values)], start, progress)
        assert found.columns is not None
        assert tables.value(found.columns) == found.bound == min(values)


def test_a_bound_is_kept_where_time_leaves_no_plan() -> None:
    """What the prices prove stands although no plan was found."""
    found = entry("split_fleet", "prices")
    assert found is not None
    claim = found.load().solve(_fleet("corridor-24-blocked"), Limits(time_limit_ns=1))
    assert claim.plan is None
    assert claim.lower_bound is not None


def test_two_runs_of_highs_do_not_agree_with_each_other() -> None:
    """Prices ends in HiGHS and is of milp's family: the two alone are one witness."""
    families = {item.name: item.traits.family for item in entries("split_fleet")}
    assert families["prices"] == families["milp"] != families["cpsat"]


@given(split_fleet())
@settings(deadline=None, max_examples=60)
def test_streams_alone_bound_the_fleet(problem: SplitFleetProblem) -> None:
    """The combinatorial bound is never above the optimum."""
    bound, optimum = lower_bound(problem), oracle.optimum(problem)
    assert bound is None or optimum is None or bound <= optimum


def test_an_overloaded_corridor_names_what_binds() -> None:
    """The explanation names the links that bind with the least rate that would do.

    The repair holds to the bit: at the rate named a plan exists, one bit/s below there is none.
    """
    problem = _fleet("corridor-24-blocked")
    lines = explain.infeasible(problem, 60 * 10**9)
    assert all(line.startswith("uplink cell-") and " binds in " in line for line in lines)
    name, _, where = lines[0].split(": ")[0].removeprefix("uplink ").partition(" binds in ")
    window = next(item for item in problem.windows if item.name == where)
    first = next(item for item in problem.uplinks if item.name == name)
    needed = int(lines[0].split("(")[1].split(" bit/s")[0].replace(",", ""))
    for rate, feasible in ((needed, True), (needed - 1, False)):
        wider = first.model_copy(update={"bandwidth_bit_per_s": rate})
        others = tuple(wider if item.name == name else item for item in problem.uplinks)
        changes = {"windows": (window,), "uplinks": others}
        changed = problem.model_copy(update=changes)
        claim = entries(problem.kind)[0].load().solve(changed, LIMITS)
        assert (claim.plan is not None) is feasible


def test_a_stream_without_options_is_named() -> None:
    """A stream that cannot be served even alone is named with what it asks for."""
    problem = _fleet("crossing-4")
    hurried = problem.streams[0].model_copy(update={"deadline_ns": 10**6})
    changed = problem.model_copy(update={"streams": (hurried, *problem.streams[1:])})
    (line,) = explain.infeasible(changed, 30 * 10**9)
    assert line.startswith("north-1 in always has no option by itself")
    assert "deadline 1.00 ms" in line


def test_full_links_are_named_with_what_more_would_save() -> None:
    """What binds a plan is named with what more room would save at most: never more than all."""
    problem = _fleet("cameras-40")
    _, plan = _solved(problem, "prices")
    lines = explain.binding(problem, plan, 60 * 10**9)
    assert lines[0] == "no plan is better"
    assert "cell-1 is full (98.6 % in always): that costs at most 39,000 weighted ppm" in lines
    assert "server-1 is full (98.0 % in always): that costs nothing" in lines


def test_what_time_does_not_settle_is_not_denied() -> None:
    """Without time no link is called innocent, and no window is left out."""
    problem = _fleet("corridor-24-blocked")
    lines = explain.infeasible(problem, 0)
    assert lines == tuple(
        f"whether there is a plan in {window.name} is not known in time"
        for window in problem.windows
    )


def test_no_speed_is_enough() -> None:
    """1 ns of the fastest server, a thousand times a second, fills a millionth of it; twice not."""
    option = {"name": "far", "device_ns": 0, "sent_bytes": 1, "server_ns": 1, "accuracy_ppm": 1}
    streams = [
        {"name": name, "catalogue": "any", "uplink": "air", "rate_millihz": 10**6}
        for name in ("left", "right")
    ]
    document = {
        "catalogues": [{"name": "any", "options": [option]}],
        "uplinks": [{"name": "air", "bandwidth_bit_per_s": 10**9}],
        "servers": [{"name": "edge", "share_ppm": 1}],
        "streams": streams,
        "objective": "loss",
    }
    lines = explain.infeasible(validate(document, SplitFleetProblem), 30 * 10**9)
    assert lines == ("in always no speed of uplinks and servers is enough",)
