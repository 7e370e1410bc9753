"""One layer as a mixed-integer program for HiGHS: replicas by count, or hosts and flows.

    equal_split   n_ecg replicas of e on g where e has c in all, y_ec whether it has c:
                  Σ_c y_ec = 1    Σ_g n_ecg = c y_ec    Σ_ec n_ecg = slots_g
                  10⁹ Σ_ec (D / c) w_te n_ecg ≤ D rate_g z_t    D = lcm(1, …, C)
    split         x_eg whether e is on g, flows f_teg ≥ 0 in parts of a token, 10⁹ of them:
                  1 ≤ Σ_e x_eg ≤ slots_g    f_teg ≤ 10⁹ w_te x_eg    Σ_g f_teg = 10⁹ w_te
                  Σ_e f_teg ≤ rate_g z_t
    both          q_bm whether group b is on node m: Σ_m q_bm = 1, Σ_b q_bm = groups per node;
                  a_eg whether e comes to g anew; η + s_t ≥ z_t for the tail
                  min Σ_t weight_t z_t + tail (k η + Σ_t s_t) + move Σ a_eg

10⁹ and the rates are divided by what they have in common. z counts in whole ns; told so, HiGHS
fails: numbers of 10⁷ are not whole to it at the tolerances that proofs need, and it calls a far
worse point the optimum. So z is fractional at first, which is enough for one window; for more,
`whole` says so. With whole z there are flows of whole parts where there are any, and η and s are
whole of themselves.
"""

from dataclasses import dataclass, replace
from math import gcd, lcm

import numpy as np

from models.problems.expert_balance import Mode
from solvers.integer_program import NO_LIMIT, Array, IntegerProgram
from solvers.program_builder import Blocks
from solvers.tables.expert_balance import NS_PER_S, Ints, Layer


@dataclass(frozen=True, eq=False)
class Formulation:
    """The program; place: [P, 2] expert and device of its first columns; times: [T] those of z."""

    program: IntegerProgram
    place: Ints
    times: Ints

    @property
    def whole(self) -> IntegerProgram:
        """The program with times of whole ns."""
        whole = self.program.whole.copy()
        whole[self.times] = True
        return replace(self.program, whole=whole)

    def counts(self, point: Array, layer: Layer) -> Ints:
        """[E, G] of a point."""
        counts = np.zeros((layer.experts, layer.devices), dtype=np.int64)
        whole = np.round(point[: len(self.place)]).astype(np.int64)
        np.add.at(counts, (self.place[:, 0], self.place[:, 1]), whole)
        return counts


class _Columns:
    """Columns as they are added."""

    def __init__(self) -> None:
        self.cost: list[Array] = []
        self.upper: list[Array] = []
        self.whole: list[Array] = []
        self.count = 0

    def add(self, number: int, cost: Array | int, upper: Array | int, *, whole: bool) -> Ints:
        """`number` more columns from 0 on; their indices."""
        self.cost.append(np.broadcast_to(np.asarray(cost, dtype=np.int64), number))
        self.upper.append(np.broadcast_to(np.asarray(upper, dtype=np.int64), number))
        self.whole.append(np.full(number, whole))
        self.count += number
        return np.arange(self.count - number, self.count)


def formulation(layer: Layer) -> Formulation:
    """The program of a layer."""
    columns, rows = _Columns(), Blocks()
    build = _split if layer.mode is Mode.SPLIT else _equal
    place, load = build(layer, columns, rows)
    if layer.nodes > 1:
        _groups_stay_on_nodes(layer, columns, rows, place)
    if layer.move_ns:
        _moves_are_paid(layer, columns, rows, place)
    times = _windows_wait_for_the_slowest(layer, columns, rows, load)
    cost, upper = np.concatenate(columns.cost), np.concatenate(columns.upper)
    whole = np.concatenate(columns.whole)
    program = rows.program(cost, np.zeros(columns.count, dtype=np.int64), upper, whole)
    return Formulation(program, place, times)


# Row (window, device), column, what it brings in the unit that the fourth is of a ns per rate.
Load = tuple[Array, Array, Array, int]


def representable(layer: Layer) -> bool:
    """Whether the program's numbers are within 64 bits."""
    parts = lcm(*range(1, layer.spare + 2)) if layer.mode is Mode.EQUAL_SPLIT else 1
    tokens = max(1, int(layer.loads.sum(axis=1).max()))
    return parts * max(tokens * NS_PER_S, int(layer.rate.max())) < NO_LIMIT


def _common(layer: Layer) -> tuple[int, Ints]:
    """10⁹ and the rates [G], divided by what they have in common."""
    divisor = gcd(NS_PER_S, *layer.rate.tolist())
    return NS_PER_S // divisor, layer.rate // divisor


def _equal(layer: Layer, columns: _Columns, rows: Blocks) -> tuple[Ints, Load]:
    """Replicas by how many there are in all."""
    most, size, devices = layer.spare + 1, layer.experts, layer.devices
    index = np.indices((size, most, devices)).reshape(3, -1)
    expert, count, device = index[0], index[1] + 1, index[2]
    upper = np.minimum(count, layer.slots[device])
    n = columns.add(len(expert), 0, upper, whole=True)
    y = columns.add(size * most, 0, 1, whole=True).reshape(size, most)
    rows.add(size, (np.repeat(np.arange(size), most), y.ravel(), 1), 1, 1)
    pair = expert * most + count - 1
    pairs = np.arange(size * most)
    counts = -(pairs % most + 1)
    link = np.concatenate([pair, pairs]), np.concatenate([n, y.ravel()])
    rows.add(size * most, (*link, np.concatenate([np.ones(len(n), dtype=np.int64), counts])), 0, 0)
    rows.add(devices, (device, n, 1), layer.slots, layer.slots)
    windows = np.arange(len(layer.loads))
    parts = lcm(*range(1, most + 1))
    tokens = (layer.loads[:, expert] * (parts // count) * _common(layer)[0]).ravel()
    row = (windows[:, None] * devices + device).ravel()
    return np.stack([expert, device], axis=1), (row, np.tile(n, len(windows)), tokens, parts)


def _split(layer: Layer, columns: _Columns, rows: Blocks) -> tuple[Ints, Load]:
    """Hosts, and a flow to each of them in each window."""
    size, devices, windows = layer.experts, layer.devices, len(layer.loads)
    expert, device = np.indices((size, devices)).reshape(2, -1)
    x = columns.add(len(expert), 0, 1, whole=True)
    rows.add(size, (expert, x, 1), 1, NO_LIMIT)
    rows.add(devices, (device, x, 1), 1, layer.slots)
    scaled = layer.loads * _common(layer)[0]
    load = scaled[:, expert].ravel()
    f = columns.add(len(load), 0, load, whole=False)
    at = np.arange(len(load))
    entries = np.tile(at, 2), np.concatenate([f, np.tile(x, windows)])
    rows.add(len(at), (*entries, np.concatenate([np.ones_like(load), -load])), -NO_LIMIT, 0)
    demand = (np.arange(windows)[:, None] * size + expert).ravel()
    wanted = scaled.ravel()
    rows.add(windows * size, (demand, f, 1), wanted, wanted)
    row = (np.arange(windows)[:, None] * devices + device).ravel()
    return np.stack([expert, device], axis=1), (row, f, np.ones_like(f), 1)


def _groups_stay_on_nodes(layer: Layer, columns: _Columns, rows: Blocks, place: Ints) -> None:
    """A group has one node, a node its number of groups, a replica the node of its group."""
    groups, nodes = int(layer.group.max()) + 1, layer.nodes
    q = columns.add(groups * nodes, 0, 1, whole=True)
    at = np.arange(groups * nodes)
    rows.add(groups, (at // nodes, q, 1), 1, 1)
    rows.add(nodes, (at % nodes, q, 1), layer.each, layer.each)
    home = q[layer.group[place[:, 0]] * nodes + layer.node[place[:, 1]]]
    _implies(rows, np.arange(len(place)), home, layer.slots[place[:, 1]])


def _moves_are_paid(layer: Layer, columns: _Columns, rows: Blocks, place: Ints) -> None:
    """An expert on a device that did not have it costs once, however many replicas."""
    fresh = np.flatnonzero(~layer.held[place[:, 0], place[:, 1]])
    pairs = place[fresh, 0] * layer.devices + place[fresh, 1]
    distinct, which = np.unique(pairs, return_inverse=True)
    a = columns.add(len(distinct), layer.move_ns, 1, whole=True)
    if len(fresh):
        _implies(rows, fresh, a[which], layer.slots[place[fresh, 1]])


def _implies(rows: Blocks, column: Array, switch: Array, most: Array) -> None:
    """Rows for column ≤ most · switch."""
    at = np.arange(len(column))
    values = np.concatenate([np.ones_like(column), -most])
    entries = np.tile(at, 2), np.concatenate([column, switch]), values
    rows.add(len(column), entries, -NO_LIMIT, 0)


def _windows_wait_for_the_slowest(
    layer: Layer, columns: _Columns, rows: Blocks, load: Load
) -> Ints:
    """z_t is no less than any device's time; the tail pays what is above η. The columns of z."""
    windows, devices = len(layer.loads), layer.devices
    most = -(-NS_PER_S * layer.loads.sum(axis=1) // layer.rate.min())
    z = columns.add(windows, layer.weight, most, whole=False)
    row, column, tokens, parts = load
    at = np.arange(windows * devices)
    rate = -parts * _common(layer)[1][at % devices]
    entries = np.concatenate([row, at]), np.concatenate([column, z[at // devices]])
    rows.add(len(at), (*entries, np.concatenate([tokens, rate])), -NO_LIMIT, 0)
    weight, worst = layer.tail
    if weight:
        eta = columns.add(1, weight * worst, most.max(), whole=False)
        s = columns.add(windows, weight, most, whole=False)
        t = np.arange(windows)
        entries = np.tile(t, 3), np.concatenate([z, np.repeat(eta, windows), s])
        rows.add(windows, (*entries, np.repeat([1, -1, -1], windows)), -NO_LIMIT, 0)
    return z
