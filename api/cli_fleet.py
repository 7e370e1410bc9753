"""What the streams of a fleet do, counted: which option how many take, on which servers."""

from collections import Counter

from rich import box
from rich.table import Table

from models.problems.split_fleet import SplitFleetPlan, SplitFleetProblem
from models.units import format_quantity


def choices_table(problem: SplitFleetProblem, plan: SplitFleetPlan) -> Table:
    """A row per window and option, the most accurate first."""
    catalogue = {stream.name: stream.catalogue for stream in problem.streams}
    accuracy = {
        (name, option.name): option.accuracy_ppm
        for name, options in problem.options.items()
        for option in options
    }
    counts: Counter[tuple[str, int, str]] = Counter()
    servers: dict[tuple[str, int, str], Counter[str]] = {}
    for choice in plan.choices:
        ppm = accuracy[catalogue[choice.stream], choice.option]
        key = (choice.window, -ppm, choice.option)
        counts[key] += 1
        servers.setdefault(key, Counter())[choice.server or "on its device"] += 1
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
    for name, justify in (("window", "left"), ("option", "left"), ("accuracy", "right")):
        table.add_column(name, justify="left" if justify == "left" else "right")
    table.add_column("streams", justify="right")
    table.add_column("where")
    order = {window.name: number for number, window in enumerate(problem.windows)}
    for key in sorted(counts, key=lambda key: (order[key[0]], *key[1:])):
        where = ", ".join(f"{name} {count}" for name, count in sorted(servers[key].items()))
        table.add_row(key[0], key[2], format_quantity(-key[1], "ppm"), str(counts[key]), where)
    return table
