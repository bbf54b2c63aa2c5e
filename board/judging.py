"""Judging in the browser: what a form says becomes a judgement on cases as they were seen; and taking that back.

    POST /judgements        action, cases (each CASE:ENTRY, the last entry of its log that was seen), and what the
                            action needs: reason, days or until, into, assignee, tag, harm, note; back: where to go on
    POST /judgements/undo   done (each CASE:JUDGEMENTS:ENTRY, as the answer above had it), back

To the script of the wall (`on` is "wall") the answer is a sentence and pieces of the page: cards that are done vanish,
others are drawn anew. To everybody else it is a way back. A case that has changed since it was seen is left as it is:
409, with who did what.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import cast, get_args
from urllib.parse import parse_qsl, urlencode, urlsplit

from starlette.responses import Response

from board.cards import Card, card_of
from board.paper import page
from board.refused import refused_in
from board.ways import Asked, Way, inside
from desk.acts import ACTS
from desk.agreed import agreed
from desk.choices import NoFilter, read_filters
from desk.judging import Judged, judge_seen, take_back
from storage.actions import DISMISS_REASONS, Action
from storage.case_cards import case_cards
from storage.case_list import count_cases, fitting, summaries
from storage.case_news import last_entries
from storage.database import snapshot
from storage.judgements import Judgement
from storage.schema import Harm
from storage.views import CaseFilters

MOST_CASES = 1000  # judged at once
MOST_COUNTED = 10_000  # cases of a list; from there on nobody counts
MOST_CARRIED = 40  # cases whose undo fits an address
OFFERED: frozenset[Action] = frozenset(act.action for act in ACTS) | {"untag"}
_SEEN = re.compile(r"([0-9]{1,18}):([0-9]{1,18})")
_DONE = re.compile(r"([0-9]{1,18}):([12]):([0-9]{1,18})")


class NoJudgement(Exception):
    """What a form says makes no judgement; the message says what is missing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What was done, in words, with what takes it back."""

    says: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    done: tuple[str, ...] = ()  # CASE:JUDGEMENTS:ENTRY
    back: str = "/wall"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pieces:
    """What becomes of the cards on the wall."""

    gone: tuple[int, ...] = ()
    drawn: tuple[Card, ...] = ()
    first: tuple[Card, ...] = ()  # cards that come back, on top
    count: int | None = None  # of the list now; None where nothing was done


def judge_cases(asked: Asked) -> Response:
    """Judge cases."""
    try:
        seen, made = seen_cases(asked), judgement_of(asked)
    except NoJudgement as error:
        return _answer(asked, 422, Said(problems=(str(error),), back=back_of(asked)), Pieces())
    if made.action == "approve" and not asked.may("approver"):
        return _answer(asked, 403, Said(problems=(asked.words("base.refusal.denied"),), back=back_of(asked)), Pieces())
    judged = judge_seen(asked.board.engine, seen, agreed(made, asked.board.config, asked.now), asked.board.now)
    name = name_of(made)
    said = Said(
        says=(asked.words(f"wall.did.{name}", cases=_which(asked, list(judged.done))),) if judged.done else (),
        problems=tuple(_problems(asked, judged)),
        done=tuple(f"{case}:{steps}:{judged.entries[case]}" for case, steps in judged.done.items()),
        back=back_of(asked),
    )
    status = 409 if judged.changed else 422 if judged.refused and not judged.done else 200
    if status == 200 and not said.problems and not _on_wall(asked) and len(said.done) <= MOST_CARRIED:
        return asked.go(_with_done(said.back, name, said.done))
    return _answer(asked, status, said, _pieces(asked, judged) if _on_wall(asked) else Pieces())


def undo_cases(asked: Asked) -> Response:
    """Take judgements back."""
    carried = [_DONE.fullmatch(one) for one in asked.texts("done")[:MOST_CASES]]
    if not carried or None in carried:
        problem = asked.words("wall.nothing_to_undo")
        return _answer(asked, 422, Said(problems=(problem,), back=back_of(asked)), Pieces())
    found = [match for match in carried if match is not None]
    judged = take_back(
        asked.board.engine,
        {int(match[1]): int(match[2]) for match in found},
        who=asked.person.login,
        now=asked.board.now,
        meant={int(match[1]): int(match[3]) for match in found},
    )
    said = Said(
        says=(asked.words("wall.undone", cases=_which(asked, list(judged.done))),) if judged.done else (),
        problems=tuple(_problems(asked, judged)),
        back=back_of(asked),
    )
    if not said.problems and not _on_wall(asked):
        return asked.go(said.back)
    pieces = _pieces(asked, judged, back=True) if _on_wall(asked) else Pieces()
    return _answer(asked, 200 if judged.done else 422, said, pieces)


def said_of(asked: Asked) -> Said | None:
    """Return what the address of a page says was done before it; every page may show it, with `wall/said.html.j2`."""
    name, carried = asked.query.get("did", ""), asked.query.getlist("done")[:MOST_CARRIED]
    key = f"wall.did.{name}"
    if not carried or not all(map(_DONE.fullmatch, carried)) or not asked.words.get(key, ""):
        return None
    cases = [int(one.partition(":")[0]) for one in carried]
    here = asked.request.url.path + (f"?{asked.request.url.query}" if asked.request.url.query else "")
    return Said(says=(asked.words(key, cases=_which(asked, cases)),), done=tuple(carried), back=without_done(here))


def seen_cases(asked: Asked) -> dict[int, int]:
    """Read which cases are meant: case -> the last entry that was seen."""
    given = asked.texts("cases")
    if not given:
        raise NoJudgement(asked.words("wall.no_case"))
    if len(given) > MOST_CASES:
        raise NoJudgement(asked.words("wall.too_many", most=MOST_CASES))
    found = [_SEEN.fullmatch(one) for one in given]
    if None in found:
        raise NoJudgement(asked.words("wall.no_case"))
    return {int(match[1]): int(match[2]) for match in found if match is not None}


def judgement_of(asked: Asked) -> Judgement:
    """Read the judgement; it means what the same key means in `mekiki triage`."""
    action, note = asked.text("action", most=20), asked.text("note").strip()
    if action not in OFFERED:
        raise NoJudgement(asked.words("wall.no_action"))
    who, words = asked.person.login, asked.words
    made = Judgement(who=who, action=action, note=note)
    match action:
        case "dismiss":
            reason = asked.text("reason", most=20)
            if reason not in DISMISS_REASONS:
                raise NoJudgement(words("wall.no_reason"))
            return Judgement(who=who, action="dismiss", reason=reason, note=note, until=_until(asked))
        case "snooze":
            until = _until(asked)
            if until is None:
                raise NoJudgement(words("wall.no_days"))
            return Judgement(who=who, action="snooze", note=note, until=until)
        case "duplicate":
            into = asked.text("into", most=20).strip().removeprefix("#")
            if not re.fullmatch(r"[0-9]{1,18}", into):
                raise NoJudgement(words("wall.no_into"))
            return Judgement(who=who, action="duplicate", note=note, into=int(into))
        case "assign":
            name = asked.text("assignee", most=64).strip()
            return Judgement(who=who, action="assign", note=note, assignee={"": None, "-": ""}.get(name, name))
        case "tag" | "untag":
            tag = asked.text("tag", most=100).strip()
            off = action == "untag" or tag.startswith("-")
            return Judgement(who=who, action="untag" if off else "tag", note=note, tag=tag.removeprefix("-"))
        case "harm":
            harm = asked.text("harm", most=10)
            if harm not in (*get_args(Harm), "auto"):
                raise NoJudgement(words("wall.no_harm"))
            return Judgement(who=who, action="harm", note=note, harm=None if harm == "auto" else cast("Harm", harm))
        case "note" if not note:
            raise NoJudgement(words("wall.no_note"))
    return made


def _until(asked: Asked) -> datetime | None:
    """Read until when: so many days from now, or the end of a day in the team's zone."""
    days, until = asked.text("days", most=4).strip(), asked.text("until", most=10).strip()
    if re.fullmatch(r"[0-9]{1,3}", days) and 1 <= int(days) <= 365:
        return asked.now + timedelta(days=int(days))
    if not until:
        return None
    try:
        day = date.fromisoformat(until) + timedelta(days=1)
        return datetime.combine(day, time(), asked.board.zone).astimezone(UTC)
    except (ValueError, OverflowError):
        raise NoJudgement(asked.words("wall.no_days")) from None


def name_of(made: Judgement) -> str:
    """Return what a judgement is called in our words: an assignment to oneself has a name of its own."""
    return "mine" if made.action == "assign" and made.assignee is None else made.action


def back_of(asked: Asked) -> str:
    """Return where to go on: a path of the board, or the wall."""
    back = asked.text("back", most=2000)
    return without_done(back) if inside(back) else "/wall"


def without_done(path: str) -> str:
    """Return an address without what was done before."""
    parts = urlsplit(path)
    kept = [(name, value) for name, value in parse_qsl(parts.query) if name not in ("did", "done")]
    return parts.path + (f"?{urlencode(kept)}" if kept else "")


def _with_done(path: str, name: str, done: Sequence[str]) -> str:
    more = urlencode([("did", name), *(("done", one) for one in done)])
    return f"{path}{'&' if '?' in path else '?'}{more}"


def _on_wall(asked: Asked) -> bool:
    return asked.partial and asked.text("on", most=10) == "wall"


def _which(asked: Asked, cases: Sequence[int]) -> str:
    return asked.words("wall.case", number=cases[0]) if len(cases) == 1 else asked.words("wall.cases", count=len(cases))


def _problems(asked: Asked, judged: Judged) -> list[str]:
    with snapshot(asked.board.engine) as session:
        entries = last_entries(session, list(judged.changed))
    found = [
        asked.words("wall.changed", number=case, who=entry.who, what=what_of(asked, entry.action))
        for case, entry in entries.items()
    ]
    return found + [refused_in(asked.words.language, says) for says in judged.refused.values()]


def what_of(asked: Asked, action: str) -> str:
    """Return what an entry of a case's log is called."""
    return asked.words.get(f"wall.entry.{action}", action.replace("_", " "))


def _pieces(asked: Asked, judged: Judged, *, back: bool = False) -> Pieces:
    """Return what becomes of the cards: those that the list still has are drawn anew."""
    cases = [*judged.done, *judged.changed, *judged.refused]
    with snapshot(asked.board.engine) as session:
        filters = filters_of(asked)
        fits = fitting(session, filters, list(judged.done), now=asked.now)
        count = count_cases(session, filters, now=asked.now, most=MOST_COUNTED) if judged.done else None
        drawn = [case for case in cases if case in fits or case not in judged.done]
        cards = case_cards(session, summaries(session, drawn, asked.now))
        changes = last_entries(session, list(judged.changed))
    shown = [card_of(card, asked, changes.get(card.case.id)) for card in cards]
    again = tuple(card for card in shown if back and card.case.id in judged.done)
    gone = tuple(case for case in judged.done if case not in fits)
    drawn_anew = tuple(card for card in shown if card not in again)
    return Pieces(gone=gone, drawn=drawn_anew, first=again, count=count)


def filters_of(asked: Asked) -> CaseFilters:
    """Return the filters of the wall that asks."""
    try:
        return read_filters(asked.text("q", most=500)).of(asked.person.login)
    except NoFilter:
        return CaseFilters()


def _answer(asked: Asked, status: int, said: Said, pieces: Pieces) -> Response:
    if not asked.partial:
        return page(asked, "wall/judged.html.j2", status=status, said=said)
    response = page(asked, "wall/pieces.html.j2", status=status, said=said, pieces=pieces, most_counted=MOST_COUNTED)
    response.headers.update({"HX-Retarget": "#said", "HX-Reswap": "innerHTML"})
    return response


WAYS = (
    Way(path="/judgements", does=judge_cases, method="POST", least="analyst", name="judge"),
    Way(path="/judgements/undo", does=undo_cases, method="POST", least="analyst", name="undo"),
)
