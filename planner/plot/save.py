"""From a figure to bytes: the same figure gives the same bytes."""

from io import BytesIO

import matplotlib as mpl
from matplotlib.figure import Figure

_DPI = 150


def image(figure: Figure, suffix: str) -> bytes:
    """A figure as .svg, .png or .pdf, without the time of day in it."""
    kind = suffix.removeprefix(".")
    metadata = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}.get(kind)
    buffer = BytesIO()
    with mpl.rc_context({"svg.hashsalt": "edgeplan"}):
        figure.savefig(buffer, format=kind, dpi=_DPI, metadata=metadata)
    return buffer.getvalue()
