"""Explanations of training pipelines: the step that is busy throughout, and what rules cost."""

from collections.abc import Callable

from models.problems.pipeline_training import PipelineTrainingPlan
from models.problems.pipeline_training import PipelineTrainingProblem as Problem
from models.result import Verification
from models.units import format_quantity
from planner.explain.relaxing import MEMORY, costs, share_of, without_a_plan
from planner.verify.pipeline_training import steps_ns

_UNIT = "ns"


def _grown(problem: Problem, percent: int) -> Problem:
    devices = tuple(
        device.model_copy(update={"memory_bytes": device.memory_bytes * percent // 100})
        for device in problem.devices
    )
    graph = problem.device_graph.model_copy(update={"devices": devices})
    return problem.model_copy(update={"device_graph": graph})


def _roomy(problem: Problem) -> Problem:
    """All layers, and every micro-batch that any stage keeps, on each device."""
    weights = sum(layer.weight_bytes for layer in problem.chain)
    activations = sum(layer.activation_bytes for layer in problem.chain) * problem.samples
    whole = (1 + problem.state_copies) * weights + 2 * len(problem.devices) * activations
    devices = tuple(d.model_copy(update={"memory_bytes": whole}) for d in problem.devices)
    graph = problem.device_graph.model_copy(update={"devices": devices})
    return problem.model_copy(update={"device_graph": graph})


def _rules(problem: Problem) -> dict[str, Callable[[Problem], Problem]]:
    """The rules that the problem sets, each with the problem without it."""
    found: dict[str, Callable[[Problem], Problem]] = {}
    if _roomy(problem) != problem:
        found[MEMORY] = _roomy
    if problem.use_all_devices:
        found["use_all_devices"] = lambda p: p.model_copy(update={"use_all_devices": False})
    return found


def infeasible(problem: Problem, time_limit_ns: int) -> tuple[str, ...]:
    """A smallest set of rules in conflict, and the memory with which there is a plan."""
    return without_a_plan(problem, _rules(problem), _grown, time_limit_ns)


def binding(
    problem: Problem, plan: PipelineTrainingPlan, verdict: Verification, time_limit_ns: int
) -> tuple[str, ...]:
    """How an accepted plan stands, its dominant step, and what each rule costs."""
    lines = costs(problem, _rules(problem), verdict, time_limit_ns, _UNIT)
    steps = steps_ns(problem, plan)
    ends = [problem.micro_batches * step + sum(steps[:c]) for c, step in enumerate(steps)]
    dominant = max(range(len(steps)), key=lambda c: ends[c])
    stage, between = divmod(dominant, 2)
    what = f"the way from stage {stage + 1} to {stage + 2}" if between else f"stage {stage + 1}"
    each = format_quantity(steps[dominant], _UNIT)
    before = format_quantity(sum(steps[:dominant]), _UNIT)
    lines.append(f"{what} is busy throughout: {each} per micro-batch, {before} before it")
    totals = verdict.breakdown.totals
    lines.append(f"averaging takes {share_of(totals['all_reduce_ns'], totals['round_ns'])}")
    return tuple(lines)
