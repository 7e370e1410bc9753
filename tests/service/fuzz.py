"""Mutated documents against a server: every answer is an answer or a problem document.

    python -m tests.service.fuzz [COUNT] [SEED]

Starts from the examples of every kind; replaces, drops, doubles and exchanges parts of them.
Ends with status 1 at a status of 500 or more, a traceback in a body, or an answer of another media
type. Solves are limited to 50 ms.
"""

import copy
import json
import random
import sys
from collections import Counter
from collections.abc import Iterator
from typing import Any

from fastapi.testclient import TestClient

from api.app import create_app
from api.errors import MEDIA_TYPE
from api.examples import EXAMPLES
from api.settings import Settings

_COUNT, _SEED = 10_000, 7
_TYPES = ("application/json", MEDIA_TYPE)
_SAID = ("solve-failed", "memory-limit")
_ODD: tuple[Any, ...] = (
    None, True, 0, -1, 1, 2**63, 10**30, 0.5, "", "0", "-1 ms", "1 ms", "8 GiB", "NaN", "x" * 300,
    "\u0000", [], {}, [[]], {"kind": "x"},
)  # fmt: skip


def bodies() -> list[tuple[str, dict[str, Any]]]:
    """(address, body) of requests that are in order."""
    limits = {"time_limit_ns": "50 ms", "memory_limit_bytes": "512 MiB"}
    found: list[tuple[str, dict[str, Any]]] = []
    for example in EXAMPLES.values():
        problem, plan = example.problem, example.plan
        found += [
            ("/v1/validations", {"problem": problem}),
            ("/v1/estimates", {"problem": problem}),
            ("/v1/verifications", {"problem": problem, "plan": plan}),
            ("/v1/plans", {"problem": problem, "hint": plan, "limits": limits}),
            ("/v1/batches", {"requests": [{"problem": problem, "limits": limits}]}),
        ]
    return found


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """(container, key) of every part of a document."""
    keys = list(value) if isinstance(value, dict) else range(len(value))
    for key in keys:
        yield value, key
        if isinstance(value[key], dict | list):
            yield from _places(value[key])


def mutated(draw: random.Random, body: dict[str, Any]) -> Any:
    """The body with one to four parts changed."""
    found = copy.deepcopy(body)
    for _ in range(draw.randint(1, 4)):
        places = list(_places(found))
        if not places:
            break
        container, key = draw.choice(places)
        act = draw.randrange(4)
        if act == 0:
            container[key] = copy.deepcopy(draw.choice(_ODD))
        elif act == 1:
            del container[key]
        elif act == 2 and isinstance(container, list):
            container.append(copy.deepcopy(container[key]))
        else:
            other, place = draw.choice(places)
            container[key] = copy.deepcopy(other[place])
    return found


def fault(response: Any) -> str | None:
    """What is wrong with an answer, or None."""
    if response.status_code >= 500:
        problem = response.headers.get("Content-Type") == MEDIA_TYPE and response.json()
        # Methods that were given 50 ms and 512 MiB may all fail: that is said, not a fault.
        if not problem or problem["type"].rpartition(":")[2] not in _SAID:
            return f"status {response.status_code}"
    if "Traceback" in response.text:
        return "a traceback"
    kind = response.headers.get("Content-Type")
    return None if kind in _TYPES else f"media type {kind}"


def main(count: int = _COUNT, seed: int = _SEED) -> int:
    """Send `count` documents; 1 when an answer was at fault."""
    draw, statuses = random.Random(seed), Counter[int]()
    originals = bodies()
    settings = Settings(slots=2, max_time_limit=50 * 10**6, max_waiting=10**6)
    faults = 0
    with TestClient(create_app(settings), raise_server_exceptions=False) as client:
        for _ in range(count):
            path, body = draw.choice(originals)
            text = json.dumps(mutated(draw, body))
            response = client.post(path, content=text, headers={"Content-Type": "application/json"})
            statuses[response.status_code] += 1
            wrong = fault(response)
            if wrong is not None:
                faults += 1
                sys.stdout.write(f"{path}: {wrong}\n{text}\n{response.text[:400]}\n")
    sys.stdout.write(f"{count} documents, seed {seed}: {dict(statuses)}, {faults} faults\n")
    return int(faults > 0)


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
