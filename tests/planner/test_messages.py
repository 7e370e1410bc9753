"""Frames and messages: what is said is heard, whole and in order, and nothing else is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.result import Claim, Reason
from planner.messages import (
    MAX_BYTES,
    Finished,
    FoundBound,
    FoundPlan,
    Frames,
    GarbledError,
    Message,
    Started,
    decode,
    encode,
    frame,
)
from tests.small import split


@given(st.lists(st.binary(max_size=20)), st.integers(1, 7))
def test_frames_in_pieces_are_whole_again(payloads: list[bytes], size: int) -> None:
    """However a stream is cut, the payloads come out as they went in."""
    stream = b"".join(map(frame, payloads))
    frames = Frames()
    heard = [
        payload
        for start in range(0, len(stream), size)
        for payload in frames.take(stream[start : start + size])
    ]
    assert heard == payloads


def test_a_frame_has_a_largest_size() -> None:
    """Neither is a larger one sent nor is one waited for."""
    with pytest.raises(GarbledError, match="too large"):
        frame(bytes(MAX_BYTES + 1))
    with pytest.raises(GarbledError, match="announced"):
        list(Frames().take((MAX_BYTES + 1).to_bytes(4, "big")))


@pytest.mark.parametrize(
    "message",
    [
        Started(solver="a"),
        FoundPlan(solver="a", plan=split(2)),
        FoundBound(solver="a", lower_bound=2**70),
        Finished(
            claim=Claim("a", Reason.COMPLETED, split(3), 5, "why", {"n": 1, "x": 0.1, "s": "t"}),
            wall_ns=3,
        ),
    ],
)
def test_a_message_arrives_as_it_was_sent(message: Message) -> None:
    """Encoding loses nothing, not even large integers and the last digit of a figure."""
    assert decode(encode(message)) == message


@given(st.binary(max_size=200))
def test_other_bytes_are_no_message(payload: bytes) -> None:
    """Whatever it is, the error is always the same."""
    with pytest.raises(GarbledError):
        decode(payload)


@pytest.mark.parametrize("bound", [1.5, "3"])
def test_a_bound_is_an_integer(bound: object) -> None:
    """A claim with any other is not said."""
    claim: Claim[object] = Claim("a", Reason.COMPLETED, None, bound)  # type: ignore[arg-type]  # a method may err
    with pytest.raises(GarbledError):
        encode(Finished(claim=claim, wall_ns=1))
