"""Replay of a split plan: each term of its latency, energy and bytes, in exact numbers."""

from dataclasses import dataclass
from fractions import Fraction

from models.problems.split_computing import (
    Against,
    SplitComputingPlan,
    SplitComputingProblem,
    ancestors,
)
from models.split_models import INPUT, Bottleneck, Policy, Representation, Work
from models.units import round_half_up


@dataclass(frozen=True)
class Term:
    """One term of every sum: ns and µJ per scenario (one when expected), bytes."""

    what: str
    device: str
    latency: tuple[int, ...]
    energy: tuple[int, ...]
    sent: int = 0


class Replay:
    """The terms of a plan that keeps to the structure."""

    def __init__(self, problem: SplitComputingProblem, plan: SplitComputingPlan) -> None:
        self.problem, self.plan = problem, plan
        self.levels = levels_of(problem, plan)
        self.bottleneck = bottleneck_of(problem, plan)
        policy = policy_of(problem, plan)
        self.gates = policy.gates if policy is not None else ()
        self.scenarios = len(problem.bandwidths) if problem.against is Against.WORST else 1

    def terms(self) -> list[Term]:
        """Layers, the bottleneck's encoder, gates, what is sent."""
        found = [
            self._work(layer.name, layer, self.levels[layer.name], self._share(layer.name))
            for item in self.plan.placement
            for layer in self.problem.model.layers
            if layer.name in item.layers
        ]
        through = [] if self.bottleneck is None else self._through(self.bottleneck)
        found += through[:1]
        found += [
            self._work(f"gate after {gate.after}", gate, self._gate_level(gate.after), before)
            for gate in self.gates
            for before in [self._share(gate.after)]
        ]
        found += through[1:]
        place = places(self.problem)
        for crossing in self.plan.crossings:
            form = form_of(self.problem, crossing.representation) or Representation(
                name="raw", size_ppm=10**6
            )
            size = form.bytes_of(crossing.tensor, raw_bytes(self.problem, crossing.tensor))
            found.append(
                self._sent(
                    f"{crossing.tensor} as {form.name}",
                    place[crossing.hop_from],
                    self._share(crossing.tensor, sent=True),
                    size or 0,
                    (form.encode, form.decode),
                )
            )
        return found

    def _through(self, bottleneck: Bottleneck) -> list[Term]:
        hop = self.levels[bottleneck.after] - 1
        encoder = self._work(f"encoder of {bottleneck.name}", bottleneck.encode, hop, Fraction(1))
        share = self._share(bottleneck.after, sent=True)
        work = (None, bottleneck.decode)
        return [encoder, self._sent(bottleneck.name, hop, share, bottleneck.size_bytes, work)]

    def _gate_level(self, after: str) -> int:
        replaced = self.bottleneck is not None and self.bottleneck.after == after
        return self.levels[after] - int(replaced)

    def _share(self, tensor: str, *, sent: bool = False) -> Fraction:
        """Share of inputs that reach a layer, or that leave with its output."""
        if tensor == INPUT or not self.gates:
            return Fraction(1)
        passed = ancestors(self.problem.model, tensor)
        if not sent:
            passed -= {tensor}
        share = Fraction(1)
        for gate in self.gates:
            if gate.after in passed:
                share *= Fraction(gate.pass_ppm, 10**6)
        return share

    def _work(self, what: str, work: Work, level: int, share: Fraction) -> Term:
        device = self.problem.devices[level]
        time = share * _known(work.on(device))
        energy = round_half_up(time * device.power_uj_per_s / 10**9)
        times = (round_half_up(time),) * self.scenarios
        return Term(what, device.name, times, (energy,) * self.scenarios)

    def _sent(
        self,
        what: str,
        hop: int,
        share: Fraction,
        size: int,
        work: tuple[Work | None, Work | None],
    ) -> Term:
        ends = self.problem.devices[hop : hop + 2]
        over = self.problem.hops[hop]
        coding = [
            0 if item is None else _known(item.on(device))
            for item, device in zip(work, ends, strict=True)
        ]
        drawn = sum(time * end.power_uj_per_s for time, end in zip(coding, ends, strict=True))
        wires = self._wires(hop, size)
        return Term(
            what,
            ends[0].name,
            tuple(round_half_up(share * (sum(coding) + over.latency_ns + wire)) for wire in wires),
            tuple(
                round_half_up(share * (drawn + wire * over.radio_uj_per_s) / 10**9)
                for wire in wires
            ),
            round_half_up(share * size),
        )

    def _wires(self, hop: int, size: int) -> list[Fraction]:
        """Time on the wire per scenario, or its mean."""
        rows = self.problem.bandwidths
        wires = [(weight, Fraction(-(-8 * size * 10**9 // row[hop]))) for weight, row in rows]
        if self.problem.against is Against.WORST:
            return [wire for _, wire in wires]
        whole = sum(weight for weight, _ in wires)
        return [sum((weight * wire for weight, wire in wires), Fraction(0)) / whole]


def _known(time: int | None) -> int:
    if time is None:
        raise ValueError("a time that the rules have checked is not known")
    return time


def bottleneck_of(problem: SplitComputingProblem, plan: SplitComputingPlan) -> Bottleneck | None:
    """The bottleneck that a plan uses."""
    named = plan.bottleneck.name if plan.bottleneck else None
    return next((b for b in problem.bottlenecks if b.name == named), None)


def policy_of(problem: SplitComputingProblem, plan: SplitComputingPlan) -> Policy | None:
    """The policy that a plan uses."""
    return next((p for p in problem.policies if p.name == plan.policy), None)


def places(problem: SplitComputingProblem) -> dict[str, int]:
    """Where each device stands in the row."""
    return {device.name: index for index, device in enumerate(problem.devices)}


def levels_of(problem: SplitComputingProblem, plan: SplitComputingPlan) -> dict[str, int]:
    """Where each placed layer runs, and where each tensor is produced; the input on device 0."""
    place = places(problem)
    levels = {name: place[item.device] for item in plan.placement for name in item.layers}
    bottleneck = bottleneck_of(problem, plan)
    if bottleneck is not None and plan.bottleneck is not None:
        levels[bottleneck.after] = place[plan.bottleneck.hop_from] + 1
    return {INPUT: 0, **levels}


def form_of(problem: SplitComputingProblem, name: str) -> Representation | None:
    """The representation of that name, None for raw."""
    return next((r for r in problem.representations if r.name == name), None)


def raw_bytes(problem: SplitComputingProblem, tensor: str) -> int:
    """Size of the input or of a layer's output."""
    sizes = {layer.name: layer.output_bytes for layer in problem.model.layers}
    return sizes.get(tensor, problem.model.input_bytes)
