"""The two levels of MoE²: a gate trained once on all experts, restricted to those in service.

The gate is a multinomial logistic regression on the features of a prompt; its classes are the
experts, and a prompt counts for every expert that answers it right. Restricting it to a subset
keeps the logits and normalises over the subset. MoE² proves that this keeps the gate optimal under
its assumptions; `report` measures how far that holds on prompts that were held out, against a gate
trained anew on the subset. Needs scikit-learn (the extra `gate`).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from models.devices import Device, DeviceGraph
from models.problems.expert_selection import (
    MILLION,
    Cluster,
    Expert,
    ExpertSelectionProblem,
    QualityModel,
)
from problem_instances.generators.prompts import Floats, Prompts

Bools = npt.NDArray[np.bool_]


class GateError(RuntimeError):
    """A gate that cannot be trained: scikit-learn is missing, or the prompts teach nothing."""


@dataclass(frozen=True, eq=False)
class Gate:
    """A trained gate; experts: [m] the experts that it knows, rising; model: scikit-learn's."""

    experts: npt.NDArray[np.int64]
    size: int
    model: Any

    def weights(self, features: Floats, chosen: Bools) -> Floats:
        """[P, n] the softmax over the chosen experts that the gate knows, 0 elsewhere.

        Where it knows none of them, all chosen ones weigh the same.
        """
        logits = np.full((len(features), self.size), -np.inf)
        logits[:, self.experts] = self.model.predict_log_proba(features)
        logits[:, ~chosen] = -np.inf
        if not np.isfinite(logits).any():
            return np.repeat((chosen / chosen.sum())[None], len(features), axis=0)
        logits -= logits.max(axis=1, keepdims=True)
        raised = np.exp(logits)
        return np.asarray(raised / raised.sum(axis=1, keepdims=True))


def train(prompts: Prompts, chosen: Bools | None = None, seed: int = 0) -> Gate:
    """A gate for the chosen experts (all when left out). Raises GateError."""
    try:
        from sklearn.linear_model import LogisticRegression
    except ImportError:
        raise GateError("training a gate needs scikit-learn: install edgeplan[gate]") from None
    size = prompts.scores.shape[1]
    everyone = np.ones(size, dtype=np.bool_)
    scores = np.where(everyone if chosen is None else chosen, prompts.scores, 0.0)
    prompt, expert = np.nonzero(scores)
    known = np.unique(expert)
    if len(known) < 2:
        raise GateError("a gate needs two experts that answer some prompt right")
    model = LogisticRegression(max_iter=1_000, random_state=seed)
    share = scores[prompt, expert] / scores.sum(axis=1)[prompt]
    model.fit(prompts.features[prompt], expert, sample_weight=share)
    return Gate(known, size, model)


def quality(weights: Floats, prompts: Prompts, k: int) -> float:
    """Mean score of prompts put to the k experts of the largest weight, weighted by the gate."""
    order = np.argsort(-weights, axis=1, kind="stable")[:, :k]
    taken = np.take_along_axis(weights, order, axis=1)
    scores = np.take_along_axis(prompts.scores, order, axis=1)
    return float(((taken * scores).sum(axis=1) / taken.sum(axis=1)).mean())


@dataclass(frozen=True)
class GateReport:
    """Mean scores on held-out prompts, 0 to 1.

    restricted: the gate trained on all experts, restricted; retrained: a gate trained on the subset
    alone; best_single: the expert that was best in training; uniform: all chosen ones, equally.
    """

    restricted: float
    retrained: float
    best_single: float
    uniform: float

    @property
    def lost_by_restriction(self) -> float:
        """What the optimality-preserving property leaves open; negative where it gained."""
        return self.retrained - self.restricted


def report(gate: Gate, training: Prompts, held_out: Prompts, chosen: Bools, k: int) -> GateReport:
    """A restricted gate and its rivals; k experts are asked per prompt. Raises GateError."""
    again = train(training, chosen)
    means = np.where(chosen, training.scores.mean(axis=0), -1.0)
    return GateReport(
        restricted=quality(gate.weights(held_out.features, chosen), held_out, k),
        retrained=quality(again.weights(held_out.features, chosen), held_out, k),
        best_single=float(held_out.scores[:, int(means.argmax())].mean()),
        uniform=float(held_out.scores[:, chosen].mean()),
    )


def selection_problem(
    gate: Gate, training: Prompts, energy_uj: tuple[int, ...], limit_uj: int
) -> ExpertSelectionProblem:
    """The coarse level: which experts to keep, with the gate's mean weights per category.

    A cluster per category; quality: the mean score in it; energy_uj: [n] of one request each. All
    experts stand on one device: delays have no part in what the gate shows.
    """
    everyone = np.ones(gate.size, dtype=np.bool_)
    weights = gate.weights(training.features, everyone)
    categories = np.unique(training.category)
    members = [training.category == number for number in categories]
    score = np.array([training.scores[rows].mean(axis=0) for rows in members])
    weight = np.array([weights[rows].mean(axis=0) for rows in members])
    experts = tuple(
        Expert(
            name=f"expert-{index + 1}",
            device="server",
            request_energy_uj=energy_uj[index],
            quality_ppm=tuple(round(float(value) * MILLION) for value in score[:, index]),
            gate_weight=tuple(1 + round(float(value) * MILLION) for value in weight[:, index]),
        )
        for index in range(gate.size)
    )
    clusters = tuple(
        Cluster(name=f"category-{number}", category=f"category-{number}", weight=int(rows.sum()))
        for number, rows in zip(categories.tolist(), members, strict=True)
    )
    return ExpertSelectionProblem(
        about="Selected for a gate; scores and energies as given to planner.gate.",
        device_graph=DeviceGraph(devices=(Device(name="server", memory_bytes=0),)),
        source_device="server",
        experts=experts,
        clusters=clusters,
        quality_model=QualityModel.GATED,
        energy_limit_uj=limit_uj,
    )
