"""Journeys: the visits of a case, by link and round, as a dossier shows them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from detector.visits import Hop, Visit
from takedown.bundle.dossier import Block, Column, Journey, Picture, Step, Table, Way, Words
from takedown.bundle.locale import Locale
from takedown.story import Story, led_by

ONE_ROUND = timedelta(minutes=5)  # from one visit to the next, at most; as `console.journeys` has it
MOST_LINKS = 8  # whose journeys are shown in full
MOST_WAYS = 8  # visitors of one round
MOST_STEPS = 60  # hops of one visitor
STEP_LIMIT = 200  # characters of the address of a hop
MOST_OTHERS = 200  # lines about further visits


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """The visits of one link at about the same time."""

    link: str
    number: int  # 0: the first
    visits: tuple[Visit, ...]  # oldest first


def rounds_of(visits: Sequence[Visit]) -> tuple[Round, ...]:
    """Return visits in rounds: links in the order in which they were followed first, the rounds of each by time."""
    by_link: dict[str, list[list[Visit]]] = {}
    for visit in sorted(visits, key=lambda visit: visit.started_at):
        rounds = by_link.setdefault(visit.url, [])
        if rounds and visit.started_at - rounds[-1][-1].started_at < ONE_ROUND:
            rounds[-1].append(visit)
        else:
            rounds.append([visit])
    return tuple(
        Round(link=link, number=number, visits=tuple(one))
        for link, rounds in by_link.items()
        for number, one in enumerate(rounds)
    )


def shown_rounds(rounds: Sequence[Round]) -> tuple[Round, ...]:
    """Return the rounds to show in full: the first and the latest of the first links."""
    links = list(dict.fromkeys(one.link for one in rounds))[:MOST_LINKS]
    last = {one.link: one.number for one in rounds}
    return tuple(one for one in rounds if one.link in links and one.number in (0, last[one.link]))


def journey_blocks(
    story: Story, rounds: Sequence[Round], shots: Mapping[str, Picture], locale: Locale
) -> Iterator[Block]:
    """Yield the journeys that are shown in full, and a table of the others.

    Args:
        story: of the case.
        rounds: all of them.
        shots: pictures of screenshots, by the SHA-256 of their visit's manifest.
        locale: of the dossier.
    """
    words = locale.words
    if not rounds:
        yield Words(lines=(words.none_followed,))
        return
    shown = shown_rounds(rounds)
    count = {one.link: sum(other.link == one.link for other in rounds) for one in shown}
    for one in shown:
        source = _source(story, one.link, locale)
        between = count[one.link] - 2 if one.number else 0
        yield Journey(
            title=f"{source} · {locale.both(one.visits[0].started_at)}",
            link=locale.url(one.link),
            source=source,
            ways=tuple(_way(visit, shots, locale) for visit in one.visits[:MOST_WAYS]),
            note=words.rounds_between.format(count=between) if between > 0 else "",
        )
    others = [visit for one in rounds if one not in shown for visit in one.visits]
    if others:
        yield _others(others, locale)


def untold(visits: Sequence[Visit]) -> list[Visit]:
    """Return the visits that could not tell what is shown."""
    return [visit for visit in visits if visit.outcome in ("could_not_tell", "blocked")]


def _source(story: Story, link: str, locale: Locale) -> str:
    for view in story.case.items:
        if link in view.item.links:
            words = locale.words
            kind, platform = locale.kind(view.item.kind), locale.platform(view.item.platform)
            return words.link_of.format(kind=kind, platform=platform) if platform else kind
    pages = (view for view in story.case.items if view.item.url == link)
    return next((locale.kind(view.item.kind) for view in pages), locale.words.link_named)


def _way(visit: Visit, shots: Mapping[str, Picture], locale: Locale) -> Way:
    words = locale.words
    seen = visit.landing
    how = [] if visit.browser else [words.plain]  # a browser is in the name
    if visit.country:
        how.append(locale.came_from(visit))
    who = locale.of_notices.visitor(visit)
    return Way(
        visitor=locale.own(who[:1].upper() + who[1:], 100),
        how=locale.listed(how),
        at=locale.both(visit.started_at),
        outcome=visit.outcome,
        says=locale.of_notices.outcomes.get(visit.outcome, visit.outcome),
        why=locale.journey(visit.says),
        steps=tuple(_step(number, hop, locale) for number, hop in enumerate(visit.hops[:MOST_STEPS], 1)),
        title=locale.text(seen.title, 200) if seen is not None else "",
        words=locale.text(seen.excerpt, 400) if seen is not None else "",
        ends=locale.url(visit.host, 120),
        leads=tuple(locale.account(one.kind, one.value, 100) for one in led_by(visit)),
        screenshot=shots.get(visit.evidence) if visit.evidence else None,
        manifest=visit.evidence,
    )


def _step(number: int, hop: Hop, locale: Locale) -> Step:
    words = locale.words
    if hop.status is not None:
        answer = str(hop.status)
    elif hop.problem == "hand_off":
        answer = words.problems["hand_off"]
    else:
        answer = words.no_answer.format(
            problem=words.problems.get(hop.problem or "", locale.text(hop.problem, 60) or "-")
        )
    return Step(
        number=number,
        how=words.how.get(hop.how, hop.how),
        url=locale.url(hop.url, STEP_LIMIT),
        at=locale.utc(hop.at),
        answer=answer,
        status=hop.status,
        address=locale.own(hop.address, 60),
        certificate=locale.own(hop.certificate, 64),
        server=next((locale.text(value, 60) for name, value in hop.headers if name.lower() == "server"), ""),
    )


def _others(visits: Sequence[Visit], locale: Locale) -> Table:
    words = locale.words
    rows = tuple(
        (
            locale.utc(visit.started_at),
            locale.url(visit.url, 120),
            locale.visitor(visit),
            locale.of_notices.outcomes.get(visit.outcome, visit.outcome),
            locale.url(visit.host, 80),
            locale.journey(visit.says),
        )
        for visit in visits[-MOST_OTHERS:]
    )
    return Table(
        title=words.other_links,
        columns=(
            Column(title=words.at_utc, width=3),
            Column(title=words.link, width=5, code=True),
            Column(title=words.visitor, width=3),
            Column(title=words.outcome, width=3),
            Column(title=words.ends, width=3, code=True),
            Column(title=words.why, width=5),
        ),
        rows=rows,
    )
