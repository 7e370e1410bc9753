"""What a kind needs before it may be offered, and what a given kind still lacks, by name."""

from importlib import import_module
from importlib.resources import files
from importlib.util import find_spec

import pytest

import problem_instances
from models.problems import KINDS
from solvers.registry import REGISTRY
from tests import strategies

EVERY_KIND = pytest.mark.parametrize("kind", sorted(KINDS))


def test_registry_and_kinds_name_the_same() -> None:
    """Every kind of problem has methods, and no method is for an unknown kind."""
    assert sorted(REGISTRY) == sorted(KINDS)


@EVERY_KIND
def test_documents_name_their_kind(kind: str) -> None:
    """The `kind` of a problem and of its plan is the key it is listed under."""
    for document in KINDS[kind]:
        assert document.model_fields["kind"].default == kind


@EVERY_KIND
@pytest.mark.parametrize(
    ("module", "names"),
    [
        ("planner.verify", ["verify"]),
        ("tests.oracles", ["plans", "optimum"]),
    ],
)
def test_modules_are_there(kind: str, module: str, names: list[str]) -> None:
    """A verifier and an oracle stand where the rest of the house looks for them."""
    found = import_module(f"{module}.{kind}")
    missing = [name for name in names if not hasattr(found, name)]
    assert not missing, f"{module}.{kind} lacks {missing}"


@EVERY_KIND
def test_a_strategy_draws_tiny_problems(kind: str) -> None:
    """tests/strategies.py has a function named like the kind."""
    assert hasattr(strategies, kind), f"tests/strategies.py lacks {kind}()"


@EVERY_KIND
def test_every_method_can_be_loaded(kind: str) -> None:
    """Each line of the registry leads to a method of that name."""
    absent = [
        entry.where for entry in REGISTRY[kind] if find_spec(entry.where.partition(":")[0]) is None
    ]
    assert not absent, f"{kind} lacks {absent}"
    assert [entry.load().name for entry in REGISTRY[kind]] == [e.name for e in REGISTRY[kind]]


@EVERY_KIND
def test_two_unrelated_exact_methods_and_a_heuristic(kind: str) -> None:
    """Proofs can be cross-checked, and exact methods have something to be measured against."""
    traits = [entry.traits for entry in REGISTRY[kind]]
    families = {trait.family for trait in traits if trait.exact}
    assert len(families) >= 2, f"{kind} has exact methods of {sorted(families)} only"
    assert any(not trait.exact for trait in traits), f"{kind} has no heuristic"


@EVERY_KIND
def test_instances_are_shipped(kind: str) -> None:
    """Instances, each with its best known and its invalid plans, and a page about them."""
    names = problem_instances.names(kind)
    assert names, f"{kind} has no instances"
    folder = files(problem_instances).joinpath(kind)
    assert folder.joinpath("README.md").is_file(), f"{kind} has no README.md"
    wanted = [f"{name}.{part}.json" for name in names for part in ("best", "invalid")]
    missing = [name for name in wanted if not folder.joinpath(name).is_file()]
    assert not missing, f"{kind} lacks {missing}"


@EVERY_KIND
def test_the_page_names_every_instance(kind: str) -> None:
    """No instance is missing from its kind's README.md."""
    page = files(problem_instances).joinpath(kind, "README.md").read_text(encoding="utf-8")
    missing = [name for name in problem_instances.names(kind) if name not in page]
    assert not missing, f"README.md does not name {missing}"
