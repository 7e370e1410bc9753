"""Hypothesis strategies for training pipelines: few enough plans to enumerate."""

from hypothesis import strategies as st

from models.devices import Device, DeviceGraph, Link, LinkRate
from models.problems.pipeline_training import PipelineTrainingProblem, TrainingLayer
from tests.oracles import pipeline_training as oracle

# Nanoseconds, milliseconds.
_UNITS = st.sampled_from([1, 1, 10**6])
_TYPES = ("fast", "slow")


@st.composite
def _layer(draw: st.DrawFn, name: str, unit: int) -> TrainingLayer:
    def time() -> int:
        return draw(st.integers(0, 9)) * unit + (draw(st.integers(0, 7)) if unit > 1 else 0)

    return TrainingLayer(
        name=name,
        repeat=draw(st.sampled_from([1, 1, 2])),
        weight_bytes=draw(st.integers(0, 9)),
        activation_bytes=draw(st.integers(0, 3)),
        output_bytes=draw(st.integers(0, 3)),
        forward_ns={kind: time() for kind in _TYPES},
    )


@st.composite
def _rate(draw: st.DrawFn, unit: int) -> LinkRate:
    return LinkRate(
        latency_ns=draw(st.sampled_from([0, 1, 3])) * unit,
        bandwidth_bit_per_s=draw(st.sampled_from([8, 2])) * 10**9 // unit,
    )


@st.composite
def _graph(draw: st.DrawFn, unit: int) -> DeviceGraph:
    names = "abc"[: draw(st.integers(1, 3))]
    devices = [
        Device(
            name=name,
            type=draw(st.sampled_from(_TYPES)),
            memory_bytes=draw(st.sampled_from([12, 30, 60, 200])),
            launch_overhead_ns=draw(st.sampled_from([0, 2])) * unit,
        )
        for name in names
    ]
    if len(names) > 1 and draw(st.booleans()):
        devices[1] = devices[0].model_copy(update={"name": "b"})
    links = []
    for a, b in (("a", "b"), ("b", "c")):
        if b in names and draw(st.integers(0, 2)) == 0:
            rate = draw(_rate(unit))
            directed = draw(st.booleans())
            links.append(Link(source=a, target=b, directed=directed, **rate.model_dump()))
    default = draw(st.one_of(st.none(), _rate(unit), _rate(unit)))
    return DeviceGraph(devices=tuple(devices), links=tuple(links), default_link=default)


@st.composite
def pipeline_training(draw: st.DrawFn) -> PipelineTrainingProblem:
    """Up to 3 devices, some of them equal, 3 layers and 3 samples; tight memory, missing links."""
    unit = draw(_UNITS)
    layers = tuple(draw(_layer(f"layer-{index}", unit)) for index in range(draw(st.integers(1, 2))))
    problem = PipelineTrainingProblem(
        layers=layers,
        device_graph=draw(_graph(unit)),
        samples=draw(st.integers(1, 3)),
        micro_batches=draw(st.integers(1, 6)),
        backward_ppm=draw(st.sampled_from([0, 10**6, 2 * 10**6, 1_333_333])),
        state_copies=draw(st.integers(0, 2)),
        message_bytes=draw(st.integers(0, 2)),
        use_all_devices=draw(st.integers(0, 2)) == 0,
    )
    plan = draw(st.sampled_from([None, None, *oracle.plans(problem)]))
    previous = None if plan is None else plan.stages
    return problem.model_copy(update={"previous": previous})
