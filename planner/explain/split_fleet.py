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
            servers: list[str | None] = list(
                [s.name for s in problem.servers] if stream.servers is None else stream.servers
            )
            # Without any server the rule that is broken is that one is needed.
            for server in [None] if option.is_local else servers or [None]:
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
        fastest = _at(fastest, item, _fastest(item))
    try:
        if not clock.feasible(fastest):
            return [f"in {window.name} no speed of uplinks and servers is enough"]
    except TimeUpError:
        return [f"what would help in {window.name} is not known in time"]
    lines, open_ = [], False
    for item in rooms:
        try:
            found = _least_speed(problem, item, clock)
        except TimeUpError:
            open_ = True
            break
        if found is not None:
            lines.append(_repair(item, window, found))
    if open_:
        lines.append(f"what else would help in {window.name} is not known in time")
    return lines or [
        f"in {window.name} no single uplink or server is enough: several bind together"
    ]


def _repair(item: Uplink | Server, window: Window, found: Least) -> str:
    """The integer of the document that would do, beside the present one."""
    rest = "" if found.proved else "; whether less would is not known in time"
    if isinstance(item, Uplink):
        now, then = item.bandwidth_bit_per_s, found.amount
        rounded, plain = (format_quantity(rate, "bit_per_s") for rate in (then, now))
        would = f"{rounded} ({then:,} bit/s) instead of {plain} would do"
        return f"uplink {item.name} binds in {window.name}: {would}{rest}"
    slowdown = item.slowdown_ppm - found.amount
    would = (
        f"slowdown_ppm {slowdown:,} instead of {item.slowdown_ppm:,} would do, "
        f"{item.slowdown_ppm / slowdown:,.3f} times its speed"
    )
    return f"server {item.name} binds in {window.name}: {would}{rest}"


def _least_speed(problem: Problem, item: Uplink | Server, clock: Clock) -> Least | None:
    """The least speed, as in _at, with which a plan exists; None if there is none.

    Rates decide about deadlines too, so that the repair is of the link or server itself. Doubling
    first, since what is missing is seldom a thousandfold; a plan found is asked for the least that
    it needs itself, which few bisections then pin down. Raises TimeUpError.
    """

    def need(speed: int) -> int | None:
        faster = _at(problem, item, speed)
        plan: SplitFleetPlan | None = clock.plan(faster)
        return None if plan is None else _needed(problem, item, plan, speed)

    low, most = _present(item), _fastest(item)
    high = need(most)
    if high is None:
        return None
    step = max(1, low if isinstance(item, Uplink) else item.slowdown_ppm // 2)
    while low + step < high:
        try:
            enough = need(low + step)
        except TimeUpError:
            return Least(high, proved=False)
        if enough is not None:
            high = enough
            break
        low += step
        step = 2 * step if isinstance(item, Uplink) else max(1, (item.slowdown_ppm - low) // 2)
    return least(low, high, need)


def _needed(problem: Problem, item: Uplink | Server, plan: SplitFleetPlan, speed: int) -> int:
    """The least speed at which this very plan is accepted; it is at `speed`.

    Replayed with the streams alone whose acceptance depends on that speed.
    """
    on_link = {stream.name for stream in problem.streams if stream.uplink == item.name}
    on_server = {choice.stream for choice in plan.choices if choice.server == item.name}
    touched = on_link if isinstance(item, Uplink) else on_server
    streams = tuple(stream for stream in problem.streams if stream.name in touched)
    part = problem.model_copy(update={"streams": streams})
    theirs = SplitFleetPlan(choices=tuple(c for c in plan.choices if c.stream in touched))

    def accepted(slower: int) -> int | None:
        return slower if verify(_at(part, item, slower), theirs).accepted else None

    return least(_present(item), speed, accepted).amount


def _present(item: Uplink | Server) -> int:
    """The speed of an uplink or server as it is, as in _at."""
    return item.bandwidth_bit_per_s if isinstance(item, Uplink) else 0


def _fastest(item: Uplink | Server) -> int:
    """The largest speed that a document can state, as in _at."""
    if isinstance(item, Uplink):
        return max(_FASTEST_UPLINK, item.bandwidth_bit_per_s)
    return item.slowdown_ppm - _FASTEST_SERVER


def _at(problem: Problem, item: Uplink | Server, speed: int) -> Problem:
    """The problem with another speed: bit/s of an uplink, ppm taken off a server's slowdown."""
    if isinstance(item, Uplink):
        swapped = item.model_copy(update={"bandwidth_bit_per_s": speed})
        links = tuple(swapped if u.name == item.name else u for u in problem.uplinks)
        return problem.model_copy(update={"uplinks": links})
    other = item.model_copy(update={"slowdown_ppm": item.slowdown_ppm - speed})
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
        roomy = clock.optimum(_at(problem, item, _fastest(item)), len(asked) - number)
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
