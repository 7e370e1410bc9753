"""Figures in words, and rows of words as a table in Markdown."""

from collections.abc import Iterable, Sequence

NOTHING = "–"


def percent(share: float) -> str:
    """A share as a person would write it: 0 %, 0.02 %, 3.1 %, 250 %, from 1000 % on 10×."""
    if share >= 10:
        return f"{share:,.0f}×"
    hundredths = share * 100
    digits = 0 if hundredths == 0 or hundredths >= 10 else 1 if hundredths >= 1 else 2
    return f"{hundredths:.{digits}f} %"


def digits(value: float) -> str:
    """Two digits of a positive number, none in an exponent: 0.77, 1.4, 12, 120, 2,800."""
    rounded = float(f"{value:.2g}")
    return f"{rounded:,.0f}" if rounded >= 10 else f"{rounded:g}"


def seconds(nanoseconds: float) -> str:
    """A time in three digits and its unit."""
    for unit, size in (("s", 1e9), ("ms", 1e6), ("µs", 1e3)):
        # 999.6 ms are a second in three digits.
        if nanoseconds >= size * 0.9995:
            return f"{nanoseconds / size:.3g} {unit}"
    return f"{nanoseconds:.0f} ns"


def markdown(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; bars in cells are escaped."""
    return "\n".join(map(row, (header, ["---"] * len(header), *rows)))


def row(cells: Sequence[str]) -> str:
    """One line of a table."""
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"
