"""Replay of a placement of experts from the raw instance: every rule, every load, in exact numbers.

Written from the mathematics in models/problems/expert_balance.py alone; it shares no table with any
solver. The flows of `split` are found anew by maximum flow (expert_balance_flow.py).
"""

from collections import Counter
from collections.abc import Sequence
from fractions import Fraction
from math import ceil

from models.problems.expert_balance import (
    BalanceObjective,
    ExpertBalancePlan,
    ExpertBalanceProblem,
    LoadWindow,
    Mode,
)
from models.result import Breakdown, Verification, Violation
from planner.verify.expert_balance_flow import least_time

# Replicas of each expert on each device of one layer, by (expert, device).
Replicas = Counter[tuple[int, int]]


def verify(problem: ExpertBalanceProblem, plan: ExpertBalancePlan) -> Verification:
    """All violated rules, or else the objective and a row per layer.

    Rules: map-shape, unknown-expert, missing-expert, group-split, group-count, balance.
    """
    violations = _shape(problem, plan) or _placed(problem, plan)
    if violations:
        return Verification(violations=tuple(violations))
    layers = [_replicas(problem, row) for row in plan.physical_to_logical_map]
    if problem.hierarchical:
        violations += _groups(problem, layers)
    if problem.objective is BalanceObjective.HOPS:
        violations += _balance(problem, layers)
    if violations:
        return Verification(violations=tuple(violations))
    return _priced(problem, plan, layers)


def _shape(problem: ExpertBalanceProblem, plan: ExpertBalancePlan) -> list[Violation]:
    rows = plan.physical_to_logical_map
    if len(rows) != problem.layers:
        off = abs(len(rows) - problem.layers)
        return [Violation(rule="map-shape", where="layers", excess=off)]
    found = []
    for layer, row in enumerate(rows):
        off = abs(len(row) - problem.slots)
        if off:
            found.append(
                Violation(rule="map-shape", where=f"layer {layer}", excess=off, unit="slots")
            )
    return found


def _placed(problem: ExpertBalanceProblem, plan: ExpertBalancePlan) -> list[Violation]:
    found = []
    for layer, row in enumerate(plan.physical_to_logical_map):
        for expert in sorted(set(row)):
            if not 0 <= expert < problem.experts:
                where = f"expert {expert} in layer {layer}"
                found.append(Violation(rule="unknown-expert", where=where))
    if found:
        return found
    for layer, row in enumerate(plan.physical_to_logical_map):
        for expert in sorted(set(range(problem.experts)) - set(row)):
            where = f"expert {expert} in layer {layer}"
            found.append(Violation(rule="missing-expert", where=where))
    return found


def _replicas(problem: ExpertBalanceProblem, row: Sequence[int]) -> Replicas:
    found: Replicas = Counter()
    start = 0
    for device, item in enumerate(problem.devices):
        found.update((expert, device) for expert in row[start : start + item.slots])
        start += item.slots
    return found


def _groups(problem: ExpertBalanceProblem, layers: list[Replicas]) -> list[Violation]:
    found = []
    size = problem.experts // problem.groups
    each = problem.groups // len(problem.nodes)
    for layer, replicas in enumerate(layers):
        together = True
        held: dict[int, set[str]] = {}
        for expert, device in replicas:
            held.setdefault(expert // size, set()).add(str(problem.devices[device].node))
        for group, nodes in sorted(held.items()):
            if len(nodes) > 1:
                together = False
                where = f"group {group} of layer {layer} on {', '.join(sorted(nodes))}"
                found.append(Violation(rule="group-split", where=where, excess=len(nodes) - 1))
        if not together:
            continue
        counts = Counter(node for nodes in held.values() for node in nodes)
        for node in problem.nodes:
            if counts[node] > each:
                where, excess = f"{node} in layer {layer}", counts[node] - each
                found.append(
                    Violation(rule="group-count", where=where, excess=excess, unit="groups")
                )
    return found


def _balance(problem: ExpertBalanceProblem, layers: list[Replicas]) -> list[Violation]:
    """The weighted sum of the windows stays within the slack on every device."""
    found = []
    rates = [device.tokens_per_s for device in problem.devices]
    slack = 1 + Fraction(problem.balance_slack_ppm, 10**6)
    for layer, replicas in enumerate(layers):
        loads = [
            sum(window.weight * window.loads[layer][expert] for window in problem.windows)
            for expert in range(problem.experts)
        ]
        allowed = slack * Fraction(sum(loads), sum(rates))
        for device, load in enumerate(_equal(replicas, loads, len(rates))):
            excess = load - allowed * rates[device]
            if excess > 0:
                where = f"{problem.devices[device].name} in layer {layer}"
                found.append(
                    Violation(rule="balance", where=where, excess=ceil(excess), unit="tokens")
                )
    return found


def _equal(replicas: Replicas, loads: Sequence[int], devices: int) -> list[Fraction]:
    """Tokens of each device where all replicas of an expert take the same."""
    number: Counter[int] = Counter()
    for (expert, _), count in replicas.items():
        number[expert] += count
    found = [Fraction(0)] * devices
    for (expert, device), count in replicas.items():
        found[device] += Fraction(count * loads[expert], number[expert])
    return found


def _time_ns(problem: ExpertBalanceProblem, replicas: Replicas, loads: Sequence[int]) -> int:
    """The slowest device's time for one window of one layer."""
    rates = tuple(device.tokens_per_s for device in problem.devices)
    if problem.mode is Mode.EQUAL_SPLIT:
        shares = _equal(replicas, loads, len(rates))
        return max(ceil(10**9 * load / rate) for load, rate in zip(shares, rates, strict=True))
    hosts: dict[int, set[int]] = {}
    for expert, device in replicas:
        hosts.setdefault(expert, set()).add(device)
    together: Counter[frozenset[int]] = Counter()
    for expert, devices in hosts.items():
        together[frozenset(devices)] += loads[expert]
    return ceil(10**9 * least_time(together, rates))


def _priced(
    problem: ExpertBalanceProblem, plan: ExpertBalancePlan, layers: list[Replicas]
) -> Verification:
    rows: list[dict[str, str | int]] = []
    total = 0
    sums: Counter[str] = Counter()
    for layer, replicas in enumerate(layers):
        times = [_time_ns(problem, replicas, window.loads[layer]) for window in problem.windows]
        held = [_time_ns(problem, replicas, window.loads[layer]) for window in problem.held_out]
        worst = sorted(times, reverse=True)[: problem.tail_windows]
        total += problem.tail_weight * sum(worst)
        slowest = sum(w.weight * z for w, z in zip(problem.windows, times, strict=True))
        total += slowest
        row: dict[str, str | int] = {"layer": layer, "time_ns": slowest}
        row["max_over_mean_ppm"] = _ratio(problem, problem.windows, times, layer)
        sums["max_over_mean_ppm"] += int(row["max_over_mean_ppm"])
        if held:
            row["held_out_ppm"] = _ratio(problem, problem.held_out, held, layer)
            sums["held_out_ppm"] += int(row["held_out_ppm"])
        rows.append(row)
    totals = {f"mean_{name}": value // len(layers) for name, value in sums.items()}
    if problem.previous is not None:
        totals["moved_replicas"] = _moved(problem, plan)
        total += totals["moved_replicas"] * problem.previous.ns_per_replica
    if problem.transitions is not None and problem.mode is Mode.EQUAL_SPLIT:
        totals["hops_tokens"] = _hops(problem, layers)
        totals["passages_tokens"] = sum(
            tokens for matrix in problem.transitions for row in matrix for tokens in row
        )
    objective = total if problem.objective is BalanceObjective.TIME else totals["hops_tokens"]
    breakdown = Breakdown(rows=tuple(rows), totals=totals)
    return Verification(violations=(), objective=objective, breakdown=breakdown)


def _ratio(
    problem: ExpertBalanceProblem, windows: Sequence[LoadWindow], times: list[int], layer: int
) -> int:
    """The weighted mean, over windows with load, of time over that of perfect balance, ppm."""
    rate = sum(device.tokens_per_s for device in problem.devices)
    pairs = [
        (window.weight, time * rate, sum(window.loads[layer]))
        for window, time in zip(windows, times, strict=True)
    ]
    known = [(weight, Fraction(time, 1000 * tokens)) for weight, time, tokens in pairs if tokens]
    weight = sum(weight for weight, _ in known)
    return round(sum(w * ratio for w, ratio in known) / weight) if weight else 10**6


def _moved(problem: ExpertBalanceProblem, plan: ExpertBalancePlan) -> int:
    """Experts that come to devices that did not have them."""
    if problem.previous is None:
        return 0
    before = problem.previous.physical_to_logical_map
    moved = 0
    for layer, row in enumerate(plan.physical_to_logical_map):
        old = _replicas(problem, before[layer])
        moved += sum(place not in old for place in _replicas(problem, row))
    return moved


def _hops(problem: ExpertBalanceProblem, layers: list[Replicas]) -> int:
    total = Fraction(0)
    for layer, matrix in enumerate(problem.transitions or ()):
        here, there = _shares(layers[layer]), _shares(layers[layer + 1])
        for a, row in enumerate(matrix):
            for b, tokens in enumerate(row):
                if tokens:
                    stay = sum(share * there[b].get(g, 0) for g, share in here[a].items())
                    total += tokens * (1 - stay)
    return ceil(total)


def _shares(replicas: Replicas) -> dict[int, dict[int, Fraction]]:
    """The share of each expert's tokens on each of its devices."""
    number: Counter[int] = Counter()
    for (expert, _), count in replicas.items():
        number[expert] += count
    found: dict[int, dict[int, Fraction]] = {}
    for (expert, device), count in replicas.items():
        found.setdefault(expert, {})[device] = Fraction(count, number[expert])
    return found
