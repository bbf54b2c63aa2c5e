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
_SOME = sa.text("SELECT id, url, visit FROM visits WHERE id > :last ORDER BY id LIMIT 500")
_FILL = sa.text("UPDATE visits SET link_digest = :link, end_digest = :end WHERE id = :id")


def upgrade() -> None:
    """Add the digests, and work them out for the visits that are there."""
    for name in ("link_digest", "end_digest"):
        op.add_column("visits", sa.Column(name, sa.String(64), nullable=True))
    connection = op.get_bind()
    last = 0
    while rows := connection.execute(_SOME, {"last": last}).fetchall():
        for number, url, visit in rows:
            end = json.loads(_plain(visit))["hops"][-1]["url"].partition("#")[0]
            connection.execute(_FILL, {"link": _digest(_plain(url)), "end": _digest(end), "id": number})
        last = rows[-1][0]
    op.create_index("ix_visits_link_digest_started_at", "visits", ["link_digest", "started_at"])
    op.create_index("ix_visits_end_digest", "visits", ["end_digest"])
    op.create_index("ix_verdicts_score", "verdicts", ["score"])


def _plain(stored: str) -> str:
    """Return what a text of any content says, as it was stored at the time."""
    if stored.startswith(_MARKER):
        return stored.removeprefix(_MARKER).encode("ascii").decode("unicode_escape")
    return stored


def _digest(url: str) -> str:
    return sha256(url.encode("utf-8", "surrogatepass")).hexdigest()
