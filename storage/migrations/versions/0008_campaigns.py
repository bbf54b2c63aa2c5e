"""What joins flagged items into one case: keys, who has them, why items joined, and what people keep apart."""

import json
from collections.abc import Iterator
from hashlib import sha256

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

row_id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
moment = sa.DateTime(timezone=True)
_MARKER = "\\escaped:"
_KEYS = sa.table("campaign_keys", *(sa.column(name) for name in ("id", "identity", "brand", "kind", "value", "cases")))
_ITEM_KEYS = sa.table("item_keys", *(sa.column(name) for name in ("item_id", "key_id", "strong")))
_CASE_KEYS = sa.table("case_keys", *(sa.column(name) for name in ("key_id", "case_id", "item_id", "strong")))


def upgrade() -> None:
    """Add the tables, and the keys that the cases at hand were made by."""
    _create()
    known: dict[str, int] = {}
    held: set[tuple[int, int]] = set()
    connection = op.get_bind()
    for case_id, item_id, brand, kind, value in _found():
        identity = sha256(
            json.dumps([brand, kind, value], ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")
        ).hexdigest()
        if identity not in known:
            known[identity] = number = len(known) + 1
            row = {"id": number, "identity": identity, "brand": brand, "kind": kind, "value": _stored(value)}
            connection.execute(_KEYS.insert(), {**row, "cases": 0})
        key_id = known[identity]
        connection.execute(
            sa.text("INSERT INTO item_keys VALUES (:item, :key, :strong) ON CONFLICT DO NOTHING"),
            {"item": item_id, "key": key_id, "strong": True},
        )
        if (key_id, case_id) not in held:
            held.add((key_id, case_id))
            row = {"key_id": key_id, "case_id": case_id, "item_id": item_id, "strong": True}
            connection.execute(_CASE_KEYS.insert(), row)
    op.execute("UPDATE campaign_keys SET cases = (SELECT count(*) FROM case_keys WHERE key_id = campaign_keys.id)")
    if known and connection.dialect.name == "postgresql":
        op.execute("SELECT setval(pg_get_serial_sequence('campaign_keys', 'id'), (SELECT max(id) FROM campaign_keys))")


def _create() -> None:
    op.create_table(
        "campaign_keys",
        sa.Column("id", row_id, nullable=False),
        sa.Column("identity", sa.String(64), nullable=False),
        sa.Column("brand", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("cases", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("parted", sa.Integer(), nullable=False, server_default="0"),
        sa.PrimaryKeyConstraint("id", name="pk_campaign_keys"),
        sa.UniqueConstraint("identity", name="uq_campaign_keys_identity"),
    )
    op.create_table(
        "campaign_bands",
        sa.Column("band", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("key_id", row_id, nullable=False),
        sa.PrimaryKeyConstraint("band", "key_id", name="pk_campaign_bands"),
        sa.ForeignKeyConstraint(["key_id"], ["campaign_keys.id"], name="fk_campaign_bands_key_id"),
    )
    op.create_table(
        "item_keys",
        sa.Column("item_id", row_id, nullable=False),
        sa.Column("key_id", row_id, nullable=False),
        sa.Column("strong", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("item_id", "key_id", name="pk_item_keys"),
        sa.ForeignKeyConstraint(["item_id"], ["items.id"], name="fk_item_keys_item_id"),
        sa.ForeignKeyConstraint(["key_id"], ["campaign_keys.id"], name="fk_item_keys_key_id"),
    )
    op.create_index("ix_item_keys_key_id", "item_keys", ["key_id"])
    op.create_table(
        "case_keys",
        sa.Column("key_id", row_id, nullable=False),
        sa.Column("case_id", row_id, nullable=False),
        sa.Column("item_id", row_id, nullable=False),
        sa.Column("strong", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.PrimaryKeyConstraint("key_id", "case_id", name="pk_case_keys"),
        sa.ForeignKeyConstraint(["key_id"], ["campaign_keys.id"], name="fk_case_keys_key_id"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_case_keys_case_id"),
        sa.ForeignKeyConstraint(["item_id"], ["items.id"], name="fk_case_keys_item_id"),
    )
    op.create_index("ix_case_keys_case_id", "case_keys", ["case_id"])
    op.create_table(
        "case_joins",
        sa.Column("id", row_id, nullable=False),
        sa.Column("case_id", row_id, nullable=False),
        sa.Column("item_id", row_id, nullable=False),
        sa.Column("joined_by", sa.String(16), nullable=False),
        sa.Column("key_id", row_id, nullable=True),
        sa.Column("with_item", row_id, nullable=True),
        sa.Column("likeness", sa.Double(), nullable=True),
        sa.Column("at", moment, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_case_joins"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_case_joins_case_id"),
        sa.ForeignKeyConstraint(["item_id"], ["items.id"], name="fk_case_joins_item_id"),
        sa.ForeignKeyConstraint(["key_id"], ["campaign_keys.id"], name="fk_case_joins_key_id"),
        sa.ForeignKeyConstraint(["with_item"], ["items.id"], name="fk_case_joins_with_item"),
        sa.CheckConstraint("joined_by IN ('key', 'link', 'person')", name=op.f("ck_case_joins_joined_by")),
        sa.CheckConstraint("(joined_by = 'key') = (key_id IS NOT NULL)", name=op.f("ck_case_joins_key")),
    )
    op.create_index("ix_case_joins_item_id", "case_joins", ["item_id"])
    op.create_index("ix_case_joins_case_id", "case_joins", ["case_id"])
    op.create_table(
        "case_pairs",
        sa.Column("id", row_id, nullable=False),
        sa.Column("low", row_id, nullable=False),
        sa.Column("high", row_id, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("item_id", row_id, nullable=True),
        sa.Column("key_id", row_id, nullable=True),
        sa.Column("at", moment, nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_case_pairs"),
        sa.UniqueConstraint("low", "high", name="uq_case_pairs_low_high"),
        sa.ForeignKeyConstraint(["low"], ["cases.id"], name="fk_case_pairs_low"),
        sa.ForeignKeyConstraint(["high"], ["cases.id"], name="fk_case_pairs_high"),
        sa.ForeignKeyConstraint(["item_id"], ["items.id"], name="fk_case_pairs_item_id"),
        sa.ForeignKeyConstraint(["key_id"], ["campaign_keys.id"], name="fk_case_pairs_key_id"),
        sa.CheckConstraint("state IN ('suggested', 'apart')", name=op.f("ck_case_pairs_state")),
        sa.CheckConstraint("low < high", name=op.f("ck_case_pairs_ordered")),
    )
    op.create_index("ix_case_pairs_high", "case_pairs", ["high"])


def _found() -> Iterator[tuple[int, int, str, str, str]]:
    """Yield case, item, brand, kind and value: what the case was made by, and the advertisers of its items."""
    connection = op.get_bind()
    query = sa.text(
        "SELECT c.id, i.item_id, c.brand, c.campaign, v.content "
        "FROM case_items AS i JOIN cases AS c ON c.id = i.case_id JOIN item_versions AS v ON v.id = i.version_id "
        "WHERE c.id > :case OR (c.id = :case AND i.item_id > :item) ORDER BY c.id, i.item_id LIMIT 500"
    )
    last = (0, 0)
    while rows := connection.execute(query, {"case": last[0], "item": last[1]}).fetchall():
        for case_id, item_id, brand, campaign, stored in rows:
            kind, _, value = _plain(campaign).partition(":")
            if kind in ("host", "advertiser"):
                yield case_id, item_id, brand, kind, value
            content = json.loads(_plain(stored))
            advertiser = content.get("advertiser") or {}
            if advertiser.get("id") and not advertiser.get("payer"):
                value = f"{content.get('platform') or '-'}:{advertiser['id']}"
                if (kind, value) != ("advertiser", _plain(campaign).partition(":")[2]):
                    yield case_id, item_id, brand, "advertiser", value
        last = (rows[-1][0], rows[-1][1])


def _plain(stored: str) -> str:
    """Return what a text of any content says, as it was stored at the time."""
    if stored.startswith(_MARKER):
        return stored.removeprefix(_MARKER).encode("ascii").decode("unicode_escape")
    return stored


def _stored(text: str) -> str:
    """Return the stored form of any text, as it is at the time."""
    if text.startswith(_MARKER) or any(letter == "\x00" or "\ud800" <= letter <= "\udfff" for letter in text):
        return _MARKER + text.encode("unicode_escape").decode("ascii")
    return text
