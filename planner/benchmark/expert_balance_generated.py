"""Generated loads: what each method leaves above the bound, by shape, with windows that drift."""

from models.documents import read_problem
from models.result import Limits
from planner.benchmark.measure import judged, measure
from planner.benchmark.table import Cell, Table
from problem_instances.generate import generate
from problem_instances.generators.expert_balance import BalanceSpec
from solvers.registry import entries

_METHODS = {method.name: method for method in entries("expert_balance")}
_NAMES = ("eplb", "local-search", "polish")
_SEEDS = range(1, 4)
_MOST_NS = 30 * 10**9
_SHAPES = (
    ("8 devices, 72 replicas, equal split", BalanceSpec(
        1, layers=1, experts=64, devices=8, slots=72, windows=1, mode="equal_split")),
    ("8 devices, 72 replicas, 8 windows, split", BalanceSpec(
        1, layers=1, experts=64, devices=8, slots=72, windows=8)),
    ("8 devices, every 4th at half speed, split", BalanceSpec(
        1, layers=1, experts=64, devices=8, slots=72, windows=4, slow=4)),
    ("16 devices on 4 nodes, 80 replicas, 8 groups, equal split", BalanceSpec(
        1, layers=1, experts=64, devices=16, slots=80, nodes=4, groups=8, windows=1,
        mode="equal_split")),
)  # fmt: skip


def generated(limits: Limits) -> Table:
    """Worst of three seeds per shape; the limits are those of one solve."""
    about = "Time above the best bound, the worst of three seeds; – where there is no plan."
    table = Table("expert balance by shape", about)
    part = limits.model_copy(update={"time_limit_ns": min(limits.time_limit_ns, _MOST_NS)})
    for name, spec in _SHAPES:
        worst: dict[str, list[int | None]] = {method: [] for method in _NAMES}
        slowest: dict[str, int] = dict.fromkeys(_NAMES, 0)
        for seed in _SEEDS:
            problem = read_problem(generate(BalanceSpec(**{**vars(spec), "seed": seed})))
            runs = {method: measure(problem, _METHODS[method], part) for method in _NAMES}
            bound = judged(problem, runs.values()).lower_bound
            for method, run in runs.items():
                worst[method].append(_above(run.outcome.objective, bound))
                slowest[method] = max(slowest[method], run.outcome.wall_ns)
        row: dict[str, Cell] = {"shape": name}
        for method, gaps in worst.items():
            known = [gap for gap in gaps if gap is not None]
            row[f"{method}_ppm"] = max(known) if len(known) == len(gaps) else None
            row[f"{method} slowest_ns"] = slowest[method]
        table.add(row)
    return table


def _above(objective: int | None, bound: int | None) -> int | None:
    return None if objective is None or not bound else (objective - bound) * 10**6 // bound
