"""edgeplan serve: the HTTP service in this process."""

import socket
from typing import Any

import typer
from pydantic import ValidationError

from api import fork_server
from api.cli_status import Status
from api.settings import Settings
from models.documents import field_errors

# A solve that is cut off by the end of the service has this long to hand over its plan, s.
_GRACE_S = 3


def serve(options: dict[str, Any]) -> Status:
    """Answer HTTP until it is told to stop; options stand above the environment.

    Raises BadParameter for settings that are refused.
    """
    try:
        settings = Settings(**options)
    except ValidationError as error:
        fault = field_errors(error.errors(include_url=False))[0]
        name = fault.pointer.strip("/")
        hint = f"--{name}" if name in options else f"EDGEPLAN_{name.upper()}" if name else None
        raise typer.BadParameter(f"{fault.reason}; {fault.remedy}", param_hint=hint) from None
    return _listen(settings)


def _listen(settings: Settings) -> Status:
    import uvicorn

    from api.app import create_app

    class Server(uvicorn.Server):
        """Hands over what its solves have found before it goes."""

        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            application.state.slots.cancel_all()
            await super().shutdown(sockets)

    fork_server.start(fork_server.methods())
    application = create_app(settings)
    server = Server(
        uvicorn.Config(
            application,
            host=settings.host,
            port=settings.port,
            server_header=False,
            timeout_graceful_shutdown=_GRACE_S,
        )
    )
    try:
        server.run()
    except KeyboardInterrupt:  # uvicorn raises the signal again when it has shut down
        return Status.DONE
    except SystemExit:  # it could not listen, and has logged why
        return Status.INTERNAL
    return Status.DONE if server.started else Status.INTERNAL
