"""The corridor: urgent streams keep deadline and floor, the others lose the least in total."""

from itertools import product

import pytest

from models.documents import read_problem
from models.problems.split_fleet import (
    Choice,
    Demand,
    Option,
    SplitFleetPlan,
    SplitFleetProblem,
    Window,
)
from models.result import Limits, Reason
from planner.verify import verify
from problem_instances import best_known, load
from problem_instances.generate import generate
from problem_instances.generators.split_fleet import FleetSpec
from solvers.registry import entries, entry

LIMITS = Limits(time_limit_ns=60 * 10**9)
# What the enumeration can afford: 5 options to the power of 6 streams, in each window.
_OPTIONS = ("local", "jpeg-5.08", "entropic-student-0.68", "entropic-student-3.64", "int8-1")


def _corridor(source: str | FleetSpec) -> SplitFleetProblem:
    problem = load(source) if isinstance(source, str) else read_problem(generate(source))
    assert isinstance(problem, SplitFleetProblem)
    return problem


def _solved(problem: SplitFleetProblem, method: str) -> SplitFleetPlan:
    found = entry(problem.kind, method)
    assert found is not None
    claim = found.load().solve(problem, LIMITS)
    assert claim.reason is Reason.COMPLETED, claim
    assert claim.plan is not None
    return claim.plan


def _option(problem: SplitFleetProblem, choice: Choice) -> Option:
    catalogue = next(s.catalogue for s in problem.streams if s.name == choice.stream)
    return next(o for o in problem.options[catalogue] if o.name == choice.option)


def _lost_by_others(problem: SplitFleetProblem, plan: SplitFleetPlan, window: Window) -> int:
    """Points of accuracy, ppm, that the streams which are not urgent lose in a window."""
    urgent = {item.stream for item in window.urgent}
    catalogues = {stream.name: stream.catalogue for stream in problem.streams}
    return sum(
        max(o.accuracy_ppm for o in problem.options[catalogues[choice.stream]])
        - _option(problem, choice).accuracy_ppm
        for choice in plan.choices
        if choice.window == window.name and choice.stream not in urgent
    )


def _least(problem: SplitFleetProblem, window: Window) -> int | None:
    """The least that the others lose in a window, over every plan there is."""
    part = problem.model_copy(update={"windows": (window,)})
    ways = [
        [
            Choice(
                window=window.name,
                stream=stream.name,
                option=option.name,
                server=None if option.is_local else problem.servers[0].name,
            )
            for option in problem.options[stream.catalogue]
        ]
        for stream in problem.streams
    ]
    # Rules that a choice breaks by itself shorten the enumeration; sums are checked for the whole.
    kept = [[c for c in row if _alone(part, c)] for row in ways]
    plans = (SplitFleetPlan(choices=chosen) for chosen in product(*kept))
    return min(
        (_lost_by_others(part, plan, window) for plan in plans if verify(part, plan).accepted),
        default=None,
    )


def _alone(problem: SplitFleetProblem, choice: Choice) -> bool:
    streams = tuple(s for s in problem.streams if s.name == choice.stream)
    one = problem.model_copy(update={"streams": streams})
    return verify(one, SplitFleetPlan(choices=(choice,))).accepted


@pytest.mark.parametrize("seed", [2, 3, 6])
def test_the_others_lose_the_least_of_all_plans(seed: int) -> None:
    """On small corridors the loss beside the urgent streams is the least that enumeration finds."""
    spec = FleetSpec(
        seed, streams=6, uplinks=1, servers=1, corridor=True, windows=3, load=40, server_load=200
    )
    whole = _corridor(spec)
    catalogues = tuple(
        item.model_copy(update={"options": tuple(o for o in item.options if o.name in _OPTIONS)})
        for item in whole.catalogues
    )
    problem = whole.model_copy(update={"catalogues": catalogues})
    least = [_least(problem, window) for window in problem.windows]
    assert None not in least
    assert any(least), "nobody has to give way: nothing is shown"
    for item in entries(problem.kind):
        if item.traits.exact:
            plan = _solved(problem, item.name)
            found = [_lost_by_others(problem, plan, window) for window in problem.windows]
            assert found == least, item.name


def test_the_shipped_corridor_is_what_the_others_lose() -> None:
    """Its objective is the others' loss alone; all keep their rules, and all windows cost them."""
    problem = _corridor("corridor-24")
    best = best_known("corridor-24")
    assert isinstance(best.plan, SplitFleetPlan)
    calm = problem.model_copy(update={"windows": (Window(name="calm"),)})
    usual = _solved(calm, "prices")
    total = 0
    for window in problem.windows:
        lost = _lost_by_others(problem, best.plan, window)
        total += window.weight * lost
        theirs = {choice.stream: choice.option for choice in usual.choices}
        urgent = {item.stream for item in window.urgent}
        as_usual = SplitFleetPlan(
            choices=tuple(
                Choice(window=window.name, stream=name, option=option)
                for name, option in theirs.items()
                if name not in urgent
            )
        )
        assert lost > _lost_by_others(problem, as_usual, window)
        _holds(problem, best.plan, window)
    assert best.objective == best.lower_bound == total


def _holds(problem: SplitFleetProblem, plan: SplitFleetPlan, window: Window) -> None:
    """Deadline and floor of the urgent streams, worked out here."""
    demands: dict[str, Demand] = {item.stream: item for item in window.urgent}
    servers = {server.name: server for server in problem.servers}
    links = {link.name: link for link in problem.uplinks}
    for choice in plan.choices:
        if choice.window != window.name or choice.stream not in demands:
            continue
        demand, option = demands[choice.stream], _option(problem, choice)
        link = links[next(s.uplink for s in problem.streams if s.name == choice.stream)]
        assert choice.server is not None
        wire = -(-8 * option.sent_bytes * 10**9 // link.bandwidth_bit_per_s)
        busy = -(-option.server_ns * servers[choice.server].slowdown_ppm // 10**6)
        assert demand.rate_millihz == 30_000
        assert option.device_ns + link.latency_ns + wire + busy <= 45 * 10**6
        assert option.accuracy_ppm >= 740_000
