"""The dated ledger: what each run found, the latest first; nothing is ever taken out of it."""

from planner.benchmark import tables
from planner.benchmark.analysis import Section
from planner.benchmark.compare import Comparison
from planner.benchmark.session import Header
from planner.benchmark.standings import standings
from planner.benchmark.summary import about
from planner.benchmark.words import markdown, percent

_MARK = "<!-- entries, the latest first -->\n"


def add(text: str, entry: str) -> str:
    """A ledger with another entry. Raises ValueError where its mark is missing."""
    before, mark, after = text.partition(_MARK)
    if not mark:
        raise ValueError(f"there is no mark {_MARK.strip()}")
    return f"{before}{mark}\n{entry.strip()}\n{after}"


def of_run(header: Header, found: list[Section], note: str) -> str:
    """The entry of a run: times to the proof, gaps, public sets against bounds, growth."""
    parts = [f"## {header.date}, {header.settings.suite}", f"{about(header)}.", note]
    times = [(section.kind, *row) for section in found for row in tables.exact(section).rows]
    parts.append(markdown(("kind", "exact method", "proved", "median time", "slowest"), times))
    gaps = [
        (
            section.kind,
            item.method,
            percent(item.middle.value),
            percent(item.worst or 0.0),
            f"{item.optimal} of {len(item.values)}",
        )
        for section in found
        for item in section.heuristics
        if item.middle is not None
    ]
    if gaps:
        parts.append(markdown(("kind", "heuristic", "median gap", "worst", "optimal"), gaps))
    parts += [
        f"`{section.kind}`, against the best bound:\n\n{standings(section.peers).to_markdown()}"
        for section in found
        if section.peers
    ]
    limit = header.settings.time_limit_ns
    climbs = [
        (section.kind, *row)
        for section in found
        for row in tables.growth(section.climbs, limit).rows
    ]
    if climbs:
        names = tables.growth((), limit).header
        parts.append(markdown(("kind", *names), climbs))
    return "\n\n".join(part for part in parts if part)


def of_comparison(before: Header, after: Header, found: Comparison, note: str) -> str:
    """The entry of a comparison: each regression, or that there is none."""
    parts = [
        f"## {after.date}, {after.settings.suite}, code {before.code} to {after.code}",
        f"Machine factor {found.machine_factor:.2f}; {len(found.findings)} tests.",
        note,
    ]
    rows = [(item.kind, item.method, item.respect, item.detail) for item in found.regressions]
    if rows:
        parts.append(markdown(("kind", "method", "regression in", "what"), rows))
    else:
        parts.append("No regression.")
    return "\n\n".join(part for part in parts if part)
