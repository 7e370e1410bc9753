"""The drawings of the report; each is None where there is nothing to draw."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, NullFormatter, NullLocator

from planner.benchmark.analysis import HeuristicGaps, Interval, Section
from planner.benchmark.growth import LEAST_SIZES, Climb, Growth
from planner.benchmark.svg import canvas, colour, dash, inline
from planner.benchmark.words import percent, seconds
from planner.plot.palette import FAINT, INK

_WIDTH = 6.4
# Below a tenth of a percent the scale of gaps is linear, down to an optimal plan at 0.
_LINEAR = 0.001
_MARKS = "os^vDP*X"
_STEPS = (0, 0.001, 0.01, 0.1, 1, 10, 100, 1000, 10_000)


def overview(found: Sequence[Section]) -> str | None:
    """A row per kind: the median gap of each heuristic, the best one named."""
    kinds = [s for s in found if any(h.middle for h in s.heuristics)]
    if not kinds:
        return None
    with canvas(2 * _WIDTH, 0.42 * len(kinds) + 0.9) as (figure, axes):
        largest = 0.0
        for row, section in enumerate(kinds):
            known = ranked(section.heuristics)
            largest = max(largest, known[-1][0])
            axes.scatter(
                [gap for gap, _ in known], [row] * len(known), s=26, color=FAINT, alpha=0.6
            )
            axes.scatter([known[0][0]], [row], s=60, color=colour(0), zorder=3)
            axes.annotate(
                known[0][1], (known[0][0], row), (7, 6), textcoords="offset points", fontsize=9
            )
        _rows(axes, [section.kind for section in kinds])
        _gap_axis(axes, largest)
        axes.set_xlabel("median gap to the optimum; grey: each heuristic, blue: the best one")
        return inline(figure, "median gap of every heuristic by kind of problem")


def ranked(found: Sequence[HeuristicGaps]) -> list[tuple[float, str]]:
    """Median gap and name of each heuristic that has one, the best first: of equal ones by mean."""
    known = [
        (item.middle.value, item.mean.value, item.method)
        for item in found
        if item.middle is not None and item.mean is not None
    ]
    return [(middle, method) for middle, _, method in sorted(known)]


def gap_figure(found: Sequence[HeuristicGaps]) -> str | None:
    """A row per heuristic: median with its interval, the middle nine tenths, the worst."""
    known = [item for item in found if item.middle is not None and item.values]
    if not known:
        return None
    with canvas(_WIDTH, 0.34 * len(known) + 0.9) as (figure, axes):
        for row, item in enumerate(known):
            ink = colour(row)
            middle = item.middle
            if middle is None:
                continue
            last = len(item.values) - 1
            low, high = item.values[round(0.05 * last)], item.values[round(0.95 * last)]
            axes.plot([low, high], [row, row], color=ink, linewidth=1.2)
            axes.plot([middle.low, middle.high], [row, row], color=ink, linewidth=6, alpha=0.45)
            axes.scatter([middle.value], [row], s=34, color=ink, zorder=3)
            axes.scatter([item.values[-1]], [row], s=34, marker="x", color=ink, zorder=3)
        _rows(axes, [item.method for item in known])
        _gap_axis(axes, max(item.values[-1] for item in known))
        axes.set_xlabel("gap to the optimum; ● median, × worst")
        return inline(figure, "gap to the optimum of each heuristic")


def profile_figure(section: Section) -> str | None:
    """The share of problems proved within a factor of the fastest method's time."""
    drawn = [item for item in section.profiles if item.ratios]
    if not drawn:
        return None
    end = max(2.0, *(1.3 * item.ratios[-1] for item in drawn))
    with canvas(_WIDTH, 3.2) as (figure, axes):
        for number, item in enumerate(drawn):
            shares = [(place + 1) / item.problems for place in range(len(item.ratios))]
            axes.step(
                [1.0, *item.ratios, end],
                [0.0, *shares, shares[-1]],
                where="post",
                linewidth=1.8,
                label=f"{item.method} ({len(item.ratios)} of {item.problems})",
                color=colour(number),
                linestyle=dash(number),
            )
        axes.set_xscale("log")
        axes.set_xlim(1, end)
        axes.set_ylim(0, 1.03)
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}×"))
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.0%}"))
        axes.set_xlabel("time to the proof, as a multiple of the fastest method's")
        axes.set_ylabel("problems proved")
        figure.legend(loc="outside right upper")
        return inline(figure, "performance profile of the exact methods")


def time_figure(section: Section, most: int = 8) -> str | None:
    """The mean distance to the optimum of the best plan so far, of the best few methods."""
    ranked = sorted(section.integrals, key=lambda name: section.integrals[name].value)
    drawn = [name for name in ranked if name in section.curves][:most]
    if not drawn:
        return None
    with canvas(_WIDTH, 3.2) as (figure, axes):
        for number, name in enumerate(drawn):
            curve = section.curves[name]
            axes.plot(
                section.grid_ns,
                curve,
                linewidth=1.8,
                label=name,
                color=colour(number),
                linestyle=dash(number),
            )
        axes.set_xscale("log")
        axes.set_xlim(section.grid_ns[0], section.grid_ns[-1])
        _time_ticks(axes, "x")
        axes.set_yscale("symlog", linthresh=_LINEAR)
        axes.set_ylim(0, 1.3)
        axes.yaxis.set_major_locator(FixedLocator(_STEPS[:5]))
        axes.yaxis.set_minor_locator(NullLocator())
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: percent(value)))
        axes.set_xlabel("time since the start")
        axes.set_ylabel("mean primal gap")
        figure.legend(loc="outside right upper")
        return inline(figure, "mean primal gap over time")


def integral_figure(found: dict[str, Interval]) -> str | None:
    """A bar per method: the mean primal integral, least first."""
    if not found:
        return None
    ranked = sorted(found, key=lambda name: found[name].value)
    with canvas(_WIDTH, 0.3 * len(ranked) + 0.9) as (figure, axes):
        for row, name in enumerate(ranked):
            item = found[name]
            axes.barh(row, item.value, height=0.55, color=colour(0), alpha=0.75)
            axes.plot([item.low, item.high], [row, row], color=INK, linewidth=1.4)
            axes.annotate(
                percent(item.value), (item.high, row), (5, -3), textcoords="offset points",
                fontsize=9,
            )  # fmt: skip
        _rows(axes, ranked)
        axes.set_xlim(0, 1.18 * max(item.high for item in found.values()) or 1)
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value * 100:g} %"))
        axes.set_xlabel("primal integral, of the time limit")
        return inline(figure, "primal integral of each method")


def growth_figure(found: Sequence[Climb]) -> str | None:
    """Median time to the proof by size on two logarithmic scales, with the fitted laws."""
    drawn = [climb for climb in found if climb.times]
    if not any(len(climb.times) >= LEAST_SIZES for climb in drawn):
        return None
    with canvas(_WIDTH, 3.4) as (figure, axes):
        for number, climb in enumerate(drawn):
            sizes = sorted(climb.times)
            law = climb.growth if isinstance(climb.growth, Growth) else None
            label = climb.method if law is None else f"{climb.method}: {law.in_words}"
            axes.plot(
                sizes,
                [climb.times[size] for size in sizes],
                marker=_MARKS[number % len(_MARKS)],
                markersize=5,
                linewidth=0.8,
                alpha=0.9,
                color=colour(number),
                label=label,
            )
            if law is not None:
                span = law.sizes
                ends = [span[0] + (span[-1] - span[0]) * step / 40 for step in range(41)]
                axes.plot(
                    ends,
                    [law.at(size) for size in ends],
                    linewidth=1.6,
                    color=colour(number),
                )
        axes.set_xscale("log")
        axes.set_yscale("log")
        shown = sorted({size for climb in drawn for size in climb.times})
        axes.xaxis.set_major_locator(FixedLocator(shown if len(shown) <= 9 else shown[::2]))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        _time_ticks(axes, "y")
        axes.set_xlabel(drawn[0].unit)
        axes.set_ylabel("time to the proof")
        figure.legend(loc="outside right upper")
        return inline(figure, f"time to the proof by {drawn[0].unit}")


def _rows(axes: Axes, names: Sequence[str]) -> None:
    """Names beside horizontal rows, the first on top."""
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.grid(visible=False, axis="y")


def _gap_axis(axes: Axes, largest: float) -> None:
    """Gaps from 0 on, linear up to a tenth of a percent and logarithmic from there."""
    axes.set_xscale("symlog", linthresh=_LINEAR)
    end = next((step for step in _STEPS if step > largest), largest)
    axes.set_xlim(-0.0003, max(end, 0.1) * 1.4)
    axes.xaxis.set_major_locator(FixedLocator([s for s in _STEPS if s <= max(end, 0.1)]))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: _share(value)))


def _share(value: float) -> str:
    """A decade of gaps in few letters."""
    return f"{value * 100:g} %" if value < 10 else f"{value:g}×"


def _time_ticks(axes: Axes, which: str) -> None:
    axis = axes.xaxis if which == "x" else axes.yaxis
    low, high = axis.get_data_interval()
    # Within two decades the powers of ten alone are too few to read a figure off.
    axis.set_major_locator(LogLocator(base=10, subs=(1, 2, 5) if high < 100 * low else (1,)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: seconds(value)))
    axis.set_minor_formatter(NullFormatter())
