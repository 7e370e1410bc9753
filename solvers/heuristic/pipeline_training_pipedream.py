"""PipeDream's planner for a row of equal devices.

A(j, m) = min over i < j, k < m of max(A(i, m - k), what crosses the cut at layer i, T(i, j, k))
with T(i, j, k) = max(compute, all-reduce per micro-batch) of layers i..j - 1 on k replicas: the
time of the slowest stage, memory not asked for (Narayanan et al., SOSP 2019, §3.1). Devices and
links are taken for the mean of those there are.
"""

from fractions import Fraction
from itertools import product

from solvers.tables.pipeline_training import Tables

Stage = tuple[int, int, list[int]]


def pipedream(tables: Tables) -> list[Stage]:
    """Stages (first layer, layer behind the last, devices), all devices in use where they help."""
    number, layers = len(tables.problem.devices), tables.layers
    most = min(number, tables.problem.samples)
    slowest: dict[tuple[int, int], Fraction] = {(0, 0): Fraction(0)}
    cuts: dict[tuple[int, int], tuple[int, int]] = {}
    mean = _Mean(tables)
    for stop, used in product(range(1, layers + 1), range(1, number + 1)):
        for start, replicas in product(range(stop), range(1, min(used, most) + 1)):
            before = slowest.get((start, used - replicas))
            if before is None:
                continue
            crossing = mean.crossing(start) if start else Fraction(0)
            cost = max(before, crossing, mean.stage(start, stop, replicas))
            if (stop, used) not in slowest or cost < slowest[stop, used]:
                slowest[stop, used], cuts[stop, used] = cost, (start, replicas)
    ends = [
        (slowest[layers, used], used) for used in range(1, number + 1) if (layers, used) in cuts
    ]
    all_in_use = tables.problem.use_all_devices and (layers, number) in cuts
    used = number if all_in_use else min(ends)[1]
    stages: list[Stage] = []
    stop = layers
    while stop:
        start, replicas = cuts[stop, used]
        stages.append((start, stop, list(range(used - replicas, used))))
        stop, used = start, used - replicas
    return stages[::-1]


class _Mean:
    """Times of a device and a link that stand for all."""

    def __init__(self, tables: Tables) -> None:
        self.tables = tables
        problem = tables.problem
        self.both = 1 + Fraction(problem.backward_ppm, 10**6)
        self.size = [len(row) for row in tables.classes]
        graph = problem.device_graph
        rates = [*graph.links, *([graph.default_link] if graph.default_link else [])]
        bits = [rate.bandwidth_bit_per_s for rate in rates]
        # One device and no link: nothing crosses.
        self.ns_per_byte = Fraction(8 * 10**9 * len(bits), sum(bits)) if bits else Fraction(0)

    def crossing(self, cut: int) -> Fraction:
        """Activations and gradients of one micro-batch, ns."""
        return 2 * self.ns_per_byte * int(self.tables.output[cut - 1])

    def stage(self, start: int, stop: int, replicas: int) -> Fraction:
        """One micro-batch on so many replicas, with its share of their all-reduce, ns."""
        spans = self.tables.forward[:, stop] - self.tables.forward[:, start]
        one = Fraction(
            sum(int(t) * n for t, n in zip(spans, self.size, strict=True)), sum(self.size)
        )
        compute = one * self.tables.problem.samples * self.both / replicas
        weights = int(self.tables.weights[stop] - self.tables.weights[start])
        averaging = 2 * Fraction(replicas - 1, replicas) * weights * self.ns_per_byte
        return max(compute, averaging / self.tables.problem.micro_batches)
