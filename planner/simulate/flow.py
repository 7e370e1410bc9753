"""Units through the stages of a pipeline, as tasks of the event loop.

A unit computes on a stage's device and is then on its way to the next one. Where sending and
computing overlap, each directed link is a machine of its own, so that

    C(u, m) = max(C(u - 1, m), C(u, m - 1)) + t(u, m)

over devices and links in turn; where they do not, a transfer holds its sender too. On a shared
medium all transfers take turns, which no closed formula here knows.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from models.simulation import Bar, MachineUse
from planner.simulate.engine import Run, Task, run

COMPUTE, TRANSFER = "compute", "transfer"
MEDIUM = "shared medium"
PPM = 10**6


@dataclass(frozen=True)
class Hop:
    """A stage's device, and where it sends a unit; None where nothing is sent."""

    device: str
    sends_to: str | None


@dataclass(frozen=True)
class Medium:
    """overlap: devices compute while they send; shared: one channel for all transfers."""

    overlap: bool
    shared: bool = False

    def machines(self, hop: Hop) -> tuple[str, ...]:
        """What a transfer of that hop holds."""
        # A link ends with a device at its ends, the medium that all share does not.
        channels = (f"{hop.device} -> {hop.sends_to}", *((MEDIUM,) if self.shared else ()))
        return channels if self.overlap else (hop.device, *channels)


@dataclass(frozen=True)
class Piece:
    """What a task is: the work of a unit on a stage."""

    unit: int
    stage: int
    work: str


class Flow:
    """Tasks gathered unit by unit, each with what it is."""

    def __init__(self, hops: Sequence[Hop], medium: Medium) -> None:
        self.tasks: list[Task] = []
        self.pieces: list[Piece] = []
        self._hops = tuple(hops)
        self._medium = medium

    def branch(self, hops: Sequence[Hop]) -> "Flow":
        """Another way through the same machines, whose units come after those so far."""
        other = Flow(hops, self._medium)
        other.tasks, other.pieces = self.tasks, self.pieces
        return other

    def add_unit(
        self,
        unit: int,
        compute_ns: Sequence[int],
        transfer_ns: Sequence[int],
        after: tuple[int, ...] = (),
    ) -> int:
        """One unit through all stages, once the tasks `after` are done; its last task's index.

        compute_ns, transfer_ns: per stage; units that come first are added first.
        """
        for stage, hop in enumerate(self._hops):
            after = (
                self.add((hop.device,), compute_ns[stage], after, Piece(unit, stage, COMPUTE)),
            )
            if hop.sends_to is not None:
                machines = self._medium.machines(hop)
                piece = Piece(unit, stage, TRANSFER)
                after = (self.add(machines, transfer_ns[stage], after, piece),)
        return after[0]

    def add(
        self,
        machines: tuple[str, ...],
        duration_ns: int,
        after: tuple[int, ...],
        piece: Piece,
        not_before_ns: int = 0,
    ) -> int:
        """One piece of work; the index of its task."""
        index = len(self.tasks)
        label = f"{piece.work} of unit {piece.unit} on stage {piece.stage}"
        # Whoever was added first goes first: units keep their order on every machine.
        self.tasks.append(Task(label, machines, duration_ns, after, (index,), not_before_ns))
        self.pieces.append(piece)
        return index

    def carry_out(self, stops: Mapping[str, int]) -> Run:
        """The tasks carried out; a device that stops takes the links at its ends with it."""
        ends: dict[str, int] = dict(stops)
        for hop in self._hops:
            at = [stops[end] for end in (hop.device, hop.sends_to or "") if end in stops]
            if at and hop.sends_to is not None:
                ends[f"{hop.device} -> {hop.sends_to}"] = min(at)
        return run(self.tasks, ends)

    def bars(self, done: Run) -> tuple[Bar, ...]:
        """The Gantt chart; a transfer stands under the link that it holds."""
        return tuple(
            Bar(
                unit=piece.unit,
                stage=piece.stage,
                work=piece.work,
                machine=task.machines[-1],
                start_ns=span.start_ns,
                stop_ns=span.stop_ns,
                lost=span.lost,
            )
            for piece, task, span in zip(self.pieces, self.tasks, done.spans, strict=True)
            if span is not None
        )


def usage(done: Run) -> tuple[MachineUse, ...]:
    """How busy each machine was, as a share of the whole run."""
    end = done.end_ns
    return tuple(
        MachineUse(machine=name, busy_ns=busy, utilisation_ppm=busy * PPM // end if end else 0)
        for name, busy in done.busy_ns().items()
    )


def difference_ppm(simulated_ns: int | None, predicted_ns: int) -> int | None:
    """How much longer it took than predicted, rounded away from 0; None where it is not known."""
    if simulated_ns is None or predicted_ns == 0:
        return 0 if simulated_ns == predicted_ns else None
    excess = simulated_ns - predicted_ns
    share = -(-abs(excess) * PPM // predicted_ns)
    return share if excess >= 0 else -share
