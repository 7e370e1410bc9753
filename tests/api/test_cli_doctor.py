"""edgeplan doctor: known-bad builds by name, and methods that answer wrongly."""

import pytest
from typer.testing import CliRunner

from api import cli_doctor
from api.builds import PACKAGES, bad_builds, worked_around
from api.cli import app
from solvers.registry import REGISTRY, entries
from tests.misbehaving import entry

_GOOD = dict.fromkeys(PACKAGES, "2.0") | {"highspy": "1.12.0", "ortools": "9.15.6755"}


def test_tested_builds_are_fine() -> None:
    """The pinned builds raise no warning."""
    assert bad_builds(_GOOD) == {}


@pytest.mark.parametrize(
    ("versions", "package", "reason"),
    [
        ({"highspy": "1.14.0"}, "highspy", "wrongly with status Optimal"),
        ({"highspy": "1.15.0"}, "highspy", "cannot be imported beside ortools"),
        ({"highspy": "2.0.0"}, "highspy", "cannot be imported beside ortools"),
        ({"ortools": None}, "ortools", "is not installed"),
        ({"pyomo": None}, "pyomo", "is not installed"),
    ],
)
def test_bad_builds(versions: dict[str, str | None], package: str, reason: str) -> None:
    """Builds known to be bad are named, with the reason."""
    assert reason in bad_builds(_GOOD | versions)[package]


def test_faults_that_are_worked_around() -> None:
    """The pinned builds' own faults are named, those of other builds are not known."""
    found = worked_around(_GOOD)
    assert "#5293" in found["ortools"]
    assert "presolve fails" in found["highspy"]
    assert worked_around({"highspy": "1.13.1", "ortools": "9.14.0", "pyomo": None}) == {}


def test_one_library_alone() -> None:
    """A later highspy without ortools has nothing to clash with."""
    assert "ortools" not in bad_builds(_GOOD | {"highspy": "1.15.0", "ortools": None})["ortools"]
    assert "highspy" not in bad_builds(_GOOD | {"highspy": "1.15.0", "ortools": None})


def test_healthy(monkeypatch: pytest.MonkeyPatch) -> None:
    """When every method answers rightly the exit status is 0; builds are listed."""
    monkeypatch.setitem(REGISTRY, "pipeline_partition", entries("pipeline_partition")[:1])
    monkeypatch.setattr(cli_doctor, "installed", {**_GOOD, "highspy": "1.14.0"}.get)
    result = CliRunner().invoke(app, ["doctor"])
    assert result.exit_code == 0
    assert "every method answers rightly" in result.stdout
    assert "warning: answers three tiny MIPs wrongly" in result.stdout
    assert "note: CP-SAT's presolve loses 64-bit sums" in " ".join(result.stdout.split())


def test_sick(monkeypatch: pytest.MonkeyPatch) -> None:
    """A method that fails is named, and the exit status is 70."""
    methods = (entries("pipeline_partition")[0], entry("Raises"))
    monkeypatch.setitem(REGISTRY, "pipeline_partition", methods)
    result = CliRunner().invoke(app, ["doctor"])
    assert result.exit_code == 70
    assert "ZeroDivisionError: a bug" in result.stdout
