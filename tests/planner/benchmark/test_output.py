"""What is written of a run: the table, the page, the tables for documents, the ledger."""

import csv
import json
import re
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from planner.benchmark import ledger, record, session, summary, tables, tidy
from planner.benchmark.analysis import sections
from planner.benchmark.figures import ranked
from planner.benchmark.output import Outputs, check, write
from planner.benchmark.record import COLUMNS, Record
from planner.benchmark.session import Settings
from planner.benchmark.words import percent, seconds
from tests.planner.benchmark.rows import exact, heuristic

MACHINE = {"processor": "p", "cores": "2", "memory": "1 GiB"}
_MARKS = "# Title\n\n<!-- bench: gaps -->\nold\n<!-- /bench: gaps -->\n\nEnd.\n"
_LEDGER = "# Ledger\n\n<!-- entries, the latest first -->\n\n## old entry\n"


def _rows() -> list[Record]:
    """Four sizes, climbed by one method and not by another; a heuristic with gaps."""
    rows = []
    for number, size in enumerate((8, 16, 32, 64)):
        wall = 10**7 * size
        rows.append(exact(number, size=size, wall_ns=wall, detail='a "quoted", line'))
        rows.append(exact(number, size=size, method="milp", proved=size < 32, wall_ns=3 * wall))
        rows.append(heuristic(number, size=size, objective=100 + number))
    peer = exact(9, instance="ViT", source="external", objective=100)
    return [*rows, peer, exact(9, instance="ViT", source="external", method="theirs",
                               measured=False, reason="published", cpu_ns=None)]  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A run."""
    made = tmp_path / "run"
    session.begin(made, Settings("quick", (), 10**9, 2**30, 1, 1))
    for row in _rows():
        record.append(made / "records.jsonl", row)
    return made


def test_the_table_is_tidy(folder: Path) -> None:
    """A row per record in CSV and in Parquet, cell for cell the same."""
    made = tidy.write(folder, _rows())
    with made[0].open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == list(COLUMNS)
    assert [row["objective"] for row in rows] == [str(row.objective) for row in _rows()]
    assert json.loads(rows[0]["trace"]) == [list(step) for step in _rows()[0].trace]
    parquet = pytest.importorskip("pyarrow.parquet")
    table = parquet.read_table(made[1]).to_pylist()
    expected = [asdict(row) | {"trace": json.dumps(row.trace)} for row in _rows()]
    assert table == expected


def test_a_run_of_some_kinds_leaves_the_other_rows(tmp_path: Path) -> None:
    """Its rows are renewed, or come in the registry's order; the next such run says so once."""
    whole, some = (
        session.begin(tmp_path / name, Settings("paper", kinds, 10**9, 2**30, 1, 1))
        for name, kinds in (("whole", ()), ("some", ("pipeline_partition",)))
    )
    other = [replace(row, kind="serving_flow") for row in _rows()]
    before = summary.gaps(whole, sections([*_rows(), *other], 10**9))
    better = [heuristic(1, objective=101), exact(1)]
    for _ in range(2):
        after = summary.gaps(some, sections(better, 10**9), before)
        rows = [line for line in after.splitlines() if line.startswith("| `")]
        assert [line.split("`")[1] for line in rows] == ["pipeline_partition", "serving_flow"]
        assert rows[0] == "| `pipeline_partition` | `edgeshard` 1.0 % / 1.0 % | 1 |"
        assert rows[1] in before
        sources = after.splitlines()[-3:]
        assert sources[0] in before
        assert sources[2].startswith("`pipeline_partition`: `edgeplan bench paper`")
        before = after
    assert summary.gaps(whole, sections(_rows(), 10**9), before).count("edgeplan bench") == 1


def test_where_rows_come_from_goes_with_them(tmp_path: Path) -> None:
    """A run is named for as long as some row is its own."""
    serving, training = "serving_flow", "pipeline_training"
    before = ""
    for kinds, named in (
        ((serving, training), ["`serving_flow`, `pipeline_training`"]),
        ((serving,), ["`pipeline_training`", "`serving_flow`"]),
        ((training, serving), ["`pipeline_training`, `serving_flow`"]),
    ):
        folder = tmp_path / f"{'-'.join(kinds)}"
        header = session.begin(folder, Settings("paper", kinds, 10**9, 2**30, 1, 1))
        rows = [replace(row, kind=kind) for kind in kinds for row in _rows()]
        before = summary.gaps(header, sections(rows, 10**9), before)
        sources = [line for line in before.splitlines() if line and not line.startswith("|")]
        assert [source.partition(": ")[0] for source in sources] == named


def test_the_page_holds_everything(folder: Path) -> None:
    """Every drawing and table is in one file, with nothing to fetch and ids used once."""
    write(folder, Outputs())
    text = (folder / "report.html").read_text(encoding="utf-8")
    titles = ("Gap to the optimum", "Performance profile", "Gap over time", "Primal integral")
    for title in (*titles, "Time to the proof: latency", "the figures of others"):
        assert title in text
    assert text.count("<svg") == 6
    ids = re.findall(r'\bid="([^"]+)"', text)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r"url\(#([^)]+)\)", text)) <= set(ids)
    assert "prefers-color-scheme: dark" in text
    assert not re.search(r'(?:src|href)=["\']?https?://(?!www\.w3\.org)', text)


def test_nothing_is_drawn_of_nothing(folder: Path) -> None:
    """A kind without proofs has no empty plots."""
    rows = [heuristic(1, optimum=None)]
    header = session.header(folder)
    from planner.benchmark.page import page

    text = page(header, sections(rows, 10**9))
    assert "<svg" not in text
    assert "0 of 1 optima proved" in text


def test_gaps_go_into_a_document(folder: Path, tmp_path: Path) -> None:
    """What stands between the marks is replaced, the rest is kept; without marks it fails."""
    readme, book = tmp_path / "README.md", tmp_path / "ledger.md"
    readme.write_text(_MARKS, encoding="utf-8")
    book.write_text(_LEDGER, encoding="utf-8")
    write(folder, Outputs(readme, book, "Why it was run."))
    text = readme.read_text(encoding="utf-8")
    assert "| `pipeline_partition` | `edgeshard` 1.5 % / 3.0 % | 4 |" in text
    assert "old" not in text
    assert text.endswith("\n\nEnd.\n")
    entries = book.read_text(encoding="utf-8")
    assert entries.index("Why it was run.") < entries.index("## old entry")
    assert "| latency | dp | 64 layers | 640 ms | 95.37 MiB | not tried |" in entries
    assert "| pipeline_partition | latency | milp | 16 layers |" in entries
    for renew in (summary.renew, lambda text, *_: ledger.add(text, "")):
        with pytest.raises(ValueError, match="mark"):
            renew("no marks", "bench: gaps", "")


def test_each_page_is_renewed_by_a_run_of_its_kind_alone(folder: Path, tmp_path: Path) -> None:
    """The block of a kind that was run is replaced, pages of others are left as they are."""
    pages = tmp_path / "docs"
    pages.mkdir()
    marks = _MARKS.replace("gaps", "results")
    for kind in ("pipeline_partition", "split_fleet"):
        (pages / f"{kind}.md").write_text(marks, encoding="utf-8")
    write(folder, Outputs(pages=pages, note="On a Sunday."))
    text = (pages / "pipeline_partition.md").read_text(encoding="utf-8")
    assert text.startswith("# Title\n\n<!-- bench: results -->\n\n1 external, ")
    assert "\n\n1 external, 4 'latency' (8 to 64 layers): 5 of 5 optima proved.\n\n" in text
    assert "| edgeshard | 1.5 % |" in text
    assert "4 generated | 0 |" in text
    assert "| milp | 2 of 4 | 360 ms | 480 ms |" in text
    assert f"`edgeplan bench quick`, {session.header(folder).date}" in text
    assert "seed 1. On a Sunday.\n\n<!-- /bench" in text
    assert "old" not in text
    assert text.endswith("\n\nEnd.\n")
    assert (pages / "split_fleet.md").read_text(encoding="utf-8") == marks
    nothing = exact(5, size=8, reason="infeasible", objective=None, lower_bound=None)
    for row in (*_rows(), nothing):
        record.append(folder / "records.jsonl", replace(row, kind="split_fleet"))
    write(folder, Outputs(pages=pages, note="On a Sunday."))
    assert (pages / "pipeline_partition.md").read_text(encoding="utf-8") == text
    fleets = (pages / "split_fleet.md").read_text(encoding="utf-8")
    assert "5 of 6 optima proved, 1 proved to have no plan.\n" in fleets


def test_a_page_without_marks_is_named(tmp_path: Path) -> None:
    """Only pages of kinds that are run are looked at; one without marks, or missing, is told."""
    (tmp_path / "split_fleet.md").write_text("# Fleets\n", encoding="utf-8")
    check(Outputs(pages=tmp_path), [])
    with pytest.raises(ValueError, match=r"split_fleet\.md: there are no marks .*bench: results"):
        check(Outputs(pages=tmp_path), ["split_fleet"])
    with pytest.raises(OSError, match=r"dag_partition\.md"):
        check(Outputs(pages=tmp_path), ["dag_partition"])


@pytest.mark.parametrize(
    ("share", "words"),
    [(0, "0 %"), (0.0002, "0.02 %"), (0.031, "3.1 %"), (0.5, "50 %"), (9.99, "999 %"), (33, "33×")],
)
def test_shares_in_words(share: float, words: str) -> None:
    """No more digits than a reader needs."""
    assert percent(share) == words


def test_times_in_words() -> None:
    """What rounds to a thousand is one of the next unit."""
    assert [seconds(n) for n in (999_600_000, 999_400_000, 1_500, 999_999, 12)] == [
        "1 s", "999 ms", "1.5 µs", "1 ms", "12 ns",
    ]  # fmt: skip


def test_a_heuristic_of_some_problems_says_so() -> None:
    """Gaps on fewer problems than the row's are told by how many."""
    rows = _rows()
    rows += [heuristic(number, size=size, method="pipedream",
                       reason="unsupported" if number == 3 else "heuristic", detail="")
             for number, size in enumerate((8, 16, 32, 64))]  # fmt: skip
    header = session.Header(Settings("quick", (), 10**9, 2**30, 1, 1), "c", "d", {}, MACHINE)
    assert "`pipedream` 10 % / 10 % on 3" in summary.gaps(header, sections(rows, 10**9))


def test_of_equal_medians_the_best_mean_is_first() -> None:
    """Names do not decide which heuristic is called the best; what is above 0 is told."""
    rows = [exact(n, objective=100 * (n < 3), lower_bound=100 * (n < 3)) for n in range(4)]
    for method, worst in (("pipedream", 100), ("even-split", 400)):
        rows += [heuristic(n, method=method, objective=(100, 100, worst, 5)[n]) for n in range(4)]
    (section,) = sections(rows, 10**9)
    assert ranked(section.heuristics) == [(0.0, "pipedream"), (0.0, "even-split")]
    cells = [row[6] for row in tables.heuristics(section.heuristics).rows]
    assert cells == ["3 generated, 1 more above an optimum of 0"] * 2
