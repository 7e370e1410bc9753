"""Hypothesis strategies for tensor partitions: few enough splits to enumerate."""

from hypothesis import strategies as st

from models.problems.tensor_partition import (
    Member,
    Overlap,
    TensorMode,
    TensorPartitionProblem,
)

# Nanoseconds, milliseconds.
_UNITS = st.sampled_from([1, 1, 10**6])
_SHARES = st.sampled_from([0, 250_000, 333_333, 500_000])


@st.composite
def _member(draw: st.DrawFn, name: str, unit: int) -> Member:
    def time(most: int) -> int:
        odd = draw(st.integers(0, 9)) if unit > 1 else 0
        return draw(st.integers(0, most)) * unit + odd

    return Member(
        name=name,
        memory_bytes=draw(st.sampled_from([0, 11, 20, 30, 47, 100])),
        attention_ns=time(30),
        mlp_ns=time(50),
        connective_ns=time(9),
        launch_ns=draw(st.sampled_from([0, 0, 2])) * unit,
        latency_ns=draw(st.sampled_from([0, 1, 4])) * unit,
        bandwidth_bit_per_s=draw(st.sampled_from([8, 3])) * 10**9 // unit,
    )


@st.composite
def _overlap(draw: st.DrawFn) -> Overlap:
    return Overlap(
        attention_entry_ppm=draw(_SHARES),
        attention_exit_ppm=draw(_SHARES),
        mlp_entry_ppm=draw(_SHARES),
        mlp_exit_ppm=draw(_SHARES),
    )


@st.composite
def tensor_partition(draw: st.DrawFn) -> TensorPartitionProblem:
    """Up to 3 devices, some of them equal, 3 heads, 3 blocks and 3 rows; tight memory."""
    unit, size = draw(_UNITS), draw(st.integers(1, 3))
    members = [draw(_member(name, unit)) for name in "abc"[:size]]
    if size > 1 and draw(st.booleans()):
        members[1] = members[0].model_copy(update={"name": "b"})
    modes = draw(st.sets(st.sampled_from(TensorMode), min_size=1))
    return TensorPartitionProblem(
        devices=tuple(members),
        layers=draw(st.integers(1, 2)),
        heads=draw(st.integers(1, 3)),
        columns=draw(st.integers(1, 3)),
        rows=draw(st.integers(1, 3)),
        attention_bytes=draw(st.integers(0, 20)),
        mlp_bytes=draw(st.integers(0, 30)),
        row_bytes=draw(st.integers(0, 8)),
        key_value_bytes=draw(st.integers(0, 8)),
        message_bytes=draw(st.integers(0, 3)),
        overlap=draw(st.one_of(st.none(), _overlap())),
        modes=tuple(mode for mode in TensorMode if mode in modes),
        use_all_devices=draw(st.booleans()),
    )
