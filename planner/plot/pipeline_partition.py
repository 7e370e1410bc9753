"""A pipeline plan on one page: the devices with their stages, and the first units in time."""

from matplotlib.figure import Figure

from models.problems.pipeline_partition import PipelinePartitionProblem
from models.result import Certificate
from models.units import format_quantity
from planner.plot.gantt import ROW_INCHES, draw_gantt
from planner.plot.palette import FAINT, INK
from planner.plot.pipeline_partition_cards import shorten
from planner.plot.pipeline_partition_graph import draw_graph, grid_for
from planner.simulate.pipeline_partition import simulate

_UNITS = 4
_MARGIN = 0.35
_TITLE = 0.75
_HEADING = 0.45
_AXIS = 0.35
_LABELS = 1.75


def figure(problem: PipelinePartitionProblem, certificate: Certificate) -> Figure:
    """The drawing of a certificate with a plan; its size grows with the devices."""
    rows = certificate.breakdown.rows
    grid = grid_for(problem, len(rows))
    width, graph = max(grid.size[0], 8.0), grid.size[1]
    gantt = max(len(rows), 3) * ROW_INCHES
    total = (width + 2 * _MARGIN, _TITLE + graph + _HEADING + gantt + _AXIS + _MARGIN)
    page = Figure(figsize=total)
    _say(page, total, problem, certificate)
    left = (total[0] - grid.size[0]) / 2
    top = _MARGIN + _AXIS + gantt + _HEADING
    axes = page.add_axes(_share(total, left, top, grid.size[0], graph))
    draw_graph(axes, problem, rows, grid)
    units = min(problem.units or _UNITS, _UNITS)
    bottom = _MARGIN + _AXIS
    axes = page.add_axes(
        _share(total, _MARGIN + _LABELS, bottom, total[0] - _LABELS - 2 * _MARGIN, gantt)
    )
    seen = simulate(problem, certificate.plan, certificate.breakdown, units, {}, shared=False)
    draw_gantt(axes, seen.bars, [shorten(str(row["device"]), 22) for row in rows])
    heading = "one unit" if units == 1 else f"the first {units} units"
    page.text(_MARGIN / total[0], (bottom + gantt + 0.12) / total[1], heading, fontsize=9)
    return page


def _say(
    page: Figure,
    total: tuple[float, float],
    problem: PipelinePartitionProblem,
    certificate: Certificate,
) -> None:
    """The title, and what is known about the plan."""
    rows = certificate.breakdown.rows
    title = f"{shorten(problem.model.name, 40)}: {len(rows)} of {len(problem.devices)} devices"
    page.text(_MARGIN / total[0], 1 - 0.35 / total[1], title, fontsize=13, weight="bold", color=INK)
    parts = [
        f"{name.removesuffix('_ns')} {format_quantity(value, 'ns')}"
        for name, value in certificate.breakdown.totals.items()
        if name in ("latency_ns", "period_ns", "makespan_ns")
    ]
    proof = f" ({certificate.proof})" if certificate.proof else ""
    parts.append(f"minimised: {problem.objective}, {certificate.grade}{proof}")
    default = problem.device_graph.default_link
    if default is not None:
        rate = format_quantity(default.bandwidth_bit_per_s, "bit_per_s")
        parts.append(f"default link {rate}")
    page.text(_MARGIN / total[0], 1 - 0.58 / total[1], "   ".join(parts), fontsize=8.5, color=FAINT)


def _share(
    total: tuple[float, float], left: float, bottom: float, width: float, height: float
) -> tuple[float, float, float, float]:
    """A rectangle in inches as shares of the page."""
    return left / total[0], bottom / total[1], width / total[0], height / total[1]
