"""Every method of every kind, in order of preference; a file per kind.

Methods are named by module and loaded on first use, so that a process that only lists them (the
HTTP server) never imports a solver library.
"""

from solvers.registry import (
    dag_partition,
    expert_balance,
    expert_selection,
    offload_placement,
    pipeline_partition,
    pipeline_training,
    sequence_pipeline,
    serving_flow,
    split_computing,
    split_fleet,
    tensor_partition,
)
from solvers.registry.method import Entry

__all__ = ["REGISTRY", "Entry", "entries", "entry"]

REGISTRY: dict[str, tuple[Entry, ...]] = {
    "dag_partition": dag_partition.METHODS,
    "pipeline_partition": pipeline_partition.METHODS,
    "expert_selection": expert_selection.METHODS,
    "sequence_pipeline": sequence_pipeline.METHODS,
    "split_computing": split_computing.METHODS,
    "split_fleet": split_fleet.METHODS,
    "offload_placement": offload_placement.METHODS,
    "tensor_partition": tensor_partition.METHODS,
    "pipeline_training": pipeline_training.METHODS,
    "expert_balance": expert_balance.METHODS,
    "serving_flow": serving_flow.METHODS,
}


def entries(kind: str) -> tuple[Entry, ...]:
    """The methods of a kind in order of preference. Raises KeyError for an unknown kind."""
    return REGISTRY[kind]


def entry(kind: str, name: str) -> Entry | None:
    """The method of that name, or None."""
    return next((item for item in REGISTRY[kind] if item.name == name), None)
