"""The figures of a run as tables of words: for the summary, the report and the ledger."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from models.units import format_quantity
from planner.benchmark.analysis import HeuristicGaps, Section
from planner.benchmark.growth import Climb, Growth, NoLaw
from planner.benchmark.record import Record
from planner.benchmark.words import NOTHING, markdown, percent, seconds

# How a method ended at the first size that it did not prove.
_ENDS = {
    "time-limit": "out of time",
    "memory-limit": "out of memory",
    "unsupported": "too large for it",
    "heuristic": "no proof, by its tolerances",
    "failed": "lost its process",
}


# What stands in the cells of `peers`.
PEERS = (
    "Costs, of which less is better (where quality or flow is maximised, what is missing of it), "
    "and times; ✓: proved."
)


@dataclass(frozen=True)
class Words:
    """A table ready to be written: a header and rows of equal length."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def to_markdown(self) -> str:
        """As Markdown."""
        return markdown(self.header, self.rows)


def heuristics(found: Sequence[HeuristicGaps]) -> Words:
    """Gaps by heuristic; the interval is of the median."""
    header = ("heuristic", "median gap", "95 %", "worst", "mean", "optimal", "problems", "no plan")
    return Words(header, tuple(_heuristic(item) for item in found))


def _heuristic(item: HeuristicGaps) -> tuple[str, ...]:
    middle, average = item.middle, item.mean
    if middle is None or average is None or item.worst is None:
        return (item.method, *[NOTHING] * 4, "0", "0", _missing(item))
    return (
        item.method,
        percent(middle.value),
        f"{percent(middle.low)} to {percent(middle.high)}",
        percent(item.worst),
        percent(average.value),
        f"{item.optimal} of {len(item.values)}",
        _measured(item),
        _missing(item),
    )


def _measured(item: HeuristicGaps) -> str:
    """How many problems by source; those above an optimum of 0 have no gap and stand beside."""
    counts = [f"{number} {source}" for source, number in item.sources.items()]
    above = [f"{item.boundless} more above an optimum of 0"] if item.boundless else []
    return ", ".join([*counts, *above])


def _missing(item: HeuristicGaps) -> str:
    """How many problems it has no plan for, and the families that it has none for at all."""
    return ", ".join([str(item.missing), *(f"none of '{name}'" for name in item.untaken)])


def exact(section: Section) -> Words:
    """Times to the proof by exact method."""
    header = ("exact method", "proved", "median time", "slowest")
    return Words(
        header,
        tuple(
            (
                item.method,
                f"{item.proved} of {item.tried}",
                NOTHING if item.median_ns is None else seconds(item.median_ns),
                NOTHING if item.slowest_ns is None else seconds(item.slowest_ns),
            )
            for item in section.exact
        ),
    )


def growth(found: Sequence[Climb], limit_ns: int) -> Words:
    """How far each exact method got within the limit, and the fitted law of its time."""
    largest = f"largest proved in {seconds(limit_ns)}"
    header = ("family", "exact method", largest, "time", "memory", "then", "fit")
    return Words(header, tuple(_climb(climb) for climb in found))


def _climb(climb: Climb) -> tuple[str, ...]:
    if climb.largest is None:
        return (climb.family, climb.method, "none", NOTHING, NOTHING, _then(climb), NOTHING)
    return (
        climb.family,
        climb.method,
        f"{climb.largest:,} {climb.unit}",
        seconds(climb.times[climb.largest]),
        NOTHING if climb.peak_bytes is None else format_quantity(climb.peak_bytes, "bytes"),
        _then(climb),
        _fit(climb.growth),
    )


def _then(climb: Climb) -> str:
    """Why it got no further."""
    if climb.failed is not None:
        return f"{climb.failed:,}: {_ENDS.get(climb.reason, climb.reason)}"
    return "a document allows no more" if climb.ceiling else "not tried"


def _fit(law: Growth | NoLaw) -> str:
    if isinstance(law, NoLaw):
        return law.value
    return f"{law.in_words}, R² {law.r_squared:.2f}, {law.sizes[0]:,} to {law.sizes[-1]:,}"


def peers(rows: Sequence[Record]) -> Words:
    """A row per problem of a public set, a column per method, figures of others last."""
    names = list(dict.fromkeys(row.method for row in rows))
    grouped: dict[str, dict[str, Record]] = defaultdict(dict)
    for row in rows:
        grouped[row.instance][row.method] = row
    kept = [
        (instance, *(_outcome(found.get(name)) for name in names))
        for instance, found in sorted(grouped.items())
    ]
    return Words(("problem", *names), tuple(kept))


def _outcome(row: Record | None) -> str:
    """An objective, ✓ where it is proved, and the time."""
    if row is None or row.reason == "unsupported":
        return NOTHING
    value = NOTHING if row.objective is None else format_quantity(row.objective, row.unit)
    took = "" if row.wall_ns is None else f", {seconds(row.wall_ns)}"
    return f"{value}{' ✓' if row.proved else ''}{took}"
