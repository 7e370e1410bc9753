"""The integer program of split computing under one policy, for any solver of such programs.

    a[v,d]   layer v runs on device d            g[t]   bottleneck-on-hop t is used
    z[u,k,q] tensor u crosses hop k in form q    T      the worst of several scenarios

With p[v,k] = Σ_{d>k} a[v,d] + Σ_{t: v replaced, encoder behind k} g[t] (v is behind hop k), and
p'[u,k] = p[u,k] + Σ_{t after u, on hop k} g[t] (its tensor is), each method below adds one family.
Without bottlenecks, limits and several scenarios the rows are differences of the p's, the
constraint matrix is that of a network, and the linear relaxation is integral (Picard and
Queyranne 1980).
"""

from models.problems.split_computing import SplitComputingPlan
from solvers.base import UNREACHABLE
from solvers.integer_program import Array, IntegerProgram
from solvers.program_builder import Builder
from solvers.tables.split_computing import Sent, Tables

Expression = list[tuple[int, int]]


class Formulation:
    """Columns and rows for the tables of one policy."""

    def __init__(self, tables: Tables) -> None:
        self.tables = tables
        self.builder = Builder()
        aims = tables.aims
        self.single = aims[0] if len(aims) == 1 else None
        run = tables.run.tolist()
        self.columns: list[tuple[int, tuple[int, ...]]] = []
        self.runs = {
            (v, d): self._priced(tuple(run[v][d]))
            for v in range(1, tables.layers + 1)
            for d in range(tables.hops + 1)
        }
        self.sends = {
            (crossing, name): self._priced(cost)
            for crossing, forms in tables.forms.items()
            if tables.readers[crossing[0]]
            for name, cost in forms
        }
        self.uses = [self._priced(use.cost) for use in tables.through]
        self.every_layer_runs_once_or_is_replaced()
        self.at_most_one_bottleneck()
        self.data_moves_forward_and_crossings_are_paid()
        self.limits_hold()
        self.the_worst_scenario_counts()

    def _priced(self, cost: tuple[int, ...]) -> int:
        column = self.builder.column(0 if self.single is None else cost[self.single])
        self.columns.append((column, cost))
        return column

    def every_layer_runs_once_or_is_replaced(self) -> None:
        """Each layer runs on one device, unless the bottleneck in use replaces it."""
        for v in range(1, self.tables.layers + 1):
            terms = [(self.runs[v, d], 1) for d in range(self.tables.hops + 1)]
            terms += [
                (column, 1)
                for use, column in zip(self.tables.through, self.uses, strict=True)
                if v in self.tables.replaced[use.after]
            ]
            self.builder.row(terms, 1, 1)

    def at_most_one_bottleneck(self) -> None:
        """At most one bottleneck is used."""
        if self.uses:
            self.builder.row([(column, 1) for column in self.uses], high=1)

    def data_moves_forward_and_crossings_are_paid(self) -> None:
        """A reader is not before what it reads; where it is behind, some form of it is sent."""
        for v in range(1, self.tables.layers + 1):
            for u in self.tables.sources[v]:
                for hop in range(self.tables.hops):
                    behind = self._behind(v, hop)
                    moved = behind + [(c, -a) for c, a in self._tensor_behind(u, hop)]
                    self.builder.row(moved, low=0)
                    forms = self.tables.forms[u, hop]
                    sent = [(self.sends[(u, hop), name], -1) for name, _ in forms]
                    self.builder.row(moved + sent, high=0)

    def _behind(self, v: int, hop: int) -> Expression:
        terms = [(self.runs[v, d], 1) for d in range(hop + 1, self.tables.hops + 1)]
        return terms + [
            (column, 1)
            for use, column in zip(self.tables.through, self.uses, strict=True)
            if use.hop > hop and v in self.tables.replaced[use.after]
        ]

    def _tensor_behind(self, u: int, hop: int) -> Expression:
        if u == 0:
            return []
        decoded = [
            (column, 1)
            for use, column in zip(self.tables.through, self.uses, strict=True)
            if use.after == u and use.hop == hop
        ]
        return self._behind(u, hop) + decoded

    def limits_hold(self) -> None:
        """No limited metric is passed."""
        for metric, limit in enumerate(self.tables.limit):
            if limit < UNREACHABLE:
                terms = [(column, cost[metric]) for column, cost in self.columns]
                self.builder.row(terms, high=limit - self.tables.start[metric])

    def the_worst_scenario_counts(self) -> None:
        """The objective is at least each scenario's sum."""
        if self.single is not None:
            return
        most = max(sum(cost[m] for _, cost in self.columns) for m in self.tables.aims)
        worst = self.builder.column(1, upper=most, whole=False)
        for metric in self.tables.aims:
            terms = [(column, -cost[metric]) for column, cost in self.columns]
            self.builder.row([(worst, 1), *terms], low=0)

    @property
    def program(self) -> IntegerProgram:
        """The program."""
        return self.builder.program()

    def offset(self) -> int:
        """What the policy costs before anything runs."""
        return self.tables.value(self.tables.start)

    def plan(self, point: Array) -> SplitComputingPlan:
        """The plan of a point; a form paid for without need is left out."""
        levels = {v: d for (v, d), column in self.runs.items() if point[column]}
        use = next(
            (t for t, column in zip(self.tables.through, self.uses, strict=True) if point[column]),
            None,
        )
        sent: Sent = {}
        for crossing in self.tables.needed(levels, use):
            chosen = (name for name, _ in self.tables.forms[crossing])
            sent[crossing] = next(n for n in chosen if point[self.sends[crossing, n]])
        return self.tables.plan(levels, sent, use)
