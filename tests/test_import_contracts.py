"""The import contracts hold, and each of them fails when it is broken on purpose."""

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
_SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]
_PACKAGES = _SETTINGS["importlinter"]["root_packages"]
_CONTRACTS = [contract["name"] for contract in _SETTINGS["importlinter"]["contracts"]]

# Contract -> the module that offends, and the import that does it.
OFFENCES = {
    "One way through the house": ("solvers/base.py", "import planner.certify"),
    "Rooms inside solvers": ("solvers/tables/pipeline_partition.py", "import solvers.registry"),
    "The verifier stands alone": ("planner/verify/pipeline_partition.py", "import numpy"),
    "Nouns need little": ("models/units.py", "import numpy"),
    "Solver libraries stay in their backends": (
        "solvers/dp/pipeline_partition.py",
        "import highspy",
    ),
    "Pyomo stays where models are written in it": (
        "solvers/search/split_computing.py",
        "import pyomo",
    ),
    "The service's libraries stay in the service": ("planner/service.py", "import sqlalchemy"),
    "PostgreSQL is an extra": ("api/jobs/store.py", "import psycopg"),
}


def _lint(folder: Path) -> subprocess.CompletedProcess[str]:
    # The copy's own folder comes first on the path, before the installed packages.
    command = (
        "import sys; sys.path.insert(0, ''); from importlinter.cli import lint_imports_command"
    )
    return subprocess.run(
        [sys.executable, "-c", f"{command}; lint_imports_command()", "--no-cache"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """A copy of the packages and their contracts."""
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for package in _PACKAGES:
        only_code = shutil.ignore_patterns("__pycache__", "*.json", "*.md")
        shutil.copytree(ROOT / package, tmp_path / package, ignore=only_code)
    return tmp_path


def test_contracts_hold(house: Path) -> None:
    """The packages as they stand keep every contract."""
    result = _lint(house)
    assert result.returncode == 0, result.stdout + result.stderr
    assert f"{len(_CONTRACTS)} kept, 0 broken" in result.stdout


def test_every_contract_has_an_offence() -> None:
    """A contract that is added is broken on purpose, too."""
    assert set(OFFENCES) == set(_CONTRACTS)


@pytest.mark.parametrize("contract", OFFENCES)
def test_breaking_a_contract_fails(house: Path, contract: str) -> None:
    """One offending import fails the check, which names the contract."""
    module, offence = OFFENCES[contract]
    with (house / module).open("a", encoding="utf-8") as file:
        file.write(f"\n{offence}\n")
    result = _lint(house)
    assert result.returncode == 1, result.stdout + result.stderr
    assert f"{contract} BROKEN" in result.stdout
