"""Which exact methods count as unrelated: two backends of one program do not."""

import pytest

from models.result import Limits, Proof
from planner.certify import certify
from planner.standing import Outcome
from planner.verify import verify
from problem_instances import load
from solvers.registry import REGISTRY, entry


@pytest.mark.parametrize(
    "kind", ["dag_partition", "expert_selection", "pipeline_training", "tensor_partition"]
)
def test_two_backends_of_one_program_are_no_two_opinions(kind: str) -> None:
    """What milp and cpsat say of the rows that they share counts once, beside another method."""
    families = {item.name: item.traits.family for item in REGISTRY[kind] if item.traits.exact}
    assert families["milp"] == families["cpsat"]
    assert set(families.values()) > {families["milp"]}


def test_hops_have_one_program_and_so_one_witness() -> None:
    """Where tokens move, all methods of the balance take one program, whatever else they do."""
    problem = load("hops-6").model_copy(update={"balance_slack_ppm": 0})
    outcomes = []
    for name in ("milp", "cpsat"):
        method = entry("expert_balance", name)
        assert method is not None
        claim = method.load().solve(problem, Limits())
        verdict = None if claim.plan is None else verify(problem, claim.plan)
        outcomes.append(Outcome(claim, verdict, exact=True, family=method.traits.family, wall_ns=1))
    assert outcomes[0].family != outcomes[1].family
    assert certify(problem, outcomes).proof is Proof.CLAIMED
