"""A run in Markdown: all tables of a run, and the one that README shows."""

from collections.abc import Collection, Iterable

from planner.benchmark import tables
from planner.benchmark.analysis import HeuristicGaps, Section
from planner.benchmark.session import Header
from planner.benchmark.standings import standings
from planner.benchmark.words import markdown, percent, row, seconds
from solvers.registry import REGISTRY

# Fewer problems say little about a worst case.
ENOUGH = 200


def about(header: Header) -> str:
    """What a run was, in a line."""
    found, machine = header.settings, header.machine
    cores = f"{machine['cores']} core{'s' if machine['cores'] != '1' else ''}"
    where = f"{machine['processor']}, {cores}, {machine['memory']}"
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
            parts.append(standings(section.peers).to_markdown())
            parts += [tables.PEERS, tables.peers(section.peers).to_markdown()]
    return "\n\n".join(parts) + "\n"


def gaps(header: Header, found: list[Section], before: str = "") -> str:
    """The answer to the question how far heuristics are from optimal: a row per kind.

    before: the same of other runs. A run of some kinds renews their rows alone, and what is said
    of where they come from; a run of all kinds leaves nothing of it.
    """
    rows = _rows(found)
    if not header.settings.kinds:
        return _with_sources(rows, [f"{about(header)}."])
    lines = before.splitlines()
    kept = {line.split("`")[1]: line for line in lines if line.startswith("| `")}
    rows = {kind: row for kind in REGISTRY if (row := {**kept, **rows}.get(kind))}
    sources = [line for line in lines if line and not line.startswith("|")]
    kinds = header.settings.kinds
    left = [one for line in sources if (one := _without(line, kinds))]
    return _with_sources(rows, [*left, f"{_named(kinds)}: {about(header)}."])


def _named(kinds: Iterable[str]) -> str:
    return ", ".join(f"`{kind}`" for kind in kinds)


def _without(source: str, kinds: Collection[str]) -> str:
    """Where rows come from, without kinds whose rows come from elsewhere; empty where all do."""
    named, colon, run = source.partition(": ")
    names = named.replace("`", "").split(", ")
    if not colon or not set(names) <= set(REGISTRY):
        return source
    rest = [name for name in names if name not in kinds]
    return f"{_named(rest)}: {run}" if rest else ""


def _with_sources(rows: dict[str, str], sources: list[str]) -> str:
    table = markdown(("kind", "heuristic: median / worst gap", "problems"), ())
    return "\n".join((table, *rows.values())) + "\n\n" + "\n\n".join(sources)


def _rows(found: list[Section]) -> dict[str, str]:
    """A row of the table by kind."""
    rows = {}
    for section in found:
        known = [item for item in section.heuristics if item.worst is not None]
        known.sort(key=lambda item: (item.middle.value if item.middle else 0.0, item.worst or 0.0))
        if known:
            problems = max(len(item.values) + item.missing for item in known)
            text = "; ".join(_gap(item, problems) for item in known)
            rows[section.kind] = row((f"`{section.kind}`", text, str(problems)))
    return rows


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
    before, _, after = _cut(text, name)
    return f"{before}\n{content}\n\n{after}"


def between(text: str, name: str) -> str:
    """What stands between the marks of that name. Raises ValueError where they are missing."""
    return _cut(text, name)[1]


def _cut(text: str, name: str) -> tuple[str, str, str]:
    """A document up to the first mark, between the marks, and from the last one on."""
    first, last = f"<!-- {name} -->\n", f"<!-- /{name} -->"
    before, mark, rest = text.partition(first)
    content, end, after = rest.partition(last)
    if not mark or not end:
        raise ValueError(f"there are no marks {first.strip()} and {last}")
    return before + mark, content, end + after
