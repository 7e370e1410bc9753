"""Which faults of the database pass, and which are our mistakes."""

from sqlalchemy.exc import (
    DatabaseError,
    InterfaceError,
    InternalError,
    OperationalError,
    SQLAlchemyError,
)
from sqlalchemy.exc import TimeoutError as NoConnectionError


def is_away(error: SQLAlchemyError) -> bool:
    """Whether the same statement may succeed later: the database, or the way to it, is at fault.

    A driver that finds its connection broken raises a bare DatabaseError or an InterfaceError as
    well; statements that are wrong by themselves have classes of their own (PEP 249).
    """
    passing = (OperationalError, InternalError, InterfaceError, NoConnectionError)
    return isinstance(error, passing) or type(error) is DatabaseError
