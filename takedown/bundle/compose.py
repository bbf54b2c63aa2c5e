"""Compose: story and contents -> dossier: what it is about, the summary, and the parts in their order."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from alerts.message import Language
from config import Config
from detector.presence import SHOWN
from detector.visits import Visit
from storage.case_locks import MACHINE
from storage.custody import TOOL
from storage.notice_steps import FILED
from takedown.bundle import exhibits, history, parties, proofs
from takedown.bundle.dossier import Block, Dossier, Fact, Section, Tile
from takedown.bundle.exhibits import Shot
from takedown.bundle.findings import findings, findings_table, policies
from takedown.bundle.gather import Gathered
from takedown.bundle.journeys import Round, journey_blocks, rounds_of, untold
from takedown.bundle.locale import Locale
from takedown.bundle.parties import Led
from takedown.story import Story

MOST_WARNINGS = 8


def reference_of(case_id: int, now: datetime) -> str:
    """Return what a bundle is called: its file, its custody row, the foot of its pages."""
    return f"mekiki-case-{case_id}-{now.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def compose(
    story: Story,
    gathered: Gathered,
    shots: Mapping[str, Shot],
    config: Config,
    language: Language,
    *,
    channels: Mapping[str, str],
    now: datetime,
) -> Dossier:
    """Return the dossier of a case. Equal arguments give equal dossiers.

    Args:
        story: of the case.
        gathered: what its bundle is made of.
        shots: screenshots to show, by the SHA-256 of their visit's manifest.
        config: for the time zone.
        language: of the dossier.
        channels: what the channels of notices are called, by key.
        now: the bundle's time.
    """
    locale = Locale(language, ZoneInfo(config.triage.zone))
    words, case = locale.words, story.case
    brand = locale.own(story.brand.name, 100)
    rounds, led = rounds_of(gathered.visits), parties.led_to(story)
    title = words.title_suspicious if case.decision == "suspicious" else words.title
    return Dossier(
        language=language,
        case_id=case.id,
        reference=reference_of(case.id, now),
        title=title.format(brand=brand),
        subject=locale.text(case.title, 200),
        facts=tuple(_facts(story, brand, now, locale)),
        summary=tuple(_summary(story, gathered, led, brand, locale)),
        summary_title=words.summary,
        tiles=tuple(_tiles(story, gathered, locale)),
        warnings=tuple(_warnings(gathered, locale)),
        sections=tuple(_sections(story, gathered, rounds, led, shots, channels, locale)),
        contents_title=words.contents,
        page=words.page,
        footer=words.footer,
    )


def _facts(story: Story, brand: str, now: datetime, locale: Locale) -> Iterator[Fact]:
    words, case = locale.words, story.case
    yield Fact(label=words.case, text=str(case.id))
    yield Fact(label=words.brand, text=brand)
    yield Fact(label=words.state, text=locale.of_alerts.states.get(case.state, case.state))
    yield Fact(label=words.found, text=locale.both(case.opened_at))
    yield Fact(label=words.seen_last, text=locale.both(case.last_seen))
    yield Fact(label=words.made, text=locale.both(now))
    yield Fact(label=words.made_with, text=TOOL)
    yield Fact(label=words.policy, text=locale.own(policies(story), 100))


def _summary(story: Story, gathered: Gathered, led: Sequence[Led], brand: str, locale: Locale) -> Iterator[str]:
    """Yield three sentences: what was shown, where it leads, what was done."""
    words, case = locale.words, story.case
    platforms = list(dict.fromkeys(locale.platform(view.item.platform) for view in case.items if view.item.platform))
    first = min((view.first_seen for view in case.items), default=case.opened_at)
    last = max((view.last_seen for view in case.items), default=case.last_seen)
    one_day = locale.day(first) == locale.day(last)
    form = words.seen_once if one_day else words.seen
    count = locale.of_alerts.items_one if case.item_count == 1 else locale.of_alerts.items.format(count=case.item_count)
    seen = form.format(
        brand=brand,
        items=words.these_items.format(items=count),
        on=words.on.format(platforms=locale.listed(platforms)) if platforms else "",
        first=locale.day(first),
        last=locale.day(last),
    )
    chief = findings(story)[:1]
    yield locale.spoken([seen, *(words.chiefly.format(says=locale.says(one)) for one, _ in chief)])
    yield _leads(gathered.visits, led, locale)
    yield locale.spoken(_done(story, locale))


def _leads(visits: Sequence[Visit], led: Sequence[Led], locale: Locale) -> str:
    """Say where the links lead, by the first visit that saw something, else by the latest."""
    words = locale.words
    if not visits:
        return words.leads_nowhere
    oldest = sorted(visits, key=lambda visit: visit.started_at)
    best = next((visit for visit in oldest if visit.outcome in SHOWN), visits[0])
    end = locale.url(best.host, 120) + (f" ({locale.own(best.end.address, 60)})" if best.end.address else "")
    if best.outcome in ("could_not_tell", "blocked"):
        return words.leads_untold.format(end=end)
    hops = len(best.hops) - 2
    accounts = parties.handoffs(led, locale)
    return words.leads.format(
        way=locale.number(words.way_one, words.way, hops) if hops > 0 else "",
        end=end,
        outcome=locale.of_notices.outcomes.get(best.outcome, best.outcome),
        handoffs=words.then.format(handoffs=locale.listed(accounts, 4)) if accounts else "",
    )


def _done(story: Story, locale: Locale) -> Iterator[str]:
    words, case = locale.words, story.case
    said = [entry for entry in case.log if entry.who != MACHINE and entry.action == "confirm"]
    if said and case.state != "open":
        yield words.confirmed.format(who=locale.own(said[-1].who, 60), day=locale.day(said[-1].at))
    elif case.judged_at is None:
        yield words.not_judged
    filed = sum(notice.state in FILED for notice in story.notices)
    yield locale.number(words.filed_one, words.filed, filed) if filed else words.not_filed


def _tiles(story: Story, gathered: Gathered, locale: Locale) -> Iterator[Tile]:
    words, case = locale.words, story.case
    seen = (
        f"{case.sightings:,} {words.sightings}" if locale.language == "en" else f"{words.sightings} {case.sightings:,}"
    )
    yield Tile(label=words.items, value=f"{case.item_count:,}", beside=seen)
    yield Tile(
        label=words.journeys,
        value=f"{len(gathered.visits):,}" + ("+" if gathered.visits_cut else ""),
        beside=f"{words.untold}: {len(untold(gathered.visits)):,}",
    )
    yield Tile(label=words.score, value=f"{case.score:.2f}", beside=words.of_one)
    filed = sum(notice.state in FILED for notice in story.notices)
    gone = sum(notice.state == "down" and notice.lost_at is None for notice in story.notices)
    yield Tile(label=words.notices, value=f"{filed:,}", beside=f"{words.down_at}: {gone:,}")


def _warnings(gathered: Gathered, locale: Locale) -> Iterator[str]:
    lines = list(proofs.missing(gathered, locale))
    yield from lines[:MOST_WARNINGS]
    if len(lines) > MOST_WARNINGS:
        yield locale.words.lost_more.format(count=len(lines) - MOST_WARNINGS)


def _sections(
    story: Story,
    gathered: Gathered,
    rounds: Sequence[Round],
    led: Sequence[Led],
    shots: Mapping[str, Shot],
    channels: Mapping[str, str],
    locale: Locale,
) -> Iterator[Section]:
    words = locale.words
    pictures = {
        visit.evidence: exhibits.screenshot(shots[visit.evidence], visit, gathered.contents, locale)
        for visit in gathered.visits
        if visit.evidence is not None and visit.evidence in shots
    }
    items = tuple(exhibits.item_blocks(story.case.items, gathered.item_count, gathered.contents, locale))
    signals_says = words.signals_says.format(policy=locale.own(policies(story), 100))
    parts: tuple[tuple[str, str, tuple[str, ...], tuple[Block, ...]], ...] = (
        ("journey", words.journey, (words.journey_says,), tuple(journey_blocks(story, rounds, pictures, locale))),
        ("shown", words.shown, (words.shown_says,), items),
        ("imitated", words.imitated, (), tuple(parties.imitated(story, locale))),
        ("actors", words.actors, (words.actors_says,), tuple(parties.actors(story, led, locale))),
        ("timeline", words.timeline, (), tuple(history.timeline(story, rounds, locale))),
        ("signals", words.signals, (signals_says,), tuple(findings_table(story, locale))),
        ("judgements", words.judgements, (words.judgements_says,), tuple(history.judgements(story, locale))),
        ("notices", words.notices, (), tuple(history.notices(story, channels, locale))),
        ("unseen", words.unseen, (), tuple(proofs.unseen(story, gathered, rounds, locale))),
        ("files", words.files, (words.files_says,), tuple(proofs.files(gathered, locale))),
        ("check", words.check, (), tuple(proofs.checking(gathered, locale))),
    )
    for key, title, says, blocks in parts:
        if blocks:
            yield Section(key=key, title=title, says=says, blocks=blocks)
