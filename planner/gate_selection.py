"""The coarse level of MoE²: which experts to keep for a gate, as an expert selection.

Up to TABLE_EXPERTS experts, every subset's quality is measured on the training prompts with the
gate restricted to it and k experts asked per prompt: the quality model `table`, exactly what the
fine level does. Above, the gate's mean weights per category stand for it: the model `gated`.
"""

from dataclasses import dataclass

import numpy as np

from models.devices import Device, DeviceGraph
from models.problems.expert_selection import Cluster, Expert, ExpertSelectionProblem, MeasuredSet
from models.problems.expert_selection_checks import MILLION
from models.problems.expert_selection_modes import QualityModel
from models.prompts import PromptTable, TwoLevels
from models.result import Grade
from planner.gate import Bools, Floats, Gate, Prompts, arrays, quality, report, restricted, train
from solvers.tables.expert_selection import build
from solvers.tables.expert_selection_monotone import counter_example

# 1,023 subsets take about a second.
TABLE_EXPERTS = 10


@dataclass(frozen=True, eq=False)
class Trained:
    """A gate trained once on all experts of a table, on the half of its prompts `training`."""

    table: PromptTable
    training: Prompts
    held_out: Prompts
    gate: Gate


def learn(table: PromptTable, seed: int = 0) -> Trained:
    """Train on every second prompt. Raises GateError."""
    training, held_out = arrays(table).split()
    return Trained(table, training, held_out, train(training, seed=seed))


def two_levels(
    trained: Trained,
    problem: ExpertSelectionProblem,
    kept: tuple[str, ...],
    k: int,
    grade: Grade | None = None,
) -> TwoLevels:
    """What the gate restricted to the experts kept is worth on the held-out prompts.

    problem: the coarse level; grade: of the selection, None where it was given. Raises GateError.
    """
    experts = trained.table.experts
    chosen: Bools = np.array([expert.name in kept for expert in experts], dtype=np.bool_)
    found = report(trained.gate, trained.training, trained.held_out, chosen, k)
    shares = (found.restricted, found.retrained, found.best_single, found.uniform)
    restricted_ppm, retrained_ppm, single_ppm, uniform_ppm = (round(s * MILLION) for s in shares)
    return TwoLevels(
        experts=kept,
        grade=grade,
        energy_uj=sum(e.request_energy_uj for e in experts if e.name in kept),
        energy_limit_uj=problem.energy_limit_uj,
        top_k=k,
        trained_on=len(trained.training.scores),
        held_out=len(trained.held_out.scores),
        restricted_ppm=restricted_ppm,
        retrained_ppm=retrained_ppm,
        best_single=experts[found.best].name,
        best_single_ppm=single_ppm,
        uniform_ppm=uniform_ppm,
        falls=counter_example(build(problem)),
    )


def selection_problem(trained: Trained, k: int, limit_uj: int | None) -> ExpertSelectionProblem:
    """A cluster per category; an expert's quality is its mean score there.

    All experts stand on one device: delays have no part in what the gate shows. A user who has a
    device graph puts it into the document.
    """
    table, training, gate = trained.table, trained.training, trained.gate
    logits = gate.logits(training.features)
    categories = np.unique(training.category)
    members = [training.category == name for name in categories]
    score = np.array([training.scores[rows].mean(axis=0) for rows in members])
    measured = gate.size <= TABLE_EXPERTS
    gates = None if measured else _mean_weights(logits, members)
    experts = tuple(
        Expert(
            name=expert.name,
            device="server",
            request_energy_uj=expert.request_energy_uj,
            quality_ppm=tuple(round(float(value) * MILLION) for value in score[:, index]),
            gate_weight=None if gates is None else gates[index],
        )
        for index, expert in enumerate(table.experts)
    )
    clusters = tuple(
        Cluster(name=name, category=name, weight=int(rows.sum()))
        for name, rows in zip(categories.tolist(), members, strict=True)
    )
    return ExpertSelectionProblem(
        about="The coarse level of a gate; scores and energies as in its table of prompts.",
        device_graph=DeviceGraph(devices=(Device(name="server", memory_bytes=0),)),
        source_device="server",
        experts=experts,
        clusters=clusters,
        quality_model=QualityModel.TABLE if measured else QualityModel.GATED,
        measured=_measured(table, logits, training, k) if measured else None,
        energy_limit_uj=limit_uj,
    )


def _mean_weights(logits: Floats, members: list[np.ndarray]) -> list[tuple[int, ...]]:
    """Per expert its mean weight in each category, at least 1 of about a million."""
    weights = restricted(logits, np.ones(logits.shape[1], dtype=np.bool_))
    means = np.array([weights[rows].mean(axis=0) for rows in members])
    return [tuple(1 + round(float(value) * MILLION) for value in row) for row in means.T]


def _measured(
    table: PromptTable, logits: Floats, training: Prompts, k: int
) -> tuple[MeasuredSet, ...]:
    names, found = [expert.name for expert in table.experts], []
    for number in range(1, 2 ** len(names)):
        chosen = (number >> np.arange(len(names)) & 1).astype(np.bool_)
        value = quality(restricted(logits, chosen), training, k)
        kept = tuple(names[index] for index in np.flatnonzero(chosen))
        found.append(MeasuredSet(experts=kept, quality_ppm=round(value * MILLION)))
    return tuple(found)
