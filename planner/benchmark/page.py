"""The report: one HTML file without anything outside of it, legible in light and dark."""

from collections.abc import Iterable
from html import escape

from planner.benchmark import figures, tables
from planner.benchmark.analysis import Section
from planner.benchmark.growth import Climb
from planner.benchmark.session import Header
from planner.benchmark.standings import standings
from planner.benchmark.summary import about
from planner.benchmark.svg import DARK, LIGHT
from planner.benchmark.tables import Words
from planner.benchmark.words import seconds


def _variables(ink: str, faint: str, line: str, ground: str, series: Iterable[str]) -> str:
    named = {"ink": ink, "faint": faint, "line": line, "ground": ground}
    named |= {f"c{number}": code for number, code in enumerate(series)}
    return " ".join(f"--{name}: {code};" for name, code in named.items())


_STYLE = f"""
:root {{ color-scheme: light dark;
         {_variables("#1d1d1f", "#6b6b70", "#cfcfd4", "#ffffff", LIGHT)} }}
@media (prefers-color-scheme: dark) {{
  :root {{ {_variables("#ececf0", "#a0a0a8", "#4a4a52", "#17171a", DARK)} }}
}}
body {{ margin: 0 auto; max-width: 84rem; padding: 1.5rem; background: var(--ground);
       color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }}
h1 {{ font-size: 1.7rem; }} h2 {{ margin-top: 3rem; border-top: 1px solid var(--line);
     padding-top: 1rem; }} h3 {{ font-size: 1rem; margin: 0.5rem 0; }}
p.note, figcaption {{ color: var(--faint); font-size: 0.9rem; }}
p.alarm {{ color: var(--c1); font-weight: bold; }}
nav a {{ margin-right: 1rem; }} a {{ color: var(--c0); }}
.grid {{ display: grid; gap: 1.5rem;
        grid-template-columns: repeat(auto-fit, minmax(min(30rem, 100%), 1fr)); }}
figure {{ margin: 0; }} svg {{ max-width: 100%; height: auto; }}
.wide {{ overflow-x: auto; }}
table {{ margin: 1rem 0; border-collapse: collapse; font-size: 0.9rem;
        font-variant-numeric: tabular-nums; }}
th, td {{ text-align: right; padding: 0.2rem 0.7rem; border-bottom: 1px solid var(--line); }}
th:first-child, td:first-child {{ text-align: left; }} th {{ font-weight: 600; }}
"""


def page(header: Header, found: list[Section]) -> str:
    """The whole report."""
    limit = header.settings.time_limit_ns
    body = [
        "<h1>How far from optimal are the heuristics?</h1>",
        f"<p class='note'>{escape(about(header).replace('`', ''))}</p>",
        _figure(
            "", figures.overview(found), "Gap: (cost − optimum) / optimum, proved optima only."
        ),
        "<nav>",
        *(f"<a href='#{section.kind}'>{section.kind}</a>" for section in found),
        "</nav>",
        *(_section(section, limit) for section in found),
        _versions(header),
    ]
    return (
        "<!doctype html>\n<html lang='en'><head><meta charset='utf-8'>"
        "<meta name='viewport' content='width=device-width'>"
        f"<title>edgeplan bench {escape(header.settings.suite)}</title>"
        f"<style>{_STYLE}</style></head><body>\n" + "\n".join(body) + "\n</body></html>\n"
    )


def _section(section: Section, limit_ns: int) -> str:
    proved = f"{section.proved} of {section.problems} optima proved."
    parts = [f"<h2 id='{section.kind}'>{section.kind}</h2>", f"<p>{proved}</p>"]
    parts += [f"<p class='alarm'>Contradiction: {escape(w)}</p>" for w in section.contradictions]
    limit = seconds(limit_ns)
    drawn = [
        _figure(
            "Gap to the optimum",
            figures.gap_figure(section.heuristics),
            "Thick: 95 % bootstrap interval of the median; thin: from the 5th to the 95th percent.",
        ),
        _figure(
            "Performance profile",
            figures.profile_figure(section),
            "Dolan and Moré (2002), problems that all were run on; below 1 ms counts as 1 ms.",
        ),
        _figure(
            "Gap over time",
            figures.time_figure(section),
            "The best eight methods, problems that all were run on; 100 % until there is a plan.",
        ),
        _figure(
            "Primal integral",
            figures.integral_figure(section.integrals),
            f"Berthold (2013) over {limit}; 100 %: no plan at all. Line: 95 % bootstrap interval.",
        ),
        *(
            _figure(
                f"Time to the proof: {family}",
                figures.growth_figure(climbs),
                f"Median of what is proved in {limit}; legend: fitted growth, n the size.",
            )
            for family, climbs in _families(section.climbs)
        ),
    ]
    parts.append(f"<div class='grid'>{''.join(drawn)}</div>")
    if section.heuristics:
        parts.append(_table(tables.heuristics(section.heuristics)))
    if section.exact:
        parts.append(_table(tables.exact(section)))
    if section.climbs:
        parts.append(_table(tables.growth(section.climbs, limit_ns)))
    if section.peers:
        parts.append("<h3>Beside the figures of others</h3>")
        parts.append(_table(standings(section.peers)))
        parts.append(f"<p class='note'>{tables.PEERS}</p>")
        parts.append(_table(tables.peers(section.peers)))
    return "\n".join(parts)


def _families(found: Iterable[Climb]) -> list[tuple[str, list[Climb]]]:
    grouped: dict[str, list[Climb]] = {}
    for climb in found:
        grouped.setdefault(climb.family, []).append(climb)
    return list(grouped.items())


def _figure(title: str, drawing: str | None, caption: str) -> str:
    """A figure, nothing where nothing is drawn."""
    if drawing is None:
        return ""
    heading = f"<h3>{escape(title)}</h3>" if title else ""
    return f"<figure>{heading}{drawing}<figcaption>{escape(caption)}</figcaption></figure>"


def _table(words: Words) -> str:
    head = "".join(f"<th>{escape(cell)}</th>" for cell in words.header)
    rows = "".join(
        f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in words.rows
    )
    return f"<div class='wide'><table><tr>{head}</tr>{rows}</table></div>"


def _versions(header: Header) -> str:
    named = {**header.machine, **header.versions}
    listed = ", ".join(f"{escape(name)} {escape(value)}" for name, value in named.items())
    return f"<p class='note'>{listed}</p>"
