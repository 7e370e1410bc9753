"""What lies beside the code agrees with it: pins, Dockerfile, changelog. Nothing leaks."""

import re
import tomllib
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from api.settings import Settings

ROOT = Path(__file__).parents[1]
_PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
# Package registries, and folders that exist on one machine only. Written so as not to match itself.
_LEAK = re.compile(
    r"pypi[.]org|pythonhosted[.]org|npmjs[.]org|anaconda[.]org|index[-]url|find[-]links"
    r"|(?<![\w.*}])/(?:home|root|tmp|work|Users)/\w"
)


def _files() -> Iterator[Path]:
    """Every text file that .gitignore does not leave out; works without git, too."""
    lines = (ROOT / ".gitignore").read_text(encoding="utf-8").split()
    ignored = [".git", *(line.rstrip("/") for line in lines)]
    for path in sorted(ROOT.rglob("*")):
        parts = path.relative_to(ROOT).parts
        if path.is_file() and not any(fnmatch(part, line) for part in parts for line in ignored):
            yield path


def _pins() -> dict[str, str]:
    """Canonical name -> version of every line of constraints.txt that is no comment."""
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pairs = [line.split("==") for line in lines if not line.startswith("#")]
    return {canonicalize_name(name): version for name, version in pairs}


def _requirements() -> list[Requirement]:
    project = _PROJECT["project"]
    extras = project["optional-dependencies"].values()
    texts = [*project["dependencies"], *(text for extra in extras for text in extra)]
    return [Requirement(text) for text in [*texts, *_PROJECT["build-system"]["requires"]]]


def test_no_registry_and_no_folder_of_one_machine() -> None:
    """No file names a package registry or a folder of the machine that it was written on."""
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:80]}"
        for path in _files()
        for number, line in enumerate(path.read_text("utf-8", "replace").splitlines(), start=1)
        if _LEAK.search(line)
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    "line", ["--index" + "-url https://example", "cd /" + "home/me", "https://py" + "pi.org/simple"]
)
def test_leaks_are_recognised(line: str) -> None:
    """The pattern finds what it is there to find."""
    assert _LEAK.search(line)


def test_constraints_are_plain_pins() -> None:
    """A line of constraints.txt is a comment or name==version, each name once."""
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if not line.startswith("#")]
    assert all(re.fullmatch(r"[\w.-]+==[\w.]+", pin) for pin in pins)
    assert len(pins) == len(_pins())


@pytest.mark.parametrize("requirement", _requirements(), ids=str)
def test_every_requirement_is_pinned(requirement: Requirement) -> None:
    """What pyproject.toml asks for is pinned to a version that it allows."""
    pinned = _pins()[canonicalize_name(requirement.name)]
    assert pinned in requirement.specifier


def test_dockerfile_copies_every_package() -> None:
    """Each root package is copied into the image, and .dockerignore lets it through."""
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    allowed = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    for package in _PROJECT["tool"]["importlinter"]["root_packages"]:
        assert f"\nCOPY {package} {package}\n" in dockerfile
        assert f"!{package}" in allowed


def test_dockerfile_sets_settings_that_exist() -> None:
    """Every EDGEPLAN_… variable of the image is a field of the settings."""
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    names = re.findall(r"EDGEPLAN_(\w+)=", dockerfile)
    assert names
    assert {name.lower() for name in names} <= set(Settings.model_fields)


def test_changelog_has_the_version() -> None:
    """The changelog has an entry for the version of pyproject.toml, and one for what follows."""
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert "\n## [Unreleased]\n" in changelog
    assert f"\n## [{_PROJECT['project']['version']}]" in changelog
