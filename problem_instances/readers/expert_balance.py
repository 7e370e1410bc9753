"""An expert balance from a routing table: loads in windows of tokens, equal devices."""

from models.documents import validate
from models.errors import DocumentError, FieldError
from models.problems.expert_balance import ExpertBalanceProblem
from problem_instances.readers.routing import Routing, windows


def problem_from(
    found: Routing, devices: int, slots: int, *, window_tokens: int | None = None, about: str = ""
) -> ExpertBalanceProblem:
    """Equal devices of that many slots each, and the table's loads.

    window_tokens: consecutive tokens that are one window, a shorter rest is left out; None for all
    tokens as one. Raises DocumentError where the table is shorter than a window.
    """
    size = found.tokens if window_tokens is None else window_tokens
    if size > found.tokens:
        reason = f"a window is longer than the table, which has {found.tokens:,} tokens"
        raise DocumentError((FieldError("", f"{size:,}", reason, "take a shorter window"),))
    loads = windows(found, size).tolist()
    document = {
        "about": about,
        "devices": [{"name": f"device-{number}", "slots": slots} for number in range(devices)],
        "windows": [{"name": f"window-{n}", "loads": load} for n, load in enumerate(loads)],
    }
    return validate(document, ExpertBalanceProblem)
