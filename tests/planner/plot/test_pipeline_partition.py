"""Drawings of pipeline plans: nothing overlaps, nothing is lost, the same bytes every time."""

from collections.abc import Callable
from itertools import combinations
from typing import Any

import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text

from models.documents import digest, validate
from models.problems.pipeline_partition import PipelinePartitionPlan, PipelinePartitionProblem
from models.result import Certificate, Grade
from planner.plot import SUFFIXES, draw
from planner.plot.pipeline_partition import figure
from planner.verify import verify
from problem_instances import best_known, load
from tests.small import split, two_devices

Case = tuple[PipelinePartitionProblem, Certificate]


def _certificate(problem: PipelinePartitionProblem, plan: Any) -> Case:
    verification = verify(problem, plan)
    assert verification.accepted
    return problem, Certificate(
        grade=Grade.FEASIBLE,
        unit="ns",
        plan=plan,
        objective=verification.objective,
        breakdown=verification.breakdown,
        problem_digest=digest(problem),
    )


def _best(name: str) -> Case:
    return _certificate(load(name), best_known(name).plan)


def _small() -> Case:
    return _certificate(two_devices(), split(3))


def _crowd(devices: int = 32, used: int = 32) -> Case:
    """Devices with the longest names, many of them in use, and a return hop."""
    names = [f"{'long-name-' * 9}{number:02}" for number in range(devices)]
    document = {
        "model": {
            "name": "deep" * 20,
            "layers": [
                {"name": "l", "repeat": 64, "weight_bytes": 10**9, "output_bytes_per_token": 1}
            ],
        },
        "device_graph": {
            "devices": [
                {"name": name, "memory_bytes": 10**12, "memory_bytes_per_s": 10**9}
                for name in names
            ],
            "default_link": {"latency_ns": 123_456_789, "bandwidth_bit_per_s": 123_450_000},
        },
        "objective": "throughput",
        "source_device": names[0],
        "return_hop": True,
    }
    cuts = [64 * index // used for index in range(used + 1)]
    stages = [
        {"device": names[index], "start": cuts[index], "stop": cuts[index + 1]}
        for index in range(used)
    ]
    problem = validate(document, PipelinePartitionProblem)
    return _certificate(problem, validate({"stages": stages}, PipelinePartitionPlan))


_CASES: dict[str, Callable[[], Case]] = {
    "small": _small,
    "vgg16-camera": lambda: _best("vgg16-camera"),
    "home-10": lambda: _best("home-10"),
    "edgeshard-70b": lambda: _best("edgeshard-70b"),
    "types-8x4": lambda: _best("types-8x4"),
    "crowd": _crowd,
    "alone": lambda: _crowd(devices=1, used=1),
}


def _texts(page: Figure) -> list[Text]:
    """The texts that are drawn; ticks beyond the end of an axis are not."""
    FigureCanvasAgg(page).draw()
    beyond = {
        id(tick.label1)
        for axes in page.axes
        for tick in axes.xaxis.get_major_ticks()
        if tick.get_loc() > axes.get_xlim()[1]
    }
    found = [item for item in page.findobj(Text) if item.get_visible() and id(item) not in beyond]
    return [item for item in found if item.get_text().strip()]


@pytest.mark.parametrize("name", _CASES)
def test_labels_stay_apart_and_on_the_page(name: str) -> None:
    """No two texts overlap and none leaves the page, from 1 to 32 devices."""
    page = figure(*_CASES[name]())
    boxes = [(item.get_text(), item.get_tightbbox().padded(-1)) for item in _texts(page)]
    for (text, box), (other, its_box) in combinations(boxes, 2):
        assert not box.overlaps(its_box), f"{text!r} overlaps {other!r}"
    for text, box in boxes:
        assert page.bbox.x0 <= box.x0, text
        assert box.x1 <= page.bbox.x1, text
        assert page.bbox.y0 <= box.y0, text
        assert box.y1 <= page.bbox.y1, text


@pytest.mark.parametrize("name", ["home-10", "edgeshard-70b"])
def test_everything_is_shown(name: str) -> None:
    """Every device is named, those in use with their layers, times and memory."""
    problem, certificate = _CASES[name]()
    shown = "\n".join(item.get_text() for item in _texts(figure(problem, certificate)))
    for device in problem.devices:
        assert device.name in shown
    for row in certificate.breakdown.rows:
        assert f"({row['layers']})" in shown or f"layer {row['first_layer']}\n" in shown
    assert shown.count("idle") == len(problem.devices) - len(certificate.breakdown.rows)
    assert "to agx-orin-1" in shown or "to macbook-air-m2" in shown


def test_too_many_idle_devices_are_left_out() -> None:
    """Beyond 48 idle devices the page does not grow."""
    assert _size(_crowd(devices=60, used=2)) == _size(_crowd(devices=256, used=2))
    assert _size(_crowd(devices=10, used=2)) != _size(_crowd(devices=60, used=2))


def _size(case: Case) -> tuple[float, ...]:
    return tuple(figure(*case).get_size_inches())


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_same_bytes_again(suffix: str) -> None:
    """A drawing has no time of day in it."""
    assert draw(*_small(), suffix) == draw(*_small(), suffix)


def test_no_plan_to_draw() -> None:
    """A certificate without a plan is refused."""
    problem, certificate = _small()
    with pytest.raises(ValueError, match="no plan"):
        draw(problem, certificate.model_copy(update={"plan": None}), ".svg")
