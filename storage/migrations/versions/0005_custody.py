"""Custody of evidence, append-only, and the time stamps that manifests get."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

row_id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
moment = sa.DateTime(timezone=True)
digest = sa.String(64)  # SHA-256, hex


def upgrade() -> None:
    """Add the tables, and the trigger."""
    op.create_table(
        "custody",
        sa.Column("number", row_id, autoincrement=False, nullable=False),
        sa.Column("at", moment, nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("manifest", digest, nullable=True),
        sa.Column("tool", sa.Text(), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.Column("previous", digest, nullable=False),
        sa.Column("hash", digest, nullable=False),
        sa.CheckConstraint("number > 0", name=op.f("ck_custody_number")),
        sa.PrimaryKeyConstraint("number", name="pk_custody"),
        sa.UniqueConstraint("previous", name="uq_custody_previous"),
    )
    op.create_table(
        "stamps",
        sa.Column("id", row_id, nullable=False),
        sa.Column("manifest", digest, nullable=False),
        sa.Column("authority", sa.Text(), nullable=False),
        sa.Column("wanted_at", moment, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_at", moment, nullable=True),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.Column("token", digest, nullable=True),
        sa.Column("stamped_at", moment, nullable=True),
        sa.CheckConstraint("(next_at IS NULL) = (stamped_at IS NOT NULL)", name=op.f("ck_stamps_next_at")),
        sa.CheckConstraint("(token IS NULL) = (stamped_at IS NULL)", name=op.f("ck_stamps_token")),
        sa.PrimaryKeyConstraint("id", name="pk_stamps"),
        sa.UniqueConstraint("manifest", "authority", name="uq_stamps_manifest_authority"),
    )
    op.create_index("ix_stamps_next_at", "stamps", ["next_at"])
    _protect_custody()


def _protect_custody() -> None:
    """Refuse UPDATE, DELETE and, where it exists, TRUNCATE."""
    if op.get_bind().dialect.name == "sqlite":
        for change in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER custody_no_{change.lower()} BEFORE {change} ON custody "
                "BEGIN SELECT RAISE(ABORT, 'custody is append-only'); END"
            )
        return
    op.execute(
        "CREATE FUNCTION custody_is_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'custody is append-only'; END $$"
    )
    op.execute(
        "CREATE TRIGGER custody_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON custody "
        "FOR EACH STATEMENT EXECUTE FUNCTION custody_is_append_only()"
    )
