"""edgeplan bench --server: tasks as jobs of a service, whose workers then are the cluster."""

import os
import threading

from api.cli_planner import ServiceRefusalError
from api.cli_remote import told
from api.cli_status import Status
from api.client import Client, Options, ServiceError, UnreachableError
from api.requests import PlanRequest
from models.problems import AnyPlan
from models.result import Certificate, Claim, Limits, Reason
from planner.benchmark.cases import problem_of
from planner.benchmark.measure import Measured
from planner.benchmark.planned import planned
from planner.benchmark.record import Record
from planner.benchmark.runner import Runner, record
from planner.benchmark.suites import STRATEGY, Task
from planner.race import Listener
from planner.standing import Outcome


def first_word(url: str) -> str:
    """Why the service at an address does not answer now; empty where it does.

    It raises ServiceRefusalError where the service answers that it will not, as without a key.
    """
    try:
        with Client(url, os.environ.get("EDGEPLAN_API_KEY"), patience_s=0) as client:
            client.instances()
    except UnreachableError as error:
        return str(error)
    except ServiceError as error:
        raise ServiceRefusalError(f"{url}: {error}", Status.UNAVAILABLE) from None
    return ""


def runner_of(url: str) -> Runner:
    """A runner that submits to the service at an address, with the key in EDGEPLAN_API_KEY.

    It raises ServiceRefusalError when the service is gone for long: what is measured is kept.
    """
    key = os.environ.get("EDGEPLAN_API_KEY")

    def ask(task: Task, limits: Limits, listen: Listener, cancel: threading.Event) -> Certificate:
        solver = None if task.method is STRATEGY else task.method.name
        request = PlanRequest(problem=problem_of(task.case), limits=limits, solver=solver)
        # An answer out of the service's memory would be no measurement.
        options = Options(afresh=True, label="bench", priority=1)
        with Client(url, key) as client:
            return client.plan(request, options, told(listen), cancel)

    def run(task: Task, limits: Limits, cancel: threading.Event) -> Record | None:
        try:
            found = planned(task, limits, cancel, ask)
        except UnreachableError as error:
            raise ServiceRefusalError(str(error), Status.UNAVAILABLE) from None
        except ServiceError as error:
            found = _refused(task, str(error))
        return None if cancel.is_set() else record(task, found)

    return run


def _refused(task: Task, words: str) -> Measured:
    """What a service does not take, such as a problem too large for it."""
    claim: Claim[AnyPlan] = Claim(task.method.name, Reason.FAILED, detail=words)
    traits = task.method.traits
    return Measured(Outcome(claim, None, traits.exact, traits.family, wall_ns=0))
