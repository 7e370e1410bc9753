"""Prices every term of a split-computing problem, policy by policy."""

from collections.abc import Iterable, Iterator
from fractions import Fraction
from operator import le

import networkx as nx
import numpy as np

from models.problems.split_computing import Against, SplitComputingProblem, SplitObjective
from models.split_models import INPUT, Lossy, Policy, Representation, Work
from solvers.base import UNREACHABLE
from solvers.tables.split_computing import Form, Ints, Tables, Through, Vector, matter


def build(problem: SplitComputingProblem) -> Iterator[Tables]:
    """The tables under no policy, then under each; those that break a limit alone are left out."""
    for policy in (None, *problem.policies):
        tables = _Builder(problem, policy).tables()
        if tables.allowed(tables.start):
            yield tables


class _Builder:
    """Prices every term of a problem under one policy."""

    def __init__(self, problem: SplitComputingProblem, policy: Policy | None) -> None:
        self.problem, self.policy = problem, policy
        self.names = (INPUT, *problem.model.order)
        self.node = {name: index for index, name in enumerate(self.names)}
        self.rows, self.weights = _scenarios(problem)
        self.count = len(self.rows) if problem.against is Against.WORST else 1
        self.limit = self._limit()
        self.gates = {self.node[g.after]: g for g in (policy.gates if policy else ())}
        below = {g: nx.descendants(problem.model.graph, self.names[g]) for g in self.gates}
        self.share = [
            self._passed(g for g in self.gates if name in below[g]) for name in self.names
        ]
        self.leave = [
            self.share[v] * self._passed([v] if v in self.gates else ())
            for v in range(len(self.names))
        ]

    def _passed(self, gates: Iterable[int]) -> Fraction:
        share = Fraction(1)
        for gate in gates:
            share *= Fraction(self.gates[gate].pass_ppm, 10**6)
        return share

    def tables(self) -> Tables:
        """Everything, for this policy."""
        graph = self.problem.model.graph
        readers = [[self.node[v] for v in graph[name]] for name in self.names[1:]]
        sources = [[self.node[u] for u in graph.pred[name]] or [0] for name in self.names[1:]]
        roots = [v for v, row in enumerate(sources, start=1) if row == [0]]
        aims = self._span(self.problem.objective)
        return Tables(
            names=self.names,
            devices=tuple(device.name for device in self.problem.devices),
            policy=None if self.policy is None else self.policy.name,
            run=self._run(),
            forms=self._forms(aims),
            through=tuple(self._through()),
            readers=tuple(tuple(sorted(row)) for row in [roots, *readers]),
            sources=tuple(tuple(sorted(row)) for row in [[], *sources]),
            limit=self.limit,
            aims=aims,
            start=self._vector([0], [0], 0, self._loss(self.policy)),
            is_chain=self.problem.model.is_chain,
        )

    def _span(self, objective: SplitObjective) -> tuple[int, ...]:
        count = self.count
        if objective is SplitObjective.BYTES:
            return (2 * count,)
        first = 0 if objective is SplitObjective.LATENCY else count
        return tuple(range(first, first + count))

    def _limit(self) -> Vector:
        limits, count = self.problem.limits, self.count
        floor = limits.accuracy_floor_ppm
        loss = None if floor is None else self.problem.accuracy_ppm - floor
        found = [limits.deadline_ns] * count + [limits.energy_uj] * count
        return tuple(UNREACHABLE if x is None else x for x in [*found, limits.sent_bytes, loss])

    def _loss(self, item: Lossy | None) -> int:
        if item is None or item.accuracy_ppm is None:
            return 0
        return self.problem.accuracy_ppm - item.accuracy_ppm

    def _vector(self, latency: list[int], energy: list[int], sent: int, loss: int) -> Vector:
        """A term whose latency and energy are given per scenario, or once for all of them."""
        repeat = self.count // len(latency)
        return (*(latency * repeat), *(energy * repeat), sent, loss)

    def _work(self, work: Work, device: int, share: Fraction) -> Vector | None:
        at = self.problem.devices[device]
        time = work.on(at)
        if time is None:
            return None
        drawn = _rounded(share, time * at.power_uj_per_s, 10**9)
        return self._vector([_rounded(share, time)], [drawn], 0, 0)

    def _run(self) -> Ints:
        devices = range(len(self.problem.devices))
        by_name = {layer.name: layer for layer in self.problem.model.layers}
        table = np.zeros((len(self.names), len(devices), len(self.limit)), dtype=np.int64)
        for node, name in enumerate(self.names[1:], start=1):
            for device in devices:
                table[node, device] = self._known(by_name[name], device, self.share[node])
                if node in self.gates:
                    table[node, device] += self._gate(node, device)
        return table

    def _gate(self, node: int, device: int) -> Ints:
        return np.array(self._known(self.gates[node], device, self.share[node]), dtype=np.int64)

    def _known(self, work: Work, device: int, share: Fraction) -> Vector:
        term = self._work(work, device, share)
        if term is None:
            raise AssertionError("the problem has checked that this time is known")
        return term

    def _send(
        self, hop: int, share: Fraction, size: int, item: tuple[Work | None, Work | None]
    ) -> tuple[list[int], list[int]] | None:
        """Times and energies, ns and µJ, per scenario; None where an end cannot code."""
        over, ends = self.problem.hops[hop], self.problem.devices[hop : hop + 2]
        times = [0 if w is None else w.on(d) for w, d in zip(item, ends, strict=True)]
        known = [time for time in times if time is not None]
        if len(known) < len(times):
            return None
        drawn = sum(time * end.power_uj_per_s for time, end in zip(known, ends, strict=True))
        wires = [-(-8 * size * 10**9 // row[hop]) for row in self.rows]
        whole = 1
        if self.problem.against is Against.EXPECTED:
            whole = sum(self.weights)
            wires = [sum(w * wire for w, wire in zip(self.weights, wires, strict=True))]
        fixed, radio = sum(known) + over.latency_ns, over.radio_uj_per_s
        return (
            [_rounded(share, whole * fixed + wire, whole) for wire in wires],
            [_rounded(share, whole * drawn + wire * radio, whole * 10**9) for wire in wires],
        )

    def _forms(self, aims: tuple[int, ...]) -> dict[tuple[int, int], tuple[Form, ...]]:
        layers = {layer.name: layer.output_bytes for layer in self.problem.model.layers}
        raw = Representation(name="raw", size_ppm=10**6)
        choices = (raw, *self.problem.representations)
        found = {}
        for node, name in enumerate(self.names):
            size = layers.get(name, self.problem.model.input_bytes)
            for hop in range(len(self.problem.hops)):
                priced = [(q.name, self._form(q, node, hop, size)) for q in choices]
                known = [(name, cost) for name, cost in priced if cost is not None]
                found[node, hop] = self._undominated(known, aims)
        return found

    def _form(self, form: Representation, node: int, hop: int, raw_bytes: int) -> Vector | None:
        size = form.bytes_of(self.names[node], raw_bytes)
        if size is None:
            return None
        share = self.leave[node]
        parts = self._send(hop, share, size, (form.encode, form.decode))
        if parts is None:
            return None
        return self._vector(*parts, _rounded(share, size), self._loss(form))

    def _undominated(self, forms: list[Form], aims: tuple[int, ...]) -> tuple[Form, ...]:
        counted = matter(self.limit, aims)
        kept: list[Form] = []
        for name, cost in forms:
            key = [cost[m] for m in counted]
            if any(cost[m] > self.limit[m] for m in counted):
                continue
            others = [[other[m] for m in counted] for _, other in kept]
            if any(all(map(le, other, key)) for other in others):
                continue
            beaten = [all(map(le, key, other)) for other in others]
            kept = [form for form, out in zip(kept, beaten, strict=True) if not out]
            kept.append((name, cost))
        return tuple(kept)

    def _through(self) -> Iterator[Through]:
        graph = self.problem.model.graph
        for item in self.problem.bottlenecks:
            node = self.node[item.after]
            before = {self.node[name] for name in nx.ancestors(graph, item.after)}
            if before & set(self.gates):
                continue
            share = self.leave[node]
            for hop in range(len(self.problem.hops)):
                encoder = self._work(item.encode, hop, Fraction(1))
                parts = self._send(hop, share, item.size_bytes, (None, item.decode))
                if encoder is None or parts is None:
                    continue
                sent = _rounded(share, item.size_bytes)
                cost = np.array(self._vector(*parts, sent, self._loss(item)), dtype=np.int64)
                cost += encoder
                if node in self.gates:
                    cost += self._gate(node, hop)
                through = Through(item.name, node, hop, tuple(cost.tolist()))
                if all(c <= limit for c, limit in zip(through.cost, self.limit, strict=True)):
                    yield through


def _rounded(share: Fraction, value: int, over: int = 1) -> int:
    """The product share · value / over, rounded half up, in integers: fractions are slow."""
    whole = share.denominator * over
    return (2 * share.numerator * value + whole) // (2 * whole)


def _scenarios(problem: SplitComputingProblem) -> tuple[list[tuple[int, ...]], list[int]]:
    """Bandwidths and weights of the scenarios that matter."""
    rows = [row for _, row in problem.bandwidths]
    weights = [weight for weight, _ in problem.bandwidths]
    if problem.against is Against.EXPECTED:
        return rows, weights
    kept: list[tuple[int, ...]] = []
    for row in sorted(set(rows)):
        if not any(all(o <= r for o, r in zip(other, row, strict=True)) for other in kept):
            kept.append(row)
    return kept, [1] * len(kept)
