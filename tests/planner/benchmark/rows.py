"""Records for tests, made up: nothing here was measured."""

from dataclasses import replace

from planner.benchmark.record import Record

BLANK = Record(
    kind="pipeline_partition",
    source="generated",
    family="latency",
    instance="latency-8-seed-1",
    size=8,
    size_unit="layers",
    seed=1,
    digest="d1",
    unit="ns",
    optimum=None,
    method="dp",
    exact=True,
    method_family="dynamic-programming",
    deterministic=True,
    measured=True,
    repetition=0,
    reason="completed",
    verdict="accepted",
    proved=True,
    objective=100,
    lower_bound=100,
    wall_ns=20_000_000,
    cpu_ns=20_000_000,
    peak_bytes=10**8,
    reference_ns=2_000_000,
    trace=((10_000_000, 120, None), (20_000_000, 100, 100)),
)


def exact(number: int = 1, **fields: object) -> Record:
    """A proof of `dp` on the problem of that number."""
    named = {"instance": f"latency-8-seed-{number}", "digest": f"d{number}", "seed": number}
    return replace(BLANK, **{**named, **fields})


def heuristic(number: int = 1, **fields: object) -> Record:
    """A plan of `edgeshard` on the problem of that number."""
    plain = {
        "method": "edgeshard",
        "exact": False,
        "method_family": "heuristic",
        "reason": "heuristic",
        "proved": False,
        "objective": 110,
        "lower_bound": None,
        "trace": ((5_000_000, 110, None),),
    }
    return exact(number, **{**plain, **fields})
