"""Constraint program of a sequence pipeline: stages by place, chunks as a path of arcs.

Variables beside those of the places: for each arc of tokens whether it is a chunk; for each machine
and token boundary when the machine is done with what lies before it. A chunk that is chosen
enforces the two steps of the flow shop's recursion at its end.
"""

import itertools

import numpy as np

from solvers.backends.cpsat import IntVar, Values
from solvers.cpsat.sequence_pipeline_decoding import decoding
from solvers.cpsat.sequence_pipeline_places import Places, Terms, sum_of
from solvers.cpsat.sequence_pipeline_ranges import longest_prefill
from solvers.tables.sequence_pipeline import Chunks, Columns, Tables
from solvers.tables.sequence_pipeline_chunks import least_and_spread


class PathModel:
    """Variables, constraints and objective, in this order; times in units of `unit` ns."""

    def __init__(self, tables: Tables, unit: int) -> None:
        self.tables, self.unit = tables, unit
        self.places = Places(tables, unit)
        self.model = self.places.model
        self._chunks_cover_the_prompt()
        self._stages_fit_into_memory()
        self._chunks_flow()
        self._work_takes_its_time()
        self.model.minimize(self.done[-1][-1] + decoding(self.places))

    def _chunks_cover_the_prompt(self) -> None:
        """The chunks are a path from the first token to the last."""
        tables = self.tables
        self.chunk = [self.places.boolean() for _ in tables.begin]
        arcs = list(zip(tables.begin.tolist(), tables.end.tolist(), self.chunk, strict=True))
        size = len(tables.position)
        arcs += [(n, n, self.places.boolean()) for n in range(1, size - 1)]
        arcs.append((size - 1, 0, self._true()))
        self.model.add_circuit(arcs)

    def _true(self) -> IntVar:
        variable = self.places.boolean()
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
        held = [tables.held[start + 1] - tables.held[start] for start, _ in self.places.runs]
        for place in self.places.all:
            for device, row in enumerate(self.places.count[place]):
                fixed = sum_of(list(zip(row, held, strict=True)))
                for number, (start, _) in enumerate(self.places.runs):
                    present = self.places.boolean()
                    self.model.add(row[number] == 0).only_enforce_if(~present)
                    need = fixed + longest * tables.scratch[start]
                    self.model.add(need <= tables.memory[device]).only_enforce_if(present)

    def _machine_terms(self, e: int) -> list[Terms]:
        """[K] what an arc takes on each machine."""
        per_layer = np.diff(self.tables.prefix[:, :, e], axis=1)
        rows: list[Terms] = []
        for place in self.places.all:
            work, hop = self.places.work(place, per_layer), self.places.sending(place, e)
            last = place == self.places.all[-1]
            rows += [work, hop] if self.tables.problem.overlap and not last else [work + hop]
        return rows

    def _chunks_flow(self) -> None:
        """A chunk leaves a machine after it came from the one before and its time has passed."""
        most, tables = longest_prefill(self.tables) // self.unit, self.tables
        size = len(tables.position)
        terms = [self._machine_terms(e) for e in range(len(self.chunk))]
        self.done = [[self.places.integer(most if n else 0) for n in range(size)] for _ in terms[0]]
        for e, chunk in enumerate(self.chunk):
            i, j = int(tables.begin[e]), int(tables.end[e])
            for machine, row in enumerate(terms[e]):
                work = sum_of(row)
                done = self.done[machine]
                self.model.add(done[j] >= done[i] + work).only_enforce_if(chunk)
                if machine:
                    before = self.done[machine - 1][j]
                    self.model.add(done[j] >= before + work).only_enforce_if(chunk)

    def _work_takes_its_time(self) -> None:
        """A least chunk on every place and all work on any one of them (redundant, for bounds)."""
        prefix = self.tables.prefix
        least = np.zeros((prefix.shape[0], self.tables.layers), dtype=np.int64)
        more = np.zeros_like(least)
        for kind in range(prefix.shape[0]):
            for start, _ in self.places.runs:
                cost = prefix[kind, start + 1] - prefix[kind, start]
                least[kind, start], more[kind, start] = least_and_spread(self.tables, cost)
        heads = [term for place in self.places.all for term in self.places.work(place, least)]
        for place in self.places.all:
            spread = self.places.work(place, more)
            self.model.add(self.done[-1][-1] >= sum_of(heads + spread))

    @property
    def watched(self) -> list[IntVar]:
        """The variables that `read` reads."""
        return [*itertools.chain(*self.places.stop, *self.places.holds), *self.chunk]

    def read(self, values: Values) -> tuple[Columns, Chunks]:
        """The stages and the path of a solution."""
        rows = iter(values)
        ends = [[next(rows) for _ in row].index(1) for row in self.places.stop]
        holds = [[next(rows) for _ in row] for row in self.places.holds]
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
        for place in self.places.all:
            stage = stages[place] if place < len(stages) else (None, None, self.tables.layers)
            for n, variable in enumerate(self.places.stop[place]):
                self.model.add_hint(variable, n == stage[2])
            for device, variable in enumerate(self.places.holds[place]):
                self.model.add_hint(variable, device == stage[0])
        for e, variable in enumerate(self.chunk):
            self.model.add_hint(variable, e in path)
