"""History: what happened to a case, in the order of time, and what people and channels decided."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from storage.actions import ACTIONS
from storage.case_locks import MACHINE
from storage.case_views import LogEntry
from storage.notice_steps import NOTICE
from storage.notice_views import NoticeView
from takedown.bundle.dossier import Block, Column, Table, Words
from takedown.bundle.journeys import Round
from takedown.bundle.locale import Locale
from takedown.story import Story

MOST_EVENTS = 300
MOST_JUDGEMENTS = 200
MOST_NOTICES = 200


@dataclass(frozen=True, slots=True)
class _Event:
    at: datetime
    what: str
    who: str
    note: str


def timeline(story: Story, rounds: Sequence[Round], locale: Locale) -> Iterator[Block]:
    """Yield one table: first seen, every entry of the log, every round of visits; what repeats itself is one line.

    Of notices that never left nothing is told: the log has their steps, without what they say.
    """
    words = locale.words
    events = sorted((*_seen(story, locale), *_logged(story, locale), *_visited(rounds, locale)), key=lambda one: one.at)
    cut = len(events) - MOST_EVENTS
    if cut > 0:
        half = MOST_EVENTS // 2
        events = [*events[:half], *events[-half:]]
    yield Table(
        columns=(
            Column(title=words.at_utc, width=3),
            Column(title=words.at_zone.format(zone=f"{story.told_at.astimezone(locale.zone):%Z}"), width=3),
            Column(title=words.what, width=6),
            Column(title=words.who, width=3),
            Column(title=words.note, width=6),
        ),
        rows=tuple((locale.utc(one.at), locale.clock(one.at), one.what, one.who, one.note) for one in events),
        note=words.events_cut.format(count=cut) if cut > 0 else "",
    )


def judgements(story: Story, locale: Locale) -> Iterator[Block]:
    """Yield what people decided, oldest first."""
    words = locale.words
    made = [entry for entry in story.case.log if entry.who != MACHINE and entry.action in (*ACTIONS, "undo")]
    if not made:
        yield Words(lines=(words.not_judged,))
        return
    taken_back = {entry.data.get("undoes") for entry in story.case.log if entry.action == "undo"}
    rows = tuple(
        (
            locale.both(entry.at),
            locale.own(entry.who, 60),
            _action(entry, locale) + (f" {words.undone}" if entry.id in taken_back else ""),
            words.reasons.get(entry.reason or "", locale.text(entry.reason, 100)),
            locale.text(entry.note),
        )
        for entry in made[-MOST_JUDGEMENTS:]
    )
    yield Table(
        columns=(
            Column(title=words.at_utc, width=4),
            Column(title=words.who, width=2),
            Column(title=words.what, width=4),
            Column(title=words.reason, width=2),
            Column(title=words.note, width=6),
        ),
        rows=rows,
    )


def notices(story: Story, channels: Mapping[str, str], locale: Locale) -> Iterator[Block]:
    """Yield the takedown requests that left, oldest first.

    Args:
        story: of the case.
        channels: what they are called, by key.
        locale: of the dossier.
    """
    words = locale.words
    if not story.left:
        yield Words(lines=(words.not_filed,))
        return
    yield Table(
        columns=(
            Column(title=words.reference, width=3, code=True),
            Column(title=words.channel, width=3),
            Column(title=words.subject, width=4, code=True),
            Column(title=words.standing, width=2),
            Column(title=words.filed_at, width=4),
            Column(title=words.answer, width=4),
            Column(title=words.down_at, width=3),
        ),
        rows=tuple(_notice(notice, channels, locale) for notice in story.left[-MOST_NOTICES:]),
    )


def _about(notice: NoticeView, locale: Locale) -> str:
    """Say about whom a notice is: an account by its kind, nobody of the journey as the whole case."""
    kind, _, value = notice.subject.partition(":")
    if notice.actor == "everyone":
        return locale.words.whole_case
    if notice.actor in ("chat", "phone", "payee") and kind in locale.of_notices.handoffs:
        return locale.account(kind, value, 160)
    return locale.of_notices.platforms.get(notice.subject) or locale.url(notice.subject, 160)


def _notice(notice: NoticeView, channels: Mapping[str, str], locale: Locale) -> tuple[str, ...]:
    words = locale.words
    filed = " · ".join(filter(None, (locale.utc(notice.filed_at), locale.own(notice.filed_by, 60))))
    answers = (
        words.not_arrived if notice.lost_at is not None else "",
        locale.utc(notice.answered_at),
        locale.text(notice.their_reference, 80),
        locale.text(notice.refused_for, 200),
        words.replies.format(count=len(notice.replies)) if notice.replies else "",
    )
    likely = words.likely_by.get(notice.gone_by or "", "")
    gone = " · ".join(filter(None, (locale.utc(notice.down_at), locale.own(notice.down_by, 60), likely)))
    return (
        locale.own(notice.reference, 40),
        locale.own(channels.get(notice.channel, notice.channel), 80),
        _about(notice, locale),
        words.notice_states.get(notice.state, notice.state),
        filed,
        " · ".join(filter(None, answers)),
        gone,
    )


def _seen(story: Story, locale: Locale) -> Iterator[_Event]:
    """Yield when the items were seen first: one line for those of a kind and day."""
    days: dict[tuple[str, str, str], list[datetime]] = {}
    for view in story.case.items:
        key = (locale.kind(view.item.kind), locale.platform(view.item.platform), f"{view.first_seen:%Y-%m-%d}")
        days.setdefault(key, []).append(view.first_seen)
    for (kind, platform, _), times in days.items():
        name = locale.words.link_of.format(kind=kind, platform=platform) if platform else kind
        count = f" ×{len(times)}" if len(times) > 1 else ""
        yield _Event(min(times), locale.words.first_seen.format(kind=name) + count, _who(MACHINE, locale), "")


def _logged(story: Story, locale: Locale) -> Iterator[_Event]:
    taken_back = {entry.data.get("undoes") for entry in story.case.log if entry.action == "undo"}
    left = {notice.id for notice in story.left}
    told = (entry for entry in story.case.log if entry.action != NOTICE or entry.data["notice"] in left)
    last, added = None, 0
    for entry in (*told, None):
        if entry is not None and entry.action in ("items_added", "items_changed"):
            if last is not None and last.action != entry.action:
                yield _added(last, added, locale)
                added = 0
            last, added = entry, added + len(entry.data.get("items", ()))
            continue
        if last is not None:
            yield _added(last, added, locale)
            last, added = None, 0
        if entry is not None:
            back = f" {locale.words.undone}" if entry.id in taken_back else ""
            yield _Event(entry.at, _action(entry, locale) + back, _who(entry.who, locale), _note(entry, locale))


def _added(entry: LogEntry, count: int, locale: Locale) -> _Event:
    return _Event(entry.at, f"{_action(entry, locale)} ×{count}", _who(entry.who, locale), "")


def _visited(rounds: Sequence[Round], locale: Locale) -> Iterator[_Event]:
    for one in rounds:
        seen = [
            f"{locale.visitor(visit)}: {locale.of_notices.outcomes.get(visit.outcome, visit.outcome)}"
            for visit in one.visits
        ]
        what = locale.words.visited.format(link=locale.url(one.link, 100))
        yield _Event(one.visits[0].started_at, what, _who(MACHINE, locale), locale.listed(seen))


def _who(who: str, locale: Locale) -> str:
    return locale.words.machine if who == MACHINE else locale.own(who, 60)


def _action(entry: LogEntry, locale: Locale) -> str:
    words, reason = locale.words, entry.reason or ""
    named = words.actions.get(entry.action, locale.own(entry.action.replace("_", " "), 40))
    colon = locale.of_notices.colon
    match entry.action:
        case "notice":
            return f"{named}{colon}{words.steps.get(reason, locale.own(reason, 40))}"
        case "recheck":
            return f"{named}{colon}{words.presence.get(reason, locale.own(reason, 40))}"
        case "dismiss":
            return f"{named}{colon}{words.reasons.get(reason, locale.own(reason, 40))}" if reason else named
    return named


def _note(entry: LogEntry, locale: Locale) -> str:
    """Return what else an entry says: the note of a person, what the machine saw, which notice."""
    data: dict[str, Any] = dict(entry.data)
    parts = [
        locale.journey(entry.note) if entry.who == MACHINE else locale.text(entry.note),
        locale.url(str(data["url"]), 120) if data.get("url") else "",
        locale.words.likely_by.get(str(data.get("by")), "") if entry.reason == "down" else "",
        *(locale.text(str(data[name]), 100) for name in ("reference", "channel", "tag", "assignee") if data.get(name)),
    ]
    return " · ".join(filter(None, parts))
