"""What each system of Jupiter's table takes: problems of two kinds, plans of its own heuristic.

Jupiter and EdgeShard are sequence pipelines. SP, Megatron, DeTransformer and Galaxy are tensor
partitions: the prompt is one pass of 260 rows, every new token one of a single row, which cannot
be shared out, so that SP decodes on the fastest device alone and Galaxy as Megatron does, with its
own heads and columns. DeTransformer decouples layers in pairs (Wei et al., 2024), so that two of
them synchronise as one does. All times are those of the verifiers.
"""

from functools import cache

from models.documents import validate
from models.problems.sequence_pipeline import SequencePipelineProblem
from models.problems.tensor_partition import (
    TensorMode,
    TensorPartitionPlan,
    TensorPartitionProblem,
)
from models.result import Limits
from models.units import round_half_up
from planner.benchmark.jupiter_calibration import (
    PROMPT_TOKENS,
    SHAPES,
    Calibration,
    layer_times,
)
from planner.verify import verify
from problem_instances import load
from solvers.registry import entry

# Environment and model, as in "a", "7b".
Case = tuple[str, str]
RATES = (100, 500, 1000)
_INSTANCES = {
    ("a", "7b"): "chunks-a-7b-100m",
    ("a", "13b"): "chunks-a-13b-1g",
    ("b", "7b"): "chunks-b-7b-100m",
    ("b", "13b"): "chunks-b-13b-1g",
}
_TYPES = {"xavier-nx": "nx", "tx2": "tx2", "nano": "nano"}
_BLOCK = 64
# System -> the method that splits the prompt, and how many layers synchronise as one.
_GROUPS = {
    "Megatron": ("megatron-even", 1),
    "DeTransformer": ("megatron-even", 2),
    "Galaxy": ("galaxy", 1),
    "Galaxy, exact split": ("bisection", 1),
}
_VALUE_BYTES = 4


def predict(calibration: Calibration, case: Case, rate: int, system: str) -> int | None:
    """End-to-end ns at a rate in Mbit/s, None where no device or group holds the model."""
    if system in ("Jupiter", "EdgeShard"):
        problem = pipeline(calibration, case, rate)
        return _jupiter(calibration, problem) if system == "Jupiter" else _edgeshard(problem)
    if system == "SP":
        return _sequence_parallel(calibration, case, rate)
    return _tensor_parallel(calibration, case, rate, system)


@cache
def _shipped(case: Case) -> SequencePipelineProblem:
    problem = load(f"sequence_pipeline/{_INSTANCES[case]}")
    if not isinstance(problem, SequencePipelineProblem):
        raise TypeError(problem.kind)
    return problem


def pipeline(calibration: Calibration, case: Case, rate: int) -> SequencePipelineProblem:
    """The shipped model and boards at a rate in Mbit/s, with calibrated times, a whole request."""
    fields = _shipped(case).model_dump(mode="json")
    fields["device_graph"]["default_link"] = {
        "latency_ns": 0,
        "bandwidth_bit_per_s": rate * 10**6,
    }
    for kind in fields["times"]:
        found = layer_times(calibration, case[1], _TYPES[kind])
        whole = found.repeated + found.work
        head = round_half_up(found.head)
        fields["times"][kind] = {
            "embed": {"token_ns": 0},
            "decoder": {
                "chunk_ns": round_half_up(whole - found.token),
                "token_ns": round_half_up(found.token),
                "pass_ns": round_half_up(whole),
            },
            "head": {"chunk_ns": head, "token_ns": 0, "pass_ns": head},
        }
    fields |= {
        "about": "",
        "objective": "request",
        "decoding": {"new_tokens": calibration.new_tokens(case[1])},
        "message_bytes": calibration.message_bytes,
    }
    return validate(fields, SequencePipelineProblem)


def prefill(case: Case, rate: int) -> SequencePipelineProblem:
    """The shipped problem of a case, its chunks alone, at a rate in Mbit/s."""
    fields = _shipped(case).model_dump(mode="json")
    fields["device_graph"]["default_link"]["bandwidth_bit_per_s"] = rate * 10**6
    return validate(fields, SequencePipelineProblem)


def _planned(problem: SequencePipelineProblem, method: str) -> int | None:
    found = entry(problem.kind, method)
    if found is None:
        raise KeyError(method)
    plan = found.load().solve(problem, Limits()).plan
    return None if plan is None else verify(problem, plan).objective


def _jupiter(calibration: Calibration, problem: SequencePipelineProblem) -> int | None:
    """Its planner in the order listed, several points at a time."""
    fields = problem.model_dump(mode="json")
    fields["decoding"]["points"] = calibration.points
    return _planned(validate(fields, SequencePipelineProblem), "jupiter")


def _edgeshard(problem: SequencePipelineProblem) -> int | None:
    """Its throughput partition in any order; one token after the other."""
    free = problem.model_copy(update={"device_order": None, "use_all_devices": False})
    return _planned(free, "edgeshard-throughput")


def group(
    calibration: Calibration, case: Case, rate: int, rows: int, layers_as_one: int = 1
) -> TensorPartitionProblem:
    """All boards as a tensor-parallel group for one pass of `rows` rows.

    What weights may fill is what embedding, head and the caches of all layers leave, on every
    device: which holds for sequence parallelism and is on the safe side elsewhere.
    """
    shape, times = SHAPES[case[1]], layers_as_one
    attention, mlp = (
        2 * shape.hidden * shape.hidden,
        3 * shape.hidden * shape.columns // 2,
    )
    context = PROMPT_TOKENS + calibration.new_tokens(case[1])
    kept = 2048 * shape.head_kib + shape.layers * 4 * shape.hidden * context
    devices = []
    for device in _shipped(case).devices:
        found = layer_times(calibration, case[1], _TYPES[device.profile_type])
        whole = times * (found.work + found.token * (rows - 1))
        devices.append(
            {
                "name": device.name,
                "memory_bytes": device.memory_bytes - kept,
                "attention_ns": round_half_up(whole * attention / (attention + mlp)),
                "mlp_ns": round_half_up(whole * mlp / (attention + mlp)),
                "connective_ns": 0,
                "launch_ns": round_half_up(times * found.repeated / 4),
                "latency_ns": 0,
                "bandwidth_bit_per_s": rate * 10**6,
            }
        )
    fields = {
        "kind": "tensor_partition",
        "devices": devices,
        "layers": shape.layers // times,
        "heads": shape.heads,
        "columns": shape.columns // _BLOCK,
        "rows": rows,
        "attention_bytes": times * attention,
        "mlp_bytes": times * mlp,
        "row_bytes": _VALUE_BYTES * shape.hidden,
        "key_value_bytes": 2 * _VALUE_BYTES * shape.hidden,
        "message_bytes": calibration.message_bytes,
        "use_all_devices": True,
    }
    return validate(fields, TensorPartitionProblem)


def as_galaxy(problem: TensorPartitionProblem) -> TensorPartitionProblem:
    """The group in Galaxy's mode alone, transfers tile by tile beside computing."""
    fields = problem.model_dump(mode="json")
    fields |= {"overlap": {}, "modes": [TensorMode.TENSOR_SEQUENCE.value]}
    return validate(fields, TensorPartitionProblem)


def split(problem: TensorPartitionProblem, method: str) -> TensorPartitionPlan | None:
    """A method's plan of a group, None where it has none."""
    found = entry(problem.kind, method)
    if found is None:
        raise KeyError(method)
    plan = found.load().solve(problem, Limits()).plan
    return plan if isinstance(plan, TensorPartitionPlan) else None


def _tensor_parallel(calibration: Calibration, case: Case, rate: int, system: str) -> int | None:
    """The prompt, then every token; the head's passes on the fastest device."""
    method, together = _GROUPS[system]
    prompt = group(calibration, case, rate, PROMPT_TOKENS, together)
    if system.startswith("Galaxy"):
        prompt = as_galaxy(prompt)
    plan = split(prompt, method)
    if plan is None:
        return None
    one = group(calibration, case, rate, 1, together)
    shares = tuple(share.model_copy(update={"rows": 1}) for share in plan.shares)
    decoding = TensorPartitionPlan(mode=TensorMode.TENSOR, shares=shares)
    first, every = verify(prompt, plan).objective, verify(one, decoding).objective
    if first is None or every is None:
        return None
    new = calibration.new_tokens(case[1])
    return first + new * every + (new + 1) * _fastest_head(calibration, case)


def _fastest_head(calibration: Calibration, case: Case) -> int:
    boards = (_TYPES[device.profile_type] for device in _shipped(case).devices)
    return min(round_half_up(layer_times(calibration, case[1], b).head) for b in boards)


def _sequence_parallel(calibration: Calibration, case: Case, rate: int) -> int | None:
    """Equal rows, keys and values gathered in two messages; then the fastest device alone."""
    fields = group(calibration, case, rate, PROMPT_TOKENS).model_dump(mode="json")
    fields["message_bytes"] *= 2
    prompt = validate(fields, TensorPartitionProblem)
    plan = split(prompt, "sequence-even")
    first = None if plan is None else verify(prompt, plan).objective
    if first is None:
        return None
    boards = [_TYPES[device.profile_type] for device in _shipped(case).devices]
    layers = SHAPES[case[1]].layers
    passes = min(
        round_half_up(layers * (found.repeated + found.work) + found.head)
        for found in (layer_times(calibration, case[1], board) for board in boards)
    )
    head = _fastest_head(calibration, case)
    return first + head + calibration.new_tokens(case[1]) * passes
