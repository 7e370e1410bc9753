"""Integer tables of a training pipeline, shared by its methods.

Devices that can be exchanged without changing anything form a class; a group is a number of
devices of each class.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import accumulate, product
from typing import Any

import numpy as np
import numpy.typing as npt

from models.devices import LinkRate
from models.problems.pipeline_training import (
    PipelineTrainingPlan,
    PipelineTrainingProblem,
    Share,
    TrainingStage,
)
from solvers.base import UNREACHABLE
from solvers.tables.kept import kept
from solvers.tables.pipeline_training_classes import device_classes, rate_between

Ints = npt.NDArray[np.int64]
Group = tuple[int, ...]
# First layer, the layer behind the last, the devices and their samples.
Stage = tuple[int, int, dict[int, int]]

_PPM = 10**6
_NS_BITS = 8 * 10**9
_INT64 = 2**62


@dataclass(frozen=True, eq=False)
class Tables:
    """Times, sizes and links; n devices in c classes, L layers.

    forward: [c, L + 1] prefix sums of the time of one sample; launch, memory: [c]; weights,
    activations: [L + 1] prefix sums in bytes; output: [L] bytes of one micro-batch, these three of
    Python's integers where 64 bits do not hold what they are multiplied to; rates:
    [c][c] links from a device of one class to one of another, None where there is none; classes:
    the devices of each class.
    """

    problem: PipelineTrainingProblem
    forward: Ints
    launch: Ints
    memory: Ints
    weights: Ints
    activations: Ints
    output: Ints
    rates: tuple[tuple[LinkRate | None, ...], ...]
    classes: tuple[tuple[int, ...], ...]
    _stages: dict[tuple[Group, int], Ints] = field(default_factory=dict)
    _reduces: dict[Group, Ints] = field(default_factory=dict)

    @property
    def layers(self) -> int:
        """L."""
        return len(self.output)

    @property
    def everything(self) -> Group:
        """The group of all devices."""
        return tuple(len(row) for row in self.classes)

    @property
    def most_stages(self) -> int:
        """No plan has more stages."""
        return min(self.layers, sum(self.everything))

    def groups(self) -> Iterator[Group]:
        """Every group that is not empty."""
        for counts in product(*(range(n + 1) for n in self.everything)):
            if any(counts):
                yield counts

    def in_turn(self, forward: Any) -> Any:
        """Forwards and backwards together, ns; exact for times below 2^53."""
        whole, rest = forward // _PPM, forward % _PPM
        ppm = self.problem.backward_ppm
        return forward + whole * ppm + (2 * rest * ppm + _PPM) // (2 * _PPM)

    def execution(self, group: Group, from_end: int) -> Ints:
        """[L + 1, L + 1] ns of a micro-batch through layers j to i - 1; UNREACHABLE if none.

        from_end: 1 for the last stage, whose devices keep the fewest activations.
        """
        key = (group, from_end)
        if key not in self._stages:
            self._stages[key] = self._execution(group, from_end)
        return self._stages[key]

    def _execution(self, group: Group, from_end: int) -> Ints:
        first, last = np.triu_indices(self.layers + 1, 1)
        present = [c for c, n in enumerate(group) if n]
        caps = [self._caps(c, first, last, from_end, sum(group)) for c in present]
        units = [self.forward[c, last] - self.forward[c, first] for c in present]
        fixed = [self.launch[c] * (last - first) for c in present]
        total = sum(cap * group[c] for c, cap in zip(present, caps, strict=True))
        fits = np.asarray(total >= self.problem.samples)
        for cap in caps:
            fits &= cap >= 1
        low = np.max([o + u for o, u in zip(fixed, units, strict=True)], axis=0)
        samples = self.problem.samples
        high = np.max([o + u * samples for o, u in zip(fixed, units, strict=True)], axis=0)
        low, high = low[fits], high[fits]
        rows = [
            (group[c], o[fits], np.maximum(u[fits], 1), np.where(u[fits] == 0, 0, 1), cap[fits])
            for c, o, u, cap in zip(present, fixed, units, caps, strict=True)
        ]
        while (low < high).any():
            middle = (low + high) // 2
            taken = np.zeros_like(middle)
            for number, o, u, timed, cap in rows:
                some = np.where(timed == 1, (middle - o) // u, cap)
                taken += number * np.minimum(some, cap)
            enough = taken >= samples
            low, high = np.where(enough, low, middle + 1), np.where(enough, middle, high)
        found = np.full((self.layers + 1,) * 2, UNREACHABLE, dtype=np.int64)
        found[first[fits], last[fits]] = self.in_turn(low)
        return found

    def _caps(self, c: int, first: Ints, last: Ints, from_end: int, size: int) -> Ints:
        """Samples that a device of class c has memory for, 0 where the weights do not fit."""
        weights = self.weights[last] - self.weights[first]
        left = self.memory[c] - (1 + self.problem.state_copies) * weights
        each = (2 * from_end - 1) * (self.activations[last] - self.activations[first])
        most = self.problem.samples - size + 1
        cap = np.where(each > 0, left // np.maximum(each, 1), most)
        return np.where(left < 0, 0, np.minimum(cap, most)).astype(np.int64)

    def shares(self, stage: tuple[int, int], group: Group, from_end: int) -> dict[int, int]:
        """Samples of devices 0, 1, ... of each class, as (class, place) -> samples, best split.

        The keys are devices: the first ones of each class.
        """
        first, last = np.array([stage[0]]), np.array([stage[1]])
        goal = int(self.execution(group, from_end)[stage])
        found: dict[int, int] = {}
        left = self.problem.samples
        for c, number in enumerate(group):
            if not number:
                continue
            cap = int(self._caps(c, first, last, from_end, sum(group))[0])
            unit = int(self.forward[c, stage[1]] - self.forward[c, stage[0]])
            launch = int(self.launch[c]) * (stage[1] - stage[0])
            most = max(n for n in range(1, cap + 1) if self.in_turn(launch + unit * n) <= goal)
            found |= {self.classes[c][place]: most for place in range(number)}
        spare = sum(found.values()) - left
        for device in reversed(found):
            less = min(spare, found[device] - 1)
            found[device] -= less
            spare -= less
        return found

    def takes(self, stage: tuple[int, int], shares: dict[int, int], from_end: int) -> bool:
        """Whether devices hold their samples, at least one, of a stage."""
        first, last = np.array([stage[0]]), np.array([stage[1]])
        return all(
            1 <= samples <= int(self._caps(self.class_of[d], first, last, from_end, 1)[0])
            for d, samples in shares.items()
        )

    def transfer(self, rate: LinkRate, sizes: Ints) -> Ints:
        """Time to send so many bytes beside the fixed part, ns."""
        sizes = sizes + self.problem.message_bytes
        bits = rate.bandwidth_bit_per_s
        if int(sizes.max(initial=0)) * _NS_BITS < _INT64:
            return np.asarray(rate.latency_ns - (-sizes * _NS_BITS // bits))
        exact = [rate.latency_ns - (-int(size) * _NS_BITS // bits) for size in sizes.flat]
        return np.array(exact, dtype=np.int64).reshape(sizes.shape)

    def all_reduce(self, group: Group) -> Ints:
        """[L + 1, L + 1] ns to average the gradients of layers j to i - 1 over the group."""
        if group not in self._reduces:
            self._reduces[group] = self._all_reduce(group)
        return self._reduces[group]

    def _all_reduce(self, group: Group) -> Ints:
        number = sum(group)
        found = np.zeros((self.layers + 1,) * 2, dtype=np.int64)
        if number == 1:
            return found
        weights = np.maximum(self.weights[None, :] - self.weights[:, None], 0)
        chunk = -(-weights // number)
        for rate in self.rates_between(group, group, within=True):
            if rate is None:
                return np.full_like(found, UNREACHABLE)
            found = np.maximum(found, 2 * (number - 1) * self.transfer(rate, chunk))
        return found

    def rates_between(
        self, source: Group, target: Group, *, within: bool = False
    ) -> set[LinkRate | None]:
        """The links that a transfer between groups uses; within: both are the same devices."""
        return {
            self.rates[a][b]
            for a, number in enumerate(source)
            for b, other in enumerate(target)
            if number and other and not (within and a == b and number == 1)
        }

    def communication(self, source: Group, target: Group) -> Ints:
        """[L + 1] ns there and back between groups cut before layer i; UNREACHABLE at the ends."""
        found = np.zeros(self.layers + 1, dtype=np.int64)
        found[[0, -1]] = UNREACHABLE
        for pair in ((source, target), (target, source)):
            slowest = np.zeros(self.layers - 1, dtype=np.int64)
            for rate in self.rates_between(*pair):
                if rate is None:
                    return np.full_like(found, UNREACHABLE)
                slowest = np.maximum(slowest, self.transfer(rate, self.output[:-1]))
            found[1:-1] += slowest
        return found

    def plan(self, stages: Sequence[tuple[int, int, Group]]) -> PipelineTrainingPlan:
        """Stages (first layer, layer behind the last, group) with the best shares as a plan."""
        used = [0] * len(self.classes)
        found = []
        for number, (first, last, group) in enumerate(stages):
            shares = self.shares((first, last), group, len(stages) - number)
            places = {
                row[p]: row[used[c] + p]
                for c, row in enumerate(self.classes)
                for p in range(group[c])
            }
            found.append((first, last, {places[d]: n for d, n in shares.items()}))
            used = [n + m for n, m in zip(used, group, strict=True)]
        return self.written(found)

    def written(self, stages: Sequence[Stage]) -> PipelineTrainingPlan:
        """Stages with their samples as a plan, devices in the order of the document."""
        names = [device.name for device in self.problem.devices]
        return PipelineTrainingPlan(
            stages=tuple(
                TrainingStage(
                    start=first,
                    stop=last,
                    shares=tuple(
                        Share(device=names[d], samples=n) for d, n in sorted(shares.items())
                    ),
                )
                for first, last, shares in stages
            )
        )

    @cached_property
    def class_of(self) -> list[int]:
        """The class of each device."""
        found = {d: c for c, row in enumerate(self.classes) for d in row}
        return [found[d] for d in range(len(found))]

    def group_of(self, devices: Sequence[int]) -> Group:
        """How many of each class."""
        kinds = [self.class_of[d] for d in devices]
        return tuple(kinds.count(c) for c in range(len(self.classes)))


@kept
def build(problem: PipelineTrainingProblem) -> Tables:
    """The tables of a problem."""
    devices, chain = problem.devices, problem.chain
    classes = device_classes(problem)
    first = [devices[row[0]] for row in classes]

    forward = [_prefix([layer.forward_ns[d.profile_type] for layer in chain]) for d in first]
    weights = _prefix([layer.weight_bytes for layer in chain])
    activations = _prefix([layer.activation_bytes for layer in chain])
    output = [layer.output_bytes * problem.samples for layer in chain]
    kept_at_most = 2 * min(len(chain), len(devices)) - 1
    return Tables(
        problem,
        np.array(forward, dtype=np.int64),
        np.array([d.launch_overhead_ns for d in first], dtype=np.int64),
        np.array([d.memory_bytes for d in first], dtype=np.int64),
        np.array(weights, dtype=_exact(weights[-1] * (1 + problem.state_copies))),
        np.array(activations, dtype=_exact(activations[-1] * kept_at_most)),
        np.array(output, dtype=_exact(max(output) + problem.message_bytes)),
        tuple(tuple(rate_between(problem, a, b) for b in classes) for a in classes),
        classes,
    )


def _prefix(amounts: Sequence[int]) -> list[int]:
    return [0, *accumulate(amounts)]


def _exact(largest: int) -> npt.DTypeLike:
    """What holds a product as large: Python's integers where bytes leave 64 bits."""
    return np.int64 if largest < _INT64 else np.object_
