"""Contradictions between the parts of a balance of experts, each with the field to be changed."""

from typing import TYPE_CHECKING

from models.base import contradiction, first_duplicate, last_index

if TYPE_CHECKING:
    from models.problems.expert_balance import ExpertBalanceProblem as Problem

# Two of them still add up in 64 bits.
_LARGEST = 2**60


def check_names(problem: "Problem") -> None:
    """Raises a contradiction where a name stands twice, or only some devices name a node."""
    devices = [device.name for device in problem.devices]
    twice = first_duplicate(devices)
    if twice is not None:
        place = ("devices", last_index(devices, twice), "name")
        raise contradiction(f"two devices are named '{twice}'", "give each its own name", *place)
    windows = [window.name for window in (*problem.windows, *problem.held_out)]
    twice = first_duplicate(windows)
    if twice is not None:
        index, first = last_index(windows, twice), len(problem.windows)
        where = ("windows", index) if index < first else ("held_out", index - first)
        reason = f"two windows are named '{twice}'"
        raise contradiction(reason, "give each its own name", *where, "name")
    without = [index for index, device in enumerate(problem.devices) if device.node is None]
    if without and len(without) < len(problem.devices):
        raise contradiction(
            f"device '{devices[without[0]]}' names no node, others do",
            "name the node of every device, or of none",
            *("devices", without[0], "node"),
        )


def check_shapes(problem: "Problem") -> None:
    """Raises a contradiction where windows, groups or the tail do not fit the layers."""
    layers, experts = problem.layers, problem.experts
    for field in ("windows", "held_out"):
        for number, window in enumerate(getattr(problem, field)):
            _check_loads(window.loads, (layers, experts), (field, number, "loads"))
    if experts % problem.groups:
        raise contradiction(
            f"{experts} experts do not make {problem.groups} equal groups",
            "give a number of groups that divides the experts",
            "groups",
        )
    if problem.tail_windows > len(problem.windows):
        raise contradiction(
            f"a tail of {problem.tail_windows} windows, and there are {len(problem.windows)}",
            "give no more than there are",
            "tail_windows",
        )


def _check_loads(
    loads: tuple[tuple[int, ...], ...], shape: tuple[int, int], place: tuple[str | int, ...]
) -> None:
    remedy = "give each window the same layers and experts, one expert or more"
    if len(loads) != shape[0]:
        reason = f"loads of {len(loads)} layers, and the first window has {shape[0]}"
        raise contradiction(reason, remedy, *place)
    for layer, row in enumerate(loads):
        if len(row) != shape[1] or not row:
            reason = f"loads of {len(row)} experts, and the first layer has {shape[1]}"
            raise contradiction(reason, remedy, *place, layer)


def check_previous(problem: "Problem") -> None:
    """Raises a contradiction where the placement in force has another shape or other experts."""
    if problem.previous is None:
        return
    rows = problem.previous.physical_to_logical_map
    place = ("previous", "physical_to_logical_map")
    remedy = "give one expert per layer and slot, -1 for an empty slot"
    if len(rows) != problem.layers:
        reason = f"the previous map has {len(rows)} layers, the loads have {problem.layers}"
        raise contradiction(reason, remedy, *place)
    for layer, row in enumerate(rows):
        if len(row) != problem.slots:
            reason = f"the previous map has {len(row)} slots, the devices have {problem.slots}"
            raise contradiction(reason, remedy, *place, layer)
        if max(row) >= problem.experts:
            reason = f"there is no expert {max(row)}"
            remedy = f"use 0 to {problem.experts - 1}, -1 for an empty slot"
            raise contradiction(reason, remedy, *place, layer, row.index(max(row)))


def check_hops(problem: "Problem") -> None:
    """Raises a contradiction where hops are asked for without what they need."""
    if problem.objective == "hops":
        _check_wanted(problem)
    remedy = f"give {problem.layers - 1} x {problem.experts} x {problem.experts} numbers"
    found = problem.transitions
    if found is not None and len(found) != problem.layers - 1:
        reason = f"{len(found)} tables of transitions between {problem.layers} layers"
        raise contradiction(reason, remedy, "transitions")
    for layer, matrix in enumerate(found or ()):
        if any(size != problem.experts for size in (len(matrix), *(len(row) for row in matrix))):
            reason = f"transitions are not from {problem.experts} experts to {problem.experts}"
            raise contradiction(reason, remedy, "transitions", layer)


def _check_wanted(problem: "Problem") -> None:
    if problem.transitions is None:
        reason = "hops are counted from transitions, and there are none"
        raise contradiction(reason, "give them, or minimise time", "transitions")
    wrong = {
        "mode": problem.mode != "equal_split",
        "previous": problem.previous is not None,
        "tail_weight": problem.tail_weight > 0,
    }
    for field, there in wrong.items():
        if there:
            raise contradiction(
                "hops are of an equal split, without tail or previous placement",
                "write 'mode: equal_split' and leave out the others",
                field,
            )


def check_range(problem: "Problem") -> None:
    """Raises a contradiction where the objective may grow beyond 64 bits."""
    slowest = min(device.tokens_per_s for device in problem.devices)
    heaviest = max(sum(row) for window in problem.windows for row in window.loads)
    weight = sum(window.weight for window in problem.windows)
    weight += problem.tail_weight * problem.tail_windows
    waiting = (heaviest * 10**9 // slowest + 1) * weight * problem.layers
    moving = 0
    if problem.previous is not None:
        moving = problem.previous.ns_per_replica * problem.slots * problem.layers
    passing = sum(sum(row) for matrix in problem.transitions or () for row in matrix)
    if passing > _LARGEST:
        remedy = "count fewer tokens"
        raise contradiction("hops may grow beyond 64 bits", remedy, "transitions")
    if waiting + moving > _LARGEST:
        place = ("windows",) if waiting > moving else ("previous", "ns_per_replica")
        raise contradiction(
            "the objective may grow beyond 64 bits",
            "give smaller weights, loads of shorter windows, or a lower price",
            *place,
        )
