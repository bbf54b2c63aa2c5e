"""The wall: cases as cards, the most urgent first, a page at a time, and what is new among them.

    GET  /wall          q (a line as in `mekiki triage`), order, after (where the page before ended)
    GET  /wall/news     q, order, since (the latest entry that was seen), seen (CASE:ENTRY,…): what came, what changed
    GET  /wall/cards    ids: the cards of some cases, those that `/wall/news` told of
    POST /views         name, q: keep a choice of cases under a name that nothing else has (409); replaces: when the
                        view was saved that was seen there, and that it takes the place of
    POST /views/drop    name: forget it

A page begins behind the last card of the one before it: nothing is skipped or shown twice because somebody judged
meanwhile. Nobody counts a million cases: from MOST_COUNTED on the count ends.
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import get_args
from urllib.parse import urlencode

from starlette.responses import Response

from board.cards import card_of, cards_of
from board.judging import MOST_COUNTED, said_of
from board.paper import page
from board.refused import told_in
from board.ways import Asked, Way
from desk.acts import ACTS, HARMS, MOVES, REASONS, SNOOZES
from desk.choices import ALL, VIEW_NAME, WAITING, NoFilter, read_filters, states_of, worded
from storage.case_cards import case_cards
from storage.case_list import CaseOrder, Place, count_cases, fitting, list_cases, place_of, summaries
from storage.case_news import last_entries, last_entry, newcomers
from storage.case_views import CaseSummary
from storage.database import snapshot, transaction
from storage.errors import ViewNotFound
from storage.schema import CaseState
from storage.views import CaseFilters, drop_view, save_view, saved_views, view_before

PAGE = 48  # cards
MOST_NEW = 48  # cards that are told of as new
MOST_WATCHED = 120  # cards whose changes are asked for at once
MOST_LINE = 500  # characters of a line of filters
SCORES = ("0.6", "0.8", "0.9", "0.95")  # that can be chosen; the line takes any
SHOWN_MOVES = tuple(key for key in MOVES if key != "q")  # a browser is not quit by a key


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Which cases, in which order, from where on."""

    line: str  # as typed
    filters: CaseFilters  # with ME as it stands
    wrong: str | None  # why the line chooses nothing
    order: CaseOrder
    after: Place | None

    def address(self, **more: str) -> str:
        """Return the address of this list, or of a part of it."""
        return _address("/wall", {**self._words(), **more})

    def news(self) -> str:
        """Return the address that tells what is new in this list."""
        return _address("/wall/news", self._words())

    def cards(self, ids: Sequence[int]) -> str:
        """Return the address of the cards of some cases."""
        return _address("/wall/cards", {**self._words(), "ids": ",".join(map(str, ids))})

    @property
    def plain(self) -> bool:
        """Whether it is all that waits, from the beginning on."""
        return self.filters == CaseFilters() and self.wrong is None and self.after is None

    def _words(self) -> dict[str, str]:
        return {"q": self.line, "order": "" if self.order == "priority" else self.order}


def wall(asked: Asked) -> Response:
    """Show cases as cards; to the script that asks for more, only the cards."""
    if "set" in asked.query:
        return asked.go(_chosen(asked).address())
    chosen = choice(asked)
    mine = chosen.filters.of(asked.person.login)
    with snapshot(asked.board.engine) as session:
        found = list_cases(session, mine, order=chosen.order, after=chosen.after, limit=PAGE + 1, now=asked.now)
        cards = cards_of(case_cards(session, found[:PAGE]), asked)
        piece = asked.partial and chosen.after is not None
        count = 0 if piece else count_cases(session, mine, now=asked.now, most=MOST_COUNTED)
        since = 0 if piece else last_entry(session)
        views = [] if piece else saved_views(session)
    more = chosen.address(after=_written(place_of(found[PAGE - 1], chosen.order))) if len(found) > PAGE else None
    if piece:
        return page(asked, "wall/more.html.j2", cards=cards, more=more)
    return page(
        asked,
        "wall/wall.html.j2",
        cards=cards,
        more=more,
        count=count,
        most_counted=MOST_COUNTED,
        chosen=chosen,
        since=since,
        views=[(view.name, _view_address(view.filters), _same(view.filters, chosen)) for view in views],
        said=said_of(asked),
        acts=ACTS if asked.may("analyst") else (),
        offered=_offered(asked, chosen),
        moves=SHOWN_MOVES,
        reasons=REASONS,
        snoozes=SNOOZES,
        harms={key: harm or "auto" for key, harm in HARMS.items()},
    )


def news(asked: Asked) -> Response:
    """Tell what came into a list since it was shown, and draw anew the cards that somebody changed."""
    chosen = choice(asked)
    mine, who = chosen.filters.of(asked.person.login), asked.person.login
    seen = _seen(asked.query.get("seen", ""))
    since = asked.query.get("since", "")
    begin = int(since) if re.fullmatch(r"[0-9]{1,18}", since) else 0
    with snapshot(asked.board.engine) as session:
        came = newcomers(session, mine, since=begin, known=seen, who=who, most=MOST_NEW, now=asked.now)
        entries = last_entries(session, list(seen))
        changed = [case for case, entry in entries.items() if entry.id != seen[case]]
        cards = case_cards(session, summaries(session, changed, asked.now))
        fits = fitting(session, mine, changed, now=asked.now)
    drawn = [card_of(card, asked, entries[card.case.id]) for card in cards]
    return page(
        asked,
        "wall/news.html.j2",
        came=came,
        most=MOST_NEW,
        since=begin,
        drawn=drawn,
        fits=fits,
        chosen=chosen,
    )


def some_cards(asked: Asked) -> Response:
    """Return the cards of some cases that a list has come to have."""
    chosen = choice(asked)
    ids = [int(one) for one in asked.query.get("ids", "").split(",")[:MOST_NEW] if re.fullmatch(r"[0-9]{1,18}", one)]
    with snapshot(asked.board.engine) as session:
        fits = fitting(session, chosen.filters.of(asked.person.login), ids, now=asked.now)
        found = summaries(session, [case for case in dict.fromkeys(ids) if case in fits], asked.now)
        cards = cards_of(case_cards(session, _ordered(found, chosen.order)), asked)
        since = last_entry(session)
    return page(asked, "wall/new.html.j2", cards=cards, chosen=chosen, since=since)


def keep_view(asked: Asked) -> Response:
    """Keep a choice of cases under a name that all share."""
    name, line = asked.text("name", most=100).strip(), asked.text("q", most=MOST_LINE)
    if not VIEW_NAME.fullmatch(name):
        return _refused(asked, asked.words("wall.view_name"))
    try:
        filters = read_filters(line)
    except NoFilter as error:
        return _refused(asked, told_in(asked.words.language, str(error)))
    with transaction(asked.board.engine) as session:
        there = view_before(session, name)
        replaced = there is None or there.saved_at.isoformat() == asked.text("replaces", most=40)
        if replaced:
            save_view(session, name, filters, who=asked.person.login, now=asked.now)
    if replaced or there is None or there.filters == filters:
        return asked.go(_view_address(filters))
    return page(
        asked,
        "wall/view_there.html.j2",
        status=409,
        there=there,
        replaces=there.saved_at.isoformat(),
        line=line,
        stands=worded(there.filters),
        becomes=worded(filters),
        back=_view_address(filters),
    )


def forget_view(asked: Asked) -> Response:
    """Forget a choice of cases."""
    try:
        with transaction(asked.board.engine) as session:
            drop_view(session, asked.text("name", most=100))
    except ViewNotFound as error:
        return _refused(asked, told_in(asked.words.language, str(error)))
    return asked.go("/wall")


def choice(asked: Asked) -> Choice:
    """Read which cases are asked for; a line that chooses nothing gives those that wait, and says what is wrong."""
    line = asked.query.get("q", "")[:MOST_LINE].strip()
    filters, wrong = CaseFilters(), None
    try:
        filters = read_filters(line)
    except NoFilter as error:
        wrong = told_in(asked.words.language, str(error)).rstrip("。")
    order = asked.query.get("order", "priority")
    known: tuple[CaseOrder, ...] = get_args(CaseOrder)
    chosen: CaseOrder = next((one for one in known if one == order), "priority")
    after = place_in(asked.query.get("after", ""), chosen)
    return Choice(line=line, filters=filters, wrong=wrong, order=chosen, after=after)


def place_in(text: str, order: CaseOrder) -> Place | None:
    """Read where the page before ended, "0.91:1234" or, by age, "2026-11-30T08:00:00+00:00:1234"; None: nowhere."""
    value, colon, number = text.rpartition(":")
    if not colon or not re.fullmatch(r"[0-9]{1,18}", number):
        return None
    try:
        place = datetime.fromisoformat(value) if order == "age" else float(value)
        whole = place.tzinfo is not None if isinstance(place, datetime) else math.isfinite(place)
        if isinstance(place, datetime) and whole:
            place = place.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return Place(value=place, id=int(number)) if whole else None


def _written(place: Place) -> str:
    value = place.value.isoformat() if isinstance(place.value, datetime) else repr(place.value)
    return f"{value}:{place.id}"


def _chosen(asked: Asked) -> Choice:
    """Return the list that the selects say, with the rest of the line as it was."""
    chosen = choice(asked)
    filters = chosen.filters
    state, score = asked.query.get("state", ""), asked.query.get("score", "")
    try:
        states = states_of([state]) if state else WAITING
    except NoFilter:
        states = filters.states
    filters = replace(
        filters,
        brand=asked.query.get("brand", "")[:100] or None,
        source=asked.query.get("source", "")[:100] or None,
        states=filters.states if state == "as-typed" else states,
        min_score=filters.min_score if score == "as-typed" else float(score) if score in SCORES else 0.0,
    )
    return replace(chosen, line=worded(filters), filters=filters, after=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """What the selects offer, and what of it is chosen; "as-typed" where only the line can say it."""

    brands: tuple[tuple[str, str], ...]  # key and name
    sources: tuple[str, ...]
    states: tuple[CaseState, ...]
    scores: tuple[str, ...]
    state: str
    score: str


def _offered(asked: Asked, chosen: Choice) -> Offered:
    config, filters = asked.board.config, chosen.filters
    every: tuple[CaseState, ...] = get_args(CaseState)
    one = filters.states[0] if len(filters.states) == 1 else "as-typed"
    state = "" if filters.states == WAITING else ALL if filters.states == every else one
    score = f"{filters.min_score:g}" if filters.min_score else ""
    sources = [source.key for source in config.source]
    return Offered(
        brands=tuple((brand.key, brand.name) for brand in config.brand),
        sources=tuple(dict.fromkeys([*sources, *([filters.source] if filters.source else [])])),
        states=every,
        scores=SCORES,
        state=state,
        score=score if score in ("", *SCORES) else "as-typed",
    )


def _ordered(found: Sequence[CaseSummary], order: CaseOrder) -> list[CaseSummary]:
    if order == "age":
        return sorted(found, key=lambda case: (case.opened_at, case.id))
    return sorted(found, key=lambda case: (-(case.score if order == "score" else case.priority), case.id))


def _seen(text: str) -> dict[int, int]:
    """Read which cards are seen: case -> the last entry of its log that was shown."""
    pairs = (re.fullmatch(r"([0-9]{1,18}):([0-9]{1,18})", one) for one in text.split(",")[:MOST_WATCHED])
    return {int(pair[1]): int(pair[2]) for pair in pairs if pair is not None}


def _same(filters: CaseFilters, chosen: Choice) -> bool:
    return filters == chosen.filters and chosen.wrong is None


def _view_address(filters: CaseFilters) -> str:
    return _address("/wall", {"q": worded(filters)})


def _address(path: str, words: Mapping[str, str]) -> str:
    said = urlencode({name: value for name, value in words.items() if value}, errors="replace")  # of a view's line
    return f"{path}?{said}" if said else path


def _refused(asked: Asked, says: str) -> Response:
    return page(asked, "base/message.html.j2", status=422, title=asked.words("wall.views"), says=says)


WAYS = (
    Way(path="/wall", does=wall),
    Way(path="/wall/news", does=news),
    Way(path="/wall/cards", does=some_cards),
    Way(path="/views", does=keep_view, method="POST", least="analyst", name="keep-view"),
    Way(path="/views/drop", does=forget_view, method="POST", least="analyst", name="drop-view"),
)
