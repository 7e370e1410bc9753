"""An offload placement from a routing table: activations, patterns, and proxies of distances.

A routing table says which experts tokens chose, not how alike experts are. The distance written
here is a *proxy*: one minus the cosine between the co-activation rows of two experts (how often
each was chosen together with every third one). It orders pairs; it measures no quality.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from problem_instances.readers.routing import Ints, Routing, coactivation, frequencies

_PROXY = (
    "distance: one minus the cosine of co-activation rows, a proxy derived from the routing table, "
    "no measured quality"
)


@dataclass(frozen=True)
class Hardware:
    """Holders, links and sites as plain data; see OffloadPlacementProblem."""

    holders: Sequence[dict[str, object]]
    links: Sequence[dict[str, object]]
    sites: Sequence[str]


def problem_from(
    routings: Sequence[Routing],
    hardware: Hardware,
    expert_bytes: int,
    *,
    neighbours: int = 16,
    patterns: bool = False,
    about: str = "",
) -> dict[str, object]:
    """Plain data of a placement: one routing table per site, all of one model.

    neighbours: representatives per expert that are offered for merging, nearest first; patterns:
    list the sets of experts that tokens chose together, as objective `max` needs them. Budgets
    and what else a problem may have are for the caller to set.
    """
    counts = [frequencies(routing) for routing in routings]
    together = np.sum([coactivation(routing) for routing in routings], axis=0)
    near = _nearest(_distances(together), neighbours)
    layers = []
    for number in range(routings[0].layers):
        layer: dict[str, object] = {
            "name": f"layer-{number}",
            "top_k": routings[0].top_k,
            "expert_bytes": expert_bytes,
            "activations": [count[number].tolist() for count in counts],
            "merge": near[number],
        }
        if patterns:
            layer["patterns"] = [
                pattern
                for site, routing in zip(hardware.sites, routings, strict=True)
                for pattern in _patterns(site, routing.chosen[:, number])
            ]
        layers.append(layer)
    return {
        "kind": "offload_placement",
        "schema_version": 1,
        "about": f"{about} {_PROXY}".strip(),
        "holders": list(hardware.holders),
        "links": list(hardware.links),
        "sites": list(hardware.sites),
        "layers": layers,
        "tokens": sum(routing.tokens for routing in routings),
    }


def _distances(together: Ints) -> npt.NDArray[np.float64]:
    """[layers, experts, experts] one minus the cosine of co-activation rows, 1 where unknown."""
    rows = together.astype(np.float64)
    every = np.arange(rows.shape[1])
    rows[:, every, every] = 0.0
    length = np.linalg.norm(rows, axis=2)
    product = np.matmul(rows, rows.transpose(0, 2, 1))
    scale = length[:, :, None] * length[:, None, :]
    cosine: npt.NDArray[np.float64] = np.zeros_like(product)
    np.divide(product, scale, out=cosine, where=scale > 0)
    return 1.0 - cosine


def _nearest(distance: npt.NDArray[np.float64], neighbours: int) -> list[list[list[int]]]:
    """Per layer the triples (expert, representative, ppm), nearest first."""
    ppm = np.clip(np.rint(distance * 10**6), 0, 10**6).astype(np.int64)
    found = []
    for table in ppm:
        triples = []
        for expert, row in enumerate(table):
            order = [int(j) for j in np.argsort(row, kind="stable") if j != expert]
            triples += [[expert, j, int(row[j])] for j in order[:neighbours]]
        found.append(triples)
    return found


def _patterns(site: str, chosen: Ints) -> list[dict[str, object]]:
    """Sets of experts chosen together, and by how many tokens; chosen: [tokens, top-k]."""
    rows, counts = np.unique(np.sort(chosen, axis=1), axis=0, return_counts=True)
    return [
        {"site": site, "experts": row, "tokens": count}
        for row, count in zip(rows.tolist(), counts.tolist(), strict=True)
    ]
