"""What a change of plan makes devices load."""

from hypothesis import given, settings
from hypothesis import strategies as st

from models.problems.pipeline_partition import PipelinePartitionPlan, Stage
from planner.replan import Move, changed, moves
from planner.verify import verify
from tests.small import split, two_devices


def test_runs_of_layers() -> None:
    """Neighbouring layers between the same two devices are one move; what stays is none."""
    problem = two_devices(memory_bytes=400)
    assert moves(problem, split(3), split(1)) == (Move("layers 1 to 2", "quick", "slow", 200),)
    assert moves(problem, split(3), split(2)) == (Move("layer 2", "quick", "slow", 100),)
    assert moves(problem, split(3), split(3)) == ()
    swapped = moves(problem, split(3), split(3, "slow", "quick"))
    assert swapped == (
        Move("layers 0 to 2", "quick", "slow", 300),
        Move("layer 3", "slow", "quick", 100),
    )


def test_layers_that_nobody_held() -> None:
    """A layer that the old plan left out has no source."""
    half = PipelinePartitionPlan(stages=(Stage(device="quick", start=0, stop=2),))
    problem = two_devices(memory_bytes=400)
    assert moves(problem, half, split(2)) == (Move("layers 2 to 3", None, "slow", 200),)


@settings(deadline=None)
@given(before=st.integers(1, 3), after=st.integers(1, 3))
def test_moves_add_up_to_the_migration(before: int, after: int) -> None:
    """The sizes of all moves are the bytes that the verifier counts."""
    problem = changed(two_devices(memory_bytes=400), split(before))
    found = verify(problem, split(after))
    total = sum(move.size_bytes for move in moves(problem, split(before), split(after)))
    assert total == found.breakdown.totals["migration_bytes"]
