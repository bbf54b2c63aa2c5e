"""How each receiver is: when it last took a message, since when it has failed, until when it is left alone."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

moment = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Add the columns."""
    for column in (
        sa.Column("last_ok_at", moment, nullable=True),
        sa.Column("last_failed_at", moment, nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("failing_since", moment, nullable=True),
        sa.Column("paused_until", moment, nullable=True),
    ):
        op.add_column("receiver_states", column)
