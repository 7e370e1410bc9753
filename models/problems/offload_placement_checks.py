"""Contradictions between the parts of an offload placement, each with the field to be changed."""

from itertools import product
from typing import TYPE_CHECKING

from models.base import contradiction, first_duplicate, last_index
from models.devices import Link

if TYPE_CHECKING:
    from models.problems.offload_placement import MoeLayer, Pattern
    from models.problems.offload_placement import OffloadPlacementProblem as Problem

# Two of them still add up in 64 bits.
_LARGEST = 2**60


def check_names(problem: "Problem") -> None:
    """Raises a contradiction where a name stands twice, or two links join the same way."""
    for group in ("holders", "precisions", "layers"):
        names = [item.name for item in getattr(problem, group)]
        twice = first_duplicate(names)
        if twice is not None:
            raise contradiction(
                f"'{twice}' is named twice in {group}",
                "give each its own name",
                *(group, last_index(names, twice), "name"),
            )
    twice = first_duplicate(list(problem.sites))
    if twice is not None:
        place = last_index(list(problem.sites), twice)
        raise contradiction(f"'{twice}' is named twice in sites", "name it once", "sites", place)
    seen: set[tuple[str, str]] = set()
    for index, link in enumerate(problem.links):
        if link.source == link.target:
            reason = f"the link joins '{link.source}' with itself"
            raise contradiction(reason, "remove the link", "links", index)
        for way in link.directions():
            if way in seen:
                raise contradiction(
                    f"the way from '{way[0]}' to '{way[1]}' stands a second time",
                    "keep one of them, or mark both as directed",
                    *("links", index),
                )
            seen.add(way)


def check_references(problem: "Problem") -> None:
    """Raises a contradiction where a site or a link names no holder, or a site does not compute."""
    known = {item.name: index for index, item in enumerate(problem.holders)}
    named: list[tuple[str, tuple[str | int, ...]]] = [
        (name, ("sites", index)) for index, name in enumerate(problem.sites)
    ]
    for index, link in enumerate(problem.links):
        named += [(link.source, ("links", index, "source"))]
        named += [(link.target, ("links", index, "target"))]
    for name, place in named:
        if name not in known:
            raise contradiction(
                f"the holder '{name}' is not known",
                f"use one of: {', '.join(sorted(known)[:8])}",
                *place,
            )
    for name in problem.sites:
        if problem.holders[known[name]].read_bytes_per_s is None:
            raise contradiction(
                f"the site '{name}' does not compute",
                "say how fast it reads weights, such as 300 GB/s",
                *("holders", known[name], "read_bytes_per_s"),
            )


def check_layers(problem: "Problem") -> None:
    """Raises a contradiction where activations, pairs or patterns do not fit their layer."""
    for index, layer in enumerate(problem.layers):
        _check_shape(layer, len(problem.sites), index)
        _check_pairs(layer, index)
        _check_patterns(problem, layer, index)


def check_present(problem: "Problem") -> None:
    """Raises a contradiction where copies in force are of experts that there are none of.

    Their holders and precisions may be gone.
    """
    if problem.present is None:
        return
    experts = {layer.name: layer.experts for layer in problem.layers}
    for name, copies in problem.present.copies.items():
        if name not in experts:
            raise contradiction(
                f"the layer '{name}' is not known",
                f"use one of: {', '.join(list(experts)[:8])}",
                *("present", "copies", name),
            )
        for index, copy in enumerate(copies):
            if copy.expert >= experts[name]:
                raise contradiction(
                    f"layer '{name}' has no expert {copy.expert}",
                    f"use 0 to {experts[name] - 1}",
                    *("present", "copies", name, index, "expert"),
                )


def check_range(problem: "Problem", most_activations: int) -> None:
    """Raises a contradiction where times, bytes or prices may add up beyond 64 bits."""
    total = sum(sum(row) for layer in problem.layers for row in layer.activations)
    if total > most_activations:
        reason = f"{total:,} activations are more than {most_activations:,}"
        raise contradiction(reason, "count fewer tokens", "layers")
    largest = _largest_bytes(problem)
    clients = sum(layer.experts for layer in problem.layers) * len(problem.sites)
    if 2 * clients * largest > _LARGEST:
        raise contradiction(
            "the bytes of all experts may grow beyond 64 bits",
            "check expert_bytes and the precisions' size_ppm",
            *("layers", 0, "expert_bytes"),
        )
    if problem.present is not None and (2 * clients * problem.present.price_ns(largest) > _LARGEST):
        raise contradiction(
            "the price of moving all experts may grow beyond 64 bits",
            "give a lower price",
            *("present", "ns_per_mib"),
        )
    waste = 1 if problem.prefetch is None else 2 + problem.prefetch.waste_ppm // 10**6
    slow = {i: _fetching_ns(link, waste * largest) for i, link in enumerate(problem.links)}
    reading = {
        i: largest * 10**9 // item.read_bytes_per_s + item.overhead_ns
        for i, item in enumerate(problem.holders)
        if item.read_bytes_per_s is not None
    }
    slowest = 3 * max(slow.values(), default=1) + max(reading.values())
    if max(total, 1) * slowest > _LARGEST:
        place: tuple[str | int, ...] = ("holders", max(reading, key=reading.__getitem__))
        if slow and max(slow.values()) >= max(reading.values()):
            place = ("links", max(slow, key=slow.__getitem__), "bandwidth_bit_per_s")
        raise contradiction(
            "the objective may grow beyond 64 bits",
            "count fewer tokens, or check the sizes and the rates",
            *place,
        )


def _largest_bytes(problem: "Problem") -> int:
    """Of a copy with its base, at the largest precision."""
    sizes = [layer.expert_bytes for layer in problem.layers]
    sizes += [x.distil.student_bytes for x in problem.layers if x.distil is not None]
    sizes += [x.share.base_bytes + x.share.delta_bytes for x in problem.layers if x.share]
    return max(sizes) * max(1, *(-(-item.size_ppm // 10**6) for item in problem.precisions))


def _fetching_ns(link: Link, size_bytes: int) -> int:
    return 8 * size_bytes * 10**9 // link.bandwidth_bit_per_s + link.latency_ns


def _check_shape(layer: "MoeLayer", sites: int, index: int) -> None:
    rows = [len(row) for row in layer.activations]
    if len(rows) != sites:
        raise contradiction(
            f"the activations of layer '{layer.name}' are {len(rows)} rows of experts",
            f"give one row for each of the {sites} sites",
            *("layers", index, "activations"),
        )
    for site, length in enumerate(rows):
        if length != rows[0]:
            raise contradiction(
                f"layer '{layer.name}' has {rows[0]} experts at one site, {length} at another",
                f"give {rows[0]} numbers",
                *("layers", index, "activations", site),
            )
    if layer.top_k > layer.experts:
        raise contradiction(
            f"layer '{layer.name}' has {layer.experts} experts, fewer than top_k",
            "lower top_k or add experts",
            *("layers", index, "top_k"),
        )
    if layer.share is not None and len(layer.share.loss_ppm) != layer.experts:
        raise contradiction(
            f"layer '{layer.name}' shares with {len(layer.share.loss_ppm)} losses",
            f"give {layer.experts}, null where an expert has no delta",
            *("layers", index, "share", "loss_ppm"),
        )


def _check_pairs(layer: "MoeLayer", index: int) -> None:
    offers: dict[tuple[str, ...], tuple[tuple[int, int, int], ...]] = {("merge",): layer.merge}
    if layer.distil is not None:
        offers["distil", "pairs"] = layer.distil.pairs
    for field, pairs in offers.items():
        seen: set[tuple[int, int]] = set()
        for number, (expert, other, _) in enumerate(pairs):
            place: tuple[str | int, ...] = ("layers", index, *field, number)
            if max(expert, other) >= layer.experts:
                raise contradiction(
                    f"layer '{layer.name}' has no expert {max(expert, other)}",
                    f"use 0 to {layer.experts - 1}",
                    *place,
                )
            if (expert, other) in seen:
                reason = f"experts {expert} and {other} of layer '{layer.name}' stand twice"
                raise contradiction(reason, "keep one of the two distances", *place)
            seen.add((expert, other))


def _check_patterns(problem: "Problem", layer: "MoeLayer", index: int) -> None:
    counted = [[0] * layer.experts for _ in problem.sites]
    for number, pattern in enumerate(layer.patterns):
        place = ("layers", index, "patterns", number)
        _check_pattern(problem, layer, pattern, place)
        for expert in pattern.experts:
            counted[problem.sites.index(pattern.site)][expert] += pattern.tokens
    if not layer.patterns and problem.objective != "max":
        return
    for site, expert in product(range(len(problem.sites)), range(layer.experts)):
        if counted[site][expert] != layer.activations[site][expert]:
            raise contradiction(
                f"the patterns of layer '{layer.name}' activate expert {expert} "
                f"{counted[site][expert]:,} times at '{problem.sites[site]}', not "
                f"{layer.activations[site][expert]:,}",
                "count patterns and activations over the same tokens",
                *("layers", index, "patterns"),
            )


def _check_pattern(
    problem: "Problem", layer: "MoeLayer", pattern: "Pattern", place: tuple[str | int, ...]
) -> None:
    if pattern.site not in problem.sites:
        remedy = f"use one of: {', '.join(problem.sites[:8])}"
        raise contradiction(f"the site '{pattern.site}' is not known", remedy, *place, "site")
    if max(pattern.experts) >= layer.experts:
        reason = f"layer '{layer.name}' has no expert {max(pattern.experts)}"
        remedy = f"use 0 to {layer.experts - 1}"
        raise contradiction(reason, remedy, *place, "experts")
    if len(set(pattern.experts)) != len(pattern.experts):
        reason = "a token chooses an expert twice"
        raise contradiction(reason, "name each expert once", *place, "experts")
