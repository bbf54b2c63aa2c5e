"""Cases through their whole life, and their log as a chain of hashes."""

import json
from datetime import UTC, datetime
from hashlib import sha256

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

moment = sa.DateTime(timezone=True)
digest = sa.String(64)  # SHA-256, hex
_MARKER = "\\escaped:"
_STATES = "state IN ('open', 'confirmed', 'dismissed', 'snoozed')"
_MORE_STATES = (
    "state IN ('open', 'confirmed', 'dismissed', 'snoozed', 'duplicate', 'takedown', 'down', 'relapsed', 'closed')"
)
_MERGED = "(state = 'duplicate') = (merged_into IS NOT NULL)"
_HARM = "harm IN ('low', 'normal', 'high')"
_LOG = sa.table(
    "case_log",
    *(sa.column(name) for name in ("id", "case_id", "who", "action", "reason", "note", "data", "previous", "hash")),
    sa.column("at", moment),
)


def upgrade() -> None:
    """Add what cases have now, fill it, and hash the log that is there."""
    for column in (
        sa.Column("items", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("last_seen", moment, nullable=False, server_default="1970-01-01 00:00:00"),
        sa.Column("priority", sa.Double(), nullable=False, server_default="0"),
        sa.Column("harm", sa.String(16), nullable=False, server_default="normal"),
        sa.Column("due_at", moment, nullable=True),
        sa.Column("judged_at", moment, nullable=True),
        sa.Column("tags", sa.Text(), nullable=False, server_default="[]"),
        sa.Column("held", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("log_head", digest, nullable=True),
    ):
        op.add_column("cases", column)
    _add_merged_into()
    op.add_column("case_log", sa.Column("previous", digest, nullable=False, server_default=""))
    op.add_column("case_log", sa.Column("hash", digest, nullable=False, server_default=""))
    op.execute("UPDATE cases SET priority = score")
    op.execute("UPDATE cases SET items = (SELECT count(*) FROM case_items WHERE case_items.case_id = cases.id)")
    op.execute(
        "UPDATE cases SET last_seen = coalesce((SELECT max(sightings.seen_at) FROM case_items "
        "JOIN sightings ON sightings.item_id = case_items.item_id WHERE case_items.case_id = cases.id), opened_at)"
    )
    op.execute(
        "UPDATE cases SET judged_at = (SELECT min(case_log.at) FROM case_log WHERE case_log.case_id = cases.id "
        "AND case_log.action IN ('confirm', 'dismiss'))"
    )
    _chain()
    op.create_index("ix_cases_state_priority", "cases", ["state", "priority"])
    op.create_index("ix_cases_merged_into", "cases", ["merged_into"])
    op.create_index("ix_case_log_case_id_previous", "case_log", ["case_id", "previous"], unique=True)


def _add_merged_into() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.add_column("cases", sa.Column("merged_into", sa.BigInteger(), nullable=True))
        op.create_foreign_key("fk_cases_merged_into", "cases", "cases", ["merged_into"], ["id"])
        op.drop_constraint("ck_cases_state", "cases")
        op.create_check_constraint(op.f("ck_cases_state"), "cases", _MORE_STATES)
        op.create_check_constraint(op.f("ck_cases_merged"), "cases", _MERGED)
        op.create_check_constraint(op.f("ck_cases_harm"), "cases", _HARM)
        return
    op.execute("ALTER TABLE cases ADD COLUMN merged_into INTEGER CONSTRAINT fk_cases_merged_into REFERENCES cases (id)")
    # Constraints change nothing that is stored: SQLite's own manual does it so (https://sqlite.org/lang_altertable.html).
    merged, harm = f"CONSTRAINT ck_cases_merged CHECK ({_MERGED})", f"CONSTRAINT ck_cases_harm CHECK ({_HARM})"
    connection = op.get_bind()
    version = connection.execute(sa.text("PRAGMA schema_version")).scalar_one()
    op.execute("PRAGMA writable_schema = ON")
    connection.execute(
        sa.text("UPDATE sqlite_master SET sql = replace(sql, :old, :new) WHERE type = 'table' AND name = 'cases'"),
        {"old": f"CHECK ({_STATES})", "new": f"CHECK ({_MORE_STATES}), {merged}, {harm}"},
    )
    op.execute(f"PRAGMA schema_version = {version + 1}")
    op.execute("PRAGMA writable_schema = OFF")


def _chain() -> None:
    """Hash every entry, and note the last one of each case."""
    connection = op.get_bind()
    sqlite = connection.dialect.name == "sqlite"
    if sqlite:
        op.execute("DROP TRIGGER case_log_no_update")
    else:
        op.execute("ALTER TABLE case_log DISABLE TRIGGER case_log_append_only")
    heads: dict[int, str] = {}
    last = 0
    some = sa.select(_LOG).order_by(_LOG.c.id).limit(500)
    while rows := connection.execute(some.where(_LOG.c.id > last)).mappings().fetchall():
        for row in rows:
            previous = heads.get(row["case_id"], "0" * 64)
            heads[row["case_id"]] = hashed = _hash(row, previous)
            change = _LOG.update().where(_LOG.c.id == row["id"])
            connection.execute(change.values(previous=previous, hash=hashed))
        last = rows[-1]["id"]
    for case_id, head in heads.items():
        connection.execute(sa.text("UPDATE cases SET log_head = :head WHERE id = :id"), {"head": head, "id": case_id})
    if sqlite:
        op.execute(
            "CREATE TRIGGER case_log_no_update BEFORE UPDATE ON case_log "
            "BEGIN SELECT RAISE(ABORT, 'case_log is append-only'); END"
        )
    else:
        op.execute("ALTER TABLE case_log ENABLE TRIGGER case_log_append_only")


def _hash(row: sa.RowMapping, previous: str) -> str:
    at: datetime = row["at"]
    at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    says = {
        "case_id": row["case_id"],
        "at": at.isoformat(timespec="microseconds"),
        "who": _plain(row["who"]),
        "action": row["action"],
        "reason": None if row["reason"] is None else _plain(row["reason"]),
        "note": _plain(row["note"]),
        "data": json.loads(_plain(row["data"])),
        "previous": previous,
    }
    return sha256(json.dumps(says, allow_nan=False, sort_keys=True, separators=(",", ":")).encode("ascii")).hexdigest()


def _plain(stored: str) -> str:
    """Return what a text of any content says, as it was stored at the time."""
    if stored.startswith(_MARKER):
        return stored.removeprefix(_MARKER).encode("ascii").decode("unicode_escape")
    return stored
