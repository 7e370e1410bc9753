"""A drawing of a fleet plan: how full each uplink and server is in each window."""

from matplotlib.figure import Figure

from models.problems.split_fleet import SplitFleetProblem
from models.result import Certificate
from planner.plot.palette import FAINT, INK, colour

# More rows than this are drawn as the fullest ones.
_MOST = 60


def figure(problem: SplitFleetProblem, certificate: Certificate) -> Figure:
    """A bar per uplink or server and window, as a share of its room."""
    bars = []
    for row in certificate.breakdown.rows:
        unit = "bit_per_s" if "uplink" in row else "ppm"
        used, room = int(row[f"used_{unit}"]), int(row[f"room_{unit}"])
        name = str(row.get("uplink") or row.get("server"))
        bars.append((100 * used / max(room, 1), f"{name}, {row['window']}", unit))
    bars = sorted(bars, key=lambda bar: -bar[0])[:_MOST]
    drawing = Figure(figsize=(8, 1.2 + 0.25 * len(bars)), layout="constrained")
    axes = drawing.add_subplot()
    for place, (share, _, unit) in enumerate(bars):
        axes.barh(place, share, color=colour(int(unit == "ppm")), height=0.7)
    axes.set_yticks(range(len(bars)), [name for _, name, _ in bars])
    axes.tick_params(labelsize=7, colors=INK)
    axes.invert_yaxis()
    axes.set_xlim(0, 100)
    axes.margins(y=0.01)
    axes.set_xlabel("% of the room used (blue uplinks, orange servers)", color=INK)
    axes.set_title(f"{len(problem.streams)} streams: {problem.objective_in_words}", color=INK)
    axes.spines[["top", "right"]].set_color(FAINT)
    return drawing
