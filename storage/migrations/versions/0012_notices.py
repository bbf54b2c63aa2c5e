"""Notices: what was asked of whom, how it stands, and what came back."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

moment = sa.DateTime(timezone=True)
row_id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
STATES = "'draft', 'filed', 'acknowledged', 'information_requested', 'refused', 'down', 'back', 'withdrawn'"


def upgrade() -> None:
    """Add the tables."""
    op.create_table(
        "notices",
        sa.Column("id", row_id, nullable=False),
        sa.Column("reference", sa.String(32), nullable=False),
        sa.Column("case_id", row_id, nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("language", sa.String(8), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("targets", sa.Text(), nullable=False),
        sa.Column("links", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("previous_id", row_id, nullable=True),
        sa.Column("state", sa.String(24), nullable=False),
        sa.Column("drafted_at", moment, nullable=False),
        sa.Column("drafted_by", sa.Text(), nullable=False),
        sa.Column("approved_at", moment, nullable=True),
        sa.Column("approved_by", sa.Text(), nullable=True),
        sa.Column("sending_at", moment, nullable=True),
        sa.Column("filed_at", moment, nullable=True),
        sa.Column("filed_by", sa.Text(), nullable=True),
        sa.Column("manifest", sa.String(64), nullable=True),
        sa.Column("message_id", sa.Text(), nullable=True),
        sa.Column("their_reference", sa.Text(), nullable=True),
        sa.Column("answered_at", moment, nullable=True),
        sa.Column("refused_for", sa.Text(), nullable=True),
        sa.Column("due_at", moment, nullable=True),
        sa.Column("reminded_at", moment, nullable=True),
        sa.Column("down_at", moment, nullable=True),
        sa.Column("down_by", sa.Text(), nullable=True),
        sa.Column("back_at", moment, nullable=True),
        sa.Column("settled_at", moment, nullable=True),
        sa.CheckConstraint(f"state IN ({STATES})", name="state"),
        sa.CheckConstraint("(filed_at IS NULL) = (filed_by IS NULL)", name="filed"),
        sa.CheckConstraint("(approved_at IS NULL) = (approved_by IS NULL)", name="approved"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_notices_case_id_cases"),
        sa.ForeignKeyConstraint(["previous_id"], ["notices.id"], name="fk_notices_previous_id_notices"),
        sa.PrimaryKeyConstraint("id", name="pk_notices"),
        sa.UniqueConstraint("reference", name="uq_notices_reference"),
    )
    for name, columns in (
        ("case_id", ["case_id"]),
        ("filed_at", ["filed_at"]),
        ("their_reference", ["their_reference"]),
        ("message_id", ["message_id"]),
        ("previous_id", ["previous_id"]),
        ("state_id", ["state", "id"]),
        ("channel_state_id", ["channel", "state", "id"]),
    ):
        op.create_index(f"ix_notices_{name}", "notices", columns)
    for name, columns, held in (("sending", ["sending_at"], "sending_at"), ("due", ["state", "due_at"], "due_at")):
        where = sa.text(f"{held} IS NOT NULL")
        op.create_index(f"ix_notices_{name}", "notices", columns, sqlite_where=where, postgresql_where=where)
    op.create_table(
        "notice_replies",
        sa.Column("id", row_id, nullable=False),
        sa.Column("notice_id", row_id, nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("received_at", moment, nullable=False),
        sa.Column("recorded_at", moment, nullable=False),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.Column("sender", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("matched_by", sa.String(16), nullable=False),
        sa.Column("suggests", sa.String(24), nullable=True),
        sa.ForeignKeyConstraint(["notice_id"], ["notices.id"], name="fk_notice_replies_notice_id_notices"),
        sa.PrimaryKeyConstraint("id", name="pk_notice_replies"),
        sa.UniqueConstraint("notice_id", "digest", name="uq_notice_replies_notice_id_digest"),
    )
