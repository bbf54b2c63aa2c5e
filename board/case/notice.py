"""One notice: what is sent, how it stands, what happened, what came back; and each step on a person's word.

    GET  /notice/{notice}
    GET  /notice/{notice}/outgoing       exactly what would leave, to whom, with which files; what is missing
    POST /notice/{notice}/approve        read, note
    POST /notice/{notice}/file           read, theirs
    POST /notice/{notice}/state          seen, state, reason, note, theirs; for `filed` read, too
    POST /notice/{notice}/withdraw       seen, note
    POST /notice/{notice}/retry          seen, note

`read` is the digest of the content that the person saw: what was drafted anew since neither leaves nor is approved.
`seen` is the last step of the notice that the person saw: where there is another since, nothing is written (409).
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.responses import Response

from alerts.dispatch import gate_of
from board.paper import page
from board.refusal import says
from board.refused import told_in
from board.ways import Asked
from desk.inert import inert
from desk.noticing import approve_read, learned, try_again
from desk.plan_words import WORDS
from storage.columns import digest_of
from storage.database import snapshot, transaction
from storage.errors import NoticeRefused
from storage.merging import root_of
from storage.notice_entries import check_read, check_seen, hold_notice
from storage.notice_steps import FILED, OPEN, RULES, WATCHED
from storage.notice_views import NoticeView
from storage.notices import TOLD, Told, history, notice, withdraw
from storage.schema import Case
from takedown.errors import TakedownError
from takedown.filing import Desk, Outgoing, file_notice, prepare
from takedown.notice import Notice

MOST = 20_000  # characters of a value that are shown
MOST_STEPS = 100
MOST_REPLIES = 20
MOST_TARGETS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """What may be done with a notice, by this person, as it stands."""

    approve: bool = False
    file: bool = False
    states: tuple[str, ...] = ()
    withdraw: bool = False
    retry: bool = False
    theirs: bool = False


def show_notice(asked: Asked) -> Response:
    """Show a notice."""
    with snapshot(asked.board.engine) as session:
        view = notice(session, asked.request.path_params["notice"])
        root = root_of(session, view.case_id)
        waiting = session.scalar(select(Case.takedown_asked).where(Case.id == root))
        steps = [step for step in history(session, view.case_id) if step.notice_id == view.id]
    content = msgspec.convert(view.content, Notice)
    return page(
        asked,
        "case/notice.html.j2",
        view=view,
        notice=content,
        channel=asked.board.catalogue.find(view.channel),
        steps=steps[-MOST_STEPS:],
        replies=view.replies[-MOST_REPLIES:],
        shown=lambda text: shown(text, content),
        read=digest_of(view.content)[:16],
        seen=max((step.entry for step in steps), default=0),
        offered=offered(view, asked, waiting=waiting is not None),
        waiting=waiting,
        root=root,
        states=WORDS[asked.words.language].notice_states,
        kinds=WORDS[asked.words.language].kinds,
        late=view.state in OPEN and view.due_at is not None and view.due_at <= asked.now,
        most_targets=MOST_TARGETS,
    )


def outgoing(asked: Asked) -> Response:
    """Show exactly what would leave; nothing does."""
    number = asked.request.path_params["notice"]
    out: Outgoing | None = None
    refused = ""
    with snapshot(asked.board.engine) as session:
        view = notice(session, number)
    try:
        out = prepare(desk_of(asked), number)
    except (TakedownError, NoticeRefused) as error:
        refused = inert(told_in(asked.words.language, str(error)), limit=2000)
    content = msgspec.convert(view.content, Notice)
    request = msgspec.json.format(out.call.body, indent=2).decode() if out is not None and out.call is not None else ""
    return page(
        asked,
        "case/outgoing_piece.html.j2" if asked.partial else "case/outgoing.html.j2",
        view=view,
        notice=content,
        out=out,
        refused=refused,
        request=inert(request[:MOST], lines=True),
        shown=lambda text: shown(text, content),
        read=digest_of(view.content)[:16],
        mail=asked.board.config.takedown.mail,
        may_file=asked.may("approver"),
    )


def approve_notice(asked: Asked) -> Response:
    """Approve a draft that somebody else made, as it was read."""
    if not asked.board.config.takedown.second_approver:
        raise NoticeRefused(asked.words("case.no_approval"))
    read = _read(asked)

    def step(session: Session, view: NoticeView) -> None:
        approve_read(
            session, view, read=read, who=asked.person.login, note=_note(asked), config=asked.board.config,
            now=asked.board.now(),
        )  # fmt: skip

    return _taken(asked, step)


def send_notice(asked: Asked) -> Response:
    """File a draft: it leaves, or somebody has filled in the form."""
    read = _read(asked)
    number = asked.request.path_params["notice"]
    theirs = asked.text("theirs", most=200).strip() or None
    file_notice(desk_of(asked), number, who=asked.person.login, theirs=theirs, read=read)
    return asked.go(f"/notice/{number}")


def note_state(asked: Asked) -> Response:
    """Write down what somebody has learned of a notice."""
    state, theirs = asked.text("state", most=40), asked.text("theirs", most=200).strip() or None
    if state == "filed" and not asked.may("approver"):
        return says(asked, 403, "denied")
    reason = asked.text("reason", most=2000).strip()
    if state not in ("", "filed", *TOLD) or (not state and theirs is None):
        raise NoticeRefused(asked.words("case.no_state"))
    if state == "refused" and not reason:
        raise NoticeRefused(asked.words("case.no_reason"))

    read = _read(asked) if state == "filed" else ""

    def step(session: Session, view: NoticeView) -> None:
        check_read(view.id, view.content, read)
        learned(
            session,
            view,
            cast("Told | None", state or None),
            who=asked.person.login,
            note="; ".join(filter(None, (reason if state == "refused" else "", _note(asked)))),
            theirs=theirs,
            config=asked.board.config,
            catalogue=asked.board.catalogue,
            now=asked.board.now(),
        )

    return _taken(asked, step, seen=_seen(asked))


def withdraw_notice(asked: Asked) -> Response:
    """Give a notice up."""

    def step(session: Session, view: NoticeView) -> None:
        withdraw(session, view.id, who=asked.person.login, now=asked.board.now(), note=_note(asked))

    return _taken(asked, step, seen=_seen(asked))


def retry_notice(asked: Asked) -> Response:
    """Make a draft again of a notice that did not arrive."""

    def step(session: Session, view: NoticeView) -> None:
        note = _note(asked) or "it did not arrive"
        try_again(session, view, who=asked.person.login, note=note, now=asked.board.now())

    return _taken(asked, step, seen=_seen(asked))


def offered(view: NoticeView, asked: Asked, *, waiting: bool) -> Offered:
    """Return what may be done with a notice by a person.

    Args:
        view: the notice.
        asked: the person.
        waiting: the takedown of its case waits for approval.
    """
    if not asked.may("analyst"):
        return Offered()
    sending = view.sending_at is not None
    wanted = bool(asked.board.config.takedown.needed) and (view.approved_by is None or waiting)
    approver, draft = asked.may("approver"), view.state == "draft"
    said = [one for one in TOLD if view.state in RULES[one].of and one != view.state and not sending]
    return Offered(
        approve=approver and draft and not sending and wanted,
        file=approver and draft and not sending,
        states=(*(("filed",) if approver and draft else ()), *said),
        withdraw=(draft or view.state in WATCHED) and not sending,
        retry=sending,
        theirs=view.state in FILED,
    )


def shown(text: str, notice: Notice) -> str:
    """Return a value of a notice, safe to show, line by line; the names of our own files stay as they are."""
    safe = inert(text[:MOST].rstrip(), lines=True)
    for file in notice.attachments[:50]:
        safe = safe.replace(inert(file.name), file.name)
    return safe + (" …" if len(text) > MOST else "")


def desk_of(asked: Asked) -> Desk:
    """Return what filing needs."""
    board = asked.board
    return Desk(
        config=board.config,
        catalogue=board.catalogue,
        engine=board.engine,
        media=board.media,
        gate=gate_of(board.config),
        now=board.now,
    )


def of_notice(parameters: Mapping[str, Any]) -> str:
    """Return the subject of what is done with a notice."""
    return f"notice {parameters['notice']}"


def _taken(asked: Asked, step: Callable[[Session, NoticeView], None], *, seen: int | None = None) -> Response:
    """Take one step, in a transaction of its own; none where there is another one since the last that was seen."""
    number = asked.request.path_params["notice"]
    with transaction(asked.board.engine) as session:
        _, row = hold_notice(session, number)
        if seen is not None:
            check_seen(session, row, seen)
        step(session, notice(session, number))
    return asked.go(f"/notice/{number}")


def _read(asked: Asked) -> str:
    """Return the digest of what the person has read."""
    read = asked.text("read", most=64)
    if len(read) < 8:
        raise NoticeRefused(asked.words("case.not_read"))
    return read


def _seen(asked: Asked) -> int:
    """Return the last step of the notice that the person has seen."""
    seen = asked.text("seen", most=20)
    if not re.fullmatch(r"[0-9]{1,18}", seen):
        raise NoticeRefused(asked.words("case.not_seen"))
    return int(seen)


def _note(asked: Asked) -> str:
    return asked.text("note", most=2000).strip()
