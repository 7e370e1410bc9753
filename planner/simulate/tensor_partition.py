"""Layers on a ring of devices replayed, every tile and every hop, against the formula.

A collective is k-1 steps. In each a device passes a tile on to the next one, takes one from the one
before and, where transfers overlap with computing, works on a tile meanwhile; it goes on when all
three are done and waits for nobody else. A hop takes the slower way of its two ends, for the rows
of the tile that it carries. Tiles are the devices' rows, or equal parts where every device has all.

The formula has everybody wait for the slowest, every hop take the longest, and tiles equal. So the
replay is never longer, except by (k max r_d / s - 1) of the time in tiles where rows are unequal.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise

from models.problems.tensor_partition import (
    TensorMode,
    TensorPartitionPlan,
    TensorPartitionProblem,
)
from models.result import Breakdown
from models.simulation import Simulation
from planner.simulate.engine import Run, Span
from planner.simulate.flow import TRANSFER, Flow, Hop, Medium, Piece, difference_ppm, usage
from planner.simulate.tensor_partition_ring import Ring, is_exact, ring_of

ATTENTION, MLP, CONNECTIVE = "attention", "MLP", "connective"


def default_units(problem: TensorPartitionProblem, plan: object, breakdown: Breakdown) -> int:
    """All layers."""
    del plan, breakdown
    return problem.layers


def tasks_per_unit(problem: object, plan: TensorPartitionPlan, breakdown: Breakdown) -> int:
    """No layer has more: two blocks, two collectives each, a tile and a hop per step."""
    del problem, breakdown
    return 8 * len(plan.shares) ** 2


def simulate(  # what every simulator is given
    problem: TensorPartitionProblem,
    plan: TensorPartitionPlan,
    breakdown: Breakdown,
    units: int,
    stops: Mapping[str, int],
    *,
    shared: bool,
) -> Simulation:
    """The first `units` layers, beyond the last one those of the next pass.

    breakdown: the verifier's; stops: devices that stop, and when, in ns.
    """
    ring = ring_of(problem, plan, breakdown)
    pass_ = Pass(ring, shared=shared)
    last = [pass_.add_layer(layer) for layer in range(units)]
    done = pass_.carry_out(stops)
    undone = set(done.undone)
    through = sum(undone.isdisjoint(tasks) for tasks in last)
    predicted = units * breakdown.totals["layer_ns"]
    simulated = done.end_ns if through == units else None
    return Simulation(
        measure="pass",
        units=units,
        units_done=through,
        predicted_ns=predicted,
        simulated_ns=simulated,
        difference_ppm=difference_ppm(simulated, predicted),
        exact=not shared and not stops and is_exact(ring),
        end_ns=done.end_ns,
        machines=usage(done),
        bars=pass_.flow.bars(done),
    )


class Pass:
    """The tasks of layers in turn; per device, what its next step waits for."""

    def __init__(self, ring: Ring, *, shared: bool) -> None:
        names = [member.name for member in ring.members]
        self._ring = ring
        self._number = len(names)
        self._medium = Medium(overlap=True, shared=shared)
        self._hops = [Hop(name, then) for name, then in pairwise([*names, names[0]])]
        alone = self._number == 1
        self.flow = Flow([Hop(names[0], None)] if alone else self._hops, self._medium)
        self._last: list[tuple[int, ...]] = [()] * self._number
        self._layer = 0

    def add_layer(self, layer: int) -> set[int]:
        """One layer after those so far; its last tasks."""
        self._layer = layer
        if self._ring.mode is TensorMode.SEQUENCE:
            self._gather()
        for part, work in enumerate((ATTENTION, MLP)):
            if self._ring.mode is TensorMode.TENSOR_SEQUENCE:
                self._block(work, part)
            else:
                self._compute(work, part)
            if self._ring.mode is TensorMode.TENSOR:
                self._scatter()
                self._gather()
            self._compute(CONNECTIVE, 2)
        return set().union(*self._last)

    def carry_out(self, stops: Mapping[str, int]) -> Run:
        """What happened, in whole ns; a device that stops takes the hops at its ends with it."""
        clock = self._ring.clock
        done = self.flow.carry_out({name: at * clock for name, at in stops.items()})
        return Run(
            done.tasks,
            tuple(
                span
                and Span(
                    span.task, -(-span.start_ns // clock), -(-span.stop_ns // clock), span.lost
                )
                for span in done.spans
            ),
        )

    def _block(self, work: str, part: int) -> None:
        """An all-gather, a part of a layer and a reduce-scatter; its ends tile by tile."""
        number, tiles = self._number, self._ring.tiles
        entry, leaving = self._ring.ends[part]
        whole = [parts[part] for parts in self._ring.parts]
        self._gather(work, [ns * entry for ns in whole])
        # The last tile at entry and the first one at the exit have no transfer beside them.
        rows, ticks = self._ring.problem.rows, []
        for device, ns in enumerate(whole):
            beside = entry * (rows - tiles[(device + 1) % number])
            beside += leaving * (rows - tiles[(device - 1) % number])
            ticks.append(ns * self._ring.clock - ns * beside)
        self._each(work, ticks)
        self._scatter(work, [ns * leaving for ns in whole])

    def _gather(self, work: str = "", per_row: Sequence[int] = ()) -> None:
        """All-gather: a device works on the tile that it passes on; per_row: ticks of a row."""
        number = self._number
        for step in range(number - 1):
            sent = [(device - step) % number for device in range(number)]
            self._step(sent, work, per_row, sent)

    def _scatter(self, work: str = "", per_row: Sequence[int] = ()) -> None:
        """Reduce-scatter: a device works on the tile that comes in, to which it then adds."""
        number = self._number
        for step in range(1, number):
            sent = [(device - step) % number for device in range(number)]
            self._step(sent, work, per_row, [(tile - 1) % number for tile in sent])

    def _step(
        self, sent: Sequence[int], work: str, per_row: Sequence[int], tiles: Sequence[int]
    ) -> None:
        """sent, tiles: per device, the tile that it passes on and the one that it works on."""
        number, before = self._number, self._last
        beside: list[tuple[int, ...]] = [()] * number
        if any(per_row):
            rows = self._ring.tiles
            self._each(work, [n * rows[tile] for n, tile in zip(per_row, tiles, strict=True)])
            beside = self._last
        hops = []
        for device, hop in enumerate(self._hops):
            ticks = self._ring.hop_ns(device, sent[device]) * self._ring.clock
            after = before[device] + before[(device + 1) % number]
            piece = Piece(self._layer, device, TRANSFER)
            hops.append(self.flow.add(self._medium.machines(hop), ticks, after, piece))
        self._last = [(*beside[d], hops[d], hops[d - 1]) for d in range(number)]

    def _compute(self, work: str, part: int) -> None:
        """A part of a layer on every device."""
        self._each(work, [parts[part] * self._ring.clock for parts in self._ring.parts])

    def _each(self, work: str, ticks: Sequence[int]) -> None:
        self._last = [
            (self.flow.add((hop.device,), ticks[d], self._last[d], Piece(self._layer, d, work)),)
            for d, hop in enumerate(self._hops)
        ]
