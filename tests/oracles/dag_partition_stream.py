"""A stream of samples through a placed graph by recursion: loads from nets, ends from paths."""

from models.problems.dag_partition import DagPartitionPlan, DagPartitionProblem, DeviceClass

_Visits = list[tuple[int, int, int]]


def loads(problem: DagPartitionProblem, plan: DagPartitionPlan) -> list[int]:
    """Per part, what the mathematics say: operators, and nets that the part cuts, in ns."""
    found = []
    for part in plan.parts:
        held = set(part.operators)
        if part.device is DeviceClass.CPU:
            found.append(sum(o.cpu_ns for o in problem.operators if o.name in held))
            continue
        total = sum(o.accelerator_ns or 0 for o in problem.operators if o.name in held)
        for operator in problem.operators:
            net = {operator.name} | {v for u, v in problem.edges if u == operator.name}
            if net & held and net - held:
                total += operator.transfer_ns
        found.append(total)
    return found


def in_turn(problem: DagPartitionProblem, plan: DagPartitionPlan, samples: int) -> list[list[int]]:
    """When each part is done with each sample, where a sample visits every part once."""
    place = {name: at for at, part in enumerate(plan.parts) for name in part.operators}
    before = [
        {place[u] for u, v in problem.edges if place[v] == at} - {at}
        for at in range(len(plan.parts))
    ]
    durations = loads(problem, plan)
    ends = [[0] * samples for _ in plan.parts]

    def end(at: int, sample: int) -> int:
        if not ends[at][sample]:
            own = end(at, sample - 1) if sample else 0
            ends[at][sample] = max([own, *(end(p, sample) for p in before[at])]) + durations[at]
        return ends[at][sample]

    for sample in range(samples):
        for at in range(len(plan.parts)):
            end(at, sample)
    return ends


def in_rounds(visits: _Visits, samples: int) -> int:
    """When all is done, where each round waits for the last; visits: (part, depth, ns)."""
    total = 0
    for turn in range(samples + max(depth for _, depth, _ in visits)):
        work: dict[int, int] = {}
        for part, depth, duration in visits:
            if 0 <= turn - depth < samples:
                work[part] = work.get(part, 0) + duration
        total += max(work.values(), default=0)
    return total
