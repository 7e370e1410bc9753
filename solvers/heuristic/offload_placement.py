"""Baselines for an offload placement, by name. All at full precision, at the same loss budget.

- all-cloud: everything stays with a holder that holds everything, its cheapest such one;
- frequency-greedy: experts by activations over all sites, each to the holder that saves most;
- site-popularity: the same for each site by its own activations, sites taking turns;
- no-merge: experts by the time that their best holder saves per byte;
- msmoe-then-place: the least activated experts join the nearest of the others, as many as the loss
  budget allows (M-SMoE: Li et al., ICLR 2024), and what is left is placed by activations;
- linkage-then-place: the same with clusters by average linkage (HC-SMoE: Chen et al., 2024).

An expert whose representative is not placed stays with a holder that holds everything, unmerged.
"""

from collections.abc import Iterable, Iterator
from itertools import chain, pairwise, zip_longest

import numpy as np

from models.problems.offload_placement import OffloadPlacementPlan, OffloadPlacementProblem
from models.result import Claim, Limits, Reason
from solvers.base import Progress, Stopwatch
from solvers.heuristic.offload_placement_groups import Groups, by_frequency, by_linkage, single
from solvers.tables.offload_placement import Ints, Tables, build


class Placement:
    """Columns [C] that start where everything is held, and the room that is left."""

    def __init__(self, tables: Tables) -> None:
        self.tables = tables
        self.chosen = tables.safest()
        self.room = tables.capacity[: tables.memory].copy()
        order = np.argsort(tables.copy, kind="stable")
        ends = np.searchsorted(tables.copy[order], np.arange(len(tables.size) + 1))
        self._columns = [order[a:b] for a, b in pairwise(ends.tolist())]
        self._client = tables.client_of
        self._copies: dict[tuple[int, int], list[int]] = {}
        plain = (tables.key[:, 3] == 0) & (tables.base < 0) & ~tables.free
        for copy in np.flatnonzero(plain).tolist():
            layer, expert = tables.key[copy, :2].tolist()
            self._copies.setdefault((layer, expert), []).append(copy)

    def best(self, layer: int, expert: int, clients: Ints) -> tuple[int, int, Ints] | None:
        """(saved, copy, columns) of the copy with room that saves these clients most."""
        found: tuple[int, int, Ints] | None = None
        for copy in self._copies.get((layer, expert), []):
            row = int(self.tables.room_row[copy])
            if row >= 0 and self.tables.size[copy] > self.room[row]:
                continue
            columns = self._columns[copy]
            columns = columns[np.isin(self._client[columns], clients)]
            now = self.chosen[self._client[columns]]
            saved = int((self.tables.cost[now] - self.tables.cost[columns]).sum())
            saved -= int(self.tables.price[copy])
            if saved > 0 and (found is None or saved > found[0]):
                found = (saved, copy, columns)
        return found

    def take(self, layer: int, expert: int, clients: Ints) -> None:
        """Places a representative for some clients where it saves most, if it does."""
        found = self.best(layer, expert, clients)
        if found is not None:
            _, copy, columns = found
            self.chosen[self._client[columns]] = columns
            row = int(self.tables.room_row[copy])
            if row >= 0:
                self.room[row] -= self.tables.size[copy]

    def share(self, clients: Ints) -> None:
        """Lets clients use copies of their own expert that were placed for others, if cheaper."""
        placed = np.unique(self.tables.copy[self.chosen])
        usable = np.isin(self.tables.copy, placed) & self.tables.own
        for client in clients.tolist():
            a, b = self.tables.start[client], self.tables.start[client + 1]
            columns = np.flatnonzero(usable[a:b]) + a
            columns = np.append(columns, self.chosen[client])
            self.chosen[client] = columns[self.tables.cost[columns].argmin()]


def activations(problem: OffloadPlacementProblem) -> Ints:
    """[C] activations of each client."""
    rows = (row for layer in problem.layers for row in layer.activations)
    return np.array(list(chain.from_iterable(rows)), dtype=np.int64)


class _Baseline:
    """A method that fills holders in some order."""

    name: str

    def solve(
        self,
        problem: OffloadPlacementProblem,
        limits: Limits,
        hint: OffloadPlacementPlan | None = None,
        report: Progress[OffloadPlacementPlan] | None = None,
    ) -> Claim[OffloadPlacementPlan]:
        """A plan, or none where the method's breaks a budget."""
        watch = Stopwatch(limits, report)
        tables = build(problem)
        if tables.empty:
            detail = "an expert can be served by nothing"
            return Claim(self.name, Reason.HEURISTIC, detail=detail)
        placement = Placement(tables)
        self.fill(placement, watch)
        reason = watch.reason(Reason.HEURISTIC)
        if not tables.fits(placement.chosen):
            return Claim(self.name, reason, detail="what it fills breaks a budget")
        return Claim(self.name, reason, tables.plan(placement.chosen))

    def fill(self, placement: Placement, watch: Stopwatch) -> None:
        """Places representatives for their clients."""
        for layer, expert, clients in self.order(placement):
            if watch.expired():
                return
            placement.take(layer, expert, clients)

    def order(self, placement: Placement) -> Iterable[tuple[int, int, Ints]]:
        """(layer, representative, clients) in the order in which they are placed."""
        raise NotImplementedError


def _by_activations(groups: Groups, weights: Ints) -> list[tuple[int, int, Ints]]:
    return sorted(groups, key=lambda group: -int(weights[group[2]].sum()))


class AllCloud(_Baseline):
    """Nothing is placed."""

    name = "all-cloud"

    def order(self, placement: Placement) -> Iterable[tuple[int, int, Ints]]:
        """See the module."""
        return ()


class FrequencyGreedy(_Baseline):
    """Experts by activations."""

    name = "frequency-greedy"

    def order(self, placement: Placement) -> Iterable[tuple[int, int, Ints]]:
        """See the module."""
        problem = placement.tables.problem
        return _by_activations(single(problem), activations(problem))


class SitePopularity(_Baseline):
    """Sites take turns, each with its own next most activated expert."""

    name = "site-popularity"

    def order(self, placement: Placement) -> Iterator[tuple[int, int, Ints]]:
        """See the module."""
        problem = placement.tables.problem
        weights = activations(problem)
        wishes = []
        for site in range(len(problem.sites)):
            own = [(layer, expert, at[site : site + 1]) for layer, expert, at in single(problem)]
            wishes.append(_by_activations(own, weights))
        for turn in zip_longest(*wishes):
            yield from turn

    def fill(self, placement: Placement, watch: Stopwatch) -> None:
        """See the module; what one site has placed serves the others, too."""
        for layer, expert, clients in self.order(placement):
            if watch.expired():
                return
            placement.share(clients)
            placement.take(layer, expert, clients)
        placement.share(np.arange(placement.tables.clients))


class NoMerge(_Baseline):
    """Experts by time saved per byte."""

    name = "no-merge"

    def order(self, placement: Placement) -> Iterable[tuple[int, int, Ints]]:
        """See the module."""
        problem = placement.tables.problem

        def density(group: tuple[int, int, Ints]) -> float:
            found = placement.best(*group)
            return 0.0 if found is None else -found[0] / max(placement.tables.size[found[1]], 1)

        return sorted(single(problem), key=density)


class MsmoeThenPlace(_Baseline):
    """Merging by frequency, then by activations."""

    name = "msmoe-then-place"

    def order(self, placement: Placement) -> Iterable[tuple[int, int, Ints]]:
        """See the module."""
        problem = placement.tables.problem
        weights = activations(problem)
        return _by_activations(by_frequency(problem, weights), weights)


class LinkageThenPlace(_Baseline):
    """Clusters by average linkage, then by activations."""

    name = "linkage-then-place"

    def order(self, placement: Placement) -> Iterable[tuple[int, int, Ints]]:
        """See the module."""
        problem = placement.tables.problem
        weights = activations(problem)
        return _by_activations(by_linkage(problem, weights), weights)
