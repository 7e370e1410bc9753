"""Offload placement as a constraint program: each client's column is a number, looked up.

    pick[c] ∈ 0 .. columns of c - 1        cost[c], loss[c], … = the picked column's    (element)
    there[k] ∈ {0, 1}                      there[copy of the picked column] = 1         (element)
    there[k] ⇒ its base                    slowest[p] = max of the times of p's clients (maximum)

Nothing of the assignment program's z and y remains; bounds come from CP-SAT's own reasoning.
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from models.problems.offload_placement import OffloadPlacementPlan, OffloadPlacementProblem
from models.result import Claim, Limits, Reason
from solvers.backends import cpsat
from solvers.backends.cpsat import CpModel, IntVar, LinearExpr
from solvers.base import Progress, Stopwatch
from solvers.tables.offload_placement import Ints, Tables, build

# Elements propagate little: above it, no bound comes in minutes.
MAX_COLUMNS = 4_000


class _Model:
    """Variables, constraints and objective, in this order."""

    def __init__(self, tables: Tables) -> None:
        self.tables = tables
        self.model = CpModel()
        self.ranges = list(pairwise(tables.start.tolist()))
        self.pick = [self.model.new_int_var(0, b - a - 1, "") for a, b in self.ranges]
        self.there = [self.model.new_bool_var("") for _ in tables.size]
        self.bases = [self.model.new_bool_var("") for _ in tables.base_size]
        self.what_is_picked_is_there()
        self.budgets_hold()
        self.minimise()

    def looked_up(self, amounts: Ints) -> list[IntVar]:
        """Per client the amount of the column that it picks; amounts: [N]."""
        found = []
        for (a, b), pick in zip(self.ranges, self.pick, strict=True):
            values = amounts[a:b].tolist()
            # A variable even where it is constant: CP-SAT's inner bound leaves offsets out.
            variable = self.model.new_int_var(min(values), max(values), "")
            self.model.add_element(pick, values, variable)
            found.append(variable)
        return found

    def what_is_picked_is_there(self) -> None:
        """The copy of a picked column is there, and so is the base that it shares."""
        for (a, b), pick in zip(self.ranges, self.pick, strict=True):
            copies = self.tables.copy[a:b].tolist()
            self.model.add_element(pick, [self.there[copy] for copy in copies], 1)
        for copy, base in enumerate(self.tables.base.tolist()):
            if base >= 0:
                self.model.add_implication(self.there[copy], self.bases[base])

    def budgets_hold(self) -> None:
        """Rooms, losses, busy times, and enough experts served as themselves."""
        tables = self.tables
        terms: list[list[tuple[IntVar, int]]] = [[] for _ in tables.capacity]
        stored = [(self.there, tables.room_row, tables.size)]
        stored += [(self.bases, tables.base_row, tables.base_size)]
        for variables, rows, sizes in stored:
            for variable, row, size in zip(variables, rows.tolist(), sizes.tolist(), strict=True):
                if row >= 0:
                    terms[row].append((variable, size))
        for rows, amounts in tables.uses:
            for row in np.unique(rows[rows >= 0]).tolist():
                used = self.looked_up(np.where(rows == row, amounts, 0))
                terms[row] += [(amount, 1) for amount in used]
        for row, capacity in zip(terms, tables.capacity.tolist(), strict=True):
            self.model.add(_sum(row) <= capacity)

    def minimise(self) -> None:
        """The latency of all clients or patterns, and the moves."""
        tables = self.tables
        terms: list[tuple[IntVar, int]] = list(zip(self.there, tables.price.tolist(), strict=True))
        terms += zip(self.bases, tables.base_price.tolist(), strict=True)
        if tables.patterns is None:
            terms += [(cost, 1) for cost in self.looked_up(tables.cost)]
        else:
            tokens, clients, starts = tables.patterns
            times = self.looked_up(tables.time)
            most = int(tables.time.max(initial=0))
            for weight, (a, b) in zip(tokens.tolist(), pairwise(starts.tolist()), strict=True):
                slowest = self.model.new_int_var(0, most, "")
                self.model.add_max_equality(slowest, [times[c] for c in clients[a:b].tolist()])
                terms.append((slowest, weight))
        self.model.minimize(_sum(terms))

    def hint(self, chosen: Ints) -> None:
        """Starts the search from a choice of columns."""
        copies, _ = self.tables.used(chosen)
        for client, (a, _) in enumerate(self.ranges):
            self.model.add_hint(self.pick[client], int(chosen[client]) - a)
        for copy, variable in enumerate(self.there):
            self.model.add_hint(variable, copy in copies)

    def chosen(self, values: Sequence[int]) -> Ints:
        """[C] the columns of the picked numbers."""
        return self.tables.start[:-1] + np.array(values[: self.tables.clients], dtype=np.int64)


def _sum(terms: Sequence[tuple[IntVar, int]]) -> LinearExpr:
    return LinearExpr.weighted_sum([a for a, _ in terms], [b for _, b in terms])


class ConstraintProgram:
    """Clause learning on picks; small placements only."""

    name = "cpsat"

    def solve(
        self,
        problem: OffloadPlacementProblem,
        limits: Limits,
        hint: OffloadPlacementPlan | None = None,
        report: Progress[OffloadPlacementPlan] | None = None,
    ) -> Claim[OffloadPlacementPlan]:
        """The optimum, or proof that there is no plan."""
        watch = Stopwatch(limits, report)
        listener = report or Progress()
        tables = build(problem)
        if tables.empty:
            return Claim(self.name, Reason.INFEASIBLE, detail="an expert can be served by nothing")
        if len(tables.cost) > MAX_COLUMNS or int(tables.size.sum()) > cpsat.LARGEST:
            detail = f"above {MAX_COLUMNS} columns, or sizes whose sum leaves 64 bits"
            return Claim(self.name, Reason.UNSUPPORTED, detail=detail)
        model = _Model(tables)
        start = None if hint is None else tables.columns(hint)
        if start is not None:
            model.hint(start)
        answer = cpsat.solve(
            model.model,
            model.pick,
            watch,
            limits.seed,
            lambda values: listener.plan(tables.plan(model.chosen(values))),
            listener.bound,
        )
        plan = None if answer.values is None else tables.plan(model.chosen(answer.values))
        bound = answer.lower_bound
        return Claim(self.name, answer.reason, plan, bound, answer.detail, answer.stats)
