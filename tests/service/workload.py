"""Requests of every kind that no other job has asked, and what became of their jobs."""

import json
import random
from collections import Counter
from dataclasses import dataclass, field

from sqlalchemy import select

from api.jobs.engine import open_tables
from api.jobs.nouns import TERMINAL
from api.jobs.schema import events, jobs
from api.requests import PlanRequest
from models.documents import read_problem
from models.problems import KINDS
from models.result import Limits
from planner.verify import verify
from problem_instances.generate import SPECS, generate
from solvers.registry import entries

# What takes seconds at the generator's own size; the other kinds are asked as it makes them.
_SMALL: dict[str, dict[str, object]] = {
    "pipeline_partition": {"devices": 3, "layers": 8},
    "split_computing": {"layers": 12},
    "split_fleet": {"streams": 6, "uplinks": 2, "windows": 2},
    "expert_selection": {"experts": 6, "clusters": 4},
    "dag_partition": {"blocks": 1, "branches": 2},
    "offload_placement": {"layers": 2, "gpu_mb": 600, "cpu_mb": 900},
}


def request(number: int) -> PlanRequest:
    """The request of a number: kinds in turn; every third races all methods, others run one."""
    kind = tuple(KINDS)[number % len(KINDS)]
    spec = SPECS[kind](seed=number // len(KINDS), **_SMALL.get(kind, {}))
    problem = read_problem(generate(spec))
    one = random.Random(number).choice(entries(kind)).name
    return PlanRequest(
        problem=problem,
        limits=Limits(time_limit_ns=3 * 10**9, seed=number),
        solver=None if number % 3 == 0 else one,
    )


@dataclass
class Audit:
    """What the table says in the end; `faults` in words, empty when all is well."""

    states: Counter[str] = field(default_factory=Counter)
    grades: Counter[str] = field(default_factory=Counter)
    attempts: Counter[int] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    plans: int = 0
    faults: list[str] = field(default_factory=list)


def audit(url: str, expected: int) -> Audit:
    """Read the table: one terminal state each, every plan verified anew, none lost."""
    found = Audit()
    engine = open_tables(url)
    with engine.begin() as connection:
        rows = list(connection.execute(select(jobs)).mappings())
        ends = Counter(
            job
            for job, data in connection.execute(select(events.c.job, events.c.data))
            if json.loads(data).get("state") in TERMINAL
        )
    engine.dispose()
    if len(rows) != expected:
        found.faults.append(f"{len(rows)} jobs for {expected} requests")
    for row in rows:
        found.states[row["state"]] += 1
        found.attempts[row["attempt"]] += 1
        found.kinds[row["kind"]] += 1
        if ends[row["id"]] != 1:
            found.faults.append(f"{row['id']} has {ends[row['id']]} terminal events")
        if row["result"] is None:
            found.faults.append(f"{row['id']} is {row['state']} without a result: {row['failure']}")
            continue
        result = json.loads(row["result"])
        found.grades[result["grade"]] += 1
        if result["plan"] is not None:
            found.plans += 1
            found.faults += _faults_of(row["id"], row["kind"], row["request"], result)
    return found


def _faults_of(job: str, kind: str, text: str, result: dict[str, object]) -> list[str]:
    problem = PlanRequest.model_validate_json(text).problem
    plan = KINDS[kind][1].model_validate_json(json.dumps(result["plan"]))
    verdict = verify(problem, plan)
    if not verdict.accepted:
        return [f"the plan of {job} breaks {verdict.violations[0].rule}"]
    return [] if verdict.objective == result["objective"] else [f"the objective of {job} is wrong"]
