"""What a document may leave out is left out by the strategies of both split kinds, and given."""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from models.base import Document
from models.problems.split_computing import SplitComputingProblem
from models.problems.split_fleet import SplitFleetProblem
from tests.split_strategies import split_computing, split_fleet

# The same in every problem, or for people.
_FIXED = {"kind", "schema_version", "about"}


def _left_out(document: Document) -> Iterator[tuple[str, str, bool]]:
    """Of each document inside: its type, each field with a default, whether it has that."""
    for name, field in type(document).model_fields.items():
        value = getattr(document, name)
        if not field.is_required() and name not in _FIXED:
            yield type(document).__name__, name, value == field.get_default()
        for item in value if isinstance(value, tuple) else (value,):
            if isinstance(item, Document):
                yield from _left_out(item)


@pytest.mark.parametrize("strategy", [split_computing(), split_fleet()])
def test_every_default_is_drawn_and_so_is_something_else(
    strategy: st.SearchStrategy[SplitComputingProblem | SplitFleetProblem],
) -> None:
    """Properties of a kind hold of documents that leave a field out, whichever it is."""
    seen: set[tuple[str, str, bool]] = set()

    @settings(
        max_examples=150,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def collect(problem: SplitComputingProblem | SplitFleetProblem) -> None:
        seen.update(_left_out(problem))

    collect()
    fields = {(where, name) for where, name, _ in seen}
    assert {f for f in fields if (*f, True) not in seen} == set()
    assert {f for f in fields if (*f, False) not in seen} == set()
