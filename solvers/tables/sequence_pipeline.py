"""Integer cost tables of a sequence pipeline: D devices, L layers, chunks as arcs of tokens.

Positions 0 = v_0 < v_1 < .. < v_N = n are where a chunk may end; arc e = (i, j) is the chunk of
tokens v_i..v_j - 1, so that a division of the prompt is a path from 0 to N. Where all arcs would
take more memory than `_ENTRIES` numbers, positions are thinned out evenly: the tables are then
`coarse`, and what is best among them is not best of all.

Ranges: over all chunks a layer takes less than a day, and so does a cut on a link (checked in the
document), so that any sum over layers and chunks is below 2^58.
"""

from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from models.problems.pipeline_partition import Stage
from models.problems.sequence_pipeline import SequencePipelinePlan as Plan
from models.problems.sequence_pipeline import SequencePipelineProblem as Problem
from solvers.base import UNREACHABLE
from solvers.tables.kept import kept

Ints = npt.NDArray[np.int64]
Columns = tuple[tuple[int, int, int], ...]
Chunks = tuple[int, ...]

_ENTRIES = 2 * 10**7
_POSITIONS = 200


@dataclass(frozen=True, eq=False)
class Tables:
    """Everything that a method for this kind reads.

    position: [N + 1] tokens before a boundary; begin, end: [E] the boundaries of each arc; tokens:
    [E] its length; kind: [D] row of a device's type; prefix: [T, L + 1, E] ns of the first layers
    for each arc; passes: [T, L + 1] the same for one decoding pass; memory, held, scratch: bytes of
    devices [D], of the first layers' weights and caches [L + 1], per token of each layer [L].
    """

    problem: Problem
    position: Ints
    begin: Ints
    end: Ints
    tokens: Ints
    kind: Ints
    prefix: Ints
    passes: Ints
    memory: tuple[int, ...]
    held: tuple[int, ...]
    scratch: tuple[int, ...]
    coarse: bool
    _sent: dict[tuple[int, int, int], Ints | None] = field(default_factory=dict)
    _room: dict[tuple[int, int, int], int] = field(default_factory=dict)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """[D]."""
        return tuple(device.name for device in self.problem.devices)

    @property
    def devices(self) -> int:
        """D."""
        return len(self.memory)

    @property
    def layers(self) -> int:
        """L."""
        return len(self.scratch)

    @cached_property
    def arc(self) -> Ints:
        """[N + 1, N + 1] the arc from i to j, -1 where there is none."""
        table = np.full((len(self.position),) * 2, -1, dtype=np.int64)
        table[self.begin, self.end] = np.arange(len(self.begin))
        return table

    @cached_property
    def arriving(self) -> list[Ints]:
        """[N + 1] the arcs that end at each boundary."""
        return [np.flatnonzero(self.end == n) for n in range(len(self.position))]

    def compute(self, device: int, start: int, stop: int) -> Ints:
        """[E] ns of layers [start, stop) on a device, for every arc."""
        rows = self.prefix[self.kind[device]]
        return np.asarray(rows[stop] - rows[start])

    def send(self, source: int, target: int, cut: int) -> Ints | None:
        """[E] ns to send the output at `cut` between two devices; None without a link."""
        key = source, target, self.problem.layers[cut - 1].output_bytes_per_token
        if key not in self._sent:
            self._sent[key] = self._wire(*key, self.tokens)
        return self._sent[key]

    def _wire(self, source: int, target: int, per_token: int, tokens: Ints) -> Ints | None:
        rate = self.problem.device_graph.rate(self.names[source], self.names[target])
        if rate is None:
            return None
        fixed, rest = self.problem.message_bytes, rate.bandwidth_bit_per_s
        # Python's integers: bits times 10^9 leave 64 bits.
        wires = [-(-8 * (per_token * n + fixed) * 10**9 // rest) for n in tokens.tolist()]
        return np.array([rate.latency_ns + wire for wire in wires], dtype=np.int64)

    def room(self, device: int, start: int, stop: int) -> int:
        """The longest chunk, tokens, that layers [start, stop) on a device have memory for.

        -1 where not even decoding fits.
        """
        key = self.memory[device], start, stop
        if key not in self._room:
            self._room[key] = self._tokens(*key)
        return self._room[key]

    def _tokens(self, memory: int, start: int, stop: int) -> int:
        left = memory - (self.held[stop] - self.held[start])
        per_token = max(self.scratch[start:stop])
        drafts = 0 if self.problem.decoding is None else self.problem.decoding.pass_tokens
        if left < 0 or left < per_token * drafts:
            return -1
        return self.problem.prompt_tokens if per_token == 0 else left // per_token

    def pass_times(self, stages: Columns) -> tuple[int, int] | None:
        """Latency and period of one decoding pass, ns; None where a link is missing."""
        if self.problem.timed_decoding is None:
            return 0, 0
        latency = period = 0
        for index, (device, start, stop) in enumerate(stages):
            rows = self.passes[self.kind[device]]
            work, sent = int(rows[stop] - rows[start]), self.pass_send(stages, index)
            if sent is None:
                return None
            latency += work + sent
            period = max(period, max(work, sent) if self.problem.overlap else work + sent)
        return latency, period

    def pass_send(self, stages: Columns, index: int) -> int | None:
        """What stage `index` takes to send a pass on, the last one to the first; ns."""
        decoding = self.problem.timed_decoding
        if len(stages) == 1 or decoding is None:
            return 0
        device, _, stop = stages[index]
        last = index + 1 == len(stages)
        size = self.problem.token_bytes
        if not last:
            size = self.problem.layers[stop - 1].output_bytes_per_token
        target = stages[0 if last else index + 1][0]
        drafts = np.array([decoding.pass_tokens])
        wire = self._wire(device, target, size, drafts)
        return None if wire is None else int(wire[0])

    def decoding_ns(self, latency: int, period: int) -> int:
        """All passes of all points, ns."""
        decoding = self.problem.timed_decoding
        if decoding is None:
            return 0
        cycle = max(latency, decoding.points * period)
        return (decoding.passes - 1) * cycle + latency + (decoding.points - 1) * period

    def machines(self, stages: Columns) -> Ints | None:
        """[K, E] what each machine of the flow shop takes for each arc; None without a link.

        UNREACHABLE where a chunk has no room on some stage.
        """
        rows: list[Ints] = []
        for (device, start, stop), following in pairwise(stages):
            sent = self.send(device, following[0], stop)
            if sent is None:
                return None
            work = self.compute(device, start, stop)
            rows += [work, sent] if self.problem.overlap else [work + sent]
        rows.append(self.compute(*stages[-1]))
        room = min(self.room(*stage) for stage in stages)
        return np.where(self.tokens <= room, np.array(rows), UNREACHABLE)

    def allowed(self, stages: Columns) -> bool:
        """Whether devices and layers keep to the rules; memory and links apart."""
        used = [stage[0] for stage in stages]
        inside = all(start < stop for _, start, stop in stages)
        joined = all(before[2] == after[1] for before, after in pairwise(stages))
        ends = bool(stages) and stages[0][1] == 0 and stages[-1][2] == self.layers
        if not (inside and joined and ends) or len(set(used)) < len(used):
            return False
        if self.problem.use_all_devices and len(used) < self.devices:
            return False
        return self.order is None or all(self.order[a] < self.order[b] for a, b in pairwise(used))

    @cached_property
    def order(self) -> tuple[int, ...] | None:
        """[D] position of each device in the given order, or None."""
        if self.problem.device_order is None:
            return None
        return tuple(self.problem.device_order.index(name) for name in self.names)

    def evaluate(self, stages: Columns, path: Chunks) -> int | None:
        """Objective of stages and a path of arcs, ns; None if a rule breaks."""
        machines = self.machines(stages) if self.allowed(stages) else None
        times = self.pass_times(stages)
        if machines is None or times is None or not path:
            return None
        prefill = makespan(machines, path)
        return None if prefill >= UNREACHABLE else prefill + self.decoding_ns(*times)

    def plan(self, stages: Columns, path: Chunks) -> Plan:
        """The plan document."""
        return Plan(
            stages=tuple(
                Stage(device=self.names[device], start=start, stop=stop)
                for device, start, stop in stages
            ),
            chunks=tuple(int(self.tokens[e]) for e in path),
        )

    def columns(self, plan: Plan) -> tuple[Columns, Chunks] | None:
        """Stages and path of a plan document; None where it has none here."""
        index = {name: number for number, name in enumerate(self.names)}
        if any(stage.device not in index for stage in plan.stages):
            return None
        place = {int(tokens): number for number, tokens in enumerate(self.position)}
        ends = [0, *np.cumsum(plan.chunks, dtype=object).tolist()]
        if any(end not in place for end in ends) or ends[-1] != self.problem.prompt_tokens:
            return None
        path = tuple(int(self.arc[place[a], place[b]]) for a, b in pairwise(ends))
        stages = tuple((index[s.device], s.start, s.stop) for s in plan.stages)
        inside = all(stop <= self.layers for _, _, stop in stages)
        return (stages, path) if path and min(path) >= 0 and inside else None


def makespan(machines: Ints, path: Chunks) -> int:
    """When the last chunk leaves the last machine, ns; machines: [K, E]."""
    free = [0] * len(machines)
    for e in path:
        at = 0
        for machine, work in enumerate(machines[:, e].tolist()):
            at = free[machine] = max(at, free[machine]) + work
    return free[-1]


@kept
def build(problem: Problem) -> Tables:
    """The tables of a problem; O(T L N²)."""
    kinds = sorted({device.profile_type for device in problem.devices})
    layers = problem.layers
    position, coarse = _positions(problem, _ENTRIES // (len(kinds) * (len(layers) + 1)))
    begin, end = _arcs(problem, position)
    tokens = position[end] - position[begin]
    pairs = tokens * position[begin] + tokens * (tokens + 1) // 2
    prefix = np.zeros((len(kinds), len(layers) + 1, len(begin)), dtype=np.int64)
    passes = np.zeros((len(kinds), len(layers) + 1), dtype=np.int64)
    for row, kind in enumerate(kinds):
        known = problem.times[kind]
        for number, layer in enumerate(layers):
            times = known[layer.name]
            attention = (2 * times.kilopair_ns * pairs + 1000) // 2000  # a half goes up
            work = times.chunk_ns + times.token_ns * tokens + attention
            prefix[row, number + 1] = prefix[row, number] + work
            passes[row, number + 1] = passes[row, number] + times.pass_ns
    held = [0]
    for layer in layers:
        cache = layer.kv_bytes_per_token * problem.context_tokens
        held.append(held[-1] + layer.weight_bytes + cache)
    return Tables(
        problem=problem,
        position=position,
        begin=begin,
        end=end,
        tokens=tokens,
        kind=np.array([kinds.index(device.profile_type) for device in problem.devices]),
        prefix=prefix,
        passes=passes,
        memory=tuple(device.memory_bytes for device in problem.devices),
        held=tuple(held),
        scratch=tuple(layer.activation_bytes_per_token for layer in layers),
        coarse=coarse,
    )


def _positions(problem: Problem, arcs: int) -> tuple[Ints, bool]:
    """Where chunks may end, and whether some such places are left out for their number."""
    step, prompt = problem.chunk_step, problem.prompt_tokens
    most = min(_POSITIONS, max(4, int((2 * arcs) ** 0.5)))
    thin = max(1, -(-(prompt // step) // most))
    inner = np.arange(0, prompt, step * thin, dtype=np.int64)
    return np.append(inner, prompt), thin > 1


def _arcs(problem: Problem, position: Ints) -> tuple[Ints, Ints]:
    """Begin and end of every chunk that some division of the prompt has."""
    length = position[None, :] - position[:, None]
    long = length >= problem.least_chunk
    starts = np.zeros(len(position), dtype=bool)
    starts[0] = True
    for j in range(1, len(position)):
        starts[j] = bool((long[:, j] & starts).any())
    ends = np.zeros(len(position), dtype=bool)
    ends[-1] = True
    for i in range(len(position) - 2, -1, -1):
        ends[i] = bool((long[i] & ends).any())
    begin, end = np.nonzero(long & starts[:, None] & ends[None, :])
    return begin.astype(np.int64), end.astype(np.int64)
