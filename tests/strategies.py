"""Hypothesis strategies: problems of few parts that an oracle can enumerate."""

from dataclasses import dataclass

from hypothesis import strategies as st

from models.devices import Device, DeviceGraph, Link, LinkRate
from models.layers import Layer, Measurement, ModelGraph, Profile
from models.problems.dag_partition import DagPartitionProblem, Operator
from models.problems.expert_selection import Cluster, Expert, ExpertSelectionProblem, MeasuredSet
from models.problems.expert_selection_modes import EnergyMode, LatencyMode, QualityModel
from models.problems.pipeline_partition import (
    PipelineObjective,
    PipelinePartitionProblem,
    PreviousPlan,
    Stage,
)
from models.problems.sequence_pipeline import (
    Decoding,
    LayerTimes,
    SequenceObjective,
    SequencePipelineProblem,
)
from models.workload import Inference
from tests.balance_strategies import expert_balance  # noqa: F401  # found here by kind
from tests.offload_strategies import offload_placement  # noqa: F401  # found here by kind
from tests.serving_strategies import serving_flow  # noqa: F401  # found here by kind
from tests.split_strategies import split_computing, split_fleet  # noqa: F401  # found here by kind
from tests.tensor_strategies import tensor_partition  # noqa: F401  # found here by kind
from tests.training_strategies import pipeline_training  # noqa: F401  # found here by kind

_NAMES = "abcd"


@dataclass(frozen=True)
class _Scale:
    """By what tiny times and sizes are multiplied, and whether odd ns and bytes are added.

    Real problems reckon in milliseconds to hours and in GiB: sums that 32 bits, a double or a
    careless 64-bit total do not hold, and that no power of ten divides.
    """

    time: int = 1
    size: int = 1

    def ns(self, draw: st.DrawFn, tiny: int) -> int:
        """A time of `tiny` units; no time at all stays none."""
        return tiny * self.time + (draw(self._odd) if tiny and self.time > 1 else 0)

    def bytes(self, draw: st.DrawFn, tiny: int) -> int:
        """A size of `tiny` units; nothing stays nothing."""
        return tiny * self.size + (draw(self._odd) if tiny and self.size > 1 else 0)

    def per_s(self, tiny: int) -> int:
        """A rate at which one unit of size takes as many units of time as at the scale 1."""
        return tiny * self.size // self.time

    @property
    def _odd(self) -> st.SearchStrategy[int]:
        return st.integers(0, 7)


_TINY = _Scale()
_SCALES = (_TINY, _Scale(10**6, 2**20), _Scale(10**9, 2**30), _Scale(10**12, 2**30))


@st.composite
def _device(draw: st.DrawFn, name: str, scale: _Scale) -> Device:
    return Device(
        name=name,
        type=draw(st.sampled_from(["fast", "slow", name])),
        memory_bytes=scale.bytes(draw, draw(st.sampled_from([3, 8, 13, 20, 30, 60]))),
        memory_bytes_per_s=scale.per_s(draw(st.sampled_from([10**9, 3 * 10**8]))),
        launch_overhead_ns=scale.ns(draw, draw(st.sampled_from([0, 3]))),
    )


@st.composite
def _rate(draw: st.DrawFn, scale: _Scale) -> LinkRate:
    bandwidth = draw(st.sampled_from([8 * 10**9, 2 * 10**9, 13 * 10**8]))
    return LinkRate(
        latency_ns=scale.ns(draw, draw(st.integers(0, 9))),
        bandwidth_bit_per_s=scale.per_s(bandwidth),
    )


@st.composite
def _device_graph(draw: st.DrawFn, size: int, scale: _Scale = _TINY) -> DeviceGraph:
    names = _NAMES[:size]
    devices = tuple(draw(_device(name, scale)) for name in names)
    links = []
    for a in names:
        for b in names:
            if a < b and draw(st.integers(0, 2)) == 0:
                rate = draw(_rate(scale))
                links.append(
                    Link(source=a, target=b, directed=draw(st.booleans()), **rate.model_dump())
                )
    default = draw(st.one_of(st.none(), _rate(scale)))
    return DeviceGraph(devices=devices, links=tuple(links), default_link=default)


@st.composite
def _chain(draw: st.DrawFn, scale: _Scale) -> ModelGraph:
    equal_cuts = draw(st.booleans())
    layers = tuple(
        Layer(
            name=f"layer-{index}",
            repeat=draw(st.sampled_from([1, 1, 2])),
            weight_bytes=scale.bytes(draw, draw(st.integers(0, 9))),
            kv_bytes_per_token=scale.bytes(draw, draw(st.integers(0, 2))),
            activation_bytes_per_token=scale.bytes(draw, draw(st.integers(0, 3))),
            output_bytes_per_token=(
                4 * scale.size if equal_cuts else scale.bytes(draw, draw(st.integers(0, 12)))
            ),
        )
        for index in range(draw(st.integers(1, 3)))
    )
    return ModelGraph(name="tiny", layers=layers)


@st.composite
def _profile(draw: st.DrawFn, model: ModelGraph, scale: _Scale) -> Profile:
    times = {
        kind: {layer.name: scale.ns(draw, draw(st.integers(0, 20))) for layer in model.layers}
        for kind in draw(st.sets(st.sampled_from(["fast", "slow"])))
    }
    return Profile(measurements=(Measurement(time_ns=times),))


@st.composite
def _previous(draw: st.DrawFn, names: list[str], layers: int, scale: _Scale) -> PreviousPlan | None:
    if draw(st.integers(0, 2)) > 0:
        return None
    cut = draw(st.integers(0, layers))
    first, second = draw(st.permutations(names))[:2]
    ends = ((first, 0, cut), (second, cut, layers))
    stages = tuple(Stage(device=d, start=a, stop=b) for d, a, b in ends if b > a)
    price = draw(st.sampled_from([0, 2**20, 2**21 // 3])) * scale.time // scale.size
    return PreviousPlan(stages=stages, ns_per_mib=price)


@st.composite
def pipeline_partition(draw: st.DrawFn) -> PipelinePartitionProblem:
    """Up to 4 devices and 6 layers, of bytes and ns or of GiB and hours.

    Tight memory, unequal cuts, missing links, every option.
    """
    size = draw(st.integers(1, 4))
    scale = draw(st.sampled_from(_SCALES))
    graph = draw(_device_graph(size, scale))
    model = draw(_chain(scale))
    names = [device.name for device in graph.devices]
    objective = draw(st.sampled_from(PipelineObjective))
    source = draw(st.one_of(st.none(), st.sampled_from(names)))
    ordered = draw(st.integers(0, 3)) == 0
    layers = sum(layer.repeat for layer in model.layers)
    return PipelinePartitionProblem(
        model=model,
        profile=draw(_profile(model, scale)),
        device_graph=graph,
        workload=Inference(
            prompt_tokens=draw(st.integers(0, 2)),
            new_tokens=1,
            concurrency=draw(st.integers(1, 2)),
            message_bytes=scale.bytes(draw, draw(st.integers(0, 2))),
        ),
        objective=objective,
        units=draw(st.integers(1, 20)) if objective is PipelineObjective.MAKESPAN else None,
        overlap=draw(st.booleans()),
        source_device=source,
        return_hop=source is not None and draw(st.booleans()),
        use_all_devices=draw(st.integers(0, 3)) == 0,
        device_order=tuple(draw(st.permutations(names))) if ordered else None,
        previous=draw(_previous([*names, "gone"], layers, scale)),
    )


@st.composite
def _layer_times(draw: st.DrawFn, scale: _Scale) -> LayerTimes:
    return LayerTimes(
        chunk_ns=scale.ns(draw, draw(st.integers(0, 20))),
        token_ns=scale.ns(draw, draw(st.integers(0, 9))),
        kilopair_ns=scale.ns(draw, draw(st.sampled_from([0, 300, 999, 2500]))),
        pass_ns=scale.ns(draw, draw(st.integers(0, 9))),
    )


@st.composite
def _decoding(draw: st.DrawFn) -> Decoding:
    accepted = draw(st.sampled_from([1000, 1700, 3000]))
    return Decoding(
        new_tokens=draw(st.integers(1, 9)),
        points=draw(st.integers(1, 4)),
        accepted_milli=accepted,
        pass_tokens=draw(st.integers(-(-accepted // 1000), 4)),
    )


@st.composite
def sequence_pipeline(draw: st.DrawFn) -> SequencePipelineProblem:
    """Up to 3 devices, 4 layers and 6 tokens, with every option; tight memory, missing links."""
    scale = draw(st.sampled_from(_SCALES[:3]))
    graph = draw(_device_graph(draw(st.integers(1, 3)), scale))
    roomier = (d.model_copy(update={"memory_bytes": 4 * d.memory_bytes}) for d in graph.devices)
    graph = graph.model_copy(update={"devices": tuple(roomier)})
    model = draw(_chain(scale).filter(lambda chain: len(chain.chain or ()) <= 4))
    kinds = {device.profile_type for device in graph.devices}
    names = [device.name for device in graph.devices]
    ordered = draw(st.integers(0, 2)) == 0
    decoding = draw(st.one_of(st.none(), _decoding()))
    objectives = list(SequenceObjective)[: 1 if decoding is None else 2]
    return SequencePipelineProblem(
        model=model,
        times={
            kind: {layer.name: draw(_layer_times(scale)) for layer in model.layers}
            for kind in sorted(kinds)
        },
        device_graph=graph,
        prompt_tokens=draw(st.integers(1, 6)),
        min_chunk_tokens=draw(st.sampled_from([1, 1, 2, 3, 9])),
        chunk_step=draw(st.sampled_from([1, 1, 2, 3])),
        decoding=decoding,
        objective=draw(st.sampled_from(objectives)),
        message_bytes=scale.bytes(draw, draw(st.integers(0, 3))),
        overlap=draw(st.booleans()),
        use_all_devices=draw(st.integers(0, 3)) == 0,
        device_order=tuple(draw(st.permutations(names))) if ordered else None,
    )


@st.composite
def _cluster(draw: st.DrawFn, name: str) -> Cluster:
    return Cluster(
        name=name,
        category=draw(st.sampled_from(["code", "law"])),
        weight=draw(st.integers(1, 4)),
        prompt_tokens=draw(st.integers(0, 3)),
        output_tokens=draw(st.integers(0, 3)),
    )


@st.composite
def _expert(draw: st.DrawFn, name: str, devices: list[str], clusters: int, share: int) -> Expert:
    level = draw(st.integers(0, share))
    quality = st.one_of(
        st.integers(0, share), st.sampled_from([level, share, share // 2]), st.none()
    )
    return Expert(
        name=name,
        device=draw(st.sampled_from(devices)),
        group=draw(st.sampled_from([None, None, None, "family"])),
        memory_bytes=draw(st.integers(0, 12)),
        queue_ns=draw(st.integers(0, 3)),
        prefill_ns_per_token=draw(st.integers(0, 3)),
        decode_ns_per_token=draw(st.integers(0, 5)),
        request_energy_uj=draw(st.integers(0, 9)),
        prefill_energy_uj_per_token=draw(st.integers(0, 2)),
        decode_energy_uj_per_token=draw(st.integers(0, 3)),
        quality_ppm=tuple(draw(quality) for _ in range(clusters)),
    )


@st.composite
def _measured(draw: st.DrawFn, experts: tuple[Expert, ...]) -> tuple[MeasuredSet, ...]:
    subsets = [
        tuple(expert.name for bit, expert in enumerate(experts) if number >> bit & 1)
        for number in range(1, 2 ** len(experts))
    ]
    kept = [names for names in subsets if draw(st.integers(0, 4)) > 0]
    return tuple(
        MeasuredSet(experts=names, quality_ppm=draw(st.integers(0, 10**6))) for names in kept
    )


@st.composite
def expert_selection(
    draw: st.DrawFn,
    most: int = 6,
    models: tuple[QualityModel, ...] = tuple(QualityModel),
    energy_modes: tuple[EnergyMode, ...] = tuple(EnergyMode),
) -> ExpertSelectionProblem:
    """Up to `most` experts, 3 devices and 4 clusters, any model and mode, tight budgets.

    Where routing is a decision, at most 4 experts and 3 clusters, so that it can be enumerated.
    """
    model = draw(st.sampled_from(models))
    energy_mode = draw(st.sampled_from(energy_modes))
    decided = energy_mode is EnergyMode.EXPECTED and model in (
        QualityModel.BEST_EXPERT,
        QualityModel.TOP_K,
    )
    graph = draw(_device_graph(draw(st.integers(1, 3))))
    devices = [device.name for device in graph.devices]
    names = [f"cluster-{index}" for index in range(draw(st.integers(1, 3 if decided else 4)))]
    clusters = tuple(draw(_cluster(name)) for name in names)
    size = draw(st.integers(1, 4 if decided else most))
    top_k = draw(st.integers(1, 3))
    needs_k = model is QualityModel.TOP_K or energy_mode is EnergyMode.WORST_TOP_K
    share = {QualityModel.MODULAR: 10**6 // size, QualityModel.TOP_K: 10**6 // top_k}
    experts = tuple(
        draw(_expert(f"expert-{index}", devices, len(clusters), share.get(model, 10**6)))
        for index in range(size)
    )
    if model is QualityModel.GATED:
        gates = [tuple(draw(st.integers(1, 9)) for _ in clusters) for _ in experts]
        experts = tuple(
            expert.model_copy(update={"gate_weight": gate})
            for expert, gate in zip(experts, gates, strict=True)
        )
    present = sorted({cluster.category for cluster in clusters})
    return ExpertSelectionProblem(
        device_graph=graph,
        source_device=draw(st.sampled_from(devices)),
        experts=experts,
        clusters=clusters,
        quality_model=model,
        measured=draw(_measured(experts)) if model is QualityModel.TABLE else None,
        top_k=top_k if needs_k else None,
        deadline_ns={name: draw(st.integers(5, 60)) for name in present if draw(st.booleans())},
        latency_mode=draw(st.sampled_from(LatencyMode)),
        energy_limit_uj=draw(st.one_of(st.none(), st.integers(0, 60))),
        energy_mode=energy_mode,
        max_experts=draw(st.one_of(st.none(), st.integers(1, size))),
        bytes_per_token=draw(st.integers(0, 4)),
        message_bytes=draw(st.integers(0, 3)),
        aggregation_ns=draw(st.integers(0, 2)),
    )


@st.composite
def dag_partition(draw: st.DrawFn) -> DagPartitionProblem:
    """Up to 5 operators on 3 devices: colocation, backward passes, tight memory, both forms."""
    size = draw(st.integers(1, 5))
    forward = draw(st.integers(1, size))
    operators = tuple(draw(_operator(index, backward=index >= forward)) for index in range(size))
    pairs = [(a.name, b.name) for i, b in enumerate(operators) for a in operators[:i]]
    shuffled = draw(st.permutations(operators))
    accelerators = draw(st.integers(0, 3))
    return DagPartitionProblem(
        operators=tuple(shuffled),
        edges=tuple(pair for pair in pairs if draw(st.booleans())),
        accelerators=accelerators,
        cpus=draw(st.integers(0 if accelerators else 1, 1 if accelerators > 1 else 2)),
        accelerator_memory_bytes=draw(st.sampled_from([4, 9, 20, 100])),
        contiguous=draw(st.booleans()),
    )


@st.composite
def _operator(draw: st.DrawFn, index: int, *, backward: bool) -> Operator:
    times = st.sampled_from([0, 0, 1, 3, 7, 10])
    return Operator(
        name=f"operator-{index}",
        cpu_ns=draw(st.sampled_from([0, 2, 9, 25])),
        accelerator_ns=draw(st.one_of(times, times, times, st.none())),
        size_bytes=draw(st.sampled_from([0, 0, 1, 3, 5])),
        transfer_ns=draw(st.sampled_from([0, 1, 2, 5])),
        colocation=draw(st.sampled_from([None, None, None, "left", "right"])),
        backward=backward,
    )
