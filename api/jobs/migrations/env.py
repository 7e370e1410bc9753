"""Alembic runs the revisions on the connection that api.jobs.engine hands over."""

from alembic import context

from api.jobs.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
