"""Public sets in a few lines: how far each method, and what others found, is above what is proved.

Problems of public sets are often larger than a proof allows. What a plan costs is then measured
against the best bound that any exact method has proved, which is at most the optimum.
"""

from collections import defaultdict
from collections.abc import Sequence
from statistics import median

from planner.benchmark.record import Record
from planner.benchmark.results import answers, gap
from planner.benchmark.tables import Words
from planner.benchmark.words import NOTHING, percent, seconds


def standings(rows: Sequence[Record]) -> Words:
    """A row per method: plans, how many cost the least of all, costs above the bound, median time.

    rows: of one kind's public problems, those of others among them.
    """
    known = answers(rows)
    found: dict[str, list[Record]] = defaultdict(list)
    least: dict[tuple[str, str], int] = {}
    for row in rows:
        found[row.method].append(row)
        if row.objective is not None:
            least[row.case] = min(row.objective, least.get(row.case, row.objective))
    table = []
    for method, own in found.items():
        planned = [row for row in own if row.objective is not None]
        above = [gap(row.objective, known[row.case].bound) for row in planned if row.case in known]
        walls = [row.wall_ns for row in own if row.wall_ns is not None]
        table.append(
            (
                method,
                f"{len(planned)} of {len(own)}",
                str(sum(row.objective == least[row.case] for row in planned)),
                *_middle_and_worst([share for share in above if share is not None]),
                seconds(median(walls)) if walls else NOTHING,
            )
        )
    header = ("method", "plans", "cheapest", "above the bound", "worst", "median time")
    return Words(header, tuple(table))


def _middle_and_worst(shares: Sequence[float]) -> tuple[str, str]:
    return (percent(median(shares)), percent(max(shares))) if shares else (NOTHING, NOTHING)
