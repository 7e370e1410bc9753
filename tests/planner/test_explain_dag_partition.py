"""What is said about DAG partitions: conflicts, repairs, prices of rules, and the drawing."""

from models.result import Limits
from planner import explain
from planner.certify import certify
from planner.plot import draw
from planner.standing import Outcome
from planner.verify import verify
from solvers.registry import entry
from tests.planner.test_verify_dag_partition import diamond, plan

_TIME_NS = 30 * 10**9


def test_memory_in_conflict_and_its_least_repair() -> None:
    """Twelve bytes on two accelerators of five: two of six would do, as would a CPU."""
    lines = explain.infeasible(diamond(accelerator_memory_bytes=5, cpus=0), _TIME_NS)
    assert lines[0] == "one rule stands in the way: memory"
    assert "6 B (6 bytes) per accelerator would do" in lines
    assert "one CPU more would do" in lines
    assert "one accelerator more is not enough" in lines


def test_unsupported_operators_in_conflict() -> None:
    """Without a CPU nothing runs what no accelerator does; memory is not to blame."""
    problem = diamond(operators=[{"name": n, "cpu_ns": 1} for n in "abcd"], cpus=0)
    lines = explain.infeasible(problem, _TIME_NS)
    assert lines == (
        "one rule stands in the way: unsupported operators",
        "one accelerator more is not enough",
        "one CPU more would do",
    )


def test_what_binds_a_plan_and_what_rules_cost() -> None:
    """The fullest device by its transfers; memory keeps everything off one slow cut's side."""
    problem = diamond(accelerator_memory_bytes=6, cpus=0)
    lines = explain.binding(problem, plan("ab", "cd"), _TIME_NS)
    assert lines == (
        "no plan is better",
        "the largest load is 23 ns on an accelerator with 2 operators, 3 ns of it transfers",
        "contiguous costs nothing",
        "memory costs nothing",
    )


def test_a_refused_plan_is_not_explained() -> None:
    """What breaks a rule has no cost to explain: the rule is named."""
    (line,) = explain.binding(diamond(), plan("abcd"), _TIME_NS)
    assert line.startswith("the plan breaks the rule memory: ")


def test_what_time_does_not_settle_is_not_denied() -> None:
    """Without time no repair is called too little, and no rule free."""
    tight = diamond(accelerator_memory_bytes=5, cpus=0)
    assert explain.infeasible(tight, 0) == (
        "these rules cannot hold together: contiguous, memory"
        "; time ran out before it was known whether fewer conflict",
        "whether more memory, however much, is enough is not known in time",
        "whether one accelerator more is enough is not known in time",
        "whether one CPU more is enough is not known in time",
    )
    lines = explain.binding(diamond(accelerator_memory_bytes=6, cpus=0), plan("ab", "cd"), 0)
    assert lines[0] == "whether a better plan exists is not known in time"
    assert lines[-1] == "what memory costs is not known in time"


def test_a_plan_is_drawn() -> None:
    """A certificate with a plan becomes an image."""
    problem = diamond()
    claim = entry(problem.kind, "dp").load().solve(problem, Limits())
    verdict = verify(problem, claim.plan)
    outcome = Outcome(claim, verdict, exact=True, family="dynamic-programming", wall_ns=1)
    assert b"<svg" in draw(problem, certify(problem, [outcome]), ".svg")
