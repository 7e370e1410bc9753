"""What a run consists of: suites as chains of steps, derived from the registry and the families.

- `quick`: every method on the shipped instances and a few generated ones, exact methods up the
  first rungs of a ladder of sizes too, in minutes.
- `paper`: every heuristic on all shipped instances and at least 200 generated ones that it may find
  a plan for, with exact methods in their order of preference until one has proved the optimum.
- `scale`: every exact method up a ladder of sizes, as far as it proves.

A chain is a tuple of steps that are run in turn; whether the next one is run depends on whether
the last one proved something, so that what is beyond a method is not tried at twice the size.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from planner.benchmark.cases import Case, generated, shipped
from planner.benchmark.families import Family, families
from solvers.base import Traits
from solvers.registry import Entry, entries

_SECOND_NS = 10**9
# Generated problems per kind in `paper`, and per family that has its own number: some have no plan,
# and 200 have to be left.
_ENOUGH = 240
# In `quick`: as many as a test of ten percent needs.
_FEW = 12

# Rungs of a ladder in `quick`: to build the largest problems takes longer than to solve them there.
_RUNGS = 7

# Not a method but all of them as planner.strategy lets them race: what a user gets.
STRATEGY = Entry(
    "edgeplan",
    "planner.service:plan",
    Traits(exact=True, bounds=True, deterministic=False, family="strategy"),
    "the default strategy",
)


@dataclass(frozen=True)
class Task:
    """A method on a case, for the `repetition`-th time."""

    case: Case
    method: Entry
    repetition: int = 0


class Proceed(StrEnum):
    """When the next step of a chain is run."""

    WHILE_PROVED = "while-proved"
    UNTIL_PROVED = "until-proved"


@dataclass(frozen=True)
class Chain:
    """Steps in turn; the tasks of one step do not depend on each other."""

    steps: tuple[tuple[Task, ...], ...]
    proceed: Proceed = Proceed.WHILE_PROVED

    def goes_on(self, *, proved: bool) -> bool:
        """Whether to run the next step, now that the last one proved something or nothing."""
        return proved == (self.proceed is Proceed.WHILE_PROVED)


@dataclass(frozen=True)
class Suite:
    """Chains of a kind for `repetitions`; time_limit_ns: of one solve, unless asked otherwise."""

    name: str
    about: str
    time_limit_ns: int
    chains: Callable[[str, int, int], Iterator[Chain]]


def alone(case: Case, methods: tuple[Entry, ...], repetitions: int) -> Iterator[Chain]:
    """Every method on a case, none depending on another."""
    for method in methods:
        for repetition in range(repetitions):
            yield Chain(((Task(case, method, repetition),),))


def _exact(kind: str) -> tuple[Entry, ...]:
    return tuple(method for method in entries(kind) if method.traits.exact)


def _heuristics(kind: str) -> tuple[Entry, ...]:
    return tuple(method for method in entries(kind) if not method.traits.exact)


def _small(kind: str, chosen: Iterable[Family], first_seed: int, number: int) -> Iterator[Case]:
    """About `number` cases at the small sizes of the families, evenly."""
    sizes = [(family, size) for family in chosen for size in family.small]
    seeds = -(-number // len(sizes)) if sizes else 0
    for family, size in sizes:
        for seed in range(first_seed, first_seed + seeds):
            yield _generated(kind, family, size, seed)


def _generated(kind: str, family: Family, size: int, seed: int) -> Case:
    return generated(kind, family.name, family.unit, size, family.make(size, seed))


def _quick(kind: str, seed: int, repetitions: int) -> Iterator[Chain]:
    for case in (*shipped(kind), *_small(kind, families(kind), seed, _FEW)):
        yield from alone(case, entries(kind), repetitions)
    yield from _ladders(kind, seed, repetitions, _RUNGS)


def _paper(kind: str, seed: int, repetitions: int) -> Iterator[Chain]:
    for case in shipped(kind):
        yield from alone(case, entries(kind), repetitions)
    together = tuple(family for family in families(kind) if not family.own)
    for chosen in (together, *((family,) for family in families(kind) if family.own)):
        for case in _small(kind, chosen, seed, _ENOUGH):
            yield from alone(case, _heuristics(kind), repetitions)
            yield Chain(tuple((Task(case, m),) for m in _exact(kind)), Proceed.UNTIL_PROVED)


def _ladders(kind: str, seed: int, repetitions: int, rungs: int | None = None) -> Iterator[Chain]:
    """A chain per family and exact method, the sizes in turn, no more than so many."""
    for family in families(kind):
        for method in _exact(kind):
            steps = (
                tuple(
                    Task(_generated(kind, family, size, seed), method, repetition)
                    for repetition in range(repetitions)
                )
                for size in family.ladder[:rungs]
            )
            chain = Chain(tuple(steps))
            if chain.steps:
                yield chain


SUITES = {
    suite.name: suite
    for suite in (
        Suite(
            "quick", "all methods on shipped and a few generated problems", 5 * _SECOND_NS, _quick
        ),
        Suite("paper", "gaps on 200 generated problems per kind", 10 * _SECOND_NS, _paper),
        Suite("scale", "exact methods on growing problems", 60 * _SECOND_NS, _ladders),
    )
}
