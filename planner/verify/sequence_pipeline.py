"""Replay of a sequence pipeline from the raw instance: every rule and every time, exactly.

Written from the mathematics in models/problems/sequence_pipeline.py alone; it shares no table with
any solver.
"""

from fractions import Fraction
from itertools import pairwise

from models.devices import Device
from models.layers import Layer
from models.problems.pipeline_partition import Stage
from models.problems.sequence_pipeline import SequencePipelinePlan as Plan
from models.problems.sequence_pipeline import SequencePipelineProblem as Problem
from models.result import Breakdown, Verification, Violation
from models.units import round_half_up


def verify(problem: Problem, plan: Plan) -> Verification:
    """All violated rules, or else the objective in ns, the stages and the chunks.

    Rules: no-stages, unknown-device, device-reused, empty-stage, layers-covered, prompt-covered,
    short-chunk, chunk-step, memory, missing-link, all-devices, device-order.
    """
    violations = _structure(problem, plan) + _chunks(problem, plan)
    if not violations:
        violations = _memory(problem, plan) + _links(problem, plan)
    violations += _wishes(problem, plan)
    if violations:
        return Verification(violations=tuple(violations))
    return _replay(problem, plan)


def _structure(problem: Problem, plan: Plan) -> list[Violation]:
    if not plan.stages:
        return [Violation(rule="no-stages", where="stages")]
    found = []
    used: set[str] = set()
    expected = 0
    for index, stage in enumerate(plan.stages):
        where = f"stages/{index}"
        if problem.device_graph.device(stage.device) is None:
            found.append(Violation(rule="unknown-device", where=f"{where}: {stage.device}"))
        if stage.device in used:
            found.append(Violation(rule="device-reused", where=f"{where}: {stage.device}"))
        used.add(stage.device)
        if stage.stop <= stage.start:
            found.append(Violation(rule="empty-stage", where=where))
        if stage.start != expected:
            found.append(_uncovered(f"before {where}", stage.start - expected))
        expected = stage.stop
    if expected != len(problem.layers):
        found.append(_uncovered("at the end of the chain", len(problem.layers) - expected))
    return found


def _uncovered(where: str, missing: int) -> Violation:
    """Layers that are missing at a place or, where negative, there once too often."""
    how = "missing" if missing > 0 else "too many"
    return Violation(
        rule="layers-covered", where=f"{how} {where}", excess=abs(missing), unit="layers"
    )


def _chunks(problem: Problem, plan: Plan) -> list[Violation]:
    found = []
    gap = abs(problem.prompt_tokens - sum(plan.chunks))
    if gap:
        found.append(Violation(rule="prompt-covered", where="chunks", excess=gap, unit="tokens"))
    for index, tokens in enumerate(plan.chunks):
        where, lacking = f"chunks/{index}", problem.least_chunk - tokens
        if lacking > 0:
            found.append(Violation(rule="short-chunk", where=where, excess=lacking, unit="tokens"))
        over = tokens % problem.chunk_step
        if over and index < len(plan.chunks) - 1:
            found.append(Violation(rule="chunk-step", where=where, excess=over, unit="tokens"))
    return found


def memory_bytes(problem: Problem, stage: Stage, tokens: int) -> int:
    """Bytes that a stage fills while it works on `tokens` tokens at once."""
    held = problem.layers[stage.start : stage.stop]
    weights = sum(layer.weight_bytes for layer in held)
    per_token = sum(layer.kv_bytes_per_token for layer in held)
    activation = max(layer.activation_bytes_per_token for layer in held)
    return weights + per_token * problem.context_tokens + activation * tokens


def most_tokens(problem: Problem, chunks: tuple[int, ...]) -> int:
    """Tokens that a stage works on at once at most, in prefill or decoding."""
    drafts = 0 if problem.decoding is None else problem.decoding.pass_tokens
    return max(*chunks, drafts)


def _memory(problem: Problem, plan: Plan) -> list[Violation]:
    tokens = most_tokens(problem, plan.chunks)
    found = []
    for stage in plan.stages:
        excess = memory_bytes(problem, stage, tokens) - _device(problem, stage).memory_bytes
        if excess > 0:
            found.append(Violation(rule="memory", where=stage.device, excess=excess, unit="bytes"))
    return found


def _links(problem: Problem, plan: Plan) -> list[Violation]:
    hops = [(a.device, b.device) for a, b in pairwise(plan.stages)]
    if problem.timed_decoding is not None and len(plan.stages) > 1:
        hops.append((plan.stages[-1].device, plan.stages[0].device))
    return [
        Violation(rule="missing-link", where=f"{source} -> {target}")
        for source, target in hops
        if problem.device_graph.rate(source, target) is None
    ]


def _wishes(problem: Problem, plan: Plan) -> list[Violation]:
    found = []
    used = [stage.device for stage in plan.stages]
    if problem.use_all_devices:
        unused = sorted({device.name for device in problem.devices} - set(used))
        if unused:
            found.append(
                Violation(rule="all-devices", where=unused[0], excess=len(unused), unit="devices")
            )
    if problem.device_order is not None:
        place = {name: index for index, name in enumerate(problem.device_order)}
        known = [name for name in used if name in place]
        for before, after in pairwise(known):
            if place[before] > place[after]:
                found.append(Violation(rule="device-order", where=f"{after} after {before}"))
    return found


def _device(problem: Problem, stage: Stage) -> Device:
    device = problem.device_graph.device(stage.device)
    if device is None:
        raise KeyError(stage.device)
    return device


def chunk_ns(problem: Problem, layer: Layer, device: Device, tokens: int, before: int) -> int:
    """Time of a chunk with `before` tokens before it in one layer on a device, ns."""
    times = problem.times[device.profile_type][layer.name]
    pairs = tokens * before + tokens * (tokens + 1) // 2
    attention = round_half_up(Fraction(times.kilopair_ns * pairs, 1000))
    return times.chunk_ns + times.token_ns * tokens + attention


def _send_ns(problem: Problem, source: str, target: str, size: int) -> int:
    rate = problem.device_graph.rate(source, target)
    if rate is None:
        raise KeyError((source, target))
    bits = 8 * (size + problem.message_bytes)
    return rate.latency_ns - (-bits * 10**9 // rate.bandwidth_bit_per_s)


def chunk_rows(problem: Problem, plan: Plan) -> list[list[tuple[int, int]]]:
    """[chunks][stages] computing and sending, ns; nothing is sent from the last stage."""
    rows = []
    before = 0
    for tokens in plan.chunks:
        row = []
        for index, stage in enumerate(plan.stages):
            device, held = _device(problem, stage), problem.layers[stage.start : stage.stop]
            work = sum(chunk_ns(problem, layer, device, tokens, before) for layer in held)
            sent = 0
            if index + 1 < len(plan.stages):
                size = held[-1].output_bytes_per_token * tokens
                sent = _send_ns(problem, stage.device, plan.stages[index + 1].device, size)
            row.append((work, sent))
        rows.append(row)
        before += tokens
    return rows


def completed_ns(rows: list[list[tuple[int, int]]], *, overlap: bool) -> list[int]:
    """When each chunk is through, by the recursion of the flow shop."""
    free = [0] * (2 * len(rows[0]))
    ends = []
    for row in rows:
        at = 0
        for stage, (work, sent) in enumerate(row):
            at = max(at, free[2 * stage]) + work
            if overlap:
                free[2 * stage] = at
                at = free[2 * stage + 1] = max(at, free[2 * stage + 1]) + sent
            else:
                at = free[2 * stage] = at + sent
        ends.append(at)
    return ends


def pass_rows(problem: Problem, plan: Plan) -> list[tuple[int, int]]:
    """[stages] computing and sending of one decoding pass, ns."""
    decoding = problem.timed_decoding
    if decoding is None:
        return [(0, 0)] * len(plan.stages)
    rows = []
    following = [*plan.stages[1:], plan.stages[0]]
    for stage, target in zip(plan.stages, following, strict=True):
        kind, held = _device(problem, stage).profile_type, range(stage.start, stage.stop)
        work = sum(problem.times[kind][problem.layers[n].name].pass_ns for n in held)
        last = stage is plan.stages[-1]
        per_token = (
            problem.token_bytes if last else problem.layers[stage.stop - 1].output_bytes_per_token
        )
        sent = 0
        if len(plan.stages) > 1:
            sent = _send_ns(problem, stage.device, target.device, per_token * decoding.pass_tokens)
        rows.append((work, sent))
    return rows


def decoding_ns(problem: Problem, passes: list[tuple[int, int]], rounds: int | None = None) -> int:
    """Time of all passes of all points by the closed formula, ns; 0 where it does not count.

    passes: of one pass on each stage; rounds: of each point, all of them where left out.
    """
    decoding = problem.timed_decoding
    if decoding is None or rounds == 0:
        return 0
    rounds, points = decoding.passes if rounds is None else rounds, decoding.points
    latency = sum(work + sent for work, sent in passes)
    period = max(max(pair) if problem.overlap else sum(pair) for pair in passes)
    return (rounds - 1) * max(latency, points * period) + latency + (points - 1) * period


def _replay(problem: Problem, plan: Plan) -> Verification:
    table, passes = chunk_rows(problem, plan), pass_rows(problem, plan)
    tokens = most_tokens(problem, plan.chunks)
    stages = []
    for index, stage in enumerate(plan.stages):
        row: dict[str, str | int] = {
            "device": stage.device,
            "first_layer": stage.start,
            "layers": stage.stop - stage.start,
            "compute_ns": sum(chunk[index][0] for chunk in table),
            "transfer_ns": sum(chunk[index][1] for chunk in table),
        }
        if problem.timed_decoding is not None:
            row |= {"pass_ns": passes[index][0], "pass_transfer_ns": passes[index][1]}
        stages.append(
            row
            | {
                "memory_bytes": memory_bytes(problem, stage, tokens),
                "memory_limit_bytes": _device(problem, stage).memory_bytes,
            }
        )
    ends = completed_ns(table, overlap=problem.overlap)
    chunks: list[dict[str, str | int]] = [
        {
            "chunk": index + 1,
            "tokens": size,
            "slowest_stage_ns": max(work for work, _ in times),
            "completed_ns": end,
        }
        for index, (size, times, end) in enumerate(zip(plan.chunks, table, ends, strict=True))
    ]
    totals = {"prefill_ns": ends[-1], "decoding_ns": decoding_ns(problem, passes)}
    return Verification(
        violations=(),
        objective=sum(totals.values()),
        breakdown=Breakdown(rows=(*stages, *chunks), totals=totals),
    )
