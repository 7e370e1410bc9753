"""A drawing of a split: each term of its latency on the device that pays for it, in a row.

Scenarios are drawn one below the other on one axis of time.
"""

from itertools import groupby
from typing import TypeAlias

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from models.problems.split_computing import SplitComputingPlan, SplitComputingProblem
from models.result import Breakdown, Certificate
from models.units import format_quantity
from planner.plot.palette import INK, colour, ink_on
from planner.split_scenarios import breakdowns

_KINDS = ("layers", "encoder", "gate", "sent to the next device")
# More scenarios than this are drawn as the slowest ones.
_MOST = 6
_LAYERS = 0
# What a term is, and how long it takes, ms.
Term: TypeAlias = tuple[str, float]
# Parts of the axis: the width of a letter; where a name stands left of its bar instead of right;
# bars too thin for an edge, which is so many points wide.
_LETTER, _FAR, _THIN, _EDGE = 0.0058, 0.8, 0.004, 0.3


def figure(problem: SplitComputingProblem, certificate: Certificate) -> Figure:
    """A panel per scenario with a bar per device; what is sent belongs to the sender."""
    panels = _panels(problem, certificate)
    devices = [device.name for device in problem.devices]
    size = (9, 0.9 + len(panels) * (0.55 + 0.45 * len(devices)))
    drawing = Figure(figsize=size, layout="constrained")
    rows = drawing.subplots(len(panels), 1, sharex=True, squeeze=False)[:, 0]
    longest = max(_whole(breakdown) for _, breakdown in panels) / 10**6
    drawn: set[int] = set()
    for axes, (title, breakdown) in zip(rows, panels, strict=True):
        drawn |= _panel(axes, problem, breakdown, longest)
        axes.set_yticks(range(len(devices)), devices)
        axes.set_ylim(len(devices) - 0.5, -0.5)
        axes.set_xlim(0, longest * 1.02 or 1)
        axes.tick_params(labelsize=8, colors=INK)
        axes.spines[["top", "right"]].set_visible(False)
        axes.set_title(title, color=INK, fontsize=8, loc="left")
    rows[-1].set_xlabel("ms", color=INK)
    patches = [Patch(color=colour(kind), label=_KINDS[kind]) for kind in sorted(drawn)]
    drawing.legend(handles=patches, fontsize=8, frameon=False, ncols=4, loc="outside lower right")
    cost = format_quantity(certificate.objective or 0, problem.unit)
    told = f"{problem.model.name}: {problem.objective_in_words} {cost}"
    drawing.suptitle(told, color=INK, fontsize=10)
    return drawing


def _panels(
    problem: SplitComputingProblem, certificate: Certificate
) -> list[tuple[str, Breakdown]]:
    """Title and breakdown of each panel: the plan's own, or one per scenario, slowest first."""
    plan = certificate.plan
    if not problem.scenarios or not isinstance(plan, SplitComputingPlan):
        return [("", certificate.breakdown)]
    found = sorted(breakdowns(problem, plan), key=lambda item: -_whole(item[1]))[:_MOST]
    panels = []
    for scenario, breakdown in found:
        rates = ", ".join(format_quantity(r, "bit_per_s") for r in scenario.bandwidth_bit_per_s)
        latency = format_quantity(_whole(breakdown), "ns")
        energy = format_quantity(breakdown.totals["energy_uj"], "µJ")
        spent = f"{latency}, {energy}" if breakdown.totals["energy_uj"] else latency
        panels.append((f"{scenario.name} ({rates}; weight {scenario.weight}): {spent}", breakdown))
    return panels


def _whole(breakdown: Breakdown) -> int:
    return breakdown.totals["latency_ns"]


def _kind(what: str, layers: set[str]) -> int:
    """Index into _KINDS."""
    if what in layers:
        return _LAYERS
    return 1 if what.startswith("encoder of ") else 2 if what.startswith("gate after ") else 3


def _panel(
    axes: Axes, problem: SplitComputingProblem, breakdown: Breakdown, longest: float
) -> set[int]:
    """Draws the terms one after another, neighbouring layers under one name; the kinds drawn."""
    layers = {layer.name for layer in problem.model.layers}
    place = {device.name: index for index, device in enumerate(problem.devices)}
    rows = [row for row in breakdown.rows if int(row["latency_ns"])]
    start = 0.0
    drawn: set[int] = set()
    runs = groupby(rows, lambda row: (str(row["device"]), _kind(str(row["what"]), layers)))
    for (device, kind), run in runs:
        drawn.add(kind)
        terms = [(str(row["what"]), int(row["latency_ns"]) / 10**6) for row in run]
        for group in _named_together(terms, kind, longest):
            begun = start
            for _, length in group:
                edge = _EDGE if length > _THIN * longest else 0
                (bar,) = axes.barh(place[device], length, left=start, height=0.6)
                bar.set(color=colour(kind), edgecolor="white", linewidth=edge)
                start += length
            name = (", " if len(group) == 2 else " … ").join(dict.fromkeys(_ends(group)))
            _label(axes, name, place[device], (begun, start, longest), kind)
    return drawn


def _named_together(terms: list[Term], kind: int, longest: float) -> list[list[Term]]:
    """Terms under one name each: neighbouring layers where most are too narrow for their own."""
    fitting = sum(length for name, length in terms if length >= _width(name, longest))
    if kind == _LAYERS and 2 * fitting < sum(length for _, length in terms):
        return [terms]
    return [[term] for term in terms]


def _width(name: str, longest: float) -> float:
    """About how much of the axis a name takes, in ms."""
    return _LETTER * longest * len(name)


def _ends(group: list[Term]) -> tuple[str, str]:
    return group[0][0], group[-1][0]


def _label(axes: Axes, name: str, row: int, span: tuple[float, float, float], kind: int) -> None:
    """A name in its bar; that of several layers beside it, where there is room, if it is narrow."""
    begun, end, longest = span
    several = "…" in name or "," in name  # no layer is called so
    if end - begun >= _width(name, longest):
        ink = ink_on(colour(kind))
        axes.text((begun + end) / 2, row, name, ha="center", va="center", fontsize=6, color=ink)
    elif kind == _LAYERS and several and end > _FAR * longest:
        axes.text(begun, row, f"{name} ", ha="right", va="center", fontsize=6, color=INK)
    elif kind == _LAYERS and several:
        axes.text(end, row, f" {name}", ha="left", va="center", fontsize=6, color=INK)
