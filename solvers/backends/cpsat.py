"""CP-SAT: constraint programs over 64-bit integers, exact.

The only file that reads its statuses. Before it knows anything (status UNKNOWN) CP-SAT reports an
objective and a bound of 0.0: they are not read. One worker, so that equal input and seed give
equal search.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from ortools.sat.python import cp_model
from ortools.sat.python.cp_model import CpModel, Domain, IntVar, LinearExpr

from models.result import Reason
from solvers.backends.supervision import Findings, supervise
from solvers.base import Stopwatch

__all__ = ["LARGEST", "Answer", "CpModel", "Domain", "IntVar", "LinearExpr", "solve"]

Values = tuple[int, ...]

# CP-SAT refuses models in which a sum could leave the 64-bit range, its own slack included: a
# quarter of what an integer holds, for what it adds to it.
LARGEST = 2**60
# Above it not every integer has a floating-point number of its own.
_EXACT = 2**53


@dataclass(frozen=True)
class Answer:
    """What CP-SAT says of a model.

    values: of the watched variables at its best point, None where it has none; lower_bound: no
    point has a smaller objective, None where not established.
    """

    reason: Reason
    values: Values | None = None
    lower_bound: int | None = None
    detail: str = ""
    stats: Mapping[str, int | float | str] = field(default_factory=dict)


def solve(
    model: CpModel,
    watched: Sequence[IntVar],
    watch: Stopwatch,
    seed: int = 0,
    found: Callable[[Values], None] = lambda _: None,
    bounded: Callable[[int], None] = lambda _: None,
) -> Answer:
    """The minimum, or what was known when the stopwatch expired; hints are part of the model.

    Better points and bounds go to `found` and `bounded` as they come, from another thread.
    """
    if watch.expired():
        return Answer(watch.why())
    findings = Findings(found, bounded)
    solver = _solver(seed, watch)
    solver.best_bound_callback = lambda bound: findings.take_bound(_below(bound))
    listener = _Listener(watched, findings)
    status = supervise(lambda: solver.solve(model, listener), solver.stop_search, watch)
    findings.close()
    if status is None:
        return Answer(watch.why(), findings.point, findings.bound, "left behind in mid-solve")
    return _read(model, watched, solver, watch, findings.bound)


def _solver(seed: int, watch: Stopwatch) -> cp_model.CpSolver:
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    # ortools 9.15 loses int64 sums there above some 2^31 (google/or-tools #5293):
    # it called worse plans optimal and feasible problems infeasible. Only both switches cure it.
    solver.parameters.presolve_inclusion_work_limit = 0
    solver.parameters.auto_detect_greater_than_at_least_one_of = False
    solver.parameters.random_seed = seed
    solver.parameters.max_time_in_seconds = watch.left_ns() / 1e9
    # Sums over whole models are proved by their linear relaxation, not by propagation.
    solver.parameters.linearization_level = 2
    # Whose Ctrl-C it is, is for the process to say.
    solver.parameters.catch_sigint_signal = False
    return solver


def _below(bound: float) -> int:
    """An integer bound from a floating-point one, which is exact up to 2^53 and rounded above."""
    return round(bound) if abs(bound) < _EXACT else math.floor(math.nextafter(bound, -math.inf))


class _Listener(cp_model.CpSolverSolutionCallback):  # type: ignore[misc]  # ortools is untyped here
    """Passes the watched values of each better point on."""

    def __init__(self, watched: Sequence[IntVar], findings: Findings[Values, int]) -> None:
        super().__init__()
        self._watched = watched
        self._findings = findings

    def on_solution_callback(self) -> None:
        """Called by CP-SAT in its own thread."""
        self._findings.take_point(tuple(self.value(variable) for variable in self._watched))


def _read(
    model: CpModel,
    watched: Sequence[IntVar],
    solver: cp_model.CpSolver,
    watch: Stopwatch,
    bound: int | None,
) -> Answer:
    response = solver.response_proto
    stats = {"branches": response.num_branches, "conflicts": response.num_conflicts}
    if response.status == cp_model.MODEL_INVALID:
        return Answer(Reason.FAILED, detail=f"CP-SAT does not take the model: {model.validate()}")
    if response.status == cp_model.INFEASIBLE:
        return Answer(Reason.INFEASIBLE, stats=stats)
    if response.status == cp_model.UNKNOWN:
        return Answer(watch.why(), None, bound, stats=stats)
    reason = Reason.COMPLETED if response.status == cp_model.OPTIMAL else watch.why()
    values = tuple(solver.value(variable) for variable in watched)
    # The inner objective is the sum without its constant.
    bound = response.inner_objective_lower_bound + round(model.proto.objective.offset)
    return Answer(reason, values, bound, stats=stats)
