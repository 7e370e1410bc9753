"""Branch and bound whose bounds hold in exact integers: a proof without tolerances, of few nodes.

HiGHS solves the linear relaxations and nothing it says is taken at its word: a node is left out
where its duals prove so in integers (solvers/backends/safe_bound.py) or propagation finds it empty,
points are rounded and checked. Everything else is branched on, so that floating point can cost
nodes but not the truth. (Cook, Koch, Steffy and Wolter, Mathematical Programming Computation 5,
2013, call this safe dual bounds.) For large programs it is too slow: it settles what HiGHS' own
search leaves open, a gap within tolerances or the word "infeasible", where nodes are few.
"""

from dataclasses import dataclass

import numpy as np

from solvers.backends import highs
from solvers.backends.highs_relaxation import Relaxation
from solvers.backends.propagation import tightened, with_cutoff
from solvers.backends.safe_bound import divisor, farkas, priced
from solvers.backends.settling import settled
from solvers.base import Stopwatch
from solvers.integer_program import Array, Floats, IntegerProgram

# Entries looked at in all nodes together; equal programs get equal answers on any machine.
_WORK = 2_000_000
# Of small programs: some seconds.
_MOST = 5_000
# With fewer nodes than this there is only the root, with none not even that.
_FEW = 10
# LP values nearer to an integer than this are rounded before branching on them.
_NEAR = 1e-6


@dataclass(frozen=True, eq=False)
class Proof:
    """The best point that is known, None where there is none; no point costs less than the bound.

    finished: nothing is left open, the point is the best or there is none. bound: None where
    nothing is proved.
    """

    point: Array | None
    bound: int | None
    finished: bool


@dataclass(frozen=True, eq=False)
class _Node:
    """Bounds [n] of the columns, and what is proved of the points between them."""

    lower: Array
    upper: Array
    bound: int | None


def prove(program: IntegerProgram, watch: Stopwatch, point: Array | None = None) -> Proof:
    """Search from a point that is known, as far as the work or the stopwatch allows."""
    nodes = min(_MOST, _WORK // max(1, program.value.size))
    if nodes < _FEW or not program.columns:
        return _root(program, watch, point)
    search = _Search(program, point)
    while search.open and nodes > 0 and not watch.expired():
        search.step()
        nodes -= 1
    return search.proof()


def _root(program: IntegerProgram, watch: Stopwatch, point: Array | None) -> Proof:
    """What the linear relaxation alone proves, supervised and with presolve."""
    if program.value.size > _WORK:
        return Proof(point, None, finished=False)
    duals = highs.relax(program, watch).duals
    bound = None if duals is None else priced(program, duals).bound
    if point is None or bound is None:
        return Proof(point, bound, finished=False)
    return Proof(point, bound, bound >= program.least_alike(program.objective(point)))


class _Search:
    """Depth first; ends with boxes of a single point at the latest."""

    def __init__(self, program: IntegerProgram, point: Array | None) -> None:
        self.program = program
        self.relaxation = Relaxation(program)
        self.step_size = divisor(program)
        self.open = [_Node(program.lower, program.upper, None)]
        self.point: Array | None = None
        self.value: int | None = None
        self.most: int | None = None
        self.cut = program
        self._offer(point)

    def _offer(self, point: Array | None) -> None:
        if point is None:
            return
        value = self.program.objective(point)
        if self.value is None or value < self.value:
            self.point, self.value = point, value
            self.most = min(value - self.step_size, self.program.least_alike(value) - 1)
            self.cut = with_cutoff(self.program, self.most)

    def step(self) -> None:
        """Look at one node."""
        node = self.open.pop()
        narrowed = tightened(self.cut, node.lower, node.upper)
        if narrowed is None:
            return
        lower, upper = narrowed
        if (lower == upper).all():
            self._offer(lower if self.program.holds(lower) else None)
            return
        solved = self.relaxation.solve(lower, upper)
        if solved.ray is not None and farkas(self.program, solved.ray, (lower, upper)):
            return
        bound = node.bound
        if solved.duals is not None:
            proved = priced(self.program, solved.duals, (lower, upper))
            bound = proved.bound if bound is None else max(bound, proved.bound)
        values = (lower + upper) / 2 if solved.values is None else solved.values
        values = np.clip(values, lower, upper)
        self._offer(settled(self.program, values))
        if self.most is not None and bound is not None and bound > self.most:
            return
        if self.most is not None and solved.duals is not None:
            lower, upper = proved.narrowed(self.most)
        self._branch(_Node(lower, upper, bound), values)

    def _branch(self, node: _Node, values: Floats) -> None:
        """Halve the range of the most fractional column, the nearer half on top."""
        open_ = node.lower < node.upper
        # What follows from the others is settled last, where they leave it a choice at all.
        free = np.flatnonzero(open_ & (self.program.whole | ~(open_ & self.program.whole).any()))
        if not free.size:
            if not (node.lower > node.upper).any():
                self.open.append(node)
            return
        away = np.abs(values[free] - np.rint(values[free]))
        column = int(free[away.argmax()])
        if away.max() < _NEAR:
            column = int(free[0])
        middle = int(np.floor(values[column] + _NEAR))
        middle = min(max(middle, int(node.lower[column])), int(node.upper[column]) - 1)
        below, above = node.upper.copy(), node.lower.copy()
        below[column], above[column] = middle, middle + 1
        halves = [_Node(node.lower, below, node.bound), _Node(above, node.upper, node.bound)]
        self.open += halves if values[column] > middle + 0.5 else halves[::-1]

    def proof(self) -> Proof:
        """What is known now."""
        left = [node.bound for node in self.open]
        known = [bound for bound in left if bound is not None]
        if not left:
            alike = None if self.value is None else self.program.least_alike(self.value)
            return Proof(self.point, alike, finished=True)
        if len(known) < len(left):
            return Proof(self.point, None, finished=False)
        least = min(known)
        bound = least if self.value is None else min(least, self.value)
        return Proof(self.point, bound, finished=False)
