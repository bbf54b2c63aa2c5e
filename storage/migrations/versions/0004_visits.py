"""Journeys from links to where they end."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

row_id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "visits",
        sa.Column("id", row_id, nullable=False),
        sa.Column("case_id", row_id, nullable=True),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("visitor", sa.Text(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("outcome", sa.String(16), nullable=False),
        sa.Column("visit", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "outcome IN ('offer_seen', 'differs', 'blocked', 'could_not_tell', 'gone')", name=op.f("ck_visits_outcome")
        ),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_visits_case_id_cases"),
        sa.PrimaryKeyConstraint("id", name="pk_visits"),
    )
    op.create_index("ix_visits_case_id_started_at", "visits", ["case_id", "started_at"])
