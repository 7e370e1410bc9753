"""A drawing of a placement: who holds each expert, experts by activations from left to right."""

import numpy as np
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from models.problems.offload_placement import OffloadPlacementPlan, OffloadPlacementProblem
from models.result import Certificate
from planner.plot.palette import FAINT, INK, colour, tint


def figure(problem: OffloadPlacementProblem, certificate: Certificate) -> Figure:
    """A row per layer and site; a cell is an expert, pale where another one serves it."""
    plan = certificate.plan
    if not isinstance(plan, OffloadPlacementPlan):
        raise TypeError("not a plan of an offload placement")
    names = [holder.name for holder in problem.holders]
    rows, labels = [], []
    for layer, item in zip(problem.layers, plan.layers, strict=True):
        for site, served in enumerate(item.served):
            order = sorted(range(layer.experts), key=lambda i: -layer.activations[site][i])
            copies = [item.copies[served[i]] for i in order]
            rows.append(
                [
                    2 * names.index(copy.holder) + (copy.expert != i)
                    for i, copy in zip(order, copies, strict=True)
                ]
            )
            where = f" at {problem.sites[site]}" if len(problem.sites) > 1 else ""
            labels.append(f"{layer.name}{where}")
    width = max(len(row) for row in rows)
    cells = np.full((len(rows), width), np.nan)
    for number, row in enumerate(rows):
        cells[number, : len(row)] = row
    drawing = Figure(figsize=(9, 1.6 + 0.18 * len(rows)), layout="constrained")
    axes = drawing.add_subplot()
    shades = [shade for n in range(len(names)) for shade in (colour(n), tint(colour(n), 0.5))]
    axes.imshow(
        cells, aspect="auto", interpolation="nearest", cmap=ListedColormap(shades),
        vmin=-0.5, vmax=len(shades) - 0.5,
    )  # fmt: skip
    step = max(1, len(rows) // 40)
    axes.set_yticks(range(0, len(rows), step), labels[::step])
    axes.tick_params(labelsize=7, colors=INK)
    axes.set_xlabel("experts, the most activated first", color=INK)
    axes.set_title("who serves the experts; pale: through another one", color=INK)
    axes.spines[:].set_color(FAINT)
    handles = [Patch(color=colour(n), label=name) for n, name in enumerate(names)]
    drawing.legend(handles=handles, loc="outside lower center", ncols=6, frameon=False)
    return drawing
