"""Notices: what was asked of whom, how it stands, what came back; alerts that tell of them."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

moment = sa.DateTime(timezone=True)
row_id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
STATES = "'draft', 'filed', 'acknowledged', 'information_requested', 'refused', 'down', 'back', 'withdrawn'"
REASONS = "reason IN ('first', 'new_items', 'escalated', 'relapsed', 'repeat', 'digest')"
MORE_REASONS = "reason IN ('first', 'new_items', 'escalated', 'relapsed', 'repeat', 'notice', 'digest')"


def upgrade() -> None:
    """Add the tables, and a reason to tell."""
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
        sa.Column("previous_id", row_id, nullable=True),
        sa.Column("state", sa.String(24), nullable=False),
        sa.Column("state_at", moment, nullable=False),
        sa.Column("drafted_at", moment, nullable=False),
        sa.Column("drafted_by", sa.Text(), nullable=False),
        sa.Column("approved_at", moment, nullable=True),
        sa.Column("approved_by", sa.Text(), nullable=True),
        sa.Column("sending_at", moment, nullable=True),
        sa.Column("filed_at", moment, nullable=True),
        sa.Column("filed_by", sa.Text(), nullable=True),
        sa.Column("manifest", sa.String(64), nullable=True),
        sa.Column("message_id", sa.Text(), nullable=True),
        sa.Column("lost_at", moment, nullable=True),
        sa.Column("their_reference", sa.Text(), nullable=True),
        sa.Column("answered_at", moment, nullable=True),
        sa.Column("refused_for", sa.Text(), nullable=True),
        sa.Column("due_at", moment, nullable=True),
        sa.Column("reminded_at", moment, nullable=True),
        sa.Column("down_at", moment, nullable=True),
        sa.Column("down_by", sa.Text(), nullable=True),
        sa.Column("gone_by", sa.String(16), nullable=True),
        sa.Column("back_at", moment, nullable=True),
        sa.Column("settled_at", moment, nullable=True),
        sa.Column("content", sa.Text(), nullable=False),
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
        ("filed_at", ["filed_at", "channel", "answered_at", "down_at", "back_at", "lost_at", "actor", "gone_by"]),
        ("their_reference", ["their_reference"]),
        ("message_id", ["message_id"]),
        ("previous_id", ["previous_id"]),
        ("state_id", ["state", "id"]),
        ("channel_state_id", ["channel", "state", "id"]),
    ):
        op.create_index(f"ix_notices_{name}", "notices", columns)
    for name, columns, condition in (
        ("refused", ["filed_at", "channel", "down_at", "lost_at"], "refused_for IS NOT NULL"),
        (
            "to_do",
            ["state", "due_at", "case_id", "channel", "sending_at", "approved_at", "lost_at"],
            "due_at IS NOT NULL",
        ),
        ("due_at", ["due_at"], "reminded_at IS NULL OR reminded_at < due_at"),
    ):
        where = sa.text(condition)
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
    if op.get_bind().dialect.name == "postgresql":
        op.drop_constraint("ck_alert_intents_reason", "alert_intents")
        op.create_check_constraint(op.f("ck_alert_intents_reason"), "alert_intents", MORE_REASONS)
    else:
        _constrain_sqlite()
    op.drop_index("uq_alert_intents_pending_routed", "alert_intents")
    for name, condition in (("routed", "reason NOT IN ('escalated', 'notice')"), ("notice", "reason = 'notice'")):
        where = sa.text(f"state = 'pending' AND route IS NOT NULL AND {condition}")
        op.create_index(
            f"uq_alert_intents_pending_{name}",
            "alert_intents",
            ["case_id", "route"],
            unique=True,
            sqlite_where=where,
            postgresql_where=where,
        )


def _constrain_sqlite() -> None:
    """Let alerts tell of notices, too; a constraint changes nothing that is stored (as in 0009)."""
    connection = op.get_bind()
    version = connection.execute(sa.text("PRAGMA schema_version")).scalar_one()
    op.execute("PRAGMA writable_schema = ON")
    says = "UPDATE sqlite_master SET sql = replace(sql, :old, :new) WHERE type = 'table' AND name = 'alert_intents'"
    connection.execute(sa.text(says), {"old": REASONS, "new": MORE_REASONS})
    op.execute(f"PRAGMA schema_version = {version + 1}")
    op.execute("PRAGMA writable_schema = OFF")
