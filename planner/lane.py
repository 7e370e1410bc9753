"""Methods that one child runs in turn, and the child held to the order of that."""

from collections import deque
from collections.abc import Sequence

from models.documents import shorten
from models.problems import AnyPlan
from planner.child import Job
from planner.messages import (
    Finished,
    FoundBound,
    FoundPlan,
    GarbledError,
    Message,
    Started,
    decode,
)
from planner.worker import start
from solvers.registry import Entry


class Lane:
    """A child at work on a job; what it says is held to the lane's methods in their order.

    methods: by name; garbled: what was wrong with what it said, for which it was killed; killed:
    whether it was killed from here, for that or otherwise. Raises OSError, EOFError when it cannot
    be started.
    """

    def __init__(self, job: Job) -> None:
        self.garbled = ""
        self.killed = False
        self.methods = {method.name: method for method in job.methods}
        self._kind = job.problem.kind
        self._running: Entry | None = None
        self._waiting = deque(job.methods)
        self.child = start(job, job.deadline_ns)

    @property
    def running(self) -> Entry | None:
        """The method that has begun and made no claim yet."""
        return self._running

    @property
    def unclaimed(self) -> tuple[Entry, ...]:
        """The methods without a claim, the running one first."""
        first = () if self._running is None else (self._running,)
        return (*first, *self._waiting)

    def hear(self) -> Sequence[Message]:
        """What the child has said since. Kills it where that is not what it should say."""
        heard: list[Message] = []
        if self.garbled:
            return heard
        try:
            for payload in self.child.read():
                message = decode(payload)
                self._follow(message)
                heard.append(message)
        except GarbledError as error:
            self._give_up(f"it said what no method may say: {error}")
        if self.child.mute:
            self._give_up("it closed its channel and went on")
        return heard

    def kill(self) -> None:
        """End the child, unless it has ended by itself."""
        if not self.child.ended:
            self.killed = True
            self.child.kill()

    def _give_up(self, why: str) -> None:
        self.garbled = f"killed: {why}"
        self.kill()

    def _follow(self, message: Message) -> None:
        """Keep track of who runs. Raises GarbledError for a message out of turn."""
        if isinstance(message, Started):
            ready = self._running is None and bool(self._waiting)
            if not ready or message.solver != self._waiting[0].name:
                raise GarbledError(f"{shorten(message.solver)} begins out of turn")
            self._running = self._waiting.popleft()
            return
        if self._running is None or message.solver != self._running.name:
            raise GarbledError(f"{shorten(message.solver)} speaks out of turn")
        plan = _plan_of(message)
        if plan is not None and plan.kind != self._kind:
            raise GarbledError(f"a plan of kind {plan.kind} for a problem of kind {self._kind}")
        if isinstance(message, Finished):
            self._running = None


def _plan_of(message: FoundPlan | FoundBound | Finished) -> AnyPlan | None:
    if isinstance(message, FoundPlan):
        return message.plan
    return message.claim.plan if isinstance(message, Finished) else None
