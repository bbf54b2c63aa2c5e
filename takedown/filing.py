"""Filing: a draft leaves by its channel's way, on a person's word, and what left is on record.

1. `prepare` checks all that can be checked beforehand and shows what would leave: nothing is written, nothing is sent.
2. `file_notice` asks for the case's takedown where nobody has (a second approver may hold it back), notes that sending
   begins, and commits: only then something leaves.
3. It leaves: by the mail relay, by the interface's POST; a form was filled in by the person already.
4. What left is kept as a manifest (the very bytes, for whom, what was answered) with a row in the custody chain and a
   time stamp to come, and the notice is filed: one transaction.

What ends between 2 and 4 leaves the notice "sending": nobody files it twice before a person has looked. A try that
surely came to nothing leaves a draft, and says why.
"""

import asyncio
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from alerts.errors import DeliveryError
from alerts.gate import Gate
from alerts.relay import Relay, Taken
from config import Config
from safety.screen import screen
from storage.canonical import canonical
from storage.custody import append
from storage.database import snapshot, transaction
from storage.errors import StorageError
from storage.evidence import EvidenceFile, keep_file, keep_manifest
from storage.judgements import Judgement, judge
from storage.media import MediaStore
from storage.merging import root_of
from storage.notice_entries import check_read
from storage.notice_steps import refusal
from storage.notice_views import NoticeView
from storage.notices import begin_sending, filed, notice, sending_failed
from storage.schema import Case, CaseState
from storage.stamps import want_stamp
from takedown.actor import Actor
from takedown.actors import actors_of
from takedown.catalogue import Catalogue
from takedown.channel import Channel
from takedown.drafting import missing_for
from takedown.errors import FilingFailed, FilingRefused
from takedown.interface import Call, call_of, post_call
from takedown.mail import Letter, files_of, letter_of
from takedown.notice import Notice
from takedown.story import Story, tell_story

NOTICE = "notice"  # action in the custody chain
_ADVICE: Mapping[CaseState, str] = {
    "open": "judge it first: `mekiki judge {case} --confirm`",
    "snoozed": "judge it first: `mekiki judge {case} --confirm`",
    "down": "what is gone needs no notice; is it back? `mekiki judge {case} --relapse`",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What filing needs."""

    config: Config
    catalogue: Catalogue
    engine: Engine
    media: MediaStore
    gate: Gate
    now: Callable[[], datetime]
    trust: ssl.SSLContext | None = None  # for the mail relay; None: the system's certificate authorities


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """A notice as it would leave."""

    view: NoticeView
    notice: Notice
    channel: Channel
    case_state: CaseState
    letter: Letter | None = None  # by mail
    call: Call | None = None  # by an interface
    waits: tuple[str, ...] = ()  # what must happen before it can leave

    @property
    def due(self) -> timedelta | None:
        """Return within which time an answer is to be expected; None where nobody says."""
        return self.channel.answer.within if self.channel.answer else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Filed:
    """A notice that was filed."""

    view: NoticeView
    to: tuple[str, ...] = ()  # addresses that it was taken for
    refused: Mapping[str, int] = field(default_factory=dict)  # address -> reply code, where only some were taken
    answer: str = ""  # what the other side said, safe to show


def prepare(desk: Desk, wanted: int | str) -> Outgoing:
    """Check a draft and return it as it would leave; writes nothing, sends nothing.

    Raises:
        NoticeNotFound: no notice is called so.
        UnknownChannel: the catalogue has its channel no more.
        FilingRefused: it may not be filed, or something is missing.
    """
    now = desk.now()
    with snapshot(desk.engine) as session:
        view = notice(session, wanted)
        root = root_of(session, view.case_id)
        story = tell_story(session, desk.config, root, now=now)
    channel = desk.catalogue.get(view.channel)
    content = msgspec.convert(view.content, Notice)
    if view.state != "draft":
        how = "" if view.filed_at is None else f"was filed on {view.filed_at:%Y-%m-%d %H:%M} UTC and "
        raise FilingRefused(f"notice {view.id} {how}is {view.state}; only a draft is filed")
    unfinished = refusal("sending", view.id, view.state, view.sending_at)
    if refused := unfinished or _case_refuses(story.case.state, root, view.id):
        raise FilingRefused(refused)
    actor = _actor(story, content)
    _check_complete(desk, story, actor, channel, content, now)
    letter, call = _written(desk, channel, content, now)
    return Outgoing(
        view=view,
        notice=content,
        channel=channel,
        case_state=story.case.state,
        letter=letter,
        call=call,
        waits=_waits(desk.config, view, story.case.takedown_asked, root),
    )


def file_notice(desk: Desk, wanted: int | str, *, who: str, theirs: str | None = None, read: str = "") -> Filed:
    """File a draft, on the word of a person.

    Args:
        theirs: the reference that a form gave to the person who filled it in.
        read: what this person has read, as `storage.notice_entries.check_read` has it; empty: it is not asked.

    Raises:
        NoticeNotFound, UnknownChannel: there is none.
        FilingRefused, NoticeRefused, JudgementRefused: it may not be filed, or not yet; nothing has left.
        FilingFailed: it was not taken, or nobody knows (`unknown`).
    """
    out = prepare(desk, wanted)
    check_read(out.view.id, out.view.content, read)
    if theirs is not None and out.channel.way != "form":
        raise FilingRefused(
            f"notice {out.view.id} is filed from here and gets its reference from {out.channel.key}; "
            "`mekiki takedown state` sets it afterwards"
        )
    sent = _keep_what_leaves(desk, out)
    began = desk.now()
    _begin(desk, out, who)
    to: tuple[str, ...] = ()
    refused: Mapping[str, int] = {}
    status, answer, reference = None, "", theirs
    try:
        if out.letter is not None:
            taken = _mail(desk, out.letter)
            to, refused, answer = taken.recipients, taken.refused, taken.answer
        elif out.call is not None:
            accepted = asyncio.run(post_call(out.call, desk.gate, now=desk.now()))
            status, reference = accepted.status, accepted.reference
            sent = (*sent, keep_file(desk.media, "answer", accepted.answer))
    except FilingFailed as error:
        if error.unknown:
            raise _unknown(out, error) from None
        mail = desk.config.takedown.mail
        place = f"{mail.host}:{mail.port}: " if mail is not None else ""  # in no log: it is read by others, too
        with transaction(desk.engine) as session:
            sending_failed(session, out.view.id, who=who, now=desk.now(), note=str(error).removeprefix(place))
        raise
    facts = {
        "notice": out.view.id,
        "case": out.view.case_id,
        "reference": out.notice.reference,
        "channel": out.channel.key,
        "way": out.channel.way,
        "url": out.notice.url,
        "to": list(to),
        "refused": dict(refused),
        "status": status,
        "answer": answer,
        "theirs": reference,
        "message_id": out.letter.message_id if out.letter else None,
        "files": [] if out.call is not None else [msgspec.to_builtins(one) for one in out.notice.attachments],
    }
    try:
        view = _record(desk, out, sent, facts, began=began, who=who)
    except (StorageError, SQLAlchemyError) as error:
        raise FilingFailed(
            f"notice {out.view.id} has left, but that could not be written down ({type(error).__name__}); once the "
            f"database can be used again: `mekiki takedown state {out.view.id} filed`",
            unknown=True,
        ) from error
    return Filed(view=view, to=to, refused=refused, answer=screen(answer, limit=200))


def _begin(desk: Desk, out: Outgoing, who: str) -> None:
    """Ask for the takedown where nobody has, and note that sending begins; in one transaction, which ends here."""
    approvers = desk.config.takedown.needed
    with transaction(desk.engine) as session:
        held = _ask_for_takedown(session, desk.config, out.view, who, desk.now())
        if not held:
            view = begin_sending(session, out.view.id, who=who, approvers=approvers, now=desk.now())
            if view.content != out.view.content:
                raise FilingRefused(f"notice {view.id} was drafted anew meanwhile; look at it again, then file it")
    if held:
        raise FilingRefused(f"notice {out.view.id}: nothing was filed; {held}")


def _ask_for_takedown(session: Session, config: Config, view: NoticeView, who: str, now: datetime) -> str:
    """Have the case judged to be taken down by the person who files; return what it waits for then, "" for nothing."""
    root = root_of(session, view.case_id)
    case = session.get_one(Case, root)
    if case.state == "takedown" or case.state not in ("confirmed", "relapsed"):
        return ""  # begin_sending says what is wrong with the others
    if case.takedown_asked is None:
        judge(session, root, Judgement(who=who, action="takedown", approvers=config.takedown.needed), now=now)
        session.refresh(case)
    if case.takedown_asked is None:
        return ""
    return _approval(config, case.takedown_asked, root, view.id)


def _record(
    desk: Desk,
    out: Outgoing,
    sent: tuple[EvidenceFile, ...],
    facts: Mapping[str, Any],
    *,
    began: datetime,
    who: str,
) -> NoticeView:
    """Keep the proof of what left and put the notice into state filed."""
    now = desk.now()
    manifest = keep_manifest(
        desk.media, action=NOTICE, subject=out.notice.reference, at=now, started_at=began, files=sent, facts=facts
    )
    refused = facts["refused"]
    with transaction(desk.engine) as session:
        view = filed(
            session,
            out.view.id,
            who=who,
            now=now,
            due=out.due or desk.config.takedown.remind,
            theirs=facts["theirs"],
            manifest=manifest,
            message_id=facts["message_id"],
            note=f"refused: {', '.join(f'{one} ({code})' for one, code in refused.items())}" if refused else "",
        )
        data = {"notice": view.id, "channel": view.channel}
        append(session, at=now, who=who, action=NOTICE, subject=out.notice.reference, manifest=manifest, data=data)
        if desk.config.evidence.authority is not None:
            want_stamp(session, manifest, desk.config.evidence.authority, now)
    return view


def _keep_what_leaves(desk: Desk, out: Outgoing) -> tuple[EvidenceFile, ...]:
    """Put the very bytes that leave into the media store, before they do."""
    if out.letter is not None:
        return (keep_file(desk.media, "message", out.letter.data),)
    if out.call is not None:
        return (keep_file(desk.media, "request", out.call.body),)
    content = keep_file(desk.media, "content", canonical(dict(out.view.content)))
    along = (
        EvidenceFile(role="attachment", number=number, address=one.sha256, bytes=one.bytes)
        for number, one in enumerate(out.notice.attachments, 1)
    )
    return (content, *along)


def _mail(desk: Desk, letter: Letter) -> Taken:
    """Hand a letter to the relay.

    Raises:
        FilingFailed: nobody who is asked to act was taken, or nobody knows.
    """
    mail = desk.config.takedown.mail
    assert mail is not None  # _written has looked
    relay = Relay(
        name="takedown.mail",
        host=mail.host,
        port=mail.port,
        security=mail.security,
        user=mail.user,
        password=mail.password,
        hosts=desk.gate.rule.hosts,
        timeout=desk.gate.timeout,
        trust=desk.trust,
    )
    failure: DeliveryError | None = None
    try:
        taken = asyncio.run(relay.send(letter.data, letter.sender, letter.recipients))
    except DeliveryError as error:
        failure = error
    if failure is not None:
        raise FilingFailed(f"{mail.host}:{mail.port}: {failure.reason}", unknown=failure.unknown)
    if not set(letter.to) & set(taken.recipients):
        refused = ", ".join(f"{address} ({taken.refused[address]})" for address in letter.to)
        raise FilingFailed(f"{mail.host}:{mail.port}: the relay refused {refused} and took the copies alone")
    return taken


def _written(desk: Desk, channel: Channel, content: Notice, now: datetime) -> tuple[Letter | None, Call | None]:
    """Return the letter or the call that a notice becomes; neither for a form."""
    config = desk.config
    if channel.way == "api":
        return None, call_of(content, channel, config.takedown.account_for(channel.key))
    files = files_of(content.attachments, desk.media)
    if channel.way == "form":
        return None, None
    if config.takedown.mail is None:
        raise FilingRefused(
            f"{channel.key} takes mail, and no relay is configured: [takedown.mail] needs sender and host"
        )
    return letter_of(content, channel, config.takedown.mail, at=now, files=files), None


def _actor(story: Story, content: Notice) -> Actor:
    """Return whom a notice is about.

    Raises:
        FilingRefused: nobody of the case any more.
    """
    for actor in actors_of(story):
        if (actor.kind, actor.subject) == (content.actor, content.subject):
            return actor
    raise FilingRefused(
        f"{content.actor} {screen(content.subject, limit=100)} has no part in case {story.case.id} any more; "
        f"see `mekiki takedown plan {story.case.id}`"
    )


def _check_complete(desk: Desk, story: Story, actor: Actor, channel: Channel, content: Notice, now: datetime) -> None:
    """Raise FilingRefused where something is missing by now, e.g. because an authority has ended since the draft."""
    today = desk.config.triage.day_of(now)
    missing = missing_for(story, actor, channel, desk.config, content.language, today=today)
    if missing:
        raise FilingRefused(f"{channel.key}: " + "; ".join(one.says for one in missing))


def _case_refuses(state: CaseState, case: int, number: int) -> str:
    """Say why a notice of a case in this state is not filed; "" where it is."""
    if state in ("confirmed", "takedown", "relapsed"):
        return ""
    advice = _ADVICE.get(state, f"is it not? `mekiki judge {case} --reopen`").format(case=case)
    return f"notice {number}: case {case} is {state}; {advice}"


def _waits(config: Config, view: NoticeView, asked: str | None, case: int) -> tuple[str, ...]:
    """Return what a draft waits for: the approval of its case, its own."""
    if not config.takedown.needed:
        return ()
    waits = []
    if asked is not None:
        waits.append(_approval(config, asked, case, view.id))
    if view.approved_by is None:
        others = [one for one in config.takedown.approvers if one != view.drafted_by]
        named = " or ".join(others) or "somebody else whom [takedown] approvers names"
        waits.append(f"it waits for approval by {named}: `mekiki takedown approve {view.id}`")
    return tuple(waits)


def _approval(config: Config, asked: str, case: int, number: int) -> str:
    others = [one for one in config.takedown.approvers if one != asked]
    named = " or ".join(others) or "somebody else whom [takedown] approvers names"
    return f"the takedown of case {case} that {asked} asked for waits for {named}: `mekiki takedown approve {number}`"


def _unknown(out: Outgoing, error: FilingFailed) -> FilingFailed:
    number = out.view.id
    return FilingFailed(
        f"{error}; nobody knows whether it arrived: look, then `mekiki takedown state {number} filed` "
        f"or `mekiki takedown retry {number}`",
        unknown=True,
    )
