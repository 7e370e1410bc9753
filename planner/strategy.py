"""Which methods run for a kind, side by side and one after another.

A *lane* is a tuple of methods that one child runs in turn, each with the best plan so far as its
hint. Lanes race: as soon as one has proved the optimum, the others have a share of the time left
to confirm it by an unrelated method (proof `agreed`), and are then stopped.
"""

from collections.abc import Collection

from models.problems import AnyProblem
from solvers.registry import Entry, entries

Lanes = tuple[tuple[Entry, ...], ...]

_LANES: dict[str, tuple[tuple[str, ...], ...]] = {
    # Contiguous partitions are proved by the dynamic program in a second, free ones by CP-SAT's
    # bounds once the search has found the plan; the other lane confirms or takes over.
    "dag_partition": (("dp", "milp"), ("linearised-dp", "local-search", "cpsat")),
    # The dynamic program answers in milliseconds up to about 14 distinct devices; where it does
    # not, the published heuristics have given plans meanwhile and the general methods take over.
    "pipeline_partition": (
        ("dp", "cpsat"),
        ("speed-weighted", "pipedream", "edgeshard", "memory-weighted", "milp"),
    ),
    # Deepening proves most problems in under a second, the dynamic program, which shares nothing
    # with it, some tens of layers on four devices in seconds. The heuristics give plans meanwhile.
    "sequence_pipeline": (("deepening",), ("dp",), ("jupiter", "pareto")),
    # Labels and cuts answer in milliseconds; wide DAGs with limits are left to the programs.
    "split_computing": (("dp", "milp"), ("best-bottleneck", "neurosurgeon", "mincut", "cpsat")),
    # Prices prove most fleets; CP-SAT is sometimes sooner where servers are all but full, and
    # confirms by another model.
    "split_fleet": (("prices", "milp"), ("greedy-density", "cpsat")),
    # EPLB's value stands beside every answer; the search gives the plan, and the programs prove
    # what is small enough.
    "expert_balance": (
        ("eplb", "local-search", "affinity-sweep", "polish"),
        ("contiguous", "milp"),
    ),
    # The search proves most selections in under a second; where routing is a decision it passes at
    # once, and the general methods stand beside it from the start. Each method passes what it does
    # not take: the cuts are for coverage, the enumeration for up to 20 experts of any model.
    "expert_selection": (
        ("monotonic", "cpsat"),
        ("greedy-ratio", "milp", "cuts", "enumeration"),
    ),
    # Prices have plan and bound in seconds at any size; small ones are confirmed by CP-SAT.
    "offload_placement": (("lagrangian", "cpsat"), ("linkage-then-place", "milp")),
    # The dynamic program answers in seconds on testbeds; Asteroid's plan is there at once. CP-SAT
    # confirms; HiGHS, with the same program and so no third opinion, would halve its share of time.
    "pipeline_training": (("dp",), ("asteroid", "cpsat")),
    # Bisection proves ten unequal devices in seconds; CP-SAT confirms its plan in one or two.
    "tensor_partition": (("bisection", "cpsat"), ("galaxy", "milp")),
    # Bounds and stages settle most clusters in a second; CP-SAT's model shares nothing with them.
    "serving_flow": (
        ("cover", "branch-and-bound"),
        ("separate-pipelines", "single-pipeline", "cpsat"),
    ),
}
# How long a second opinion is waited for: nanoseconds at least, and percent of what the proof took.
_PATIENCE = (3 * 10**9, 400)
# Of selections the programs take ten times what the search takes, where that is long: waiting is no
# use. Of sequence pipelines the dynamic program takes some seconds where deepening takes one, and
# of training rounds CP-SAT where the dynamic program does.
_PATIENCE_OF = {
    "expert_selection": (10**9 // 10, 10),
    "sequence_pipeline": (10**10, 50),
    "pipeline_training": (10**10, 400),
}


class UnknownSolverError(ValueError):
    """A method that the kind does not have."""


def lanes(problem: AnyProblem, solver: str | None = None) -> Lanes:
    """The lanes for a problem, or the one method asked for. Raises UnknownSolverError."""
    known = {item.name: item for item in entries(problem.kind)}
    if solver is None:
        return tuple(tuple(known[name] for name in lane) for lane in _LANES[problem.kind])
    if solver not in known:
        names = ", ".join(known)
        raise UnknownSolverError(f"no method '{solver}' for {problem.kind}; use one of: {names}")
    return ((known[solver],),)


def other_lanes(problem: AnyProblem, tried: Collection[str]) -> Lanes:
    """One lane of the methods that have not been tried, those that answer soonest first."""
    left = [item for item in entries(problem.kind) if item.name not in tried]
    return (tuple(sorted(left, key=lambda item: item.traits.exact)),) if left else ()


def confirmation_ns(kind: str, time_limit_ns: int, elapsed_ns: int) -> int:
    """How long an unrelated method may try to confirm an optimum proved after `elapsed_ns`.

    At most a third of the time limit: a second opinion is worth seconds, not minutes. What was
    proved is optimal without it, and the answer says who proved it.
    """
    least, percent = _PATIENCE_OF.get(kind, _PATIENCE)
    return min(time_limit_ns // 3, max(least, elapsed_ns * percent // 100))
