"""Interval-flow integer program of a pipeline: a path of stages from cut 0 to cut L.

Columns: z[w, a, b] = 1 where a device of type w holds the layers a..b - 1, for every range that
fits into its memory; y[c, v, w] = 1 where the output at cut c goes from a device of type v to one
of type w, for every link. Together they are a flow of one unit through the nodes (cut, type); cuts
only grow, so there are no circles to exclude. Types in place of devices leave no two plans that
differ by an exchange of equal devices. Objectives with a period add one column T.

The relaxation is strong where costs add up (latency: often integral as it stands) and weak where
a maximum counts: stages are then cut into fractions that all devices share.

A path as a flow: Ahuja, Magnanti and Orlin, Network Flows (1993), ch. 4. Ranges of layers as
columns: the states of PipeDream's dynamic program (Narayanan et al., SOSP 2019, §3.1).
"""

import itertools
from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Sequence
from typing import Any, TypeVar

import numpy as np
import pyomo.environ as pyo

from solvers.backends.pyomo_model import Compiled
from solvers.integer_program import Array
from solvers.tables.pipeline_partition import Columns
from solvers.tables.pipeline_partition_model import Routes, Types

Stage = tuple[int, int, int]
Hop = tuple[int, int, int]
Key = TypeVar("Key", bound=Hashable)


def _grouped(pairs: Iterable[tuple[Key, Stage]]) -> dict[Key, list[Stage]]:
    groups: dict[Key, list[Stage]] = defaultdict(list)
    for key, item in pairs:
        groups[key].append(item)
    return groups


def _sum(variables: Any, indices: Sequence[Hashable]) -> Any:
    return pyo.quicksum(variables[index] for index in indices)


class IntervalModel:
    """Variables, constraints and objective, in this order.

    stages: (type, start, stop) of the columns z, of which at least one starts at cut 0, one stops
    at cut L, and one is on each type that has to take part.
    """

    def __init__(self, types: Types, stages: list[Stage], routes: Routes) -> None:
        self.types = types
        self.tables = tables = types.tables
        self.stages = stages
        self.held = _grouped((stage[0], stage) for stage in stages)
        self.starting = _grouped(((stage[1], stage[0]), stage) for stage in stages)
        self.ending = _grouped(((stage[2], stage[0]), stage) for stage in stages)
        self.hops = self._hops(routes)
        self.model = pyo.ConcreteModel()
        self.model.z = pyo.Var(stages, domain=pyo.Binary)
        self.model.y = pyo.Var(self.hops, domain=pyo.Binary)
        self._one_stage_starts_and_one_stops_the_chain()
        self._what_stops_at_a_cut_is_sent_on()
        self._what_is_sent_starts_a_stage()
        self._a_device_holds_one_stage()
        if tables.period_weight:
            self._no_load_exceeds_the_period()
        self._minimise()

    def _hops(self, routes: Routes) -> list[Hop]:
        """(cut, sender, receiver) wherever a stage can stop, a link leads on, another can start."""
        targets = [np.flatnonzero(row).tolist() for row in routes.follow]
        return [
            (cut, v, w) for cut, v in self.ending for w in targets[v] if (cut, w) in self.starting
        ]

    def _one_stage_starts_and_one_stops_the_chain(self) -> None:
        """Exactly one stage starts at cut 0 and exactly one stops at cut L."""
        z, layers = self.model.z, self.tables.layers
        first = [stage for stage in self.stages if stage[1] == 0]
        last = [stage for stage in self.stages if stage[2] == layers]
        self.model.first = pyo.Constraint(expr=_sum(z, first) == 1)
        self.model.last = pyo.Constraint(expr=_sum(z, last) == 1)

    def _what_stops_at_a_cut_is_sent_on(self) -> None:
        """Where a stage stops before the end, its device sends the output to one other."""
        hops = _grouped(((cut, v), (cut, v, w)) for cut, v, w in self.hops)
        nodes = [node for node in self.ending if node[0] < self.tables.layers]

        def sent(model: Any, cut: int, device: int) -> Any:
            node = (cut, device)
            return _sum(model.z, self.ending[node]) == _sum(model.y, hops.get(node, []))

        self.model.sent = pyo.Constraint(nodes, rule=sent)

    def _what_is_sent_starts_a_stage(self) -> None:
        """A stage starts after cut 0 where, and only where, its device takes an output."""
        hops = _grouped(((cut, w), (cut, v, w)) for cut, v, w in self.hops)
        nodes = [node for node in self.starting if node[0] > 0]

        def taken(model: Any, cut: int, device: int) -> Any:
            node = (cut, device)
            return _sum(model.z, self.starting[node]) == _sum(model.y, hops.get(node, []))

        self.model.taken = pyo.Constraint(nodes, rule=taken)

    def _a_device_holds_one_stage(self) -> None:
        """A type holds at most as many stages as it has devices, as many where all take part."""

        def counted(model: Any, kind: int) -> Any:
            held, count = _sum(model.z, self.held[kind]), int(self.types.count[kind])
            return held == count if self.tables.use_all else held <= count

        self.model.counted = pyo.Constraint(list(self.held), rule=counted)

    def _no_load_exceeds_the_period(self) -> None:
        """The period is at least what a device computes and what it sends, or their sum."""
        self.model.T = pyo.Var(bounds=(0, self._longest_load()))
        loads = [*self._loads_of_types(), *self._loads_of_ranges()]
        self.model.period = pyo.Constraint(
            range(len(loads)),
            rule=lambda model, n: loads[n][0] * model.T >= loads[n][1],
        )

    def _loads_of_types(self) -> Iterator[tuple[int, Any]]:
        """(devices of a type, all their loads): a bound on one device, exact for a single one."""
        hops = _grouped((v, (cut, v, w)) for cut, v, w in self.hops)
        for kind, stages in self.held.items():
            devices, compute = int(self.types.count[kind]), self._computed(stages)
            sent = self._sent(hops.get(kind, []), stages)
            yield devices, compute
            yield devices, sent if self.tables.overlap else sent + compute

    def _loads_of_ranges(self) -> Iterator[tuple[int, Any]]:
        """Where a type has several devices: the loads of which any plan has at most one.

        These are the stages across one layer, and with what is sent at a cut those that stop there.
        """
        several = [stage for stage in self.stages if self.types.count[stage[0]] > 1]
        hops = _grouped((hop[0], hop) for hop in self.hops if self.types.count[hop[1]] > 1)
        for layer in range(self.tables.layers if several else 0):
            across = [stage for stage in several if stage[1] <= layer < stage[2]]
            ending = [stage for stage in across if stage[2] == layer + 1]
            sent = self._sent(hops.get(layer + 1, []), ending)
            yield 1, self._computed(across)
            yield 1, sent if self.tables.overlap else sent + self._computed(ending)

    def _computed(self, stages: list[Stage]) -> Any:
        z = self.model.z
        return pyo.quicksum(self.tables.compute(*stage) * z[stage] for stage in stages)

    def _longest_load(self) -> int:
        """No device computes and sends for longer."""
        sent = [self.tables.transfer(v, w, cut) for cut, v, w in self.hops]
        returned = [self._home(stage) for stage in self.stages]
        computed = [self.tables.compute(*stage) for stage in self.stages]
        return max(sent, default=0) + max(returned) + max(computed)

    def _sent(self, hops: list[Hop], stages: list[Stage]) -> Any:
        """Time of hops, and of the return hops of stages."""
        z, y = self.model.z, self.model.y
        links = [self.tables.transfer(v, w, cut) * y[cut, v, w] for cut, v, w in hops]
        return pyo.quicksum(links) + pyo.quicksum(self._home(stage) * z[stage] for stage in stages)

    def _home(self, stage: Stage) -> int:
        return int(self.tables.home[stage[0]]) if stage[2] == self.tables.layers else 0

    def _minimise(self) -> None:
        """Weighted latency and period, and the price of moved layers."""
        tables, model = self.tables, self.model
        total = pyo.quicksum(self._price(stage) * model.z[stage] for stage in self.stages)
        if tables.latency_weight:
            total += tables.latency_weight * self._sent(self.hops, self.stages)
        if tables.period_weight:
            total += tables.period_weight * model.T
        model.objective = pyo.Objective(expr=total)

    def _price(self, stage: Stage) -> int:
        tables, (kind, start, stop) = self.tables, stage
        moved = int(tables.move[kind, stop] - tables.move[kind, start])
        return tables.latency_weight * tables.compute(*stage) + moved

    def point(self, arrays: Compiled, known: Columns, period: int) -> Array:
        """The point of a plan that keeps to all rules, given its period."""
        model, stages = self.model, self.types.typed(known)
        ones = [model.z[stage] for stage in stages]
        ones += [model.y[a[2], a[0], b[0]] for a, b in itertools.pairwise(stages)]
        assigned = [(variable, 1) for variable in ones]
        if self.tables.period_weight:
            assigned.append((model.T, period))
        return arrays.point(assigned)

    def plan(self, arrays: Compiled, values: Array) -> Columns:
        """The stages of a point, on devices and in their order."""
        stages = sorted(arrays.ones(self.model.z, values), key=lambda stage: stage[1])
        return self.types.named(tuple(stages))
