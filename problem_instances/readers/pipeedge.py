"""Reader of PipeEdge's YAML (usc-isi/PipeEdge, README examples) as pipelines for throughput.

Three files: models (memory and outputs per layer), device types (profiled times, memory,
bandwidth), devices (hosts per type). As in its scheduler (src-native/schedule.cpp; Hu et al., DSD
2022, §III) a stage takes the sum of its layers' times, a link the output's bytes at the smaller
of the two bandwidths, and all of them overlap; MB are MiB and Mbps are 2^20 bit/s. Two things
differ, both to the safe side:

- a stage there keeps buffers for its own first input and last output; here every stage keeps them
  for the largest input and output of the model, so that a plan that only just fits there may not
  fit here;
- seconds and MB become ns and bytes, rounded half up per layer.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from fractions import Fraction
from itertools import combinations
from typing import Any, NoReturn

from models.documents import parse, shorten, validate
from models.errors import DocumentError, FieldError
from models.problems.pipeline_partition import PipelinePartitionProblem
from models.units import round_half_up

_FILES = ("models", "device types", "devices")
_REMEDY = f"give {', '.join(_FILES)} in this order, as in the README of usc-isi/PipeEdge"
_MIB = 2**20
_NS_PER_S = 10**9
_DTYPE_BYTES = {"torch.float16": 2, "torch.bfloat16": 2, "torch.float32": 4, "torch.float64": 8}

Text = str | bytes
Row = Mapping[str, Any]


def read(
    texts: tuple[Text, Text, Text],
    model: str | None = None,
    *,
    batch: int = 8,
    dtype: str = "torch.float32",
    buffers: tuple[int, int] = (2, 2),
) -> PipelinePartitionProblem:
    """The problem of a model on the devices of three files: models, device types, devices.

    model: by name, None for the only one; batch, dtype: which profile; buffers: how many inputs
    and outputs a stage keeps beside the ones in work. Raises DocumentError.
    """
    models, types, hosts = map(_document, _FILES, texts)
    model = _chosen(models, model)
    if dtype not in _DTYPE_BYTES:
        _refuse("", dtype, f"an unknown dtype; use one of: {', '.join(_DTYPE_BYTES)}")
    used = {name: _list(f"/{name}", hosts[name]) for name in hosts if hosts[name]}
    times = {name: _times(types, name, model, (batch, dtype)) for name in used}
    document = {
        "about": f"Read from PipeEdge's YAML files (Hu et al., DSD 2022): {model}, batch {batch}.",
        "model": _model(models, model, _DTYPE_BYTES[dtype], buffers),
        "profile": {"measurements": [{"batch": batch, "time_ns": times}]},
        "device_graph": _graph(types, used),
        "workload": {"batch": batch, "new_tokens": 1},
        "objective": "throughput",
    }
    return validate(document, PipelinePartitionProblem)


def _document(role: str, text: Text) -> Row:
    """The object in one of the three files; its faults say in which."""
    try:
        return _row("", parse(text))
    except DocumentError as error:
        raise DocumentError(
            tuple(replace(fault, reason=f"{role}: {fault.reason}") for fault in error.faults)
        ) from None


def _chosen(models: Row, name: str | None) -> str:
    """The model that was named, or else the only one with layers."""
    if name is not None and name in models:
        return name
    known = [key for key, row in models.items() if isinstance(row, dict) and row.get("layers")]
    if name is None and len(known) == 1:
        return known[0]
    told = f"name one of: {', '.join(known)}" if known else _REMEDY
    if name is None:
        raise DocumentError((FieldError("", str(len(known)), "models: not one model", told),))
    raise DocumentError((FieldError(f"/{name}", "nothing", "models: no such model", told),))


def _model(models: Row, model: str, width: int, buffers: tuple[int, int]) -> dict[str, object]:
    """The chain, with the buffers of the largest input and output on every stage."""
    chosen = _row(f"/{model}", models.get(model))
    outputs = [int(n) for n in _numbers(f"/{model}/parameters_out", chosen.get("parameters_out"))]
    memory = _numbers(f"/{model}/mem_MB", chosen.get("mem_MB"))
    (first,) = _numbers(f"/{model}/parameters_in", [chosen.get("parameters_in")])
    if len(memory) != len(outputs):
        _refuse(f"/{model}/mem_MB", len(memory), f"not one entry per output, {len(outputs)}")
    largest_input = max(int(first), *outputs[:-1])
    kept = (1 + buffers[0]) * largest_input + (1 + buffers[1]) * max(outputs)
    layers = [
        {
            "name": _layer(index),
            "weight_bytes": round_half_up(size * _MIB),
            "output_bytes_per_token": output * width,
            "activation_bytes_per_token": kept * width,
        }
        for index, (size, output) in enumerate(zip(memory, outputs, strict=True))
    ]
    return {"name": model, "layers": layers}


def _graph(types: Row, used: Mapping[str, Iterable[str]]) -> dict[str, object]:
    """Devices, and a link per pair at the smaller bandwidth; one default where all are equal."""
    devices = [(host, name) for name, hosts in used.items() for host in hosts]
    memory = {name: _of_type(types, name, "mem_MB") * _MIB for name in used}
    speed = {name: _of_type(types, name, "bw_Mbps") * _MIB for name in used}
    rows = [{"name": host, "type": name, "memory_bytes": memory[name]} for host, name in devices]
    if len(set(speed.values())) == 1:
        default = {"bandwidth_bit_per_s": next(iter(speed.values()))}
        return {"devices": rows, "default_link": default}
    links = [
        {"source": a, "target": b, "bandwidth_bit_per_s": min(speed[of_a], speed[of_b])}
        for (a, of_a), (b, of_b) in combinations(devices, 2)
    ]
    return {"devices": rows, "links": links}


def _times(types: Row, name: str, model: str, unit: tuple[int, str]) -> dict[str, int]:
    """The ns of each layer of a model on a device type, for (batch, dtype)."""
    pointer = f"/{name}/model_profiles/{model}"
    device = _row(f"/{name}", types.get(name))
    profiles = _row(f"/{name}/model_profiles", device.get("model_profiles"))
    rows = [_row(pointer, row) for row in _list(pointer, profiles.get(model))]
    fitting = [row for row in rows if (row.get("batch_size"), row.get("dtype")) == unit]
    if not fitting:
        there = ", ".join(f"{row.get('batch_size')} in {row.get('dtype')}" for row in rows)
        fault = FieldError(
            pointer,
            shorten(unit[0]),
            f"no profile for this batch and {unit[1]}",
            f"there is {there}",
        )
        raise DocumentError((fault,))
    seconds = _numbers(f"{pointer}/time_s", fitting[0].get("time_s"))
    return {_layer(index): round_half_up(time * _NS_PER_S) for index, time in enumerate(seconds)}


def _of_type(types: Row, name: str, key: str) -> int:
    (value,) = _numbers(f"/{name}/{key}", [_row(f"/{name}", types.get(name)).get(key)])
    return round_half_up(value)


def _layer(index: int) -> str:
    return f"layer-{index + 1}"


def _numbers(pointer: str, values: object) -> list[Fraction]:
    found = []
    for value in _list(pointer, values):
        if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
            _refuse(pointer, value, "not a number of 0 or more")
        # The shortest decimal of a float is what stood in the file.
        found.append(Fraction(repr(value)))
    return found


def _row(pointer: str, value: object) -> Row:
    if not isinstance(value, dict):
        _refuse(pointer, value, "not an object")
    return value


def _list(pointer: str, value: object) -> list[Any]:
    if not isinstance(value, list) or not value:
        _refuse(pointer, value, "not a list with entries")
    return value


def _refuse(pointer: str, value: object, reason: str) -> NoReturn:
    raise DocumentError((FieldError(pointer, shorten(value), reason, _REMEDY),))
