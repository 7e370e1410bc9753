"""Shipped instances: they load, their best plans hold, their invalid plans fail as they should."""

import inspect
import re
from hashlib import sha256
from importlib import import_module

import pytest

import problem_instances
from models.documents import read_problem
from models.problems import KINDS
from models.result import Limits, Reason
from planner.verify import verify
from problem_instances.generate import generate
from problem_instances.generators.pipeline_partition import PipelineSpec
from solvers.registry import REGISTRY

NAMES = problem_instances.names()
EVERY_INSTANCE = pytest.mark.parametrize("name", NAMES)


@EVERY_INSTANCE
def test_it_loads_and_says_where_it_comes_from(name: str) -> None:
    """An instance parses, and its `about` names a source and what is derived or assumed."""
    about = problem_instances.load(name).about
    assert len(about) > 200
    assert "assumed" in about


@EVERY_INSTANCE
def test_best_plan_has_the_objective_it_states(name: str) -> None:
    """The verifier accepts the best known plan at exactly the stated objective."""
    problem, best = problem_instances.load(name), problem_instances.best_known(name)
    assert best.proved_by
    if best.plan is None:
        assert (best.objective, best.lower_bound) == (None, None)
    else:
        verdict = verify(problem, best.plan)
        assert verdict.accepted, verdict.violations
        assert verdict.objective == best.objective
        assert best.lower_bound is not None
        assert best.lower_bound <= verdict.objective


@EVERY_INSTANCE
def test_first_method_reproduces_the_best_known(name: str) -> None:
    """The kind's method of first choice ends with the stated objective and bound."""
    problem, best = problem_instances.load(name), problem_instances.best_known(name)
    claim = REGISTRY[problem.kind][0].load().solve(problem, Limits(time_limit_ns=250 * 10**9))
    if best.plan is None:
        assert claim.reason is Reason.INFEASIBLE
    else:
        assert claim.plan is not None
        assert verify(problem, claim.plan).objective == best.objective
        assert claim.lower_bound == best.lower_bound


@EVERY_INSTANCE
def test_invalid_plans_break_one_rule_each(name: str) -> None:
    """Each plan that must fail is refused for its own rule and for no other."""
    problem = problem_instances.load(name)
    shipped = problem_instances.invalid_plans(name)
    assert shipped
    for invalid in shipped:
        verdict = verify(problem, invalid.plan)
        assert {violation.rule for violation in verdict.violations} == {invalid.rule}
        assert verdict.objective is None


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_rule_is_broken_by_some_shipped_plan(kind: str) -> None:
    """A rule of the verifier that nothing breaks would be decoration."""
    source = inspect.getsource(import_module(f"planner.verify.{kind}"))
    rules = set(re.findall(r'rule="([a-z-]+)"', source))
    broken = {
        invalid.rule
        for name in problem_instances.names(kind)
        for invalid in problem_instances.invalid_plans(name)
    }
    assert rules
    assert broken == rules


def test_names_may_carry_their_kind() -> None:
    """`kind/name` and `name` are one instance; anything else is refused by name."""
    name = NAMES[0]
    kind = problem_instances.load(name).kind
    assert problem_instances.load(f"{kind}/{name}") == problem_instances.load(name)
    for wrong in (f"other/{name}", f"../{kind}/{name}", f"{name}.best", "nothing", ""):
        with pytest.raises(KeyError, match="no instance"):
            problem_instances.load(wrong)
    with pytest.raises(KeyError, match="no kind"):
        problem_instances.names("other")


SPECS = [
    PipelineSpec(seed=1),
    PipelineSpec(seed=2, devices=6, types=6, layers=24, objective="throughput", overlap=False),
    PipelineSpec(seed=3, objective="makespan", source=True, missing_links=30, unequal_cuts=True),
    PipelineSpec(seed=4, tightness=95, use_all_devices=True, ordered=True),
]


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: f"seed-{spec.seed}")
def test_generated_problems_are_valid_and_repeat(spec: PipelineSpec) -> None:
    """Equal specifications give equal bytes, and these parse."""
    document = generate(spec)
    assert generate(spec) == document
    problem = read_problem(document)
    assert len(problem.layers) == spec.layers
    assert len(problem.devices) == spec.devices


def test_generated_problems_stay_what_they_were() -> None:
    """The bytes of a few seeds are fixed: published results can name a seed."""
    digests = [sha256(generate(spec).encode()).hexdigest()[:12] for spec in SPECS]
    assert digests == ["d83e59535ad4", "858aa4f16aad", "5cf066badc2f", "b9a816d4f208"]


@pytest.mark.parametrize(
    "wrong",
    [{"devices": 0}, {"missing_links": 101}, {"tightness": 0}],
    ids=str,
)
def test_impossible_specifications_are_refused(wrong: dict[str, int]) -> None:
    """A specification without devices, or with percentages out of range, is an error."""
    with pytest.raises(ValueError, match=r"1 or more|percentage"):
        PipelineSpec(seed=1, **wrong)
