"""Settings of the service, from the environment: every field is read from EDGEPLAN_<FIELD>."""

import ipaddress
import os
from typing import Annotated, Literal, Self

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from models.base import contradiction
from models.documents import MAX_BYTES
from models.units import Bytes, Nanoseconds

SECOND_NS = 10**9


def _slots() -> int:
    """Two lanes race in a solve, so that half the processors are enough solves at once."""
    return max(1, (os.cpu_count() or 2) // 2)


class Settings(BaseSettings):
    """What one server allows; quantities are integers (ns, bytes) or strings with a unit.

    host, port: where it listens. Other hosts than the own one need `require_keys`, unless
    `allow_remote_without_keys` says that something else keeps strangers out (a container's
    published port, a proxy): EDGEPLAN_ALLOW_REMOTE_WITHOUT_KEYS=1.
    require_keys: whether every request under /v1 needs an API key.
    slots: jobs at once; those beyond them wait.
    max_time_limit: longest time limit of one solve, ns; longer ones are cut to it.
    max_memory_limit: largest memory limit of one process of a solve, bytes; likewise.
    max_body_bytes: largest request body.
    db: where jobs and keys are kept: sqlite:///FILE, which one server owns, or postgresql+psycopg://;
    without it they last as long as the process (`edgeplan serve` names a file of its own).
    default_wait: how long a request waits for its answer that does not say so, ns.
    max_waiting: jobs that wait at once without keys; each key has its own number.
    retention_days: how long a job is kept after its end; 0: for ever.
    webhook_secret: with which the ends of jobs are signed when they are told to a webhook; without
    it webhooks are refused. webhook_private: also those by plain HTTP, and to addresses that are
    not public.
    max_devices, max_layers, max_experts: of one problem; see api/size.py for what is counted.
    metrics_port: where a worker shows its figures on `host`; without it, nowhere. A server shows
    them at /metrics.
    log_format: `text`, `json`, or `auto`: text on a terminal, else JSON.
    telemetry: whether requests are traced by OpenTelemetry (the extra `telemetry`; where to is read
    from the OTEL_… variables).
    """

    model_config = SettingsConfigDict(env_prefix="EDGEPLAN_", frozen=True, extra="forbid")

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8000
    allow_remote_without_keys: bool = False
    require_keys: bool = False
    slots: Annotated[int, Field(ge=1, le=1024, default_factory=_slots)]
    max_time_limit: Nanoseconds = 60 * SECOND_NS
    max_memory_limit: Annotated[Bytes, Field(ge=2**28)] = 4 * 2**30
    max_body_bytes: Annotated[Bytes, Field(ge=1, le=MAX_BYTES)] = MAX_BYTES
    db: str | None = None
    default_wait: Nanoseconds = 30 * SECOND_NS
    max_waiting: Annotated[int, Field(ge=1)] = 1000
    retention_days: Annotated[int, Field(ge=0, le=36_500)] = 30
    webhook_secret: Annotated[SecretStr, Field(min_length=16)] | None = None
    webhook_private: bool = False
    max_devices: Annotated[int, Field(ge=1)] = 10_000
    max_layers: Annotated[int, Field(ge=1)] = 10_000
    max_experts: Annotated[int, Field(ge=1)] = 10_000
    metrics_port: Annotated[int, Field(ge=1, le=65535)] | None = None
    log_format: Literal["auto", "text", "json"] = "auto"
    telemetry: bool = False

    @model_validator(mode="after")
    def _strangers_stay_out(self) -> Self:
        guarded = self.require_keys or self.allow_remote_without_keys
        if not guarded and not _is_loopback(self.host):
            raise contradiction(
                f"listening on {self.host} would let anyone on the network use this server: "
                "it asks for no API keys",
                "set EDGEPLAN_REQUIRE_KEYS=1 and make a key ('edgeplan keys add NAME'), or listen "
                "on 127.0.0.1, or, where a container or a proxy keeps strangers out, "
                "set EDGEPLAN_ALLOW_REMOTE_WITHOUT_KEYS=1",
            )
        return self


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
