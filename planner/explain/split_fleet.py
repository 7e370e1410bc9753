"""Explanations of fleets: the stream, uplink or server in the way, and the smallest repair.

A stream without any open option is named first. Otherwise each uplink and server alone is made
roomy: where that makes a plan possible, the least room with which it does is found by bisection,
exactly. Where no single one suffices, that is said.
"""

import time
from collections.abc import Iterator

from models.problems.split_fleet import (
    Choice,
    Server,
    SplitFleetPlan,
    SplitFleetProblem,
    Uplink,
    Window,
)
from models.result import Claim, Limits, Reason
from models.units import format_quantity
from planner.verify import verify
from solvers.registry import entries

# Room for anything: a thousand times what there is.
_PLENTY = 1000


class _Clock:
    def __init__(self, time_limit_ns: int) -> None:
        self._end = time.monotonic_ns() + time_limit_ns * 9 // 10

    def solve(self, problem: SplitFleetProblem) -> Claim[SplitFleetPlan] | None:
        """The claim of the first exact method that has a plan or denies one."""
        for entry in entries(problem.kind):
            left = self._end - time.monotonic_ns()
            if left <= 0 or not entry.traits.exact:
                return None
            claim: Claim[SplitFleetPlan] = entry.load().solve(problem, Limits(time_limit_ns=left))
            if claim.plan is not None or claim.reason is Reason.INFEASIBLE:
                return claim
        return None

    def feasible(self, problem: SplitFleetProblem) -> bool | None:
        """Whether any plan exists; None where time ran out."""
        claim = self.solve(problem)
        return None if claim is None else claim.plan is not None


def infeasible(problem: SplitFleetProblem, time_limit_ns: int) -> tuple[str, ...]:
    """Per window without a plan, what binds and by how much it would have to grow."""
    clock = _Clock(time_limit_ns)
    lines: list[str] = []
    for window in problem.windows:
        alone = problem.model_copy(update={"windows": (window,)})
        if clock.feasible(alone) is not False:
            continue
        stuck = list(_stuck(alone, window))
        lines += stuck or _repairs(alone, window, clock)
    return tuple(lines) or ("no explanation within the time limit",)


def _stuck(problem: SplitFleetProblem, window: Window) -> Iterator[str]:
    """Streams that have no option even alone."""
    for stream in problem.streams:
        rules: set[str] = set()
        demand = problem.demand(stream, window)
        for option in problem.options[stream.catalogue]:
            servers = (
                [s.name for s in problem.servers] if stream.servers is None else stream.servers
            )
            for server in [None] if option.is_local else servers:
                only = problem.model_copy(update={"streams": (stream,), "windows": (window,)})
                choice = Choice(
                    window=window.name, stream=stream.name, option=option.name, server=server
                )
                broken = verify(only, SplitFleetPlan(choices=(choice,))).violations
                if not broken:
                    rules.clear()
                    break
                rules |= {violation.rule for violation in broken}
            else:
                continue
            break
        if rules:
            asked = [f"{demand.rate_millihz / 1000:g} frames/s"]
            if demand.deadline_ns is not None:
                asked.append(f"deadline {format_quantity(demand.deadline_ns, 'ns')}")
            if demand.accuracy_floor_ppm is not None:
                asked.append(f"accuracy {format_quantity(demand.accuracy_floor_ppm, 'ppm')}")
            yield (
                f"{stream.name} in {window.name} has no option by itself "
                f"({', '.join(asked)}): every one breaks {', '.join(sorted(rules))}"
            )


def _repairs(problem: SplitFleetProblem, window: Window, clock: _Clock) -> list[str]:
    lines = []
    for uplink in problem.uplinks:
        factor = _least_factor(problem, uplink, clock)
        if factor is not None:
            rate = uplink.bandwidth_bit_per_s * factor // 1000
            lines.append(
                f"uplink {uplink.name} binds in {window.name}: "
                f"{format_quantity(rate, 'bit_per_s')} instead of "
                f"{format_quantity(uplink.bandwidth_bit_per_s, 'bit_per_s')} would do"
            )
    for server in problem.servers:
        factor = _least_factor(problem, server, clock)
        if factor is not None:
            lines.append(
                f"server {server.name} binds in {window.name}: {factor / 1000:.3f} times its "
                "speed would do"
            )
    return lines or [
        f"in {window.name} no single uplink or server is enough: several bind together"
    ]


def _least_factor(problem: SplitFleetProblem, item: Uplink | Server, clock: _Clock) -> int | None:
    """The least speed, in permille of the present, with which a plan exists; None if there is none.

    Rates decide about deadlines too, so that the repair is of the link or server itself.
    """
    high = 1000 * _PLENTY
    if not clock.feasible(_faster(problem, item, high)):
        return None
    low = 1000
    while high - low > 1:
        middle = (low + high) // 2
        enough = clock.feasible(_faster(problem, item, middle))
        if enough is None:
            return None
        low, high = (low, middle) if enough else (middle, high)
    return high


def _faster(problem: SplitFleetProblem, item: Uplink | Server, permille: int) -> SplitFleetProblem:
    if isinstance(item, Uplink):
        rate = item.bandwidth_bit_per_s * permille // 1000
        swapped = item.model_copy(update={"bandwidth_bit_per_s": rate})
        links = tuple(swapped if u.name == item.name else u for u in problem.uplinks)
        return problem.model_copy(update={"uplinks": links})
    slower = max(1, -(-item.slowdown_ppm * 1000 // permille))
    other = item.model_copy(update={"slowdown_ppm": slower})
    servers = tuple(other if s.name == item.name else s for s in problem.servers)
    return problem.model_copy(update={"servers": servers})


def binding(
    problem: SplitFleetProblem, plan: SplitFleetPlan, time_limit_ns: int
) -> tuple[str, ...]:
    """Uplinks and servers that are over nine tenths full, and what more room would save."""
    verdict = verify(problem, plan)
    if verdict.objective is None:
        return tuple(f"{v.rule} is broken at {v.where}" for v in verdict.violations)
    clock = _Clock(time_limit_ns)
    full: dict[str, list[str]] = {}
    for row in verdict.breakdown.rows:
        unit = "bit_per_s" if "uplink" in row else "ppm"
        used, room = int(row[f"used_{unit}"]), int(row[f"room_{unit}"])
        if 10 * used > 9 * room:
            name = str(row.get("uplink") or row.get("server"))
            full.setdefault(name, []).append(f"{used / max(room, 1):.1%} in {row['window']}")
    lines = []
    rooms: tuple[Uplink | Server, ...] = (*problem.uplinks, *problem.servers)
    for item in rooms:
        if item.name in full:
            roomy = clock.solve(_faster(problem, item, 1000 * _PLENTY))
            gain = "what more would save is not known in time"
            if roomy is not None and roomy.reason is Reason.COMPLETED:
                saved = verdict.objective - (roomy.lower_bound or 0)
                gain = f"{saved:,} {problem.unit} less with all the room it could use"
            lines.append(f"{item.name} is full ({', '.join(full[item.name])}): {gain}")
    return tuple(lines) or ("no uplink and no server is over nine tenths full",)
