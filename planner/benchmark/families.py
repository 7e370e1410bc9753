"""Families of generated problems, a size that grows in each: the one table that names kinds.

`small` are the sizes at which some exact method proves every optimum in about a second, where the
gaps of heuristics are measured; `ladder` those at which the growth of exact methods is. It goes on
until every one of them fails, or to the `ceiling`, the largest size that a document of the kind
allows. A kind that is not in the table is measured on its generator's defaults, one that has no
generator on the shipped instances.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from problem_instances.generate import SPECS, Spec
from problem_instances.generators.dag_partition import DagSpec
from problem_instances.generators.expert_balance import BalanceSpec
from problem_instances.generators.expert_selection import SelectionSpec
from problem_instances.generators.offload_placement import OffloadSpec
from problem_instances.generators.pipeline_partition import PipelineSpec
from problem_instances.generators.pipeline_training import TrainingSpec
from problem_instances.generators.sequence_pipeline import SequenceSpec
from problem_instances.generators.serving_flow import ServingSpec
from problem_instances.generators.split_computing import SplitSpec
from problem_instances.generators.split_fleet import FleetSpec
from problem_instances.generators.tensor_partition import TensorSpec


@dataclass(frozen=True)
class Family:
    """Problems that differ by a size, in `unit`, and a seed; make(size, seed) specifies one.

    ceiling: the largest size that a document allows, None where methods fail long before; own:
    whether gaps are measured on as many of them as of all others together, since some heuristic has
    no plan for the others.
    """

    name: str
    unit: str
    make: Callable[[int, int], Spec]
    small: tuple[int, ...] = ()
    ladder: tuple[int, ...] = ()
    ceiling: int | None = None
    own: bool = False


def _doubling(first: int, last: int) -> tuple[int, ...]:
    """first, 2 first, 4 first, … and last."""
    sizes = [first]
    while sizes[-1] * 2 < last:
        sizes.append(sizes[-1] * 2)
    return (*sizes, last)


def _pipeline(size: int, seed: int, **fields: Any) -> PipelineSpec:
    return replace(PipelineSpec(seed, devices=4, types=4, layers=size, tightness=60), **fields)


def _roomy_pipeline(size: int, seed: int) -> PipelineSpec:
    """Some device holds the whole model; every objective in turn."""
    objective = ("latency", "throughput", "makespan")[seed % 3]
    return _pipeline(size, seed, objective=objective, tightness=20)


def _many_devices(size: int, seed: int) -> PipelineSpec:
    """No two devices alike, four layers for each."""
    return PipelineSpec(seed, devices=size, types=size, layers=4 * size, objective="throughput")


def _dag(size: int, seed: int, **fields: bool) -> DagSpec:
    return DagSpec(seed, blocks=size, branches=2, depth=2, accelerators=3, **fields)


def _chain(size: int, seed: int) -> SplitSpec:
    return SplitSpec(seed, layers=size, devices=3, branching=0, bottlenecks=4, floor=75)


def _graph(size: int, seed: int) -> SplitSpec:
    return SplitSpec(seed, layers=size)


def _fleet(size: int, seed: int, load: int, server_load: int) -> FleetSpec:
    uplinks = max(1, size // 10)
    return FleetSpec(seed, streams=size, uplinks=uplinks, load=load, server_load=server_load)


def _selection(size: int, seed: int, tightness: int) -> SelectionSpec:
    return SelectionSpec(seed, experts=size, clusters=2 * size, tightness=tightness)


def _clusters(size: int, seed: int) -> SelectionSpec:
    return SelectionSpec(seed, experts=24, clusters=size, categories=8, devices=4)


def _offload(size: int, seed: int, model: str, gpu_mb: int) -> OffloadSpec:
    """Rooms that grow with the layers: the GPU's beside the processor's, half as large again."""
    room, shared = gpu_mb * size, gpu_mb * size * 3 // 2
    return OffloadSpec(seed, model, layers=size, gpu_mb=room, cpu_mb=shared)


def _sites(size: int, seed: int) -> OffloadSpec:
    """Two boxes that serve, each with a GPU and users of its own."""
    return replace(_offload(size, seed, "mixtral-8x7b", 250), sites=2)


def _balance(size: int, seed: int) -> BalanceSpec:
    """A quarter of the experts has room for a second replica."""
    return BalanceSpec(seed, 1, size, slots=-(-5 * size // 16) * 4, windows=4, skew=100)


def _equal(size: int, seed: int) -> BalanceSpec:
    """The same on three devices, each expert's tokens shared alike."""
    slots = -(-5 * size // 12) * 3
    return BalanceSpec(seed, 1, size, 3, slots, windows=2, skew=100, mode="equal_split")


def _hops(size: int, seed: int) -> BalanceSpec:
    """Three layers on two devices, no expert twice; loads are near enough to find a balance."""
    return BalanceSpec(
        seed, 3, size, 2, size, windows=1, skew=0, drift=10, mode="equal_split", objective="hops",
        transitions=True,
    )  # fmt: skip


def _serving(size: int, seed: int) -> ServingSpec:
    return ServingSpec(seed, nodes=size, layers=4 * size)


def _roomy_serving(size: int, seed: int) -> ServingSpec:
    """Nodes hold the model three times, so that every rule of thumb covers all layers."""
    return ServingSpec(seed, nodes=size, layers=8, room=300)


def _gateways(size: int, seed: int) -> ServingSpec:
    """Three makes in groups that are joined by their first hosts."""
    return ServingSpec(seed, nodes=size, makes=3, layers=24, room=200, groups=2)


def _regions(size: int, seed: int) -> ServingSpec:
    """No two nodes alike in two regions, source and sink in one, slow links that bind."""
    return ServingSpec(
        seed, size, makes=size, layers=8, room=180, groups=2, between=1000, regions=True
    )


def _sequence(size: int, seed: int, *, request: bool = False) -> SequenceSpec:
    return SequenceSpec(seed, 3, 3, size, prompt=120, request=request)


def _training(size: int, seed: int) -> TrainingSpec:
    return TrainingSpec(seed, devices=4, layers=size, tightness=5)


def _tensor(size: int, seed: int) -> TensorSpec:
    return TensorSpec(seed, 3, 3, heads=size, columns=4 * size)


def _roomy_tensor(size: int, seed: int) -> TensorSpec:
    """Every device holds the whole model, and the network is fast enough to share the work."""
    return TensorSpec(seed, 3, 3, size, 4 * size, tightness=10, bandwidth_mbit_per_s=2000)


def _galaxy(size: int, seed: int) -> TensorSpec:
    """As Galaxy states the problem (Ye et al., INFOCOM 2024): its mode, equal rows, all devices.

    No field of the problem asks for equal rows; here they are best, whatever else is chosen, since
    the ring waits for the longest part and the connective part takes all devices alike.
    """
    return TensorSpec(
        seed, 3, 3, size, 4 * size, tightness=90, use_all_devices=True, mode="tensor+sequence",
        equal_rows=True,
    )  # fmt: skip


def _unlike(size: int, seed: int) -> TensorSpec:
    """As many types as devices, memory nearly full."""
    return TensorSpec(seed, size, size, 32, 128, 256, 90)


FAMILIES: dict[str, tuple[Family, ...]] = {
    "dag_partition": (
        Family("contiguous", "blocks of 5", _dag, (2, 3), _doubling(2, 819), 819),
        Family("free", "blocks of 5", partial(_dag, contiguous=False), (2,), _doubling(1, 64)),
    ),
    "pipeline_partition": (
        *(
            Family(
                objective,
                "layers",
                partial(_pipeline, objective=objective),
                (12, 24),
                _doubling(8, 1024),
                1024,
            )
            for objective in ("latency", "throughput", "makespan")
        ),
        Family("roomy", "layers", _roomy_pipeline, (12, 24), own=True),
        Family("unlike devices", "devices", _many_devices, (), tuple(range(2, 33, 2))),
    ),
    "split_computing": (
        # Only chains have bottlenecks.
        Family("chain", "layers", _chain, (12, 24), _doubling(8, 4096), 4096, own=True),
        Family("graph", "layers", _graph, (12, 24), _doubling(16, 4096), 4096),
    ),
    "split_fleet": (
        Family("ample", "streams", partial(_fleet, load=50, server_load=110), (10, 20)),
        Family(
            "tight",
            "streams",
            partial(_fleet, load=60, server_load=80),
            (10, 20),
            _doubling(10, 5000),
            5000,
        ),
    ),
    "expert_selection": (
        Family(
            "tight",
            "experts",
            partial(_selection, tightness=20),
            (12, 16),
            _doubling(8, 2000),
            2000,
        ),
        Family("loose", "experts", partial(_selection, tightness=50), (12, 16)),
        Family("clusters", "clusters", _clusters, (), _doubling(32, 20_000), 20_000),
    ),
    # Layers like the model's, more of them than it has.
    "offload_placement": (
        Family(
            "deepseek",
            "layers",
            partial(_offload, model="deepseek-v2-lite", gpu_mb=150),
            (1,),
            _doubling(1, 64),
        ),
        Family(
            "mixtral",
            "layers",
            partial(_offload, model="mixtral-8x7b", gpu_mb=250),
            (2, 4),
            _doubling(2, 256),
            256,
        ),
        Family("two sites", "layers", _sites, (1, 2)),
    ),
    "expert_balance": (
        Family("split", "experts", _balance, (8, 12), _doubling(8, 3200), 3200),
        Family("equal split", "experts", _equal, (6, 8), (4, 6, 8, 10, 12, 16, 24, 32)),
        # Most heuristics balance and do not look at hops, one looks at nothing else.
        Family("hops", "experts", _hops, (4, 6), (4, 6, 8, 10, 12, 16, 20, 24, 32), own=True),
    ),
    "serving_flow": (
        Family(
            "one switch",
            "nodes",
            _serving,
            (6,),
            (4, 6, 8, 10, 12, 16, 20, 24, 32, 48, 64, 96, 128, 192, 250),
            250,
        ),
        Family(
            "gateways",
            "nodes",
            _gateways,
            (6,),
            (4, 6, 8, 10, 12, 16, 20, 24, 32, 48, 64, 96, 128, 192, 256),
            256,
        ),
        Family("roomy", "nodes", _roomy_serving, (5, 6), own=True),
        Family("regions", "nodes", _regions, (5, 6), (4, 5, 6, 7, 8, 10, 12, 16)),
    ),
    "sequence_pipeline": (
        Family("prompt", "layers", _sequence, (8, 12), _doubling(8, 1024), 1024),
        Family(
            "request",
            "layers",
            partial(_sequence, request=True),
            (8, 12),
            _doubling(8, 1024),
            1024,
        ),
    ),
    "pipeline_training": (
        Family("boards", "layers", _training, (8, 12), _doubling(8, 1024), 1024),
    ),
    "tensor_partition": (
        Family("heads", "heads", _tensor, (8, 16), _doubling(8, 1024), 1024),
        Family("roomy", "heads", _roomy_tensor, (8, 16), own=True),
        Family("as Galaxy states it", "heads", _galaxy, (8, 16)),
        Family(
            "unlike devices",
            "devices",
            _unlike,
            (),
            (2, 4, 6, 8, 10, 12, 14, 16, 20, 24, 32, 48, 64),
            64,
        ),
    ),
}


def families(kind: str) -> tuple[Family, ...]:
    """The families of a kind; none where nothing generates it."""
    if kind in FAMILIES:
        return FAMILIES[kind]
    if kind not in SPECS:
        return ()
    specification = SPECS[kind]
    return (Family("default", "", lambda _, seed: specification(seed=seed), (0,)),)
