"""The builds of the packages that solve and serve, and which are known to be bad."""

from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version

from api.requests import BuildOf

PACKAGES = (
    "edgeplan",
    "highspy",
    "ortools",
    "pyomo",
    "numpy",
    "networkx",
    "pydantic",
    "fastapi",
    "uvicorn",
    "matplotlib",
)


def bad_builds(versions: Mapping[str, str | None]) -> dict[str, str]:
    """Package -> why its build is known to be bad; highspy 1.12.0 is the one that is tested."""
    found = {}
    highspy = versions.get("highspy")
    if highspy is not None and _number(highspy) == (1, 14):
        found["highspy"] = "answers three tiny MIPs wrongly with status Optimal; use 1.12.0"
    if highspy is not None and _number(highspy) >= (1, 15) and versions.get("ortools"):
        found["highspy"] = "cannot be imported beside ortools, both ship libhighs.so.1; use 1.12.0"
    found |= {name: "is not installed" for name in PACKAGES[1:] if versions.get(name) is None}
    return found


def worked_around(versions: Mapping[str, str | None]) -> dict[str, str]:
    """Package -> a fault of its build that edgeplan keeps clear of (solvers/backends)."""
    found = {}
    ortools, highspy = versions.get("ortools"), versions.get("highspy")
    if ortools is not None and _number(ortools) == (9, 15):
        found["ortools"] = (
            "CP-SAT's presolve loses 64-bit sums (google/or-tools #5293); "
            "edgeplan switches off the two steps at fault"
        )
    if highspy is not None and _number(highspy) == (1, 12):
        found["highspy"] = (
            "presolve fails on tiny infeasible programs; edgeplan solves these again without it, "
            "and checks 'optimal' and 'infeasible' in integers"
        )
    return found


def builds() -> tuple[BuildOf, ...]:
    """The installed packages; see `bad_builds` and `worked_around`."""
    versions = {name: installed(name) for name in PACKAGES}
    bad, kept_clear_of = bad_builds(versions), worked_around(versions)
    return tuple(
        BuildOf(
            package=name,
            version=found,
            known_bad=name in bad,
            reason=bad.get(name) or kept_clear_of.get(name),
        )
        for name, found in versions.items()
    )


def installed(name: str) -> str | None:
    """The version of a package, None where it is not installed."""
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _number(text: str) -> tuple[int, ...]:
    """Major and minor number of a version."""
    return tuple(int(part) for part in text.split(".")[:2] if part.isdigit())
