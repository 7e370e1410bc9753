"""Hypothesis strategies for split computing: chains and DAGs small enough to enumerate."""

from typing import Any

from hypothesis import strategies as st

from models.problems.split_computing import (
    Against,
    Hop,
    Scenario,
    SplitComputingProblem,
    SplitLimits,
    SplitObjective,
)
from models.problems.split_fleet import (
    ALWAYS,
    Catalogue,
    FleetObjective,
    Option,
    Server,
    SplitFleetProblem,
    Stream,
    Uplink,
    Urgency,
    Window,
)
from models.split_models import (
    Bottleneck,
    Gate,
    Policy,
    Representation,
    SplitDevice,
    SplitLayer,
    SplitModel,
    Work,
)

_BANDWIDTHS = [64 * 10**9, 15 * 10**9, 2 * 10**9]
_TYPES = ["camera", "server"]
_ACCURACY = 900_000
# Nanoseconds to minutes, bytes to terabytes: what a real document may hold.
UNITS = st.sampled_from([1, 1, 10**6, 10**9, 10**12])


@st.composite
def _amount(draw: st.DrawFn, unit: int, most: int) -> int:
    """Up to `most` units and, where these are large, a little more, so that no digit is round."""
    noise = draw(st.integers(0, 9)) if unit > 1 else 0
    return draw(st.integers(0, most)) * unit + noise


@st.composite
def _work(draw: st.DrawFn, unit: int) -> Work:
    """Time on both types, on one, or on neither; operations, of use on devices with a rate."""
    types = draw(st.sampled_from([_TYPES, _TYPES, _TYPES, _TYPES[:1], _TYPES[1:], []]))
    return Work(
        time_ns={kind: draw(_amount(unit, 9)) for kind in sorted(types)},
        flops=draw(st.sampled_from([None, None, None, unit])),
    )


@st.composite
def _times(draw: st.DrawFn, unit: int, most: int, *, rated: bool) -> dict[str, Any]:
    """Measured on both types or, where every device has a rate, perhaps counted in operations."""
    if rated and draw(st.sampled_from([True, False, False])):
        return {"flops": draw(_amount(unit, 9))}
    return {"time_ns": {"camera": draw(_amount(unit, most)), "server": draw(_amount(unit, 9))}}


@st.composite
def split_model(draw: st.DrawFn, layers: int, unit: int, *, chain: bool, rated: bool) -> SplitModel:
    """A chain, or a DAG whose edges follow the order of the document."""
    names = [f"v{index}" for index in range(layers)]
    pairs = [(a, b) for i, a in enumerate(names) for b in names[i + 1 :]]
    edges = tuple(pair for pair in pairs if draw(st.booleans()))
    return SplitModel(
        name="tiny",
        input_bytes=draw(_amount(unit, 20)),
        layers=tuple(
            SplitLayer(
                name=name,
                output_bytes=draw(_amount(unit, 20)),
                **draw(_times(unit, 30, rated=rated)),
            )
            for name in names
        ),
        edges=None if chain else edges,
    )


@st.composite
def _devices(draw: st.DrawFn, size: int, unit: int, *, rated: bool) -> tuple[SplitDevice, ...]:
    # A device whose type is left out is measured under its name.
    plain = draw(st.booleans())
    return tuple(
        SplitDevice(
            name="camera" if plain and index == 0 else f"d{index}",
            type=_type(draw, index) if index or not plain else None,
            power_uj_per_s=draw(st.sampled_from([0, 10**9, 3 * 10**9])),
            flops_per_s=10**9 if rated else None,
            launch_overhead_ns=draw(st.sampled_from([0, unit])) if rated else 0,
        )
        for index in range(size)
    )


def _type(draw: st.DrawFn, index: int) -> str:
    return "camera" if index == 0 else draw(st.sampled_from(_TYPES))


@st.composite
def _representations(draw: st.DrawFn, model: SplitModel, unit: int) -> tuple[Representation, ...]:
    tensors = ["input", *(layer.name for layer in model.layers)]
    found = []
    if draw(st.booleans()):
        found.append(Representation(name="int8", size_ppm=250_000))
    if draw(st.booleans()):
        found.append(
            Representation(
                name="codec",
                size_bytes={draw(st.sampled_from(tensors)): draw(_amount(unit, 4))},
                encode=draw(st.one_of(st.none(), _work(unit))),
                decode=draw(st.one_of(st.none(), _work(unit))),
                accuracy_ppm=draw(st.sampled_from([None, 850_000, 880_000])),
            )
        )
    return tuple(found)


@st.composite
def _policies(draw: st.DrawFn, waists: list[str], unit: int, *, rated: bool) -> tuple[Policy, ...]:
    if not waists or draw(st.booleans()):
        return ()
    places = draw(st.lists(st.sampled_from(waists), min_size=1, max_size=2, unique=True))
    gates = tuple(
        Gate(
            after=place,
            pass_ppm=draw(st.sampled_from([0, 333_333, 500_000, 10**6])),
            **draw(_times(unit, 3, rated=rated)),
        )
        for place in places
    )
    return (Policy(name="exits", gates=gates, accuracy_ppm=draw(st.sampled_from([None, 870_000]))),)


@st.composite
def _limits(draw: st.DrawFn, unit: int) -> SplitLimits:
    if draw(st.booleans()):
        return SplitLimits()

    def at_most(*choices: int) -> int | None:
        chosen = draw(st.sampled_from([None, *choices]))
        return None if chosen is None else chosen * unit + draw(st.integers(0, 3)) * (unit > 1)

    return SplitLimits(
        accuracy_floor_ppm=draw(st.sampled_from([None, 845_000, 875_000, 890_000])),
        deadline_ns=at_most(20, 50),
        energy_uj=at_most(15, 50),
        sent_bytes=at_most(2, 9),
    )


@st.composite
def split_computing(draw: st.DrawFn, *, chain: bool | None = None) -> SplitComputingProblem:
    """Up to 3 devices and 4 layers, with every option of the kind, at any magnitude."""
    unit = draw(UNITS)
    chained = draw(st.booleans()) if chain is None else chain
    size = draw(st.sampled_from([1, 2, 2, 2, 3]))
    rated = draw(st.sampled_from([True, False, False]))
    layers = draw(st.integers(1, 4 if size < 3 else 3))
    model = draw(split_model(layers, unit, chain=chained, rated=rated))
    waists = [layer.name for layer in model.layers if model.is_waist(layer.name)]
    bottlenecks = tuple(
        Bottleneck(
            name=f"b{index}",
            after=draw(st.sampled_from(waists)),
            size_bytes=draw(_amount(unit, 4)),
            encode=draw(_work(unit)),
            decode=draw(_work(unit)),
            accuracy_ppm=draw(st.sampled_from([None, 840_000, 870_000])),
        )
        for index in range(draw(st.integers(0, 2)) if waists else 0)
    )
    # Ten times as fast for terabytes, which would take over a day otherwise.
    faster = 10 if unit == 10**12 else 1
    bandwidth = st.sampled_from([rate * faster for rate in _BANDWIDTHS])
    return SplitComputingProblem(
        model=model,
        accuracy_ppm=draw(st.sampled_from([_ACCURACY, _ACCURACY, 10**6])),
        devices=draw(_devices(size, unit, rated=rated)),
        hops=tuple(
            Hop(
                latency_ns=draw(_amount(unit, 5)),
                bandwidth_bit_per_s=draw(bandwidth),
                radio_uj_per_s=draw(st.sampled_from([0, 2 * 10**9])),
            )
            for _ in range(size - 1)
        ),
        scenarios=tuple(
            Scenario(
                name=f"s{index}",
                weight=draw(st.integers(1, 3)),
                bandwidth_bit_per_s=tuple(draw(bandwidth) for _ in range(size - 1)),
            )
            for index in range(draw(st.integers(0, 2)))
        ),
        against=draw(st.sampled_from(Against)),
        representations=draw(_representations(model, unit)),
        bottlenecks=bottlenecks,
        policies=draw(_policies(waists, unit, rated=rated)),
        objective=draw(st.sampled_from(SplitObjective)),
        limits=draw(_limits(unit)),
    )


@st.composite
def _option(draw: st.DrawFn, name: str, unit: int, *, local: bool) -> Option:
    remote = not local and draw(st.sampled_from([True, True, False]))
    noise = draw(st.integers(0, 9)) if unit > 1 else 0
    return Option(
        name=name,
        device_ns=draw(st.integers(0, 5)) * 10**8 + noise,
        sent_bytes=draw(_amount(unit, 9)) * 10 if remote else 0,
        # Nothing where the server only stores: any number of such streams fits.
        server_ns=draw(st.sampled_from([0, *range(2, 10)])) * 10**7 + noise if remote else 0,
        energy_uj=draw(_amount(unit, 9)),
        accuracy_ppm=draw(st.sampled_from([600_000, 650_000, 700_000, 760_000])),
    )


@st.composite
def _demand(draw: st.DrawFn) -> dict[str, int | None]:
    return {
        "rate_millihz": draw(st.sampled_from([500, 1000, 1700])),
        "priority": draw(st.integers(0, 3)),
        "deadline_ns": draw(st.sampled_from([None, None, 6 * 10**8])),
        "accuracy_floor_ppm": draw(st.sampled_from([None, None, 620_000])),
    }


@st.composite
def split_fleet(draw: st.DrawFn) -> SplitFleetProblem:
    """Up to 3 streams, 3 options, 2 uplinks, 2 servers, 2 windows; tight; any magnitude."""
    unit = draw(st.sampled_from([100, 100, 10**5, 10**7]))
    objective = draw(st.sampled_from(FleetObjective))
    roomy = objective is not FleetObjective.LATENCY and unit < 10**7
    heavy = draw(st.sampled_from([1, 99_991])) if roomy else 1
    streams = draw(st.sampled_from([1, 2, 3, 3]))
    servers = draw(st.sampled_from([1, 1, 2, 2, 0]))
    some = [None, None, ("s0",)] if servers else [None]
    windows = draw(st.integers(1, 2)) if streams < 3 else 1
    names = [f"c{index}" for index in range(streams)]
    return SplitFleetProblem(
        catalogues=tuple(
            Catalogue(
                name=f"k{index}",
                options=tuple(
                    draw(_option(f"o{n}", unit, local=n == servers == 0))
                    for n in range(draw(st.integers(1, 3)))
                ),
            )
            for index in range(2)
        ),
        uplinks=tuple(
            Uplink(
                name=f"u{index}",
                latency_ns=draw(st.sampled_from([0, 0, 10**8 + 1])),
                bandwidth_bit_per_s=unit * draw(st.sampled_from([600, 1200, 10**4])),
                share_ppm=draw(st.sampled_from([10**6, 700_000])),
            )
            for index in range(2)
        ),
        servers=tuple(
            Server(
                name=f"s{index}",
                workers=draw(st.sampled_from([1, 1, 2])),
                slowdown_ppm=draw(st.sampled_from([10**6, 1_500_001])),
                share_ppm=draw(st.sampled_from([10**6, 60_000, 90_000])),
            )
            for index in range(servers)
        ),
        streams=tuple(
            Stream(
                name=name,
                catalogue=draw(st.sampled_from(["k0", "k1"])),
                uplink=draw(st.sampled_from(["u0", "u1"])),
                servers=draw(st.sampled_from(some)),
                **draw(_demand()),
            )
            for name in names
        ),
        windows=(Window(name=ALWAYS),)
        if windows == 1 and draw(st.booleans())
        else tuple(
            Window(
                name=f"w{index}",
                weight=draw(st.integers(1, 3)) * heavy + index,
                urgent=(Urgency(stream="c0", **draw(_demand())),) if index else (),
            )
            for index in range(windows)
        ),
        objective=objective,
    )
