"""How the command ends: every way to fail has its exit status, and no answer is lost unsaid.

0 optimal, or done; 1 a plan refused by `verify`; 3 a plan that is not proved optimal;
4 infeasible; 5 no plan in time; 64 usage; 65 bad input; 69 scikit-learn is missing, or the service
of --server does not answer or refuses; 70 internal, or a failed `doctor`; 74 the answer could not
be written; 130 interrupted; 141 nobody reads on.
"""

import errno
import os
import sys
import traceback
from typing import Any, NoReturn

from typer.core import TyperGroup

_USAGE, _BAD_INPUT, _INTERNAL, _NOT_WRITTEN, _CLOSED = 64, 65, 70, 74, 141
_TYPER_USAGE = 2
# What only writing meets: a full disk or quota, a file too large, a broken device.
_WRITING = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO})


class Group(TyperGroup):
    """Gives every way to fail its exit status."""

    def main(self, *args: Any, **extra: Any) -> Any:
        """Runs the command; typer's own status for usage is replaced."""
        try:
            return super().main(*args, **extra)
        except SystemExit as end:
            if end.code == _TYPER_USAGE:
                sys.exit(_USAGE)
            raise
        except Exception as error:  # noqa: BLE001  # the last resort of the process
            _fail(error)

    def invoke(self, ctx: Any) -> Any:
        """Runs a verb and sees to it that what it said has been written."""
        try:
            try:
                return super().invoke(ctx)
            finally:
                sys.stdout.flush()
        except BrokenPipeError:
            _write_no_more()
            sys.exit(_CLOSED)


def _write_no_more() -> None:
    """Standard output to nowhere, so that the end of the process does not try to write again."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())


def _fail(error: Exception) -> NoReturn:
    from api.cli_input import InputError
    from api.cli_output import OutputError
    from api.cli_planner import ServiceRefusalError
    from models.errors import DocumentError

    if isinstance(error, OutputError):
        sys.stderr.write(f"edgeplan: {error}\n")
        sys.exit(_NOT_WRITTEN)
    if isinstance(error, OSError) and error.errno in _WRITING:
        _write_no_more()
        sys.stderr.write(f"edgeplan: the answer could not be written: {error.strerror}\n")
        sys.exit(_NOT_WRITTEN)
    if isinstance(error, InputError | DocumentError):
        _end(error, _BAD_INPUT)
    if isinstance(error, ServiceRefusalError):
        _end(error, error.status)
    traceback.print_exception(error)
    sys.stderr.write("edgeplan: this is a fault of edgeplan; please report it with its input\n")
    sys.exit(_INTERNAL)


def _end(error: Exception, status: int) -> NoReturn:
    for line in str(error).splitlines():
        sys.stderr.write(f"edgeplan: {line}\n")
    sys.exit(status)
