"""Journeys of a case: hops as a chain with who stands behind them, and what visitors saw side by side.

GET /case/{case}/journeys?from=N            links behind those that the case's page shows
GET /case/{case}/screen/{sha256}?side=…     how a browser drew a page, as pixels
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy.orm import Session
from starlette.responses import Response

from board.case.compare import Compared, compared
from board.case.inertly import Link, link_of
from board.paper import page
from board.pictures import KEPT, SIDES, missing, sized
from board.ways import Asked
from desk.inert import URL_LIMIT, inert
from desk.rounds import rounds_of
from detector.handoffs import Handoff
from detector.hosts import parse_host
from detector.visits import Hop, Visit
from storage.case_list import summaries
from storage.database import snapshot
from storage.errors import CaseNotFound
from storage.media import ADDRESS
from storage.registrations import Registration, registrations
from storage.visits import visits_of
from takedown.story import led_by
from takedown.translation import PROBLEMS, in_japanese

SHOWN_LINKS = 3  # on the page of the case; the others are asked for
PAGE = 10  # links
MOST_HOPS = 12
MOST_SEEN = 8  # visits of a round, side by side
MOST_LEADS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownHop:
    """One stop on the way."""

    hop: Hop
    number: int
    link: Link
    host: str  # safe to show
    answer: str  # status, or what went wrong
    kind: str  # ok, moved, problem
    registrar: str
    registered: date | None
    age: int | None  # days, at the visit


@dataclass(frozen=True, slots=True, kw_only=True)
class Path:
    """A way that at least one visitor was led."""

    visitors: tuple[str, ...]
    hops: tuple[ShownHop, ...]
    more: int
    leads: tuple[Handoff, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What one visitor saw."""

    visit: Visit
    who: str
    says: str
    end: Link
    title: Compared
    words: Compared


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """What visitors saw of one link at one time."""

    at: datetime
    seen: tuple[Seen, ...]
    more: int
    paths: tuple[Path, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Journey:
    """One link, and the rounds that are shown: the latest, and the first that was kept."""

    link: Link
    latest: Round
    first: Round | None
    between: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Journeys:
    """Some of the links of a case."""

    shown: tuple[Journey, ...]
    more: int  # links that are not shown
    begin: int = 0

    @property
    def following(self) -> int:
        """The place of the first link that is not shown."""
        return self.begin + len(self.shown)


def journeys_of(
    visits: Sequence[Visit], session: Session, asked: Asked, *, begin: int = 0, most: int = SHOWN_LINKS
) -> Journeys:
    """Return what is known of the links of a case.

    Args:
        visits: of the case, newest first.
        session: for registrations.
        asked: for the person's language.
        begin: the first link.
        most: links.
    """
    links = list(dict.fromkeys(visit.url for visit in visits))
    wanted = links[begin : begin + most]
    mine = [visit for visit in visits if visit.url in set(wanted)]
    domains = {domain for visit in mine for hop in visit.hops[:MOST_HOPS] if (domain := _domain(hop.url))}
    known = registrations(session, sorted(domains)) if domains else {}
    shown = []
    for link in wanted:
        rounds = rounds_of([visit for visit in mine if visit.url == link])
        shown.append(
            Journey(
                link=link_of(link) or Link(shown="", copied=None),
                latest=_round(rounds[-1], known, asked),
                first=_round(rounds[0], known, asked) if len(rounds) > 1 else None,
                between=max(0, len(rounds) - 2),
            )
        )
    return Journeys(shown=tuple(shown), more=max(0, len(links) - begin - len(shown)), begin=begin)


def journeys(asked: Asked) -> Response:
    """Show further links of a case."""
    case_id = asked.request.path_params["case"]
    begin = asked.query.get("from", "0")
    first = int(begin) if begin.isascii() and begin.isdecimal() and len(begin) < 5 else 0
    with snapshot(asked.board.engine) as session:
        known = summaries(session, [case_id], asked.now)
        if not known:
            raise CaseNotFound(f"there is no case {case_id}")
        found = journeys_of(visits_of(session, case_id), session, asked, begin=first, most=PAGE)
    template = "case/journeys_piece.html.j2" if asked.partial else "case/journeys.html.j2"
    return page(asked, template, case=known[0], journeys=found)


def screen(asked: Asked) -> Response:
    """Give how a browser drew the end of a journey."""
    sha256, side = asked.request.path_params["sha256"], asked.query.get("side", "full")
    if not ADDRESS.fullmatch(sha256) or side not in SIDES:
        return missing()
    with snapshot(asked.board.engine) as session:
        ours = any(visit.screenshot == sha256 for visit in visits_of(session, asked.request.path_params["case"]))
    drawn = asked.board.media.sound(sha256) if ours else None
    if drawn is None:
        return missing()
    data, form = sized(drawn, SIDES[side])
    return Response(data, headers=KEPT, media_type=form)


def _round(visits: Sequence[Visit], known: Mapping[str, Registration], asked: Asked) -> Round:
    some = visits[:MOST_SEEN]
    titles = compared([visit.landing.title if visit.landing else None for visit in some])
    words = compared([visit.landing.excerpt if visit.landing else None for visit in some])
    seen = tuple(
        Seen(
            visit=visit,
            who=who_of(visit),
            says=inert(in_japanese(visit.says) if asked.words.language == "ja" else visit.says, limit=300),
            end=link_of(visit.end.url, most=120) or Link(shown="", copied=None),
            title=title,
            words=said,
        )
        for visit, title, said in zip(some, titles, words, strict=True)
    )
    paths: dict[tuple[str, ...], list[Visit]] = {}
    for visit in visits:
        paths.setdefault(tuple(hop.url for hop in visit.hops), []).append(visit)
    return Round(
        at=visits[0].started_at,
        seen=seen,
        more=max(0, len(visits) - len(some)),
        paths=tuple(_path(same, known, asked) for same in list(paths.values())[:MOST_SEEN]),
    )


def _path(same: Sequence[Visit], known: Mapping[str, Registration], asked: Asked) -> Path:
    visit = same[0]
    return Path(
        visitors=tuple(dict.fromkeys(who_of(one) for one in same)),
        hops=tuple(_hops(visit.hops[:MOST_HOPS], known, asked)),
        more=max(0, len(visit.hops) - MOST_HOPS),
        leads=led_by(visit)[:MOST_LEADS],
    )


def _hops(hops: Sequence[Hop], known: Mapping[str, Registration], asked: Asked) -> Iterator[ShownHop]:
    for number, hop in enumerate(hops, 1):
        parsed = parse_host(hop.url[:URL_LIMIT])
        domain = _domain(hop.url)
        facts = known[domain].facts if domain is not None and domain in known else {}
        registered = _day(str(facts.get("created", "")))
        problem = hop.problem or "-"
        yield ShownHop(
            hop=hop,
            number=number,
            link=link_of(hop.url) or Link(shown="", copied=None),
            host=inert(parsed.unicode if parsed else hop.url, limit=60),
            answer=str(hop.status) if hop.status is not None else _problem(problem, asked),
            kind="problem" if hop.status is None or hop.status >= 400 else "moved" if hop.status >= 300 else "ok",
            registrar=inert(str(facts.get("registrar", "")), limit=60),
            registered=registered,
            age=(hop.at.date() - registered).days if registered is not None else None,
        )


def who_of(visit: Visit) -> str:
    """Return who looked, and how."""
    how = ", ".join(filter(None, ("browser" if visit.browser else "", visit.country or "")))
    return inert(f"{visit.visitor} ({how})" if how else visit.visitor, limit=60)


def _problem(problem: str, asked: Asked) -> str:
    return PROBLEMS.get(problem, problem) if asked.words.language == "ja" else inert(problem, limit=30)


def _domain(url: str) -> str | None:
    host = parse_host(url[:URL_LIMIT])
    return host.registrable if host is not None else None


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        return None
