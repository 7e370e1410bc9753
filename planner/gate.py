"""The fine level of MoE²: a gate trained once on all experts, restricted to those in service.

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

from models.problems.expert_selection_checks import MILLION
from models.prompts import PromptTable

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


class GateError(RuntimeError):
    """A gate that cannot be trained: the prompts teach nothing."""


class NoLearnerError(GateError):
    """scikit-learn is not installed."""


@dataclass(frozen=True, eq=False)
class Prompts:
    """features: [P, F]; scores: [P, n] 0 to 1; category: [P] its name."""

    features: Floats
    scores: Floats
    category: npt.NDArray[np.str_]

    def split(self) -> tuple["Prompts", "Prompts"]:
        """Prompts to train on, and as many held out: every second one."""
        parts = (slice(0, None, 2), slice(1, None, 2))
        first, second = (
            Prompts(self.features[part], self.scores[part], self.category[part]) for part in parts
        )
        return first, second


def arrays(table: PromptTable) -> Prompts:
    """The rows of a table."""
    return Prompts(
        np.array([prompt.features for prompt in table.prompts], dtype=np.float64),
        np.array([prompt.scores_ppm for prompt in table.prompts], dtype=np.float64) / MILLION,
        np.array([prompt.category for prompt in table.prompts]),
    )


@dataclass(frozen=True, eq=False)
class Gate:
    """A trained gate; experts: [m] the experts that it knows, rising; model: scikit-learn's."""

    experts: npt.NDArray[np.int64]
    size: int
    model: Any

    def logits(self, features: Floats) -> Floats:
        """[P, n] up to a constant per prompt; -inf for experts that the gate does not know."""
        logits = np.full((len(features), self.size), -np.inf)
        logits[:, self.experts] = self.model.predict_log_proba(features)
        return logits


def restricted(logits: Floats, chosen: Bools) -> Floats:
    """[P, n] the softmax over the chosen experts [n] that the gate knows, 0 elsewhere.

    Where it knows none of them, all chosen ones weigh the same.
    """
    kept = np.where(chosen, logits, -np.inf)
    if not np.isfinite(kept).any():
        return np.repeat((chosen / chosen.sum())[None], len(kept), axis=0)
    raised = np.exp(kept - kept.max(axis=1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True))


def train(prompts: Prompts, chosen: Bools | None = None, seed: int = 0) -> Gate:
    """A gate for the chosen experts (all when left out). Raises GateError."""
    try:
        from sklearn.linear_model import LogisticRegression
    except ImportError:
        remedy = "pip install 'edgeplan[gate]'"
        raise NoLearnerError(f"training a gate needs scikit-learn: {remedy}") from None
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
    alone; best_single: the chosen expert `best` that was best in training; uniform: all chosen
    ones, equally.
    """

    restricted: float
    retrained: float
    best: int
    best_single: float
    uniform: float

    @property
    def lost_by_restriction(self) -> float:
        """What the optimality-preserving property leaves open; negative where it gained."""
        return self.retrained - self.restricted


def report(gate: Gate, training: Prompts, held_out: Prompts, chosen: Bools, k: int) -> GateReport:
    """A restricted gate and its rivals; k experts are asked per prompt. Raises GateError."""
    # Of one expert there is nothing to train.
    again = train(training, chosen) if chosen.sum() > 1 else gate
    best = int(np.where(chosen, training.scores.mean(axis=0), -1.0).argmax())
    once, anew = (restricted(one.logits(held_out.features), chosen) for one in (gate, again))
    return GateReport(
        restricted=quality(once, held_out, k),
        retrained=quality(anew, held_out, k),
        best=best,
        best_single=float(held_out.scores[:, best].mean()),
        uniform=float(held_out.scores[:, chosen].mean()),
    )
