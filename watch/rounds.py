"""Rounds: which parts of a source are due, and in which round; pure functions.

1. A source that never ran is in its first round; the next one begins when its schedule says so (`watch.schedule`).
2. A round goes on until each steady part has been read to its end once, or was tried in vain often enough. A source
   that takes longer than its schedule goes from one round into the next, and leaves no part out.
3. Parts that were found on the way (`spiders.slices.is_allotted`) are due in the round in which they were found, and
   hold up no other.
4. A run without an end was killed, or is under way; one that was stopped has not come to its end, either: the part is
   due again. At once where it was told to stop, and after one kill; after more it waits, for it may be what kills.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from config import Source
from spiders.slices import is_allotted
from storage.rounds import Round
from watch.schedule import first_round, next_start

# After so many runs in one round that were killed. Whoever starts a machine anew meets the first ones; a part that
# takes too much memory was ended by us, and is not tried again in that round.
WAITS = (timedelta(0), timedelta(minutes=1), timedelta(minutes=10), timedelta(hours=1))


@dataclass(frozen=True, slots=True, kw_only=True)
class DuePart:
    """A part of a source that should be read now."""

    slice: str
    round_at: datetime  # the round that it belongs to
    since: datetime  # when it became due


def due_parts(
    source: Source, latest: Round | None, slices: Sequence[str], now: datetime, *, early: bool = False
) -> list[DuePart]:
    """Return the parts of a source that are due.

    Args:
        source: as configured.
        latest: the latest round of it; None when it never ran.
        slices: all parts that there are, as `spiders.slices.slices_of` names them.
        now: UTC.
        early: also those that wait because they did not come to their end.
    """
    if latest is None:
        at = first_round(source, now)
        return [] if at is None else [DuePart(slice=slice, round_at=at, since=at) for slice in slices]
    begins = next_start(source, latest.began, now)
    if begins is None:
        return []
    unread = [slice for slice in slices if not _settled(latest, slice)]
    if begins <= now and all(map(is_allotted, unread)):
        return [DuePart(slice=slice, round_at=begins, since=begins) for slice in slices]
    parts = [DuePart(slice=slice, round_at=latest.at, since=_since(latest, slice)) for slice in unread]
    return [part for part in parts if early or part.since <= now]


def _settled(latest: Round, slice: str) -> bool:
    """Tell whether a part is done with in a round: read, or given up; a person's own run leaves no steady part over."""
    if latest.by_hand and not is_allotted(slice):
        return True
    tries = latest.of(slice)
    return tries.outcome is not None or tries.unfinished > len(WAITS)


def _since(latest: Round, slice: str) -> datetime:
    tries = latest.of(slice)
    if tries.last_start is None:
        return latest.at
    return tries.last_start + WAITS[max(0, tries.unfinished - 1)]
