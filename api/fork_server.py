"""The process from which children are forked: started before it is needed, deaf to Ctrl-C."""

import os
import signal
from multiprocessing import forkserver

from models.result import Limits
from planner.process import preload
from planner.worker import call
from solvers.registry import REGISTRY

# Imports take seconds, on a machine that is overloaded or has cold disks minutes.
_PATIENCE_NS = 600 * 10**9


def methods() -> list[str]:
    """The modules of all methods of all kinds."""
    found = {item.where.partition(":")[0] for items in REGISTRY.values() for item in items}
    return sorted(found)


def warm_up() -> None:
    """Return once the fork server has imported what it was told to: a first request would wait.

    Raises ChildLostError when no child can be started.
    """
    call(os.getpid, limits=Limits(time_limit_ns=_PATIENCE_NS))


def start(modules: list[str]) -> None:
    """Start the fork server, which imports `modules`, unless it runs; call in the main thread.

    It ignores Ctrl-C only after its imports, so it is started while this process does.
    """
    preload(modules)
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        forkserver.ensure_running()
    finally:
        signal.signal(signal.SIGINT, before)
