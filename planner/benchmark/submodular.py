"""Public facility-location and coverage instances as expert selections, for measuring.

Items are experts on one device, clients or elements are clusters, the knapsack is the worst-case
energy budget. Format: {"family", "values", "weights", "capacity"}; matrices from
Chhokmah0/submodKC (ECAI 2025). They are read where the user keeps them, and not shipped.
"""

import json
import statistics
import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

from models.devices import Device, DeviceGraph
from models.problems.expert_selection import (
    MILLION,
    Cluster,
    Expert,
    ExpertSelectionProblem,
    QualityModel,
)
from models.result import Grade, Limits
from planner import service
from planner.benchmark.table import Cell, Table
from planner.race import Event
from planner.worker import preload
from solvers.registry import entries

# Weights have up to 17 digits; rounded at the twelfth, no sum crosses a capacity.
_WEIGHT_SCALE = 10**12
_VALUE_SCALE = 1_000
_SECOND_NS = 10**9


def read(path: Path) -> ExpertSelectionProblem:
    """The instance in a file as a problem; weights in 10⁻¹² units stand as µJ."""
    data = json.loads(path.read_text(encoding="utf-8"))
    if data["family"] == "loc":
        quality = [[round(value * MILLION) for value in row] for row in data["values"]]
        weights = [1] * len(quality[0])
    else:
        elements = data["values"]["element_weights"]
        covers = [set(cover) for cover in data["values"]["covers"]]
        quality = [[MILLION * (e in cover) for e in range(len(elements))] for cover in covers]
        weights = [round(weight * _VALUE_SCALE) for weight in elements]
    return ExpertSelectionProblem(
        about=f"{path.stem}, read from a public instance",
        device_graph=DeviceGraph(devices=(Device(name="server", memory_bytes=0),)),
        source_device="server",
        experts=tuple(
            Expert(
                name=f"item-{index}",
                device="server",
                request_energy_uj=_scaled(weight),
                quality_ppm=tuple(row),
            )
            for index, (weight, row) in enumerate(zip(data["weights"], quality, strict=True))
        ),
        clusters=tuple(
            Cluster(name=f"client-{index}", category="any", weight=max(weight, 1))
            for index, weight in enumerate(weights)
        ),
        quality_model=QualityModel.BEST_EXPERT,
        energy_limit_uj=_scaled(data["capacity"]),
    )


def value(problem: ExpertSelectionProblem, family: str, objective: int) -> Fraction:
    """The instance's own objective of a shortfall in ppm, to within a unit of rounding."""
    mean = Fraction(MILLION - objective, MILLION)
    scale = 1 if family == "loc" else _VALUE_SCALE
    return mean * problem.total_weight / scale


def _scaled(number: float) -> int:
    return round(Fraction(number) * _WEIGHT_SCALE)


def tables(folder: Path, limits: Limits) -> Iterator[Table]:
    """The default strategy and `monotonic` beside the times that results.tsv gives."""
    preload(sorted({item.where.partition(":")[0] for item in entries("expert_selection")}))
    rows = [
        _row(line.split("\t"), folder, limits)
        for line in (folder / "results.tsv").read_text(encoding="utf-8").splitlines()[1:]
    ]
    table = Table(
        "public selections",
        "43 facility-location and coverage instances; C++: the public branch and bound; HiGHS: "
        "plain, one thread; ours: `monotonic` in CPU time, and the default strategy until the "
        "proof stood and until it answered.",
    )
    for row in rows:
        table.add(row)
    yield table
    yield _summary(rows)


def _row(cells: list[str], folder: Path, limits: Limits) -> dict[str, Cell]:
    name, optimum, peer, _, highs, *_ = cells
    problem = read(folder / f"{name}.json")
    proved_ns: list[int] = []

    def listen(event: Event) -> None:
        if event.objective is not None and event.objective == event.lower_bound:
            proved_ns.append(event.at_ns)

    begun = time.monotonic_ns()
    certificate = service.plan(problem, limits, listen=listen)
    answered_ns = time.monotonic_ns() - begun
    right = False
    if certificate.grade is Grade.OPTIMAL and certificate.objective is not None:
        reached = value(problem, name[:3], certificate.objective)
        right = abs(float(reached) - float(optimum)) < 1e-3
    begun = time.process_time_ns()
    entries("expert_selection")[0].load().solve(problem, limits)
    spent_ns = time.process_time_ns() - begun
    return {
        "instance": name,
        "the optimum": "proved" if right else "not proved",
        "by": str(certificate.proof),
        "C++_ns": round(float(peer) * _SECOND_NS),
        "HiGHS_ns": round(float(highs) * _SECOND_NS),
        "monotonic CPU_ns": spent_ns,
        "proof_ns": proved_ns[0] if proved_ns else None,
        "answer_ns": answered_ns,
    }


def _summary(rows: list[dict[str, Cell]]) -> Table:
    """How the times compare, in the median and against the better of both peers."""
    table = Table(
        "public selections in short",
        "Slower: instances on which the better peer takes over 0.2 s and we more than twice that.",
    )
    ratios = [_ns(row, "monotonic CPU_ns") / _ns(row, "C++_ns") for row in rows]
    for column in ("monotonic CPU_ns", "proof_ns", "answer_ns"):
        slower = []
        for row in rows:
            best = min(_ns(row, "C++_ns"), _ns(row, "HiGHS_ns"))
            if best > _SECOND_NS // 5 and _ns(row, column) > 2 * best:
                slower.append(str(row["instance"]))
        table.add(
            {
                "time": column.removesuffix("_ns"),
                "proved": sum(row["the optimum"] == "proved" for row in rows),
                "of": len(rows),
                "median of CPU / C++": f"{statistics.median(ratios):.2f}",
                "slower": ", ".join(slower) or "none",
            }
        )
    return table


def _ns(row: dict[str, Cell], column: str) -> float:
    found = row[column]
    return float(found) if isinstance(found, int) else float("inf")
