"""Explanations of serving flows: what limits the flow, and why nothing can flow at all.

Where no plan exists the reasons are tried in turn, each by itself: too few layers' worth of nodes,
no node that the source feeds or that feeds the sink, links that lead nowhere. What links and whole
ranges cost is told by the optimum without them.
"""

from models.problems.serving_flow import ServingFlowPlan, ServingNode
from models.problems.serving_flow import ServingFlowProblem as Problem
from models.result import Verification
from models.units import format_quantity
from planner.explain.clock import Clock, TimeUpError
from planner.explain.price import known_with_plan, price, standing
from planner.explain.words import few

_UNIT = "µtokens/s"


def infeasible(problem: Problem, time_limit_ns: int) -> tuple[str, ...]:
    """Why nothing flows, and the smallest repair where one is known."""
    held = sum(len(rates) for rates in problem.throughput.values())
    if held < problem.layers:
        missing = format_quantity(problem.layers - held, "layers")
        return (
            f"all nodes together hold {held} of {problem.layers} layers: room for {missing} lacks",
        )
    lines = []
    if all(node.from_source_utokens_per_s is None for node in problem.nodes):
        lines.append("the source feeds no node: give one from_source_utokens_per_s")
    if all(node.to_sink_utokens_per_s is None for node in problem.nodes):
        lines.append("no node feeds the sink: give one to_sink_utokens_per_s")
    if lines:
        return tuple(lines)
    clock = Clock(time_limit_ns)
    try:
        if clock.feasible(_joined(problem)):
            lines.append("links are missing: with one between every two nodes there is a plan")
        else:
            # With both ends at every node as well, all of them in a row are a pipeline.
            lines.append("too few nodes are joined to the source and the sink")
    except TimeUpError:
        lines.append("which links are missing is not known in time")
    return tuple(lines)


def _joined(problem: Problem) -> Problem:
    """The problem with links between all nodes that never bind."""
    wide = problem.compute_bound
    return problem.model_copy(update={"links": (), "default_link_utokens_per_s": wide})


def _fed(problem: Problem) -> Problem:
    """The problem with the source and the sink at every node."""
    wide = problem.compute_bound
    nodes = tuple(
        ServingNode(
            name=node.name,
            type=node.type,
            from_source_utokens_per_s=wide,
            to_sink_utokens_per_s=wide,
        )
        for node in problem.nodes
    )
    return problem.model_copy(update={"nodes": nodes})


def binding(
    problem: Problem, plan: ServingFlowPlan, verdict: Verification, time_limit_ns: int
) -> tuple[str, ...]:
    """How an accepted plan stands, which nodes are full, which layers scarce, what rules cost."""
    clock = Clock(time_limit_ns)
    asked = 1 if problem.partial_inference else 2
    here = known_with_plan(clock.optimum(problem, 1 + asked), verdict)
    flow = verdict.breakdown.totals["flow_utokens_per_s"]
    lines = [standing(verdict, here, _UNIT), f"{format_quantity(flow, _UNIT)} flow"]
    rows = verdict.breakdown.rows
    full = [str(r["node"]) for r in rows if r["flow_utokens_per_s"] == r["room_utokens_per_s"]]
    idle = [str(r["node"]) for r in rows if r["flow_utokens_per_s"] == 0]
    if full:
        lines.append(f"full: {few(full)}")
    if idle:
        lines.append(f"without any flow: {few(idle)}")
    lines.append(_scarce(problem, plan))
    joined = _fed(_joined(problem))
    if joined != problem:
        lines.append(price("what links carry", here, clock.optimum(joined, asked), _UNIT))
    if not problem.partial_inference:
        partial = problem.model_copy(update={"partial_inference": True})
        lines.append(price("the rule of whole ranges", here, clock.optimum(partial), _UNIT))
    return tuple(lines)


def _scarce(problem: Problem, plan: ServingFlowPlan) -> str:
    """The layers that the least passes, whatever the links."""
    passing = [0] * problem.layers
    for item in plan.placements:
        for layer in range(item.start, item.stop):
            passing[layer] += problem.throughput[item.node][item.stop - item.start - 1]
    least = min(passing)
    weakest = [str(layer) for layer, rate in enumerate(passing) if rate == least]
    word = "layers" if len(weakest) > 1 else "layer"
    return f"{format_quantity(least, _UNIT)} is all that passes {word} {few(weakest)}"
