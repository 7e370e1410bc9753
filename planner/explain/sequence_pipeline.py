"""Explanations of sequence pipelines, by solving them with rules left out.

Exact methods decide each variant, so what is said here is proved; what time did not settle is said
to be unsettled.
"""

from collections.abc import Iterable
from itertools import permutations

from models.devices import DeviceGraph
from models.problems.pipeline_partition import Stage
from models.problems.sequence_pipeline import SequenceObjective
from models.problems.sequence_pipeline import SequencePipelinePlan as Plan
from models.problems.sequence_pipeline import SequencePipelineProblem as Problem
from models.result import Verification
from models.units import format_quantity
from planner.explain.clock import Clock, Optimum, TimeUpError, least
from planner.explain.conflict import conflict
from planner.explain.pipeline_partition_rules import IDEAL
from planner.explain.price import known_with_plan, price, standing
from planner.explain.words import few
from planner.verify.sequence_pipeline import memory_bytes, most_tokens

_UNIT = "ns"
_NAMES = {"links": "the lack of links", "chunk_step": "chunk_step", "memory": "memory"}


def rules(problem: Problem) -> tuple[str, ...]:
    """The rules that the problem has, the ones a person would rather give up first."""
    pairs = permutations([device.name for device in problem.devices], 2)
    holds = {
        "device_order": problem.device_order is not None,
        "use_all_devices": problem.use_all_devices,
        "chunk_step": problem.chunk_step > 1,
        "min_chunk_tokens": problem.least_chunk > 1,
        "links": any(problem.device_graph.rate(*pair) is None for pair in pairs),
        "memory": True,
    }
    return tuple(name for name, here in holds.items() if here)


def without(problem: Problem, left_out: Iterable[str]) -> Problem:
    """The problem with some rules left out; links that are missing then take no time."""
    off: dict[str, dict[str, object]] = {
        "device_order": {"device_order": None},
        "use_all_devices": {"use_all_devices": False},
        "chunk_step": {"chunk_step": 1},
        "min_chunk_tokens": {"min_chunk_tokens": 1},
    }
    for rule in left_out:
        graph = problem.device_graph
        if rule == "memory":
            problem = _with_memory(problem, _whole_bytes(problem))
        elif rule == "links":
            joined = DeviceGraph(devices=graph.devices, links=graph.links, default_link=IDEAL)
            problem = problem.model_copy(update={"device_graph": joined})
        else:
            problem = problem.model_copy(update=off[rule])
    return problem


def _whole_bytes(problem: Problem) -> int:
    """What the whole model fills on one device with the prompt at once."""
    whole = Stage(device=problem.devices[0].name, start=0, stop=len(problem.layers))
    return memory_bytes(problem, whole, most_tokens(problem, (problem.prompt_tokens,)))


def _with_memory(problem: Problem, least_bytes: int) -> Problem:
    """Every device with so many bytes at least."""
    graph = problem.device_graph
    devices = tuple(
        device.model_copy(update={"memory_bytes": max(device.memory_bytes, least_bytes)})
        for device in graph.devices
    )
    roomy = graph.model_copy(update={"devices": devices})
    return problem.model_copy(update={"device_graph": roomy})


def infeasible(problem: Problem, time_limit_ns: int) -> tuple[str, ...]:
    """The conflict, and how much memory per device would end it."""
    devices, layers = len(problem.devices), len(problem.layers)
    if problem.use_all_devices and devices > layers:
        return (
            f"{devices} devices cannot all take part: the model has only "
            f"{format_quantity(layers, 'layers')}; leave use_all_devices out",
        )
    clock = Clock(time_limit_ns)
    # Whether there is a plan does not hang on decoding's time, but its way back needs a link.
    whole = rules(problem)
    found = conflict(
        whole, lambda kept: clock.feasible(without(problem, [r for r in whole if r not in kept]))
    )
    lines = [found.line()]
    if "memory" in found.rules:
        lines += _room(problem, clock)
    return tuple(lines)


def _room(problem: Problem, clock: Clock) -> list[str]:
    """The least memory of every device with which there is a plan."""
    least_now = min(device.memory_bytes for device in problem.devices)

    def need(least_bytes: int) -> int | None:
        return least_bytes if clock.feasible(_with_memory(problem, least_bytes)) else None

    most = _whole_bytes(problem)
    try:
        if need(most) is None:
            return []
    except TimeUpError:
        return ["how much more memory would do is not known in time"]
    enough = least(least_now, most, need)
    rest = "" if enough.proved else " at most; whether less would do is not known in time"
    size = format_quantity(enough.amount, "bytes")
    return [f"with {size} on every device that has less, a plan exists{rest}"]


def binding(
    problem: Problem, plan: Plan, verdict: Verification, time_limit_ns: int
) -> tuple[str, ...]:
    """How an accepted plan stands, where its time goes, what each rule costs."""
    clock = Clock(time_limit_ns)
    present = rules(problem)
    here = known_with_plan(clock.optimum(problem, 1 + len(present)), verdict)
    lines = [standing(verdict, here, _UNIT), *_where_time_goes(problem, verdict)]
    lines += _tight_memory(problem, plan)
    for asked, rule in enumerate(present):
        other = clock.optimum(without(problem, [rule]), len(present) - asked)
        if rule == "links":  # real ones take time, so that they save less than this
            other = Optimum(low=other.low)
        lines.append(price(_NAMES.get(rule, rule), here, other, _UNIT))
    return tuple(lines)


def _where_time_goes(problem: Problem, verdict: Verification) -> list[str]:
    """The busiest stage of the prefill, and what the others leave waiting."""
    stages = [row for row in verdict.breakdown.rows if "device" in row]
    busy = max(stages, key=lambda row: int(row["compute_ns"]))
    prefill = verdict.breakdown.totals["prefill_ns"]
    share = 100 * int(busy["compute_ns"]) / prefill if prefill else 0
    lines = [
        f"{busy['device']} computes for {format_quantity(int(busy['compute_ns']), _UNIT)} of the "
        f"prefill's {format_quantity(prefill, _UNIT)} ({share:.1f} %)"
    ]
    if problem.objective is SequenceObjective.REQUEST:
        spent = format_quantity(verdict.breakdown.totals["decoding_ns"], _UNIT)
        slow = max(stages, key=lambda row: int(row["pass_ns"]))
        pass_ns = format_quantity(int(slow["pass_ns"]), _UNIT)
        lines.append(f"decoding takes {spent}; its slowest stage is {slow['device']}, {pass_ns}")
    return lines


def _tight_memory(problem: Problem, plan: Plan) -> list[str]:
    """Stages that have no room for a longest chunk of one step more, where the prompt has one."""
    longer = min(max(plan.chunks) + problem.chunk_step, problem.prompt_tokens)
    tight = []
    for stage in plan.stages:
        device = problem.device_graph.device(stage.device)
        tokens = most_tokens(problem, (longer,))
        if device is not None and memory_bytes(problem, stage, tokens) > device.memory_bytes:
            tight.append(stage.device)
    return [f"memory binds on {few(tight)}: no longer chunk has room"] if tight else []
