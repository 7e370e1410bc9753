"""What holds for all tests."""

import pytest
from hypothesis import settings

# How long an example takes is the machine's business; what else the profile at hand says (the one
# for continuous integration draws the same examples every time) stays.
settings.register_profile("no deadline", settings(deadline=None))
settings.load_profile("no deadline")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The documents first: one of them takes half a minute, in which a worker would end alone."""
    items.sort(key=lambda item: item.path.name != "test_docs.py")
