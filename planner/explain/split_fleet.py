"""Explanations of fleets: the stream, uplink or server in the way, and the smallest repair.

A stream without any open option is named first. Otherwise each uplink and server alone is made
roomy: where that makes a plan possible, the least room with which it does is found by bisection,
exactly. Where no single one suffices, that is said.
"""

from collections.abc import Iterator

from models.problems.split_fleet import (
    Choice,
    Server,
    SplitFleetPlan,
    Uplink,
    Window,
)
from models.problems.split_fleet import SplitFleetProblem as Problem
from models.result import Verification
from models.units import MAX_BIT_PER_S, format_quantity
from planner.explain.clock import Clock, Least, Optimum, TimeUpError, least
from planner.explain.price import known_with_plan, price, standing
from planner.verify import verify

# The fastest uplink, bit/s, and server, ppm of slowdown, that a document can state.
_FASTEST_UPLINK = MAX_BIT_PER_S
_FASTEST_SERVER = 1


def infeasible(problem: Problem, time_limit_ns: int) -> tuple[str, ...]:
    """Per window without a plan, what binds and by how much it would have to grow."""
    clock = Clock(time_limit_ns)
    lines: list[str] = []
    for window in problem.windows:
        alone = problem.model_copy(update={"windows": (window,)})
        stuck = list(_stuck(alone, window))
        try:
            lines += stuck or ([] if clock.feasible(alone) else _repairs(alone, window, clock))
        except TimeUpError:
            lines.append(f"whether there is a plan in {window.name} is not known in time")
    return tuple(lines)


def _stuck(problem: Problem, window: Window) -> Iterator[str]:
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


def _repairs(problem: Problem, window: Window, clock: Clock) -> list[str]:
    """The single uplinks and servers that more speed of theirs would help. All of it first."""
    rooms: tuple[Uplink | Server, ...] = (*problem.uplinks, *problem.servers)
    fastest = problem
    for item in rooms:
        fastest = _faster(fastest, item, _fastest(item))
    try:
        if not clock.feasible(fastest):
            return [f"in {window.name} no speed of uplinks and servers is enough"]
    except TimeUpError:
        return [f"what would help in {window.name} is not known in time"]
    lines, open_ = [], False
    for item in rooms:
        try:
            factor = _least_factor(problem, item, clock)
        except TimeUpError:
            open_ = True
            break
        if factor is not None:
            lines.append(_repair(item, window, factor))
    if open_:
        lines.append(f"what else would help in {window.name} is not known in time")
    return lines or [
        f"in {window.name} no single uplink or server is enough: several bind together"
    ]


def _repair(item: Uplink | Server, window: Window, factor: Least) -> str:
    rest = "" if factor.proved else "; whether less would is not known in time"
    if isinstance(item, Uplink):
        now = item.bandwidth_bit_per_s
        rate, present = (format_quantity(r, "bit_per_s") for r in (_rate(item, factor.amount), now))
        would = f"{rate} instead of {present} would do"
        return f"uplink {item.name} binds in {window.name}: {would}{rest}"
    would = f"{factor.amount / 1000:,.3f} times its speed would do"
    return f"server {item.name} binds in {window.name}: {would}{rest}"


def _least_factor(problem: Problem, item: Uplink | Server, clock: Clock) -> Least | None:
    """The least speed, in permille of the present, with which a plan exists; None if there is none.

    Rates decide about deadlines too, so that the repair is of the link or server itself. Doubling
    first, since what is missing is seldom a thousandfold. Raises TimeUpError.
    """

    def need(permille: int) -> int | None:
        return permille if clock.feasible(_faster(problem, item, permille)) else None

    low, high = 1000, _fastest(item)
    if need(high) is None:
        return None
    while 2 * low < high:
        try:
            enough = need(2 * low) is not None
        except TimeUpError:
            return Least(high, proved=False)
        if enough:
            high = 2 * low
            break
        low *= 2
    return least(low, high, need)


def _fastest(item: Uplink | Server) -> int:
    """The largest speed that a document can state, in permille of the present, rounded up."""
    if isinstance(item, Uplink):
        return max(1000, -(-_FASTEST_UPLINK * 1000 // item.bandwidth_bit_per_s))
    return max(1000, item.slowdown_ppm * 1000 // _FASTEST_SERVER)


def _rate(uplink: Uplink, permille: int) -> int:
    return min(_FASTEST_UPLINK, uplink.bandwidth_bit_per_s * permille // 1000)


def _faster(problem: Problem, item: Uplink | Server, permille: int) -> Problem:
    if isinstance(item, Uplink):
        swapped = item.model_copy(update={"bandwidth_bit_per_s": _rate(item, permille)})
        links = tuple(swapped if u.name == item.name else u for u in problem.uplinks)
        return problem.model_copy(update={"uplinks": links})
    slower = max(_FASTEST_SERVER, -(-item.slowdown_ppm * 1000 // permille))
    other = item.model_copy(update={"slowdown_ppm": slower})
    servers = tuple(other if s.name == item.name else s for s in problem.servers)
    return problem.model_copy(update={"servers": servers})


def binding(
    problem: Problem, _plan: SplitFleetPlan, verdict: Verification, time_limit_ns: int
) -> tuple[str, ...]:
    """How an accepted plan stands; what is over nine tenths full, and what its limit costs."""
    clock = Clock(time_limit_ns)
    full = _full(verdict)
    rooms: tuple[Uplink | Server, ...] = (*problem.uplinks, *problem.servers)
    asked = [item for item in rooms if item.name in full]
    here = known_with_plan(clock.optimum(problem, 1 + len(asked)), verdict)
    lines = [standing(verdict, here, problem.unit)]
    for number, item in enumerate(asked):
        roomy = clock.optimum(_faster(problem, item, _fastest(item)), len(asked) - number)
        # The present item is one of finite speed, and any real one saves no more than this.
        cost = price("that", here, Optimum(low=roomy.low), problem.unit)
        lines.append(f"{item.name} is full ({', '.join(full[item.name])}): {cost}")
    if not asked:
        lines.append("no uplink and no server is over nine tenths full")
    return tuple(lines)


def _full(verdict: Verification) -> dict[str, list[str]]:
    """Uplinks and servers over nine tenths full: how full they are, and when."""
    full: dict[str, list[str]] = {}
    for row in verdict.breakdown.rows:
        unit = "bit_per_s" if "uplink" in row else "ppm"
        used, room = int(row[f"used_{unit}"]), int(row[f"room_{unit}"])
        if 10 * used > 9 * room:
            name = str(row.get("uplink") or row.get("server"))
            share = f"{100 * used / max(room, 1):.1f} %"
            full.setdefault(name, []).append(f"{share} in {row['window']}")
    return full
