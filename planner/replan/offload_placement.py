"""Changes of a placement's holders, the plan in force remembered, and what a change has to move."""

from models.problems.offload_placement import (
    Holder,
    OffloadPlacementPlan,
    OffloadPlacementProblem,
    Present,
)
from models.units import round_half_up
from planner.replan.move import ChangeError, Move, factor_of
from planner.verify.offload_terms import LayerTerms, Piece


def remembering(
    problem: OffloadPlacementProblem, plan: OffloadPlacementPlan, ns_per_mib: int
) -> OffloadPlacementProblem:
    """The problem with a plan in force, and a price for every MiB that has to move."""
    copies = {item.layer: item.copies for item in plan.layers}
    return problem.model_copy(update={"present": Present(copies=copies, ns_per_mib=ns_per_mib)})


def changed(
    problem: OffloadPlacementProblem,
    plan: OffloadPlacementPlan,
    lost: tuple[str, ...],
    slowed: tuple[tuple[str, str], ...],
    ns_per_mib: int,
) -> OffloadPlacementProblem:
    """The changed problem; a slower holder reads and is reached slower. See planner.replan."""
    for about, names in (("lost", lost), ("slowed", tuple(name for name, _ in slowed))):
        for name in names:
            if problem.holder(name) is None:
                raise ChangeError(f"there is no holder '{name}'", about)
    for name in lost:
        if name in problem.sites:
            reason = f"'{name}' is a site; take it out of the file with its activations"
            raise ChangeError(reason, "lost")
    for name, factor in slowed:
        problem = _slow(problem, name, factor)
    kept = tuple(holder for holder in problem.holders if holder.name not in lost)
    if not kept:
        raise ChangeError("no holder is left", "lost")
    links = tuple(link for link in problem.links if not {link.source, link.target} & set(lost))
    fields = dict(remembering(problem, plan, ns_per_mib)) | {"holders": kept, "links": links}
    return OffloadPlacementProblem(**fields)


def moves(
    problem: OffloadPlacementProblem, before: OffloadPlacementPlan, after: OffloadPlacementPlan
) -> tuple[Move, ...]:
    """What each holder with limited memory has to load, by layer; see planner.replan.moves."""
    sizes: dict[tuple[str, str], list[int]] = {}
    for (layer, (_, _, _, holder)), size in sorted(loads(problem, before, after).items()):
        sizes.setdefault((layer, holder), []).append(size)
    order = {layer.name: number for number, layer in enumerate(problem.layers)}
    return tuple(
        Move(f"{layer}: {len(part)} of its experts", None, holder, sum(part))
        for (layer, holder), part in sorted(
            sizes.items(), key=lambda item: (order[item[0][0]], item[0][1])
        )
    )


def loads(
    problem: OffloadPlacementProblem, before: OffloadPlacementPlan, after: OffloadPlacementPlan
) -> dict[tuple[str, Piece], int]:
    """Bytes of the pieces, by layer, that holders with limited memory do not have before."""
    limited = {holder.name for holder in problem.holders if holder.room_bytes is not None}
    old = {item.layer: item.copies for item in before.layers}
    found = {}
    for layer, item in zip(problem.layers, after.layers, strict=True):
        terms = LayerTerms(problem, layer)
        there = {piece for copy in old.get(layer.name, ()) for piece in terms.stored_as(copy)}
        for copy in item.copies:
            for piece, size in terms.pieces(copy).items():
                if piece not in there and piece[3] in limited:
                    found[layer.name, piece] = size
    return found


def _slow(problem: OffloadPlacementProblem, name: str, text: str) -> OffloadPlacementProblem:
    factor = factor_of(text)

    def slower(holder: Holder) -> Holder:
        if holder.name != name or holder.read_bytes_per_s is None:
            return holder
        rate = max(1, round_half_up(holder.read_bytes_per_s / factor))
        return holder.model_copy(update={"read_bytes_per_s": rate})

    holders = tuple(slower(holder) for holder in problem.holders)
    links = tuple(
        link
        if name not in (link.source, link.target)
        else link.model_copy(
            update={"bandwidth_bit_per_s": max(1, round_half_up(link.bandwidth_bit_per_s / factor))}
        )
        for link in problem.links
    )
    return problem.model_copy(update={"holders": holders, "links": links})
