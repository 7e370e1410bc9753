"""API keys: who calls, what they may, how much they may queue."""

import hashlib
import secrets
import time
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import delete, insert, select

from api.jobs.schema import keys
from api.jobs.store import Store

LOCAL = "local"


class Scope(StrEnum):
    """What a key allows."""

    SUBMIT = "submit"  # plan, cancel and forget own jobs
    READ = "read"  # read own jobs, verify, explain nothing by solving
    ADMIN = "admin"  # see and end the jobs of all


@dataclass(frozen=True)
class Caller:
    """Who calls; name owns the jobs; max_waiting: jobs that may wait at once."""

    name: str
    scopes: frozenset[Scope]
    max_waiting: int

    @property
    def sees(self) -> str | None:
        """The owner whose jobs are seen; None for all."""
        return None if Scope.ADMIN in self.scopes else self.name


def add(store: Store, name: str, scopes: frozenset[Scope], max_waiting: int) -> str:
    """A fresh token for `name`; it is shown this once, only its hash is kept.

    Raises IntegrityError when the name has a key.
    """
    token = f"ep_{secrets.token_urlsafe(32)}"
    row = {
        "name": name,
        "token_hash": _hash(token),
        "scopes": " ".join(sorted(scopes)),
        "max_waiting": max_waiting,
        "created_ns": time.time_ns(),
    }
    with store.begin() as connection:
        connection.execute(insert(keys).values(row))
    return token


def revoke(store: Store, name: str) -> bool:
    """Delete the key of `name`; False where there is none."""
    with store.begin() as connection:
        return connection.execute(delete(keys).where(keys.c.name == name)).rowcount > 0


def listed(store: Store) -> list[Caller]:
    """All keys, by name."""
    with store.reading() as connection:
        rows = connection.execute(select(keys).order_by(keys.c.name)).mappings()
        return [_caller(row["name"], row["scopes"], row["max_waiting"]) for row in rows]


def caller_of(store: Store, token: str) -> Caller | None:
    """Whose token it is."""
    with store.reading() as connection:
        found = select(keys).where(keys.c.token_hash == _hash(token))
        row = connection.execute(found).mappings().one_or_none()
    return None if row is None else _caller(row["name"], row["scopes"], row["max_waiting"])


def _caller(name: str, scopes: str, max_waiting: int) -> Caller:
    return Caller(name, frozenset(Scope(scope) for scope in scopes.split()), max_waiting)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
