"""Constraint program of a sequence pipeline: stages by place, chunks as a path of arcs.

Variables: for each place p in the pipeline `stop` one-hot over layers, `holds` one device, and how
many layers of each *run* (layers equal on every device) it has; for each arc of tokens whether it
is a chunk; for each machine and token boundary when the machine is done with what lies before it.
A chunk that is chosen enforces the two steps of the flow shop's recursion at its end. Places
behind the last stage hold nothing and take no time.
"""

import itertools

import numpy as np

from solvers.backends.cpsat import CpModel, IntVar, LinearExpr, Values
from solvers.tables.sequence_pipeline import Chunks, Columns, Ints, Tables
from solvers.tables.sequence_pipeline_chunks import least_and_spread

Terms = list[tuple[IntVar, int]]


class PathModel:
    """Variables, constraints and objective, in this order; times in units of `unit` ns."""

    def __init__(self, tables: Tables, unit: int) -> None:
        self.tables, self.unit = tables, unit
        self.model = CpModel()
        self.places = range(min(tables.devices, tables.layers))
        self.runs = _runs(tables)
        self._add_places()
        self._stages_cover_the_chain()
        self._layers_are_counted_by_run()
        self._add_hops()
        self._chunks_cover_the_prompt()
        self._stages_fit_into_memory()
        self._chunks_flow()
        self._work_takes_its_time()
        self._decode()
        self.model.minimize(self.done[-1][-1] + self.decoding)

    def _bool(self) -> IntVar:
        return self.model.new_bool_var("")

    def _int(self, most: int) -> IntVar:
        return self.model.new_int_var(0, most, "")

    def _add_places(self) -> None:
        layers, devices = self.tables.layers, range(self.tables.devices)
        self.stop = [[self._bool() for _ in range(layers + 1)] for _ in self.places]
        self.holds = [[self._bool() for _ in devices] for _ in self.places]
        self.used = [self._bool() for _ in self.places]

    def _position(self, place: int) -> LinearExpr | int:
        """The layers up to the end of a place."""
        return 0 if place < 0 else _sum([(b, n) for n, b in enumerate(self.stop[place])])

    def _stages_cover_the_chain(self) -> None:
        """Used places come first, hold a device each and one layer or more; the last ends at L."""
        model, order = self.model, self.tables.order
        for place in self.places:
            model.add_exactly_one(self.stop[place])
            model.add(sum(self.holds[place]) == self.used[place])
            gain = self._position(place) - self._position(place - 1)
            model.add(gain >= self.used[place])
            model.add(gain <= self.tables.layers * self.used[place])
            if place:
                model.add_implication(self.used[place], self.used[place - 1])
        model.add(self.stop[-1][-1] == 1)
        for device in range(self.tables.devices):
            row = [self.holds[place][device] for place in self.places]
            model.add(sum(row) == 1) if self.tables.problem.use_all_devices else model.add(
                sum(row) <= 1
            )
        if order is not None:
            for a, b in itertools.pairwise(self.places):
                before, after = (
                    [(h, order[d]) for d, h in enumerate(self.holds[p])] for p in (a, b)
                )
                model.add(_sum(after) >= _sum(before) + 1).only_enforce_if(self.used[b])

    def _layers_are_counted_by_run(self) -> None:
        """Of each run a place has what lies between its ends, on the device that it holds."""
        self.count: list[list[list[IntVar]]] = []
        for place in self.places:
            rows = [[self._int(stop - start) for start, stop in self.runs] for _ in self.holds[0]]
            for number, (start, stop) in enumerate(self.runs):
                inside = [min(max(n - start, 0), stop - start) for n in range(len(self.stop[0]))]
                here = _sum(list(zip(self.stop[place], inside, strict=True)))
                if place:
                    here -= _sum(list(zip(self.stop[place - 1], inside, strict=True)))
                self.model.add(sum(row[number] for row in rows) == here)
                for row, holds in zip(rows, self.holds[place], strict=True):
                    self.model.add(row[number] <= (stop - start) * holds)
            self.count.append(rows)

    def _add_hops(self) -> None:
        """Between neighbouring places one hop is made, by a link, of the size at the cut."""
        sizes = [layer.output_bytes_per_token for layer in self.tables.problem.layers]
        self.hops: list[list[tuple[IntVar, int, int, int]]] = []
        for a, b in itertools.pairwise(self.places):
            row = []
            for size in sorted(set(sizes)):
                cuts = [n + 1 for n, other in enumerate(sizes) if other == size]
                hops = []
                for d, e in itertools.permutations(range(self.tables.devices), 2):
                    if self.tables.send(d, e, cuts[0]) is not None:
                        hop = self._bool()
                        self.model.add_implication(hop, self.holds[a][d])
                        self.model.add_implication(hop, self.holds[b][e])
                        hops.append((hop, d, e, cuts[0]))
                # The last cut is the chain's end, where nothing is sent on.
                inner = [self.stop[a][n] for n in cuts if n < self.tables.layers]
                self.model.add(sum(hop for hop, *_ in hops) == sum(inner))
                row += hops
            self.hops.append(row)

    def _chunks_cover_the_prompt(self) -> None:
        """The chunks are a path from the first token to the last."""
        tables = self.tables
        self.chunk = [self._bool() for _ in tables.begin]
        arcs = list(zip(tables.begin.tolist(), tables.end.tolist(), self.chunk, strict=True))
        size = len(tables.position)
        arcs += [(n, n, self._bool()) for n in range(1, size - 1)]
        arcs.append((size - 1, 0, self._true()))
        self.model.add_circuit(arcs)

    def _true(self) -> IntVar:
        variable = self._bool()
        self.model.add(variable == 1)
        return variable

    def _stages_fit_into_memory(self) -> None:
        """Weights, caches and the longest chunk's activations, of the largest layer of a stage."""
        tables = self.tables
        drafts = 0 if tables.problem.decoding is None else tables.problem.decoding.pass_tokens
        longest = self.model.new_int_var(drafts, max(drafts, int(tables.tokens.max())), "")
        for chunk, tokens in zip(self.chunk, tables.tokens.tolist(), strict=True):
            if tokens > drafts:
                self.model.add(longest >= tokens).only_enforce_if(chunk)
        held = [tables.held[start + 1] - tables.held[start] for start, _ in self.runs]
        for place in self.places:
            for device, row in enumerate(self.count[place]):
                fixed = _sum(list(zip(row, held, strict=True)))
                for number, (start, _) in enumerate(self.runs):
                    present = self._bool()
                    self.model.add(row[number] == 0).only_enforce_if(~present)
                    need = fixed + longest * tables.scratch[start]
                    self.model.add(need <= tables.memory[device]).only_enforce_if(present)

    def _stage_terms(self, place: int, e: int) -> Terms:
        """What an arc takes on a place."""
        prefix = self.tables.prefix
        terms = []
        for device, row in enumerate(self.count[place]):
            kind = self.tables.kind[device]
            for count, (start, _) in zip(row, self.runs, strict=True):
                terms.append(
                    (count, int(prefix[kind, start + 1, e] - prefix[kind, start, e]) // self.unit)
                )
        return terms

    def _hop_terms(self, place: int, e: int) -> Terms:
        terms = []
        for hop, d, to, cut in self.hops[place]:
            sent = self.tables.send(d, to, cut)
            if sent is not None:
                terms.append((hop, int(sent[e]) // self.unit))
        return terms

    def _machine_terms(self, e: int) -> list[Terms]:
        """[K] what an arc takes on each machine."""
        rows: list[Terms] = []
        for place in self.places:
            hop = self._hop_terms(place, e) if place < len(self.hops) else []
            work = self._stage_terms(place, e)
            last = place == self.places[-1]
            rows += [work, hop] if self.tables.problem.overlap and not last else [work + hop]
        return rows

    def _chunks_flow(self) -> None:
        """A chunk leaves a machine after it came from the one before and its time has passed."""
        most, tables = _longest(self.tables) // self.unit, self.tables
        size = len(tables.position)
        terms = [self._machine_terms(e) for e in range(len(self.chunk))]
        self.done = [[self._int(most if n else 0) for n in range(size)] for _ in terms[0]]
        for e, chunk in enumerate(self.chunk):
            i, j = int(tables.begin[e]), int(tables.end[e])
            for machine, row in enumerate(terms[e]):
                work = _sum(row)
                done = self.done[machine]
                self.model.add(done[j] >= done[i] + work).only_enforce_if(chunk)
                if machine:
                    before = self.done[machine - 1][j]
                    self.model.add(done[j] >= before + work).only_enforce_if(chunk)

    def _work_takes_its_time(self) -> None:
        """A least chunk on every place and all work on any one of them (redundant, for bounds)."""
        tables = self.tables
        heads: Terms = []
        spreads: list[Terms] = []
        for place in self.places:
            spread: Terms = []
            for device, row in enumerate(self.count[place]):
                prefix = tables.prefix[tables.kind[device]]
                for count, (start, _) in zip(row, self.runs, strict=True):
                    cost = prefix[start + 1] - prefix[start]
                    least, more = least_and_spread(tables, cost // self.unit)
                    heads.append((count, least))
                    spread.append((count, more))
            spreads.append(spread)
        for spread in spreads:
            self.model.add(self.done[-1][-1] >= _sum(heads + spread))

    def _decode(self) -> None:
        """All passes of all points, after the prompt."""
        decoding = self.tables.problem.timed_decoding
        self.decoding: IntVar | int = 0
        self.back: list[IntVar] = []
        if decoding is None:
            return
        loads = self._pass_terms()
        most = _longest_pass(self.tables) // self.unit
        period, cycle = self._int(most), self._int(most * decoding.points)
        latency = LinearExpr.sum([_sum(terms) for pair in loads for terms in pair])
        for work, sent in loads:
            if self.tables.problem.overlap:
                self.model.add(period >= _sum(work))
                self.model.add(period >= _sum(sent))
            else:
                self.model.add(period >= _sum(work + sent))
        self.model.add(cycle >= latency)
        self.model.add(cycle >= decoding.points * period)
        total = (decoding.passes - 1) * cycle + latency + (decoding.points - 1) * period
        self.decoding = total

    def _pass_terms(self) -> list[tuple[Terms, Terms]]:
        """[places + 1] computing and sending of a pass; the way back last, by itself."""
        rows: list[tuple[Terms, Terms]] = []
        tables = self.tables
        ways = self._ways_back()
        for place in self.places:
            work = []
            for device, row in enumerate(self.count[place]):
                kind = tables.kind[device]
                for count, (start, _) in zip(row, self.runs, strict=True):
                    ns = int(tables.passes[kind, start + 1] - tables.passes[kind, start])
                    work.append((count, ns // self.unit))
            sent = [] if place >= len(self.hops) else self._pass_hops(place)
            # A device that sends back does not compute, where nothing overlaps.
            sent += [(way, ns) for at, way, ns in ways if at == place]
            rows.append((work, sent))
        return rows

    def _pass_hops(self, place: int) -> Terms:
        terms = []
        for hop, d, to, cut in self.hops[place]:
            ns = self.tables.pass_send(((d, 0, cut), (to, cut, cut + 1)), 0)
            terms.append((hop, (ns or 0) // self.unit))
        return terms

    def _ways_back(self) -> list[tuple[int, IntVar, int]]:
        """Per last place and pair of devices whether a pass returns so, and its ns."""
        ways = []
        for place in self.places[1:]:
            last = self._bool()  # the pipeline ends at this place
            after = self.used[place + 1] if place + 1 < len(self.used) else None
            self.model.add(last == self.used[place] - (0 if after is None else after))
            here = []
            for d, e in itertools.permutations(range(self.tables.devices), 2):
                ns = self.tables.pass_send(((e, 0, 1), (d, 1, 2)), 1)
                if ns is None:
                    continue
                way = self._bool()
                self.model.add_implication(way, self.holds[place][d])
                self.model.add_implication(way, self.holds[0][e])
                here.append(way)
                ways.append((place, way, ns // self.unit))
            self.model.add(sum(here) == last)
        return ways

    @property
    def watched(self) -> list[IntVar]:
        """The variables that `read` reads."""
        return [*itertools.chain(*self.stop, *self.holds), *self.chunk]

    def read(self, values: Values) -> tuple[Columns, Chunks]:
        """The stages and the path of a solution."""
        rows = iter(values)
        ends = [[next(rows) for _ in row].index(1) for row in self.stop]
        holds = [[next(rows) for _ in row] for row in self.holds]
        path = [e for e, value in enumerate(rows) if value]
        starts = [0, *ends]
        stages = tuple(
            (held.index(1), start, stop)
            for held, start, stop in zip(holds, starts, ends, strict=False)
            if any(held)
        )
        return stages, tuple(sorted(path, key=lambda e: int(self.tables.begin[e])))

    def start_from(self, stages: Columns, path: Chunks) -> None:
        """Gives CP-SAT a plan to begin with."""
        for place in self.places:
            stage = stages[place] if place < len(stages) else (None, None, self.tables.layers)
            for n, variable in enumerate(self.stop[place]):
                self.model.add_hint(variable, n == stage[2])
            for device, variable in enumerate(self.holds[place]):
                self.model.add_hint(variable, device == stage[0])
        for e, variable in enumerate(self.chunk):
            self.model.add_hint(variable, e in path)


def _sum(terms: Terms) -> LinearExpr:
    return LinearExpr.weighted_sum([v for v, _ in terms], [a for _, a in terms])


def _runs(tables: Tables) -> list[tuple[int, int]]:
    """The chain as the fewest ranges of layers that are equal wherever they are."""
    layers = tables.problem.layers
    starts = [0, *(n for n in range(1, len(layers)) if layers[n] != layers[n - 1])]
    return list(zip(starts, [*starts[1:], len(layers)], strict=True))


def largest_sum(tables: Tables) -> int:
    """No sum that a model forms exceeds this, ns or bytes."""
    decoding = tables.problem.timed_decoding
    passes = 0 if decoding is None else (decoding.passes + 1) * decoding.points
    memory = max(tables.held[-1], *tables.memory) + max(tables.scratch) * int(tables.tokens.max())
    return max(2 * _longest(tables) + 2 * (passes + 2) * _longest_pass(tables), 2 * memory)


def _longest(tables: Tables) -> int:
    """No prefill takes longer: every chunk as long as any, one after another."""
    slowest = np.diff(tables.prefix, axis=1).max(axis=0).sum(axis=0)
    per_arc = int(slowest.max()) + _slowest_wire(tables) * tables.devices
    return per_arc * (len(tables.position) + 1)


def _longest_pass(tables: Tables) -> int:
    slowest = np.diff(tables.passes, axis=1).max(axis=0).sum()
    return int(slowest) + _slowest_wire(tables) * tables.devices


def _slowest_wire(tables: Tables) -> int:
    decoding, work = tables.problem.decoding, tables.problem
    tokens = max(int(tables.tokens.max()), 1 if decoding is None else decoding.pass_tokens)
    largest = max(work.token_bytes, *(layer.output_bytes_per_token for layer in work.layers))
    bits = 8 * (largest * tokens + work.message_bytes)
    graph = work.device_graph
    ways = [*graph.links, *([] if graph.default_link is None else [graph.default_link])]
    return max(
        (way.latency_ns - (-bits * 10**9 // way.bandwidth_bit_per_s) for way in ways), default=0
    )


def common_unit(tables: Tables) -> int:
    """The largest unit, ns, of which every time is a multiple."""
    values: list[Ints] = [np.diff(tables.prefix, axis=1), np.diff(tables.passes, axis=1)]
    unit = 0
    for array in values:
        unit = int(np.gcd(unit, np.gcd.reduce(array, axis=None)))
    cuts = {layer.output_bytes_per_token: n + 1 for n, layer in enumerate(tables.problem.layers)}
    for d, e in itertools.permutations(range(tables.devices), 2):
        for cut in cuts.values():
            sent = tables.send(d, e, cut)
            if sent is not None:
                unit = int(np.gcd(unit, np.gcd.reduce(sent)))
            for stages in (((d, 0, cut), (e, cut, cut + 1)), ((e, 0, 1), (d, 1, 2))):
                ns = tables.pass_send(stages, 0 if stages[0][0] == d else 1)
                unit = int(np.gcd(unit, ns or 0))
    return max(1, unit)
