"""Every method for expert selections at the figures of real ones, against all plans."""

from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, given, settings

from models.devices import Device, DeviceGraph
from models.problems.expert_selection import Cluster, Expert, ExpertSelectionProblem
from models.problems.expert_selection_modes import QualityModel
from models.result import Limits, Reason
from planner.verify import verify
from solvers.decomposition import expert_selection_cuts
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


def _coverage() -> ExpertSelectionProblem:
    """Three experts of which one goes; the rows are ppm in three clusters of the same weight."""
    quality = ((123_634, 123_634, None), (5_698, 1_762, 5_698), (1_000_000, 453, 453))
    experts = tuple(
        Expert(
            name=f"expert-{number}",
            device="a",
            group="family" if number else None,
            memory_bytes=1,
            prefill_ns_per_token=1,
            decode_ns_per_token=1,
            quality_ppm=row,
        )
        for number, row in enumerate(quality)
    )
    return ExpertSelectionProblem(
        device_graph=DeviceGraph(devices=(Device(name="a", type="a", memory_bytes=60),)),
        source_device="a",
        experts=experts,
        clusters=tuple(
            Cluster(name=f"cluster-{c}", category="law", weight=3, prompt_tokens=1, output_tokens=1)
            for c in range(3)
        ),
        quality_model=QualityModel.COVERAGE,
    )


@pytest.mark.parametrize("tolerance", [1e-4, 10.0])
def test_what_tolerances_hide_from_cuts_is_cut_off(tolerance: float) -> None:
    """However far HiGHS' bound is off, selections met leave the program until none promises more.

    With 10 ppm allowed for, the bound stays above the best selection until all are cut off.
    """
    problem = _coverage()
    with patch.object(expert_selection_cuts, "_TOLERANCE", tolerance):
        claim = expert_selection_cuts.Cuts().solve(problem, Limits())
    assert claim.reason is Reason.COMPLETED, claim.detail
    assert claim.plan is not None
    assert verify(problem, claim.plan).objective == oracle.optimum(problem) == claim.lower_bound
