"""A simulated run on one page: the Gantt chart, and how busy every device and link was."""

from collections.abc import Mapping

from matplotlib.figure import Figure

from models.simulation import Simulation
from planner.plot.gantt import ROW_INCHES, draw_gantt
from planner.plot.palette import FAINT, INK
from planner.plot.pipeline_partition_cards import shorten
from planner.plot.save import image
from planner.simulate.flow import TRANSFER

_WIDTH = 10.0
_LEFT = 2.1
_RIGHT = 0.35
_TOP = 1.1
_BOTTOM = 0.45


def draw_simulation(
    title: str, simulation: Simulation, suffix: str, stops_ns: Mapping[str, int]
) -> bytes:
    """The page as an image; suffix: one of SUFFIXES; stops_ns: who stopped, and when.

    Raises ValueError without bars.
    """
    return image(figure(title, simulation, stops_ns), suffix)


def figure(title: str, simulation: Simulation, stops_ns: Mapping[str, int]) -> Figure:
    """The page; its height grows with the stages."""
    stages = {bar.stage: bar.machine for bar in simulation.bars if bar.work != TRANSFER}
    if not stages:
        raise ValueError("nothing ran, so there is nothing to draw")
    busy = {use.machine: use.utilisation_ppm / 10**4 for use in simulation.machines}
    # A device that stopped before anything ran on it keeps its row, empty.
    devices = [
        f"{shorten(stages[n], 15)}, {busy[stages[n]]:.0f} % busy" if n in stages else "nothing ran"
        for n in range(1 + max(bar.stage for bar in simulation.bars))
    ]
    chart = max(len(devices), 3) * ROW_INCHES
    height = _TOP + chart + _BOTTOM
    page = Figure(figsize=(_WIDTH, height))
    axes = page.add_axes(
        (_LEFT / _WIDTH, _BOTTOM / height, 1 - (_LEFT + _RIGHT) / _WIDTH, chart / height)
    )
    draw_gantt(axes, simulation.bars, devices, stops_ns)
    top = 1 - 0.35 / height
    page.text(0.035, top, shorten(title, 70), fontsize=13, weight="bold", color=INK)
    page.text(0.035, top - 0.25 / height, simulation.in_words, fontsize=8.5, color=FAINT)
    return page
