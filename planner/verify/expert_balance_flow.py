"""The least time in which devices can take loads that may be split among hosts, exactly.

With rates s_g and loads w_i that may go to the devices of a set H_i, the least z with a flow is

    z = max over sets S of devices   Σ {w_i : H_i ⊆ S} / Σ {s_g : g ∈ S}          (Hall's condition)

found by Newton's method: for a z that is too small, a minimum cut of the flow network names a set S
that proves a larger one (Dinkelbach, Management Science 1967). Whole numbers throughout.
"""

from collections.abc import Mapping
from fractions import Fraction
from itertools import pairwise

Loads = Mapping[frozenset[int], int]


def least_time(loads: Loads, rates: tuple[int, ...]) -> Fraction:
    """Tokens over tokens per second; loads: tokens by the devices that may take them."""
    time = Fraction(sum(loads.values()), sum(rates))
    for hosts, tokens in loads.items():
        time = max(time, Fraction(tokens, sum(rates[g] for g in hosts)))
    while True:
        tight = _violated(loads, rates, time)
        if not tight:
            return time
        inside = sum(tokens for hosts, tokens in loads.items() if hosts <= tight)
        time = Fraction(inside, sum(rates[g] for g in tight))


def _violated(loads: Loads, rates: tuple[int, ...], time: Fraction) -> frozenset[int]:
    """Devices that cannot take in `time` what only they may take; none where a flow exists.

    Multiplied by the denominator of `time`, all capacities are whole.
    """
    room = [rate * time.numerator for rate in rates]
    sent: list[dict[int, int]] = []
    groups = sorted(loads.items(), key=lambda item: (len(item[0]), sorted(item[0])))
    for hosts, tokens in groups:
        sent.append(dict.fromkeys(hosts, 0))
        left = tokens * time.denominator
        while left:
            path, reached = _path(len(sent) - 1, sent, room)
            if path is None:
                return reached
            left -= _push(path, left, sent, room)
    return frozenset()


Step = tuple[int, int]


def _path(
    start: int, sent: list[dict[int, int]], room: list[int]
) -> tuple[list[Step] | None, frozenset[int]]:
    """Steps (group, device) to a device with room, each after the first pushing a group away.

    Without one, the devices that were reached: all full, and all that reached groups may use.
    """
    came: dict[int, Step] = dict.fromkeys(sent[start], (start, -1))
    queue = list(came)
    for device in queue:
        if room[device] > 0:
            steps, at = [], device
            while at >= 0:
                group, before = came[at]
                steps.append((group, at))
                at = before
            return steps[::-1], frozenset()
        for group, flows in enumerate(sent):
            if flows.get(device, 0) > 0:
                for other in flows:
                    if other not in came:
                        came[other] = (group, device)
                        queue.append(other)
    return None, frozenset(came)


def _push(path: list[Step], left: int, sent: list[dict[int, int]], room: list[int]) -> int:
    """Sends what fits along a path; how much that was."""
    amount = min(left, room[path[-1][1]])
    for (_, device), (group, _) in pairwise(path):
        amount = min(amount, sent[group][device])
    before = -1
    for group, device in path:
        sent[group][device] += amount
        if before >= 0:
            sent[group][before] -= amount
        before = device
    room[path[-1][1]] -= amount
    return amount
