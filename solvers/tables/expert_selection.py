"""Integer tables of an expert selection: C clusters, n experts, R budget rows.

Every budget but the worst top-k energy is a row of a_i x_i ≤ limit with whole numbers: energy,
the memory of each device, groups and cardinality (all a_i = 1). Experts that no plan can contain
(late in worst-case mode, larger than a limit by themselves) are marked as not allowed and stay in
the arrays, so that indices are those of the document.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from functools import partial

import networkx as nx
import numpy as np
import numpy.typing as npt

from models.devices import LinkRate
from models.problems.expert_selection import ExpertSelectionPlan, ExpertSelectionProblem, Route
from models.problems.expert_selection_checks import MILLION
from models.problems.expert_selection_modes import EnergyMode, LatencyMode, QualityModel
from solvers.base import UNREACHABLE
from solvers.tables.expert_selection_quality import SetFunction, quality_of
from solvers.tables.kept import kept

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Peak:
    """The worst top-k energy: the k largest e_i of a selection together at most `limit`."""

    energy: Ints
    k: int
    limit: int

    def used(self, chosen: Bools) -> int:
        """The k largest e_i of a selection [n] together, µJ."""
        return int(np.sort(self.energy[chosen])[::-1][: self.k].sum())


@dataclass(frozen=True, eq=False)
class Tables:
    """Everything that a method for this kind reads.

    weight: [C] requests; usable: [C, n] whether i is in A_c when in service; quality: [C, n] ppm, 0
    where not usable; energy: [C, n] µJ of a request; allowed: [n];
    rows: [R, n] and limits: [R] the budget rows, row_names their rules; asked: k;
    decided: whether a plan routes (then energy_row holds E x W, else None);
    needed: [H, n] each row a set of experts of which one has to be in service;
    function: quality of a selection, ppm in floating point; step: qualities of two selections
    that differ, differ by at least this much, ppm (0 where nothing is known).
    """

    names: tuple[str, ...]
    cluster_names: tuple[str, ...]
    weight: Ints
    usable: Bools
    quality: Ints
    energy: Ints
    allowed: Bools
    rows: Ints
    limits: Ints
    row_names: tuple[str, ...]
    peak: Peak | None
    asked: int
    decided: bool
    routed_limit: int | None
    needed: Bools
    model: QualityModel
    gate: Ints | None
    function: SetFunction
    step: float

    @property
    def experts(self) -> int:
        """How many there are, n."""
        return len(self.names)

    def feasible(self, chosen: Bools) -> bool:
        """Whether a selection [n] keeps to everything but, where routing is decided, energy."""
        if (chosen & ~self.allowed).any() or (self.rows @ chosen > self.limits).any():
            return False
        if self.peak is not None and self.peak.used(chosen) > self.peak.limit:
            return False
        return bool((self.needed & chosen).any(axis=1).all() and self.function.defined(chosen))

    def objective(self, chosen: Bools) -> int:
        """The shortfall of a feasible selection, ppm, rounded up; exact."""
        missing = MILLION - self.function.values(chosen[None])[0]
        if abs(missing - round(missing)) > 1e-6:
            return int(np.ceil(missing))
        if self.model in (QualityModel.COVERAGE, QualityModel.GATED):
            total = sum((self._missing(chosen, c) for c in range(len(self.weight))), Fraction(0))
            exact = total / int(self.weight.sum())
            return -(-exact.numerator // exact.denominator)
        return self._objective_of_whole_numbers(chosen)

    def _missing(self, chosen: Bools, cluster: int) -> Fraction:
        """w_c (10⁶ - F_c) of the models whose F_c is a ratio."""
        members = np.flatnonzero(chosen & self.usable[cluster])
        quality = [int(value) for value in self.quality[cluster, members]]
        if self.gate is not None:
            gate = [int(value) for value in self.gate[cluster, members]]
            mean = Fraction(sum(g * q for g, q in zip(gate, quality, strict=True)), sum(gate))
            return int(self.weight[cluster]) * (MILLION - mean)
        missing = Fraction(MILLION)
        for value in quality:
            missing *= Fraction(MILLION - value, MILLION)
        return int(self.weight[cluster]) * missing

    def _objective_of_whole_numbers(self, chosen: Bools) -> int:
        if self.model is QualityModel.TABLE:
            return MILLION - round(float(self.function.values(chosen[None])[0]))
        held = np.sort(self.quality[:, chosen], axis=1)[:, ::-1][:, : self.asked].sum(axis=1)
        return self.shortfall(int(self.weight @ held))

    def shortfall(self, value: int) -> int:
        """The objective of Σ w_c F_c = value."""
        total = int(self.weight.sum())
        return int(-(-(MILLION * total - value) // total))

    def chosen(self, members: Iterable[int]) -> Bools:
        """The selection [n] with these members."""
        mask = np.zeros(self.experts, dtype=np.bool_)
        mask[list(members)] = True
        return mask

    def plan(self, chosen: Bools, routing: Bools | None = None) -> ExpertSelectionPlan:
        """The plan document of a selection [n]; routing: [C, n] who is asked, where decided."""
        routes = None
        if routing is not None:
            routes = tuple(
                Route(cluster=name, experts=tuple(self.names[i] for i in np.flatnonzero(row)))
                for name, row in zip(self.cluster_names, routing, strict=True)
            )
        names = tuple(self.names[i] for i in np.flatnonzero(chosen))
        return ExpertSelectionPlan(experts=names, routing=routes)

    def members(self, plan: ExpertSelectionPlan) -> Bools | None:
        """The selection [n] of a plan document; None if it names unknown experts."""
        index = {name: number for number, name in enumerate(self.names)}
        if any(name not in index for name in plan.experts):
            return None
        return self.chosen(index[name] for name in plan.experts)


@kept
def build(problem: ExpertSelectionProblem) -> Tables:
    """The tables of a problem; O(C n) time and memory."""
    given = np.array(
        [[-1 if q is None else q for q in e.quality_ppm] for e in problem.experts], dtype=np.int64
    ).T
    energy = _energies(problem)
    in_time = _in_time(problem)
    usable = (given >= 0) & in_time
    allowed: Bools = np.ones(len(problem.experts), dtype=np.bool_)
    if problem.latency_mode is LatencyMode.WORST_CASE:
        allowed = np.asarray(~((given >= 0) & ~in_time).any(axis=0))
    usable &= allowed
    quality = np.where(usable, given, 0)
    weight = np.array([cluster.weight for cluster in problem.clusters], dtype=np.int64)
    rows, limits, names = _rows(problem, weight, np.where(usable, energy, 0))
    peak = _peak(problem, np.where(usable, energy, 0).max(axis=0))
    allowed = allowed & (rows <= limits[:, None]).all(axis=0)
    if peak is not None:
        allowed = allowed & (peak.energy <= peak.limit)
    gate = None
    if problem.quality_model is QualityModel.GATED:
        gate = np.array([expert.gate_weight for expert in problem.experts], dtype=np.int64).T
    asked = problem.asked_at_most
    return Tables(
        names=tuple(expert.name for expert in problem.experts),
        cluster_names=tuple(cluster.name for cluster in problem.clusters),
        weight=weight,
        usable=usable,
        quality=quality,
        energy=energy,
        allowed=allowed,
        rows=rows,
        limits=limits,
        row_names=names,
        peak=peak,
        asked=asked,
        decided=problem.routing_is_decided,
        routed_limit=_routed_limit(problem),
        needed=_needed(usable & allowed),
        model=problem.quality_model,
        gate=gate,
        function=quality_of(problem, weight / weight.sum(), usable, quality, gate, asked),
        step=_step(problem, weight, quality),
    )


def _routed_limit(problem: ExpertSelectionProblem) -> int | None:
    if not problem.routing_is_decided or problem.energy_limit_uj is None:
        return None
    return problem.energy_limit_uj * problem.total_weight


def _energies(problem: ExpertSelectionProblem) -> Ints:
    """[C, n] ε_ci, µJ."""
    prompt = np.array([c.prompt_tokens for c in problem.clusters], dtype=np.int64)[:, None]
    output = np.array([c.output_tokens for c in problem.clusters], dtype=np.int64)[:, None]
    fixed, prefill, decode = (
        np.array(column, dtype=np.int64)
        for column in zip(
            *(
                (
                    e.request_energy_uj,
                    e.prefill_energy_uj_per_token,
                    e.decode_energy_uj_per_token,
                )
                for e in problem.experts
            ),
            strict=True,
        )
    )
    total: Ints = fixed + prompt * prefill + output * decode
    return total


def latencies(problem: ExpertSelectionProblem) -> Ints:
    """[C, n] ℓ_ci, ns; UNREACHABLE where the device graph has no path there and back."""
    prompt = np.array([c.prompt_tokens for c in problem.clusters], dtype=np.int64)
    output = np.array([c.output_tokens for c in problem.clusters], dtype=np.int64)
    paths = _paths(problem, prompt, back=False) + _paths(problem, output, back=True)
    queue = np.array([e.queue_ns for e in problem.experts], dtype=np.int64)
    prefill = np.array([e.prefill_ns_per_token for e in problem.experts], dtype=np.int64)
    decode = np.array([e.decode_ns_per_token for e in problem.experts], dtype=np.int64)
    total = paths + queue + prompt[:, None] * prefill + output[:, None] * decode
    # Half of UNREACHABLE stands for one missing direction, and no sum of times comes near it.
    return np.where(paths >= UNREACHABLE // 2, UNREACHABLE, total + problem.aggregation_ns)


def _paths(problem: ExpertSelectionProblem, tokens: Ints, *, back: bool) -> Ints:
    """[C, n] ns of the fastest path of each cluster's message from or to each expert's device."""
    graph = problem.device_graph.to_networkx()
    if back:
        graph = graph.reverse()
    sizes, which = np.unique(tokens, return_inverse=True)
    table = np.empty((len(sizes), len(problem.experts)), dtype=np.int64)
    for row, size in enumerate(sizes.tolist()):
        bits = 8 * (size * problem.bytes_per_token + problem.message_bytes)
        reached = nx.single_source_dijkstra_path_length(
            graph, problem.source_device, weight=partial(_hop_ns, bits)
        )
        far = UNREACHABLE // 2
        table[row] = [min(far, reached.get(expert.device, far)) for expert in problem.experts]
    return table[which]


def _hop_ns(bits: int, _source: str, _target: str, edge: dict[str, LinkRate]) -> int:
    rate = edge["rate"]
    return rate.latency_ns - (-bits * 10**9 // rate.bandwidth_bit_per_s)


def _in_time(problem: ExpertSelectionProblem) -> Bools:
    """[C, n] whether there is a path and the deadline, if any, is kept."""
    deadline = np.array(
        [problem.deadline_ns.get(c.category, UNREACHABLE - 1) for c in problem.clusters],
        dtype=np.int64,
    )
    return latencies(problem) <= deadline[:, None]


def _rows(
    problem: ExpertSelectionProblem, weight: Ints, energy: Ints
) -> tuple[Ints, Ints, tuple[str, ...]]:
    """Budget rows [R, n], limits [R] and names; rows that cannot bind are left out."""
    rows: list[tuple[str, Ints, int]] = []
    if problem.energy_limit_uj is not None:
        if problem.energy_mode is EnergyMode.WORST_CASE:
            rows.append(("energy", energy.max(axis=0), problem.energy_limit_uj))
        elif problem.energy_mode is EnergyMode.EXPECTED and not problem.routing_is_decided:
            limit = problem.energy_limit_uj * problem.total_weight
            rows.append(("energy", weight @ energy, limit))
    memory = np.array([e.memory_bytes for e in problem.experts], dtype=np.int64)
    device = np.array([e.device for e in problem.experts])
    for place in problem.device_graph.devices:
        held = np.where(device == place.name, memory, 0)
        rows.append((f"memory of {place.name}", held, place.memory_bytes))
    group = np.array([e.group or "" for e in problem.experts])
    groups = sorted({e.group for e in problem.experts if e.group is not None})
    rows += [(f"group {name}", (group == name).astype(np.int64), 1) for name in groups]
    if problem.max_experts is not None:
        ones = np.ones(len(problem.experts), dtype=np.int64)
        rows.append(("experts in service", ones, problem.max_experts))
    rows = [row for row in rows if int(row[1].sum()) > row[2]]
    width = len(problem.experts)
    matrix = np.array([row[1] for row in rows], dtype=np.int64).reshape(len(rows), width)
    limits = np.array([row[2] for row in rows], dtype=np.int64)
    return matrix, limits, tuple(row[0] for row in rows)


def _peak(problem: ExpertSelectionProblem, energy: Ints) -> Peak | None:
    if problem.energy_mode is not EnergyMode.WORST_TOP_K or problem.energy_limit_uj is None:
        return None
    return Peak(energy, problem.top_k or 1, problem.energy_limit_uj)


def _needed(usable: Bools) -> Bools:
    """The distinct rows of `usable`, without those that contain one of the smallest."""
    rows = np.unique(np.packbits(usable, axis=1), axis=0)
    sets: Bools = np.unpackbits(rows, axis=1, count=usable.shape[1]).astype(np.bool_)
    sets = sets[np.argsort(sets.sum(axis=1), kind="stable")]
    kept = np.ones(len(sets), dtype=np.bool_)
    # The 64 smallest find nearly all that is implied, at a cost linear in all.
    for index in range(min(64, len(sets))):
        if kept[index]:
            contains = ~(sets[index] & ~sets).any(axis=1)
            contains[: index + 1] = False
            kept &= ~contains
    return sets[kept]


def _step(problem: ExpertSelectionProblem, weight: Ints, quality: Ints) -> float:
    """The grid of Σ w_c F_c / W where F_c are sums of whole q_ci: their greatest divisor."""
    if problem.quality_model is QualityModel.TABLE:
        return 1.0
    if problem.quality_model in (QualityModel.COVERAGE, QualityModel.GATED):
        return 0.0
    values = np.unique(weight[:, None] * quality)
    return float(np.gcd.reduce(values)) / float(weight.sum())
