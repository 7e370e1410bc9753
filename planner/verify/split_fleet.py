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
        "weighted_loss": sum(_loss(problem, item) for item in taken),
        **_accuracies(taken),
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
            where = f"{choice.server} for {choice.stream}"
            found.append(Violation(rule="unknown-server", where=where))
    # Once per stream, in however many windows.
    return list({(item.rule, item.where): item for item in found}.values())


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
    overload = ceil(Fraction(busy, 10**6))
    lacking = (demand.accuracy_floor_ppm or 0) - option.accuracy_ppm
    late = 0 if demand.deadline_ns is None else item.latency_ns - demand.deadline_ns
    if late > 0:
        found.append(Violation(rule="deadline", where=item.where, excess=late, unit="ns"))
    if overload > 0:
        found.append(
            Violation(rule="device-overload", where=item.where, excess=overload, unit="ppm")
        )
    if lacking > 0:
        found.append(Violation(rule="accuracy-floor", where=item.where, excess=lacking, unit="ppm"))
    return found


def _loads(
    problem: SplitFleetProblem, taken: list[_Taken]
) -> tuple[list[dict[str, str | int]], list[Violation]]:
    """Use of each uplink, bit/s, and each server, ppm of a worker's time, per window."""
    bits: Counter[tuple[str, str]] = Counter()
    busy: Counter[tuple[str, str]] = Counter()
    for item in taken:
        rate = item.demand.rate_millihz
        bits[item.window.name, item.uplink.name] += 8 * item.option.sent_bytes * rate
        if item.server is not None:
            busy[item.window.name, item.server.name] += item.server_ns * rate
    rows: list[dict[str, str | int]] = []
    found = []
    for window in (item.name for item in problem.windows):
        for uplink in problem.uplinks:
            room = Fraction(uplink.bandwidth_bit_per_s * uplink.share_ppm, 10**6)
            use, where = Fraction(bits[window, uplink.name], 1000), f"{uplink.name} in {window}"
            names: dict[str, str | int] = {"window": window, "uplink": uplink.name}
            rows.append({**names, "used_bit_per_s": ceil(use), "room_bit_per_s": int(room)})
            if use > room:
                excess = ceil(use - room)
                found.append(
                    Violation(rule="uplink-overload", where=where, excess=excess, unit="bit/s")
                )
        for server in problem.servers:
            use, where = Fraction(busy[window, server.name], 10**6), f"{server.name} in {window}"
            share = server.workers * server.share_ppm
            names = {"window": window, "server": server.name}
            rows.append({**names, "used_ppm": ceil(use), "room_ppm": share})
            if use > share:
                excess = ceil(use - share)
                found.append(
                    Violation(rule="server-overload", where=where, excess=excess, unit="ppm")
                )
    return rows, found


def _accuracies(taken: list[_Taken]) -> dict[str, int]:
    """Mean accuracies, ppm rounded down: of all, and apart where some streams are urgent."""
    groups = {
        "mean_accuracy_ppm": taken,
        "mean_accuracy_of_urgent_ppm": [item for item in taken if item.demand is not item.stream],
        "mean_accuracy_of_others_ppm": [item for item in taken if item.demand is item.stream],
    }
    if not groups["mean_accuracy_of_urgent_ppm"]:
        groups = {"mean_accuracy_ppm": taken}
    return {
        name: sum(item.option.accuracy_ppm for item in group) // len(group)
        for name, group in groups.items()
        if group
    }


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
