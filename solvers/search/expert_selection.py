"""Discrete monotonic optimisation by branch, reduce and bound: the search of MoE².

Maximise the quality f(S) of a selection under budgets that are increasing in S. A box is all S
with inside ⊆ S ⊆ inside ∪ free. Best bound first, each box is

    1. discarded where `inside` breaks a budget, or all of it leaves a requirement unmet;
    2. reduced: free experts that do not fit beside `inside` leave; experts without which a
       requirement is unmet, or without which the bound falls below the target, join;
    3. discarded where its bound is below the target;
    4. closed where all of it is feasible and f monotone: it is the best of the box itself;
    5. completed, greedily or by rounding, which may raise the target; and
    6. split on one free expert.

Models that lie under lines (modular, best_expert, top_k, coverage) are searched in batches under
Lagrangian bounds (expert_selection_batch), others box by box under f(inside ∪ free) or its envelope
(expert_selection_boxes). At any time the largest open bound is valid. Sources: Tuy,
Monotonic optimization, SIAM J. Optim. 11 (2000); Tuy, Minoux and Hoai-Phuong, Discrete monotonic
optimization, SIAM J. Optim. 17 (2006), for reduction and bound of boxes.
"""

from dataclasses import dataclass

from models.problems.expert_selection import ExpertSelectionPlan, ExpertSelectionProblem
from models.result import Claim, Limits, Reason
from solvers.base import Progress, Stopwatch
from solvers.search.expert_selection_batch import BatchSearch
from solvers.search.expert_selection_boxes import BoxSearch
from solvers.search.expert_selection_incumbent import Incumbent
from solvers.search.expert_selection_lines import lines_of
from solvers.tables.expert_selection import Bools, Tables, build
from solvers.tables.expert_selection_greedy import lean
from solvers.tables.expert_selection_monotone import counter_example


@dataclass(frozen=True, eq=False)
class Found:
    """What a search ends with.

    chosen: [n], None where no selection was found; objective, lower_bound: ppm; complete: whether
    the search ended by itself, which proves the selection best, or that there is none.
    """

    chosen: Bools | None
    objective: int | None
    lower_bound: int | None
    complete: bool
    boxes: int


def search(
    tables: Tables,
    watch: Stopwatch,
    report: Progress[ExpertSelectionPlan] | None = None,
    start: Bools | None = None,
) -> Found:
    """Branch, reduce and bound on tables whose routing is not a decision."""
    incumbent = Incumbent(tables, report)
    if start is not None and tables.feasible(start):
        incumbent.offer(start)
    lines = lines_of(tables.function)
    if lines is None:
        method: BatchSearch | BoxSearch = BoxSearch(tables, watch, incumbent)
    else:
        method = BatchSearch(tables, lines, watch, incumbent)
    bound = method.run()
    lower = incumbent.lower_bound(bound)
    return Found(incumbent.chosen, incumbent.objective, lower, bound is None, method.boxes)


class Monotonic:
    """The central method for this kind; every quality model, routing decided by the selection."""

    name = "monotonic"

    def solve(
        self,
        problem: ExpertSelectionProblem,
        limits: Limits,
        hint: ExpertSelectionPlan | None = None,
        report: Progress[ExpertSelectionPlan] | None = None,
    ) -> Claim[ExpertSelectionPlan]:
        """The optimum or, at the time limit, a plan and a valid bound."""
        watch = Stopwatch(limits, report)
        if problem.routing_is_decided:
            return Claim(self.name, Reason.UNSUPPORTED, detail="routing is a decision of its own")
        tables = build(problem)
        start = None if hint is None else tables.members(hint)
        found = search(tables, watch, report, start)
        reason = Reason.COMPLETED
        if not found.complete:
            reason = watch.why()
        elif found.chosen is None:
            reason = Reason.INFEASIBLE
        return Claim(
            self.name,
            reason,
            None if found.chosen is None else tables.plan(lean(tables, found.chosen)),
            found.lower_bound,
            detail=counter_example(tables) or "",
            stats={"boxes": found.boxes},
        )
