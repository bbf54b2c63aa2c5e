"""Figures of notices: how each channel answered what was filed with it in a stretch of time, as it stands now.

Only what is known counts: times are of those that were answered, or are gone; a rate tells of how many it is one.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import ceil
from statistics import median

from sqlalchemy import and_, func, or_, select, type_coerce
from sqlalchemy.orm import Session
from sqlalchemy.types import NullType

from storage.notice_steps import OPEN
from storage.schema import Case, NoticeRow
from storage.upsert import table_of

_NOTICES = table_of(NoticeRow).c
_DAY = timedelta(days=1)
_KEEP_PAGES = ("cdn", "platform")  # nobody sees from outside whether they or a host behind them took a page away
_AS_STORED = NullType()  # reading a hundred thousand moments one by one takes seconds; only differences are asked for


@dataclass(frozen=True, slots=True, kw_only=True)
class Days:
    """Times of some notices, in days."""

    count: int
    median: float | None = None  # None where there are none
    p90: float | None = None  # nine of ten took no longer


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """How many of those of which it is known."""

    count: int
    of: int

    @property
    def rate(self) -> float | None:
        """Return the share, 0-1; None where nothing is known."""
        return self.count / self.of if self.of else None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelFigures:
    """One channel."""

    channel: str  # key
    filed: int
    lost: int  # of these, whose mail came back: nobody there is known to have read it
    answered: Days  # from filing to the first answer
    down: Days  # from filing until it was first seen to be gone; only what arrived
    by_them: int  # of those that are gone: as far as its end tells, by the kind of actor that was asked
    refused: Share  # of those that were refused or are gone
    back: Share  # of those that were gone: seen again
    open: int  # wait for an end now, whenever they were filed


@dataclass(slots=True)
class _Gathered:
    filed: int = 0
    lost: int = 0
    by_them: int = 0
    answered: list[timedelta] = field(default_factory=list)
    down: list[timedelta] = field(default_factory=list)
    back: int = 0
    refused: int = 0
    refused_and_gone: int = 0


def channel_figures(
    session: Session, since: datetime, until: datetime, *, brand: str | None = None
) -> tuple[ChannelFigures, ...]:
    """Return the figures of each channel with notices that were filed from `since` on and before `until`, or are open.

    Those with which most was filed come first.

    Args:
        brand: only notices of cases of this brand; None for all.
    """
    gathered: dict[str, _Gathered] = defaultdict(_Gathered)
    of_brand = () if brand is None else (_NOTICES.case_id.in_(select(Case.id).where(Case.brand == brand)),)
    filed = _NOTICES.filed_at >= since, _NOTICES.filed_at < until, *of_brand
    moments = [type_coerce(_NOTICES[name], _AS_STORED) for name in ("filed_at", "answered_at", "down_at")]
    lost = _NOTICES.lost_at.is_not(None)
    theirs = or_(_NOTICES.actor == _NOTICES.gone_by, and_(_NOTICES.gone_by == "host", _NOTICES.actor.in_(_KEEP_PAGES)))
    query = select(_NOTICES.channel, _NOTICES.back_at.is_not(None), lost, theirs, *moments)
    for channel, back, returned, by_them, filed_at, answered_at, down_at in session.execute(query.where(*filed)):
        one = gathered[channel]
        one.filed += 1
        if returned:
            one.lost += 1
            continue
        if answered_at is not None:
            one.answered.append(_moment(answered_at) - _moment(filed_at))
        if down_at is not None:
            one.down.append(_moment(down_at) - _moment(filed_at))
            one.back += back
            one.by_them += bool(by_them)
    refused = select(_NOTICES.channel, _NOTICES.down_at.is_not(None), func.count())
    refused = refused.where(*filed, _NOTICES.refused_for.is_not(None), _NOTICES.lost_at.is_(None))
    for channel, gone, count in session.execute(refused.group_by(_NOTICES.channel, _NOTICES.down_at.is_not(None))):
        gathered[channel].refused += count
        gathered[channel].refused_and_gone += count if gone else 0
    waiting = select(_NOTICES.channel, func.count())
    waiting = waiting.where(_NOTICES.state.in_(sorted(OPEN)), _NOTICES.due_at.is_not(None), *of_brand)  # open: due
    still: dict[str, int] = dict(session.execute(waiting.group_by(_NOTICES.channel)).all())
    gathered |= {channel: _Gathered() for channel in still if channel not in gathered}
    return tuple(
        ChannelFigures(
            channel=channel,
            filed=one.filed,
            lost=one.lost,
            by_them=one.by_them,
            answered=_days(one.answered),
            down=_days(one.down),
            refused=Share(count=one.refused, of=one.refused + len(one.down) - one.refused_and_gone),
            back=Share(count=one.back, of=len(one.down)),
            open=still.get(channel, 0),
        )
        for channel, one in sorted(gathered.items(), key=lambda pair: (-pair[1].filed, pair[0]))
    )


def _moment(stored: str | datetime) -> datetime:
    return stored if isinstance(stored, datetime) else datetime.fromisoformat(stored)


def _days(times: Sequence[timedelta]) -> Days:
    """Return median and nine tenths (nearest rank) of times."""
    if not times:
        return Days(count=0)
    ordered = sorted(one / _DAY for one in times)
    return Days(count=len(ordered), median=median(ordered), p90=ordered[ceil(0.9 * len(ordered)) - 1])
