"""A drawing of a split: each term of its latency on the device that pays for it, in a row."""

from matplotlib.figure import Figure

from models.problems.split_computing import SplitComputingProblem
from models.result import Certificate
from planner.plot.palette import INK, colour

# Shorter terms than this part of the whole carry no name.
_NAMED = 0.04


def figure(problem: SplitComputingProblem, certificate: Certificate) -> Figure:
    """One bar per device, terms one after another; what is sent belongs to the sender."""
    rows = [row for row in certificate.breakdown.rows if int(row["latency_ns"])]
    devices = [device.name for device in problem.devices]
    whole = max(1, sum(int(row["latency_ns"]) for row in rows))
    drawing = Figure(figsize=(9, 1.2 + 0.7 * len(devices)), layout="constrained")
    axes = drawing.add_subplot()
    start = 0
    for number, row in enumerate(rows):
        length, place = int(row["latency_ns"]), devices.index(str(row["device"]))
        axes.barh(place, length / 10**6, left=start / 10**6, color=colour(number), height=0.6)
        if length > _NAMED * whole:
            middle = (start + length / 2) / 10**6
            axes.text(middle, place, str(row["what"]), ha="center", va="center", fontsize=6)
        start += length
    axes.set_yticks(range(len(devices)), devices)
    axes.tick_params(labelsize=8, colors=INK)
    axes.invert_yaxis()
    axes.set_xlabel("ms", color=INK)
    axes.set_title(f"{problem.model.name}: {problem.objective_in_words}", color=INK, fontsize=9)
    return drawing
