"""Explanations and drawings of sequence pipelines."""

from typing import Any

import pytest

from api.examples import EXAMPLES
from models.documents import validate
from models.problems.sequence_pipeline import SequencePipelinePlan, SequencePipelineProblem
from models.result import Limits
from planner import explain, service
from planner.plot import draw

SECONDS = 20 * 10**9
_EXAMPLE = EXAMPLES["sequence_pipeline"]


def _problem(**fields: Any) -> SequencePipelineProblem:
    return validate(_EXAMPLE.problem | fields, SequencePipelineProblem)


def _devices(memory: str) -> dict[str, Any]:
    graph = _EXAMPLE.problem["device_graph"]
    return graph | {"devices": [d | {"memory_bytes": memory} for d in graph["devices"]]}


def test_too_little_memory() -> None:
    """Four layers of 200 MB on two devices of 300 MB: 400 MB on each would do."""
    found = explain.infeasible(_problem(device_graph=_devices("300 MB")), SECONDS)
    assert found == (
        "one rule stands in the way: memory",
        "with 381.47 MiB on every device that has less, a plan exists",
    )


def test_chunks_that_are_too_long() -> None:
    """Chunks of three tokens have no room, of two they have: that rule is named."""
    layer = _EXAMPLE.problem["model"]["layers"][0] | {"activation_bytes_per_token": "50 MB"}
    model = _EXAMPLE.problem["model"] | {"layers": [layer]}
    found = explain.infeasible(_problem(model=model, min_chunk_tokens=3), SECONDS)
    assert found[0] == "these rules cannot hold together: min_chunk_tokens, memory"


def test_more_devices_than_layers() -> None:
    """All of three devices cannot take part with two layers."""
    graph = _devices("1 GB")
    graph["devices"].append(graph["devices"][0] | {"name": "third"})
    layer = _EXAMPLE.problem["model"]["layers"][0] | {"repeat": 2}
    model = _EXAMPLE.problem["model"] | {"layers": [layer]}
    problem = _problem(device_graph=graph, model=model, use_all_devices=True, device_order=None)
    assert "3 devices cannot all take part" in explain.infeasible(problem, SECONDS)[0]


def test_what_binds_a_plan() -> None:
    """The best plan, its busiest device, and what its rules cost."""
    problem = _problem(use_all_devices=True, min_chunk_tokens=2)
    plan = validate(_EXAMPLE.plan, SequencePipelinePlan)
    found = explain.binding(problem, plan, SECONDS)
    assert found[0] == "no plan is better"
    assert found[1] == "left computes for 10.40 ms of the prefill's 15.60 ms (66.7 %)"
    assert "use_all_devices costs nothing" in found
    assert "min_chunk_tokens costs nothing" in found


def test_memory_does_not_bind_a_whole_prompt() -> None:
    """No chunk is longer than the prompt, however little room is left; halves of it could be."""
    layer = _EXAMPLE.problem["model"]["layers"][0] | {"activation_bytes_per_token": "1 MB"}
    model = _EXAMPLE.problem["model"] | {"layers": [layer]}
    tokens, layers = _problem().prompt_tokens, len(_problem().layers)
    whole = _problem(model=model, device_graph=_devices(f"{200 * layers + tokens} MB"))
    stages = ({"device": whole.devices[0].name, "start": 0, "stop": layers},)
    for chunks, problem in (
        ((tokens,), whole),
        ((1,) * tokens, _problem(model=model, device_graph=_devices(f"{200 * layers + 1} MB"))),
    ):
        plan = validate({"stages": stages, "chunks": chunks}, SequencePipelinePlan)
        lines = explain.binding(problem, plan, SECONDS)
        binds = any(line.startswith("memory binds") for line in lines)
        assert binds is (chunks != (tokens,))


def test_decoding_is_told() -> None:
    """Where passes count, what they take and which stage is slowest."""
    times = {"box": {"block": {"token_ns": "1 ms", "pass_ns": "1 ms"}}}
    problem = _problem(times=times, decoding={"new_tokens": 3}, objective="request")
    plan = validate(_EXAMPLE.plan, SequencePipelinePlan)
    lines = explain.binding(problem, plan, SECONDS)
    assert "decoding takes 12.00 ms; its slowest stage is left, 2.00 ms" in lines


@pytest.mark.parametrize("suffix", [".svg", ".png"])
def test_drawings_repeat(suffix: str) -> None:
    """The same certificate gives the same bytes."""
    problem = _problem()
    certificate = service.plan(problem, Limits(time_limit_ns=SECONDS), solver="dp")
    assert draw(problem, certificate, suffix) == draw(problem, certificate, suffix)


def test_a_rule_without_which_no_exact_method_takes_it() -> None:
    """A prompt of 4,000 tokens in steps of 500 is solved; token by token none is proved."""
    problem = _problem(prompt_tokens=4000, chunk_step=500, device_graph=_devices("100 GB"))
    plan = validate(_EXAMPLE.plan | {"chunks": [2000, 2000]}, SequencePipelinePlan)
    said = next(line for line in explain.binding(problem, plan, SECONDS) if "chunk_step" in line)
    assert said.startswith("what chunk_step costs is not known: without it no exact method takes")
    assert "in time" not in said
