"""Colours that stay apart for colour-blind eyes (Okabe and Ito, 2008), without black.

Every colour goes with a number or a name in the drawing: none is told by colour alone.
"""

Colour = tuple[float, float, float]

_OKABE_ITO = ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#56B4E9", "#CC79A7", "#F0E442")
INK = "#222222"
FAINT = "#767676"
LINE = "#C8C8C8"


def colour(index: int) -> Colour:
    """Red, green and blue of the index-th thing; repeats after seven."""
    code = _OKABE_ITO[index % len(_OKABE_ITO)]
    red, green, blue = (int(code[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return red, green, blue


def tint(base: Colour, share: float) -> Colour:
    """A colour mixed with white, `share` of it left."""
    red, green, blue = (1 - share * (1 - part) for part in base)
    return red, green, blue


def ink_on(base: Colour) -> str:
    """Black or white, whichever reads better on a colour (relative luminance, WCAG 2)."""
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in base]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return INK if luminance > 0.2 else "#FFFFFF"
