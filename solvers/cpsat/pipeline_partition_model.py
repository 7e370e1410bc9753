"""Constraint program of a pipeline: a circuit through the devices, and where each one starts.

Variables, for each device d: `used`; `start` and `stop`, its layers being start..stop - 1 (both L
where it is not used); arcs of a circuit through a depot and the used devices, an unused device
being a loop. The stages follow each other because an arc d -> e makes stop(d) = start(e).

Times are sums over *runs*, ranges of layers that are equal on every device: with n(d, r) layers of
run r on device d, its time is Σ_r time(d, r) · n(d, r). A transformer has a run or three, so the
model has a few integers per device where a formulation by columns has L² zeros and ones; a model
whose layers all differ has runs of one layer, and n(d, r) says whether d holds it.
"""

import itertools

import numpy as np

from solvers.backends.cpsat import CpModel, Domain, IntVar, LinearExpr
from solvers.base import UNREACHABLE
from solvers.tables.pipeline_partition import Columns, Tables
from solvers.tables.pipeline_partition_model import Routes, routes, runs


class CircuitModel:
    """Variables, constraints and objective, in this order."""

    def __init__(self, tables: Tables) -> None:
        self.tables = tables
        self.routes: Routes = routes(tables)
        self.runs = runs(tables)
        self.model = CpModel()
        self.devices = range(tables.devices)
        self._add_variables()
        self._stages_follow_each_other()
        self._a_used_device_has_layers()
        self._layers_are_counted_by_run()
        self._every_layer_is_held_once()
        self._stages_fit_into_memory()
        self._outputs_are_sent()
        self._no_load_exceeds_the_period()
        self._interchangeable_devices_are_used_in_order()
        self._minimise()

    def _number(self, largest: int, name: str) -> IntVar:
        return self.model.new_int_var(0, largest, name)

    def _add_variables(self) -> None:
        layers, model = self.tables.layers, self.model
        self.used = [model.new_bool_var(f"used {d}") for d in self.devices]
        self.first = [model.new_bool_var(f"first {d}") for d in self.devices]
        self.last = [model.new_bool_var(f"last {d}") for d in self.devices]
        self.start = [self._number(layers, f"start {d}") for d in self.devices]
        self.stop = [self._number(layers, f"stop {d}") for d in self.devices]
        self.follow = {
            (int(d), int(e)): model.new_bool_var(f"{d} before {e}")
            for d, e in np.argwhere(self.routes.follow)
        }
        self.count = [
            [self._number(run.length, f"layers of run {run.begin} on {d}") for run in self.runs]
            for d in self.devices
        ]

    def _stages_follow_each_other(self) -> None:
        """The used devices form one circuit with the depot; each starts where the last stopped."""
        depot = self.tables.devices
        arcs = [(d, e, arc) for (d, e), arc in self.follow.items()]
        for d in self.devices:
            arcs += [(depot, d, self.first[d]), (d, depot, self.last[d]), (d, d, ~self.used[d])]
            self.model.add(self.start[d] == 0).only_enforce_if(self.first[d])
            self.model.add(self.stop[d] == self.tables.layers).only_enforce_if(self.last[d])
            if not self.routes.first[d]:
                self.model.add(self.first[d] == 0)
            if not self.routes.last[d]:
                self.model.add(self.last[d] == 0)
            if self.tables.use_all:
                self.model.add(self.used[d] == 1)
        for (d, e), arc in self.follow.items():
            self.model.add(self.stop[d] == self.start[e]).only_enforce_if(arc)
        self.model.add_circuit(arcs)

    def _a_used_device_has_layers(self) -> None:
        """A used device holds at least one layer; an unused one stands at the end, empty."""
        for d in self.devices:
            held = self.stop[d] - self.start[d]
            self.model.add(held >= self.used[d])
            self.model.add(held <= self.tables.layers * self.used[d])
            self.model.add(self.start[d] + self.tables.layers * self.used[d] >= self.tables.layers)

    def _layers_are_counted_by_run(self) -> None:
        """A device holds of each run what lies between its start and its stop."""
        for d in self.devices:
            before, through = self._digits(self.start[d]), self._digits(self.stop[d])
            for count, low, high in zip(self.count[d], before, through, strict=True):
                self.model.add(count == high - low)

    def _digits(self, position: IntVar) -> list[IntVar]:
        """How many layers of each run lie before a position: runs fill up one after another."""
        if len(self.runs) == 1:
            return [position]
        digits = [self._number(run.length, "digit") for run in self.runs]
        self.model.add(position == LinearExpr.sum(digits))
        for run, digit, after in zip(self.runs, digits, digits[1:], strict=False):
            following = self.runs[self.runs.index(run) + 1]
            full = digit if run.length == 1 else self.model.new_bool_var("full")
            self.model.add(digit >= run.length * full)
            self.model.add(after <= following.length * full)
        return digits

    def _every_layer_is_held_once(self) -> None:
        """Of each run, the devices together hold all layers (redundant, for the relaxation)."""
        for number, run in enumerate(self.runs):
            held = [self.count[d][number] for d in self.devices]
            self.model.add(LinearExpr.sum(held) == run.length)

    def _stages_fit_into_memory(self) -> None:
        """A stage stops no later than the layer up to which its device has room."""
        layers = self.tables.layers
        starts = np.arange(layers)
        for d in self.devices:
            fits = self.tables.fits[d]
            most = int((fits - starts).max())
            self.model.add(self.stop[d] - self.start[d] <= most * self.used[d])
            if not np.array_equal(fits, np.minimum(starts + most, layers)):
                limit = self._number(layers, f"limit {d}")
                self.model.add_element(self.start[d], [*fits.tolist(), layers], limit)
                self.model.add(self.stop[d] <= limit)

    def _outputs_are_sent(self) -> None:
        """A device takes as long to send as its link to the next one needs for the cut's bytes."""
        inner = self.tables.size_class[1:-1]
        classes = np.unique(inner).tolist()
        self.send = [self._time_home(d) for d in self.devices]
        if len(classes) <= 1:
            for (d, e), arc in self.follow.items():
                self.send[d] += int(self.tables.link[d, e, inner[0]]) * arc if classes else 0
            return
        for d in self.devices:
            self._send_by_class(d, classes)

    def _time_home(self, d: int) -> LinearExpr:
        reachable = self.routes.last[d]
        return (int(self.tables.home[d]) if reachable else 0) * self.last[d]

    def _send_by_class(self, d: int, classes: list[int]) -> None:
        """Where cuts differ in size: one literal for the size of the cut after each device."""
        arcs = {e: arc for (source, e), arc in self.follow.items() if source == d}
        at = {k: self.model.new_bool_var(f"size {k} after {d}") for k in classes}
        self.model.add_exactly_one([*at.values(), self.last[d], ~self.used[d]])
        for k, literal in at.items():
            cuts = np.flatnonzero(self.tables.size_class[:-1] == k)
            domain = Domain.from_values(cuts[cuts > 0].tolist())
            self.model.add_linear_expression_in_domain(self.stop[d], domain).only_enforce_if(
                literal
            )
        if not arcs:
            return
        times = {e: self.tables.link[d, e, classes] for e in arcs}
        longest = int(max(time.max() for time in times.values()))
        sent = self._number(max(longest, int(self._home(d))), f"send {d}")
        least = [int(times[e].min()) * arc for e, arc in arcs.items()]
        self.model.add(sent >= LinearExpr.sum(least) + self.send[d])
        for e, arc in arcs.items():
            for k, time in zip(classes, times[e].tolist(), strict=True):
                if time > times[e].min():
                    self.model.add(sent >= time).only_enforce_if(arc, at[k])
        self.send[d] = sent

    def _home(self, d: int) -> int:
        return int(self.tables.home[d]) if self.routes.last[d] else 0

    def _compute(self, d: int) -> LinearExpr:
        times = [int(self.tables.time[d, run.begin]) for run in self.runs]
        return LinearExpr.weighted_sum(self.count[d], times)

    def _moves(self, d: int) -> LinearExpr:
        price = np.diff(self.tables.move[d])
        return LinearExpr.weighted_sum(self.count[d], [int(price[run.begin]) for run in self.runs])

    def _no_load_exceeds_the_period(self) -> None:
        """The period is at least each device's time to compute and to send, or their sum."""
        if not self.tables.period_weight:
            return
        self.period = self.model.new_int_var(*self._period_range(), "period")
        for d in self.devices:
            if self.tables.overlap:
                self.model.add(self.period >= self._compute(d))
                self.model.add(self.period >= self.send[d])
            else:
                self.model.add(self.period >= self._compute(d) + self.send[d])

    def _period_range(self) -> tuple[int, int]:
        """Some device holds the layer that is longest at best; none does more than everything."""
        tables = self.tables
        links = tables.link[tables.link < UNREACHABLE].max(initial=0)
        longest = int(tables.prefix[:, -1].max()) + int(max(links, *map(self._home, self.devices)))
        return int(tables.time.min(axis=0).max()), longest

    def _interchangeable_devices_are_used_in_order(self) -> None:
        """Of devices that can be exchanged, the one with the lower index starts earlier."""
        for members in self.tables.classes:
            for d, e in itertools.pairwise(members):
                self.model.add_implication(self.used[e], self.used[d])
                self.model.add(self.start[d] + self.used[e] <= self.start[e])

    def _minimise(self) -> None:
        """Weighted latency and period, and the price of moved layers."""
        tables = self.tables
        total = LinearExpr.sum([self._moves(d) for d in self.devices])
        if tables.latency_weight:
            times = [self._compute(d) + self.send[d] for d in self.devices]
            total += tables.latency_weight * LinearExpr.sum(times)
        if tables.period_weight:
            total += tables.period_weight * self.period
        self.model.minimize(total)

    def start_from(self, stages: Columns) -> None:
        """Hint the stages; the variables that follow from these are left to propagation."""
        held = {d: (start, stop) for d, start, stop in stages}
        route = [stage[0] for stage in stages]
        for d in self.devices:
            start, stop = held.get(d, (self.tables.layers, self.tables.layers))
            self.model.add_hint(self.used[d], d in held)
            self.model.add_hint(self.start[d], start)
            self.model.add_hint(self.stop[d], stop)
            self.model.add_hint(self.first[d], d == route[0])
            self.model.add_hint(self.last[d], d == route[-1])
        hops = set(itertools.pairwise(route))
        for hop, arc in self.follow.items():
            self.model.add_hint(arc, hop in hops)

    @property
    def watched(self) -> list[IntVar]:
        """Starts and stops."""
        return [*self.start, *self.stop]

    def stages(self, values: tuple[int, ...]) -> Columns:
        """The stages of the watched variables' values."""
        starts, stops = values[: self.tables.devices], values[self.tables.devices :]
        found = [(d, starts[d], stops[d]) for d in self.devices if stops[d] > starts[d]]
        return tuple(sorted(found, key=lambda stage: stage[1]))
