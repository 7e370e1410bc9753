"""Replay of a fleet plan from the raw instance: every rule, every load, in exact numbers.

Written from the mathematics in models/problems/split_fleet.py alone; it shares no table with any
solver.
"""

from collections import Counter
from dataclasses import dataclass
from fractions import Fraction
from math import ceil

from models.problems.split_fleet import (
    Choice,
    Demand,
    FleetObjective,
    Option,
    Server,
    SplitFleetPlan,
    SplitFleetProblem,
    Stream,
    Uplink,
    Window,
)
from models.result import Breakdown, Verification, Violation


def verify(problem: SplitFleetProblem, plan: SplitFleetPlan) -> Verification:
    """All violated rules, or else the objective and the load of every uplink and server.

    Rules: unknown-window, unknown-stream, unknown-option, unknown-server, chosen-twice,
    not-chosen, server-needed, server-needless, server-not-allowed, deadline, accuracy-floor,
    device-overload, uplink-overload, server-overload.
    """
    violations = _names(problem, plan) or _structure(problem, plan)
    if violations:
        return Verification(violations=tuple(violations))
    taken = [_take(problem, choice) for choice in plan.choices]
    violations = [fault for item in taken for fault in _own_rules(item)]
    rows, overloads = _loads(problem, taken)
    violations += overloads
    if violations:
        return Verification(violations=tuple(violations))
    objective = sum(_cost(problem, item) for item in taken)
    totals = {
        "weighted_loss_ppm": sum(_loss(problem, item) for item in taken),
        "choices": len(taken),
        "local": sum(item.server is None for item in taken),
    }
    return Verification(
        violations=(), objective=objective, breakdown=Breakdown(rows=tuple(rows), totals=totals)
    )


@dataclass(frozen=True)
class _Taken:
    """A choice with everything it names."""

    window: Window
    stream: Stream
    demand: Demand
    option: Option
    uplink: Uplink
    server: Server | None

    @property
    def where(self) -> str:
        """Window and stream, for people."""
        return f"{self.stream.name} in {self.window.name}"

    @property
    def server_ns(self) -> int:
        """Time on the server chosen, ns."""
        slowdown = 0 if self.server is None else self.server.slowdown_ppm
        return ceil(Fraction(self.option.server_ns * slowdown, 10**6))

    @property
    def latency_ns(self) -> int:
        """From the frame to its result, ns."""
        if self.option.is_local:
            return self.option.device_ns
        wire = ceil(Fraction(8 * self.option.sent_bytes * 10**9, self.uplink.bandwidth_bit_per_s))
        return self.option.device_ns + self.uplink.latency_ns + wire + self.server_ns


def _names(problem: SplitFleetProblem, plan: SplitFleetPlan) -> list[Violation]:
    windows = {window.name for window in problem.windows}
    streams = {stream.name: stream for stream in problem.streams}
    servers = {server.name for server in problem.servers}
    found = []
    for choice in plan.choices:
        if choice.window not in windows:
            found.append(Violation(rule="unknown-window", where=choice.window))
        if choice.stream not in streams:
            found.append(Violation(rule="unknown-stream", where=choice.stream))
        elif choice.option not in _option_names(problem, streams[choice.stream]):
            where = f"{choice.option} for {choice.stream}"
            found.append(Violation(rule="unknown-option", where=where))
        if choice.server is not None and choice.server not in servers:
            found.append(Violation(rule="unknown-server", where=choice.server))
    return found


def _option_names(problem: SplitFleetProblem, stream: Stream) -> set[str]:
    return {option.name for option in problem.options[stream.catalogue]}


def _structure(problem: SplitFleetProblem, plan: SplitFleetPlan) -> list[Violation]:
    counts = Counter((choice.window, choice.stream) for choice in plan.choices)
    found = []
    for window in problem.windows:
        for stream in problem.streams:
            count = counts[window.name, stream.name]
            where = f"{stream.name} in {window.name}"
            if count > 1:
                found.append(Violation(rule="chosen-twice", where=where, excess=count - 1))
            if count == 0:
                found.append(Violation(rule="not-chosen", where=where))
    return found


def _take(problem: SplitFleetProblem, choice: Choice) -> _Taken:
    window = next(item for item in problem.windows if item.name == choice.window)
    stream = next(item for item in problem.streams if item.name == choice.stream)
    options = problem.options[stream.catalogue]
    return _Taken(
        window=window,
        stream=stream,
        demand=problem.demand(stream, window),
        option=next(item for item in options if item.name == choice.option),
        uplink=next(item for item in problem.uplinks if item.name == stream.uplink),
        server=next((item for item in problem.servers if item.name == choice.server), None),
    )


def _own_rules(item: _Taken) -> list[Violation]:
    """The rules that a choice can break by itself."""
    found = []
    server, demand, option = item.server, item.demand, item.option
    if server is None and not option.is_local:
        return [Violation(rule="server-needed", where=item.where)]
    if server is not None and option.is_local:
        return [Violation(rule="server-needless", where=item.where)]
    allowed = item.stream.servers
    if server is not None and allowed is not None and server.name not in allowed:
        found.append(Violation(rule="server-not-allowed", where=f"{item.where}: {server.name}"))
    busy = demand.rate_millihz * option.device_ns - 10**12
    checks = (
        ("deadline", demand.deadline_ns, item.latency_ns, "ns"),
        ("device-overload", 0, ceil(Fraction(busy, 10**6)), "ppm"),
        ("accuracy-floor", option.accuracy_ppm, demand.accuracy_floor_ppm or 0, "ppm"),
    )
    for rule, limit, value, unit in checks:
        if limit is not None and value > limit:
            found.append(Violation(rule=rule, where=item.where, excess=value - limit, unit=unit))
    return found


def _loads(
    problem: SplitFleetProblem, taken: list[_Taken]
) -> tuple[list[dict[str, str | int]], list[Violation]]:
    """Use of each uplink, bit/s, and each server, ppm of its time, per window."""
    used: Counter[tuple[str, str, str]] = Counter()
    for item in taken:
        rate = item.demand.rate_millihz
        bits = 8 * item.option.sent_bytes * rate
        used[item.window.name, "uplink", item.uplink.name] += bits
        if item.server is not None:
            used[item.window.name, "server", item.server.name] += item.server_ns * rate
    rooms = [
        ("uplink", x.name, Fraction(x.bandwidth_bit_per_s * x.share_ppm, 10**6), 1000, "bit/s")
        for x in problem.uplinks
    ]
    rooms += [
        ("server", x.name, Fraction(x.workers * x.share_ppm), 10**6, "ppm") for x in problem.servers
    ]
    rows: list[dict[str, str | int]] = []
    found = []
    for window in problem.windows:
        for kind, name, room, scale, unit in rooms:
            use = Fraction(used[window.name, kind, name], scale)
            what = {"window": window.name, kind: name}
            suffix = unit.replace("/", "_per_")
            rows.append({**what, f"used_{suffix}": ceil(use), f"room_{suffix}": int(room)})
            if use > room:
                where = f"{name} in {window.name}"
                excess = ceil(use - room)
                found.append(
                    Violation(rule=f"{kind}-overload", where=where, excess=excess, unit=unit)
                )
    return rows, found


def _loss(problem: SplitFleetProblem, item: _Taken) -> int:
    best = max(option.accuracy_ppm for option in problem.options[item.stream.catalogue])
    return item.window.weight * item.demand.priority * (best - item.option.accuracy_ppm)


def _cost(problem: SplitFleetProblem, item: _Taken) -> int:
    if problem.objective is FleetObjective.LOSS:
        return _loss(problem, item)
    if problem.objective is FleetObjective.LATENCY:
        return item.window.weight * item.demand.priority * item.latency_ns
    per_frame = (
        item.option.energy_uj
        if problem.objective is FleetObjective.ENERGY
        else item.option.sent_bytes
    )
    return item.window.weight * item.demand.rate_millihz * per_frame
