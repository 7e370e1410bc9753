"""That neither the objective of a fleet nor the load of an uplink can leave 64 bits.

Servers need no such check: a choice that no server has room for is none, so that one takes at most
10¹⁵ of the unit of its row, and 5000 streams stay within 2⁶³.
"""

from collections import Counter
from typing import TYPE_CHECKING

from models.base import contradiction

if TYPE_CHECKING:
    from models.problems.split_fleet import SplitFleetProblem

# Sums of the objective stay below the first, loads, of which room is left at most once, the second.
_MOST_COST = 2**60
_MOST_LOAD = 2**62


def check_objective(problem: "SplitFleetProblem") -> None:
    """Refuses a problem in which the dearest option for every stream is too much."""
    heaviest = sum(window.weight for window in problem.windows) * len(problem.streams)
    demands = [*problem.streams, *(item for window in problem.windows for item in window.urgent)]
    options = [option for catalogue in problem.catalogues for option in catalogue.options]
    priority = max(demand.priority for demand in demands)
    rate = max(demand.rate_millihz for demand in demands)
    dearest = {
        "loss": priority * 10**6,
        "latency": priority * _longest_ns(problem),
        "energy": rate * max(option.energy_uj for option in options),
        "bytes": rate * max(option.sent_bytes for option in options),
    }[problem.objective]
    if heaviest * dearest > _MOST_COST:
        raise contradiction(
            "the objective may grow beyond 64 bits",
            "give smaller weights or priorities: only their ratios count",
            "windows",
        )


def _longest_ns(problem: "SplitFleetProblem") -> int:
    """No option takes longer on any uplink and server, ns."""
    options = [option for catalogue in problem.catalogues for option in catalogue.options]
    slowest = min(uplink.bandwidth_bit_per_s for uplink in problem.uplinks)
    slowdown = max((server.slowdown_ppm for server in problem.servers), default=0)
    sending = max(o.device_ns + 8 * o.sent_bytes * 10**9 // slowest + 1 for o in options)
    waiting = max(uplink.latency_ns for uplink in problem.uplinks)
    return sending + waiting + max(o.server_ns for o in options) * slowdown // 10**6 + 1


def check_loads(problem: "SplitFleetProblem") -> None:
    """Refuses an uplink whose streams may send more millibit/s than 64 bits hold."""
    most = {
        name: max(option.sent_bytes for option in options)
        for name, options in problem.options.items()
    }
    fastest = {stream.name: stream.rate_millihz for stream in problem.streams}
    for item in (item for window in problem.windows for item in window.urgent):
        fastest[item.stream] = max(fastest[item.stream], item.rate_millihz)
    loads: Counter[str] = Counter()
    for stream in problem.streams:
        loads[stream.uplink] += 8 * most[stream.catalogue] * fastest[stream.name]
    for index, uplink in enumerate(problem.uplinks):
        if loads[uplink.name] > _MOST_LOAD:
            raise contradiction(
                f"what streams send over '{uplink.name}' may grow beyond 64 bits",
                "give smaller rates or sent_bytes, or more uplinks: some are not of this world",
                *("uplinks", index),
            )
