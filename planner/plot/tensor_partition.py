"""A drawing of a tensor partition: what a layer's parts take on every device of the group."""

from collections.abc import Mapping

from matplotlib.figure import Figure

from models.problems.tensor_partition import TensorPartitionProblem
from models.result import Certificate
from models.units import format_quantity
from planner.plot.bars import stacked

Row = Mapping[str, str | int]

_PIECES = (
    ("attention_ns", "attention"),
    ("mlp_ns", "MLP"),
    ("connective_ns", "connective"),
    ("waiting_ns", "waiting for slower devices"),
    ("transfers_ns", "transfers that nothing hides"),
)


def figure(problem: TensorPartitionProblem, certificate: Certificate) -> Figure:
    """A bar per device, each as long as a layer takes."""
    totals = certificate.breakdown.totals
    transfers = totals["waiting_for_transfers_ns"] // problem.layers
    rows = [_row(row, totals["layer_ns"], transfers) for row in certificate.breakdown.rows]
    names = [f"{row['device']}: {', '.join(_amounts(row))}" for row in rows]
    layers = format_quantity(problem.layers, "layers")
    title = f"{layers}, {problem.objective_in_words}, mode {rows[0]['mode']}"
    return stacked(rows, names, _PIECES, title, "one layer, ms")


def _row(row: Row, layer_ns: int, transfers_ns: int) -> Row:
    """A row with what fills a layer's time beside the device's own work."""
    own = sum(int(row[key]) for key in ("attention_ns", "mlp_ns", "connective_ns"))
    waiting = layer_ns - transfers_ns - own
    return {**row, "waiting_ns": waiting, "transfers_ns": transfers_ns}


def _amounts(row: Row) -> list[str]:
    units = {"heads": "heads", "columns": "blocks", "rows": "rows"}
    return [format_quantity(int(row[key]), unit) for key, unit in units.items()]
