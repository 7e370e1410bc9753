"""Clusters of an expert selection that no expert may answer, and why."""

import numpy as np

from models.problems.expert_selection import ExpertSelectionProblem as Problem
from solvers.base import UNREACHABLE
from solvers.tables.expert_selection import Ints, Tables, build, latencies


def unanswered(problem: Problem) -> tuple[str, ...]:
    """One line per category with a cluster that no expert may answer."""
    tables = build(problem)
    given = np.array([[q is not None for q in e.quality_ppm] for e in problem.experts]).T
    latency = np.where(given, latencies(problem), UNREACHABLE)
    lines: dict[str, str] = {}
    for index in np.flatnonzero(~tables.usable.any(axis=1)).tolist():
        cluster = problem.clusters[index]
        line = _why_unanswered(problem, tables, index, latency[index])
        lines.setdefault(cluster.category, line)
    return tuple(lines.values())


def _why_unanswered(problem: Problem, tables: Tables, index: int, latency: Ints) -> str:
    cluster = problem.clusters[index]
    who = f"no expert answers category '{cluster.category}'"
    fastest = int(latency.min())
    if fastest >= UNREACHABLE:
        return f"{who} (cluster '{cluster.name}'): none has a quality for it and a path to it"
    deadline = problem.deadline_ns.get(cluster.category)
    if deadline is not None and fastest > deadline:
        return (
            f"{who} within {_plain(deadline)}; the fastest needs {_plain(fastest)} "
            f"('{tables.names[int(latency.argmin())]}' for cluster '{cluster.name}')"
        )
    return (
        f"{who} (cluster '{cluster.name}'): every expert for it is late for another cluster, "
        "which excludes it in latency mode 'worst_case'"
    )


def _plain(ns: int) -> str:
    """A time with one decimal where that is exact enough to tell: "2.4 s"."""
    for size, unit in ((10**9, "s"), (10**6, "ms"), (10**3, "µs")):
        if ns >= size:
            return f"{ns / size:.4g} {unit}"
    return f"{ns} ns"
