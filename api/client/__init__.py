"""The service from Python: `Client`, its asynchronous twin, and what they raise."""

from api.client.asynchronous import AsyncClient, Revised
from api.client.errors import ServiceError, UnreachableError
from api.client.options import Options
from api.client.synchronous import Client

__all__ = ["AsyncClient", "Client", "Options", "Revised", "ServiceError", "UnreachableError"]
