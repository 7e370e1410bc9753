"""What a submission may wish for beside the request itself."""

import secrets
from dataclasses import dataclass


@dataclass(frozen=True)
class Options:
    """Wishes for one job, or for all of a batch.

    key: the Idempotency-Key, by which the same job is found again however often the request is
    sent; a random one where left out. priority: 9 runs first. queue_timeout: the longest wait for
    a slot, such as "5 min". webhook: an address that is told the end. label: a word to find the
    job by. afresh: solve even what has been answered before.
    """

    key: str | None = None
    priority: int = 5
    queue_timeout: str | None = None
    webhook: str | None = None
    label: str | None = None
    afresh: bool = False

    def headers(self) -> dict[str, str]:
        """The headers that say so."""
        key = {"Idempotency-Key": self.key or secrets.token_hex(16)}
        return key | ({"Cache-Control": "no-cache"} if self.afresh else {})

    def params(self) -> dict[str, str]:
        """The query that says so."""
        given = {
            "priority": str(self.priority),
            "queue_timeout": self.queue_timeout,
            "webhook": self.webhook,
            "label": self.label,
        }
        return {name: value for name, value in given.items() if value is not None}
