"""How long sites take to use copies on holders: the cheapest way, in integer arithmetic."""

from models.devices import LinkRate
from models.problems.offload_placement import Holder, OffloadPlacementProblem


class Clock:
    """Times by site, holder and size, each worked out once."""

    def __init__(self, problem: OffloadPlacementProblem) -> None:
        self._problem = problem
        self._number = {holder.name: n for n, holder in enumerate(problem.holders)}
        self._known: dict[tuple[int, int, int], tuple[int, int, int] | None] = {}

    def spent(self, site: int, holder: int, size: int) -> tuple[int, int, int] | None:
        """(time, compute time, holder that computes) of the cheapest way, None for no way."""
        key = (site, holder, size)
        if key not in self._known:
            self._known[key] = self._cheapest(site, holder, size)
        return self._known[key]

    def _cheapest(self, site: int, holder: int, size: int) -> tuple[int, int, int] | None:
        problem = self._problem
        name, there = problem.sites[site], problem.holders[holder]
        here = self._number[name]
        local, remote = _compute(problem.holders[here], size), _compute(there, size)
        if here == holder:
            return None if local is None else (local, local, here)
        to, back = problem.rate(name, there.name), problem.rate(there.name, name)
        ways = []
        if to is not None and back is not None and remote is not None:
            wires = _wire(to, problem.activation_bytes) + _wire(back, problem.activation_bytes)
            ways.append((wires + remote, remote, holder))
        if back is not None and local is not None:
            ways.append((self._exposed(back, size) + local, local, here))
        return min(ways, key=lambda way: way[0], default=None)

    def _exposed(self, link: LinkRate, size: int) -> int:
        ahead = self._problem.prefetch
        if ahead is None:
            return _wire(link, size)
        recall = ahead.recall_ppm
        fetched = -(-size * (10**12 + recall * ahead.waste_ppm) // 10**12)
        time = _wire(link, fetched)
        hidden = recall * max(0, time - ahead.lead_ns) + (10**6 - recall) * time
        return -(-hidden // 10**6)


def _compute(holder: Holder, size: int) -> int | None:
    if holder.read_bytes_per_s is None:
        return None
    return holder.overhead_ns - (-size * 10**9 // holder.read_bytes_per_s)


def _wire(link: LinkRate, size: int) -> int:
    return link.latency_ns - (-8 * size * 10**9 // link.bandwidth_bit_per_s)
