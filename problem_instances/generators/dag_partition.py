"""Random DAGs to be partitioned: a stem, blocks of parallel branches that join, a head.

All draws are integers from one random.Random(seed), whose integer methods give the same numbers on
every platform; quantities are written with their units, as a person would.
"""

import random
from dataclasses import dataclass

Row = dict[str, object]
Edge = tuple[str, str]


@dataclass(frozen=True)
class DagSpec:
    """What to generate.

    blocks of `branches` parallel chains of `depth` operators; tightness: percent of all
    accelerators' memory that the model fills; cpu_only_stem: the first operator runs on no
    accelerator; training: every operator has a backward one of twice the time on its device.
    """

    seed: int
    blocks: int = 2
    branches: int = 3
    depth: int = 2
    accelerators: int = 3
    cpus: int = 1
    tightness: int = 60
    cpu_only_stem: bool = False
    training: bool = False
    contiguous: bool = True

    def __post_init__(self) -> None:
        if min(self.blocks, self.branches, self.depth, self.accelerators, self.tightness) < 1:
            raise ValueError("blocks, branches, depth, accelerators, tightness are 1 or more")
        if self.cpu_only_stem and not self.cpus:
            raise ValueError("a stem for CPUs only needs cpus of 1 or more")


def dag_partition(spec: DagSpec) -> dict[str, object]:
    """Plain data of a DAG partition; whether it has a plan depends on how tight it is."""
    rng = random.Random(spec.seed)  # noqa: S311  # reproducible numbers, no secrets
    names, edges = _graph(spec)
    sizes = {name: rng.randrange(4, 65) for name in names}
    operators = [_operator(rng, name, sizes[name]) for name in names]
    if spec.cpu_only_stem:
        del operators[0]["accelerator_ns"]
    if spec.training:
        edges = [*edges, *((f"{b}-grad", f"{a}-grad") for a, b in edges), *_turns(names)]
        operators = [row | {"colocation": str(row["name"])} for row in operators]
        operators += [_backward(rng, row) for row in operators]
    room = sum(sizes.values()) * 100 // (spec.accelerators * spec.tightness)
    return {
        "kind": "dag_partition",
        "schema_version": 1,
        "about": f"generated: {spec}",
        "operators": operators,
        "edges": [list(edge) for edge in edges],
        "accelerators": spec.accelerators,
        "cpus": spec.cpus,
        "accelerator_memory_bytes": f"{room} MiB",
        "contiguous": spec.contiguous,
    }


def _graph(spec: DagSpec) -> tuple[list[str], list[Edge]]:
    """Operators in topological order, and the edges between them."""
    names, edges = ["stem"], []
    last = "stem"
    for block in range(1, spec.blocks + 1):
        join = f"join-{block}" if block < spec.blocks else "head"
        for branch in range(1, spec.branches + 1):
            before = last
            for place in range(1, spec.depth + 1):
                name = f"block-{block}.{branch}.{place}"
                names.append(name)
                edges.append((before, name))
                before = name
            edges.append((before, join))
        names.append(join)
        last = join
    return names, edges


def _operator(rng: random.Random, name: str, size_mib: int) -> Row:
    time_us = rng.randrange(50, 501)
    return {
        "name": name,
        "cpu_ns": f"{time_us * rng.randrange(6, 13)} us",
        "accelerator_ns": f"{time_us} us",
        "size_bytes": f"{size_mib} MiB",
        "transfer_ns": f"{rng.randrange(5, 81)} us",
    }


def _turns(names: list[str]) -> list[Edge]:
    """What the backward pass of an operator takes from its forward pass."""
    return [(name, f"{name}-grad") for name in names]


def _backward(rng: random.Random, row: Row) -> Row:
    """The backward operator beside a forward one: twice the time, the size counted once."""
    doubled = {key: _twice(str(row[key])) for key in ("cpu_ns", "accelerator_ns") if key in row}
    transfer = f"{rng.randrange(5, 81)} us"
    return (
        row
        | doubled
        | {
            "name": f"{row['name']}-grad",
            "size_bytes": 0,
            "transfer_ns": transfer,
            "backward": True,
        }
    )


def _twice(text: str) -> str:
    number, unit = text.split()
    return f"{2 * int(number)} {unit}"
