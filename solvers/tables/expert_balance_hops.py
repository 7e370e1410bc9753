"""Hops between adjacent layers as exact numbers, and the balance that they are bought with."""

from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from models.problems.expert_balance import BalanceObjective, ExpertBalanceProblem
from solvers.tables.expert_balance import Floats, Ints, Layer


def moves_tokens(problem: ExpertBalanceProblem) -> bool:
    """Whether hops are minimised."""
    return problem.objective is BalanceObjective.HOPS


def admissible(
    problem: ExpertBalanceProblem, layers: Sequence[Layer], all_counts: Sequence[Ints]
) -> bool:
    """Whether the layers' replicas keep to the balance, where hops ask for one."""
    if not moves_tokens(problem):
        return True
    return all(
        balanced(layer, counts, problem.balance_slack_ppm)
        for layer, counts in zip(layers, all_counts, strict=True)
    )


def balanced(layer: Layer, counts: Ints, slack_ppm: int) -> bool:
    """Whether the weighted loads of an equal split stay within the slack, exactly."""
    loads = [int(w) for w in layer.weight @ layer.loads]
    number = counts.sum(axis=1).tolist()
    allowed = allowed_share(layer, slack_ppm)
    for column, rate in zip(counts.T.tolist(), layer.rate.tolist(), strict=True):
        load = sum(Fraction(n * w, c) for n, w, c in zip(column, loads, number, strict=True) if n)
        if load > allowed * rate:
            return False
    return True


def allowed_share(layer: Layer, slack_ppm: int) -> Fraction:
    """Tokens per rate that a device may take."""
    total = int((layer.weight @ layer.loads).sum())
    return (1 + Fraction(slack_ppm, 10**6)) * Fraction(total, int(layer.rate.sum()))


def shares(counts: Ints) -> Floats:
    """[E, G] the share of each expert's tokens on each device."""
    return np.asarray(counts / counts.sum(axis=1, keepdims=True))
