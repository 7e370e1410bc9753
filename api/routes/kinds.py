"""GET /v1/kinds and /v1/solvers: what can be planned, and by which methods."""

import sys
from collections.abc import Iterator

from fastapi import APIRouter

from api.builds import builds
from api.requests import KindOf, MethodOf, Solvers, TraitsOf
from models.problems import KINDS
from planner.certify import UNITS
from solvers.registry import entries

router = APIRouter()


@router.get("/v1/kinds", summary="Problem kinds")
def kinds() -> tuple[KindOf, ...]:
    """The problem kinds with their mathematics."""
    return tuple(_kind(kind) for kind in KINDS)


@router.get("/v1/solvers", summary="Methods and builds")
def solvers() -> Solvers:
    """The methods with what they promise, and the builds at hand, those known to be bad named."""
    return Solvers(methods=tuple(_methods()), builds=builds())


def _methods() -> Iterator[MethodOf]:
    for kind in KINDS:
        for item in entries(kind):
            traits = TraitsOf(**vars(item.traits))
            yield MethodOf(kind=kind, name=item.name, summary=item.summary, traits=traits)


def _kind(kind: str) -> KindOf:
    problem = KINDS[kind][0]
    title, _, statement = (sys.modules[problem.__module__].__doc__ or "").partition("\n")
    objectives = problem.model_fields["objective"].annotation
    return KindOf(
        kind=kind,
        title=title,
        statement=statement.strip(),
        objectives=tuple(str(objective) for objective in objectives or ()),
        unit=UNITS[kind],
    )
