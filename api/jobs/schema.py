"""The tables. Instants are ns of the epoch; documents are JSON text as they came or went."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData()

jobs = Table(
    "jobs",
    metadata,
    # The number orders the queue; the id is what strangers cannot guess.
    Column("number", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("id", String(40), nullable=False, unique=True),
    Column("owner", String(100), nullable=False),
    Column("operation", String(20), nullable=False),
    Column("kind", String(40), nullable=False),
    Column("unit", String(40), nullable=False),
    Column("state", String(12), nullable=False),
    Column("priority", Integer, nullable=False),
    Column("request", Text, nullable=False),
    Column("cache_key", String(64), nullable=False),
    Column("idempotency_key", String(200)),
    Column("body_hash", String(64), nullable=False),
    Column("submitted_ns", BigInteger, nullable=False),
    Column("expires_ns", BigInteger),
    Column("started_ns", BigInteger),
    Column("finished_ns", BigInteger),
    Column("attempt", Integer, nullable=False, default=0),
    Column("lease", String(80)),
    Column("lease_until_ns", BigInteger),
    Column("cancel_requested", Boolean, nullable=False, default=False),
    # The last verified plan, its solver and figures; a plan survives whoever found it.
    Column("plan", Text),
    Column("plan_from", String(100)),
    Column("objective", String(40)),
    Column("lower_bound", String(40)),
    Column("result", Text),
    Column("cacheable", Boolean, nullable=False, default=False),
    Column("failure", Text),
    Column("result_from", String(40)),
    Column("revision_of", String(40)),
    Column("batch", String(40)),
    Column("label", String(100)),
    Column("webhook", Text),
    Column("version", Integer, nullable=False, default=1),
    UniqueConstraint("owner", "idempotency_key", name="one_job_per_key"),
    Index("jobs_queue", "state", "priority", "number"),
    Index("jobs_answers", "cache_key", "cacheable"),
    Index("jobs_batch", "batch"),
)

events = Table(
    "events",
    metadata,
    Column("job", String(40), primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("data", Text, nullable=False),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("job", String(40), primary_key=True),
    Column("url", Text, nullable=False),
    Column("tries", Integer, nullable=False, default=0),
    Column("next_ns", BigInteger, nullable=False),
    Column("fault", Text),
)

keys = Table(
    "keys",
    metadata,
    Column("name", String(100), primary_key=True),
    # SHA-256 of a token of 256 random bits: nothing that a slow hash would have to protect.
    Column("token_hash", String(64), nullable=False, unique=True),
    Column("scopes", String(100), nullable=False),
    Column("max_waiting", Integer, nullable=False),
    Column("created_ns", BigInteger, nullable=False),
)
