"""The process that serves HTTP imports no solver, whatever it is asked."""

import subprocess
import sys
from pathlib import Path

_SERVE = """
import json, sys
from fastapi.testclient import TestClient
from api.app import create_app
from api.examples import EXAMPLES
from api.settings import Settings

with TestClient(create_app(Settings(slots=1))) as client:
    for example in EXAMPLES.values():
        body = {"problem": example.problem, "limits": {"time_limit_ns": "60 s"}}
        plan = client.post("/v1/plans", json=body).json()
        assert plan["objective"] == example.objective, plan
        assert client.post("/v1/explanations", json=body).status_code == 200
    assert client.get("/v1/solvers").status_code == 200
    assert client.get("/openapi.json").status_code == 200
print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules})))
"""


def test_serves_without_solver_libraries() -> None:
    """After planning and explaining, neither solvers nor the drawing library are loaded."""
    done = subprocess.run(
        [sys.executable, "-c", _SERVE],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert '"fastapi"' in done.stdout
    for library in ("highspy", "ortools", "pyomo", "matplotlib"):
        assert f'"{library}"' not in done.stdout
