"""From the name of a suite or an external set to its chains."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from planner.benchmark.external import SETS, ExternalSet
from planner.benchmark.suites import SUITES, Chain, Suite
from problem_instances.readers import VARIABLE, data_folder
from solvers.registry import REGISTRY

NAMES = (*SUITES, *SETS)


class SelectionError(ValueError):
    """A suite that cannot be run as asked."""


@dataclass(frozen=True)
class Choice:
    """A suite by name, the kinds it is cut down to (all where empty), the folder of public data."""

    suite: str
    kinds: tuple[str, ...] = ()
    data: Path | None = None

    @property
    def time_limit_ns(self) -> int:
        """Of one solve, unless asked otherwise. Raises SelectionError."""
        return self._known().time_limit_ns

    def chains(self, seed: int, repetitions: int) -> Iterator[Chain]:
        """What is run. Raises SelectionError."""
        kinds = self.kinds or tuple(REGISTRY)
        for kind in kinds:
            if kind not in REGISTRY:
                raise SelectionError(f"no kind '{kind}'; use one of: {', '.join(REGISTRY)}")
        if self.suite in SUITES:
            for kind in kinds:
                yield from SUITES[self.suite].chains(kind, seed, repetitions)
            return
        self._known()
        found = SETS[self.suite]
        folder = data_folder(self.data)
        if folder is None or not (folder / found.folder).is_dir():
            where = self.data or os.environ.get(VARIABLE)
            searched = f"there is no folder '{Path(where) / found.folder}'; " if where else ""
            raise SelectionError(
                f"{searched}no folder '{found.folder}' of public data: give the one that holds it "
                f"by --data, or set {VARIABLE}"
            )
        yield from found.chains(folder / found.folder, kinds, repetitions)

    def _known(self) -> Suite | ExternalSet:
        if self.suite not in NAMES:
            raise SelectionError(f"no suite '{self.suite}'; use one of: {', '.join(NAMES)}")
        return SUITES.get(self.suite) or SETS[self.suite]
