"""Changes of the devices of a placement of experts, and what a change of placement has to load."""

from models.problems.expert_balance import (
    BalanceObjective,
    ExpertBalancePlan,
    ExpertBalanceProblem,
    PreviousBalance,
)
from models.units import round_half_up
from planner.replan.move import ChangeError, Move, factor_of


def changed(
    problem: ExpertBalanceProblem,
    plan: ExpertBalancePlan,
    lost: tuple[str, ...],
    slowed: tuple[tuple[str, str], ...],
    ns_per_mib: int,
) -> ExpertBalanceProblem:
    """The changed problem; see planner.replan.changed. An expert costs ns_per_mib to bring.

    Sizes of experts are not part of the problem: the price is of one replica.
    """
    if problem.objective is BalanceObjective.HOPS:
        raise ChangeError("placements for few hops are not replanned: minimise time")
    known = {device.name: device for device in problem.devices}
    for name in (*lost, *(name for name, _ in slowed)):
        if name not in known:
            raise ChangeError(f"there is no device '{name}'; use one of: {', '.join(known)}")
    for name, factor in slowed:
        rate = max(1, round_half_up(known[name].tokens_per_s / factor_of(factor)))
        known[name] = known[name].model_copy(update={"tokens_per_s": rate})
    kept = tuple(device for device in known.values() if device.name not in lost)
    if not kept:
        raise ChangeError("no device is left")
    rows = tuple(
        tuple(
            expert
            for device, part in zip(problem.devices, _parts(problem, row), strict=True)
            if device.name not in lost
            for expert in part
        )
        for row in plan.physical_to_logical_map
    )
    previous = PreviousBalance(physical_to_logical_map=rows, ns_per_replica=ns_per_mib)
    return ExpertBalanceProblem(**{**dict(problem), "devices": kept, "previous": previous})


def moves(
    problem: ExpertBalanceProblem, before: ExpertBalancePlan, after: ExpertBalancePlan
) -> tuple[Move, ...]:
    """Experts that come to devices; see planner.replan.moves. Sizes are not known: 0 bytes.

    The old plan may be for devices of which some are lost: then the problem's previous placement
    stands for it.
    """
    old_rows = before.physical_to_logical_map
    if problem.previous is not None and any(len(row) != problem.slots for row in old_rows):
        old_rows = problem.previous.physical_to_logical_map
    found = []
    for layer, (old, new) in enumerate(zip(old_rows, after.physical_to_logical_map, strict=True)):
        was, now = _parts(problem, old), _parts(problem, new)
        for device, had, has in zip(problem.devices, was, now, strict=True):
            fresh = sorted(set(has) - set(had))
            if fresh:
                word = "experts" if len(fresh) > 1 else "expert"
                what = f"layer {layer}: {word} {', '.join(map(str, fresh))}"
                found.append(Move(what, None, device.name, 0))
    return tuple(found)


def _parts(problem: ExpertBalanceProblem, row: tuple[int, ...]) -> list[tuple[int, ...]]:
    """The experts of each device."""
    found, start = [], 0
    for device in problem.devices:
        found.append(row[start : start + device.slots])
        start += device.slots
    return found
