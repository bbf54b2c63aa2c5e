"""Forgetting: who refers to an item, a version, a verdict or a key is found by an index.

Else each row that is removed has whole tables read for what may still point at it.
"""

from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

INDEXES = {
    "sightings": ("version_id",),
    "case_items": ("version_id", "verdict_id"),
    "cases": ("verdict_id",),
    "case_keys": ("item_id",),
    "case_joins": ("with_item", "key_id"),
    "case_pairs": ("item_id", "key_id"),
    "campaign_bands": ("key_id",),
}


def upgrade() -> None:
    """Make the indexes."""
    for table, columns in INDEXES.items():
        for column in columns:
            op.create_index(f"ix_{table}_{column}", table, [column])
