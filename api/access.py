"""The dependency of every route: who calls, and whether they may."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from anyio import to_thread
from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from api.deps import queue_of, settings_of
from api.errors import ProblemError
from api.keys import LOCAL, Caller, Scope, caller_of

_bearer = HTTPBearer(auto_error=False, description="an API key, where the server wants one")
_Credentials = Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]


def caller(scope: Scope) -> Callable[[Request, _Credentials], Awaitable[Caller]]:
    """A dependency: the caller, who needs the scope. Raises ProblemError: 401, 403."""

    async def find(http: Request, credentials: _Credentials) -> Caller:
        if not settings_of(http).require_keys:
            return Caller(LOCAL, frozenset(Scope), settings_of(http).max_waiting)
        found = None
        if credentials is not None:
            store = queue_of(http).store
            found = await to_thread.run_sync(caller_of, store, credentials.credentials)
        if found is None:
            raise ProblemError(
                "unauthorized",
                401,
                "send a key: 'Authorization: Bearer ep_…' ('edgeplan keys add NAME' makes one)",
                headers={"WWW-Authenticate": "Bearer"},
            )
        if not {scope, Scope.ADMIN} & found.scopes:
            raise ProblemError("forbidden", 403, f"the key of {found.name} lacks {scope.value!r}")
        return found

    return find


Reader = Annotated[Caller, Depends(caller(Scope.READ))]
Submitter = Annotated[Caller, Depends(caller(Scope.SUBMIT))]
