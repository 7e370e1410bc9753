"""The tables of jobs, events, deliveries and keys."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create them."""
    op.create_table(
        "jobs",
        sa.Column("number", _NUMBER, primary_key=True),
        sa.Column("id", sa.String(40), nullable=False, unique=True),
        sa.Column("owner", sa.String(100), nullable=False),
        sa.Column("operation", sa.String(20), nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("unit", sa.String(40), nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("priority", sa.Integer, nullable=False),
        sa.Column("request", sa.Text, nullable=False),
        sa.Column("cache_key", sa.String(64), nullable=False),
        sa.Column("idempotency_key", sa.String(200)),
        sa.Column("body_hash", sa.String(64), nullable=False),
        sa.Column("submitted_ns", sa.BigInteger, nullable=False),
        sa.Column("expires_ns", sa.BigInteger),
        sa.Column("started_ns", sa.BigInteger),
        sa.Column("finished_ns", sa.BigInteger),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("lease", sa.String(80)),
        sa.Column("lease_until_ns", sa.BigInteger),
        sa.Column("cancel_requested", sa.Boolean, nullable=False),
        sa.Column("plan", sa.Text),
        sa.Column("plan_from", sa.String(100)),
        sa.Column("objective", sa.String(40)),
        sa.Column("lower_bound", sa.String(40)),
        sa.Column("result", sa.Text),
        sa.Column("cacheable", sa.Boolean, nullable=False),
        sa.Column("failure", sa.Text),
        sa.Column("result_from", sa.String(40)),
        sa.Column("revision_of", sa.String(40)),
        sa.Column("batch", sa.String(40)),
        sa.Column("label", sa.String(100)),
        sa.Column("webhook", sa.Text),
        sa.Column("version", sa.Integer, nullable=False),
        sa.UniqueConstraint("owner", "idempotency_key", name="one_job_per_key"),
    )
    op.create_index("jobs_queue", "jobs", ["state", "priority", "number"])
    op.create_index("jobs_answers", "jobs", ["cache_key", "cacheable"])
    op.create_index("jobs_batch", "jobs", ["batch"])
    op.create_table(
        "events",
        sa.Column("job", sa.String(40), primary_key=True),
        sa.Column("seq", sa.Integer, primary_key=True),
        sa.Column("data", sa.Text, nullable=False),
    )
    op.create_table(
        "deliveries",
        sa.Column("job", sa.String(40), primary_key=True),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("next_ns", sa.BigInteger, nullable=False),
        sa.Column("fault", sa.Text),
    )
    op.create_table(
        "keys",
        sa.Column("name", sa.String(100), primary_key=True),
        sa.Column("token_hash", sa.String(64), nullable=False, unique=True),
        sa.Column("scopes", sa.String(100), nullable=False),
        sa.Column("max_waiting", sa.Integer, nullable=False),
        sa.Column("created_ns", sa.BigInteger, nullable=False),
    )


def downgrade() -> None:
    """Drop them."""
    for table in ("keys", "deliveries", "events", "jobs"):
        op.drop_table(table)
