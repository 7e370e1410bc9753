"""Local search for both forms: one group at a time to another device, with a tabu list.

Tarnawski et al. (NeurIPS 2020, §6, "local search") take the best move until none improves the
largest load. Here the cost of a move is the sum of a high power of the loads, which also sees what
it does to the second largest; a group that moved stays for some steps; and after a while without
a better plan some groups of the best one are moved at random and the power is drawn anew (a
small one spreads work over all devices, a large one looks at the fullest alone). Starts from the
linearised dynamic program. All moves of a step are priced at once: with n(N, d) ends of net N on
device d,

    group g joins d    adds   time(g, d) + Σ_{N of g} ns ([n(N, d) + 1 < |N|] - [n(N, d) > 0])
    group g leaves d   adds - time(g, d) + Σ_{N of g} ns ([n(N, d) > 1] - [n(N, d) < |N|])
"""

import numpy as np
import numpy.typing as npt

from models.problems.dag_partition import DagPartitionPlan, DagPartitionProblem, DeviceClass
from models.result import Claim, Limits, Reason
from solvers.base import Progress, Stopwatch
from solvers.heuristic.dag_partition import LinearisedDp
from solvers.tables.dag_partition import Bools, Ints, Tables, build
from solvers.tables.dag_partition_chain import Parts

_STEPS, _STEPS_PER_PAIR = 30_000, 20
# Steps without a better plan before the best one is shaken.
_PATIENCE = 200
_POWERS = (16, 64)
# Steps for which a group stays where it was put: at least, and below.
_TENURE = (5, 25)

Floats = npt.NDArray[np.float64]


class LocalSearch:
    """Tabu search over single moves, from the linearised dynamic program or a given plan."""

    name = "local-search"

    def solve(
        self,
        problem: DagPartitionProblem,
        limits: Limits,
        hint: DagPartitionPlan | None = None,
        report: Progress[DagPartitionPlan] | None = None,
    ) -> Claim[DagPartitionPlan]:
        """The best plan met; none where neither the start nor packing by size gives one."""
        watch = Stopwatch(limits, report)
        tables = build(problem)
        parts = _start(tables, hint) or _start(tables, LinearisedDp().solve(problem, limits).plan)
        if parts is None:
            parts = _packed(tables)
        if parts is None:
            reason = watch.reason(Reason.HEURISTIC)
            return Claim(self.name, reason, detail="no plan to start from")
        search = _Search(tables, parts, limits.seed)
        steps = search.run(min(_STEPS, _STEPS_PER_PAIR * tables.groups**2), watch)
        plan = tables.plan(search.parts())
        return Claim(self.name, watch.reason(Reason.HEURISTIC), plan, stats={"steps": steps})


def _start(tables: Tables, plan: DagPartitionPlan | None) -> Parts | None:
    """The parts of a plan that keeps to the rules, else None."""
    parts = None if plan is None else tables.places(plan)
    return parts if parts is not None and tables.allows(parts) else None


class _Search:
    """A plan that changes move by move, and the best one met.

    place [m]: device of each group; ends [nets, D]; load, filled [D].
    """

    def __init__(self, tables: Tables, parts: Parts, seed: int) -> None:
        self.tables = tables
        self.rng = np.random.default_rng(seed)
        self.cpu = _devices(tables, parts)
        time = np.where(
            self.cpu, tables.cpu_ns[:, np.newaxis], tables.accelerator_ns[:, np.newaxis]
        )
        self.time = time.astype(float)
        self.allowed = self.cpu | tables.supported[:, np.newaxis]
        self.incidence = tables.incidence.T.astype(float)
        self.width = tables.incidence.sum(axis=1)[:, np.newaxis]
        self.pairs = np.array(tables.before, dtype=np.int64).reshape(-1, 2)
        place = np.zeros(tables.groups, dtype=np.int64)
        for device, (_, held) in enumerate(parts):
            place[held] = device
        self.power = _POWERS[0]
        self._settle(place)
        self.best, self.best_place = self.load.max(), place.copy()

    def parts(self) -> Parts:
        """The best plan met."""
        classes = [DeviceClass.CPU if cpu else DeviceClass.ACCELERATOR for cpu in self.cpu]
        held = [np.flatnonzero(self.best_place == d).tolist() for d in range(len(classes))]
        return list(zip(classes, held, strict=True))

    def run(self, steps: int, watch: Stopwatch) -> int:
        """Search for so many steps or until the time is up; how many were made."""
        tabu = np.zeros(self.tables.groups, dtype=np.int64)
        since = 0
        for step in range(steps):
            if watch.expired():
                return step
            moved = self._move(tabu > step)
            if moved is not None:
                tabu[moved] = step + self.rng.integers(*_TENURE)
            since += 1
            if self.load.max() < self.best:
                self.best, self.best_place, since = self.load.max(), self.place.copy(), 0
            elif since > _PATIENCE or moved is None:
                self._shake()
                since = 0
        return steps

    def _settle(self, place: Ints) -> None:
        """Take over a placement and compute everything that follows from it."""
        devices = self.cpu.size
        self.place = place.copy()
        here = self.place[:, np.newaxis] == np.arange(devices)
        self.ends = (self.incidence.T @ here).astype(np.int64)
        self.filled = self.tables.size_bytes @ here
        self.load = np.zeros(devices)
        self.joins = np.empty((self.tables.groups, devices))
        self.leaves = np.empty((self.tables.groups, devices))
        self._reprice(np.arange(devices))

    def _reprice(self, devices: Ints) -> None:
        """Loads of the devices, and what it adds to them when a group joins or leaves."""
        ends, cost = self.ends[:, devices], self.tables.net_ns[:, np.newaxis] * ~self.cpu[devices]
        touched, partly = ends > 0, ends < self.width
        held = self.place[:, np.newaxis] == devices
        time = self.time[:, devices]
        self.load[devices] = (time * held).sum(axis=0) + (cost * (touched & partly)).sum(axis=0)
        joining = cost * ((ends + 1 < self.width).astype(np.int64) - touched)
        leaving = cost * ((ends > 1).astype(np.int64) - partly)
        self.joins[:, devices] = time + self.incidence @ joining
        self.leaves[:, devices] = self.incidence @ leaving - time

    def _move(self, tabu: Bools) -> int | None:
        """Make the best move that is allowed; the group moved, or None where none may."""
        groups = np.arange(self.tables.groups)
        after_leaving = self.load[self.place] + self.leaves[groups, self.place]
        after_joining = self.load + self.joins
        scale = max(1.0, self.load.max())
        power = (self.load / scale) ** self.power
        change = ((after_leaving / scale) ** self.power - power[self.place])[:, np.newaxis]
        change = change + (after_joining / scale) ** self.power - power
        change[~self._open(tabu)] = np.inf
        group, device = divmod(int(change.argmin()), self.cpu.size)
        if not np.isfinite(change[group, device]):
            return None
        self._put(group, device)
        return group

    def _open(self, tabu: Bools) -> Bools:
        """[m, D] whether a group may move to a device."""
        devices = np.arange(self.cpu.size)
        may = self.allowed & ~tabu[:, np.newaxis]
        may &= self.place[:, np.newaxis] != devices
        room = self.tables.memory_bytes - self.filled
        may &= self.cpu | (self.tables.size_bytes[:, np.newaxis] <= room)
        if self.pairs.size:
            first = np.zeros(self.tables.groups, dtype=np.int64)
            last = np.full(self.tables.groups, self.cpu.size)
            np.maximum.at(first, self.pairs[:, 1], self.place[self.pairs[:, 0]])
            np.minimum.at(last, self.pairs[:, 0], self.place[self.pairs[:, 1]])
            may &= (devices >= first[:, np.newaxis]) & (devices <= last[:, np.newaxis])
        return may

    def _put(self, group: int, device: int) -> None:
        left = int(self.place[group])
        self.place[group] = device
        self.filled[left] -= self.tables.size_bytes[group]
        self.filled[device] += self.tables.size_bytes[group]
        touched = self.tables.incidence[:, group]
        self.ends[touched, left] -= 1
        self.ends[touched, device] += 1
        self._reprice(np.array([left, device]))

    def _shake(self) -> None:
        """Back to the best plan, and a few groups of it at random to where they may go."""
        self._settle(self.best_place)
        self.power = int(self.rng.choice(_POWERS))
        nobody = np.zeros(self.tables.groups, dtype=bool)
        for _ in range(int(self.rng.integers(2, 3 + self.tables.groups // 8))):
            choices = np.argwhere(self._open(nobody))
            if choices.size == 0:
                return
            group, device = choices[self.rng.integers(len(choices))]
            self._put(int(group), int(device))


def _devices(tables: Tables, parts: Parts) -> Bools:
    """[D] whether a device is a CPU: those of the plan in its order, then those without work."""
    used = [device is DeviceClass.CPU for device, _ in parts]
    spare = [False] * (tables.accelerators - used.count(False))
    return np.array([*used, *spare, *([True] * (tables.cpus - used.count(True)))], dtype=bool)


def _packed(tables: Tables) -> Parts | None:
    """Largest first, each on the emptiest accelerator that has room, else on a CPU; free form."""
    held: list[list[int]] = [[] for _ in range(tables.accelerators + tables.cpus)]
    filled = np.zeros(tables.accelerators, dtype=np.int64)
    for group in np.argsort(-tables.size_bytes, kind="stable").tolist():
        size = tables.size_bytes[group]
        if tables.supported[group] and (filled + size <= tables.memory_bytes).any():
            place = int(filled.argmin())
            filled[place] += size
        elif tables.cpus:
            place = tables.accelerators
        else:
            return None
        held[place].append(group)
    classes = [DeviceClass.ACCELERATOR] * tables.accelerators + [DeviceClass.CPU] * tables.cpus
    parts = [(device, groups) for device, groups in zip(classes, held, strict=True) if groups]
    return parts if tables.allows(parts) else None
