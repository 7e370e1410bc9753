"""The examples in README.md and docs/ run and print what is written there.

In a document a fence ```yaml file=NAME (or json, python) is written to NAME; each `$ ` line of a
fence ```console runs in a shell, in one folder per document, and the lines below it are what it
prints. Compared are neither blanks nor times that are rounded to s, ms or µs, and nothing from the
table of runs on, because methods race; `...` stands for any lines. 127.0.0.1:8000 is a server that
the test starts. Fences ```sh are not run.
"""

import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from solvers.registry import REGISTRY

ROOT = Path(__file__).parents[1]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
_FENCE = re.compile(r"^```(\w+)(?: file=(\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_PROOF = re.compile(r"(?<=proof: )(agreed|claimed) by .*")
_TIME = re.compile(r"\d[\d,.]* (?:s|ms|µs)(?!\w)")
_ADDRESS = "127.0.0.1:8000"
_SECTIONS = ["What it is for", "Specification", "Mathematics", "Methods", "Example", "Results"]


@dataclass(frozen=True)
class Example:
    """A command and the lines that it prints."""

    command: str
    printed: list[str]


def _fences(document: Path) -> list[tuple[str, str, str]]:
    """(language, file, content) of every fence."""
    return _FENCE.findall(document.read_text(encoding="utf-8"))


def _examples(content: str) -> Iterator[Example]:
    for part in re.split(r"^\$ ", content, flags=re.MULTILINE)[1:]:
        lines = part.splitlines()
        ends = next(i for i, line in enumerate(lines) if not line.endswith("\\"))
        yield Example("\n".join(lines[: ends + 1]), lines[ends + 1 :])


def _comparable(lines: list[str]) -> list[str]:
    """Lines without blanks, times and who agreed (which takes time), up to the table of runs."""
    kept = []
    for line in lines:
        words = _PROOF.sub("#", " ".join(_TIME.sub("#", line).split()))
        if words.startswith("method ended"):
            break
        if words and not set(words) <= set("─━-"):
            kept.append(words)
    return kept


def _matches(expected: list[str], printed: list[str]) -> bool:
    pattern = "".join(".*" if line == "..." else re.escape(line + "\n") for line in expected)
    return re.fullmatch(pattern, "".join(line + "\n" for line in printed), re.DOTALL) is not None


def _demo() -> str:
    """What `make demo` prints and runs once its environment is there."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    found = re.search(r"^DEMO := (\S+)$", makefile, re.MULTILINE)
    assert found is not None
    return f"echo .venv/bin/edgeplan solve {found[1]}; edgeplan solve {found[1]}"


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The commands of this environment first on the path, output 100 columns wide, own jobs."""
    here = str(Path(sys.executable).parent)
    own = {"COLUMNS": "100", "XDG_STATE_HOME": str(tmp_path_factory.mktemp("state"))}
    return os.environ | own | {"PATH": f"{here}{os.pathsep}{os.environ['PATH']}"}


@pytest.fixture(scope="module")
def address(environment: dict[str, str]) -> Iterator[str]:
    """Host and port of a server that answers."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = ["edgeplan", "serve", "--port", str(port)]
    with subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL) as server:
        try:
            _wait_until_alive(f"http://127.0.0.1:{port}/livez")
            yield f"127.0.0.1:{port}"
        finally:
            server.terminate()


def _wait_until_alive(url: str) -> None:
    for _ in range(900):
        try:
            with urlopen(url, timeout=5):
                return
        except URLError:
            time.sleep(0.1)
    raise AssertionError(f"{url} does not answer")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_examples_run(
    document: Path, tmp_path: Path, environment: dict[str, str], request: pytest.FixtureRequest
) -> None:
    """Every example of a document succeeds and prints what the document says."""
    (tmp_path / "problem_instances").symlink_to(ROOT / "problem_instances")
    for language, name, written in _fences(document):
        content = written
        if _ADDRESS in written and (name or language == "console"):
            content = written.replace(_ADDRESS, request.getfixturevalue("address"))
        if name:
            (tmp_path / name).write_text(content, encoding="utf-8")
        for example in _examples(content) if language == "console" else ():
            command = _demo() if example.command == "make demo" else example.command
            if "curl" not in command or shutil.which("curl") is not None:
                _run(command, example.printed, tmp_path, environment)


def _run(command: str, expected: list[str], folder: Path, environment: dict[str, str]) -> None:
    result = subprocess.run(
        ["bash", "-c", command],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
        check=False,
    )
    assert result.returncode == 0, f"$ {command}\n{result.stdout}"
    printed = result.stdout.splitlines()
    assert _matches(_comparable(expected), _comparable(printed)), f"$ {command}\n{result.stdout}"


def test_something_is_compared() -> None:
    """Each document has examples, and a line that is not printed is noticed."""
    for document in DOCUMENTS:
        fences = _fences(document)
        assert [1 for language, _, content in fences if language == "console" and "$ " in content]
    assert _matches(["a #", "...", "z"], _comparable(["a  1.5 ms", "b", "z"]))
    assert not _matches(["a #", "z"], _comparable(["a 1.5 ms", "b", "z"]))


@pytest.mark.parametrize("kind", REGISTRY)
def test_readme_names_every_method(kind: str) -> None:
    """README's table has a row per method, marked exact or heuristic as the registry has it."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    rows = re.findall(rf"^\| `{kind}` \| `([\w-]+)` \| (\w+) \|", text, re.MULTILINE)
    expected = [(m.name, "exact" if m.traits.exact else "heuristic") for m in REGISTRY[kind]]
    assert rows == expected


@pytest.mark.parametrize("kind", REGISTRY)
def test_the_page_of_a_kind_is_whole(kind: str) -> None:
    """Each page has the same sections in one order, every method, and a block of results."""
    text = (ROOT / "docs" / f"{kind}.md").read_text(encoding="utf-8")
    headings = [head for head in re.findall(r"^## (.+)$", text, re.MULTILINE) if head in _SECTIONS]
    assert headings == _SECTIONS
    methods, results = (_section(text, name) for name in ("Methods", "Results"))
    rows = re.findall(r"^\| (`.+?) \|", methods, re.MULTILINE)
    named = [name for row in rows for name in re.findall(r"`([\w-]+)`", row)]
    assert sorted(named) == sorted(method.name for method in REGISTRY[kind])
    for part in ("<!-- bench: results -->", "<!-- /bench: results -->", "](benchmarks.md"):
        assert part in results
    assert f"](../problem_instances/{kind}/README.md)" in results


def _section(text: str, name: str) -> str:
    return text.partition(f"\n## {name}\n")[2].partition("\n## ")[0]


def test_links_lead_somewhere() -> None:
    """Every relative link of a document leads to a file."""
    for document in [
        *DOCUMENTS,
        ROOT / "CONTRIBUTING.md",
        *sorted((ROOT / "docs/adr").glob("*.md")),
    ]:
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", document.read_text("utf-8")):
            assert (document.parent / target).exists(), f"{document.name} links to {target}"
