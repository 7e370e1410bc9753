"""The port between the table of jobs and those who run them."""

from typing import Protocol

from sqlalchemy import Connection, RowMapping


class Dispatcher(Protocol):
    """Brings queued jobs to a slot; the table stays the truth about them."""

    def run(self) -> None:
        """Start to bring jobs to slots."""

    def enqueue(self, connection: Connection, row: RowMapping) -> None:
        """Queue a job in the transaction that inserts it."""

    def ring(self, number: int = 1) -> None:
        """Say that the transaction of so many queued jobs is through."""

    def cancel(self, job: str) -> None:
        """Bring the word to whoever runs the job, if anyone does."""

    def health(self) -> str | None:
        """What is wrong, or None."""

    def drain(self, grace_s: float) -> None:
        """Take no more jobs, and give those that run `grace_s` to hand over what they have."""

    @property
    def slots(self) -> int:
        """Jobs at once in this process."""

    @property
    def free(self) -> int:
        """Slots without a job."""
