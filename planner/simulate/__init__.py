"""Discrete-event simulation of plans: the second opinion on every predicted time."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from models.problems import AnyPlan, AnyProblem
from models.result import Breakdown
from models.simulation import Simulation
from planner.replan import ChangeError, changed
from planner.simulate import (
    dag_partition,
    pipeline_partition,
    pipeline_training,
    sequence_pipeline,
    serving_flow,
    tensor_partition,
)
from planner.simulate.resumed import Second, everything_stops, joined
from planner.verify import verify

__all__ = [
    "KINDS",
    "Second",
    "UnitsError",
    "UnusedDeviceError",
    "resume",
    "second_opinion",
    "simulate",
]

# What a certificate may spend on it: some tens of milliseconds.
_TASKS = 5000
_NEEDED_TASKS = 15_000  # where fewer tell nothing
_NOTHING_STOPS: Mapping[str, int] = {}
_MOST_TASKS = 10**5  # some seconds


class UnusedDeviceError(ValueError):
    """A device is to stop that the plan does not use."""

    def __init__(self, device: str, used: Iterable[str]) -> None:
        super().__init__(f"the plan does not use the device '{device}'")
        self.device, self.used = device, tuple(sorted(used))


class UnitsError(ValueError):
    """A number of units with which a replay cannot end, and one below it with which it can."""

    def __init__(self, asked: int, possible: int) -> None:
        super().__init__(
            f"a replay does not end after {asked} units: after the chunks come passes, in whole "
            "rounds of all points, where the objective counts them"
        )
        self.asked, self.possible = asked, possible


def _devices(problem: object, plan: object, breakdown: Breakdown) -> set[str]:
    """The devices in use, where the breakdown names them."""
    del problem, plan
    return {str(row["device"]) for row in breakdown.rows if "device" in row}


def _two_tasks_each(problem: object, plan: object, breakdown: Breakdown) -> int:
    """Every device computes and sends."""
    return 2 * len(_devices(problem, plan, breakdown))


@dataclass(frozen=True)
class Simulator:
    """A kind's replay: (problem, plan, breakdown, units, stops, shared=) -> Simulation.

    default_units: how many units tell the objective, given problem, plan and breakdown;
    keeps: whether units that have come through stay done when a device is lost;
    fewest: units that a certificate's replay has, however long it takes;
    needs: units, given problem and plan, with fewer of which a replay tells nothing;
    tasks_per_unit: how many at most; devices: those that can stop.
    """

    replay: Callable[..., Simulation]
    default_units: Callable[[Any, Any, Breakdown], int]
    keeps: bool = False
    fewest: int = 2
    needs: Callable[[Any, Any], int] = lambda problem, plan: 1  # noqa: ARG005  # any will do
    tasks_per_unit: Callable[[Any, Any, Breakdown], int] = _two_tasks_each
    devices: Callable[[Any, Any, Breakdown], set[str]] = _devices


_BY_KIND: dict[str, Simulator] = {
    "sequence_pipeline": Simulator(sequence_pipeline.simulate, sequence_pipeline.default_units),
    "pipeline_partition": Simulator(
        pipeline_partition.simulate, pipeline_partition.default_units, keeps=True
    ),
    "pipeline_training": Simulator(pipeline_training.simulate, pipeline_training.default_units),
    "tensor_partition": Simulator(
        tensor_partition.simulate,
        tensor_partition.default_units,
        fewest=1,
        tasks_per_unit=tensor_partition.tasks_per_unit,
    ),
    "dag_partition": Simulator(
        dag_partition.simulate,
        dag_partition.default_units,
        needs=dag_partition.fewest_units,
        tasks_per_unit=dag_partition.tasks_per_unit,
        devices=dag_partition.devices,
    ),
    "serving_flow": Simulator(
        serving_flow.simulate,
        serving_flow.default_units,
        keeps=True,
        needs=serving_flow.fewest_units,
        tasks_per_unit=serving_flow.tasks_per_unit,
        devices=serving_flow.devices,
    ),
}

KINDS = tuple(_BY_KIND)


def simulate(
    problem: AnyProblem,
    plan: AnyPlan,
    units: int | None = None,
    stops: Mapping[str, int] = _NOTHING_STOPS,
    *,
    shared: bool = False,
) -> Simulation:
    """A plan replayed; units: as many as tell the objective where left out.

    stops: devices that stop, and when, in ns; shared: one channel for all transfers.
    Raises ValueError for a kind that no simulator is for, a plan that is refused, a device that
    the plan does not use, more work than some seconds allow, and units that the plan cannot end
    with (UnitsError).
    """
    simulator, breakdown, count = _checked(problem, plan, units, stops)
    found = simulator.replay(problem, plan, breakdown, count, stops, shared=shared)
    return _whole(found, units)


def resume(  # a replay, and what goes on after it
    problem: AnyProblem,
    plan: AnyPlan,
    units: int | None,
    stops: Mapping[str, int],
    second: Second,
    *,
    shared: bool = False,
) -> Simulation:
    """A plan replayed until the first of `stops`, and a second one without the stopped devices.

    See planner.simulate.resumed. Raises ValueError as simulate() does, for a kind that is not
    replanned, and for a second plan that is refused without the devices that stopped.
    """
    simulator, breakdown, count = _checked(problem, plan, units, stops)
    if not stops:
        raise ValueError("no device stops, so that nothing is left for a second plan")
    undisturbed = _whole(
        simulator.replay(problem, plan, breakdown, count, _NOTHING_STOPS, shared=shared), units
    )
    ends = everything_stops(undisturbed, stops)
    first = simulator.replay(problem, plan, breakdown, count, ends, shared=shared)
    if first.simulated_ns is not None:
        return joined(undisturbed, first, None, count, first.end_ns)
    kept = first.units_done if simulator.keeps else 0
    # What begins anew may have other units: a prompt is cut into chunks of its own by each plan.
    again = count - kept if simulator.keeps or units is not None else None
    try:
        left = changed(problem, plan, lost=tuple(stops))
        rest = simulate(left, second.plan, again, shared=shared)
    except (ChangeError, ValueError) as error:
        raise ValueError(f"after the stop: {error}") from None
    return joined(undisturbed, first, rest, kept, min(stops.values()) + second.after_ns)


def _whole(found: Simulation, asked: int | None) -> Simulation:
    """A replay of as many units as were asked for. Raises UnitsError."""
    if asked is not None and found.units != asked:
        raise UnitsError(asked, found.units)
    return found


def _checked(
    problem: AnyProblem, plan: AnyPlan, units: int | None, stops: Mapping[str, int]
) -> tuple[Simulator, Breakdown, int]:
    """The simulator, the plan's breakdown and how many units. Raises ValueError."""
    simulator = _BY_KIND.get(problem.kind)
    if simulator is None:
        raise ValueError(f"no simulator for {problem.kind}; use one of: {', '.join(KINDS)}")
    verdict = verify(problem, plan)
    if not verdict.accepted:
        broken = verdict.violations[0]
        raise ValueError(f"the plan is refused: {broken.rule} ({broken.where})")
    setting = problem, plan, verdict.breakdown
    used = simulator.devices(*setting)
    for device in stops:
        if device not in used:
            raise UnusedDeviceError(device, used)
    most = max(1, _MOST_TASKS // simulator.tasks_per_unit(*setting))
    count = min(simulator.default_units(*setting), most) if units is None else units
    if count > most:
        raise ValueError(f"{count} units are more than the {most} that can be replayed")
    return simulator, verdict.breakdown, count


def second_opinion(problem: AnyProblem, plan: AnyPlan, breakdown: Breakdown) -> Simulation | None:
    """What goes with a certificate: no chart, and no more units than a moment allows.

    None for a kind that no simulator is for, and where a moment allows too few units.
    """
    simulator = _BY_KIND.get(problem.kind)
    if simulator is None:
        return None
    setting = problem, plan, breakdown
    each, needs = simulator.tasks_per_unit(*setting), simulator.needs(problem, plan)
    if needs * each > _NEEDED_TASKS:
        return None
    most = max(simulator.fewest, _TASKS // each)
    units = max(needs, min(simulator.default_units(*setting), most))
    found = simulator.replay(*setting, units, _NOTHING_STOPS, shared=False)
    return found.model_copy(update={"bars": ()})
