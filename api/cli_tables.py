"""Certificates and verdicts as tables; a column's unit is read off the end of its name."""

from collections.abc import Iterable

from rich import box
from rich.console import Console
from rich.table import Table

from api.cli_fleet import choices_table
from models.problems import AnyProblem
from models.problems.split_fleet import SplitFleetPlan, SplitFleetProblem
from models.result import Breakdown, Certificate, Proof, Run, Verification, Violation
from models.units import format_quantity
from planner.replan import Move

_SUFFIXES = ("bytes", "ns", "ppm", "bit_per_s", "utokens_per_s", "uj")
_PROOFS = {
    Proof.CLAIMED: "claimed by one exact method",
    Proof.AGREED: "agreed by unrelated exact methods",
    Proof.CHECKED: "checked against a bound computed from the problem itself",
}


def heading(column: str) -> tuple[str, str | None]:
    """A column's name for people, and the unit that its values are in, None for plain values."""
    for unit in _SUFFIXES:
        if column.endswith(f"_{unit}"):
            return column.removesuffix(f"_{unit}").replace("_", " "), unit
    return column.replace("_", " "), None


def cell(value: str | int, unit: str | None) -> str:
    """A value of a breakdown for people."""
    if isinstance(value, str):
        return value
    return format_quantity(value, unit or "")


def breakdown_tables(breakdown: Breakdown) -> list[Table]:
    """A row per row of the breakdown; rows with the same columns share a table."""
    alike: dict[tuple[str, ...], list[dict[str, str | int]]] = {}
    for row in breakdown.rows:
        alike.setdefault(tuple(row), []).append(row)
    return [_rows_table(rows) for rows in alike.values()]


def _rows_table(rows: list[dict[str, str | int]]) -> Table:
    table = _table()
    for column, value in rows[0].items():
        table.add_column(heading(column)[0], justify="left" if _is_text(value) else "right")
    for row in rows:
        table.add_row(*(cell(value, heading(column)[1]) for column, value in row.items()))
    return table


def totals_line(breakdown: Breakdown) -> str:
    """The totals, in one line."""
    return ", ".join(_total(name, value) for name, value in breakdown.totals.items())


def _total(name: str, value: int) -> str:
    words, unit = heading(name)
    if name == "accuracy_ppm" and value < 0:
        return f"{words} below 0 %: the losses given add up to more than the accuracy"
    return f"{words} {cell(value, unit)}"


def certificate_table(problem: AnyProblem, certificate: Certificate) -> Table:
    """What is vouched for: grade, objective, bound, who found and who proved."""
    table = Table.grid(padding=(0, 2))
    proof = certificate.proof
    grade = certificate.grade.upper()
    table.add_row("grade", f"{grade}, proof: {_PROOFS[proof]}" if proof else grade)
    for line in _flow(certificate.breakdown):
        table.add_row(*line)
    if certificate.objective is not None:
        amount = exact(certificate.objective, certificate.unit)
        table.add_row(objective_in_words(problem), f"{amount}, plan from {certificate.plan_from}")
    if certificate.lower_bound is not None:
        bound = exact(certificate.lower_bound, certificate.unit)
        gap = "" if certificate.gap is None else f", gap {percent(certificate.gap)}"
        table.add_row("lower bound", f"{bound}{gap}, bound from {certificate.bound_from}")
    table.add_row("time", format_quantity(certificate.timings_ns["total"], "ns"))
    return table


def _flow(breakdown: Breakdown) -> list[tuple[str, str]]:
    """What a shortfall is the shortfall of: there more is better, of everything else less is."""
    flow = breakdown.totals.get("flow_utokens_per_s")
    if flow is None:
        return []
    return [("flow (larger is better)", format_quantity(flow, "utokens_per_s"))]


def objective_in_words(problem: AnyProblem) -> str:
    """What was minimised."""
    return problem.objective_in_words


def exact(value: int, unit: str) -> str:
    """A quantity for people and, in brackets, the integer itself."""
    rounded, plain = format_quantity(value, unit), f"{value:,} {unit}"
    return plain if rounded == plain else f"{rounded} ({plain})"


def percent(gap: float) -> str:
    """A gap; one that is not 0 never looks like 0."""
    if 0 < gap < 0.0001:
        return "< 0.01 %"
    return f"{gap:.2%}".replace("%", " %")


def runs_table(runs: Iterable[Run], unit: str) -> Table:
    """A row per method that ran."""
    table = _table()
    for name in ("method", "ended", "objective", "lower bound", "time", "detail"):
        number = name in ("objective", "lower bound", "time")
        words = name == "detail"
        table.add_column(
            name, justify="right" if number else "left", overflow="fold", no_wrap=not words
        )
    for run in runs:
        amounts = [
            "-" if amount is None else format_quantity(amount, unit)
            for amount in (run.objective, run.lower_bound)
        ]
        table.add_row(
            run.solver, run.reason, *amounts, format_quantity(run.wall_ns, "ns"), run.detail
        )
    return table


def violations_table(violations: Iterable[Violation]) -> Table:
    """A row per broken rule."""
    table = _table("rule", "where", "by")
    for item in violations:
        excess = "" if item.excess is None else format_quantity(item.excess, item.unit)
        table.add_row(item.rule, item.where, excess)
    return table


def moves_table(moves: Iterable[Move]) -> Table:
    """A row per piece of the model that changes places; its weights where any are moved."""
    rows = tuple(moves)
    weighty = any(move.size_bytes for move in rows)
    table = _table("what", "from", "to")
    if weighty:
        table.add_column("weights", justify="right")
    for move in rows:
        size = format_quantity(move.size_bytes, "bytes") if move.size_bytes else "-"
        table.add_row(move.what, move.source or "-", move.target, *[size] * weighty)
    return table


def say_certificate(console: Console, problem: AnyProblem, certificate: Certificate) -> None:
    """The plan, the certificate, the runs and the explanation."""
    if certificate.breakdown.rows:
        _say_rows(console, certificate.breakdown)
        if isinstance(problem, SplitFleetProblem) and isinstance(certificate.plan, SplitFleetPlan):
            console.print(choices_table(problem, certificate.plan))
        console.print(totals_line(certificate.breakdown) + "\n")
    console.print(certificate_table(problem, certificate))
    console.print()
    console.print(runs_table(certificate.runs, certificate.unit))
    if certificate.simulation is not None:
        console.print(certificate.simulation.in_words)
    for line in certificate.explanation:
        console.print(f"- {line}")


def say_verification(
    console: Console, problem: AnyProblem, verification: Verification, unit: str
) -> None:
    """The recomputed objective and the breakdown, or the broken rules."""
    if verification.objective is None:
        console.print(violations_table(verification.violations))
        return
    _say_rows(console, verification.breakdown)
    console.print(totals_line(verification.breakdown))
    for words, amount in _flow(verification.breakdown):
        console.print(f"{words} {amount}")
    console.print(f"{objective_in_words(problem)} {exact(verification.objective, unit)}")


def _say_rows(console: Console, breakdown: Breakdown) -> None:
    for table in breakdown_tables(breakdown):
        console.print(table)


def _table(*columns: str) -> Table:
    return Table(*columns, box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")


def _is_text(value: str | int) -> bool:
    return isinstance(value, str)
