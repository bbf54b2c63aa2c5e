"""Around a case: its log in words, who registered its domain; merging it with others and taking items out of it.

    POST /case/{case}/merge      into it goes the case `other`; seen, note
    POST /case/{case}/unmerge    the case, a part of another one, stands alone again; note
    POST /case/{case}/split      item (several), seen, note: they get a case of their own
    POST /case/{case}/unsplit    the case goes back where it came from; note

`seen` is the last entry of the case's log that the person saw: what has changed since is left as it is (409).
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from starlette.responses import Response

from board.ways import Asked
from desk.inert import inert, inert_url
from safety.screen import defang_text
from storage.actions import DISMISS_REASONS
from storage.case_views import LogEntry
from storage.database import transaction
from storage.errors import JudgementRefused
from storage.merging import merge, unmerge
from storage.notice_steps import NOTICE
from storage.registrations import Registration
from storage.splitting import split, unsplit
from storage.visits import RECHECK
from takedown.translation import in_japanese

MOST_ITEMS = 1000  # split off at once
_NUMBER = re.compile(r"[0-9]{1,18}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One thing that happened to a case, or what the machine did several times in a row."""

    first: datetime
    last: datetime
    who: str  # safe to show, as the rest
    what: str
    told: tuple[str, ...]
    note: str


def entries_of(log: Sequence[LogEntry], asked: Asked) -> list[Entry]:
    """Return a log in words, the latest first; items that came in a row are one line."""
    found: list[Entry] = []
    for arrived, some in groupby(log, lambda entry: entry.action == "items_added"):
        row = list(some)
        if arrived and len(row) > 1:
            count = sum(len(entry.data.get("items", ())) for entry in row)
            found.append(
                Entry(
                    first=row[0].at,
                    last=row[-1].at,
                    who=inert(row[0].who, limit=40),
                    what=asked.words("wall.entry.items_added"),
                    told=(asked.words.count(count),),
                    note="",
                )
            )
        else:
            found += [_entry(entry, asked) for entry in row]
    return found[::-1]


def _entry(entry: LogEntry, asked: Asked) -> Entry:
    words = asked.words
    what = words.get(f"wall.entry.{entry.action}", inert(entry.action.replace("_", " "), limit=40))
    says = in_japanese(entry.note) if words.language == "ja" and entry.action == RECHECK else entry.note
    note = inert(says, limit=300)
    if entry.reason == "down" and entry.action in (RECHECK, NOTICE) and "by" in entry.data:
        by = str(entry.data["by"])
        note += f" ({words('case.likely', by=words.get(f'case.actor.{by}', inert(by, limit=40)))})"
    return Entry(
        first=entry.at,
        last=entry.at,
        who=inert(entry.who, limit=40),
        what=what,
        told=tuple(_told(entry, asked)),
        note=note,
    )


def _told(entry: LogEntry, asked: Asked) -> Iterator[str]:
    """Yield what an entry's reason and data add to its action."""
    data, words = entry.data, asked.words
    if entry.reason in DISMISS_REASONS:
        yield words(f"wall.reason.{entry.reason}")
    elif entry.reason:
        yield words.get(
            f"case.presence.{entry.reason}" if entry.action == RECHECK else f"case.step.{entry.reason}",
            inert(entry.reason.replace("_", " "), limit=60),
        )
    if "url" in data:
        yield inert_url(str(data["url"]), limit=120)
    if entry.action == NOTICE and data.get("notice"):
        yield words("case.notice_number", number=data["notice"])
    if data.get("tag"):
        yield "#" + inert(str(data["tag"]), limit=60)
    for name in ("into", "from", "split_from"):
        if isinstance(data.get(name), int):
            yield words("wall.case", number=data[name])
    for name in ("assignee", "harm"):
        if data.get(name):
            yield words.get(f"wall.harm.{data[name]}", inert(str(data[name]), limit=60))
    if entry.action in ("snooze", "due") and (until := data.get("until") or data.get("due")):
        yield words("case.until", at=words.moment(datetime.fromisoformat(str(until))))
    if entry.action == "items_added":
        yield words.count(len(data.get("items", ())))
    if entry.action == "undo":
        action = str(data.get("action", ""))
        yield words.get(f"wall.entry.{action}", inert(action, limit=40))


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """Who registered a domain, as its registry told; safe to show."""

    domain: str
    asked_at: datetime
    error: str
    facts: tuple[tuple[str, str], ...]  # key of our words, value


def registered(registration: Registration | None) -> Registered | None:
    """Return what a registry told of a domain."""
    if registration is None:
        return None
    facts = registration.facts
    number = f" (IANA {facts['registrar_id']})" if facts.get("registrar_id") else ""
    told = {
        "created": facts.get("created", "")[:10],
        "registrar": f"{facts.get('registrar', '')}{number}",
        "abuse": " / ".join(filter(None, (facts.get("abuse_email"), facts.get("abuse_phone")))),
        "registrant": " / ".join(filter(None, (facts.get("registrant"), facts.get("country")))),
        "status": ", ".join(facts.get("status", ())),
        "redacted": ", ".join(facts.get("redacted", ())),
    }
    return Registered(
        domain=defang_text(registration.domain),
        asked_at=registration.asked_at,
        error=inert(str(facts.get("error") or ""), limit=300),
        facts=tuple((name, inert(value, limit=300)) for name, value in told.items() if value),
    )


def merge_cases(asked: Asked) -> Response:
    """Make another case a part of this one."""
    case_id = asked.request.path_params["case"]
    other = _number(asked.text("other", most=20).strip().removeprefix("#"), asked, "case.which_case")
    with transaction(asked.board.engine) as session:
        merge(
            session,
            [case_id, other],
            who=asked.person.login,
            now=asked.board.now(),
            note=_note(asked),
            into=case_id,
            expect={case_id: _seen(asked)},
        )
    return asked.go(f"/case/{case_id}#together")


def unmerge_case(asked: Asked) -> Response:
    """Take a case that was merged out again."""
    case_id = asked.request.path_params["case"]
    with transaction(asked.board.engine) as session:
        into = unmerge(session, case_id, who=asked.person.login, now=asked.board.now(), note=_note(asked))
    return asked.go(f"/case/{into}#together" if asked.text("stay", most=3) == "yes" else f"/case/{case_id}#together")


def split_case(asked: Asked) -> Response:
    """Take items out of a case into one of their own."""
    case_id = asked.request.path_params["case"]
    chosen = [_number(one, asked, "case.which_items") for one in asked.texts("item")[:MOST_ITEMS]]
    if not chosen:
        raise JudgementRefused(asked.words("case.which_items"))
    with transaction(asked.board.engine) as session:
        new = split(
            session,
            case_id,
            chosen,
            who=asked.person.login,
            now=asked.board.now(),
            note=_note(asked),
            expect=_seen(asked),
        )
    return asked.go(f"/case/{new}#together")


def unsplit_case(asked: Asked) -> Response:
    """Put a case that was split off back where it came from."""
    case_id = asked.request.path_params["case"]
    with transaction(asked.board.engine) as session:
        whole = unsplit(session, case_id, who=asked.person.login, now=asked.board.now(), note=_note(asked))
    return asked.go(f"/case/{whole}#together")


def _seen(asked: Asked) -> int:
    return _number(asked.text("seen", most=20), asked, "case.not_seen")


def _note(asked: Asked) -> str:
    return asked.text("note", most=2000).strip()


def _number(text: str, asked: Asked, problem: str) -> int:
    if not _NUMBER.fullmatch(text):
        raise JudgementRefused(asked.words(problem))
    return int(text)
