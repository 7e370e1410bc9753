"""Replay of an expert selection from the raw instance: every rule and every answer, exactly.

Written from the mathematics in models/problems/expert_selection.py alone; it shares no table with
any solver. Rows and sums are Python integers, products and ratios are Fractions.
"""

from collections.abc import Iterable
from fractions import Fraction
from functools import cached_property

from models.problems.expert_selection import (
    Cluster,
    Expert,
    ExpertSelectionPlan,
    ExpertSelectionProblem,
)
from models.problems.expert_selection_checks import MILLION
from models.problems.expert_selection_modes import EnergyMode, LatencyMode, QualityModel
from models.result import Breakdown, Verification, Violation


def verify(problem: ExpertSelectionProblem, plan: ExpertSelectionPlan) -> Verification:
    """All violated rules, or else the shortfall in ppm and what each cluster and expert adds.

    Rules: unknown-expert, expert-repeated, no-path, deadline, group, cardinality, memory,
    measured-set, routing, answered, energy.
    """
    found = _names(problem, plan)
    if not found:
        replay = _Replay(problem, plan)
        found = [*replay.filters(), *replay.counts(), *replay.routes(), *replay.answers()]
        found = found or replay.energy()
        if not found:
            return replay.verdict()
    return Verification(violations=tuple(found))


def _energy_uj(expert: Expert, cluster: Cluster) -> int:
    """ε_ci of one request, µJ."""
    return (
        expert.request_energy_uj
        + cluster.prompt_tokens * expert.prefill_energy_uj_per_token
        + cluster.output_tokens * expert.decode_energy_uj_per_token
    )


def _path_ns(
    problem: ExpertSelectionProblem, device: str, tokens: int, *, back: bool
) -> int | None:
    """Fastest way of a message between source device and `device` (Bellman and Ford), ns."""
    graph = problem.device_graph
    bits = 8 * (tokens * problem.bytes_per_token + problem.message_bytes)
    reached = {(device if back else problem.source_device): 0}
    target = problem.source_device if back else device
    frontier = set(reached)
    while frontier:
        improved = set()
        for at in frontier:
            for other in graph.devices:
                rate = graph.rate(at, other.name) if other.name != at else None
                if rate is None:
                    continue
                arrival = (
                    reached[at] + rate.latency_ns - (-bits * 10**9 // rate.bandwidth_bit_per_s)
                )
                if other.name not in reached or arrival < reached[other.name]:
                    reached[other.name] = arrival
                    improved.add(other.name)
        frontier = improved
    return reached.get(target)


def _names(problem: ExpertSelectionProblem, plan: ExpertSelectionPlan) -> list[Violation]:
    known = {expert.name for expert in problem.experts}
    found = [Violation(rule="unknown-expert", where=n) for n in plan.experts if n not in known]
    seen: set[str] = set()
    for name in plan.experts:
        if name in seen:
            found.append(Violation(rule="expert-repeated", where=name))
        seen.add(name)
    return found


class _Replay:
    """One plan with known, distinct experts, held against one problem."""

    def __init__(self, problem: ExpertSelectionProblem, plan: ExpertSelectionPlan) -> None:
        self.problem = problem
        self.plan = plan
        self.chosen = [expert for expert in problem.experts if expert.name in set(plan.experts)]
        self._paths: dict[tuple[str, int, bool], int | None] = {}

    def _path(self, device: str, tokens: int, *, back: bool) -> int | None:
        key = (device, tokens, back)
        if key not in self._paths:
            self._paths[key] = _path_ns(self.problem, device, tokens, back=back)
        return self._paths[key]

    def _latency(self, expert: Expert, cluster: Cluster) -> int | None:
        """ℓ_ci in ns, or None where there is no path to the expert and back."""
        up = self._path(expert.device, cluster.prompt_tokens, back=False)
        down = self._path(expert.device, cluster.output_tokens, back=True)
        if up is None or down is None:
            return None
        prefill = cluster.prompt_tokens * expert.prefill_ns_per_token
        decode = cluster.output_tokens * expert.decode_ns_per_token
        return up + expert.queue_ns + prefill + decode + down + self.problem.aggregation_ns

    @cached_property
    def _may_answer(self) -> list[list[bool]]:
        """[expert in service][cluster] whether it is in A_c."""
        return [
            [
                quality is not None and self._late_by(expert, cluster) == 0
                for quality, cluster in zip(expert.quality_ppm, self.problem.clusters, strict=True)
            ]
            for expert in self.chosen
        ]

    def _late_by(self, expert: Expert, cluster: Cluster) -> int | None:
        """Nanoseconds past the deadline, 0 when in time, None without a path."""
        latency = self._latency(expert, cluster)
        deadline = self.problem.deadline_ns.get(cluster.category)
        if latency is None or deadline is None:
            return None if latency is None else 0
        return max(0, latency - deadline)

    def filters(self) -> list[Violation]:
        """Worst-case latency: an expert in service is in time for all it has a quality for."""
        if self.problem.latency_mode is not LatencyMode.WORST_CASE:
            return []
        found = []
        for expert in self.chosen:
            for quality, cluster in zip(expert.quality_ppm, self.problem.clusters, strict=True):
                late = self._late_by(expert, cluster) if quality is not None else 0
                where = f"{expert.name} for {cluster.name}"
                if late is None:
                    found.append(Violation(rule="no-path", where=where))
                elif late > 0:
                    found.append(Violation(rule="deadline", where=where, excess=late, unit="ns"))
        return found

    def counts(self) -> list[Violation]:
        """Memory, groups, cardinality and measured sets."""
        problem, found = self.problem, []
        for device in problem.device_graph.devices:
            held = sum(e.memory_bytes for e in self.chosen if e.device == device.name)
            if held > device.memory_bytes:
                excess = held - device.memory_bytes
                found.append(
                    Violation(rule="memory", where=device.name, excess=excess, unit="bytes")
                )
        groups = [expert.group for expert in self.chosen if expert.group is not None]
        for group in sorted(set(groups)):
            excess = groups.count(group) - 1
            if excess > 0:
                found.append(Violation(rule="group", where=group, excess=excess, unit="experts"))
        most = problem.max_experts
        if most is not None and len(self.chosen) > most:
            excess = len(self.chosen) - most
            found.append(
                Violation(rule="cardinality", where="service", excess=excess, unit="experts")
            )
        if problem.quality_model is QualityModel.TABLE and self._measured is None:
            found.append(Violation(rule="measured-set", where=", ".join(self.plan.experts)))
        return found

    @cached_property
    def _measured(self) -> int | None:
        """The measured quality of exactly the experts in service."""
        chosen = {expert.name for expert in self.chosen}
        rows = self.problem.measured or ()
        return next((row.quality_ppm for row in rows if set(row.experts) == chosen), None)

    def routes(self) -> list[Violation]:
        """A routing where, and only where, it is open; each route keeps the rules."""
        routing = self.plan.routing
        if not self.problem.routing_is_decided:
            return [] if routing is None else [_misrouted("routing is not open in this problem")]
        if routing is None:
            return [_misrouted("the plan names no routing")]
        found = []
        names = [route.cluster for route in routing]
        known = [cluster.name for cluster in self.problem.clusters]
        found += [_misrouted(f"unknown cluster {name}") for name in names if name not in known]
        found += [
            _misrouted(f"cluster {n} twice") for n in sorted(set(names)) if names.count(n) > 1
        ]
        position = {expert.name: index for index, expert in enumerate(self.chosen)}
        for route in routing:
            asked = route.experts
            if len(set(asked)) < len(asked) or len(asked) > self.problem.asked_at_most:
                found.append(_misrouted(f"too many or equal experts for {route.cluster}"))
            for name in asked if route.cluster in known else ():
                cluster = known.index(route.cluster)
                if name not in position or not self._may_answer[position[name]][cluster]:
                    found.append(_misrouted(f"{name} may not answer {route.cluster}"))
        return found

    @cached_property
    def _asked(self) -> list[list[int]]:
        """Per cluster the experts in service (indices into `chosen`) that are asked."""
        may = self._may_answer
        usable = [
            [index for index in range(len(self.chosen)) if may[index][cluster]]
            for cluster in range(len(self.problem.clusters))
        ]
        if not self.problem.routing_is_decided:
            return usable
        routes = {route.cluster: set(route.experts) for route in self.plan.routing or ()}
        return [
            [index for index in row if self.chosen[index].name in routes.get(cluster.name, ())]
            for row, cluster in zip(usable, self.problem.clusters, strict=True)
        ]

    def answers(self) -> list[Violation]:
        """Every cluster has somebody who answers it."""
        return [
            Violation(rule="answered", where=cluster.name)
            for cluster, asked in zip(self.problem.clusters, self._asked, strict=True)
            if not asked
        ]

    @cached_property
    def _peaks(self) -> list[int]:
        """e_i of the experts in service, µJ."""
        clusters = self.problem.clusters
        return [
            max((_energy_uj(e, c) for c, ok in zip(clusters, row, strict=True) if ok), default=0)
            for e, row in zip(self.chosen, self._may_answer, strict=True)
        ]

    @cached_property
    def _expected_uj(self) -> int:
        """W times the mean energy of a request."""
        return sum(
            cluster.weight * sum(_energy_uj(self.chosen[index], cluster) for index in asked)
            for cluster, asked in zip(self.problem.clusters, self._asked, strict=True)
        )

    @cached_property
    def _used(self) -> tuple[int, int]:
        """Energy as the mode counts it, and the requests that the limit stands for."""
        problem = self.problem
        if problem.energy_mode is EnergyMode.EXPECTED:
            return self._expected_uj, problem.total_weight
        if problem.energy_mode is EnergyMode.WORST_TOP_K:
            return sum(sorted(self._peaks, reverse=True)[: problem.top_k]), 1
        return sum(self._peaks), 1

    def energy(self) -> list[Violation]:
        """The energy budget; the excess is rounded up to whole µJ."""
        limit = self.problem.energy_limit_uj
        used, requests = self._used
        if limit is None or used <= limit * requests:
            return []
        excess = -((limit * requests - used) // requests)
        return [
            Violation(rule="energy", where=str(self.problem.energy_mode), excess=excess, unit="uj")
        ]

    def _quality(self, cluster: int) -> Fraction:
        """F_c, ppm."""
        experts = [self.chosen[index] for index in self._asked[cluster]]
        quality = [expert.quality_ppm[cluster] or 0 for expert in experts]
        model = self.problem.quality_model
        if model is QualityModel.TABLE:
            return Fraction(self._measured or 0)
        if model is QualityModel.COVERAGE:
            missed = Fraction(1)
            for value in quality:
                missed *= Fraction(MILLION - value, MILLION)
            return MILLION * (1 - missed)
        if model is QualityModel.GATED:
            gate = [(expert.gate_weight or ())[cluster] for expert in experts]
            return Fraction(sum(g * q for g, q in zip(gate, quality, strict=True)), sum(gate))
        return Fraction(sum(sorted(quality, reverse=True)[: self.problem.asked_at_most]))

    def verdict(self) -> Verification:
        """The shortfall of a plan that breaks no rule, with a row per cluster."""
        problem = self.problem
        quality = [self._quality(index) for index in range(len(problem.clusters))]
        missing = (
            cluster.weight * (MILLION - value)
            for cluster, value in zip(problem.clusters, quality, strict=True)
        )
        total = sum(missing, Fraction(0)) / problem.total_weight
        shortfall = -(-total.numerator // total.denominator)
        used, requests = self._used
        totals = {
            "shortfall_ppm": shortfall,
            "quality_ppm": MILLION - shortfall,
            "energy_uj": -(-used // requests),
            "experts": len(self.chosen),
        }
        rows = tuple(self._rows(quality))
        return Verification(
            violations=(), objective=shortfall, breakdown=Breakdown(rows=rows, totals=totals)
        )

    def _answering(self, cluster: int) -> list[int]:
        """Whose answers count: the k best of those who may, where the model counts only k."""
        asked = self._asked[cluster]
        if self.problem.quality_model not in (QualityModel.BEST_EXPERT, QualityModel.TOP_K):
            return asked
        best = sorted(asked, key=lambda index: -(self.chosen[index].quality_ppm[cluster] or 0))
        return sorted(best[: self.problem.asked_at_most])

    def _rows(self, quality: Iterable[Fraction]) -> Iterable[dict[str, str | int]]:
        for index, value in enumerate(quality):
            cluster, asked = self.problem.clusters[index], self._answering(index)
            latencies = [self._latency(self.chosen[expert], cluster) or 0 for expert in asked]
            yield {
                "cluster": cluster.name,
                "category": cluster.category,
                "weight": cluster.weight,
                "asked": ", ".join(self.chosen[expert].name for expert in asked),
                "quality_ppm": int(value),
                "slowest_ns": max(latencies),
            }


def _misrouted(why: str) -> Violation:
    return Violation(rule="routing", where=why)
