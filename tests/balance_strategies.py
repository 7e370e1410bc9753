"""Hypothesis strategies for expert balance: small enough to enumerate, in real magnitudes too."""

from hypothesis import strategies as st

from models.problems.expert_balance import (
    BalanceDevice,
    BalanceObjective,
    ExpertBalanceProblem,
    LoadWindow,
    Mode,
    PreviousBalance,
)

_RATES = [10**6, 10**6, 2 * 10**6, 850_001, 3 * 10**7, 1000]


@st.composite
def _window(draw: st.DrawFn, name: str, shape: tuple[int, int]) -> LoadWindow:
    token = st.one_of(st.integers(0, 9), st.integers(0, 40_000))
    rows = st.lists(token, min_size=shape[1], max_size=shape[1]).map(tuple)
    loads = draw(st.lists(rows, min_size=shape[0], max_size=shape[0]).map(tuple))
    return LoadWindow(name=name, weight=draw(st.sampled_from([1, 1, 3])), loads=loads)


@st.composite
def _devices(draw: st.DrawFn, experts: int) -> tuple[BalanceDevice, ...]:
    """Two or three devices with about as many slots as experts, on two nodes or none."""
    number = draw(st.integers(2, 3)) if experts == 4 else 2
    nodes = draw(st.booleans())
    most = 2 if experts < 4 else 5 - number
    return tuple(
        BalanceDevice(
            name=f"d{index}",
            slots=draw(st.integers(1, most)),
            tokens_per_s=draw(st.sampled_from(_RATES)),
            node=f"n{min(index, 1)}" if nodes else None,
        )
        for index in range(number)
    )


@st.composite
def expert_balance(draw: st.DrawFn) -> ExpertBalanceProblem:
    """Either mode, one or two windows, tails, nodes, a placement in force; or hops."""
    layers = draw(st.integers(1, 2))
    # Maps of two layers are enumerated together: fewer experts then.
    experts = draw(st.integers(2, 4 if layers == 1 else 3))
    devices = draw(_devices(experts))
    if layers == 2 and draw(st.booleans()):
        return draw(_hops(experts, devices))
    windows = tuple(
        draw(_window(f"w{index}", (layers, experts))) for index in range(draw(st.integers(1, 2)))
    )
    slots = sum(device.slots for device in devices)
    previous = None
    if draw(st.sampled_from([False, False, True])):
        rows = st.lists(st.integers(-1, experts - 1), min_size=slots, max_size=slots).map(tuple)
        previous = PreviousBalance(
            physical_to_logical_map=tuple(draw(rows) for _ in range(layers)),
            ns_per_replica=draw(st.sampled_from([0, 1, 500, 10**7])),
        )
    return ExpertBalanceProblem(
        devices=devices,
        groups=draw(st.sampled_from([1, experts])),
        windows=windows,
        mode=draw(st.sampled_from(list(Mode))),
        tail_weight=draw(st.sampled_from([0, 0, 2])),
        tail_windows=draw(st.integers(1, len(windows))),
        previous=previous,
    )


@st.composite
def _hops(
    draw: st.DrawFn, experts: int, devices: tuple[BalanceDevice, ...]
) -> ExpertBalanceProblem:
    """Two layers, mostly without redundancy."""
    if draw(st.sampled_from([True, True, False])):
        half = experts // 2
        devices = tuple(
            device.model_copy(update={"slots": slots, "tokens_per_s": 10**6})
            for device, slots in zip(devices, (half, experts - half), strict=False)
        )
    row = st.lists(st.integers(0, 50), min_size=experts, max_size=experts).map(tuple)
    matrix = st.lists(row, min_size=experts, max_size=experts).map(tuple)
    return ExpertBalanceProblem(
        devices=devices,
        groups=draw(st.sampled_from([1, experts])),
        windows=(draw(_window("w", (2, experts))),),
        mode=Mode.EQUAL_SPLIT,
        objective=BalanceObjective.HOPS,
        transitions=(draw(matrix),),
        balance_slack_ppm=draw(st.sampled_from([0, 200_000, 10**6])),
    )
