"""docs/reproductions.md says what the code says, and the claims that rest on it."""

from fractions import Fraction
from pathlib import Path
from statistics import median

import pytest

from planner.benchmark import jupiter, reproduction_edgeshard, reproduction_gaps
from planner.benchmark.jupiter import FITTED, PUBLISHED, errors, predictions, published_ns
from planner.benchmark.jupiter_calibration import Calibration
from planner.benchmark.jupiter_fit import worst_fitted_ppm
from planner.benchmark.jupiter_systems import predict
from planner.benchmark.reproductions import QUICK, SLOW, block, mark
from planner.benchmark.summary import renew

PAGE = Path(__file__).parents[2] / "docs/reproductions.md"


@pytest.mark.parametrize("name", QUICK)
def test_the_page_is_what_the_code_says(name: str) -> None:
    """The tables of the page are those of this code, cell by cell."""
    page = PAGE.read_text(encoding="utf-8")
    assert renew(page, mark(name), block(QUICK[name]())) == page


def test_the_page_has_every_slow_table() -> None:
    """What takes minutes stands on the page too, with a row per choice and per planner."""
    page = PAGE.read_text(encoding="utf-8")
    for name in SLOW:
        assert f"<!-- {mark(name)} -->" in page
    planners = page.partition(f"<!-- {mark('planners')} -->")[2]
    for planner in reproduction_gaps.PLANNERS:
        assert planners.count(f"| {planner} | ") == 2


def test_jupiters_table() -> None:
    """Seven scalars, 59 cells predicted with a median below 5 %, six found out of memory."""
    found = predictions(Calibration())
    assert len(FITTED) == 7
    sizes = [abs(e) for place, e in errors(found).items() if place not in FITTED.values()]
    assert len(sizes) == 59
    assert median(sizes) < 50_000
    assert {place for place, value in found.items() if value is None} == {
        place for place in found if published_ns(place) is None
    }
    assert sum(value is None for value in found.values()) == 6


def test_at_most_two_orders_of_twelve_are_lost() -> None:
    """Neighbours that change places are two pairs, published within 5 % of each other."""
    found = predictions(Calibration())
    for case in PUBLISHED:
        for rate in jupiter.RATES:
            for pair in jupiter.swapped(found, case, rate):
                papers = [published_ns((case, rate, system)) or 0 for system in pair]
                assert max(papers) < min(papers) * Fraction(105, 100)
    lost = [1 for case in PUBLISHED for rate in jupiter.RATES if jupiter.swapped(found, case, rate)]
    assert len(lost) == 2


def test_a_swap_is_noticed() -> None:
    """Two neighbours with exchanged predictions are told, and nothing else."""
    case, rate = ("a", "7b"), 100
    found = {(case, rate, s): published_ns((case, rate, s)) for s in jupiter.SYSTEMS}
    assert jupiter.swapped(found, case, rate) == []
    places = [(case, rate, "Galaxy"), (case, rate, "Megatron")]
    found[places[0]], found[places[1]] = found[places[1]], found[places[0]]
    assert jupiter.swapped(found, case, rate) == [("Galaxy", "Megatron")]


def test_scalars_meet_the_cells_they_are_fitted_on() -> None:
    """No fitted cell is missed by more than 0.2 %, and three points are nearest to their cell."""
    assert worst_fitted_ppm() < 2000
    place = FITTED["points"]
    paper = published_ns(place) or 0
    missed = {
        points: abs((predict(Calibration(points=points), *place) or 0) - paper)
        for points in range(1, 7)
    }
    assert min(missed, key=missed.__getitem__) == Calibration().points


def test_baselines_of_edgeshard_run_out_of_memory() -> None:
    """Every baseline that the paper calls out of memory is refused for memory by the verifier."""
    for row in reproduction_edgeshard.table().rows:
        if row["paper ms"] == "out of memory":
            assert row["predicted ms"] == "out of memory"


def test_planners_never_beat_the_optimum() -> None:
    """A few generated problems of each planner are proved, with the gap not below nothing."""
    for row in reproduction_gaps.table(generated=4, planners=("Galaxy", "Asteroid")).rows:
        assert isinstance(row["worst_ppm"], int)
        assert row["worst_ppm"] >= 0
