"""Cards for the devices of a pipeline plan, and their places. Coordinates are inches.

Cards stand in rows that turn at the ends like a furrow, so that one stage is always next to the
one before.
"""

from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.patches import FancyBboxPatch, Rectangle

from models.devices import Device
from models.units import format_quantity
from planner.plot.palette import FAINT, INK, colour, ink_on, tint

Row = dict[str, Any]
Point = tuple[float, float]

WIDTH, HEIGHT = 1.75, 1.0
_ACROSS, _DOWN = 0.95, 0.5  # gaps, wide enough for a transfer's time and rate
_BELOW = 0.22  # the return hop of a card in the last row is named there


@dataclass(frozen=True)
class Grid:
    """Places for cards: number of columns and of cards."""

    columns: int
    cards: int

    @property
    def size(self) -> Point:
        """Width and height, inches."""
        rows = -(-self.cards // self.columns)
        width = self.columns * (WIDTH + _ACROSS) - _ACROSS
        return width, rows * (HEIGHT + _DOWN) - _DOWN + _BELOW

    def corner(self, place: int) -> Point:
        """Lower left corner of a card; the first row's upper edge is at 0."""
        row, column = divmod(place, self.columns)
        column = column if row % 2 == 0 else self.columns - 1 - column
        return column * (WIDTH + _ACROSS), -row * (HEIGHT + _DOWN) - HEIGHT

    def centre(self, place: int) -> Point:
        """Centre of a card."""
        x, y = self.corner(place)
        return x + WIDTH / 2, y + HEIGHT / 2


def stage_card(axes: Axes, corner: Point, number: int, row: Row) -> None:
    """A device in use: its stage, layers, time, and how full its memory is."""
    base = colour(number - 1)
    x, y = corner
    card = _box(axes, corner, facecolor=tint(base, 0.12), edgecolor=base, linewidth=1.6)
    axes.add_patch(Rectangle((x + 0.08, y + 0.72), 0.26, 0.2, color=base, zorder=4))
    write(axes, (x + 0.21, y + 0.82), str(number), color=ink_on(base), ha="center", weight="bold")
    name = write(axes, (x + 0.41, y + 0.82), shorten(str(row["device"]), 17), weight="bold")
    name.set_clip_path(card)
    first, count = int(row["first_layer"]), int(row["layers"])
    held = f"layer {first}" if count == 1 else f"layers {first} to {first + count - 1} ({count})"
    write(axes, (x + 0.1, y + 0.6), held)
    write(axes, (x + 0.1, y + 0.43), f"computes {format_quantity(int(row['compute_ns']), 'ns')}")
    used, limit = int(row["memory_bytes"]), int(row["memory_limit_bytes"])
    write(axes, (x + 0.1, y + 0.26), f"{_amount(used)} of {_amount(limit)}")
    bar = WIDTH - 0.2
    axes.add_patch(Rectangle((x + 0.1, y + 0.08), bar, 0.08, color=tint(base, 0.3), zorder=4))
    filled = bar * used / max(limit, 1)
    axes.add_patch(Rectangle((x + 0.1, y + 0.08), filled, 0.08, color=base, zorder=5))


def idle_card(axes: Axes, corner: Point, device: Device) -> None:
    """A device that the plan leaves out."""
    x, y = corner
    style = {"facecolor": "white", "edgecolor": FAINT, "linewidth": 0.8, "linestyle": (0, (4, 3))}
    card = _box(axes, corner, **style)
    name = write(axes, (x + 0.1, y + 0.82), shorten(device.name, 21), color=FAINT, weight="bold")
    name.set_clip_path(card)
    write(axes, (x + 0.1, y + 0.6), "idle", color=FAINT)
    write(axes, (x + 0.1, y + 0.26), f"{_amount(device.memory_bytes)} free", color=FAINT)


def write(axes: Axes, at: Point, text: str, **style: Any) -> Any:
    """Small text, centred on its line; the matplotlib text."""
    plain: Row = {"fontsize": 7.5, "color": INK, "va": "center", "zorder": 6}
    return axes.text(*at, text, **(plain | style))


def shorten(name: str, width: int) -> str:
    """A name that fits, cut in its middle: both ends of device names tell them apart."""
    if len(name) <= width:
        return name
    tail = width // 3
    return f"{name[: width - tail - 1]}…{name[-tail:]}"


def _box(axes: Axes, corner: Point, **style: Any) -> Any:
    shape = "round,pad=0,rounding_size=0.08"
    return axes.add_patch(FancyBboxPatch(corner, WIDTH, HEIGHT, boxstyle=shape, zorder=3, **style))


def _amount(size: int) -> str:
    return format_quantity(size, "bytes")
