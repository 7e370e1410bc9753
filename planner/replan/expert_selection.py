"""Changes of the devices of an expert selection, and what a change of plan has to load."""

from models.devices import DeviceGraph
from models.problems.expert_selection import ExpertSelectionPlan, ExpertSelectionProblem
from planner.replan.move import ChangeError, Move, check_names


def changed(
    problem: ExpertSelectionProblem,
    _plan: ExpertSelectionPlan,
    lost: tuple[str, ...],
    slowed: tuple[tuple[str, str], ...],
    ns_per_mib: int,
) -> ExpertSelectionProblem:
    """The problem without the lost devices and the experts on them; see planner.replan.changed.

    A slower device and a price of moves have no meaning here: an expert's times are its own.
    """
    if slowed or ns_per_mib:
        about = "slowed" if slowed else "migration_weight"
        reason = "an expert selection knows lost devices only: its times are per expert"
        raise ChangeError(reason, about)
    graph = problem.device_graph
    check_names(graph, lost, "lost")
    if problem.source_device in lost:
        raise ChangeError(
            f"'{problem.source_device}' is the source device; change 'source_device' in the file",
            "lost",
        )
    experts = tuple(expert for expert in problem.experts if expert.device not in lost)
    if not experts:
        raise ChangeError("no expert is left", "lost")
    names = {expert.name for expert in experts}
    measured = problem.measured and tuple(r for r in problem.measured if names >= set(r.experts))
    kept = DeviceGraph(
        devices=tuple(device for device in graph.devices if device.name not in lost),
        links=tuple(link for link in graph.links if not {link.source, link.target} & set(lost)),
        default_link=graph.default_link,
    )
    fields = {**dict(problem), "experts": experts, "measured": measured, "device_graph": kept}
    return ExpertSelectionProblem(**fields)


def moves(
    problem: ExpertSelectionProblem, before: ExpertSelectionPlan, after: ExpertSelectionPlan
) -> tuple[Move, ...]:
    """The experts that come into service; see planner.replan.moves."""
    by_name = {expert.name: expert for expert in problem.experts}
    new = [by_name[name] for name in after.experts if name not in before.experts]
    return tuple(Move(expert.name, None, expert.device, expert.memory_bytes) for expert in new)
