"""One run of two plans: the first until a device stops, the second on what is left.

At the first stop everything of the first plan ends, and what is under way is lost. The second plan
begins some time later, for finding out, planning and moving weights, with the units that are still
to be done. Units of inference that have come through stay done; a round of training begins anew,
since gradients are averaged at its end and those of the lost device are gone.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from models.problems import AnyPlan
from models.simulation import RESUMED, Bar, MachineUse, Simulation
from planner.simulate.flow import PPM, difference_ppm


@dataclass(frozen=True)
class Second:
    """The plan that goes on, and how long after the first stop it begins, ns."""

    plan: AnyPlan
    after_ns: int = 0


def joined(
    undisturbed: Simulation, first: Simulation, second: Simulation | None, kept: int, begin_ns: int
) -> Simulation:
    """Both as one run, beside the first plan's without a stop.

    first: until the stop; second: None where no unit is left; kept: units that stay done;
    begin_ns: when the second plan begins.
    """
    later = () if second is None else second.machines
    end_ns = first.end_ns if second is None else begin_ns + second.end_ns
    complete = second is None or second.simulated_ns is not None
    simulated = end_ns if complete else None
    return Simulation(
        measure=RESUMED,
        units=undisturbed.units if second is None else kept + second.units,
        units_done=kept + (0 if second is None else second.units_done),
        predicted_ns=undisturbed.end_ns,
        simulated_ns=simulated,
        difference_ppm=difference_ppm(simulated, undisturbed.end_ns),
        exact=False,
        end_ns=end_ns,
        machines=_usage(first.machines, later, end_ns),
        bars=first.bars + (() if second is None else _later(second.bars, kept, begin_ns)),
    )


def _usage(
    before: tuple[MachineUse, ...], after: tuple[MachineUse, ...], end_ns: int
) -> tuple[MachineUse, ...]:
    busy: dict[str, int] = {}
    for use in (*before, *after):
        busy[use.machine] = busy.get(use.machine, 0) + use.busy_ns
    return tuple(
        MachineUse(machine=name, busy_ns=ns, utilisation_ppm=ns * PPM // end_ns if end_ns else 0)
        for name, ns in busy.items()
    )


def _later(bars: tuple[Bar, ...], kept: int, begin_ns: int) -> tuple[Bar, ...]:
    return tuple(
        bar.model_copy(
            update={
                "unit": bar.unit + kept,
                "start_ns": bar.start_ns + begin_ns,
                "stop_ns": bar.stop_ns + begin_ns,
            }
        )
        for bar in bars
    )


def everything_stops(undisturbed: Simulation, stops: Mapping[str, int]) -> dict[str, int]:
    """All machines of a run, stopped when the first device stops."""
    at = min(stops.values())
    return {use.machine: at for use in undisturbed.machines}
