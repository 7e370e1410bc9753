"""Local search: ranges of single nodes moved until no layer lacks anything, goal after goal.

The goal is one more than the best flow. What is minimised by annealing (Kirkpatrick et al. 1983) is
how much the layers lack: Σ_l max(0, goal - Σ rates of the nodes that hold l). Where no link binds
that is all that counts (solvers/tables/serving_flow.py); otherwise the flow of every placement that
lacks nothing, or little, is measured.
"""

import math
import random

import numpy as np

from solvers.base import Stopwatch
from solvers.tables.serving_flow import Ints, Tables
from solvers.tables.serving_flow_answer import Best

# Steps per goal and (node, layer), per goal, and in all.
_PER_PLACE, _STEPS, _MOST = 20, 4_000, 60_000
# Temperatures, in layers that lack everything.
_HOT, _COLD = 1.0, 0.02


def search(best: Best, watch: Stopwatch, seed: int) -> int:
    """Improves the best placement, which there has to be; how many steps were made."""
    rng = random.Random(seed)  # noqa: S311  # a search, not a secret
    made = 0
    while made < _MOST and not best.closed and not watch.expired():
        before = best.flow
        made += _anneal(best, watch, rng)
        if best.flow == before:
            break
    return made


def _anneal(best: Best, watch: Stopwatch, rng: random.Random) -> int:
    """Steps towards one goal; ends with the first better placement."""
    tables, goal = best.tables, best.flow + 1
    assert best.ranges is not None  # noqa: S101  # see search()
    start, stop = (ends.copy() for ends in best.ranges)
    passing = tables.coverage(start, stop)
    lacking = _lack(passing, goal)
    steps = min(_STEPS, _PER_PLACE * tables.nodes * tables.layers)
    for step in range(steps):
        if watch.expired():
            return step
        heat = goal * _HOT * (_COLD / _HOT) ** (step / steps)
        node, a, b = _move(tables, start, stop, passing, goal, rng)
        changed = passing.copy()
        changed[start[node] : stop[node]] -= tables.rate[node, stop[node] - start[node] - 1]
        changed[a:b] += tables.rate[node, b - a - 1]
        lack = _lack(changed, goal)
        if lack > lacking and rng.random() >= math.exp((lacking - lack) / heat):
            continue
        start[node], stop[node] = a, b
        passing, lacking = changed, lack
        if lacking == 0 and best.take(start, stop):
            return step + 1
    return steps


def _lack(passing: Ints, goal: int) -> int:
    return int(np.maximum(goal - passing, 0).sum())


def _move(
    tables: Tables, start: Ints, stop: Ints, passing: Ints, goal: int, rng: random.Random
) -> tuple[int, int, int]:
    """A node and its range to try: beside another's end, at a weak layer, or a little aside."""
    node = rng.randrange(tables.nodes)
    size = rng.choice(tables.choices[node])
    kind = rng.random()
    weak = np.flatnonzero(passing < goal)
    if kind < 0.4 and weak.size:
        at = int(weak[0] if rng.random() < 0.5 else weak[-1] + 1 - size)
    elif kind < 0.8:
        at = int(rng.choice(stop)) if rng.random() < 0.5 else int(rng.choice(start)) - size
    else:
        size = int(stop[node] - start[node])
        at = int(start[node]) + rng.choice((-2, -1, 1, 2))
    at = max(0, min(tables.layers - size, at))
    return node, at, at + size
