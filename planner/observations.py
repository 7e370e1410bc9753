"""What is observed of a placement's world, averaged with what was before.

Memory, bandwidth, activations and patterns are averaged with exponentially falling weights.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NoReturn

from pydantic import ValidationError

from models.documents import field_errors
from models.errors import DocumentError, FieldError
from models.problems.offload_placement import (
    MoeLayer,
    OffloadPlacementProblem,
    Pattern,
    TokenLatency,
)
from models.rolling import Observation, ObservedLink

_WHOLE = 10**6


@dataclass(frozen=True)
class Pace:
    """weight_ppm: of what is seen against what was before; ns_per_mib: the price of moving.

    Without a price moves cost what the problem says, nothing where it says nothing.
    """

    ns_per_mib: int | None = None
    weight_ppm: int = 500_000

    def mix(self, before: int, now: int) -> int:
        """Weight · now + (1 - weight) · before, rounded down."""
        return (self.weight_ppm * now + (_WHOLE - self.weight_ppm) * before) // _WHOLE


def averaged(
    problem: OffloadPlacementProblem, seen: Observation, pace: Pace
) -> OffloadPlacementProblem:
    """The problem with each figure averaged with what was seen.

    Raises DocumentError where that names what the problem does not have, or leaves its limits.
    """
    _check(problem, seen)
    holders = tuple(
        holder.model_copy(
            update={"memory_bytes": pace.mix(holder.memory_bytes, seen.memory_bytes[holder.name])}
        )
        if holder.memory_bytes is not None and holder.name in seen.memory_bytes
        else holder
        for holder in problem.holders
    )
    rates = {index: item.bandwidth_bit_per_s for index, item in _named(problem, seen).items()}
    links = tuple(
        link.model_copy(
            update={"bandwidth_bit_per_s": max(1, pace.mix(link.bandwidth_bit_per_s, rates[index]))}
        )
        if index in rates
        else link
        for index, link in enumerate(problem.links)
    )
    layers = tuple(_layer(problem, item, seen, pace) for item in problem.layers)
    fields = dict(problem) | {"holders": holders, "links": links, "layers": layers}
    try:
        return OffloadPlacementProblem(**fields)
    except ValidationError as error:
        faults = field_errors(error.errors(include_url=False))
        raise DocumentError(
            tuple(FieldError("", seen.name, fault.reason, fault.remedy) for fault in faults)
        ) from None


def _layer(
    problem: OffloadPlacementProblem, layer: MoeLayer, seen: Observation, pace: Pace
) -> MoeLayer:
    if layer.name in seen.patterns:
        patterns = _patterns(layer.patterns, seen.patterns[layer.name], pace)
        counts = [[0] * layer.experts for _ in problem.sites]
        for pattern in patterns:
            for expert in pattern.experts:
                counts[problem.sites.index(pattern.site)][expert] += pattern.tokens
        rows = tuple(tuple(row) for row in counts)
        return layer.model_copy(update={"activations": rows, "patterns": patterns})
    if layer.name in seen.activations:
        rows = tuple(
            tuple(pace.mix(a, b) for a, b in zip(old, new, strict=True))
            for old, new in zip(layer.activations, seen.activations[layer.name], strict=True)
        )
        return layer.model_copy(update={"activations": rows, "patterns": ()})
    return layer


def _patterns(before: Sequence[Pattern], now: Sequence[Pattern], pace: Pace) -> tuple[Pattern, ...]:
    """Averages of the tokens of each set of experts; those of less than one are left out."""
    counts: list[Counter[tuple[str, tuple[int, ...]]]] = [Counter(), Counter()]
    for count, patterns in zip(counts, (before, now), strict=True):
        for pattern in patterns:
            count[pattern.site, tuple(sorted(pattern.experts))] += pattern.tokens
    old, new = counts
    mixed = {key: pace.mix(old[key], new[key]) for key in sorted(old | new)}
    return tuple(
        Pattern(site=site, experts=experts, tokens=tokens)
        for (site, experts), tokens in mixed.items()
        if tokens
    )


def _check(problem: OffloadPlacementProblem, seen: Observation) -> None:
    """Raises DocumentError for what the problem does not have."""
    limited = [item.name for item in problem.holders if item.memory_bytes is not None]
    for name in seen.memory_bytes:
        if name not in limited:
            reason = "no holder of that name has limited memory"
            _refuse(f"/memory_bytes/{name}", name, reason, limited)
    _named(problem, seen)
    _check_layers(problem, seen)


def _named(problem: OffloadPlacementProblem, seen: Observation) -> dict[int, ObservedLink]:
    """What was seen of links, by their numbers; one that is not directed goes by either name."""
    ways = {way: number for number, link in enumerate(problem.links) for way in link.directions()}
    found: dict[int, ObservedLink] = {}
    for index, item in enumerate(seen.links):
        got = f"{item.source} to {item.target}"
        number = ways.get((item.source, item.target))
        if number is None:
            known = [f"{link.source} to {link.target}" for link in problem.links]
            _refuse(f"/links/{index}", got, "the problem has no such link", known)
        if number in found:
            _refuse(f"/links/{index}", got, "the link is named a second time", ["one of them"])
        found[number] = item
    return found


def _check_layers(problem: OffloadPlacementProblem, seen: Observation) -> None:
    layers = {layer.name: layer for layer in problem.layers}
    for field in ("activations", "patterns"):
        for name in getattr(seen, field):
            if name not in layers:
                _refuse(f"/{field}/{name}", name, "the layer is not known", list(layers))
    patterned = problem.objective is not TokenLatency.MAX
    for name, rows in seen.activations.items():
        _check_activations(problem, layers[name], rows)
        if not patterned and name not in seen.patterns:
            reason = "the slowest expert of a token counts, of which activations say nothing"
            _refuse(f"/activations/{name}", name, reason, ["'patterns' instead"])
    for name, patterns in seen.patterns.items():
        _check_patterns(problem, layers[name], patterns)


def _check_activations(
    problem: OffloadPlacementProblem, layer: MoeLayer, rows: Sequence[Sequence[int]]
) -> None:
    if [len(row) for row in rows] != [layer.experts] * len(problem.sites):
        reason = "the activations are not one row of experts per site"
        words = [f"{len(problem.sites)} rows of {layer.experts} numbers"]
        _refuse(f"/activations/{layer.name}", layer.name, reason, words)


def _check_patterns(
    problem: OffloadPlacementProblem, layer: MoeLayer, patterns: Sequence[Pattern]
) -> None:
    for number, pattern in enumerate(patterns):
        place = f"/patterns/{layer.name}/{number}"
        if pattern.site not in problem.sites:
            _refuse(f"{place}/site", pattern.site, "the site is not known", problem.sites)
        if max(pattern.experts) >= layer.experts:
            known, got = [f"0 to {layer.experts - 1}"], str(max(pattern.experts))
            _refuse(f"{place}/experts", got, "the layer has no such expert", known)


def _refuse(pointer: str, got: str, reason: str, known: Sequence[str]) -> NoReturn:
    remedy = f"use one of: {', '.join(known[:8])}" if len(known) > 1 else f"use {known[0]}"
    raise DocumentError((FieldError(pointer, got, reason, remedy),))
