"""Replay of a placement from the raw instance: every rule, every latency, in exact numbers.

Written from the mathematics in models/problems/offload_placement.py alone; it shares no table with
any solver. What copies weigh and how long they take is in planner/verify/offload_terms.py.
"""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from fractions import Fraction
from math import ceil

from models.problems.offload_placement import (
    BudgetScope,
    Copy,
    LayerPlan,
    MoeLayer,
    OffloadPlacementPlan,
    OffloadPlacementProblem,
    TokenLatency,
)
from models.result import Breakdown, Verification, Violation
from planner.verify.offload_terms import LayerTerms


@dataclass
class _Sums:
    """What adds up over the layers."""

    latency_ns: int = 0
    activations: int = 0
    loss: int = 0
    moved_bytes: int = 0
    migration_ns: int = 0
    memory: Counter[str] = field(default_factory=Counter)
    busy_ns: Counter[str] = field(default_factory=Counter)
    served: defaultdict[tuple[str, str, str], Counter[str]] = field(
        default_factory=lambda: defaultdict(Counter)
    )


def verify(problem: OffloadPlacementProblem, plan: OffloadPlacementPlan) -> Verification:
    """All violated rules, or else the objective, and by site, holder and way what is served.

    Rules: layers, unknown-copy, copy-twice, served, not-a-candidate, unreachable, representatives,
    loss-budget, memory, busy.
    """
    if [item.layer for item in plan.layers] != [layer.name for layer in problem.layers]:
        given = ", ".join(item.layer for item in plan.layers[:8])
        return Verification(violations=(Violation(rule="layers", where=f"the plan has {given}"),))
    paired = [
        (layer, item, LayerTerms(problem, layer))
        for layer, item in zip(problem.layers, plan.layers, strict=True)
    ]
    found = [fault for parts in paired for fault in _structure(problem, *parts)]
    if found:
        return Verification(violations=tuple(found))
    sums = _Sums()
    for layer, item, terms in paired:
        found += _layer(problem, layer, item, terms, sums)
        _weigh(problem, layer, item, terms, sums)
    found += _budgets(problem, sums)
    if found:
        return Verification(violations=tuple(found))
    return Verification(
        violations=(),
        objective=sums.latency_ns + sums.migration_ns,
        breakdown=_breakdown(problem, plan, sums),
    )


def _structure(
    problem: OffloadPlacementProblem, layer: MoeLayer, item: LayerPlan, terms: LayerTerms
) -> list[Violation]:
    found = [
        Violation(rule="unknown-copy", where=_words(layer, copy))
        for copy in item.copies
        if not terms.known(copy)
    ]
    found += [
        Violation(rule="copy-twice", where=_words(layer, copy), excess=count - 1)
        for copy, count in Counter(item.copies).items()
        if count > 1
    ]
    complete = [len(row) for row in item.served] == [layer.experts] * len(problem.sites)
    if not complete or any(index >= len(item.copies) for row in item.served for index in row):
        where = f"{layer.name}: not one copy per site and expert"
        found.append(Violation(rule="served", where=where))
    return found


def _words(layer: MoeLayer, copy: Copy) -> str:
    return f"{layer.name}: {copy.mode} {copy.expert} at {copy.precision} on {copy.holder}"


def _layer(
    problem: OffloadPlacementProblem,
    layer: MoeLayer,
    item: LayerPlan,
    terms: LayerTerms,
    sums: _Sums,
) -> list[Violation]:
    """Adds a layer to the sums, site by site; the rules that it breaks by itself."""
    found = []
    loss, active = sums.loss, sums.activations
    for number, site in enumerate(problem.sites):
        times = [0] * layer.experts
        for expert, index in enumerate(item.served[number]):
            served = (site, expert, layer.activations[number][expert])
            faults, times[expert] = _serve(problem, served, item.copies[index], terms, sums)
            found += [
                fault.model_copy(update={"where": f"{layer.name}: {fault.where}"})
                for fault in faults
            ]
        sums.latency_ns += _latency(problem, layer, number, times)
        kept = sum(item.copies[index].expert == i for i, index in enumerate(item.served[number]))
        lacking = layer.top_k - kept
        if lacking > 0:
            where = f"{layer.name} at {site}"
            found.append(Violation(rule="representatives", where=where, excess=lacking))
    if problem.budget_scope is BudgetScope.LAYER:
        found += _loss(problem, layer.name, sums.loss - loss, sums.activations - active)
    return found


def _serve(
    problem: OffloadPlacementProblem,
    served: tuple[str, int, int],
    copy: Copy,
    terms: LayerTerms,
    sums: _Sums,
) -> tuple[list[Violation], int]:
    """Adds what one expert at one site (site, expert, activations) costs; faults and time."""
    site, expert, count = served
    distance = terms.distance.get((copy.mode, expert, copy.expert))
    use = terms.use(site, copy)
    where = f"{copy.mode} {copy.expert} on {copy.holder} for expert {expert} at {site}"
    if distance is None:
        return [Violation(rule="not-a-candidate", where=where)], 0
    if use is None:
        return [Violation(rule="unreachable", where=where)], 0
    precision = next(q for q in problem.precisions if q.name == copy.precision)
    sums.activations += count
    sums.loss += count * (distance + precision.loss_ppm)
    sums.busy_ns[use.computed_on] += count * use.compute_ns
    row = sums.served[site, copy.holder, use.way]
    row.update(experts=1, activations=count, time_ns=count * use.time_ns)
    return [], use.time_ns


def _latency(
    problem: OffloadPlacementProblem, layer: MoeLayer, number: int, times: list[int]
) -> int:
    if problem.objective is TokenLatency.SUM:
        return sum(f * t for f, t in zip(layer.activations[number], times, strict=True))
    site = problem.sites[number]
    return sum(
        pattern.tokens * max(times[expert] for expert in pattern.experts)
        for pattern in layer.patterns
        if pattern.site == site
    )


def _weigh(
    problem: OffloadPlacementProblem,
    layer: MoeLayer,
    item: LayerPlan,
    terms: LayerTerms,
    sums: _Sums,
) -> None:
    """Adds the memory of a layer's copies and bases, and the moves to get them there."""
    limited = {holder.name for holder in problem.holders if holder.room_bytes is not None}
    stored = {piece: size for copy in item.copies for piece, size in terms.pieces(copy).items()}
    before = () if problem.present is None else problem.present.copies.get(layer.name, ())
    there = {piece for copy in before for piece in terms.stored_as(copy)}
    for piece, size in stored.items():
        holder = piece[3]
        if holder not in limited:
            continue
        sums.memory[holder] += size
        if problem.present is not None and piece not in there:
            sums.moved_bytes += size
            sums.migration_ns += problem.present.price_ns(size)


def _loss(
    problem: OffloadPlacementProblem, where: str, loss: int, activations: int
) -> list[Violation]:
    if problem.loss_budget_ppm is None:
        return []
    excess = loss - problem.loss_budget_ppm * activations
    if excess <= 0:
        return []
    mean = ceil(Fraction(excess, activations))
    return [Violation(rule="loss-budget", where=where, excess=mean, unit="ppm")]


def _budgets(problem: OffloadPlacementProblem, sums: _Sums) -> list[Violation]:
    """Rules over all layers together."""
    found = []
    if problem.budget_scope is BudgetScope.GLOBAL:
        found += _loss(problem, "all layers", sums.loss, sums.activations)
    for holder in problem.holders:
        room, limit = holder.room_bytes, holder.busy_limit_ns
        over = 0 if room is None else sums.memory[holder.name] - room
        late = 0 if limit is None else sums.busy_ns[holder.name] - limit
        if over > 0:
            found.append(Violation(rule="memory", where=holder.name, excess=over, unit="bytes"))
        if late > 0:
            found.append(Violation(rule="busy", where=holder.name, excess=late, unit="ns"))
    return found


def _breakdown(
    problem: OffloadPlacementProblem, plan: OffloadPlacementPlan, sums: _Sums
) -> Breakdown:
    rows: list[dict[str, str | int]] = []
    for (site, name, way), row in sums.served.items():
        room = next(item.room_bytes for item in problem.holders if item.name == name)
        rows.append(
            {
                "site": site,
                "holder": name,
                "way": way,
                "experts": row["experts"],
                "activations": row["activations"],
                "time_ns": row["time_ns"],
                "memory_bytes": "unlimited" if room is None else sums.memory[name],
                "room_bytes": "unlimited" if room is None else room,
            }
        )
    totals = {
        "latency_ns": sums.latency_ns,
        "latency_per_token_ns": round(sums.latency_ns / problem.tokens),
        "mean_loss_ppm": ceil(Fraction(sums.loss, max(sums.activations, 1))),
        "moved_bytes": sums.moved_bytes,
        "migration_ns": sums.migration_ns,
        "representatives": sum(len({c.expert for c in item.copies}) for item in plan.layers),
        "experts": sum(layer.experts for layer in problem.layers),
    }
    return Breakdown(rows=tuple(rows), totals=totals)
