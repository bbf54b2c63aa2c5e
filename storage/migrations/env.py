"""Runs the migrations on the connection that `storage.database.upgrade` hands over. Loaded by Alembic."""

from alembic import context

from storage.schema import Base

context.configure(connection=context.config.attributes["connection"], target_metadata=Base.metadata)
context.run_migrations()
