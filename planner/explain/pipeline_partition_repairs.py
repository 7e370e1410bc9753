"""The smallest repairs of a pipeline problem without a plan: memory, links, other rules.

Each kind of repair is first asked whole (all the memory, all the links): where even that is not
enough no single repair is looked for.
"""

from itertools import combinations

from models.devices import Device
from models.problems.pipeline_partition import PipelinePartitionPlan
from models.problems.pipeline_partition import PipelinePartitionProblem as Problem
from models.units import format_quantity
from planner.explain.clock import Clock, Least, TimeUpError, least
from planner.explain.pipeline_partition_rules import (
    any_plan_will_do,
    missing,
    whole_model_bytes,
    with_devices,
    with_links,
    with_memory,
    without,
)
from planner.explain.words import few
from planner.verify.pipeline_partition import memory_bytes

# Links are named up to this number.
_NAMED = 5


def repairs(problem: Problem, rules: tuple[str, ...], clock: Clock) -> list[str]:
    """What would make a plan possible, for each of the rules in conflict."""
    problem = any_plan_will_do(problem)
    lines = []
    for rule in reversed(rules):
        try:
            enough = clock.feasible(without(problem, [rule]))
        except TimeUpError:
            lines.append(f"whether {_WHOLE[rule]} is enough is not known in time")
            continue
        if not enough:
            lines.append(f"{_WHOLE[rule]} alone is not enough: another rule is in the way as well")
        elif rule == "memory":
            lines += _memory(problem, clock)
        elif rule == "links":
            lines.append(_links(problem, clock))
        else:
            lines.append(f"without {rule} there is a plan")
    return lines


_WHOLE = {
    "memory": "more memory, however much,",
    "links": "a link between every two devices",
    "device_order": "leaving device_order out",
    "use_all_devices": "leaving use_all_devices out",
    "return_hop": "leaving return_hop out",
    "source_device": "leaving source_device out",
}


def _memory(problem: Problem, clock: Clock) -> list[str]:
    """The least extra on one device, or else on every device; all the memory is enough."""
    found: dict[int, list[str]] = {}
    known: dict[int | str, Least | None] = {}
    settled = True
    for device in problem.devices:
        alike = device.memory_bytes if _exchangeable(problem, device) else device.name
        try:
            if alike not in known:
                known[alike] = _one_device(problem, device, clock)
        except TimeUpError:
            settled = False
            break
        extra = known[alike]
        if extra is not None:
            settled = settled and extra.proved
            found.setdefault(extra.amount, []).append(device.name)
    if found:
        extra_bytes = min(found)
        names = few(found[extra_bytes])
        where = f"any one of {names}" if len(found[extra_bytes]) > 1 else names
        rest = "" if settled else "; whether less would is not known in time"
        return [f"{_amount(extra_bytes)} more on {where} would do{rest}"]
    if not settled:
        return ["whether more memory on a single device is enough is not known in time"]
    return ["more memory on a single device is not enough", *_every_device(problem, clock)]


def _exchangeable(problem: Problem, device: Device) -> bool:
    """Whether devices of equal memory have equal repairs: no place in graph or order is special."""
    anywhere = not problem.device_graph.links and problem.device_order is None
    return anywhere and problem.source_device != device.name


def _one_device(problem: Problem, device: Device, clock: Clock) -> Least | None:
    """Least extra bytes on one device that make a plan possible; None where none do."""

    def need(memory: int) -> int | None:
        grown = (with_memory(d, memory) if d is device else d for d in problem.devices)
        plan: PipelinePartitionPlan | None = clock.plan(with_devices(problem, grown))
        if plan is None:
            return None
        return next(memory_bytes(problem, s) for s in plan.stages if s.device == device.name)

    low, high = device.memory_bytes, whole_model_bytes(problem)
    used = need(high) if high > low else None
    if used is None:
        return None
    found = least(low, used, need)
    return Least(found.amount - low, found.proved)


def _every_device(problem: Problem, clock: Clock) -> list[str]:
    """The least equal extra on every device, which is enough when it holds the whole model."""

    def need(extra: int) -> int | None:
        grown = (with_memory(d, d.memory_bytes + extra) for d in problem.devices)
        plan: PipelinePartitionPlan | None = clock.plan(with_devices(problem, grown))
        if plan is None:
            return None
        room = {device.name: device.memory_bytes for device in problem.devices}
        return max(memory_bytes(problem, s) - room[s.device] for s in plan.stages)

    found = least(0, whole_model_bytes(problem), need)
    rest = "" if found.proved else "; whether less would is not known in time"
    return [f"{_amount(found.amount)} more on every device would do{rest}"]


def _links(problem: Problem, clock: Clock) -> str:
    """Single links, in both directions, each of which makes a plan possible; all together do."""
    gaps = set(missing(problem))
    helpful: list[str] = []
    for a, b in combinations([device.name for device in problem.devices], 2):
        pair = [ends for ends in ((a, b), (b, a)) if ends in gaps]
        if not pair:
            continue
        try:
            enough = clock.feasible(with_links(problem, pair))
        except TimeUpError:
            if helpful:
                break
            return "whether a single further link is enough is not known in time"
        if enough:
            helpful.append(f"{a} - {b}")
        if len(helpful) == _NAMED:
            break
    if not helpful:
        return "no single further link is enough: at least two are missing"
    return f"a link {' or '.join(helpful)} would do"


def _amount(size: int) -> str:
    """Bytes for people and, in brackets, exactly."""
    return f"{format_quantity(size, 'bytes')} ({size:,} bytes)"
