"""Loads split among the hosts of a placement: one linear program for any number of batches.

For batch b, replicas n and rates s in units of their common divisor:

    min Σ_b z_b    Σ_g f_beg = w_be    Σ_e f_beg ≤ s_g z_b    f ≥ 0, only where n_eg > 0

Experts with one host are constants. The rows of the devices come last, so that their dual values
name the devices that limit a batch.
"""

from dataclasses import dataclass
from math import gcd

import numpy as np
import numpy.typing as npt

from solvers.integer_program import IntegerProgram
from solvers.program_builder import Builder
from solvers.tables.expert_balance import Bools, Floats, Ints


@dataclass(frozen=True, eq=False)
class Batches:
    """The program of B batches and where its columns stand.

    places: [C, 3] batch, expert and device of each flow; the times z follow, one per batch; the
    last B x G rows are the devices'.
    """

    program: IntegerProgram
    places: Ints
    loads: Ints
    hosts: Bools
    unit: int

    def flows(self, point: Floats) -> Floats:
        """[B, E, G] tokens in a point of the program."""
        found = np.zeros(self.hosts.shape)
        alone = self.hosts & (self.hosts.sum(axis=2) == 1)[:, :, None]
        found += alone * self.loads[:, :, None]
        batch, expert, device = self.places.T
        found[batch, expert, device] = np.maximum(point[: len(self.places)], 0.0)
        return found

    def tight(self, duals: Floats) -> Bools:
        """[B, G] devices whose rates limit a batch."""
        size = self.hosts.shape[0], self.hosts.shape[2]
        rows = duals[len(duals) - size[0] * size[1] :].reshape(size)
        return np.asarray(np.abs(rows) > 1e-9)


def batches(loads: Ints, hosts: Bools, rate: npt.NDArray[np.int64]) -> Batches:
    """loads: [B, E]; hosts: [B, E, G], one or more for each expert; rate: [G] tokens per s."""
    unit = gcd(*rate.tolist())
    scaled = (rate // unit).tolist()
    number = hosts.sum(axis=2)
    shared = hosts & (number > 1)[:, :, None] & (loads > 0)[:, :, None]
    places = np.argwhere(shared)
    builder = Builder()
    for batch, expert, _ in places.tolist():
        builder.column(upper=int(loads[batch, expert]), whole=False)
    totals = loads.sum(axis=1).tolist()
    times = [builder.column(1, upper=int(total), whole=False) for total in totals]
    demand: dict[tuple[int, int], list[tuple[int, int]]] = {}
    taken: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for column, (batch, expert, device) in enumerate(places.tolist()):
        demand.setdefault((batch, expert), []).append((column, 1))
        taken.setdefault((batch, device), []).append((column, 1))
    for (batch, expert), terms in demand.items():
        load = int(loads[batch, expert])
        builder.row(terms, load, load)
    alone = hosts & (number == 1)[:, :, None]
    fixed = np.einsum("be,beg->bg", loads, alone).tolist()
    for batch, time in enumerate(times):
        for device, speed in enumerate(scaled):
            terms = taken.get((batch, device), [])
            builder.row([*terms, (time, -speed)], high=-int(fixed[batch][device]))
    return Batches(builder.program(), places, loads, hosts, unit)
