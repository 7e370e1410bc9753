"""What expert balance has to show, measured on the routing of real models.

    python -m planner.benchmark.expert_balance [loads] [windows] [batch] [hops]

Data: the folder `routing` of the one that EDGEPLAN_DATA names (DeepSeek-V2-Lite's routing of 8,327
tokens, deepseek-ai/ESFT; counts of OLMoE-1B-7B and Mixtral-8x7B, allenai/OLMoE); without it this is
said and everything is skipped. Everything runs in this process on one thread. Times are of the
processor, so that other work on the machine does not count.

- loads: every layer's counts as one window, equal split, four shapes: max/mean of EPLB, of the
  local search, and the bound;
- windows: 256 tokens each; placements are planned on the first half and scored on the second;
- batch: the linear program that splits one window among the hosts of a placement;
- hops: tokens that change device between layers, 4 devices without redundancy.
"""

import os
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from models.problems.expert_balance import (
    BalanceDevice,
    BalanceObjective,
    ExpertBalancePlan,
    ExpertBalanceProblem,
    LoadWindow,
    Mode,
)
from models.result import Limits
from planner.benchmark.expert_balance_generated import generated
from planner.benchmark.table import Table
from planner.bounds import lower_bound
from planner.expert_split import split
from planner.verify import verify
from problem_instances.readers.routing import (
    Ints,
    Routing,
    frequencies,
    read,
    transitions,
    windows,
)
from solvers.registry import entry

KIND = "expert_balance"
_TOKENS = 256
# Devices, replicas, nodes, groups.
SHAPES = ((8, 72, 1, 1), (16, 80, 1, 1), (32, 96, 1, 1), (32, 96, 4, 8))
_LIMITS = Limits(time_limit_ns=600 * 10**9)


def tables(limits: Limits) -> Iterator[Table]:
    """The tables of this kind that need no data of others; the limits are those of one solve."""
    yield generated(limits)


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def problem(
    loads: Sequence[Ints], shape: tuple[int, int, int, int], mode: Mode, held: Sequence[Ints] = ()
) -> ExpertBalanceProblem:
    """Windows [layers, experts] on equal devices; held: windows to score on."""
    devices, replicas, nodes, groups = shape
    return ExpertBalanceProblem(
        devices=tuple(
            BalanceDevice(
                name=f"d{number}",
                slots=replicas // devices,
                node=f"n{number * nodes // devices}" if nodes > 1 else None,
            )
            for number in range(devices)
        ),
        groups=groups,
        windows=_windows("w", loads),
        held_out=_windows("h", held),
        mode=mode,
    )


def _windows(name: str, loads: Sequence[Ints]) -> tuple[LoadWindow, ...]:
    return tuple(
        LoadWindow(name=f"{name}{n}", loads=tuple(tuple(row) for row in window.tolist()))
        for n, window in enumerate(loads)
    )


def solved(stated: ExpertBalanceProblem, method: str) -> tuple[ExpertBalancePlan, float]:
    """A method's plan and the processor time of its call, s."""
    found = entry(KIND, method)
    if found is None:
        raise KeyError(method)
    solver = found.load()
    begun = time.process_time()
    plan = solver.solve(stated, _LIMITS).plan
    if not isinstance(plan, ExpertBalancePlan):
        raise TypeError(f"{method} gave no plan")
    return plan, time.process_time() - begun


def layers_of(folder: Path) -> dict[str, list[Ints]]:
    """Counts [experts] of every layer, by the number of experts."""
    found = list(frequencies(read(folder / "deepseek_v2_lite_law.npz", experts=64)))
    small: list[Ints] = []
    with np.load(folder / "olmoe_mixtral_counts.npz") as tables:
        # Counts of the first choice only stand beside those of all; they are no loads.
        for name in (name for name in tables.files if name.endswith("_counts")):
            (found if name.startswith("olmoe") else small).extend(tables[name])
    return {"64 experts": found, "8 experts": small}


def loads_table(folder: Path) -> Table:
    """Acceptance on all layers, each planned alone."""
    about = "max/mean load of one window, equal split; s: processor time of the search per layer"
    table = Table("expert balance, loads", about)
    for name, layers in layers_of(folder).items():
        for shape in SHAPES:
            rows, times = [], []
            for counts in layers:
                stated = problem([counts[None]], shape, Mode.EQUAL_SPLIT)
                ours, took = solved(stated, "local-search")
                theirs, _ = solved(stated, "eplb")
                mean = int(counts.sum()) * 1000 / shape[0]
                values = [verify(stated, plan).objective or 0 for plan in (theirs, ours)]
                rows.append([value / mean for value in (*values, lower_bound(stated) or 0)])
                times.append(took)
            means, worst = np.mean(rows, axis=0), np.max(rows, axis=0)
            table.add(
                {
                    "layers": f"{len(layers)} x {name}",
                    "shape": "{}/{} on {} node(s)".format(*shape[:3]),
                    **{
                        f"{who} {what}": f"{value:.4f}"
                        for what, found in (("mean", means), ("worst", worst))
                        for who, value in zip(("eplb", "ours", "bound"), found, strict=True)
                    },
                    "median s": f"{statistics.median(times):.2f}",
                    "longest s": f"{max(times):.2f}",
                }
            )
    return table


def windows_table(folder: Path) -> Table:
    """Placements planned on the first half of the windows, scored on the second."""
    routed = read(folder / "deepseek_v2_lite_law.npz", experts=64)
    found = list(windows(routed, _TOKENS))
    half = len(found) // 2
    first, second = found[:half], found[half:]
    table = Table("expert balance, held-out windows", "mean max/mean over windows and layers")
    total = [np.sum(first, axis=0)]
    for name, loads, mode, method in (
        ("eplb", total, Mode.EQUAL_SPLIT, "eplb"),
        ("optimal on the mean", total, Mode.EQUAL_SPLIT, "local-search"),
        ("scenarios", first, Mode.EQUAL_SPLIT, "local-search"),
        ("two stages", first, Mode.SPLIT, "local-search"),
    ):
        plan, took = solved(problem(loads, SHAPES[0], mode), method)
        row: dict[str, str] = {"placement": name}
        for scored in (Mode.EQUAL_SPLIT, Mode.SPLIT):
            verdict = verify(problem(first, SHAPES[0], scored, second), plan)
            for column, key in (("planned on", "max_over_mean"), ("held out", "held_out")):
                value = verdict.breakdown.totals[f"mean_{key}_ppm"] / 10**6
                row[f"{scored}, {column}"] = f"{value:.4f}"
        table.add({**row, "s": f"{took:.1f}"})
    return table


def batch_table(folder: Path, repeats: int = 3) -> Table:
    """The linear program for all layers of one window at a time."""
    routed = read(folder / "deepseek_v2_lite_law.npz", experts=64)
    found = list(windows(routed, _TOKENS))
    table = Table("expert balance, one batch", "ms to split all 26 layers of a window")
    for shape in SHAPES[:3]:
        stated = problem([np.sum(found, axis=0)], shape, Mode.SPLIT)
        plan, _ = solved(stated, "eplb")
        times, ratios = [], []
        for window in found * repeats:
            loads = tuple(tuple(row) for row in window.tolist())
            answer = split(stated, plan, loads)
            times.append(answer.wall_ns / 10**6)
            ratios.append(sum(answer.time_ns) / sum(answer.balanced_ns))
        table.add(
            {
                "shape": "{}/{}".format(*shape[:2]),
                "median ms": f"{statistics.median(times):.1f}",
                "longest ms": f"{max(times):.1f}",
                "max/mean": f"{statistics.mean(ratios):.4f}",
            }
        )
    return table


def hops_table(folder: Path) -> Table:
    """Hops of 4 devices without redundancy, by the slack of the balance."""
    routed = read(folder / "deepseek_v2_lite_law.npz", experts=64)
    table = Table("expert balance, hops", "share of tokens that change device; worst max/mean")
    for name, slack, method in (
        ("contiguous", 10**6, "contiguous"),
        ("balance alone", 50_000, "local-search"),
        ("sweep, 2 %", 20_000, "affinity-sweep"),
        ("sweep, 10 %", 100_000, "affinity-sweep"),
    ):
        stated = hops_problem(routed, 4, slack)
        plan, took = solved(stated, method)
        verdict = verify(stated, plan)
        totals = verdict.breakdown.totals
        table.add(
            {
                "placement": name,
                "hops": f"{totals['hops_tokens'] / totals['passages_tokens']:.3f}",
                "mean max/mean": f"{totals['mean_max_over_mean_ppm'] / 10**6:.4f}",
                "s": f"{took:.1f}",
            }
        )
    return table


def hops_problem(routed: Routing, devices: int, slack_ppm: int) -> ExpertBalanceProblem:
    """All layers of a routing on equal devices without redundancy, for few hops."""
    shape = (devices, routed.experts, 1, 1)
    stated = problem([frequencies(routed)], shape, Mode.EQUAL_SPLIT)
    moved = transitions(routed).tolist()
    fields = {
        "objective": BalanceObjective.HOPS,
        "balance_slack_ppm": slack_ppm,
        "transitions": tuple(tuple(tuple(row) for row in matrix) for matrix in moved),
    }
    return ExpertBalanceProblem(**{**dict(stated), **fields})


TABLES = {
    "loads": loads_table,
    "windows": windows_table,
    "batch": batch_table,
    "hops": hops_table,
}


def main(arguments: list[str]) -> None:
    """The tables named, all where none is."""
    folder = Path(os.environ.get("EDGEPLAN_DATA", "data")) / "routing"
    if not folder.is_dir():
        _say(f"skipped, there is no folder {folder} (set EDGEPLAN_DATA)")
        return
    for name in arguments or TABLES:
        _say(TABLES[name](folder).to_markdown())


if __name__ == "__main__":
    main(sys.argv[1:])
