"""Many workers: parts of sources, and turns at hosts."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns and the table."""
    op.add_column("runs", sa.Column("slice", sa.Text(), server_default="", nullable=False))
    op.add_column("runs", sa.Column("round_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index("ix_runs_source_slice_started_at", "runs", ["source", "slice", "started_at"])
    op.create_table(
        "host_turns",
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("free_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("delay", sa.Double(), nullable=False),
        sa.Column("wanted_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("paused_until", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("host", name="pk_host_turns"),
    )
