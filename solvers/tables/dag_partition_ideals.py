"""Downward-closed sets of groups (ideals) and the load of what lies between two of them."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from solvers.base import Stopwatch
from solvers.tables.dag_partition import Bools, Ints, Tables

Floats = npt.NDArray[np.float64]

# Codes of `trace` for a net that the ideal leaves out or holds entirely.
NONE, ALL = -1, -2
# Added to a pair per group in which it is no pair of nested sets: above every load.
_NOT_NESTED = float(2**54)


class OutOfTimeError(Exception):
    """The stopwatch ran out."""


class TooManyIdealsError(Exception):
    """There are more ideals than the caller has room for."""


def all_ideals(tables: Tables, cap: int, watch: Stopwatch) -> Bools:
    """[n, m] every ideal, by size. Raises TooManyIdealsError, OutOfTimeError.

    Level by level: an ideal grows by each group all of whose predecessors it holds.
    """
    size = tables.groups
    if not tables.before and 2**size > cap:
        raise TooManyIdealsError
    after = np.zeros((size, size), dtype=np.int16)
    for before, behind in tables.before:
        after[before, behind] = 1
    held = np.zeros((1, size), dtype=bool)
    missing = after.sum(axis=0, dtype=np.int16)[np.newaxis]
    levels, total = [held], 1
    for _ in range(size):
        if watch.expired():
            raise OutOfTimeError
        parent, added = np.nonzero((missing == 0) & ~held)
        grown = held[parent]
        grown[np.arange(added.size), added] = True
        packed = np.packbits(grown, axis=1)
        keys = np.ascontiguousarray(packed).view(f"V{packed.shape[1]}").ravel()
        first = np.unique(keys, return_index=True)[1]
        held = grown[first]
        missing = missing[parent[first]] - after[added[first]]
        total += first.size
        if total > cap:
            raise TooManyIdealsError
        levels.append(held)
    return np.concatenate(levels)


def prefixes(order: Ints) -> Bools:
    """[m + 1, m] the ideals that a linear order of all groups passes through."""
    held = np.zeros((order.size + 1, order.size), dtype=bool)
    for length in range(order.size):
        held[length + 1 :, order[length]] = True
    return held


@dataclass(frozen=True, eq=False)
class Ideals:
    """Ideals with their sums.

    held [n, m]; accelerator_ns, cpu_ns, size_bytes, unsupported (groups) [n]; trace [n, nets]:
    which part of a net an ideal holds, NONE, ALL or a number of its own per net and part;
    cut_ns [n]: cost of the nets that it cuts.
    """

    tables: Tables
    held: Bools
    accelerator_ns: Ints
    cpu_ns: Ints
    size_bytes: Ints
    unsupported: Ints
    trace: npt.NDArray[np.int32]
    cut_ns: Ints

    def cpu_loads(self, rows: Ints, columns: Ints) -> Floats:
        """[rows, columns] CPU ns of J - I for I in rows, J in columns; huge unless I within J."""
        left, right = _nested(self.held[rows], self.held[columns])
        loads = left @ right.T
        loads += self.cpu_ns[columns] - self.cpu_ns[rows][:, np.newaxis]
        return loads

    def accelerator_loads(self, rows: Ints, columns: Ints) -> Floats:
        """[rows, columns] load of J - I on an accelerator; huge where it must not be there.

        A net is cut by J - I where J cuts it and does not hold exactly the part that I holds, or
        where I cuts it and J holds it all. So only nets that I cuts need a look at the pair:

            load = time(J) - time(I) + cut_ns(J) + Σ_{net cut by I} ns x ([J holds all] - [J as I])

        which is a product of a matrix of I and a matrix of J.
        """
        left, right = self._features(rows, columns)
        loads = left @ right.T
        loads += (self.accelerator_ns + self.cut_ns)[columns]
        loads -= self.accelerator_ns[rows][:, np.newaxis]
        if self.size_bytes[-1] > self.tables.memory_bytes:
            filled = self.size_bytes[columns] - self.size_bytes[rows][:, np.newaxis]
            loads[filled > self.tables.memory_bytes] = _NOT_NESTED
        if self.unsupported[-1]:
            kept_out = self.unsupported[columns] > self.unsupported[rows][:, np.newaxis]
            loads[kept_out] = _NOT_NESTED
        return loads

    def _features(self, rows: Ints, columns: Ints) -> tuple[Floats, Floats]:
        nested = _nested(self.held[rows], self.held[columns])
        traced = self.trace[rows]
        net = np.flatnonzero((traced >= 0).any(axis=0))
        traced, seen = traced[:, net], self.trace[np.ix_(columns, net)]
        cost = self.tables.net_ns[net]
        parts, where = np.unique(traced, return_inverse=True)
        where = where.reshape(traced.shape)
        holder = np.zeros(parts.size, dtype=np.int64)
        holder[where] = np.arange(net.size)
        same = np.zeros((rows.size, parts.size))
        same[np.arange(rows.size)[:, np.newaxis], where] = 1
        real = parts >= 0
        matches = np.where(seen[:, holder] == parts, -cost[holder], 0.0)
        left = np.hstack([nested[0], (traced >= 0).astype(float), same[:, real]])
        right = np.hstack([nested[1], np.where(seen == ALL, cost, 0.0), matches[:, real]])
        return left, right


def _nested(inner: Bools, outer: Bools) -> tuple[Floats, Floats]:
    """Factors whose product is 0 where a row of `inner` lies within one of `outer`, else huge."""
    telling = inner.any(axis=0) & ~outer.all(axis=0)
    return inner[:, telling].astype(float), np.where(outer[:, telling], 0.0, _NOT_NESTED)


def build_ideals(tables: Tables, held: Bools) -> Ideals:
    """The sums over ideals; the last one holds every group."""
    trace = np.full((held.shape[0], len(tables.nets)), NONE, dtype=np.int32)
    known = 0
    for index, (ends, _) in enumerate(tables.nets):
        part = held[:, list(ends)]
        touched, whole = part.any(axis=1), part.all(axis=1)
        packed = np.ascontiguousarray(np.packbits(part, axis=1))
        keys = packed.view(f"V{packed.shape[1]}").ravel()
        cut = touched & ~whole
        parts, code = np.unique(keys[cut], return_inverse=True)
        trace[cut, index] = known + code
        trace[whole, index] = ALL
        known += parts.size
    numbers = held.astype(np.int64)
    return Ideals(
        tables=tables,
        held=held,
        accelerator_ns=numbers @ tables.accelerator_ns,
        cpu_ns=numbers @ tables.cpu_ns,
        size_bytes=numbers @ tables.size_bytes,
        unsupported=numbers @ (~tables.supported).astype(np.int64),
        trace=trace,
        cut_ns=(trace >= 0).astype(np.int64) @ tables.net_ns,
    )
