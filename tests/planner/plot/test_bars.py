"""Bars of devices: what stands above them does not overlap."""

from matplotlib.backends.backend_agg import FigureCanvasAgg

from planner.plot.bars import stacked


def test_the_legend_leaves_a_long_title_alone() -> None:
    """Four entries beside a title of half the width once stood on top of it."""
    pieces = [(f"{n}_ns", name) for n, name in enumerate(("forward", "backward", "on", "back"))]
    row = {key: 10**6 for key, _ in pieces}
    page = stacked([row], ["board"], pieces, "round of 16 micro-batches of 8 samples", "ms")
    renderer = FigureCanvasAgg(page).get_renderer()
    page.draw(renderer)
    (legend,) = page.legends
    title = page.axes[0]._left_title.get_window_extent(renderer)
    assert not title.overlaps(legend.get_window_extent(renderer))
