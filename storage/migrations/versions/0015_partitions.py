"""Partitions: sightings by the month in which they were recorded, on PostgreSQL; SQLite keeps its one table.

Every row is copied into the new table, in this transaction, and counted: one that is lost undoes it all. Indexes that
questions of workers were found to lack are made here, too, on both databases.
"""

from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

row_id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
DAY = timedelta(days=1)
moment = sa.DateTime(timezone=True)
names = ("id", "item_id", "version_id", "run_id", "source", "visitor", "publisher_url", "seen_at", "recorded_at")


def upgrade() -> None:
    """Partition the table, and add the indexes."""
    op.create_index("ix_custody_manifest", "custody", ["manifest"])
    if op.get_bind().dialect.name == "postgresql":
        _partition()


def _partition() -> None:
    op.execute("ALTER TABLE sightings RENAME TO sightings_before")
    op.execute("ALTER TABLE sightings_before DROP CONSTRAINT pk_sightings")
    op.execute("DROP INDEX ix_sightings_item_id_seen_at")
    op.create_table(
        "sightings",
        sa.Column("id", sa.BigInteger(), sa.FetchedValue(), autoincrement=False, nullable=False),
        sa.Column("item_id", row_id, nullable=False),
        sa.Column("version_id", row_id, nullable=False),
        sa.Column("run_id", row_id, nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("visitor", sa.Text(), nullable=True),
        sa.Column("publisher_url", sa.Text(), nullable=True),
        sa.Column("seen_at", moment, nullable=False),
        sa.Column("recorded_at", moment, nullable=False),
        postgresql_partition_by="RANGE (recorded_at)",
    )
    sequence = op.get_bind().scalar(sa.text("SELECT pg_get_serial_sequence('sightings_before', 'id')"))
    op.execute(f"ALTER TABLE sightings ALTER COLUMN id SET DEFAULT nextval('{sequence}')")
    op.execute(f"ALTER SEQUENCE {sequence} OWNED BY sightings.id")
    for begins, ends in _months():
        name = f"sightings_{begins:%Y%m}"
        op.execute(f"CREATE TABLE {name} PARTITION OF sightings FOR VALUES FROM ('{begins}') TO ('{ends}')")
    op.execute("CREATE TABLE sightings_default PARTITION OF sightings DEFAULT")
    old, new = (sa.table(name, *map(sa.column, names)) for name in ("sightings_before", "sightings"))
    op.execute(sa.insert(new).from_select(list(names), sa.select(old)))
    before, after = (op.get_bind().scalar(sa.select(sa.func.count()).select_from(table)) for table in (old, new))
    if before != after:
        raise RuntimeError(f"of {before} sightings {after} were copied")
    op.execute("DROP TABLE sightings_before")
    op.create_primary_key("pk_sightings", "sightings", ["id", "recorded_at"])
    op.create_index("ix_sightings_item_id_seen_at", "sightings", ["item_id", "seen_at"])
    for column, table in (("item_id", "items"), ("version_id", "item_versions"), ("run_id", "runs")):
        op.create_foreign_key(f"fk_sightings_{column}", "sightings", table, [column], ["id"])
    op.execute("ANALYZE sightings")


def _months() -> list[tuple[datetime, datetime]]:
    """Return the months that hold rows, and the current one: when each begins and ends."""
    found = op.get_bind().scalars(
        sa.text(
            "SELECT DISTINCT date_trunc('month', recorded_at AT TIME ZONE 'UTC') AS begins "
            "FROM (SELECT recorded_at FROM sightings_before UNION ALL SELECT now()) AS every ORDER BY begins"
        )
    )
    return [(begins.replace(tzinfo=UTC), (begins + 31 * DAY).replace(day=1, tzinfo=UTC)) for begins in found]
