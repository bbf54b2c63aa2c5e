"""More reasons to tell, silences, and what was told when."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

row_id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
moment = sa.DateTime(timezone=True)
_REASONS = "reason IN ('first', 'new_items', 'repeat')"
_MORE_REASONS = "reason IN ('first', 'new_items', 'escalated', 'relapsed', 'repeat', 'digest')"
_CHECKS = {
    "case": "(reason = 'digest') = (case_id IS NULL)",
    "digest": "reason <> 'digest' OR (route IS NOT NULL AND fold IS NOT NULL)",
    "held": "held IN ('wait', 'interval', 'quiet', 'digest', 'limit', 'inhibited')",
}
_REFERENCES = {"told_in": "alert_intents", "silence_id": "alert_silences"}
_ITEMS = "reason IN ('first', 'new_items')"
_OTHERS = "reason NOT IN ('first', 'new_items')"
_UNIQUE = {
    "uq_alert_intents_pending_items": (["case_id"], f"state = 'pending' AND route IS NULL AND {_ITEMS}"),
    "uq_alert_intents_pending_other": (["case_id", "reason"], f"state = 'pending' AND route IS NULL AND {_OTHERS}"),
    "uq_alert_intents_pending_routed": (
        ["case_id", "route"],
        "state = 'pending' AND route IS NOT NULL AND reason <> 'escalated'",
    ),
    "uq_alert_intents_pending_escalated": (
        ["case_id", "route"],
        "state = 'pending' AND route IS NOT NULL AND reason = 'escalated'",
    ),
    "uq_alert_intents_digests": (["route", "fold", "due_at"], "reason = 'digest'"),
}


def upgrade() -> None:
    """Add silences, and what intents know of their route; the rows that are there stay as they are."""
    op.create_table(
        "alert_silences",
        sa.Column("id", row_id, nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("matches", sa.Text(), nullable=False),
        sa.Column("ends_at", moment, nullable=False),
        sa.Column("expired_at", moment, nullable=True),
        sa.Column("expired_by", sa.Text(), nullable=True),
        sa.Column("woken_at", moment, nullable=True),
        sa.CheckConstraint("ends_at > created_at", name=op.f("ck_alert_silences_ends")),
        sa.CheckConstraint("(expired_at IS NULL) = (expired_by IS NULL)", name=op.f("ck_alert_silences_expired")),
        sa.PrimaryKeyConstraint("id", name="pk_alert_silences"),
    )
    op.create_index("ix_alert_silences_woken_at", "alert_silences", ["woken_at"])
    for column in (
        sa.Column("route", sa.Text(), nullable=True),
        sa.Column("fold", sa.Text(), nullable=True),
        sa.Column("news_at", moment, nullable=True),
        sa.Column("pressing", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("held", sa.String(16), nullable=True),
        sa.Column("released_at", moment, nullable=True),
        sa.Column("repeat_at", moment, nullable=True),
        sa.Column("escalate_at", moment, nullable=True),
    ):
        op.add_column("alert_intents", column)
    if op.get_bind().dialect.name == "postgresql":
        _constrain_postgresql()
    else:
        _constrain_sqlite()
    _index()
    op.add_column("cases", sa.Column("escalated_at", moment, nullable=True))
    untold = sa.text("escalated_at IS NULL OR escalated_at < due_at")
    op.create_index("ix_cases_due_at", "cases", ["due_at"], sqlite_where=untold, postgresql_where=untold)


def _constrain_postgresql() -> None:
    for name, table in _REFERENCES.items():
        op.add_column("alert_intents", sa.Column(name, sa.BigInteger(), nullable=True))
        op.create_foreign_key(f"fk_alert_intents_{name}", "alert_intents", table, [name], ["id"])
    op.alter_column("alert_intents", "case_id", nullable=True)
    op.drop_constraint("ck_alert_intents_reason", "alert_intents")
    for check, says in {"reason": _MORE_REASONS, **_CHECKS}.items():
        op.create_check_constraint(op.f(f"ck_alert_intents_{check}"), "alert_intents", says)


def _constrain_sqlite() -> None:
    for name, table in _REFERENCES.items():
        constraint = f"CONSTRAINT fk_alert_intents_{name} REFERENCES {table} (id)"
        op.execute(f"ALTER TABLE alert_intents ADD COLUMN {name} INTEGER {constraint}")
    # Constraints change nothing that is stored: SQLite's own manual does it so (https://sqlite.org/lang_altertable.html).
    checks = "".join(f", CONSTRAINT ck_alert_intents_{name} CHECK ({says})" for name, says in _CHECKS.items())
    connection = op.get_bind()
    version = connection.execute(sa.text("PRAGMA schema_version")).scalar_one()
    op.execute("PRAGMA writable_schema = ON")
    for old, new in (
        (f"CHECK ({_REASONS})", f"CHECK ({_MORE_REASONS}){checks}"),
        ("case_id INTEGER NOT NULL", "case_id INTEGER"),
    ):
        says = "UPDATE sqlite_master SET sql = replace(sql, :old, :new) WHERE type = 'table' AND name = :name"
        connection.execute(sa.text(says), {"old": old, "new": new, "name": "alert_intents"})
    op.execute(f"PRAGMA schema_version = {version + 1}")
    op.execute("PRAGMA writable_schema = OFF")


def _index() -> None:
    op.drop_index("uq_alert_intents_pending_items", "alert_intents")
    op.drop_index("uq_alert_intents_pending_repeat", "alert_intents")
    for name, (columns, condition) in _UNIQUE.items():
        where = sa.text(condition)
        op.create_index(name, "alert_intents", columns, unique=True, sqlite_where=where, postgresql_where=where)
    for column in ("repeat_at", "escalate_at"):
        where = sa.text(f"{column} IS NOT NULL")
        op.create_index(
            f"ix_alert_intents_{column}", "alert_intents", [column], sqlite_where=where, postgresql_where=where
        )
    for columns in (["route", "fold", "released_at"], ["route", "released_at"], *([name] for name in _REFERENCES)):
        op.create_index(f"ix_alert_intents_{'_'.join(columns)}", "alert_intents", columns)
