"""What is measured on: a problem that is read or generated only when a method needs it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache, partial

from models.documents import MAX_FILE_BYTES, digest, read_problem
from models.problems import AnyProblem
from problem_instances import best_known, load, names
from problem_instances.generate import Spec, generate


class Source(StrEnum):
    """Where a problem comes from."""

    SHIPPED = "shipped"
    GENERATED = "generated"
    EXTERNAL = "external"


@dataclass(frozen=True)
class Peer:
    """A figure of others for a problem: who, the objective in the kind's unit, the time it took.

    optimal: whether they say that no plan is better.
    """

    name: str
    objective: int | None
    wall_ns: int | None = None
    optimal: bool = False


@dataclass(frozen=True)
class Case:
    """A problem by name, and what is known of it.

    family: what it has in common with others of its kind; size: in `unit`, the number that grows
    within the family, None where there is none; optimum: proved before, by whatever; peers: figures
    of others.
    """

    kind: str
    source: Source
    family: str
    instance: str
    read: Callable[[], AnyProblem]
    size: int | None = None
    unit: str = ""
    seed: int | None = None
    optimum: int | None = None
    peers: tuple[Peer, ...] = ()


@lru_cache(maxsize=64)
def problem_of(case: Case) -> AnyProblem:
    """The problem of a case; methods follow each other on it, so some are kept."""
    return case.read()


@lru_cache(maxsize=4096)
def digest_of(case: Case) -> str:
    """The digest of a case's problem."""
    return digest(problem_of(case))


def shipped(kind: str) -> Iterator[Case]:
    """The instances that come with edgeplan, with the optimum where that is proved."""
    for name in names(kind):
        known = best_known(name)
        proved = known.objective if known.objective == known.lower_bound else None
        yield Case(kind, Source.SHIPPED, "shipped", name, partial(load, name), optimum=proved)


def generated(kind: str, family: str, unit: str, size: int, spec: Spec) -> Case:
    """A case of a seeded specification."""
    name = f"{family}-{size}-seed-{spec.seed}"
    read = partial(_generate, spec)
    return Case(kind, Source.GENERATED, family, name, read, size, unit, spec.seed)


def _generate(spec: Spec) -> AnyProblem:
    return read_problem(generate(spec), MAX_FILE_BYTES)
