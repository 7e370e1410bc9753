"""Figures as SVG within a page: text stays text, colours are variables of the page's style.

So one drawing serves light and dark, and the page names each colour once.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from itertools import count

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from planner.plot.palette import FAINT, INK, LINE

# Okabe and Ito (2008) without black, then for dark ground: lighter where they would sink in it.
LIGHT = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#8a6d00")
DARK = ("#5cb3ee", "#ff8f4a", "#3ccfa4", "#e79ac6", "#f0b43c", "#8fd0ff", "#d9c24a")
_DASHES = ("-", "--", "-.", ":")
_NAMES = {
    INK.lower(): "var(--ink)",
    FAINT.lower(): "var(--faint)",
    LINE.lower(): "var(--line)",
    **{code: f"var(--c{number})" for number, code in enumerate(LIGHT)},
}
_numbers = count()


def colour(index: int) -> str:
    """Of the index-th line."""
    return LIGHT[index % len(LIGHT)]


def dash(index: int) -> str:
    """Of the index-th line; with its colour, lines repeat after 28."""
    return _DASHES[index // len(LIGHT) % len(_DASHES)]


@contextmanager
def canvas(width: float, height: float) -> Iterator[tuple[Figure, Axes]]:
    """A figure of that many inches and its axes, in ink on nothing."""
    settings = {
        "font.size": 10,
        "text.color": INK,
        "axes.labelcolor": INK,
        "axes.edgecolor": LINE,
        "xtick.color": FAINT,
        "ytick.color": FAINT,
        "xtick.labelcolor": INK,
        "ytick.labelcolor": INK,
        "grid.color": LINE,
        "grid.linewidth": 0.6,
        "axes.grid": True,
        "axes.axisbelow": True,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "legend.frameon": False,
        "legend.fontsize": 9,
        "svg.fonttype": "none",
        "svg.hashsalt": "edgeplan",
    }
    with mpl.rc_context(settings):
        figure = Figure(figsize=(width, height), layout="constrained")
        yield figure, figure.add_subplot()


def inline(figure: Figure, label: str) -> str:
    """An <svg> element for a page, with ids of its own; label: what a screen reader says."""
    buffer = BytesIO()
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "edgeplan"}):
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None})
    text = buffer.getvalue().decode()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r"<style[^>]*>\*\{[^<]*</style>", "", text)
    prefix = f"f{next(_numbers)}-"
    text = re.sub(r'\bid="', f'id="{prefix}', text)
    text = re.sub(r"url\(#", f"url(#{prefix}", text)
    text = re.sub(r'href="#', f'href="#{prefix}', text)
    for code, name in _NAMES.items():
        text = re.sub(re.escape(code), name, text, flags=re.IGNORECASE)
    return text.replace("<svg ", f'<svg role="img" aria-label="{label}" ', 1)
