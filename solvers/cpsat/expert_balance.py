"""Placement of experts by CP-SAT, in whole numbers, unlike the program for HiGHS.

    equal_split   n_eg replicas, k_ec whether e has c, shares s_eg in parts of D = lcm(1, …, C):
                  s_eg ≥ (D / c) n_eg - D · slots_g (1 - k_ec)    Σ_g s_eg = D
                  10⁹ Σ_e w_te s_eg ≤ D rate_g z_t
    split         x_eg whether e is on g, and Hall's condition for sets S of devices in place of
                  flows: u_eS ≥ 1 - Σ_{g ∉ S} x_eg,  10⁹ Σ_e w_te u_eS ≤ rate(S) z_t, added for the
                  sets that a solution violates, until there is none (as cuts of Benders)

with groups, moves and the tail as in the other.
"""

from dataclasses import replace
from math import gcd, lcm

import numpy as np

from models.problems.expert_balance import ExpertBalancePlan, ExpertBalanceProblem, Mode
from models.result import Claim, Limits
from solvers.backends import program_cpsat
from solvers.base import Progress, Stopwatch
from solvers.integer_program import Answer
from solvers.program_builder import Builder
from solvers.tables.expert_balance import (
    MOST_DEVICES,
    NS_PER_S,
    Bools,
    Ints,
    Layer,
    all_sets,
    value,
)
from solvers.tables.expert_balance_answer import Found, filled, found_of, over_layers
from solvers.tables.expert_balance_hop_program import over_all
from solvers.tables.expert_balance_hops import moves_tokens


class ConstraintProgram:
    """Clause learning on shares, or on hosts with Hall's condition as cuts."""

    name = "cpsat"

    def solve(
        self,
        problem: ExpertBalanceProblem,
        limits: Limits,
        hint: ExpertBalancePlan | None = None,
        report: Progress[ExpertBalancePlan] | None = None,
    ) -> Claim[ExpertBalancePlan]:
        """The optimum, or proof that there is no plan."""
        watch = Stopwatch(limits, report)
        if moves_tokens(problem):
            return over_all(
                self.name,
                problem,
                watch,
                lambda p: program_cpsat.solve(p, watch, limits.seed),
            )

        def layer(table: Layer, part: Stopwatch, _: Ints | None) -> Found:
            return solved(table, part, limits.seed)

        return over_layers(self.name, problem, hint, watch, layer)


def solved(layer: Layer, watch: Stopwatch, seed: int) -> Found:
    """What CP-SAT finds of one layer in time."""
    return (_split if layer.mode is Mode.SPLIT else _equal)(layer, watch, seed)


class _Model:
    """Columns that both forms share: n [E, G], z [T]."""

    def __init__(self, layer: Layer, most: int) -> None:
        self.layer = layer
        self.builder = Builder()
        size = (layer.experts, layer.devices)
        slots = np.minimum(layer.slots, most).tolist()
        self.n = np.array(
            [[self.builder.column(upper=slots[g]) for g in range(size[1])] for _ in range(size[0])]
        )
        totals = layer.loads.sum(axis=1).tolist()
        slowest, together = int(layer.rate.min()), int(layer.rate.sum())
        self.z = [
            self.builder.column(
                int(weight),
                lower=-(-NS_PER_S * total // together),
                upper=-(-NS_PER_S * total // slowest),
            )
            for weight, total in zip(layer.weight.tolist(), totals, strict=True)
        ]
        self.tail_pays()
        self.groups_stay_on_nodes()
        self.moves_are_paid()

    def tail_pays(self) -> None:
        """η + s_t ≥ z_t."""
        weight, worst = self.layer.tail
        if weight:
            most = max(self.builder.upper[z] for z in self.z)
            eta = self.builder.column(weight * worst, upper=most)
            for z in self.z:
                above = self.builder.column(weight, upper=most)
                self.builder.row([(eta, 1), (above, 1), (z, -1)], low=0)

    def groups_stay_on_nodes(self) -> None:
        """A group has one node, a node its number of groups, a replica the node of its group."""
        layer = self.layer
        if layer.nodes == 1:
            return
        groups = int(layer.group.max()) + 1
        q = [[self.builder.column() for _ in range(layer.nodes)] for _ in range(groups)]
        for row in q:
            self.builder.row([(column, 1) for column in row], 1, 1)
        for node in range(layer.nodes):
            self.builder.row([(row[node], 1) for row in q], layer.each, layer.each)
        for expert, device in np.ndindex(*self.n.shape):
            home = q[int(layer.group[expert])][int(layer.node[device])]
            most = self.builder.upper[int(self.n[expert, device])]
            self.builder.row([(int(self.n[expert, device]), 1), (home, -most)], high=0)

    def moves_are_paid(self) -> None:
        """An expert on a device that did not have it costs once."""
        if not self.layer.move_ns:
            return
        for expert, device in np.argwhere(~self.layer.held).tolist():
            column = int(self.n[expert, device])
            anew = self.builder.column(self.layer.move_ns)
            self.builder.row([(column, 1), (anew, -self.builder.upper[column])], high=0)

    def waits(self, window: int, terms: list[tuple[int, int]], per_ns: int, rate: int) -> None:
        """per_ns · Σ terms ≤ rate · z of a window, divided by what divides all."""
        divisor = gcd(rate, *(per_ns * a for _, a in terms))
        scaled = [(column, per_ns * a // divisor) for column, a in terms]
        self.builder.row([*scaled, (self.z[window], -rate // divisor)], high=0)

    def counts(self, answer: Answer) -> Ints | None:
        """[E, G] of a point."""
        if answer.point is None:
            return None
        return np.asarray(answer.point[self.n])


def _equal(layer: Layer, watch: Stopwatch, seed: int) -> Found:
    most = layer.spare + 1
    parts = lcm(*range(1, most + 1))
    model = _Model(layer, most)
    builder, n = model.builder, model.n.tolist()
    for device, slots in enumerate(layer.slots.tolist()):
        builder.row([(row[device], 1) for row in n], slots, slots)
    share = [[builder.column(upper=parts) for _ in row] for row in n]
    for row, shares in zip(n, share, strict=True):
        k = [builder.column() for _ in range(most)]
        builder.row([(column, 1) for column in k], 1, 1)
        builder.row([*((c, 1) for c in row), *((c, -i) for i, c in enumerate(k, 1))], 0, 0)
        builder.row([(c, 1) for c in shares], parts, parts)
        for column, s in zip(row, shares, strict=True):
            builder.row([(s, 1), (column, -(parts // most))], low=0)
            builder.row([(s, 1), (column, -parts)], high=0)
            for count, switch in enumerate(k, 1):
                big = (parts // count - parts // most) * builder.upper[column]
                terms = [(s, 1), (column, -(parts // count)), (switch, -big)]
                builder.row(terms, low=-big)
    for window, loads in enumerate(layer.loads.tolist()):
        for device, rate in enumerate(layer.rate.tolist()):
            terms = [(row[device], load) for row, load in zip(share, loads, strict=True)]
            model.waits(window, terms, NS_PER_S, parts * rate)
    answer = program_cpsat.solve(builder.program(), watch, seed)
    return found_of(answer, model.counts(answer))


def _split(layer: Layer, watch: Stopwatch, seed: int) -> Found:
    if layer.devices > MOST_DEVICES:
        return Found(unsupported=f"a split among more than {MOST_DEVICES} devices")
    model = _Model(layer, 1)
    n = model.n.tolist()
    for row in n:
        model.builder.row([(column, 1) for column in row], low=1)
    for device, slots in enumerate(layer.slots.tolist()):
        model.builder.row([(row[device], 1) for row in n], 1, slots)
    sets, ordered = all_sets(layer.devices), np.arange(2**layer.devices - 1)
    known = _added(model, sets, ordered[(sets.sum(axis=1) == 1) | sets.all(axis=1)], {})
    best: Ints | None = None
    bound: int | None = None
    while True:
        answer = program_cpsat.solve(model.builder.program(), watch, seed)
        bound = bound if answer.bound is None else max(bound or 0, answer.bound)
        hosts = model.counts(answer)
        if hosts is None:
            return replace(found_of(answer, best), bound=bound)
        counts = filled(layer, hosts)
        if best is None or value(layer, counts) < value(layer, best):
            best = counts
        fresh = np.setdiff1d(_limiting(layer, hosts, sets), list(known))
        if not len(fresh) or watch.expired():
            return Found(best, bound)
        known = _added(model, sets, fresh, known)


def _limiting(layer: Layer, hosts: Ints, sets: Bools) -> Ints:
    """The set that takes longest, per window."""
    inside = ~((hosts > 0) @ ~sets.T)
    rates = sets @ layer.rate
    return np.asarray((layer.loads @ inside.astype(np.int64) / rates).argmax(axis=1))


def _added(
    model: _Model, sets: Bools, numbers: Ints, known: dict[int, list[int]]
) -> dict[int, list[int]]:
    """Hall's condition of more sets, for all windows; set -> whether each expert is inside."""
    layer, builder = model.layer, model.builder
    for number in numbers.tolist():
        outside = np.flatnonzero(~sets[number]).tolist()
        inside = [builder.column() for _ in range(layer.experts)]
        for row, u in zip(model.n.tolist(), inside, strict=True):
            builder.row([(u, 1), *((row[g], 1) for g in outside)], low=1)
        rate = int(layer.rate[sets[number]].sum())
        for window, loads in enumerate(layer.loads.tolist()):
            model.waits(window, list(zip(inside, loads, strict=True)), NS_PER_S, rate)
        known = {**known, number: inside}
    return known
