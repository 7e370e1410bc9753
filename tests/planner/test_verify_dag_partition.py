"""Every rule of DAG partitions, broken by one small plan; loads against sums by hand."""

import pytest

from models.documents import validate
from models.errors import DocumentError
from models.problems.dag_partition import (
    DagPartitionPlan,
    DagPartitionProblem,
    DeviceClass,
    Part,
)
from planner.verify import verify


def diamond(**fields: object) -> DagPartitionProblem:
    """`a` feeds `b` and `c`, both feed `d`; 10 ns each (100 on a CPU), 3 bytes, sent in 1-4 ns."""
    operators = [
        {"name": name, "cpu_ns": 100, "accelerator_ns": 10, "size_bytes": 3, "transfer_ns": cost}
        for name, cost in zip("abcd", (1, 2, 3, 4), strict=True)
    ]
    document = {
        "operators": operators,
        "edges": [["a", "b"], ["a", "c"], ["b", "d"], ["c", "d"]],
        "accelerators": 2,
        "cpus": 1,
        "accelerator_memory_bytes": 9,
        **fields,
    }
    return validate(document, DagPartitionProblem)


def plan(*parts: str) -> DagPartitionPlan:
    """Parts by the letters of their operators; a leading * puts one on a CPU."""
    return DagPartitionPlan(
        parts=tuple(
            Part(
                device=DeviceClass.CPU if text[:1] == "*" else DeviceClass.ACCELERATOR,
                operators=tuple(text.removeprefix("*")),
            )
            for text in parts
        )
    )


def _rules(problem: DagPartitionProblem, found: DagPartitionPlan) -> set[str]:
    return {violation.rule for violation in verify(problem, found).violations}


@pytest.mark.parametrize(
    ("parts", "rule"),
    [
        (("ab", "cdx"), "unknown-operator"),
        (("ab", "acd"), "operator-twice"),
        (("ab", "c"), "operator-missing"),
        (("ab", "cd", "*"), "empty-part"),
        (("a", "b", "cd"), "too-many-devices"),
        (("ab", "*c", "*d"), "too-many-devices"),
        (("abcd",), "memory"),
        (("cd", "ab"), "order"),
        (("ad", "bc"), "order"),
    ],
)
def test_one_rule_each(parts: tuple[str, ...], rule: str) -> None:
    """A plan that breaks one rule is refused for that rule alone."""
    assert _rules(diamond(), plan(*parts)) == {rule}


def test_excess_of_memory_and_order() -> None:
    """Violations say by how much: 12 bytes in 9, and one part too early."""
    (memory,) = verify(diamond(), plan("abcd")).violations
    assert (memory.excess, memory.unit) == (3, "bytes")
    assert {v.excess for v in verify(diamond(), plan("cd", "ab")).violations} == {1}


def test_unsupported_operators_stay_off_accelerators() -> None:
    """An operator without accelerator_ns may be on a CPU only."""
    cpu_only = diamond(operators=[{"name": name, "cpu_ns": 100} for name in "abcd"])
    assert _rules(cpu_only, plan("a", "*bcd")) == {"unsupported"}
    assert verify(cpu_only, plan("*abcd")).objective == 400


def test_classes_stay_together() -> None:
    """Operators of one colocation class on two devices are refused."""
    joined = [
        {"name": name, "cpu_ns": 1, "accelerator_ns": 1, "colocation": group}
        for name, group in zip("abcd", ("one", "two", "two", "one"), strict=True)
    ]
    problem = diamond(operators=joined, edges=[])
    assert _rules(problem, plan("ab", "cd")) == {"colocation"}
    assert verify(problem, plan("ad", "bc")).accepted


@pytest.mark.parametrize(
    ("parts", "loads"),
    [
        # a crosses once although both b and c are elsewhere.
        (("a", "bcd"), (10 + 1, 30 + 1)),
        # a and b leave; a comes in for c, b for d.
        (("ab", "cd"), (20 + 1 + 2, 20 + 1 + 2)),
        # The CPU reads host memory for free; the accelerators still pay on their side.
        (("a", "*b", "cd"), (10 + 1, 100, 20 + 1 + 2)),
        (("abc", "*d"), (30 + 2 + 3, 100)),
    ],
)
def test_loads_by_hand(parts: tuple[str, ...], loads: tuple[int, ...]) -> None:
    """An output is paid once by its producer's device and once by each consuming one."""
    verdict = verify(diamond(), plan(*parts))
    assert verdict.accepted, verdict.violations
    assert tuple(row["load_ns"] for row in verdict.breakdown.rows) == loads
    assert verdict.objective == max(loads)


def test_the_free_form_has_no_order() -> None:
    """Parts that no order fits are accepted where contiguity is not asked for."""
    verdict = verify(diamond(contiguous=False), plan("ad", "bc"))
    assert verdict.objective == 20 + 1 + 2 + 3


def _training(*, anchored: bool) -> DagPartitionProblem:
    """Forward a -> b, backward L -> B -> A; L, the loss, is in the class of b or in its own."""
    rows = [("a", "one", False), ("b", "two", False), ("L", None, True)]
    rows += [("B", "two", True), ("A", "one", True)]
    operators = [
        {"name": name, "cpu_ns": 9, "accelerator_ns": 5, "backward": backward}
        | ({"colocation": group} if group else {})
        for name, group, backward in rows
    ]
    if anchored:
        operators[2]["colocation"] = "two"
    edges = [["a", "b"], ["b", "L"], ["L", "B"], ["B", "A"]]
    return diamond(operators=operators, edges=edges, accelerators=3)


def test_backward_operators_follow_their_class() -> None:
    """The backward edge B -> A leads to an earlier part, as it must."""
    assert verify(_training(anchored=True), plan("aA", "bLB")).accepted
    assert _rules(_training(anchored=True), plan("bLB", "aA")) == {"order"}


def test_backward_only_classes_are_ordered_by_their_mirror() -> None:
    """L -> B counts as B -> L, since L's class has no forward operator: L comes last."""
    assert _training(anchored=False).forward_edges == (("a", "b"), ("B", "L"))
    assert verify(_training(anchored=False), plan("aA", "bB", "L")).accepted
    assert _rules(_training(anchored=False), plan("aA", "L", "bB")) == {"order"}


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"edges": [["a", "b"], ["b", "a"]]}, "cycle"),
        ({"edges": [["a", "x"]]}, "there is no operator"),
        ({"operators": [{"name": "a", "cpu_ns": 1}] * 2, "edges": []}, "two operators"),
        ({"accelerators": 0, "cpus": 0}, "no device"),
        (
            {
                "operators": [
                    {"name": "a", "cpu_ns": 1, "backward": True},
                    {"name": "b", "cpu_ns": 1},
                ],
                "edges": [["a", "b"]],
            },
            "backward operator",
        ),
        (
            {
                "operators": [{"name": n, "cpu_ns": 1, "size_bytes": 2**52} for n in "abc"],
                "edges": [],
            },
            "bytes",
        ),
        (
            {"operators": [{"name": str(n), "cpu_ns": 10**14} for n in range(99)], "edges": []},
            "day",
        ),
    ],
)
def test_contradictions_are_refused(fields: dict[str, object], reason: str) -> None:
    """A document that contradicts itself does not become a problem."""
    with pytest.raises(DocumentError, match=reason):
        diamond(**fields)
