"""Public sets in their own formats, each problem beside the figures of others.

Nothing of them is shipped: a set is read in a folder of its own under the folder of public data.
All methods run alone, and the default strategy beside them, as a user gets it.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from models.problems.expert_balance import Mode
from models.problems.expert_selection import ExpertSelectionProblem
from models.problems.offload_placement import OffloadPlacementProblem
from planner.benchmark import expert_balance, offload_placement
from planner.benchmark.cases import Case, Peer, Source
from planner.benchmark.suites import STRATEGY, Chain, alone
from problem_instances.readers import dnn_partitioning, helix, pipeedge, routing, submodular
from solvers.registry import entries

_MS, _S = 10**6, 10**9

# Milliseconds: contiguous optimum and the seconds of their C++, their local search and the best
# free load known, from their integer program in HiGHS (Tarnawski et al., NeurIPS 2020).
DNN_PARTITIONING = {
    "bert24_inference": (17.7899, 0.01, 17.7776, 17.7147),
    "bert24_training": (41.7458, 0.01, 39.9432, 39.7895),
    "bert_l-3_inference": (27.9186, 0.64, 27.5741, 21.9084),
    "gnmt_inference": (32.9107, 10.9, 31.7827, 31.6873),
    "resnet50_inference": (33.7747, 0.09, 35.8893, 33.4332),
}
# Bottlenecks in seconds: exact, and the published scheduler's (Hu et al., DSD 2022), which takes an
# index of types for one of devices and so misses the optimum where types are mixed.
PIPEEDGE = {
    ("base", "devices"): (1.5488, 1.7262),
    ("base", "d11"): (5.8440, 5.8440),
    ("base", "d12"): (3.7657, 3.7657),
    ("base", "d88"): (0.8008, 0.9943),
    ("large", "devices"): (5.0428, 5.7033),
    ("large", "d11"): (19.9085, 19.9085),
    ("large", "d12"): (12.9046, 12.9046),
    ("large", "d88"): (2.5732, 2.9962),
}
# Tokens/s: the authors' Gurobi runs, and the best known of any method (Mei et al., ASPLOS 2025).
HELIX = {
    "llama30b_4_a100": (1044.533, 1044.533),
    "llama30b_8_l4": (214.981, 252.650),
    "llama30b_10_mixed": (286.587, 286.587),
    "llama30b_12_t4": (397.685, 397.685),
    "llama70b_24_single_cluster": (1289.556, 1347.867),
    "llama70b_42_heterogeneous_pruned": (4137.548, 5430.024),
}


@dataclass(frozen=True)
class ExternalSet:
    """A public set: the folder it is read in, and its cases."""

    name: str
    about: str
    folder: str
    cases: Callable[[Path], Iterator[Case]]
    time_limit_ns: int = 60 * _S

    def chains(self, folder: Path, kinds: tuple[str, ...], repetitions: int) -> Iterator[Chain]:
        """Every method on every case of one of the kinds, and the default strategy."""
        for case in self.cases(folder):
            if case.kind in kinds:
                yield from alone(case, (*entries(case.kind), STRATEGY), repetitions)


def _dnn_partitioning(folder: Path) -> Iterator[Case]:
    """Each graph with contiguous parts and with free ones."""
    for path in sorted(folder.glob("*.json")):
        text = path.read_text(encoding="utf-8")
        known = DNN_PARTITIONING.get(path.stem)
        for form in ("contiguous", "free"):
            read = partial(dnn_partitioning.read, text, contiguous=form == "contiguous")
            name = f"{path.stem}, {form}"
            peers = () if known is None else _dnn_peers(form, *known)
            yield Case("dag_partition", Source.EXTERNAL, form, name, read, peers=peers)


def _dnn_peers(
    form: str, contiguous: float, seconds: float, search: float, free: float
) -> tuple[Peer, ...]:
    if form == "contiguous":
        wall_ns = round(seconds * _S)
        return (Peer("their dynamic program", round(contiguous * _MS), wall_ns, optimal=True),)
    return (
        Peer("their local search", round(search * _MS)),
        Peer("their integer program", round(free * _MS)),
    )


def _pipeedge(folder: Path) -> Iterator[Case]:
    for (size, devices), (exact, scheduler) in PIPEEDGE.items():
        names = ("models", "device_types", devices)
        models, types, hosts = ((folder / f"{n}.yml").read_text(encoding="utf-8") for n in names)
        read = partial(pipeedge.read, (models, types, hosts), f"google/vit-{size}-patch16-224")
        peers = (
            Peer("exact value", round(exact * _S), optimal=True),
            Peer("published scheduler", round(scheduler * _S)),
        )
        name = f"ViT {size} on {devices}"
        yield Case("pipeline_partition", Source.EXTERNAL, "pipeedge", name, read, peers=peers)


def _submodular(folder: Path) -> Iterator[Case]:
    """The instances of results.tsv: their optima, and the times of two exact programs."""
    for line in (folder / "results.tsv").read_text(encoding="utf-8").splitlines()[1:]:
        name, *figures = line.split("\t")
        text = (folder / f"{name}.json").read_text(encoding="utf-8")
        problem = submodular.read(text, name)
        family, peers = name[:3], _submodular_peers(problem, name[:3], figures)
        read = partial(submodular.read, text, name)
        yield Case("expert_selection", Source.EXTERNAL, family, name, read, peers=peers)


def _submodular_peers(
    problem: ExpertSelectionProblem, family: str, figures: list[str]
) -> tuple[Peer, ...]:
    optimum, seconds, ended, highs, greedy = figures
    best = submodular.shortfall(problem, family, float(optimum))
    found = submodular.shortfall(problem, family, float(greedy)) if greedy else None
    proved = ended == "proved"
    return (
        Peer("their search", best if proved else None, round(float(seconds) * _S), proved),
        Peer("HiGHS, plain program", best, round(float(highs) * _S), optimal=True),
        Peer("their greedy", found),
    )


def _helix(folder: Path) -> Iterator[Case]:
    """Each cluster with partial inference; what is minimised is what the compute bound is short."""
    for path in sorted(folder.glob("*.json")):
        text = path.read_text(encoding="utf-8")
        ceiling = helix.read(text).compute_bound
        recorded, best = HELIX.get(path.stem, (None, None))
        peers = tuple(
            Peer(name, ceiling - round(flow * 10**6))
            for name, flow in (("their Gurobi runs", recorded), ("best known", best))
            if flow is not None
        )
        read = partial(helix.read, text)
        yield Case("serving_flow", Source.EXTERNAL, "helix", path.stem, read, peers=peers)


def _routing(folder: Path) -> Iterator[Case]:
    """Every layer's loads as one window on 8 devices with 72 replicas, and an offload of all."""
    for name, layers in expert_balance.layers_of(folder).items():
        for number, loads in enumerate(layers):
            read = partial(
                expert_balance.problem,
                [np.asarray(loads)[None]],
                expert_balance.SHAPES[0],
                Mode.EQUAL_SPLIT,
            )
            label = f"{name}, layer {number}"
            yield Case("expert_balance", Source.EXTERNAL, name, label, read)
    path = folder / "deepseek_v2_lite_law.npz"
    found = partial(_offload, path)
    name = "DeepSeek-V2-Lite on four tiers"
    yield Case("offload_placement", Source.EXTERNAL, "deepseek", name, found)


def _offload(path: Path) -> OffloadPlacementProblem:
    return offload_placement.problem_of(routing.read(path, experts=64))


SETS = {
    item.name: item
    for item in (
        ExternalSet(
            "dnn-partitioning",
            "graphs of Tarnawski et al., NeurIPS 2020",
            "dnn_partitioning",
            _dnn_partitioning,
        ),
        ExternalSet(
            "pipeedge",
            "pipelines of PipeEdge's README",
            "pipeedge",
            _pipeedge,
        ),
        ExternalSet(
            "submodular",
            "facility location and coverage of submodKC, ECAI 2025",
            "submodular",
            _submodular,
        ),
        ExternalSet("helix", "clusters of Helix, ASPLOS 2025", "helix", _helix),
        ExternalSet(
            "routing",
            "routing of DeepSeek-V2-Lite, OLMoE and Mixtral",
            "routing",
            _routing,
            10 * _S,
        ),
    )
}
