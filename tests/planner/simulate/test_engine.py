"""The event loop against hand-made schedules and against the recursion of a flow shop."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.simulate.engine import Run, Span, Task, run

TIMES = st.lists(st.lists(st.integers(0, 9), min_size=3, max_size=3), min_size=1, max_size=6)


def _flow_shop(times: list[list[int]]) -> list[Task]:
    """Jobs through machines 0, 1, 2 in this order, first come first served."""
    return [
        Task(f"job {u}", (f"m{m}",), work, (3 * u + m - 1,) if m else (), (u,))
        for u, row in enumerate(times)
        for m, work in enumerate(row)
    ]


def _spans(result: Run) -> list[tuple[int, int] | None]:
    return [None if s is None else (s.start_ns, s.stop_ns) for s in result.spans]


@given(TIMES)
def test_a_flow_shop_follows_its_recursion(times: list[list[int]]) -> None:
    """C(u, m) = max(C(u - 1, m), C(u, m - 1)) + t(u, m), whatever the times, none included."""
    free = [0, 0, 0]
    ends = []
    for row in times:
        at = 0
        for machine, work in enumerate(row):
            at = free[machine] = max(at, free[machine]) + work
            ends.append(at)
    result = run(_flow_shop(times))
    assert [span.stop_ns for span in result.spans if span is not None] == ends
    assert result.end_ns == max(ends)
    assert result.busy_ns() == {f"m{m}": sum(row[m] for row in times) for m in range(3)}


@given(TIMES, st.integers(0, 40))
def test_a_machine_that_stops_changes_nothing_before(times: list[list[int]], stop: int) -> None:
    """What ended before the stop ended as without it; nothing runs on the machine after it."""
    tasks = _flow_shop(times)
    whole, cut = run(tasks), run(tasks, {"m1": stop})
    for with_stop, without in zip(cut.spans, whole.spans, strict=True):
        if without is not None and without.stop_ns <= stop and without.start_ns < stop:
            assert with_stop == without
    assert all(span.stop_ns <= stop for span in cut.by_machine().get("m1", ()))
    lost = {index for index in cut.undone if tasks[index].machines == ("m1",)}
    assert {index + 1 for index in lost} <= set(cut.undone)


def test_the_least_rank_goes_first_and_ready_tasks_do_not_wait_for_better_ones() -> None:
    """At 0 only the worse is ready and starts; of the two that wait the better one follows."""
    tasks = (
        Task("late but urgent", ("m",), 1, rank=(0,), not_before_ns=1),
        Task("second", ("m",), 2, rank=(2,)),
        Task("first", ("m",), 2, rank=(1,)),
    )
    assert _spans(run(tasks)) == [(2, 3), (3, 5), (0, 2)]


def test_a_task_holds_all_its_machines_at_once() -> None:
    """A task on two machines waits until both are free and keeps a third one out of both."""
    tasks = (
        Task("a", ("x",), 3),
        Task("both", ("x", "y"), 2, rank=(1,)),
        Task("b", ("y",), 4, (0,)),
    )
    assert _spans(run(tasks)) == [(0, 3), (7, 9), (3, 7)]
    assert run(tasks[:2]).by_machine() == {
        "x": (Span(0, 0, 3), Span(1, 3, 5)),
        "y": (Span(1, 3, 5),),
    }


def test_a_delay_needs_no_machine() -> None:
    """Two delays run side by side; what follows both starts after the longer one."""
    tasks = (Task("a", (), 3), Task("b", (), 5), Task("c", ("m",), 1, (0, 1)))
    assert _spans(run(tasks)) == [(0, 3), (0, 5), (5, 6)]


def test_what_a_stopped_machine_was_at_is_lost() -> None:
    """The link of a transfer to a dead device is free again when the device stops."""
    tasks = (
        Task("send", ("link", "dead"), 10),
        Task("after", ("other",), 1, (0,)),
        Task("send elsewhere", ("link",), 2, rank=(1,)),
    )
    result = run(tasks, {"dead": 4})
    assert result.spans == (Span(0, 0, 4, lost=True), None, Span(2, 4, 6))
    assert result.undone == (0, 1)


def test_no_tasks_take_no_time() -> None:
    """An empty run ends at 0."""
    assert run(()).end_ns == 0


@pytest.mark.parametrize(
    "tasks",
    [
        (Task("a", (), 1, (1,)), Task("b", (), 1, (0,))),
        (Task("a", (), 1, (1,)),),
        (Task("a", (), -1),),
    ],
    ids=["circle", "unknown", "negative"],
)
def test_nonsense_is_refused(tasks: tuple[Task, ...]) -> None:
    """A circle, a predecessor that is not there and a negative time raise ValueError."""
    with pytest.raises(ValueError, match=r"cycle|waits in vain"):
        run(tasks)
