"""Gantt chart of a simulated pipeline: a row per stage, transfers below computing."""

from collections.abc import Mapping, Sequence
from itertools import groupby
from types import MappingProxyType
from typing import Any

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, MaxNLocator

from models.simulation import Bar
from models.units import format_quantity
from planner.plot.palette import INK, LINE, colour, ink_on, tint
from planner.plot.pipeline_partition_cards import shorten
from planner.simulate.flow import TRANSFER
from planner.simulate.pipeline_training import BACKWARD, REDUCES

ROW_INCHES = 0.34
PRIME = "′"  # a pass back
_COMPUTE = (-0.38, 0.5)  # top and height inside a row
_TRANSFER = (0.16, 0.22)
_LEAST_WIDTH_FOR_A_NUMBER = 0.016
_STOP: dict[str, Any] = {"color": INK, "linestyle": "--", "linewidth": 1}
_TOLD = 2  # stops in the legend


def draw_gantt(
    axes: Axes,
    bars: Sequence[Bar],
    devices: Sequence[str],
    stops_ns: Mapping[str, int] = MappingProxyType({}),
) -> None:
    """Fill the axes; devices: of the rows in their order; stops_ns: who stops when, marked."""
    end = max(bar.stop_ns for bar in bars)
    for (stage, transfer), group in groupby(sorted(bars, key=_row), key=_row):
        _draw_row(axes, list(group), stage, transfer=transfer, end=end)
    axes.set_xlim(0, max(end, *stops_ns.values(), 0) * 1.005)
    axes.set_ylim(len(devices) - 0.5, -0.5)
    for stop in stops_ns.values():
        axes.axvline(stop, **_STOP)
    names = [f"{n}: {device}" for n, device in enumerate(devices, 1)]
    axes.set_yticks(range(len(devices)), names, fontsize=8)
    axes.tick_params(axis="y", length=0)
    axes.xaxis.set_major_locator(MaxNLocator(8))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: _clock(value)))
    axes.tick_params(axis="x", labelsize=8)
    axes.grid(axis="x", color=LINE, linewidth=0.6)
    axes.set_axisbelow(True)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    _legend(axes, stops_ns, training=any(bar.work == BACKWARD for bar in bars))


def _row(bar: Bar) -> tuple[int, bool]:
    """Where a bar stands: its stage, and whether below the computing."""
    return bar.stage, bar.work == TRANSFER


def _draw_row(axes: Axes, bars: list[Bar], stage: int, *, transfer: bool, end: int) -> None:
    base = colour(stage)
    top, height = _TRANSFER if transfer else _COMPUTE
    # Neighbouring units differ in shade, so that back-to-back bars can be told apart.
    shades = [tint(base, 1.0 if bar.unit % 2 == 0 else 0.6) for bar in bars]
    axes.broken_barh(
        [(bar.start_ns, bar.stop_ns - bar.start_ns) for bar in bars],
        (stage + top, height),
        facecolors=[tint(base, 0.25)] * len(bars) if transfer else shades,
        edgecolor=base if transfer else "white",
        hatch="/////" if transfer else None,
        linewidth=0.6,
    )
    for bar, shade in zip(bars, shades, strict=True):
        if not transfer and bar.stop_ns - bar.start_ns > _LEAST_WIDTH_FOR_A_NUMBER * end:
            axes.text(
                (bar.start_ns + bar.stop_ns) / 2,
                stage + top + height / 2,
                _label(bar),
                fontsize=7,
                color=ink_on(shade),
                ha="center",
                va="center_baseline",
            )


def _label(bar: Bar) -> str:
    back = PRIME if bar.work == BACKWARD else ""
    what = "∑" if bar.work == REDUCES else f"{bar.unit + 1}{back}"
    return f"{what}, lost" if bar.lost else what


def _legend(axes: Axes, stops_ns: Mapping[str, int], *, training: bool) -> None:
    numbers = f"number of the unit; {PRIME} back, ∑ averaging" if training else "number of the unit"
    shown: list[Artist] = [
        Patch(facecolor=tint(colour(0), 1.0), label=f"computing ({numbers})"),
        Patch(
            facecolor=tint(colour(0), 0.25), edgecolor=colour(0), hatch="/////", label="transfer"
        ),
    ]
    if stops_ns:
        stops = [f"{shorten(name, 15)} stops at {_clock(ns)}" for name, ns in stops_ns.items()]
        told = ", ".join(stops[:_TOLD]) + (", …" if len(stops) > _TOLD else "")
        shown.append(Line2D([], [], label=told, **_STOP))
    axes.legend(
        handles=shown,
        loc="lower right",
        bbox_to_anchor=(1, 1),
        ncols=len(shown),
        fontsize=8,
        frameon=False,
        labelcolor=INK,
        borderaxespad=0.2,
    )


def _clock(value: float) -> str:
    """A tick: the quantity without the zeros behind its point."""
    number, _, unit = format_quantity(round(value), "ns").partition(" ")
    return f"{number.rstrip('0').rstrip('.') if '.' in number else number} {unit}"
