"""What a submission wishes for its job, beside the request itself."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Header, Query, Request

from api.deps import settings_of
from api.jobs.address import check
from models.base import Name
from models.errors import DocumentError, FieldError
from models.units import parse_quantity

_LONGEST_NS = 365 * 24 * 3600 * 10**9


@dataclass(frozen=True)
class Wishes:
    """Priority (9 first), key to come back by, longest wait in the queue, whom to tell the end.

    afresh: solve even what has been answered before.
    """

    priority: int = 5
    idempotency_key: str | None = None
    queue_timeout_ns: int | None = None
    webhook: str | None = None
    label: str | None = None
    afresh: bool = False


async def _asked(  # noqa: PLR0913  # one parameter per wish
    http: Request,
    *,
    priority: Annotated[int, Query(ge=0, le=9, description="9 runs first")] = 5,
    queue_timeout: Annotated[
        str | None, Query(description="how long to wait for a slot, such as '5 min'")
    ] = None,
    webhook: Annotated[
        str | None, Query(max_length=2000, description="HTTPS address that is told the end")
    ] = None,
    label: Annotated[Name | None, Query(description="a word to find the job by")] = None,
    idempotency_key: Annotated[
        str | None,
        Header(
            min_length=1,
            max_length=196,  # a batch appends the number of the request
            description="the same key and request give the same job, however often they are sent",
        ),
    ] = None,
    cache_control: Annotated[
        str | None, Header(description="`no-cache`: solve afresh what has been answered before")
    ] = None,
) -> Wishes:
    afresh = "no-cache" in (cache_control or "").lower()
    settings = settings_of(http)
    check(webhook, secret=settings.webhook_secret is not None, private=settings.webhook_private)
    timeout = None if queue_timeout is None else _nanoseconds(queue_timeout)
    return Wishes(priority, idempotency_key, timeout, webhook, label, afresh)


def _nanoseconds(text: str) -> int:
    try:
        found = parse_quantity(text, "nanosecond")
    except ValueError as error:
        reason = str(error)
    else:
        if 0 <= found <= _LONGEST_NS:
            return found
        reason = "not between 0 s and 365 days"
    fault = FieldError("/query/queue_timeout", text[:60], reason, "write it as '5 min'")
    raise DocumentError((fault,))


Asked = Annotated[Wishes, Depends(_asked)]
