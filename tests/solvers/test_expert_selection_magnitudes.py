"""Every method for expert selections at the figures of real ones, against all plans."""

import pytest
from hypothesis import HealthCheck, given, settings

from models.problems.expert_selection import ExpertSelectionProblem
from models.result import Limits, Reason
from planner.verify import verify
from solvers.registry import REGISTRY, Entry
from tests.oracles import expert_selection as oracle
from tests.selection_strategies import real_expert_selection

_REAL = settings(deadline=None, max_examples=25, suppress_health_check=list(HealthCheck))


@pytest.mark.parametrize("entry", REGISTRY["expert_selection"], ids=lambda entry: entry.name)
def test_methods_are_exact_at_real_magnitudes(entry: Entry) -> None:
    """No tolerance lets a plan through that is a microjoule too dear, or stops a better one."""

    @_REAL
    @given(problem=real_expert_selection())
    def check(problem: ExpertSelectionProblem) -> None:
        optimum = oracle.optimum(problem)
        claim = entry.load().solve(problem, Limits())
        objective = None
        if claim.plan is not None:
            verdict = verify(problem, claim.plan)
            assert verdict.accepted, verdict.violations
            objective = verdict.objective
        if not entry.traits.exact:
            assert claim.plan is None or (optimum is not None and (objective or 0) >= optimum)
            return
        if claim.reason is Reason.UNSUPPORTED:
            return
        assert claim.reason is (Reason.INFEASIBLE if optimum is None else Reason.COMPLETED), claim
        assert objective == claim.lower_bound == optimum

    check()
