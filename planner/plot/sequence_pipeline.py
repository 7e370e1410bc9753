"""A sequence pipeline on one page: its chunks through its stages in time."""

from matplotlib.figure import Figure

from models.problems.sequence_pipeline import SequencePipelinePlan, SequencePipelineProblem
from models.result import Certificate
from models.units import format_quantity
from planner.plot.gantt import ROW_INCHES, draw_gantt
from planner.plot.palette import FAINT, INK
from planner.plot.pipeline_partition_cards import shorten
from planner.simulate.sequence_pipeline import simulate

_WIDTH = 10.0
_LEFT = 2.4
_RIGHT = 0.35
_TOP = 1.35
_BOTTOM = 0.45
# Chunks are told one by one up to so many.
_TOLD = 12


def _devices(problem: SequencePipelineProblem) -> str:
    return format_quantity(len(problem.devices), "devices")


def figure(problem: SequencePipelineProblem, certificate: Certificate) -> Figure:
    """The prefill of a certificate with a plan; its height grows with the stages."""
    plan = certificate.plan
    if not isinstance(plan, SequencePipelinePlan):
        raise TypeError("a certificate of another kind")
    units = len(plan.chunks)
    seen = simulate(problem, plan, certificate.breakdown, units, {}, shared=False)
    names = [
        f"{shorten(s.device, 14)}, {format_quantity(s.stop - s.start, 'layers')}"
        for s in plan.stages
    ]
    chart = max(len(names), 3) * ROW_INCHES
    height = _TOP + chart + _BOTTOM
    page = Figure(figsize=(_WIDTH, height))
    axes = page.add_axes(
        (_LEFT / _WIDTH, _BOTTOM / height, 1 - (_LEFT + _RIGHT) / _WIDTH, chart / height)
    )
    draw_gantt(axes, seen.bars, names)
    told = ", ".join(map(str, plan.chunks[:_TOLD])) + (", …" if units > _TOLD else "")
    title = f"{shorten(problem.model.name, 40)}: {len(names)} of {_devices(problem)}"
    proof = f" ({certificate.proof})" if certificate.proof else ""
    totals = [
        f"{name.removesuffix('_ns')} {format_quantity(value, 'ns')}"
        for name, value in certificate.breakdown.totals.items()
    ]
    lines = [
        "   ".join([*totals, f"minimised: {problem.objective}, {certificate.grade}{proof}"]),
        f"chunks of {told} tokens",
    ]
    page.text(0.035, 1 - 0.35 / height, title, fontsize=13, weight="bold", color=INK)
    for number, line in enumerate(lines):
        page.text(0.035, 1 - (0.6 + 0.2 * number) / height, line, fontsize=8.5, color=FAINT)
    return page
