"""Tokens sent over the paths of a maximal flow, one by one, against the flow.

The flow F is taken apart into paths. The m-th token, from 0, comes in at m / F and takes one of
them, so that every path has its share of any first tokens to within one, as a weighted round robin
gives them out. A node or a link of rate t holds a token for 1 / t, one at a time; of those that
wait it takes the one that came in first.

The throughput is counted while the later half of the tokens comes in, and where it is narrowest: on
each arc of a smallest cut, the tokens that it begins and ends in that time over the time from the
first of them to the last, so that filling and draining the cluster do not count. It never exceeds
F, since no arc passes more than its rate. And the m-th token has left every place by m / F + D,
where a place of rate t that k paths with the share f of the flow pass adds (1 + f + 2 k) / t along
a path: before it goes one token that had begun, and those that came in earlier, of which there are
no more than the place takes in the time between them, but for their turns. So with K paths, while
H + 1 tokens come in,

    F · (1 - (F D + 2 K) / H) ≤ throughput ≤ F
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from models.problems.serving_flow import ServingFlowPlan as Plan
from models.problems.serving_flow import ServingFlowProblem as Problem
from models.result import Breakdown
from models.simulation import Simulation
from models.units import round_half_up
from planner.simulate.engine import Run, Span
from planner.simulate.flow import (
    COMPUTE,
    TRANSFER,
    Flow,
    Hop,
    Medium,
    Piece,
    difference_ppm,
    usage,
)
from planner.simulate.serving_flow_paths import Arc, Path, paths, smallest_cut, turns
from planner.verify.serving_flow import SINK, SOURCE, Arcs, maximal_flow, network

_PER_PATH = 10
_UTOKENS_NS = 10**15  # a token at one µtoken/s takes so long
# So many ticks are one ns: a token of the fastest node takes 10^8 of them, rounded up.
_CLOCK = 10**6


@dataclass(frozen=True)
class Cluster:
    """The network of a placement, its maximal flow in paths, and a cut that bounds it.

    order: the nodes, every one behind all that can send to it.
    """

    order: tuple[str, ...]
    arcs: Arcs
    flow: int
    paths: tuple[Path, ...]
    cut: frozenset[Arc]

    @property
    def under_way(self) -> int:
        """Tokens that come in while one takes the slowest path, alone, rounded up."""
        slowest = max(sum(map(self.ticks, path.arcs)) for path in self.paths)
        return -(-slowest * self.flow // (_UTOKENS_NS * _CLOCK))

    def ticks(self, arc: Arc) -> int:
        """How long a token stays."""
        tail, head = arc
        return -(-_UTOKENS_NS * _CLOCK // self.arcs[tail][head])


def cluster(problem: Problem, plan: Plan) -> Cluster:
    """The cluster of a plan that is accepted."""
    arcs = network(problem, plan)
    flow, sent = maximal_flow(arcs)
    # A token goes on where a node stops, so that stops grow along its path.
    held = sorted(plan.placements, key=lambda item: (item.stop, item.start))
    order = tuple(item.node for item in held)
    return Cluster(order, arcs, flow, paths(sent), smallest_cut(arcs, sent))


def devices(problem: Problem, plan: Plan, breakdown: Breakdown) -> set[str]:
    """The nodes that anything flows through."""
    del problem, plan
    return {str(row["node"]) for row in breakdown.rows if int(row["flow_utokens_per_s"]) > 0}


def default_units(problem: Problem, plan: Plan, breakdown: Breakdown) -> int:
    """So many that what is under way, and whose turn it is, tell little."""
    del breakdown
    found = cluster(problem, plan)
    return 4 * (found.under_way + _PER_PATH * len(found.paths))


def fewest_units(problem: Problem, plan: Plan) -> int:
    """With fewer tokens these tell more than the flow."""
    found = cluster(problem, plan)
    return 2 * found.under_way + _PER_PATH * len(found.paths)


def tasks_per_unit(problem: Problem, plan: Plan, breakdown: Breakdown) -> int:
    """Nodes and links that a token passes, in the mean."""
    del breakdown
    found = cluster(problem, plan)
    return -(-sum(len(path.arcs) * path.utokens_per_s for path in found.paths) // found.flow)


def simulate(  # what every simulator is given
    problem: Problem,
    plan: Plan,
    breakdown: Breakdown,
    units: int,
    stops: Mapping[str, int],
    *,
    shared: bool,
) -> Simulation:
    """`units` tokens, at the rate of the flow; stops: nodes that stop, and when, in ns."""
    del breakdown  # nodes' flows leave open who sends to whom
    found = cluster(problem, plan)
    sending = Sending(found, units, shared=shared)
    done = sending.carry_out(stops)
    undone = set(done.undone)
    through = sum(index not in undone for index in sending.last)
    predicted = round_half_up(Fraction(units * _UTOKENS_NS, found.flow))
    rate, seen = sending.tokens_per_ns(done), in_ns(done)
    simulated = None
    if through == units:
        simulated = round_half_up(units / rate) if rate else seen.end_ns
    return Simulation(
        measure="steady time" if rate else "makespan",
        units=units,
        units_done=through,
        predicted_ns=predicted,
        simulated_ns=simulated,
        difference_ppm=difference_ppm(simulated, predicted),
        exact=False,
        end_ns=seen.end_ns,
        machines=usage(seen),
        bars=sending.flow.bars(seen),
    )


class Sending:
    """The tasks of tokens; last: of each token the last one."""

    def __init__(self, found: Cluster, units: int, *, shared: bool) -> None:
        self._cluster = found
        self._medium = Medium(overlap=True, shared=shared)
        chosen = turns([path.utokens_per_s for path in found.paths], units)
        used = dict.fromkeys(arc for index in chosen for arc in found.paths[index].arcs)
        links = [_hop(arc) for arc in used if not _inside(arc)]
        passed = {head[1] for _, head in used}
        rows = (name for name in found.order if name in passed)
        self._stages = {name: row for row, name in enumerate(rows)}
        self.flow = Flow(links, self._medium)
        self._counted = self._comes(units // 2), self._comes(units - 1)
        self._tasks: dict[Arc, list[int]] = {}
        self.last = [self._send(unit, found.paths[at]) for unit, at in enumerate(chosen)]

    def _comes(self, unit: int) -> int:
        """When a token comes in, in ticks."""
        return unit * _UTOKENS_NS * _CLOCK // self._cluster.flow

    def _send(self, unit: int, path: Path) -> int:
        """A token along a path."""
        after: tuple[int, ...] = ()
        for arc in path.arcs:
            tail, head = arc
            inside = _inside(arc)
            machines = (tail[1],) if inside else self._medium.machines(_hop(arc))
            stage = self._stages[head[1] if tail == SOURCE else tail[1]]
            piece = Piece(unit, stage, COMPUTE if inside else TRANSFER)
            index = self.flow.add(
                machines, self._cluster.ticks(arc), after, piece, self._comes(unit)
            )
            if arc in self._cluster.cut:
                self._tasks.setdefault(arc, []).append(index)
            after = (index,)
        return after[0]

    def carry_out(self, stops: Mapping[str, int]) -> Run:
        """What happened, in ticks; a node that stops takes the links at its ends with it."""
        return self.flow.carry_out({name: at * _CLOCK for name, at in stops.items()})

    def tokens_per_ns(self, done: Run) -> Fraction:
        """What passed the smallest cut; 0 where nothing was begun and ended in the time counted."""
        total = Fraction(0)
        begin, end = self._counted
        for tasks in self._tasks.values():
            spans = [span for index in tasks if (span := done.spans[index])]
            counted = [s for s in spans if begin <= s.start_ns and s.stop_ns <= end]
            if counted:
                first = min(span.start_ns for span in counted)
                last = max(span.stop_ns for span in counted)
                total += Fraction(len(counted) * _CLOCK, last - first)
        return total


def in_ns(done: Run) -> Run:
    """A run of ticks in whole ns."""
    spans = (
        span and Span(span.task, -(-span.start_ns // _CLOCK), -(-span.stop_ns // _CLOCK), span.lost)
        for span in done.spans
    )
    return Run(done.tasks, tuple(spans))


def _inside(arc: Arc) -> bool:
    """Whether an arc is a node, not a link."""
    tail, head = arc
    return tail[0] == "into" and head[0] == "out of"


def _hop(arc: Arc) -> Hop:
    """A link by the names of its ends; no node's name holds a bracket."""
    first, then = (f"({end[0]})" if end in (SOURCE, SINK) else end[1] for end in arc)
    return Hop(first, then)
