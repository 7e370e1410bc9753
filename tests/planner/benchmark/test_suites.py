"""Suites follow from the registry and the families; external sets from their folders."""

from pathlib import Path

import pytest

from models.documents import MAX_FILE_BYTES, DocumentError, read_problem
from models.problems import KINDS
from planner.benchmark.cases import problem_of
from planner.benchmark.external import SETS
from planner.benchmark.families import FAMILIES, Family, families
from planner.benchmark.selection import NAMES, Choice, SelectionError
from planner.benchmark.suites import SUITES, Task
from problem_instances import names
from problem_instances.generate import generate
from problem_instances.readers import VARIABLE, data_folder
from solvers.registry import REGISTRY, entries

EVERY_KIND = pytest.mark.parametrize("kind", sorted(KINDS))


def _tasks(suite: str, kind: str, repetitions: int = 1) -> list[Task]:
    chains = SUITES[suite].chains(kind, 1, repetitions)
    return [task for chain in chains for step in chain.steps for task in step]


@EVERY_KIND
def test_quick_has_every_method_on_every_instance(kind: str) -> None:
    """Whatever is in the registry is measured on whatever is shipped."""
    found = {(task.case.instance, task.method.name) for task in _tasks("quick", kind)}
    assert {(i, m.name) for i in names(kind) for m in entries(kind)} <= found


@EVERY_KIND
def test_paper_has_two_hundred_problems(kind: str) -> None:
    """At least 200 generated problems, every heuristic on each of them."""
    tasks = [task for task in _tasks("paper", kind) if task.case.seed is not None]
    problems = {task.case.instance for task in tasks}
    assert len(problems) >= 200, f"{kind} has no families in planner/benchmark/families.py"
    heuristics = {method.name for method in entries(kind) if not method.traits.exact}
    ran = {(t.case.instance, t.method.name) for t in tasks if not t.method.traits.exact}
    assert ran == {(problem, method) for problem in problems for method in heuristics}


@EVERY_KIND
def test_scale_climbs(kind: str) -> None:
    """Every exact method has a ladder of growing sizes, and no heuristic is on one."""
    ladders: dict[str, list[int]] = {}
    for chain in SUITES["scale"].chains(kind, 1, 1):
        sizes = [step[0].case.size or 0 for step in chain.steps]
        assert sizes == sorted(set(sizes))
        ladders.setdefault(chain.steps[0][0].method.name, []).append(len(sizes))
    assert set(ladders) == {m.name for m in entries(kind) if m.traits.exact}
    assert all(max(lengths) >= 4 for lengths in ladders.values())


# A minute to build; all others take a second.
_LARGE = FAMILIES["expert_selection"]
_CAPPED = [family for found in FAMILIES.values() for family in found if family.ceiling]


@pytest.mark.parametrize(
    "family", [family for family in _CAPPED if family not in _LARGE], ids=lambda f: f.name
)
def test_no_document_is_above_the_ceiling(family: Family) -> None:
    """The last rung is a problem, and one size more is refused by a limit of the document."""
    last = family.ladder[-1]
    assert last == family.ceiling
    assert read_problem(generate(family.make(last, 1)), MAX_FILE_BYTES)
    with pytest.raises(DocumentError, match=r"more than|at most|above"):
        read_problem(generate(family.make(last + 1, 1)), MAX_FILE_BYTES)


@pytest.mark.slow
@pytest.mark.parametrize(
    "family", [family for family in _CAPPED if family in _LARGE], ids=lambda f: f.name
)
def test_no_large_document_is_above_the_ceiling(family: Family) -> None:
    """The same of selections, whose documents are of a hundred megabytes."""
    test_no_document_is_above_the_ceiling(family)


def test_quick_climbs_no_further_than_it_has_time_for() -> None:
    """Its ladders are the first rungs of those of `scale`."""
    sizes = {t.case.size or 0 for t in _tasks("quick", "split_computing") if t.case.size}
    assert max(sizes) < max(t.case.size or 0 for t in _tasks("scale", "split_computing"))


@EVERY_KIND
def test_small_problems_are_of_their_kind(kind: str) -> None:
    """The table's specifications make problems of the kind, of the size that they say."""
    for family in families(kind):
        for task in _tasks("quick", kind):
            if task.case.family == family.name:
                assert problem_of(task.case).kind == kind
                assert task.case.unit == family.unit
                break


def test_repetitions_repeat_each_solve() -> None:
    """Twice as often is each solve twice."""
    once, twice = _tasks("quick", "split_fleet"), _tasks("quick", "split_fleet", 2)
    assert len(twice) == 2 * len(once)
    assert {task.repetition for task in twice} == {0, 1}


def test_what_cannot_be_run_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An unknown suite or kind, and a set whose folder is not there."""
    monkeypatch.delenv(VARIABLE, raising=False)
    for choice, words in (
        (Choice("slow"), "no suite"),
        (Choice("quick", ("no_kind",)), "no kind"),
        (Choice("pipeedge"), "no folder 'pipeedge'"),
        (Choice("pipeedge", data=tmp_path), "no folder 'pipeedge'"),
    ):
        with pytest.raises(SelectionError, match=words):
            list(choice.chains(1, 1))


@pytest.mark.parametrize("name", sorted(SETS))
def test_external_sets_are_read(name: str) -> None:
    """Every problem of a public set is read, with figures of others for the same problem."""
    folder = data_folder()
    if folder is None or not (folder / SETS[name].folder).is_dir():
        pytest.skip(f"no public data: set {VARIABLE}")
    cases = list(SETS[name].cases(folder / SETS[name].folder))
    assert cases
    assert len({case.instance for case in cases}) == len(cases)
    assert problem_of(cases[0]).kind == cases[0].kind
    assert name in NAMES
    chains = SETS[name].chains(folder / SETS[name].folder, tuple(REGISTRY), 1)
    assert "edgeplan" in {chain.steps[0][0].method.name for chain in chains}
