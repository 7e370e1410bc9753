"""A drawing of a placement: the layers of every node, and how much of what may pass it does."""

from matplotlib.figure import Figure

from models.problems.serving_flow import ServingFlowProblem
from models.result import Certificate
from models.units import format_quantity
from planner.plot.palette import FAINT, INK, colour, tint


def figure(problem: ServingFlowProblem, certificate: Certificate) -> Figure:
    """A bar per node over its layers, in the order of their starts; one colour per node type."""
    rows = sorted(certificate.breakdown.rows, key=lambda row: (int(row["start"]), int(row["stop"])))
    types = {node.name: node.type for node in problem.nodes}
    places = {name: place for place, name in enumerate(dict.fromkeys(types.values()))}
    drawing = Figure(figsize=(8, 1.4 + 0.26 * len(rows)), layout="constrained")
    axes = drawing.add_subplot()
    for place, row in enumerate(rows):
        base = colour(places[types[str(row["node"])]])
        start, width = int(row["start"]), int(row["stop"]) - int(row["start"])
        used = int(row["flow_utokens_per_s"]) / int(row["room_utokens_per_s"])
        axes.barh(place, width, left=start, color=tint(base, 0.35), height=0.8)
        axes.barh(place, width, left=start, color=base, height=0.8 * used)
    names = [
        f"{row['node']} ({types[str(row['node'])]}): "
        f"{format_quantity(int(row['flow_utokens_per_s']), 'utokens_per_s')}"
        for row in rows
    ]
    axes.set_yticks(range(len(rows)), names)
    axes.tick_params(labelsize=7, colors=INK)
    axes.invert_yaxis()
    axes.set_xlim(0, problem.layers)
    axes.margins(y=0.01)
    axes.set_xlabel("layers held; the height filled is the share of the node in use", color=INK)
    flow = certificate.breakdown.totals.get("flow_utokens_per_s", 0)
    title = f"{problem.size_in_words}: {format_quantity(flow, 'utokens_per_s')}"
    axes.set_title(title, color=INK, fontsize=10, loc="left")
    axes.spines[["top", "right"]].set_color(FAINT)
    return drawing
