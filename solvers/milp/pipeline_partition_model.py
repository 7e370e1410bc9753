"""Interval-flow integer program of a pipeline: a path of stages from cut 0 to cut L.

Columns: z[d, a, b] = 1 where device d holds the layers a..b - 1, for every range that fits into
its memory; y[c, d, e] = 1 where the output at cut c goes from d to e, for every link. Together
they are a flow of one unit through the nodes (cut, device); cuts only grow, so there are no
circles to exclude. Objectives with a period add one continuous column T and a row or two per
device.

The relaxation is strong where costs add up (latency: often integral as it stands) and weak where
a maximum counts: stages are then cut into fractions that all devices share.

A path as a flow: Ahuja, Magnanti and Orlin, Network Flows (1993), ch. 4. Ranges of layers as
columns: the states of PipeDream's dynamic program (Narayanan et al., SOSP 2019, §3.1).
"""

import itertools
from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence
from typing import Any, TypeVar

import numpy as np
import pyomo.environ as pyo

from solvers.backends.linear_program import Floats
from solvers.backends.pyomo_model import Compiled
from solvers.tables.pipeline_partition import Columns, Tables
from solvers.tables.pipeline_partition_model import Routes

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

    stages: (device, start, stop) of the columns z, of which at least one starts at cut 0, one
    stops at cut L, and one is on each device that has to take part.
    """

    def __init__(self, tables: Tables, stages: list[Stage], routes: Routes) -> None:
        self.tables = tables
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
        self._interchangeable_devices_start_in_order()
        if tables.period_weight:
            self._no_load_exceeds_the_period()
        self._minimise()

    def _hops(self, routes: Routes) -> list[Hop]:
        """(cut, sender, receiver) wherever a stage can stop, a link leads on, another can start."""
        targets = [np.flatnonzero(row).tolist() for row in routes.follow]
        return [
            (cut, d, e) for cut, d in self.ending for e in targets[d] if (cut, e) in self.starting
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
        hops = _grouped(((cut, d), (cut, d, e)) for cut, d, e in self.hops)
        nodes = [node for node in self.ending if node[0] < self.tables.layers]

        def sent(model: Any, *node: int) -> Any:
            return _sum(model.z, self.ending[node]) == _sum(model.y, hops.get(node, []))

        self.model.sent = pyo.Constraint(nodes, rule=sent)

    def _what_is_sent_starts_a_stage(self) -> None:
        """A stage starts after cut 0 where, and only where, its device takes an output."""
        hops = _grouped(((cut, e), (cut, d, e)) for cut, d, e in self.hops)
        nodes = [node for node in self.starting if node[0] > 0]

        def taken(model: Any, *node: int) -> Any:
            return _sum(model.z, self.starting[node]) == _sum(model.y, hops.get(node, []))

        self.model.taken = pyo.Constraint(nodes, rule=taken)

    def _a_device_holds_one_stage(self) -> None:
        """A device holds at most one stage, and exactly one where all have to take part."""

        def once(model: Any, device: int) -> Any:
            total = _sum(model.z, self.held[device])
            return total == 1 if self.tables.use_all else total <= 1

        self.model.once = pyo.Constraint(list(self.held), rule=once)

    def _interchangeable_devices_start_in_order(self) -> None:
        """Of devices that can be exchanged, each starts at a later cut than the one before it.

        begun[d, c] says whether d starts at cut c or before.
        """
        groups = [group for group in self.tables.classes if len(group) > 1]
        pairs = [pair for group in groups for pair in itertools.pairwise(group)]
        cuts = range(self.tables.layers)
        self.model.begun = pyo.Var([d for g in groups for d in g], cuts, bounds=(0, 1))

        def counted(model: Any, device: int, cut: int) -> Any:
            before = model.begun[device, cut - 1] if cut else 0
            return model.begun[device, cut] == before + _sum(
                model.z, self.starting.get((cut, device), [])
            )

        def ordered(model: Any, earlier: int, later: int, cut: int) -> Any:
            return model.begun[later, cut] <= (model.begun[earlier, cut - 1] if cut else 0)

        self.model.counted = pyo.Constraint(list(self.model.begun), rule=counted)
        self.model.ordered = pyo.Constraint([(*p, c) for p in pairs for c in cuts], rule=ordered)

    def _no_load_exceeds_the_period(self) -> None:
        """The period is at least what each device computes and what it sends, or their sum."""
        tables, z = self.tables, self.model.z
        hops = _grouped((d, (cut, d, e)) for cut, d, e in self.hops)
        loads = []
        for device, stages in self.held.items():
            compute = pyo.quicksum(tables.compute(*stage) * z[stage] for stage in stages)
            sent = self._sent(hops.get(device, []), stages)
            loads += [compute, sent] if tables.overlap else [compute + sent]
        # T is in units that keep it near 1000: the tolerances of a solver are absolute.
        self.scale = 2.0 ** max(0, self._longest_load().bit_length() - 10)
        self.model.T = pyo.Var(bounds=(0, self._longest_load() / self.scale))
        self.model.period = pyo.Constraint(
            range(len(loads)), rule=lambda model, n: self.scale * model.T >= loads[n]
        )

    def _longest_load(self) -> int:
        """No device computes and sends for longer."""
        sent = [self.tables.transfer(d, e, cut) for cut, d, e in self.hops]
        returned = [self._home(stage) for stage in self.stages]
        computed = [self.tables.compute(*stage) for stage in self.stages]
        return max(sent, default=0) + max(returned) + max(computed)

    def _sent(self, hops: list[Hop], stages: list[Stage]) -> Any:
        """Time of hops, and of the return hops of stages."""
        z, y = self.model.z, self.model.y
        links = [self.tables.transfer(d, e, cut) * y[cut, d, e] for cut, d, e in hops]
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
            total += tables.period_weight * self.scale * model.T
        model.objective = pyo.Objective(expr=total)

    def _price(self, stage: Stage) -> int:
        tables, (device, start, stop) = self.tables, stage
        moved = int(tables.move[device, stop] - tables.move[device, start])
        return tables.latency_weight * tables.compute(*stage) + moved

    def point(self, arrays: Compiled, known: Columns) -> Floats:
        """The point of stages that keep to all rules."""
        model = self.model
        ones = [model.z[stage] for stage in known]
        ones += [model.y[a[2], a[0], b[0]] for a, b in itertools.pairwise(known)]
        ones += [
            model.begun[d, cut]
            for d, start, _ in known
            for cut in range(start, self.tables.layers)
            if (d, cut) in model.begun
        ]
        assigned = [(variable, 1.0) for variable in ones]
        if self.tables.period_weight:
            assigned.append((model.T, self.tables.times(known)[1] / self.scale))
        return arrays.point(assigned)

    def plan(self, arrays: Compiled, values: Floats) -> Columns:
        """The stages of a point, in their order."""
        return tuple(sorted(arrays.ones(self.model.z, values), key=lambda stage: stage[1]))
