"""What the discrete-event simulation of a plan saw, beside what the closed formula says."""

from typing import Annotated

from pydantic import Field

from models.base import Document
from models.units import format_quantity

# What is compared where a second plan goes on after a stop: with the first plan's end without one.
RESUMED = "end with a second plan"


class Bar(Document):
    """One piece of work on one machine, from start to stop in ns.

    unit: the token, chunk, micro-batch, sample, pass or layer, from 0; stage: from 0 along the
    pipeline, the ring, the parts or the nodes; lost: its machine stopped before it was done.
    """

    unit: int
    stage: int
    work: str
    machine: str
    start_ns: int
    stop_ns: int
    lost: bool = False


class MachineUse(Document):
    """A device or a link: how long it was busy, and as a share of the whole run."""

    machine: str
    busy_ns: int
    utilisation_ppm: int


class Simulation(Document):
    """A plan replayed unit by unit.

    measure: the time that is compared, by name; predicted_ns: by the closed formula; simulated_ns:
    None where not all units came through; where a second plan goes on after a stop, the first one's
    end without it and the end of both; difference_ppm: of the simulated time from the predicted
    one; exact: whether the formula is a theorem here, so that any difference is a fault; bars: the
    Gantt chart, left out of certificates.
    """

    measure: str
    units: Annotated[int, Field(ge=1)]
    units_done: int
    predicted_ns: int
    simulated_ns: int | None
    difference_ppm: int | None
    exact: bool
    end_ns: int
    machines: tuple[MachineUse, ...]
    bars: tuple[Bar, ...] = ()

    @property
    def in_words(self) -> str:
        """Simulated beside predicted, and what a difference means, for people."""
        units = format_quantity(self.units, "units")
        predicted = format_quantity(self.predicted_ns, "ns")
        if self.simulated_ns is None:
            return (
                f"{self.units_done} of {units} came through; "
                f"predicted without a stop: {self.measure} {predicted}"
            )
        simulated = format_quantity(self.simulated_ns, "ns")
        if self.measure == RESUMED:
            return f"{units} with a second plan: {simulated}; without a stop {predicted}"
        difference = f"{self.difference_ppm:+,} ppm" if self.difference_ppm else "no difference"
        why = "" if self.exact else " (the formula is an estimate here)"
        return (
            f"{self.measure} of {units}: simulated {simulated}, predicted {predicted}, "
            f"{difference}{why}"
        )
