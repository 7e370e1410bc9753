"""Replay of a DAG partition from the raw instance: every rule and every load, in integers.

Written from the mathematics in models/problems/dag_partition.py alone, operator by operator and
edge by edge; it shares no table with any solver.
"""

from collections import Counter

from models.problems.dag_partition import (
    DagPartitionPlan,
    DagPartitionProblem,
    DeviceClass,
    Part,
)
from models.result import Breakdown, Verification, Violation


def verify(problem: DagPartitionProblem, plan: DagPartitionPlan) -> Verification:
    """All violated rules, or else the largest load in ns and the parts' loads.

    Rules: unknown-operator, operator-twice, operator-missing, empty-part, too-many-devices,
    unsupported, memory, colocation, order.
    """
    violations = _cover(problem, plan) + _devices(problem, plan)
    if not violations:
        violations = _accelerators(problem, plan) + _together(problem, plan) + _order(problem, plan)
    if violations:
        return Verification(violations=tuple(violations))
    rows = tuple(_row(problem, part) for part in plan.parts)
    largest = max(int(row["load_ns"]) for row in rows)
    return Verification(
        violations=(),
        objective=largest,
        breakdown=Breakdown(rows=rows, totals={"load_ns": largest}),
    )


def _cover(problem: DagPartitionProblem, plan: DagPartitionPlan) -> list[Violation]:
    placed = Counter(name for part in plan.parts for name in part.operators)
    known = problem.by_name
    found = [Violation(rule="unknown-operator", where=name) for name in placed if name not in known]
    found += [
        Violation(rule="operator-twice", where=name, excess=number - 1, unit="places")
        for name, number in placed.items()
        if number > 1
    ]
    return found + [Violation(rule="operator-missing", where=n) for n in known if n not in placed]


def _devices(problem: DagPartitionProblem, plan: DagPartitionPlan) -> list[Violation]:
    found = [
        Violation(rule="empty-part", where=f"parts/{index}")
        for index, part in enumerate(plan.parts)
        if not part.operators
    ]
    used = Counter(part.device for part in plan.parts)
    there_are = {DeviceClass.ACCELERATOR: problem.accelerators, DeviceClass.CPU: problem.cpus}
    for device, number in there_are.items():
        excess = used[device] - number
        if excess > 0:
            found.append(
                Violation(rule="too-many-devices", where=device, excess=excess, unit="devices")
            )
    return found


def _accelerators(problem: DagPartitionProblem, plan: DagPartitionPlan) -> list[Violation]:
    found = []
    for index, part in enumerate(plan.parts):
        if part.device is not DeviceClass.ACCELERATOR:
            continue
        found += [
            Violation(rule="unsupported", where=f"parts/{index}: {name}")
            for name in part.operators
            if problem.by_name[name].accelerator_ns is None
        ]
        excess = size_bytes(problem, part) - problem.accelerator_memory_bytes
        if excess > 0:
            where = f"parts/{index}"
            found.append(Violation(rule="memory", where=where, excess=excess, unit="bytes"))
    return found


def _together(problem: DagPartitionProblem, plan: DagPartitionPlan) -> list[Violation]:
    places: dict[str, set[int]] = {}
    for index, part in enumerate(plan.parts):
        for name in part.operators:
            places.setdefault(problem.class_of(name), set()).add(index)
    return [
        Violation(rule="colocation", where=group, excess=len(parts) - 1, unit="devices")
        for group, parts in places.items()
        if len(parts) > 1
    ]


def _order(problem: DagPartitionProblem, plan: DagPartitionPlan) -> list[Violation]:
    if not problem.contiguous:
        return []
    place = {name: index for index, part in enumerate(plan.parts) for name in part.operators}
    return [
        Violation(rule="order", where=f"{u} -> {v}", excess=place[u] - place[v], unit="parts")
        for u, v in problem.forward_edges
        if place[u] > place[v]
    ]


def size_bytes(problem: DagPartitionProblem, part: Part) -> int:
    """Bytes that a part fills on an accelerator."""
    return sum(problem.by_name[name].size_bytes for name in part.operators)


def _row(problem: DagPartitionProblem, part: Part) -> dict[str, str | int]:
    """The load of a device and what it is made of."""
    held = set(part.operators)
    operators = [problem.by_name[name] for name in part.operators]
    received = sent = 0
    if part.device is DeviceClass.ACCELERATOR:
        compute = sum(operator.accelerator_ns or 0 for operator in operators)
        sources = {u for u, v in problem.edges if u not in held and v in held}
        senders = {u for u, v in problem.edges if u in held and v not in held}
        received = sum(problem.by_name[u].transfer_ns for u in sources)
        sent = sum(problem.by_name[u].transfer_ns for u in senders)
    else:
        compute = sum(operator.cpu_ns for operator in operators)
    return {
        "device": part.device.value,
        "operators": len(held),
        "compute_ns": compute,
        "received_ns": received,
        "sent_ns": sent,
        "load_ns": compute + received + sent,
        "memory_bytes": size_bytes(problem, part),
    }
