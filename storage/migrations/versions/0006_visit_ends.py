"""Visits are found by their link and by the page where they ended."""

import json
from hashlib import sha256

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_MARKER = "\\escaped:"


def upgrade() -> None:
    """Add the digests, and work them out for the visits that are there."""
    for name in ("link", "ended_at"):
        op.add_column("visits", sa.Column(name, sa.String(64), nullable=True))
    connection = op.get_bind()
    rows = connection.execute(sa.text("SELECT id, url, visit FROM visits")).fetchall()
    for number, url, visit in rows:
        end = json.loads(_plain(visit))["hops"][-1]["url"].partition("#")[0]
        connection.execute(
            sa.text("UPDATE visits SET link = :link, ended_at = :end WHERE id = :id"),
            {"link": _digest(_plain(url)), "end": _digest(end), "id": number},
        )
    op.create_index("ix_visits_link_started_at", "visits", ["link", "started_at"])
    op.create_index("ix_visits_ended_at", "visits", ["ended_at"])


def _plain(stored: str) -> str:
    """Return what a text of any content says, as it was stored at the time."""
    if stored.startswith(_MARKER):
        return stored.removeprefix(_MARKER).encode("ascii").decode("unicode_escape")
    return stored


def _digest(url: str) -> str:
    return sha256(url.encode("utf-8", "surrogatepass")).hexdigest()
