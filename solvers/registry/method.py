"""What the registry says of a method."""

from dataclasses import dataclass
from importlib import import_module
from typing import Any

from solvers.base import Solver, Traits


@dataclass(frozen=True)
class Entry:
    """One method: its name, where it lives ("module:Class"), what it promises, what it is."""

    name: str
    where: str
    traits: Traits
    summary: str

    def load(self) -> Solver[Any, Any]:
        """An instance of the method; imports its module."""
        module, _, attribute = self.where.partition(":")
        solver: Solver[Any, Any] = getattr(import_module(module), attribute)()
        return solver


def exact(family: str) -> Traits:
    """What an exact method promises; two of one family do not count as two opinions."""
    return Traits(exact=True, bounds=True, deterministic=True, family=family)


HEURISTIC = Traits(exact=False, bounds=False, deterministic=True, family="heuristic")
