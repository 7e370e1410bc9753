"""Splits in proportion to a weight per device, and the orders in which devices are lined up."""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import accumulate, pairwise

from solvers.tables.pipeline_partition import Columns, Tables


def line_up(tables: Tables, ranked: Sequence[int]) -> list[int]:
    """The devices in line: as ranked, the source first.

    A given device order stands in place of the ranking; what comes before the source in it
    cannot take part.
    """
    order, source = tables.order, tables.source
    if order is not None:
        line = sorted(range(tables.devices), key=lambda device: int(order[device]))
        return line if source is None else line[line.index(source) :]
    return sorted(ranked, key=lambda device: device != source)


def by_speed(tables: Tables) -> list[int]:
    """Devices in the order of their time for the whole model, fastest first."""
    return sorted(range(tables.devices), key=lambda device: int(tables.prefix[device, -1]))


def largest_remainder(layers: int, weights: Sequence[Fraction]) -> list[int]:
    """Whole layers in proportion to weights: quotas rounded down, the rest by largest remainder."""
    total = sum(weights)
    quotas = [layers * weight / total for weight in weights]
    counts = [int(quota) for quota in quotas]
    rest = sorted(range(len(quotas)), key=lambda index: counts[index] - quotas[index])
    for index in rest[: layers - sum(counts)]:
        counts[index] += 1
    return counts


def running_sums(layers: int, weights: Sequence[int]) -> list[int]:
    """Whole layers as exo cuts them: running shares rounded to 5 places, then down to a layer."""
    total = sum(weights)
    ends = list(
        accumulate(weights, lambda end, weight: round(end + weight / total, 5), initial=0.0)
    )
    # Rounding up at each of many devices can carry a running share past 1.
    cuts = [*(min(layers, int(end * layers)) for end in ends[:-1]), layers]
    return [stop - start for start, stop in pairwise(cuts)]


def stages(line: Sequence[int], counts: Sequence[int]) -> Columns:
    """Stages of the given numbers of layers; a device with none is left out."""
    stops = accumulate(counts)
    return tuple(
        (device, stop - count, stop)
        for device, count, stop in zip(line, counts, stops, strict=True)
        if count > 0
    )


def fewer_from_the_end(
    layers: int, line: Sequence[int], weights: Sequence[Fraction]
) -> Iterator[Columns]:
    """Proportional splits over all devices in line, then without the last, and so on."""
    for size in range(len(line), 0, -1):
        yield stages(line[:size], largest_remainder(layers, weights[:size]))
