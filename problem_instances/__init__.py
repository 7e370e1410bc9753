"""Shipped instances, their best known plans, and seeded generators."""

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

from models.documents import read_plan, read_problem
from models.problems import KINDS, AnyPlan, AnyProblem

_BEST = ".best.json"
_INVALID = ".invalid.json"


@dataclass(frozen=True)
class BestKnown:
    """The best known answer to an instance.

    objective, lower_bound: integers of `unit`, None (as is `plan`) where no plan exists;
    proved_by: the methods that proved the bound, or that there is no plan.
    """

    objective: int | None
    unit: str
    lower_bound: int | None
    plan: AnyPlan | None
    proved_by: tuple[str, ...]


@dataclass(frozen=True)
class InvalidPlan:
    """A plan that has to fail, and the one rule that it breaks."""

    rule: str
    plan: AnyPlan


def names(kind: str | None = None) -> tuple[str, ...]:
    """The instances of a kind (of all kinds when left out), sorted. Raises KeyError."""
    if kind is not None and kind not in KINDS:
        raise KeyError(f"no kind '{kind}'; there are {', '.join(KINDS)}")
    return tuple(sorted(name for name, of in _kinds().items() if kind in (None, of)))


def document(name: str) -> str:
    """The document of an instance as shipped; `name` may carry its kind ("kind/name")."""
    return _file(name, ".json").read_text(encoding="utf-8")


def load(name: str) -> AnyProblem:
    """The problem of an instance; `name` may carry its kind ("kind/name"). Raises KeyError."""
    return read_problem(document(name))


def best_known(name: str) -> BestKnown:
    """The best known answer to an instance. Raises KeyError for an unknown name."""
    found = json.loads(_file(name, _BEST).read_text(encoding="utf-8"))
    plan = found["plan"]
    return BestKnown(
        objective=found["objective"],
        unit=found["unit"],
        lower_bound=found["lower_bound"],
        plan=None if plan is None else read_plan(json.dumps(plan)),
        proved_by=tuple(found["proved_by"]),
    )


def invalid_plans(name: str) -> tuple[InvalidPlan, ...]:
    """Plans for an instance that must be refused. Raises KeyError for an unknown name."""
    found = json.loads(_file(name, _INVALID).read_text(encoding="utf-8"))
    return tuple(InvalidPlan(row["rule"], read_plan(json.dumps(row["plan"]))) for row in found)


@cache
def _kinds() -> dict[str, str]:
    """The kind of every instance by name."""
    found: dict[str, str] = {}
    for kind in KINDS:
        for item in files(__name__).joinpath(kind).iterdir():
            stem = item.name.removesuffix(".json")
            if stem != item.name and "." not in stem:
                found[stem] = kind
    return found


def _file(name: str, suffix: str) -> Traversable:
    kind, slash, stem = name.rpartition("/")
    found = _kinds().get(stem)
    if found is None or (slash and kind != found):
        raise KeyError(f"no instance '{name}'; list them with names()")
    return files(__name__).joinpath(found, f"{stem}{suffix}")
