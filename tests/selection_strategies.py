"""A hypothesis strategy: expert selections in the figures of real ones, few enough to enumerate.

Qualities are any ppm, weights count requests, energies are µJ up to 10¹² together, memory is bytes.
Budgets are what some selection uses to the last unit, or one unit less: there the tolerances of
floating-point solvers lie.
"""

from hypothesis import strategies as st

from models.devices import Device, DeviceGraph, LinkRate
from models.problems.expert_selection import Cluster, Expert, ExpertSelectionProblem, MeasuredSet
from models.problems.expert_selection_modes import EnergyMode, LatencyMode, QualityModel

_PLACES = ("orin", "rtx")
_MILLION = 10**6


@st.composite
def real_expert_selection(draw: st.DrawFn) -> ExpertSelectionProblem:
    """Up to 6 experts and 4 clusters, 4 and 3 where routing is a decision; any model and mode."""
    model = draw(st.sampled_from(QualityModel))
    mode = draw(st.sampled_from(EnergyMode))
    ranked = model in (QualityModel.BEST_EXPERT, QualityModel.TOP_K)
    decided = mode is EnergyMode.EXPECTED and ranked
    size = draw(st.integers(2, 4 if decided else 6))
    clusters = tuple(draw(_cluster(index)) for index in range(draw(st.integers(1, 3 + ranked))))
    clusters = clusters[:3] if decided else clusters
    top_k = draw(st.integers(1, 3))
    needs_k = model is QualityModel.TOP_K or mode is EnergyMode.WORST_TOP_K
    share = {QualityModel.MODULAR: _MILLION // size, QualityModel.TOP_K: _MILLION // top_k}
    experts = tuple(
        draw(_expert(index, len(clusters), share.get(model, _MILLION), model))
        for index in range(size)
    )
    inside = draw(st.lists(st.booleans(), min_size=size, max_size=size))
    kept = [expert for expert, is_inside in zip(experts, inside, strict=True) if is_inside]
    slack = draw(st.sampled_from([-1, 0, 0, 1]))
    requests = 1
    if mode is EnergyMode.EXPECTED:
        requests = sum(cluster.weight for cluster in clusters)
    used = _energy(kept, clusters, mode, top_k)
    return ExpertSelectionProblem(
        device_graph=_graph(kept, draw(st.sampled_from([-1, 0, 10**12]))),
        source_device=_PLACES[0],
        experts=experts,
        clusters=clusters,
        quality_model=model,
        measured=_measured(draw, experts) if model is QualityModel.TABLE else None,
        top_k=top_k if needs_k else None,
        deadline_ns={
            category: draw(st.integers(10**8, 6 * 10**10))
            for category in sorted({cluster.category for cluster in clusters})
            if draw(st.integers(0, 3)) == 0
        },
        latency_mode=draw(st.sampled_from(LatencyMode)),
        energy_limit_uj=max(0, -(-used // requests) + slack) if draw(st.booleans()) else None,
        energy_mode=mode,
        max_experts=draw(st.one_of(st.none(), st.integers(1, size))),
        message_bytes=200,
    )


@st.composite
def _cluster(draw: st.DrawFn, index: int) -> Cluster:
    return Cluster(
        name=f"cluster-{index}",
        category=draw(st.sampled_from(["code", "law"])),
        weight=draw(st.one_of(st.integers(1, 100), st.integers(1, 2 * 10**5))),
        prompt_tokens=draw(st.integers(1, 4096)),
        output_tokens=draw(st.integers(1, 512)),
    )


@st.composite
def _expert(draw: st.DrawFn, index: int, clusters: int, share: int, model: QualityModel) -> Expert:
    quality = st.one_of(st.integers(0, share), st.integers(0, share), st.none())
    gated = model is QualityModel.GATED
    return Expert(
        name=f"expert-{index}",
        device=draw(st.sampled_from(_PLACES)),
        group=draw(st.sampled_from([None, None, None, "family"])),
        memory_bytes=draw(st.integers(10**9, 4 * 10**10)),
        queue_ns=draw(st.integers(0, 10**9)),
        prefill_ns_per_token=draw(st.integers(10**4, 10**7)),
        decode_ns_per_token=draw(st.integers(10**6, 10**8)),
        request_energy_uj=draw(st.integers(0, 10**11)),
        prefill_energy_uj_per_token=draw(st.integers(0, 10**6)),
        decode_energy_uj_per_token=draw(st.integers(0, 10**8)),
        quality_ppm=tuple(draw(quality) for _ in range(clusters)),
        gate_weight=tuple(draw(st.integers(1, 10**6)) for _ in range(clusters)) if gated else None,
    )


def _energy(kept: list[Expert], clusters: tuple[Cluster, ...], mode: EnergyMode, top_k: int) -> int:
    """What a selection uses where everybody answers everything (with `expected`: times W)."""
    each = [
        [
            e.request_energy_uj
            + c.prompt_tokens * e.prefill_energy_uj_per_token
            + c.output_tokens * e.decode_energy_uj_per_token
            for c in clusters
        ]
        for e in kept
    ]
    if mode is EnergyMode.EXPECTED:
        weights = [cluster.weight for cluster in clusters]
        return sum(sum(w * e for w, e in zip(weights, row, strict=True)) for row in each)
    dearest = sorted((max(row) for row in each), reverse=True)
    return sum(dearest[:top_k] if mode is EnergyMode.WORST_TOP_K else dearest)


def _graph(kept: list[Expert], slack: int) -> DeviceGraph:
    held = {name: sum(e.memory_bytes for e in kept if e.device == name) for name in _PLACES}
    devices = tuple(Device(name=n, memory_bytes=max(0, held[n] + slack)) for n in _PLACES)
    rate = LinkRate(latency_ns=2 * 10**6, bandwidth_bit_per_s=10**8)
    return DeviceGraph(devices=devices, default_link=rate)


def _measured(draw: st.DrawFn, experts: tuple[Expert, ...]) -> tuple[MeasuredSet, ...]:
    subsets = [
        tuple(expert.name for bit, expert in enumerate(experts) if number >> bit & 1)
        for number in range(1, 2 ** len(experts))
    ]
    return tuple(
        MeasuredSet(experts=names, quality_ppm=draw(st.integers(0, _MILLION))) for names in subsets
    )
