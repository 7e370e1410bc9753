"""Replay of a split plan from the raw instance: every rule and every term, in exact numbers.

Written from the mathematics in models/problems/split_computing.py alone; it shares no table with
any solver, so that an error would have to be made twice, in two ways, to go unnoticed.
"""

from collections import Counter
from collections.abc import Iterable

from models.problems.split_computing import (
    TOTALS,
    SplitComputingPlan,
    SplitComputingProblem,
    ancestors,
)
from models.result import Breakdown, Verification, Violation
from models.split_models import INPUT, Lossy, SplitDevice, Work
from planner.verify.split_terms import (
    Replay,
    Term,
    bottleneck_of,
    form_of,
    levels_of,
    places,
    policy_of,
    raw_bytes,
)


def verify(problem: SplitComputingProblem, plan: SplitComputingPlan) -> Verification:
    """All violated rules, or else the objective and every term of it.

    Rules: unknown-device, unknown-layer, unknown-tensor, unknown-hop, unknown-representation,
    unknown-bottleneck, unknown-policy, layer-placed-twice, replaced-layer, layer-missing,
    gate-replaced, backward, missing-crossing, needless-crossing, cannot-represent, cannot-code,
    accuracy-floor, deadline, energy, bytes.
    """
    violations = _names(problem, plan)
    if not violations:
        violations = _structure(problem, plan)
    if not violations:
        violations = _crossings(problem, plan)
    if violations:
        return Verification(violations=tuple(violations))
    terms = Replay(problem, plan).terms()
    totals = _totals(problem, plan, terms)
    violations = _limits(problem, totals)
    if violations:
        return Verification(violations=tuple(violations))
    place = places(problem)
    rows: tuple[dict[str, str | int], ...] = tuple(
        {"what": t.what, "device": t.device, "latency_ns": max(t.latency), "sent_bytes": t.sent}
        for t in sorted(terms, key=lambda term: place[term.device])
    )
    column = TOTALS[problem.objective]
    return Verification(
        violations=(), objective=totals[column], breakdown=Breakdown(rows=rows, totals=totals)
    )


def _each(names: Iterable[str], *, rule: str) -> list[Violation]:
    return [Violation(rule=rule, where=name) for name in names]


def _names(problem: SplitComputingProblem, plan: SplitComputingPlan) -> list[Violation]:
    starts = {device.name for device in problem.devices[:-1]}
    devices = {device.name for device in problem.devices}
    layers = {layer.name for layer in problem.model.layers}
    forms = {"raw", *(item.name for item in problem.representations)}
    use, crossings = plan.bottleneck, plan.crossings
    placed = [item.device for item in plan.placement]
    named = [v for item in plan.placement for v in item.layers]
    hops = [item.hop_from for item in crossings] + ([use.hop_from] if use else [])
    through = {use.name} - {b.name for b in problem.bottlenecks} if use else set()
    policies = {plan.policy} - {None, *(policy.name for policy in problem.policies)}
    return [
        *_each((x for x in placed if x not in devices), rule="unknown-device"),
        *_each((x for x in named if x not in layers), rule="unknown-layer"),
        *_each(
            (c.tensor for c in crossings if c.tensor not in {INPUT, *layers}), rule="unknown-tensor"
        ),
        *_each((x for x in hops if x not in starts), rule="unknown-hop"),
        *_each({c.representation for c in crossings} - forms, rule="unknown-representation"),
        *_each(through, rule="unknown-bottleneck"),
        *_each((str(name) for name in policies), rule="unknown-policy"),
    ]


def _replaced(problem: SplitComputingProblem, plan: SplitComputingPlan) -> set[str]:
    bottleneck = bottleneck_of(problem, plan)
    return set() if bottleneck is None else ancestors(problem.model, bottleneck.after)


def _structure(problem: SplitComputingProblem, plan: SplitComputingPlan) -> list[Violation]:
    placed = Counter(name for item in plan.placement for name in item.layers)
    replaced = _replaced(problem, plan)
    bottleneck, policy = bottleneck_of(problem, plan), policy_of(problem, plan)
    layers = [layer.name for layer in problem.model.layers]
    inside = replaced - ({bottleneck.after} if bottleneck else set())
    gates = [gate.after for gate in policy.gates] if policy else []
    found = [
        *_each((x for x in layers if placed[x] > 1), rule="layer-placed-twice"),
        *_each((x for x in layers if placed[x] and x in replaced), rule="replaced-layer"),
        *_each((x for x in layers if not placed[x] and x not in replaced), rule="layer-missing"),
        *_each((x for x in gates if x in inside), rule="gate-replaced"),
    ]
    return found or _backward(problem, plan)


def _backward(problem: SplitComputingProblem, plan: SplitComputingPlan) -> list[Violation]:
    replaced, levels = _replaced(problem, plan), levels_of(problem, plan)
    return [
        Violation(
            rule="backward",
            where=f"{source} -> {target}",
            excess=levels[source] - levels[target],
            unit="devices",
        )
        for source, target in problem.model.graph.edges
        if target not in replaced and levels[source] > levels[target]
    ]


def _needed(problem: SplitComputingProblem, plan: SplitComputingPlan) -> set[tuple[str, int]]:
    """(tensor, hop) that have to be crossed besides the bottleneck's own."""
    levels, replaced = levels_of(problem, plan), _replaced(problem, plan)
    graph = problem.model.graph
    readers: dict[str, list[int]] = {name: [] for name in levels}
    for name in graph:
        if name in replaced:
            continue
        for source in list(graph.pred[name]) or [INPUT]:
            readers[source].append(levels[name])
    if plan.bottleneck is not None:
        readers[INPUT].append(places(problem)[plan.bottleneck.hop_from])
    return {
        (name, hop)
        for name, behind in readers.items()
        for hop in range(levels[name], max(behind, default=0))
    }


def _crossings(problem: SplitComputingProblem, plan: SplitComputingPlan) -> list[Violation]:
    place = places(problem)
    needed = _needed(problem, plan)
    found = []
    for crossing in plan.crossings:
        hop = place[crossing.hop_from]
        where = f"{crossing.tensor} from {crossing.hop_from}"
        if (crossing.tensor, hop) not in needed:
            found.append(Violation(rule="needless-crossing", where=where))
        needed.discard((crossing.tensor, hop))
        form = form_of(problem, crossing.representation)
        if form is None:
            continue
        if form.bytes_of(crossing.tensor, raw_bytes(problem, crossing.tensor)) is None:
            found.append(Violation(rule="cannot-represent", where=f"{where} as {form.name}"))
        found += _coding(form.encode, form.decode, problem.devices[hop : hop + 2], form.name)
    bottleneck = bottleneck_of(problem, plan)
    if bottleneck is not None and plan.bottleneck is not None:
        hop = place[plan.bottleneck.hop_from]
        ends = problem.devices[hop : hop + 2]
        found += _coding(bottleneck.encode, bottleneck.decode, ends, bottleneck.name)
    found += [
        Violation(rule="missing-crossing", where=f"{tensor} from {problem.devices[hop].name}")
        for tensor, hop in sorted(needed)
    ]
    return found


def _coding(
    encode: Work | None, decode: Work | None, ends: tuple[SplitDevice, ...], name: str
) -> list[Violation]:
    return [
        Violation(rule="cannot-code", where=f"{name} on {device.name}")
        for work, device in zip((encode, decode), ends, strict=True)
        if work is not None and work.on(device) is None
    ]


def _totals(
    problem: SplitComputingProblem, plan: SplitComputingPlan, terms: list[Term]
) -> dict[str, int]:
    forms = [form_of(problem, crossing.representation) for crossing in plan.crossings]
    lossy: list[Lossy | None] = [*forms, bottleneck_of(problem, plan), policy_of(problem, plan)]
    loss = sum(
        problem.accuracy_ppm - item.accuracy_ppm
        for item in lossy
        if item is not None and item.accuracy_ppm is not None
    )
    totals = {
        "latency_ns": max(map(sum, zip(*(term.latency for term in terms), strict=True))),
        "energy_uj": max(map(sum, zip(*(term.energy for term in terms), strict=True))),
        "sent_bytes": sum(term.sent for term in terms),
    }
    if problem.speaks_of_accuracy:  # where nobody stated any, 100 % would be made up
        totals["accuracy_ppm"] = problem.accuracy_ppm - loss
    return totals


def _limits(problem: SplitComputingProblem, totals: dict[str, int]) -> list[Violation]:
    limits = problem.limits
    floor = limits.accuracy_floor_ppm
    lacking = 0 if floor is None else floor - totals["accuracy_ppm"]
    return [
        *_over(totals["latency_ns"], limits.deadline_ns, rule="deadline", unit="ns"),
        *_over(totals["energy_uj"], limits.energy_uj, rule="energy", unit="µJ"),
        *_over(totals["sent_bytes"], limits.sent_bytes, rule="bytes", unit="bytes"),
        *_over(lacking, 0, rule="accuracy-floor", unit="ppm"),
    ]


def _over(value: int, limit: int | None, *, rule: str, unit: str) -> list[Violation]:
    if limit is None or value <= limit:
        return []
    return [Violation(rule=rule, where="the whole plan", excess=value - limit, unit=unit)]
