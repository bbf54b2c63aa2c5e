"""Matching: the index of what was seen reads pictures in the order in which they were saved, and where they were shown.

It is kept in files beside the media store and knows itself how far it has read; the database holds nothing of it.
"""

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the indexes."""
    op.create_index("ix_pictures_saved_at_sha256", "pictures", ["saved_at", "sha256"])
    op.create_index("ix_version_pictures_sha256", "version_pictures", ["sha256"])
