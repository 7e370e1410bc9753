"""The prediction of Jupiter's table, as far as the documents state it."""

from statistics import median

from planner.benchmark.jupiter import tables


def test_cells_orders_and_memory() -> None:
    """30 cells with a median error below 5 %, six out of memory, 11 of 12 orders."""
    cells, orders, summary = tables()
    errors = [abs(row["error_ppm"]) for row in cells.rows if isinstance(row["error_ppm"], int)]
    assert len(errors) == 30
    assert median(errors) < 50_000
    published, predicted = (
        [row["system"] == "SP" and row[side] == "out of memory" for row in cells.rows]
        for side in ("paper ms", "predicted ms")
    )
    assert published == predicted
    assert sum(predicted) == 6
    assert [row["kept"] for row in orders.rows].count("yes") == 11
    assert [row["cells"] for row in summary.rows] == [6, 12, 12, 30]
