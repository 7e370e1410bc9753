"""The whole way from a problem to its certificate."""

import pytest

from models.problems.pipeline_partition import PipelineObjective
from models.result import Grade, Limits, Proof, Reason
from planner import record, service, strategy
from planner.strategy import UnknownSolverError, confirmation_ns
from solvers.registry import REGISTRY
from tests import misbehaving
from tests.small import split, two_devices

_LIMITS = Limits(time_limit_ns=60 * 10**9)


def test_the_default_strategy_reaches_agreement() -> None:
    """Two unrelated methods prove the optimum of a small problem, with a breakdown."""
    certificate = service.plan(two_devices(), _LIMITS)
    assert (certificate.grade, certificate.proof) == (Grade.OPTIMAL, Proof.AGREED)
    assert (certificate.objective, certificate.lower_bound, certificate.gap) == (515, 515, 0.0)
    assert [row["device"] for row in certificate.breakdown.rows] == ["quick", "slow"]
    assert certificate.timings_ns["total"] > 0


def test_a_problem_without_plan_is_explained() -> None:
    """Infeasible is an answer: agreed by two methods, with the memory that is missing."""
    certificate = service.plan(two_devices(memory_bytes=150), _LIMITS)
    assert (certificate.grade, certificate.proof) == (Grade.INFEASIBLE, Proof.AGREED)
    assert certificate.explanation[0] == "one rule stands in the way: memory"
    assert "150 bytes) more on any one of quick, slow" in certificate.explanation[-1]


def test_one_method_by_name() -> None:
    """A named method runs alone; an unknown name lists the known ones."""
    certificate = service.plan(two_devices(), _LIMITS, solver="dp")
    assert [run.solver for run in certificate.runs] == ["dp"]
    with pytest.raises(UnknownSolverError, match="use one of: dp, "):
        service.plan(two_devices(), _LIMITS, solver="oracle")


def test_never_worse_than_the_hint(monkeypatch: pytest.MonkeyPatch) -> None:
    """A method that does worse than the hint leaves the hint as the answer."""
    monkeypatch.setitem(strategy._LANES, "pipeline_partition", (("Method",),))
    monkeypatch.setitem(REGISTRY, "pipeline_partition", (misbehaving.entry("Method"),))
    certificate = service.plan(two_devices(), _LIMITS, hint=split(3))
    assert (certificate.objective, certificate.plan_from) == (515, record.HINT)


def test_a_hint_that_breaks_a_rule_is_refused_and_named() -> None:
    """The run of the hint says which rule; the answer does not suffer."""
    certificate = service.plan(two_devices(), _LIMITS, solver="dp", hint=split(4))
    assert certificate.runs[0].solver == record.HINT
    assert "plan refused: empty-stage" in certificate.runs[0].detail
    assert certificate.objective == 515


@pytest.mark.parametrize("name", ["Liar", "Denier"])
def test_a_contradiction_keeps_the_plan(
    monkeypatch: pytest.MonkeyPatch, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Where a method's proof and a verified plan cannot both hold, the plan stays; it is logged."""
    dp = REGISTRY["pipeline_partition"][0]
    monkeypatch.setitem(REGISTRY, "pipeline_partition", (misbehaving.entry(name), dp))
    monkeypatch.setitem(strategy._LANES, "pipeline_partition", ((name,), ("dp",)))
    certificate = service.plan(two_devices(), _LIMITS)
    assert (certificate.objective, certificate.plan_from) == (515, "dp")
    assert certificate.contradictions[0].startswith(name)
    assert certificate.contradictions[0] in caplog.text


def test_the_second_opinion_has_a_share_of_the_time() -> None:
    """At least 3 s, at most a third of the limit, else four times the proof's own time."""
    kind, second = "pipeline_partition", 10**9
    assert confirmation_ns(kind, 60 * second, second // 100) == 3 * second
    assert confirmation_ns(kind, 60 * second, 2 * second) == 8 * second
    assert confirmation_ns(kind, 60 * second, 50 * second) == 20 * second
    assert confirmation_ns(kind, 3 * second, second) == second
    kind = "expert_selection"
    assert confirmation_ns(kind, 60 * second, second // 10) == second // 10
    assert confirmation_ns(kind, 60 * second, 8 * second) == 8 * second // 10
    kind = "sequence_pipeline"
    assert confirmation_ns(kind, 60 * second, second) == 10 * second
    assert confirmation_ns(kind, 60 * second, 24 * second) == 12 * second


def test_what_binds_a_plan() -> None:
    """The explanation of a plan names its longest step, tight memory and the price of rules."""
    problem = two_devices(objective=PipelineObjective.LATENCY)
    lines = service.why_this_cost(problem, split(3), _LIMITS)
    assert lines == (
        "no plan is better",
        "the longest step is computing on quick: 300 ns per unit",
        "memory binds on quick: one layer more needs 100 B more",
        "memory costs 115 ns: without it the optimum would be 400 ns (-22.3 %)",
    )


def test_a_time_limit_of_nothing_gives_no_plan() -> None:
    """Without time there is no plan, and the reason says so."""
    certificate = service.plan(two_devices(), Limits(time_limit_ns=0), solver="dp")
    assert certificate.grade is Grade.UNKNOWN
    assert all(run.reason is Reason.TIME_LIMIT for run in certificate.runs)
