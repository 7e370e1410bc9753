"""The event loop against the recursion, the closed loop of decoding and the planners' formula."""

from hypothesis import given, settings
from hypothesis import strategies as st

from models.documents import validate
from models.problems.pipeline_partition import Stage
from models.problems.sequence_pipeline import SequencePipelinePlan, SequencePipelineProblem
from models.simulation import Simulation
from planner.simulate import second_opinion, simulate
from planner.verify import verify
from planner.verify.sequence_pipeline import completed_ns

CASES = settings(max_examples=400, deadline=None)
FACTORS = st.lists(st.integers(1, 60), min_size=1, max_size=6)
TIMES = st.fixed_dictionaries(
    {
        "chunk_ns": st.integers(0, 40),
        "token_ns": st.integers(0, 40),
        "kilopair_ns": st.integers(0, 9000),
        "pass_ns": st.integers(0, 40),
    }
)


@st.composite
def _planned(draw: st.DrawFn) -> tuple[SequencePipelineProblem, SequencePipelinePlan]:
    """A plan of one layer per device, with a link of its own speed after each of them."""
    rows = draw(st.lists(TIMES, min_size=1, max_size=4))
    names = [f"d{n}" for n in range(len(rows))]
    chunks = draw(st.lists(st.integers(1, 9), min_size=1, max_size=6))
    accepted = draw(st.sampled_from([1000, 1500, 4000]))
    decoding = {
        "new_tokens": draw(st.integers(1, 12)),
        "points": draw(st.integers(1, 6)),
        "accepted_milli": accepted,
        "pass_tokens": draw(st.integers(-(-accepted // 1000), 5)),
    }
    graph = {
        "devices": [{"name": name, "memory_bytes": 10} for name in names],
        "links": [
            {
                "source": a,
                "target": b,
                "directed": True,
                "latency_ns": draw(st.integers(0, 60)),
                "bandwidth_bit_per_s": 8 * 10**9,
            }
            for a in names
            for b in names
            if a != b
        ],
    }
    layer = {"name": "layer", "repeat": len(rows), "weight_bytes": 1, "output_bytes_per_token": 5}
    document = {
        "model": {"name": "drawn", "layers": [layer]},
        "times": {name: {"layer": row} for name, row in zip(names, rows, strict=True)},
        "device_graph": graph,
        "prompt_tokens": sum(chunks),
        "decoding": decoding,
        "objective": draw(st.sampled_from(["prefill", "request"])),
        "overlap": draw(st.booleans()),
    }
    stages = tuple(Stage(device=name, start=n, stop=n + 1) for n, name in enumerate(names))
    plan = SequencePipelinePlan(stages=stages, chunks=tuple(chunks))
    return validate(document, SequencePipelineProblem), plan


def _replayed(problem: SequencePipelineProblem, plan: SequencePipelinePlan) -> Simulation:
    found = simulate(problem, plan)
    assert found.simulated_ns is not None
    return found


@CASES
@given(_planned())
def test_equals_the_verifier(case: tuple[SequencePipelineProblem, SequencePipelinePlan]) -> None:
    """Chunks of any length, then passes of points in a closed loop: to the nanosecond."""
    problem, plan = case
    found, verdict = _replayed(problem, plan), verify(problem, plan)
    assert found.simulated_ns == found.predicted_ns == verdict.objective
    assert found.exact
    short = second_opinion(problem, plan, verdict.breakdown)
    assert short is not None
    assert (short.difference_ppm, short.bars) == (0, ())


@CASES
@given(_planned())
def test_a_shared_medium_only_costs(
    case: tuple[SequencePipelineProblem, SequencePipelinePlan],
) -> None:
    """One channel for all transfers is no faster for the prefill than a link for each."""
    problem, plan = case
    units = len(plan.chunks)
    alone = simulate(problem, plan, units)
    shared = simulate(problem, plan, units, shared=True)
    assert alone.simulated_ns is not None
    assert shared.simulated_ns is not None
    assert shared.simulated_ns >= alone.simulated_ns


@CASES
@given(stages=FACTORS, chunks=FACTORS)
def test_the_planners_formula_bounds_what_factorises(stages: list[int], chunks: list[int]) -> None:
    """Never below the recursion; equal where all stages or all chunks are; bounded from below.

    Between the two lies no more than the longest chunk's excess over the first and the last one on
    the stages beside the slowest.
    """
    rows = [[(a * w, 0) for a in stages] for w in chunks]
    taken = completed_ns(rows, overlap=True)[-1]
    slowest, longest = max(stages), max(chunks)
    formula = (sum(stages) - slowest) * longest + slowest * sum(chunks)
    assert taken <= formula
    if len(set(stages)) == 1 or len(set(chunks)) == 1:
        assert taken == formula
    ends = min(chunks[0], chunks[-1])
    assert formula - taken <= (sum(stages) - slowest) * (longest - ends)
