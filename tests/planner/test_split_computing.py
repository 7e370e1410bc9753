"""Judgement of split plans: explanations, bounds and whole certificates."""

from hypothesis import given, settings

from api.cli_tables import totals_line
from models.documents import validate
from models.problems.split_computing import SplitComputingProblem, SplitLimits, SplitObjective
from models.result import Grade, Limits, Proof
from models.units import format_quantity
from planner import explain
from planner.bounds import lower_bound
from planner.service import plan
from planner.verify import verify
from problem_instances import best_known, load
from solvers.registry import entries
from tests.oracles import split_computing as oracle
from tests.split_strategies import split_computing


def _three_tiers() -> SplitComputingProblem:
    problem = load("exits-three-tiers")
    assert isinstance(problem, SplitComputingProblem)
    return problem


def test_two_unrelated_methods_agree_through_the_service() -> None:
    """A certificate of a split is optimal, agreed, and in the unit of its objective."""
    problem = load("resnet50-xiaomi-energy")
    certificate = plan(problem, Limits(time_limit_ns=30 * 10**9))
    assert certificate.grade is Grade.OPTIMAL
    assert certificate.proof in (Proof.AGREED, Proof.CHECKED)
    assert certificate.unit == "µJ"
    assert certificate.objective == best_known("resnet50-xiaomi-energy").objective


def test_each_limit_in_the_way_is_named_with_what_would_do() -> None:
    """Two limits that contradict: each is told the least value at which the other can stay."""
    problem = _three_tiers().model_copy(
        update={"limits": SplitLimits(accuracy_floor_ppm=757_000, deadline_ns=25 * 10**6)}
    )
    lines = explain.infeasible(problem, 30 * 10**9)
    assert len(lines) == 2
    least = int(lines[0].split("(")[1].split(" ns")[0].replace(",", ""))
    assert "accuracy floor" in lines[1]
    accuracy = int(lines[1].split("high: ")[1].split(" ppm")[0].replace(",", ""))
    method = entries(problem.kind)[0].load()
    for deadline, floor, feasible in (
        (least, 757_000, True),
        (least - 1, 757_000, False),
        (25 * 10**6, accuracy, True),
        (25 * 10**6, accuracy + 1, False),
    ):
        limits = SplitLimits(accuracy_floor_ppm=floor, deadline_ns=deadline)
        changed = problem.model_copy(update={"limits": limits})
        assert (method.solve(changed, Limits()).plan is not None) is feasible


def test_what_a_limit_costs_is_the_optimum_without_it() -> None:
    """Binding limits are named with the better optimum, the others as free."""
    problem = _three_tiers()
    best = best_known("exits-three-tiers").plan
    assert best is not None
    lines = explain.binding(problem, best, 30 * 10**9)
    assert lines[0] == "no plan is better"
    assert lines[1].startswith("the longest step is")
    stated = ["deadline_ns", "energy_uj", "sent_bytes", "accuracy_floor_ppm"]
    assert [line.split(" costs ")[0] for line in lines[2 : 2 + len(stated)]] == stated


def test_scenarios_and_gates_are_explained() -> None:
    """What the plan takes in each scenario, the best for it alone, and what the gates save."""
    problem = load("resnet50-xiaomi-energy")
    best = best_known("resnet50-xiaomi-energy").plan
    assert isinstance(problem, SplitComputingProblem)
    assert best is not None
    lines = explain.binding(problem, best, 60 * 10**9)
    assert lines[-3:] == (
        "in busy-cell (weight 1) the plan costs 64.59 mJ; "
        "no plan within the limits is better for it alone",
        "in usual (weight 6) the plan costs 50.03 mJ; "
        "no plan within the limits is better for it alone",
        "in quiet (weight 3) the plan costs 47.81 mJ; the best for it alone 28.90 mJ",
    )
    quiet = problem.model_copy(update={"scenarios": problem.scenarios[2:]})
    alone = entries(problem.kind)[0].load().solve(quiet, Limits())
    assert format_quantity(alone.lower_bound or 0, "µJ") == "28.90 mJ"
    gated, plan_of = _three_tiers(), best_known("exits-three-tiers").plan
    assert plan_of is not None
    without = (
        entries(problem.kind)[0].load().solve(gated.model_copy(update={"policies": ()}), Limits())
    )
    last = explain.binding(gated, plan_of, 60 * 10**9)[-1]
    assert last.startswith("pre-filter lets 45.00 % of the inputs past all its gates")
    assert last.endswith(f"would be {format_quantity(without.lower_bound or 0, 'ns')}")


def test_what_time_does_not_settle_is_not_denied() -> None:
    """Without time no limit is called innocent, and none free."""
    problem = _three_tiers()
    assert explain.infeasible(problem, 0) == (
        "whether a plan is possible without any limit is not known in time",
    )
    best = best_known("exits-three-tiers").plan
    assert best is not None
    lines = explain.binding(problem, best, 0)
    assert lines[0] == "whether a better plan exists is not known in time"
    assert lines[2] == "what deadline_ns costs is not known in time"


@settings(deadline=None, max_examples=60)
@given(split_computing())
def test_the_combinatorial_bound_holds(problem: SplitComputingProblem) -> None:
    """Fastest devices without transfers are never above the optimum."""
    timed = problem.model_copy(update={"objective": SplitObjective.LATENCY})
    bound, optimum = lower_bound(timed), oracle.optimum(timed)
    assert bound is None or optimum is None or bound <= optimum


def test_totals_of_a_plan_worked_out_by_hand() -> None:
    """ResNet-50 through 3.64 kB at 4 Mbit/s: 8.604 + 7.28 + 0.463 + 0.5076 ms."""
    problem = load("resnet50-jetson-bottlenecks")
    best = best_known("resnet50-jetson-bottlenecks").plan
    assert best is not None
    totals = verify(problem, best).breakdown.totals
    assert totals["latency_ns"] == 8_604_000 + 7_280_000 + 463_000 + 507_600
    assert totals["sent_bytes"] == 3640
    assert totals["accuracy_ppm"] == 740_000


def test_an_accuracy_floor_that_only_losses_beyond_all_accuracy_break_is_named() -> None:
    """Where every plan within the other limits loses more than there is, the floor is named."""
    slow = {"time_ns": {"camera": 10**9, "box": 1}, "output_bytes": 10**6, "name": "only"}
    document = {
        "model": {"name": "m", "input_bytes": 10**6, "layers": [slow]},
        "accuracy_ppm": 100_000,
        "devices": [
            {"name": "camera", "power_uj_per_s": 10**6},
            {"name": "relay", "type": "camera", "power_uj_per_s": 10**6},
            {"name": "box"},
        ],
        "hops": [{"bandwidth_bit_per_s": 1000, "radio_uj_per_s": 10**6}] * 2,
        "representations": [{"name": "q", "size_bytes": {"input": 1}, "accuracy_ppm": 0}],
        "limits": {"accuracy_floor_ppm": 0, "deadline_ns": 9 * 10**8, "energy_uj": 9 * 10**5},
    }
    problem = validate(document, SplitComputingProblem)
    (line,) = explain.infeasible(problem, 30 * 10**9)
    assert line.startswith("the accuracy floor of 0 ppm is in the way, and so is every other")
    free = SplitLimits(deadline_ns=9 * 10**8, energy_uj=9 * 10**5)
    method = entries(problem.kind)[0].load()
    claim = method.solve(problem.model_copy(update={"limits": free}), Limits())
    assert claim.plan is not None
    verdict = verify(problem.model_copy(update={"limits": free}), claim.plan)
    assert verdict.breakdown.totals["accuracy_ppm"] == -100_000
    assert totals_line(verdict.breakdown).endswith(
        "accuracy below 0 %: the losses given add up to more than the accuracy"
    )
