"""Pipelines of PipeEdge's README beside its exact values and its published scheduler's.

The published scheduler misses the optimum on mixed device sets: it takes an index of types for one
of devices. Its times are those of a whole process, ours of one solve in a fresh one.
"""

from collections.abc import Iterator
from pathlib import Path

from models.result import Limits
from planner.benchmark.measure import measure
from planner.benchmark.table import Table
from problem_instances.readers.pipeedge import read
from solvers.registry import entries

# Bottlenecks in seconds: (exact, published scheduler) per model and device file.
PUBLISHED = {
    ("base", "devices"): (1.5488, 1.7262),
    ("base", "d11"): (5.8440, 5.8440),
    ("base", "d12"): (3.7657, 3.7657),
    ("base", "d88"): (0.8008, 0.9943),
    ("large", "devices"): (5.0428, 5.7033),
    ("large", "d11"): (19.9085, 19.9085),
    ("large", "d12"): (12.9046, 12.9046),
    ("large", "d88"): (2.5732, 2.9962),
}
_S = 10**9


def tables(folder: Path, limits: Limits) -> Iterator[Table]:
    """One table: the dynamic program on every model and device file."""
    method = next(item for item in entries("pipeline_partition") if item.name == "dp")
    table = Table("pipeedge", "Bottleneck of a stage or link; whole process there: 5-32 ms.")
    for (size, devices), (exact, scheduler) in PUBLISHED.items():
        models, types, hosts = (
            (folder / f"{name}.yml").read_text(encoding="utf-8")
            for name in ("models", "device_types", devices)
        )
        problem = read((models, types, hosts), f"google/vit-{size}-patch16-224")
        found = measure(problem, method, limits)
        table.add(
            {
                "model": f"ViT {size}",
                "devices": devices,
                "dp_ns": found.outcome.objective,
                "bound_ns": found.outcome.lower_bound,
                "time_ns": found.outcome.wall_ns,
                "exact_ns": round(exact * _S),
                "published scheduler_ns": round(scheduler * _S),
            }
        )
    yield table
