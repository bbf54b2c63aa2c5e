"""Cases through their whole life, and their log as a chain of hashes."""

import json
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from math import log10
from urllib.parse import urlsplit

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
_SOURCES = sa.table("case_sources", *(sa.column(name) for name in ("case_id", "source", "kind", "publisher")))


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
        sa.Column("suppressed_until", moment, nullable=True),
        sa.Column("takedown_asked", sa.Text(), nullable=True),
        sa.Column("sightings", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("publishers", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("harm_seen", sa.String(16), nullable=False, server_default="low"),
        sa.Column("harm_set", sa.String(16), nullable=True),
        sa.Column("waiting_since", moment, nullable=False, server_default="1970-01-01 00:00:00"),
        sa.Column("judge_within", sa.Integer(), nullable=True),
        sa.Column("due_set", moment, nullable=True),
    ):
        op.add_column("cases", column)
    op.add_column("case_items", sa.Column("counted", sa.Integer(), nullable=False, server_default="0"))
    _create_tables()
    _add_merged_into()
    op.add_column("case_log", sa.Column("previous", digest, nullable=False, server_default=""))
    op.add_column("case_log", sa.Column("hash", digest, nullable=False, server_default=""))
    op.execute("UPDATE cases SET waiting_since = opened_at, harm_seen = 'normal'")  # nobody looked what they ask for
    op.execute("UPDATE cases SET items = (SELECT count(*) FROM case_items WHERE case_items.case_id = cases.id)")
    op.execute(
        "UPDATE cases SET last_seen = coalesce((SELECT max(sightings.seen_at) FROM case_items "
        "JOIN sightings ON sightings.item_id = case_items.item_id WHERE case_items.case_id = cases.id), opened_at)"
    )
    op.execute(
        "UPDATE cases SET judged_at = (SELECT min(case_log.at) FROM case_log WHERE case_log.case_id = cases.id "
        "AND case_log.action IN ('confirm', 'dismiss'))"
    )
    _count()
    _end_dismissals()
    _chain()
    op.drop_index("ix_cases_state_score", "cases")
    op.create_index("ix_cases_state_score", "cases", ["state", sa.text("score DESC"), "id"])
    op.create_index("ix_cases_state_priority", "cases", ["state", sa.text("priority DESC"), "id"])
    op.create_index("ix_cases_state_opened_at", "cases", ["state", "opened_at", "id"])
    for name, columns, condition in (
        ("ix_cases_assigned", ["assignee", "state"], sa.text("assignee IS NOT NULL")),
        ("ix_cases_tagged", ["state"], sa.text("tags <> '[]'")),
    ):
        op.create_index(name, "cases", columns, sqlite_where=condition, postgresql_where=condition)
    op.create_index("ix_cases_merged_into", "cases", ["merged_into"])
    op.create_index("ix_case_log_case_id_previous", "case_log", ["case_id", "previous"], unique=True)


def _create_tables() -> None:
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "case_sources",
        sa.Column("case_id", number, sa.ForeignKey("cases.id"), primary_key=True),
        sa.Column("source", sa.Text(), primary_key=True),
        sa.Column("kind", sa.String(16), primary_key=True),
        sa.Column("publisher", sa.Text(), primary_key=True),
    )
    op.create_index("ix_case_sources_source_case_id", "case_sources", ["source", "case_id"])
    op.create_table(
        "register_entries",
        sa.Column("id", number, primary_key=True),
        sa.Column("brand", sa.Text(), nullable=False),
        sa.Column("who", sa.String(16), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("case_id", number, sa.ForeignKey("cases.id"), nullable=False),
        sa.Column("log_id", number, sa.ForeignKey("case_log.id"), nullable=False),
        sa.Column("added_by", sa.Text(), nullable=False),
        sa.Column("added_at", moment, nullable=False),
        sa.Column("removed_by", sa.Text(), nullable=True),
        sa.Column("removed_at", moment, nullable=True),
        sa.CheckConstraint("(removed_at IS NULL) = (removed_by IS NULL)", name="removed"),
    )
    op.create_index("ix_register_entries_brand", "register_entries", ["brand"])
    op.create_index("ix_register_entries_log_id", "register_entries", ["log_id"])


def _count() -> None:
    """Count where the items of each case were seen, and how often; weigh the case by it."""
    connection = op.get_bind()
    op.execute(
        "UPDATE case_items SET counted = (SELECT count(*) FROM sightings WHERE sightings.item_id = case_items.item_id)"
    )
    op.execute(
        "UPDATE cases SET sightings = "
        "coalesce((SELECT sum(case_items.counted) FROM case_items WHERE case_items.case_id = cases.id), 0)"
    )
    seen = sa.text(
        "SELECT DISTINCT case_items.case_id, sightings.source, items.kind, sightings.publisher_url FROM case_items "
        "JOIN items ON items.id = case_items.item_id JOIN sightings ON sightings.item_id = case_items.item_id "
        "WHERE case_items.case_id BETWEEN :first AND :last"
    )
    names = ("case_id", "source", "kind", "publisher")
    most = connection.execute(sa.text("SELECT max(id) FROM cases")).scalar_one() or 0
    for first in range(1, most + 1, 500):  # all of them at once need not fit into memory
        found = connection.execute(seen, {"first": first, "last": first + 499}).fetchall()
        rows = sorted({(case_id, source, kind, _host(url)) for case_id, source, kind, url in found})
        if rows:
            connection.execute(_SOURCES.insert(), [dict(zip(names, row, strict=True)) for row in rows])
    op.execute(
        "UPDATE cases SET publishers = (SELECT count(DISTINCT publisher) FROM case_sources "
        "WHERE case_sources.case_id = cases.id AND publisher <> '')"
    )
    counts = connection.execute(sa.text("SELECT id, score, items, sightings, publishers FROM cases")).fetchall()
    change = sa.text("UPDATE cases SET priority = :priority WHERE id = :id")
    for case_id, score, *counted in counts:
        items, sightings, publishers = (max(number, 1) for number in counted)
        reach = 1 + log10(items) / 4 + log10(sightings) / 4 + log10(publishers) / 2
        connection.execute(change, {"id": case_id, "priority": score * min(reach, 3.0)})


def _end_dismissals() -> None:
    """Let what was dismissed stay quiet for 90 days from then: nothing is for good."""
    connection = op.get_bind()
    cases = sa.table("cases", sa.column("id"), sa.column("state"), sa.column("suppressed_until", moment))
    dismissed = (
        sa.select(cases.c.id, sa.func.max(_LOG.c.at, type_=moment))
        .join(_LOG, _LOG.c.case_id == cases.c.id)
        .where(cases.c.state == "dismissed", _LOG.c.action == "dismiss")
        .group_by(cases.c.id)
    )
    for case_id, at in connection.execute(dismissed).fetchall():
        until = {"suppressed_until": at + timedelta(days=90)}
        connection.execute(cases.update().where(cases.c.id == case_id).values(until))


def _host(url: str | None) -> str:
    """Return the host of a page that carried an item; nothing where there is none."""
    try:
        return (urlsplit(_plain(url)).hostname or "")[:253] if url else ""
    except ValueError:
        return ""


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
