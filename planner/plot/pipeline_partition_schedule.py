"""When every unit of a pipeline computes and travels: the flow-shop recursion.

Where sending and computing overlap, devices and links are machines of their own:

    C(u, m) = max(C(u - 1, m), C(u, m - 1)) + t(m)

where they do not, a stage and its transfer keep one machine busy one after the other.
"""

from dataclasses import dataclass

from models.result import Breakdown


@dataclass(frozen=True)
class Bar:
    """One unit on one stage, computing or on its way, from start to stop in ns."""

    unit: int
    stage: int
    transfer: bool
    start_ns: int
    stop_ns: int


def schedule(breakdown: Breakdown, units: int, *, overlap: bool) -> list[Bar]:
    """The bars of the first `units` units, unit by unit along the stages."""
    stages = len(breakdown.rows)
    computing, sending = [0] * stages, [0] * stages
    bars = []
    for unit in range(units):
        arrived = 0
        for stage, row in enumerate(breakdown.rows):
            start = max(arrived, computing[stage])
            done = start + int(row["compute_ns"])
            bars.append(Bar(unit, stage, transfer=False, start_ns=start, stop_ns=done))
            leaves = max(done, sending[stage])
            arrived = leaves + int(row["transfer_ns"])
            if row["sends_to"]:
                bars.append(Bar(unit, stage, transfer=True, start_ns=leaves, stop_ns=arrived))
            computing[stage] = done if overlap else arrived
            sending[stage] = arrived
    return bars
