"""Contradictions between the parts of an expert selection, each with the field to be changed."""

from typing import TYPE_CHECKING

from models.base import contradiction, first_duplicate, last_index
from models.problems.expert_selection_modes import EnergyMode, QualityModel
from models.units import MAX_DURATION_NS

if TYPE_CHECKING:
    from models.problems.expert_selection import ExpertSelectionProblem as Problem

MILLION = 10**6
MAX_TOTAL_WEIGHT = 10**9
# Weighted sums of energies stay inside 64-bit integers in every solver.
MAX_TOTAL_ENERGY = 2**60


def check_names(problem: "Problem") -> None:
    """Raises a contradiction where two experts or clusters have one name."""
    for what, names in (
        ("experts", [expert.name for expert in problem.experts]),
        ("clusters", [cluster.name for cluster in problem.clusters]),
    ):
        twice = first_duplicate(names)
        if twice is not None:
            place = (what, last_index(names, twice), "name")
            reason = f"two {what} are named '{twice}'"
            raise contradiction(reason, "give each its own name", *place)


def check_references(problem: "Problem") -> None:
    """Raises a contradiction where a device or a category is named that does not exist."""
    places: dict[tuple[str | int, ...], str] = {("source_device",): problem.source_device}
    places |= {("experts", i, "device"): e.device for i, e in enumerate(problem.experts)}
    for place, name in places.items():
        if problem.device_graph.device(name) is None:
            known = sorted(device.name for device in problem.device_graph.devices)
            raise contradiction(
                f"the device '{name}' is not in the device graph",
                f"use one of: {', '.join(known[:8])}",
                *place,
            )
    categories = {cluster.category for cluster in problem.clusters}
    for name in problem.deadline_ns:
        if name not in categories:
            raise contradiction(
                f"no cluster has the category '{name}'",
                f"use one of: {', '.join(sorted(categories)[:8])}",
                *("deadline_ns", name),
            )


def check_rows(problem: "Problem") -> None:
    """Raises a contradiction where a row of an expert does not fit the clusters or the model."""
    gated = problem.quality_model is QualityModel.GATED
    for index, expert in enumerate(problem.experts):
        rows = {"quality_ppm": expert.quality_ppm}
        if (expert.gate_weight is not None) != gated:
            raise contradiction(
                f"gate weights and the model '{problem.quality_model}' of expert '{expert.name}'",
                "give gate_weight for every expert in the model 'gated', and nowhere else",
                *("experts", index, "gate_weight"),
            )
        if expert.gate_weight is not None:
            rows["gate_weight"] = expert.gate_weight
        for name, row in rows.items():
            if len(row) != len(problem.clusters):
                raise contradiction(
                    f"{name} of expert '{expert.name}' has {len(row)} entries "
                    f"for {len(problem.clusters)} clusters",
                    "give one per cluster, in their order",
                    *("experts", index, name),
                )


def check_top_k(problem: "Problem") -> None:
    """Raises a contradiction where `top_k` and a mode that needs it do not go together."""
    asked = (
        problem.quality_model is QualityModel.TOP_K or problem.energy_mode is EnergyMode.WORST_TOP_K
    )
    if asked != (problem.top_k is not None):
        raise contradiction(
            "'top_k' and the modes that need it",
            "give top_k with the quality model 'top_k' or the energy mode 'worst_top_k' only",
            "top_k",
        )


def check_shares(problem: "Problem") -> None:
    """Raises a contradiction where the qualities of a cluster that are added up exceed a whole."""
    if problem.quality_model not in (QualityModel.MODULAR, QualityModel.TOP_K):
        return
    for index, cluster in enumerate(problem.clusters):
        shares = sorted(expert.quality_ppm[index] or 0 for expert in problem.experts)
        whole = sum(shares[-problem.asked_at_most :])
        if whole > MILLION:
            raise contradiction(
                f"the qualities of cluster '{cluster.name}' add up to {whole} ppm",
                "give shares of at most 1,000,000 ppm together",
                *("clusters", index),
            )


def check_measured(problem: "Problem") -> None:
    """Raises a contradiction where measured sets do not fit the model or the experts."""
    if (problem.measured is not None) != (problem.quality_model is QualityModel.TABLE):
        raise contradiction(
            "'measured' and the quality model 'table' go together",
            "give 'measured' with the model 'table', and nowhere else",
            "measured",
        )
    known = {expert.name for expert in problem.experts}
    seen: set[frozenset[str]] = set()
    for index, row in enumerate(problem.measured or ()):
        names = frozenset(row.experts)
        if not names <= known or len(names) < len(row.experts) or names in seen:
            raise contradiction(
                "the set names an unknown expert, an expert twice, or stands a second time",
                "list each set once, each of its experts once",
                *("measured", index, "experts"),
            )
        seen.add(names)


def check_sums(problem: "Problem") -> None:
    """Raises a contradiction where times pass a day, or sums pass 64 bits."""
    weight = problem.total_weight
    if weight > MAX_TOTAL_WEIGHT:
        raise contradiction(
            f"the weights add up to {weight}",
            f"scale them to {MAX_TOTAL_WEIGHT} or less",
            "clusters",
        )
    prompt = max(cluster.prompt_tokens for cluster in problem.clusters)
    output = max(cluster.output_tokens for cluster in problem.clusters)
    total = 0
    for index, expert in enumerate(problem.experts):
        time = prompt * expert.prefill_ns_per_token + output * expert.decode_ns_per_token
        if time > MAX_DURATION_NS:
            raise contradiction(
                f"expert '{expert.name}' takes over a day for one request",
                "check prefill_ns_per_token and decode_ns_per_token",
                *("experts", index),
            )
        total += (
            expert.request_energy_uj
            + prompt * expert.prefill_energy_uj_per_token
            + output * expert.decode_energy_uj_per_token
        )
    factor = weight if problem.energy_mode is EnergyMode.EXPECTED else 1
    if max(total, problem.energy_limit_uj or 0) * factor > MAX_TOTAL_ENERGY:
        raise contradiction(
            "the energies, times the weights in mode 'expected', overflow 64-bit sums",
            "check the energies, or scale the weights down",
            "experts",
        )
