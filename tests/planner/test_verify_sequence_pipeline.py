"""The verifier of sequence pipelines: times by hand, rules one by one."""

from typing import Any

import pytest

from api.examples import EXAMPLES
from models.documents import validate
from models.errors import DocumentError
from models.problems.sequence_pipeline import SequencePipelinePlan, SequencePipelineProblem
from planner.verify import verify

_EXAMPLE = EXAMPLES["sequence_pipeline"]
_STAGES = _EXAMPLE.plan["stages"]


def _problem(**fields: Any) -> SequencePipelineProblem:
    return validate(_EXAMPLE.problem | fields, SequencePipelineProblem)


def _plan(**fields: Any) -> SequencePipelinePlan:
    return validate(_EXAMPLE.plan | fields, SequencePipelinePlan)


def test_attention_counts_what_was_before() -> None:
    """Chunks of 1 and 3 tokens attend to 1 and to 2 + 3 + 4 tokens, 1 ms per thousand of them."""
    times = {"box": {"block": {"token_ns": "1 ms", "kilopair_ns": "1 s"}}}
    found = verify(_problem(times=times), _plan(chunks=[1, 3]))
    # Each device two layers: 2 x (1 + 1) and 2 x (3 + 9) ms.
    assert found.objective == (4 + 24 + 24) * 10**6
    assert [row["completed_ns"] for row in found.breakdown.rows[2:]] == [8 * 10**6, 52 * 10**6]


@pytest.mark.parametrize(("overlap", "expected"), [(True, 20_800_000), (False, 26_000_000)])
def test_sending_beside_computing_or_after_it(*, overlap: bool, expected: int) -> None:
    """Two chunks of 5.2 ms on each device and on the way: 4 x 5.2 ms, or 2 x 10.4 + 5.2 ms."""
    link = {"latency_ns": "200 us", "bandwidth_bit_per_s": "8 Mbit/s"}
    graph = _EXAMPLE.problem["device_graph"] | {"default_link": link}
    layers = [_EXAMPLE.problem["model"]["layers"][0] | {"output_bytes_per_token": 2500}]
    model = _EXAMPLE.problem["model"] | {"layers": layers}
    found = verify(_problem(device_graph=graph, model=model, overlap=overlap), _plan())
    assert found.objective == expected


@pytest.mark.parametrize(
    ("points", "accepted", "expected"),
    [
        # Passes of 3 ms: 1 ms per layer and device pair, and no time on the way.
        (1, 1000, 12 * 4),  # one point: 12 passes of 4 ms
        (3, 1000, 3 * 6 + 4 + 2 * 2),  # 4 rounds; 3 points fill 2 stages of 2 ms: 6 ms a round
        (1, 2500, 5 * 4),  # 2.5 of 12 tokens per pass: 5 passes
    ],
)
def test_decoding(points: int, accepted: int, expected: int) -> None:
    """(R - 1) max(L, M P) + L + (M - 1) P with L = 4 ms and P = 2 ms."""
    times = {"box": {"block": {"token_ns": "1 ms", "pass_ns": "1 ms"}}}
    decoding = {
        "new_tokens": 12,
        "points": points,
        "accepted_milli": accepted,
        "pass_tokens": 3,
    }
    problem = _problem(
        times=times, decoding=decoding, objective="request", token_bytes=0, message_bytes=0
    )
    found = verify(problem, _plan())
    assert found.breakdown.totals["decoding_ns"] == expected * 10**6
    assert found.objective == found.breakdown.totals["prefill_ns"] + expected * 10**6


@pytest.mark.parametrize(
    ("fields", "plan", "rule", "excess"),
    [
        ({}, {"stages": []}, "no-stages", None),
        ({}, {"chunks": []}, "prompt-covered", 4),
        ({}, {"chunks": [2, 3]}, "prompt-covered", 1),
        ({}, {"chunks": [4, 0]}, "short-chunk", 1),
        ({"min_chunk_tokens": 2}, {"chunks": [3, 1]}, "short-chunk", 1),
        ({"chunk_step": 2}, {"chunks": [1, 3]}, "chunk-step", 1),
        ({}, {"stages": [_STAGES[0]]}, "layers-covered", 2),
        ({}, {"stages": [_STAGES[0] | {"stop": 1}, _STAGES[1] | {"start": 1}]}, "memory", 10**8),
        ({"device_order": ["right", "left"]}, {}, "device-order", None),
    ],
)
def test_rules(fields: dict[str, Any], plan: dict[str, Any], rule: str, excess: int | None) -> None:
    """One rule is broken, by so much."""
    found = verify(_problem(**fields), _plan(**plan))
    assert [(v.rule, v.excess) for v in found.violations] == [(rule, excess)]


def test_activations_of_the_longest_chunk_take_memory() -> None:
    """50 MB per token: two at a time fit beside two layers in 500 MB, three do not."""
    layers = [_EXAMPLE.problem["model"]["layers"][0] | {"activation_bytes_per_token": "50 MB"}]
    problem = _problem(model=_EXAMPLE.problem["model"] | {"layers": layers})
    assert verify(problem, _plan()).accepted
    found = verify(problem, _plan(chunks=[3, 1]))
    assert [(v.rule, v.excess) for v in found.violations] == [("memory", 5 * 10**7)] * 2


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"objective": "request"}, "a request without decoding"),
        (
            {"decoding": {"new_tokens": 9, "accepted_milli": 3001, "pass_tokens": 3}},
            "accepted_milli.*pass_tokens.*write pass_tokens of 4",
        ),
        ({"times": {"box": {}}}, "is not known"),
        ({"times": {"box": {"block": {"token_ns": "12 h"}}}}, "over a day"),
        ({"device_order": ["left"]}, "leaves 'right' out"),
        ({"device_order": ["left", "right", "left"]}, "twice"),
        ({"device_order": ["left", "up"]}, "not in the device graph"),
    ],
)
def test_contradictions(fields: dict[str, Any], reason: str) -> None:
    """Documents that contradict themselves are refused with the reason."""
    with pytest.raises(DocumentError, match=reason):
        _problem(**fields)
