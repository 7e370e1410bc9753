"""Places of a pipeline in a constraint program: who holds which layers, and what is sent on.

Variables: for each place p `stop` one-hot over layers, `holds` one device, and how many layers of
each *run* (layers equal on every device) it has; between neighbouring places one hop. Places behind
the last stage hold nothing and take no time.
"""

import itertools

from solvers.backends.cpsat import CpModel, IntVar, LinearExpr
from solvers.tables.sequence_pipeline import Ints, Tables

Terms = list[tuple[IntVar, int]]


class Places:
    """Variables and constraints of the stages; times in units of `unit` ns."""

    def __init__(self, tables: Tables, unit: int) -> None:
        self.tables, self.unit = tables, unit
        self.model = CpModel()
        self.all = range(min(tables.devices, tables.layers))
        self.runs = _runs(tables)
        self._add_places()
        self._stages_cover_the_chain()
        self._layers_are_counted_by_run()
        self._add_hops()

    def boolean(self) -> IntVar:
        """One more variable, 0 or 1."""
        return self.model.new_bool_var("")

    def integer(self, most: int) -> IntVar:
        """One more variable, from 0 to `most`."""
        return self.model.new_int_var(0, most, "")

    def _add_places(self) -> None:
        layers, devices = self.tables.layers, range(self.tables.devices)
        self.stop = [[self.boolean() for _ in range(layers + 1)] for _ in self.all]
        self.holds = [[self.boolean() for _ in devices] for _ in self.all]
        self.used = [self.boolean() for _ in self.all]

    def _position(self, place: int) -> LinearExpr | int:
        """The layers up to the end of a place."""
        return 0 if place < 0 else sum_of([(b, n) for n, b in enumerate(self.stop[place])])

    def _stages_cover_the_chain(self) -> None:
        """Used places come first, hold a device each and one layer or more; the last ends at L."""
        model, order = self.model, self.tables.order
        for place in self.all:
            model.add_exactly_one(self.stop[place])
            model.add(sum(self.holds[place]) == self.used[place])
            gain = self._position(place) - self._position(place - 1)
            model.add(gain >= self.used[place])
            model.add(gain <= self.tables.layers * self.used[place])
            if place:
                model.add_implication(self.used[place], self.used[place - 1])
        model.add(self.stop[-1][-1] == 1)
        for device in range(self.tables.devices):
            row = [self.holds[place][device] for place in self.all]
            model.add(sum(row) == 1) if self.tables.problem.use_all_devices else model.add(
                sum(row) <= 1
            )
        if order is not None:
            for a, b in itertools.pairwise(self.all):
                before, after = (
                    [(h, order[d]) for d, h in enumerate(self.holds[p])] for p in (a, b)
                )
                model.add(sum_of(after) >= sum_of(before) + 1).only_enforce_if(self.used[b])

    def _layers_are_counted_by_run(self) -> None:
        """Of each run a place has what lies between its ends, on the device that it holds."""
        self.count: list[list[list[IntVar]]] = []
        for place in self.all:
            rows = [
                [self.integer(stop - start) for start, stop in self.runs] for _ in self.holds[0]
            ]
            for number, (start, stop) in enumerate(self.runs):
                inside = [min(max(n - start, 0), stop - start) for n in range(len(self.stop[0]))]
                here = sum_of(list(zip(self.stop[place], inside, strict=True)))
                if place:
                    here -= sum_of(list(zip(self.stop[place - 1], inside, strict=True)))
                self.model.add(sum(row[number] for row in rows) == here)
                for row, holds in zip(rows, self.holds[place], strict=True):
                    self.model.add(row[number] <= (stop - start) * holds)
            self.count.append(rows)

    def _add_hops(self) -> None:
        """Between neighbouring places one hop is made, by a link, of the size at the cut."""
        sizes = [layer.output_bytes_per_token for layer in self.tables.problem.layers]
        self.hops: list[list[tuple[IntVar, int, int, int]]] = []
        for a, b in itertools.pairwise(self.all):
            row = []
            for size in sorted(set(sizes)):
                cuts = [n + 1 for n, other in enumerate(sizes) if other == size]
                hops = []
                for d, e in itertools.permutations(range(self.tables.devices), 2):
                    if self.tables.send(d, e, cuts[0]) is not None:
                        hop = self.boolean()
                        self.model.add_implication(hop, self.holds[a][d])
                        self.model.add_implication(hop, self.holds[b][e])
                        hops.append((hop, d, e, cuts[0]))
                # The last cut is the chain's end, where nothing is sent on.
                inner = [self.stop[a][n] for n in cuts if n < self.tables.layers]
                self.model.add(sum(hop for hop, *_ in hops) == sum(inner))
                row += hops
            self.hops.append(row)

    def work(self, place: int, per_layer: Ints) -> Terms:
        """What a place takes for its layers; per_layer: [T, L] ns by device type."""
        return [
            (count, int(per_layer[self.tables.kind[device], start]) // self.unit)
            for device, row in enumerate(self.count[place])
            for count, (start, _) in zip(row, self.runs, strict=True)
        ]

    def sending(self, place: int, e: int) -> Terms:
        """What a place takes to send the chunk of arc `e` on; nothing from the last one."""
        terms = []
        for hop, d, to, cut in self.hops[place] if place < len(self.hops) else ():
            sent = self.tables.send(d, to, cut)
            if sent is not None:
                terms.append((hop, int(sent[e]) // self.unit))
        return terms


def sum_of(terms: Terms) -> LinearExpr:
    """The terms as an expression."""
    return LinearExpr.weighted_sum([v for v, _ in terms], [a for _, a in terms])


def _runs(tables: Tables) -> list[tuple[int, int]]:
    """The chain as the fewest ranges of layers that are equal wherever they are."""
    layers = tables.problem.layers
    starts = [0, *(n for n in range(1, len(layers)) if layers[n] != layers[n - 1])]
    return list(zip(starts, [*starts[1:], len(layers)], strict=True))
