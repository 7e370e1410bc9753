"""What a run ran on: versions, the class of the machine, a digest of the code; no names."""

import hashlib
import os
import platform
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

PACKAGES = ("edgeplan", "highspy", "ortools", "numpy", "networkx", "pyomo", "pydantic")
# What an answer or its time can depend on; of the benchmark itself what makes the problems.
_CODE = ("models", "problem_instances", "solvers")
_PROBLEMS = ("cases.py", "external.py", "families.py", "suites.py")


def versions() -> dict[str, str]:
    """Version of Python and of each package; those that are not installed are left out."""
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def machine() -> dict[str, str]:
    """The class of the machine, in words."""
    pages, size = os.sysconf("SC_PHYS_PAGES"), os.sysconf("SC_PAGE_SIZE")
    cores = len(os.sched_getaffinity(0))
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "processor": _processor(),
        "cores": str(cores),
        "memory": f"{pages * size / 2**30:.0f} GiB",
    }


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        key, _, value = line.partition(":")
        if key.strip() == "model name":
            return value.strip()
    return platform.processor() or "unknown"


@cache
def code() -> str:
    """The first twelve digits of a SHA-256 of all code that answers can depend on."""
    found = hashlib.sha256()
    for package in _CODE:
        for name, content in _modules(files(package)):
            found.update(name.encode() + b"\0" + content + b"\0")
    for name in _PROBLEMS:
        found.update(files("planner.benchmark").joinpath(name).read_bytes())
    return found.hexdigest()[:12]


def _modules(folder: Traversable) -> list[tuple[str, bytes]]:
    found: list[tuple[str, bytes]] = []
    for item in sorted(folder.iterdir(), key=lambda item: item.name):
        if item.is_dir():
            inside = _modules(item)
            found += [(f"{item.name}/{name}", content) for name, content in inside]
        elif item.name.endswith((".py", ".json")):
            found.append((item.name, item.read_bytes()))
    return found
