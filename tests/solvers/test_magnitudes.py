"""Exact methods at the magnitudes of real problems, and at the largest that documents admit."""

from importlib import import_module
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.documents import validate
from models.layers import MAX_LAYERS
from models.problems.expert_selection import ExpertSelectionProblem
from models.problems.pipeline_partition import (
    PipelinePartitionPlan,
    PipelinePartitionProblem,
    Stage,
)
from models.result import Limits, Reason
from models.units import MAX_DURATION_NS
from planner.verify import verify
from solvers.base import UNREACHABLE
from solvers.dp.pipeline_partition import DynamicProgram
from solvers.registry import entry
from solvers.tables.pipeline_partition import build
from solvers.tables.pipeline_partition_space import build_space
from tests import strategies
from tests.magnified import magnified

# Found by a search over generated prefill problems: CP-SAT's presolve lost part of a 64-bit sum.
_PREFILL: dict[str, object] = {
    "kind": "pipeline_partition",
    "model": {
        "name": "m",
        "layers": [
            {
                "name": "embed",
                "weight_bytes": "256 MiB",
                "output_bytes_per_token": "16 KiB",
                "flops_per_token": "10 MFLOP",
            },
            {
                "name": "b0",
                "weight_bytes": 1301844079,
                "output_bytes_per_token": 16508,
                "flops_per_token": 1613265449,
            },
            {
                "name": "b1",
                "weight_bytes": 646650458,
                "output_bytes_per_token": 2891,
                "flops_per_token": 650146303,
            },
            {
                "name": "b2",
                "weight_bytes": 317538867,
                "output_bytes_per_token": 32128,
                "flops_per_token": 1710172544,
            },
            {
                "name": "b3",
                "weight_bytes": 1036470233,
                "output_bytes_per_token": 28709,
                "flops_per_token": 968214940,
            },
            {
                "name": "b4",
                "weight_bytes": 307235188,
                "output_bytes_per_token": 19015,
                "flops_per_token": 1791655123,
            },
        ],
    },
    "device_graph": {
        "devices": [
            {
                "name": "nx",
                "memory_bytes": "4 GiB",
                "memory_bytes_per_s": "60 GB/s",
                "flops_per_s": "5.3 TFLOP/s",
            },
            {
                "name": "tx2",
                "memory_bytes": "6 GiB",
                "memory_bytes_per_s": "25 GB/s",
                "flops_per_s": "5.3 TFLOP/s",
            },
            {
                "name": "nano",
                "memory_bytes": "1 GiB",
                "memory_bytes_per_s": "50 GB/s",
                "flops_per_s": "0.5 TFLOP/s",
            },
            {
                "name": "pi",
                "memory_bytes": "1 GiB",
                "memory_bytes_per_s": "50 GB/s",
                "flops_per_s": "5.3 TFLOP/s",
            },
        ],
        "links": [
            {
                "source": "nx",
                "target": "tx2",
                "latency_ns": "6 ms",
                "bandwidth_bit_per_s": "1000 Mbit/s",
            },
            {
                "source": "nx",
                "target": "nano",
                "latency_ns": "8 ms",
                "bandwidth_bit_per_s": "10 Mbit/s",
            },
            {
                "source": "tx2",
                "target": "pi",
                "latency_ns": "5 ms",
                "bandwidth_bit_per_s": "10 Mbit/s",
            },
            {
                "source": "nano",
                "target": "pi",
                "latency_ns": "2 ms",
                "bandwidth_bit_per_s": "50 Mbit/s",
            },
        ],
        "default_link": {"latency_ns": "1 ms", "bandwidth_bit_per_s": "100 Mbit/s"},
    },
    "workload": {"prompt_tokens": 4096, "unit_tokens": 2048},
    "objective": "makespan",
    "overlap": False,
    "units": 2,
    "source_device": "nx",
    "return_hop": False,
}


@pytest.mark.parametrize("name", ["dp", "cpsat", "milp"])
def test_a_prefill_of_seconds_is_solved_exactly(name: str) -> None:
    """With ortools' defaults the constraint program called a worse plan the best."""
    problem = validate(_PREFILL, PipelinePartitionProblem)
    method = entry("pipeline_partition", name)
    assert method is not None
    claim = method.load().solve(problem, Limits())
    assert claim.reason is Reason.COMPLETED
    assert verify(problem, claim.plan).objective == claim.lower_bound == 4_387_040_404


# HiGHS called it infeasible: in floating point its loads leave no room below the known makespan.
_DENIED: dict[str, object] = {
    "kind": "pipeline_partition",
    "model": {
        "name": "tiny",
        "layers": [
            {
                "name": "layer-0",
                "weight_bytes": 5368709122,
                "output_bytes_per_token": 4294967296,
                "kv_bytes_per_token": 2147483652,
            },
            {
                "name": "layer-1",
                "weight_bytes": 8589934592,
                "output_bytes_per_token": 4294967296,
                "kv_bytes_per_token": 2147483649,
                "activation_bytes_per_token": 3221225478,
            },
        ],
    },
    "device_graph": {
        "devices": [
            {
                "name": "a",
                "memory_bytes": 64424509446,
                "memory_bytes_per_s": 1073741824,
                "launch_overhead_ns": 3000000003,
            },
            {"name": "b", "memory_bytes": 64424509444, "memory_bytes_per_s": 1073741824},
        ],
        "links": [
            {
                "source": "a",
                "target": "b",
                "latency_ns": 6000000000,
                "bandwidth_bit_per_s": 8589934592,
            }
        ],
    },
    "workload": {"new_tokens": 1},
    "objective": "makespan",
    "units": 2,
    "overlap": False,
}


@pytest.mark.parametrize("name", ["dp", "cpsat", "milp"])
def test_a_plan_of_half_a_minute_is_not_denied(name: str) -> None:
    """HiGHS ends with "infeasible" here; its word alone counts for little."""
    problem = validate(_DENIED, PipelinePartitionProblem)
    method = entry("pipeline_partition", name)
    assert method is not None
    claim = method.load().solve(problem, Limits())
    assert claim.reason is Reason.COMPLETED
    assert verify(problem, claim.plan).objective == claim.lower_bound == 34_000_000_014


# Pipelines and split models are drawn at every magnitude as they are; fleets have times of seconds
# to begin with, and their documents allow no larger ones.
_KINDS = ("dag_partition", "expert_selection")
_FACTORS = (10**6, 10**9, 10**12)


@pytest.mark.parametrize("method", ["milp", "cpsat"])
@pytest.mark.parametrize("kind", _KINDS)
def test_large_numbers_are_answered_exactly_or_not_at_all(kind: str, method: str) -> None:
    """Completed means the enumerated optimum, infeasible none, and no bound lies above it."""
    found = entry(kind, method)
    assert found is not None
    solver, oracle = found.load(), import_module(f"tests.oracles.{kind}")

    @settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.too_slow])
    @given(getattr(strategies, kind)(), st.sampled_from(_FACTORS), st.integers(0, 999))
    def check(tiny: Any, factor: int, seed: int) -> None:
        problem = magnified(tiny, factor, seed)
        claim = solver.solve(problem, Limits())
        optimum = oracle.optimum(problem)
        objective = None if claim.plan is None else verify(problem, claim.plan).objective
        assert claim.reason in (Reason.COMPLETED, Reason.INFEASIBLE, Reason.UNSUPPORTED)
        if claim.reason is not Reason.UNSUPPORTED:
            assert (claim.reason is Reason.INFEASIBLE) == (optimum is None)
            assert objective == claim.lower_bound == optimum

    check()


def _largest(**fields: object) -> PipelinePartitionProblem:
    """The most that a document admits: 1024 layers and cuts and launches and moves of 28 hours."""
    layer = {
        "name": "layer",
        "repeat": MAX_LAYERS,
        "weight_bytes": 2**20,
        "output_bytes_per_token": 12_500,
    }
    device = {
        "memory_bytes": 2**40,
        "memory_bytes_per_s": 2**20 * 10**9 // MAX_DURATION_NS + 1,
        "launch_overhead_ns": MAX_DURATION_NS,
    }
    link = {"latency_ns": MAX_DURATION_NS, "bandwidth_bit_per_s": 1}
    return validate(
        {
            "model": {"name": "m", "layers": [layer]},
            "device_graph": {
                "devices": [{"name": name, **device} for name in "abc"],
                "default_link": link,
            },
            "objective": "latency",
            "previous": {"stages": [], "ns_per_mib": MAX_DURATION_NS},
            **fields,
        },
        PipelinePartitionProblem,
    )


def test_no_admitted_total_comes_near_the_unreachable() -> None:
    """A layer computed, launched, sent over wire and latency, and moved, each in 28 hours."""
    dearest = build_space(build(_largest(use_all_devices=True))).dearest
    per_layer = 5 * MAX_DURATION_NS + 2
    assert 0.58 * MAX_LAYERS * per_layer < dearest < MAX_LAYERS * per_layer < UNREACHABLE // 4


@pytest.mark.parametrize("units", [None, 10**5])
def test_the_largest_admitted_plan_is_priced_exactly(units: int | None) -> None:
    """The table of 1024 layers agrees with the replay, beyond 64 bits where units repeat."""
    objective = "latency" if units is None else "makespan"
    problem = _largest(objective=objective, units=units, device_order=["a", "b", "c"])
    third = MAX_LAYERS // 3
    stages = (("a", 0, third), ("b", third, 2 * third), ("c", 2 * third, MAX_LAYERS))
    plan = PipelinePartitionPlan(
        stages=tuple(Stage(device=d, start=start, stop=stop) for d, start, stop in stages)
    )
    tables = build(problem)
    columns = tables.columns(plan)
    assert columns is not None
    value = verify(problem, plan).objective
    assert value is not None
    assert tables.evaluate(columns) == value
    assert units is None or value > 2**63


def test_a_makespan_beyond_64_bits_is_least() -> None:
    """Period times units is taken outside of the table, so that it may leave 64-bit integers."""
    problem = _prefill_of_days()
    claim = DynamicProgram().solve(problem, Limits())
    again = DynamicProgram().solve(problem, Limits(), claim.plan)
    # Two stages of two layers each: 4 layers and a cut, then 99,999 periods of two layers.
    expected = 4 * 9 * 10**13 + 10 + 99_999 * 18 * 10**13
    assert claim.reason is again.reason is Reason.COMPLETED
    assert claim.lower_bound == again.lower_bound == expected > 2**63
    assert verify(problem, claim.plan).objective == expected


def _prefill_of_days() -> PipelinePartitionProblem:
    layer = {"name": "l", "repeat": 4, "weight_bytes": 1, "output_bytes_per_token": 1}
    devices = [{"name": name, "type": "slow", "memory_bytes": 4} for name in "ab"]
    link = {"latency_ns": 9, "bandwidth_bit_per_s": 8 * 10**9}
    return validate(
        {
            "model": {"name": "m", "layers": [layer]},
            "profile": {"measurements": [{"time_ns": {"slow": {"l": 9 * 10**13}}}]},
            "device_graph": {"devices": devices, "default_link": link},
            "objective": "makespan",
            "units": 10**5,
        },
        PipelinePartitionProblem,
    )


def test_bytes_beyond_64_bits_keep_their_last_digit() -> None:
    """Cuts of 2^63 bytes beside cuts of one: numpy's common type for both is a rounded double."""
    sizes = (1, 2**60, 1)
    layers = [
        {"name": f"l{n}", "weight_bytes": 1, "output_bytes_per_token": size}
        for n, size in enumerate(sizes)
    ]
    devices = [{"name": name, "type": "t", "memory_bytes": 9} for name in "ab"]
    # The small cuts have one byte more than a multiple of 2^8 that takes whole ns.
    message = 2**60 // 4_000_000 * 4_000_000 + 1 - 8
    problem = validate(
        {
            "model": {"name": "m", "layers": layers},
            "profile": {
                "measurements": [
                    {"tokens": 8, "time_ns": {"t": {layer["name"]: 1 for layer in layers}}}
                ]
            },
            "device_graph": {
                "devices": devices,
                "links": [{"source": "a", "target": "b", "bandwidth_bit_per_s": 10**15}],
            },
            "workload": {"unit_tokens": 8, "message_bytes": message},
            "objective": "latency",
        },
        PipelinePartitionProblem,
    )
    sent = [0, *(size * 8 + message for size in sizes)]
    transfers = [build(problem).transfer(0, 1, cut) for cut in (1, 2, 3)]
    assert transfers == [-(-8 * size * 10**9 // 10**15) for size in sent[1:]]


# Selections with terabytes beside bytes: (memory, quality by cluster), found by random search.
_TERABYTES_BESIDE_BYTES = (
    (1000000000100, [0, 0, 824231, 0]),
    (1000000000100, [500000, 0, 500000, 0]),
    (1000000000200, [265449, 500000, 0, 500000]),
    (1000000000000, [194074, 887209, 500000, 0]),
    (200, [500000, 500000, 0, 0]),
    (200, [500000, 0, 0, 500000]),
    (100, [436252, 500000, 392439, 0]),
    (300, [0, 0, 0, 500000]),
    (200, [500000, 0, 279709, 566863]),
    (400, [0, 500000, 0, 0]),
    (200, [0, 0, 0, 837160]),
)


def test_a_byte_beside_terabytes_is_not_taken_in_part() -> None:
    """A fraction of the smallest expert would make the bound fall below the optimum."""
    experts = [
        {"name": f"e{n}", "device": "d", "memory_bytes": memory, "quality_ppm": quality}
        for n, (memory, quality) in enumerate(_TERABYTES_BESIDE_BYTES)
    ]
    cluster = {"category": "x", "weight": 1, "prompt_tokens": 0, "output_tokens": 0}
    problem = validate(
        {
            "device_graph": {"devices": [{"name": "d", "memory_bytes": 1000000000300}]},
            "source_device": "d",
            "experts": experts,
            "clusters": [{"name": f"c{n}", **cluster} for n in range(4)],
            "quality_model": "best_expert",
            "latency_mode": "routed",
        },
        ExpertSelectionProblem,
    )
    for name in ("monotonic", "cpsat"):
        method = entry("expert_selection", name)
        assert method is not None
        assert method.load().solve(problem, Limits()).lower_bound == 334_845
