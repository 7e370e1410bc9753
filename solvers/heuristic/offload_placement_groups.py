"""Who is merged with whom before anything is placed: M-SMoE's rule, and average linkage.

Both give a sequence of merges per layer; as many of it are made as the loss budget allows, over all
layers by one threshold, or in each layer, as the budget's scope says. A layer keeps its top-k.
"""

from collections.abc import Callable, Sequence
from itertools import groupby

import numpy as np
import numpy.typing as npt

from models.problems.offload_placement import (
    BudgetScope,
    MoeLayer,
    OffloadPlacementProblem,
)

Ints = npt.NDArray[np.int64]
# Layer, representative, its clients.
Groups = list[tuple[int, int, Ints]]
# Farther than any distance in ppm.
_NEVER = 4 * 10**6
# What a threshold is compared with, and the representative of each expert after the step.
_Step = tuple[float, Ints]


def single(problem: OffloadPlacementProblem) -> Groups:
    """Every expert for itself; clients of an expert by site."""
    own = [np.arange(layer.experts) for layer in problem.layers]
    return _groups(problem, own)


def by_frequency(problem: OffloadPlacementProblem, weights: Ints) -> Groups:
    """The least activated experts join the nearest one that is more activated and not merged."""

    def steps(layer: MoeLayer, used: Ints, distance: Ints) -> list[_Step]:
        order = np.argsort(used, kind="stable")
        found: list[_Step] = []
        for count in range(1, layer.experts - layer.top_k + 1):
            kept = order[count:]
            nearest = kept[distance[:, kept].argmin(axis=1)]
            to = np.arange(layer.experts)
            gone = order[:count]
            reachable = distance[gone, nearest[gone]] < _NEVER
            to[gone[reachable]] = nearest[gone[reachable]]
            found.append((float(used[order[count - 1]]), to))
        return found

    return _merged(problem, weights, steps)


def by_linkage(problem: OffloadPlacementProblem, weights: Ints) -> Groups:
    """Clusters join by least average distance (Sokal and Michener, 1958)."""
    return _merged(problem, weights, _linkage)


def _linkage(layer: MoeLayer, used: Ints, distance: Ints) -> list[_Step]:
    """The states after each joining of two clusters of a layer."""
    between = (np.minimum(distance, _NEVER) + np.minimum(distance.T, _NEVER)) / 2.0
    np.fill_diagonal(between, np.inf)
    members = [[expert] for expert in range(layer.experts)]
    to, found = np.arange(layer.experts), list[_Step]()
    for _ in range(layer.experts - layer.top_k):
        a, b = divmod(int(between.argmin()), layer.experts)
        height = float(between[a, b])
        if height >= 10**6:
            break
        sizes = len(members[a]), len(members[b])
        joined = (sizes[0] * between[a] + sizes[1] * between[b]) / sum(sizes)
        between[a], between[:, a] = joined, joined
        between[b], between[:, b] = np.inf, np.inf
        between[a, a] = np.inf
        members[a] += members[b]
        to = to.copy()
        to[members[a]] = _centre(np.array(members[a]), used, distance)
        found.append((height, to))
    return found


def _centre(cluster: Ints, used: Ints, distance: Ints) -> int:
    """The member that serves the cluster at the least loss."""
    cost = (used[cluster][:, None] * distance[np.ix_(cluster, cluster)]).sum(axis=0)
    return int(cluster[cost.argmin()])


def _merged(
    problem: OffloadPlacementProblem,
    weights: Ints,
    steps: Callable[[MoeLayer, Ints, Ints], list[_Step]],
) -> Groups:
    """The groups of the last threshold at which the loss keeps to its budget."""
    used, distances, at = [], [], 0
    for layer in problem.layers:
        size = len(problem.sites) * layer.experts
        used.append(weights[at : at + size].reshape(-1, layer.experts).sum(axis=0))
        distances.append(_distance(layer))
        at += size
    states = [
        [(-1.0, np.arange(layer.experts)), *steps(layer, u, d)]
        for layer, u, d in zip(problem.layers, used, distances, strict=True)
    ]
    loss = [
        [(threshold, _loss(to, u, d)) for threshold, to in state]
        for state, u, d in zip(states, used, distances, strict=True)
    ]
    chosen = [0] * len(states)
    together = range(len(states))
    scopes = [together]
    if problem.budget_scope is BudgetScope.LAYER:
        scopes = [range(number, number + 1) for number in together]
    for scope in scopes:
        budget = _budget(problem, sum(int(used[number].sum()) for number in scope))
        for number, count in zip(scope, _threshold([loss[n] for n in scope], budget), strict=True):
            chosen[number] = count
    return _groups(problem, [states[n][count][1] for n, count in enumerate(chosen)])


def _budget(problem: OffloadPlacementProblem, active: int) -> int:
    return _NEVER * active if problem.loss_budget_ppm is None else problem.loss_budget_ppm * active


def _threshold(loss: Sequence[Sequence[tuple[float, int]]], budget: int) -> list[int]:
    """Per layer the step that the largest threshold within the budget allows."""
    events = sorted((t, layer, n) for layer, x in enumerate(loss) for n, (t, _) in enumerate(x))
    now = [0] * len(loss)
    best, total = now, sum(rows[0][1] for rows in loss)
    for _, layer_events in groupby(events, key=lambda event: event[0]):
        for _, layer, step in layer_events:
            total += loss[layer][step][1] - loss[layer][now[layer]][1]
            now = [*now[:layer], step, *now[layer + 1 :]]
            if total <= budget:
                best = now
    return best


def _loss(to: Ints, used: Ints, distance: Ints) -> int:
    lost = used * distance[np.arange(len(to)), to]
    alone = np.bincount(to, minlength=len(to))[to] == 1
    return int(lost[~alone].sum())


def _distance(layer: MoeLayer) -> Ints:
    """[experts, experts] of the pairs offered for merging, else far; to itself 0 where not given.

    The distance of a representative to itself counts where it serves others.
    """
    found = np.full((layer.experts, layer.experts), _NEVER, dtype=np.int64)
    np.fill_diagonal(found, 0)
    for i, j, ppm in layer.merge:
        found[i, j] = ppm
    return found


def _groups(problem: OffloadPlacementProblem, to: Sequence[Ints]) -> Groups:
    found: Groups = []
    at, sites = 0, len(problem.sites)
    for number, (layer, targets) in enumerate(zip(problem.layers, to, strict=True)):
        clients = at + np.arange(sites * layer.experts).reshape(sites, layer.experts)
        for expert in np.unique(targets).tolist():
            found.append((number, expert, clients[:, targets == expert].ravel()))
        at += sites * layer.experts
    return found
