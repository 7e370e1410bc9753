"""Bounds for the pipeline dynamic program: any number of devices of each type, at a price.

Without the limit on how often a type is used, the cheapest way to cover layers 0..i-1 and to send
the result into a port needs no multiset:

    G[p, i] = min over w, j < i of  G[port(w), j] + cost(w, p, j..i-1) + price_w

and for any prices ≥ 0, a plan that completes a suffix with the devices not yet in use costs at
least the suffix + G[p, i] - Σ_w price_w · (devices of type w left). The prices are those of a
Lagrangian relaxation of the counts, raised where the cheapest cover uses too many devices of a
type (subgradient ascent; Fisher, Management Science 1981; state-space relaxation after
Christofides, Mingozzi and Toth, Networks 1981). O(rounds · W · P · L²).

Ranges. G is cut off at UNREACHABLE = 2^61, prices are raised only while price · count <= 2^61, and
a cost is at most 2^61, so that no sum leaves ±2^62.6. A G at the cut-off, be it that nothing covers
the chain or that prices drove it there, is only lower than it might be, which every bound made of
it survives. So G is never read as "no plan exists": that is for a bound above the dearest plan.
"""

from dataclasses import dataclass

import numpy as np

from solvers.base import UNREACHABLE, Stopwatch
from solvers.tables.pipeline_partition import Ints

_ROUNDS = 250
# First step as a share of the bound: large, since prices start from nothing.
_STEP = 0.3
# Rounds without a better bound after which the step is halved.
_PATIENCE = 8


@dataclass(frozen=True, eq=False)
class Prices:
    """Prices per type [W], the covers G [P + 1, L + 1] they lead to, and the bound they prove.

    The last row of G is for the end of the chain (return hop included). The bound holds for every
    plan; of a chain that cannot be covered it is far above any.
    """

    price: Ints
    cover: Ints
    bound: int


@dataclass(frozen=True, eq=False)
class Relaxation:
    """Costs [W, P + 1, L, L + 1] of a stage with its sending, ports and counts of the types."""

    cost: Ints
    port: Ints
    count: Ints

    def ascend(
        self, start: Ints, watch: Stopwatch, enough: int, *, covered: bool = False
    ) -> Prices:
        """The best prices found from `start` before the stopwatch expires.

        start: small prices, no more than 2^30; enough: stop at a bound that reaches it; covered:
        only whether a cover keeps to the counts is asked, so stop at the first that does.
        """
        prices, excess = self._evaluated(start)
        best, price, step, stale = prices, start, _STEP, 1
        for _ in range(_ROUNDS):
            if watch.expired() or best.bound >= enough or (covered and (excess <= 0).all()):
                break
            if stale == _PATIENCE:
                price, step, stale = best.price, step / 2, 0
                prices, excess = self._evaluated(price)
            direction = np.where((price == 0) & (excess < 0), 0, excess)
            if not direction.any():
                break
            change = step * self._reach(best) / int(direction @ direction) * direction
            if np.maximum(0.0, price + change) @ self.count > UNREACHABLE:
                stale = _PATIENCE
                continue
            price = np.maximum(0, price + np.rint(change).astype(np.int64))
            prices, excess = self._evaluated(price)
            stale += 1
            if prices.bound > best.bound:
                best, stale = prices, 0
        return best

    def _reach(self, best: Prices) -> int:
        """The size of what is bounded, for the length of a step."""
        return max(abs(best.bound), int(best.price @ self.count)) + 1

    def _evaluated(self, price: Ints) -> tuple[Prices, Ints]:
        """The covers at these prices, and per type how many devices too many the best one uses."""
        _, ports, layers, _ = self.cost.shape
        cover = np.full((ports, layers + 1), UNREACHABLE, dtype=np.int64)
        cover[:, 0] = 0
        choice = np.zeros((ports, layers + 1), dtype=np.int64)
        for cut in range(1, layers + 1):
            options = self.cost[:, :, :cut, cut] + cover[self.port, None, :cut]
            flat = (options + price[:, None, None]).transpose(1, 0, 2).reshape(ports, -1)
            choice[:, cut] = flat.argmin(axis=1)
            cover[:, cut] = np.minimum(flat[np.arange(ports), choice[:, cut]], UNREACHABLE)
        total = int(cover[-1, layers])
        bound = total - int(price @ self.count)
        excess = -self.count
        cut, port = layers, ports - 1
        while cut > 0:
            kind, start = divmod(int(choice[port, cut]), cut)
            excess[kind] += 1
            port, cut = int(self.port[kind]), start
        return Prices(price, cover, bound), excess
