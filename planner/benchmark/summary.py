"""A run in Markdown: all tables of a run, and the one that README shows."""

from planner.benchmark import tables
from planner.benchmark.analysis import HeuristicGaps, Section
from planner.benchmark.session import Header
from planner.benchmark.words import markdown, percent, seconds

# Fewer problems say little about a worst case.
ENOUGH = 200


def about(header: Header) -> str:
    """What a run was, in a line."""
    found, machine = header.settings, header.machine
    where = f"{machine['processor']}, {machine['cores']} cores, {machine['memory']}"
    return (
        f"`edgeplan bench {found.suite}`, {header.date}, edgeplan "
        f"{header.versions.get('edgeplan', 'from its sources')}, code {header.code}; "
        f"{'a service' if found.server else where}; "
        f"{seconds(found.time_limit_ns)} per solve, seed {found.seed}"
    )


def summary(header: Header, found: list[Section]) -> str:
    """Every table, kind by kind."""
    parts = [f"# Benchmark\n\n{about(header)}"]
    for section in found:
        parts.append(f"## {section.kind}\n\n{section.proved} of {section.problems} optima proved.")
        parts += [f"**Contradiction**: {words}" for words in section.contradictions]
        if section.heuristics:
            parts.append(tables.heuristics(section.heuristics).to_markdown())
        if section.exact:
            parts.append(tables.exact(section).to_markdown())
        if section.climbs:
            limit = header.settings.time_limit_ns
            parts.append(tables.growth(section.climbs, limit).to_markdown())
        if section.peers:
            parts += [tables.PEERS, tables.peers(section.peers).to_markdown()]
    return "\n\n".join(parts) + "\n"


def gaps(header: Header, found: list[Section]) -> str:
    """The answer to the question how far heuristics are from optimal: a row per kind."""
    rows = []
    for section in found:
        known = [item for item in section.heuristics if item.worst is not None]
        known.sort(key=lambda item: (item.middle.value if item.middle else 0.0, item.worst or 0.0))
        if known:
            problems = max(len(item.values) + item.missing for item in known)
            text = "; ".join(_gap(item, problems) for item in known)
            rows.append((f"`{section.kind}`", text, str(problems)))
    table = markdown(("kind", "heuristic: median / worst gap", "problems"), rows)
    return f"{table}\n\n{about(header)}."


def _gap(item: HeuristicGaps, problems: int) -> str:
    """Median and worst; on how many problems, where not on all, and without a plan for how many."""
    middle = 0.0 if item.middle is None else item.middle.value
    words = f"`{item.method}` {percent(middle)} / {percent(item.worst or 0.0)}"
    tried = len(item.values) + item.missing
    if tried < problems:
        words += f" on {tried}"
    return words + (f", no plan for {item.missing}" if item.missing else "")


def renew(text: str, name: str, content: str) -> str:
    """A document with what stands between the marks of that name replaced.

    Raises ValueError where the marks are missing.
    """
    first, last = f"<!-- {name} -->\n", f"<!-- /{name} -->"
    before, mark, rest = text.partition(first)
    _, end, after = rest.partition(last)
    if not mark or not end:
        raise ValueError(f"there are no marks {first.strip()} and {last}")
    return f"{before}{first}\n{content}\n\n{last}{after}"
