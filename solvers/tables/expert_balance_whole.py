"""Whole tokens among hosts, so that the slowest device ends as early as any whole split allows.

In T ns a device of rate s takes ⌊T s / 10⁹⌋ tokens. From nearly the best flows, rounded, devices
above that pass tokens on along paths of experts with several hosts. Where no path leads to room,
the devices that were reached, R, hold only what no other may take, and T grows to the least with
Σ_R ⌊T s / 10⁹⌋ ≥ tokens of R: Hall's condition with whole capacities, which is sufficient (flows
with whole capacities are whole), found as Dinkelbach (Management Science 1967) does.
"""

from bisect import bisect_left

import numpy as np

from solvers.tables.expert_balance import NS_PER_S, Bools, Floats, Ints


def whole_tokens(flows: Floats, loads: Ints, hosts: Bools) -> Ints:
    """[E, G] whole tokens near flows that add up to the loads [E]; remainders to largest parts."""
    floors = np.where(hosts, np.floor(np.maximum(flows, 0.0) + 1e-9), 0.0).astype(np.int64)
    # Flows of a solver may add up to a little more than there is.
    floors = np.diff(np.minimum(floors.cumsum(axis=1), loads[:, None]), axis=1, prepend=0)
    number = hosts.sum(axis=1)
    each, left = np.divmod(loads - floors.sum(axis=1), number)
    order = np.argsort(np.where(hosts, floors - flows, np.inf), axis=1, kind="stable")
    rank = np.argsort(order, axis=1, kind="stable")
    result: Ints = floors + hosts * each[:, None] + (rank < left[:, None])
    return result


def fastest(tokens: Ints, hosts: Bools, rates: list[int]) -> Ints:
    """[E, G] the split with the least time, reached from tokens [E, G]."""
    tokens = tokens.copy()
    time = -(-NS_PER_S * int(tokens.sum()) // sum(rates))
    while True:
        over = _relieved(tokens, hosts, [time * rate // NS_PER_S for rate in rates])
        if not over:
            return tokens
        inside = int(tokens[:, over].sum())
        time = _least_time(inside, [rates[device] for device in over])


def _least_time(inside: int, rates: list[int]) -> int:
    """The least whole ns in which devices take so many whole tokens."""
    low = -(-NS_PER_S * inside // sum(rates))
    # Each of them leaves less than one token over.
    span = -(-NS_PER_S * len(rates) // sum(rates))
    return low + bisect_left(
        range(span),
        inside,
        key=lambda more: sum((low + more) * rate // NS_PER_S for rate in rates),
    )


def _relieved(tokens: Ints, hosts: Bools, room: list[int]) -> list[int]:
    """Moves tokens until no device holds more than its room; else the devices R, see above."""
    spare = [most - held for most, held in zip(room, tokens.sum(axis=0).tolist(), strict=True)]
    for device in range(len(spare)):
        while spare[device] < 0:
            path, reached = _path(tokens, hosts, spare, device)
            if not path:
                return reached
            moved = min(-spare[device], spare[path[-1][2]])
            moved = min(moved, *(int(tokens[expert, here]) for expert, here, _ in path))
            for expert, here, there in path:
                tokens[expert, here] -= moved
                tokens[expert, there] += moved
            spare[device] += moved
            spare[path[-1][2]] -= moved
    return []


def _path(
    tokens: Ints, hosts: Bools, spare: list[int], start: int
) -> tuple[list[tuple[int, int, int]], list[int]]:
    """Steps (expert, from, to) to a device with room, as few as can be; else what was reached."""
    came = {start: (-1, -1)}
    queue = [start]
    for device in queue:
        held = np.where(hosts, tokens[:, device, None], 0)
        for other in np.flatnonzero(held.any(axis=0)).tolist():
            if other in came:
                continue
            came[other] = int(held[:, other].argmax()), device
            queue.append(other)
            if spare[other] > 0:
                steps, at = [], other
                while at != start:
                    expert, before = came[at]
                    steps.append((expert, before, at))
                    at = before
                return steps[::-1], []
    return [], queue
