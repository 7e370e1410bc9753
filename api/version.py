"""Versions of what is installed."""

from importlib.metadata import PackageNotFoundError, version


def installed(name: str = "edgeplan") -> str:
    """The version of a distribution; what stands for one that runs from its sources."""
    try:
        return version(name)
    except PackageNotFoundError:
        return "0 (not installed)"
