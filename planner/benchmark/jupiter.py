"""`python -m planner.benchmark.jupiter`: the pipelines of Jupiter's table, predicted and published.

Seconds for 260 prompt and 64 new tokens of Llama-2 in INT4 (Ye et al., 2025, arXiv 2504.08242).
Calibrated are seven scalars, those of the shipped instances: 28.4 ms per prompt token and 476 ms
per decoded token of 7B on an NX, the factors of TX2 (1.9), of Nano in prefill (6) and decoding (3)
and of 13B (1.63), and 200 kB of fixed bytes per message; they stand on the columns SP and EdgeShard
in environment A, the factors of TX2 and Nano on B. One more, three points of an outline at a time,
stands on Jupiter's first cell. SP exchanges activations of 4 bytes twice per layer: assumed.

The tensor-parallel columns (Megatron, DeTransformer, Galaxy) are not predicted here.
"""

import sys
from collections.abc import Iterator
from statistics import median

from models.documents import validate
from models.problems.pipeline_partition import Stage
from models.problems.sequence_pipeline import SequencePipelinePlan, SequencePipelineProblem
from models.result import Limits
from planner.benchmark.table import Cell, Table
from planner.verify import verify
from planner.verify.sequence_pipeline import chunk_ns
from problem_instances import load
from solvers.registry import entry

KIND = "sequence_pipeline"
RATES = (100, 500, 1000)
POINTS = 3
# Seconds at 100, 500, 1000 Mbit/s; None where the paper says out of memory.
PUBLISHED: dict[tuple[str, str], dict[str, tuple[float, ...] | None]] = {
    ("a", "7b"): {
        "SP": (53.5, 37.4, 35.4),
        "EdgeShard": (42.2, 39.0, 38.6),
        "Jupiter": (16.5, 15.2, 14.9),
    },
    ("a", "13b"): {"SP": None, "EdgeShard": (66.2, 63.4, 63.1), "Jupiter": (26.3, 25.2, 24.9)},
    ("b", "7b"): {
        "SP": (63.1, 47.0, 44.8),
        "EdgeShard": (59.3, 56.1, 55.7),
        "Jupiter": (22.4, 21.4, 20.9),
    },
    ("b", "13b"): {"SP": None, "EdgeShard": (102.4, 99.7, 98.3), "Jupiter": (38.8, 37.3, 36.8)},
}
_INSTANCES = {
    ("a", "7b"): "chunks-a-7b-100m",
    ("a", "13b"): "chunks-a-13b-1g",
    ("b", "7b"): "chunks-b-7b-100m",
    ("b", "13b"): "chunks-b-13b-1g",
}


def tables() -> Iterator[Table]:
    """The cells with their residuals, and a summary per system."""
    cells = Table("jupiter table", "Seconds as milliseconds; error of the prediction.")
    orders = Table("jupiter table orders", "Systems from fast to slow, as published and predicted.")
    errors: dict[str, list[int]] = {}
    for case, columns in PUBLISHED.items():
        for place, rate in enumerate(RATES):
            problem = _problem(case, rate)
            known: dict[str, tuple[int, int]] = {}
            for system, published in columns.items():
                found = _PREDICT[system](problem)
                paper = None if published is None else round(published[place] * 1000)
                row: dict[str, Cell] = {
                    "environment": f"{case[0].upper()} {rate} Mbit/s",
                    "model": case[1].upper(),
                    "system": system,
                    "paper ms": "out of memory" if paper is None else paper,
                    "predicted ms": "out of memory" if found is None else found // 10**6,
                    "error_ppm": None,
                }
                if paper is not None and found is not None:
                    error = round((found / 10**6 - paper) / paper * 10**6)
                    row["error_ppm"] = error
                    errors.setdefault(system, []).append(error)
                    known[system] = paper, found
                cells.add(row)
            orders.add(_orders(f"{case[0].upper()} {rate} Mbit/s", case[1].upper(), known))
    yield cells
    yield orders
    yield _summary(errors)


def _orders(environment: str, model: str, known: dict[str, tuple[int, int]]) -> dict[str, Cell]:
    """Systems by published and by predicted time."""
    published, predicted = (
        " < ".join(sorted(known, key=lambda system: known[system][side])) for side in (0, 1)
    )
    kept = "yes" if published == predicted else "no"
    return {"environment": environment, "model": model, "published": published, "kept": kept}


def _summary(errors: dict[str, list[int]]) -> Table:
    table = Table("jupiter table summary", "Absolute error per column.")
    everything = [error for column in errors.values() for error in column]
    for system, column in {**errors, "all": everything}.items():
        sizes = [abs(error) for error in column]
        table.add(
            {
                "system": system,
                "cells": len(sizes),
                "median_ppm": round(median(sizes)),
                "worst_ppm": max(sizes),
            }
        )
    return table


def _problem(case: tuple[str, str], rate: int) -> SequencePipelineProblem:
    """The shipped instance at a rate in Mbit/s, as a whole request without an order."""
    problem = load(f"{KIND}/{_INSTANCES[case]}")
    fields = problem.model_dump(mode="json")
    fields["device_graph"]["default_link"]["bandwidth_bit_per_s"] = rate * 10**6
    fields |= {"objective": "request", "decoding": {"new_tokens": 64}}
    return validate(fields, SequencePipelineProblem)


def _planned(problem: SequencePipelineProblem, method: str) -> int | None:
    found = entry(KIND, method)
    if found is None:
        raise KeyError(method)
    plan = found.load().solve(problem, Limits()).plan
    return None if plan is None else verify(problem, plan).objective


def _jupiter(problem: SequencePipelineProblem) -> int | None:
    """Its planner in the order listed, three points at a time."""
    fields = problem.model_dump(mode="json")
    fields["decoding"]["points"] = POINTS
    return _planned(validate(fields, SequencePipelineProblem), "jupiter")


def _edgeshard(problem: SequencePipelineProblem) -> int | None:
    """Its throughput partition in any order; one token after the other."""
    free = problem.model_copy(update={"device_order": None, "use_all_devices": False})
    return _planned(free, "edgeshard-throughput")


def _sequence_parallel(problem: SequencePipelineProblem) -> int | None:
    """An equal part of the prompt on every device, decoding on the fastest; all hold the model.

    Per layer two rings of D - 1 messages with a part's activations, 4 bytes each.
    """
    devices, tokens = problem.devices, problem.prompt_tokens // len(problem.devices)
    alone = problem.model_copy(update={"device_order": None, "use_all_devices": False})
    decoding = []
    for device in devices:
        stage = Stage(device=device.name, start=0, stop=len(problem.layers))
        plan = SequencePipelinePlan(stages=(stage,), chunks=(problem.prompt_tokens,))
        verdict = verify(alone, plan)
        if not verdict.accepted:
            return None
        decoding.append(verdict.breakdown.totals["decoding_ns"])
    prefill = max(
        sum(chunk_ns(problem, layer, device, tokens, 0) for layer in problem.layers)
        for device in devices
    )
    rate = problem.device_graph.rate(devices[0].name, devices[1].name)
    if rate is None:
        return None
    rings = 2 * sum(layer.kv_bytes_per_token > 0 for layer in problem.layers)
    part = 2 * problem.layers[0].output_bytes_per_token * tokens + problem.message_bytes
    message = rate.latency_ns + 8 * part * 10**9 // rate.bandwidth_bit_per_s
    return prefill + rings * (len(devices) - 1) * message + min(decoding)


_PREDICT = {"SP": _sequence_parallel, "EdgeShard": _edgeshard, "Jupiter": _jupiter}


def main() -> None:
    """Both tables to the terminal."""
    for table in tables():
        sys.stdout.write(table.to_markdown() + "\n")


if __name__ == "__main__":
    main()
