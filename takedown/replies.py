"""Replies: mails and pasted texts that came back, each put to its notice and kept as it came.

1. `messages_in` cuts files, mailboxes, Maildir folders and standard input into messages.
2. Each is read in the sandbox (`takedown.incoming`): it comes from strangers.
3. It belongs to the notice whose mail it answers, else whose reference it names (in the subject, in what is new, in
   what it quotes), else whose reference of theirs; more than one at the first of these that finds any is none.
4. It is kept raw in the media store and once on record. It changes no state, but that a notice that was filed is
   acknowledged by it; not by a returned mail, and not by one from a domain that the notice did not go to.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parseaddr
from io import BytesIO
from pathlib import Path
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from config import Config
from detector.hosts import parse_host
from safety.sandbox import Refused, Sandbox, SandboxError
from safety.screen import screen
from spiders.tips import LARGEST_MAIL, mails_in
from storage.database import snapshot, transaction
from storage.media import MediaStore
from storage.notice_search import matching
from storage.notice_views import NoticeView
from storage.notices import REFERENCE, Reply, Told, add_reply, notice, set_state
from storage.schema import NoticeState
from takedown.catalogue import Catalogue
from takedown.channel import Channel
from takedown.reply_words import suggested

CPU_SECONDS = 10.0  # to read one message: a returned mail holds all that was sent
LONGEST_LINE = 300  # characters of a sender, a subject
_HEADER = re.compile(
    rb"(?i)^(?:return-path|received|delivered-to|from|subject|date|message-id|to|mime-version|x-[\w-]+):"
)
_MAILDIR = ("cur", "new")


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message as it came."""

    name: str  # where it is from, for people
    body: bytes
    pasted: bool = False  # words without headers


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What became of one message."""

    name: str
    number: int | None = None  # of its notice
    why: str = ""  # why it has none
    new: bool = False  # it was not on record before
    matched_by: str = ""
    sender: str = ""  # hostile, like subject and text
    subject: str = ""
    text: str = ""
    suggests: NoticeState | None = None
    automatic: bool = False
    stranger: str = ""  # the domain that it came from, where the notice did not go there
    returned: str = ""  # the address that a mail of ours did not reach, and why
    copy: bool = False  # only a copy was returned
    state: NoticeState | None = None  # of the notice, now
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Letterbox:
    """What taking replies needs."""

    config: Config
    catalogue: Catalogue
    engine: Engine
    media: MediaStore
    sandbox: Sandbox

    def own(self) -> list[str]:
        """Return our mail domains: what comes from there is passed on by a colleague."""
        takedown = self.config.takedown
        texts = [takedown.mail.sender, takedown.mail.reply_to or ""] if takedown.mail else []
        texts += [takedown.filer.email] if takedown.filer else []
        return sorted({domain for text in texts if (domain := _domain(text))})


def reader() -> Sandbox:
    """Return a sandbox with room for a whole returned mail."""
    return Sandbox(workers=1, cpu_seconds=CPU_SECONDS, wall_seconds=2 * CPU_SECONDS)


def messages_in(path: Path) -> Iterator[Message]:
    """Yield the messages of a file, a mailbox, or a folder of either.

    Raises:
        OSError: it cannot be read.
    """
    if not path.is_dir():
        with path.open("rb") as stream:
            if stream.peek(5)[:5] == b"From ":
                for number, mail in enumerate(mails_in(stream), 1):
                    yield Message(name=f"{path.name}: mail {number}", body=mail)
            else:
                yield message_of(path.name, stream.read(LARGEST_MAIL))
        return
    folders = [path / name for name in _MAILDIR if (path / name).is_dir()] or [path]
    for file in sorted(file for folder in folders for file in folder.iterdir() if file.is_file()):
        if not file.name.startswith("."):
            yield from messages_in(file)


def messages_of(name: str, body: bytes) -> list[Message]:
    """Return the messages in what came on standard input: a mailbox, one mail, or words."""
    if body.startswith(b"From "):
        return [Message(name=f"{name}: mail {n}", body=mail) for n, mail in enumerate(mails_in(BytesIO(body)), 1)]
    return [message_of(name, body)]


def message_of(name: str, body: bytes) -> Message:
    """Return one message: a mail where it begins with a header, else what somebody has pasted."""
    return Message(name=name, body=body, pasted=not _HEADER.match(body.lstrip(b"\r\n\t \xef\xbb\xbf")))


def take_reply(
    box: Letterbox,
    message: Message,
    *,
    who: str,
    now: datetime,
    number: int | None = None,
    state: Told | None = None,
    reason: str = "",
) -> Taken:
    """Put one message to its notice and keep it.

    Args:
        number: the notice, where the person who reads it knows.
        state: what the notice is put into, because of it.
        reason: why it was refused; default: what the message says.

    Raises:
        NoticeNotFound, NoticeRefused: of `number` and `state`.
    """
    try:
        read = _read(box, message)
    except Refused as error:
        return Taken(name=message.name, why=str(error))
    except SandboxError as error:
        return Taken(name=message.name, why=f"it cannot be read safely: {error}")
    with snapshot(box.engine) as session:
        if number is None:
            view, by, why = _match(session, read)
        else:
            view, by, why = notice(session, number), "person", ""
    told = Taken(
        name=message.name,
        why=why,
        matched_by=by,
        sender=read["sender"],
        subject=read["subject"],
        text=read["text"],
        automatic=read["automatic"],
        notes=tuple(read["notes"]),
    )
    if view is None:
        return told
    stranger = _stranger(box.catalogue, view, read["address"], read["sender"])
    returned = read["returned"]
    told = replace(
        told,
        number=view.id,
        suggests=None if returned else suggested(read["subject"], read["text"]),
        stranger="" if returned else stranger,
        returned=_lost(returned) if returned else "",
        copy=bool(returned) and _is_copy(box.config, view, returned["recipient"]),
    )
    due = box.catalogue.answer_within(view.channel) or box.config.takedown.remind
    reply = Reply(
        digest=box.media.put(message.body),
        received_at=_moment(read["at"], now),
        sender=screen(read["sender"], limit=LONGEST_LINE),
        subject=screen(read["subject"], limit=LONGEST_LINE),
        text=read["text"],
        matched_by=by,
        suggests=told.suggests,
        answers=not returned and not told.stranger,
        lost=bool(returned) and not told.copy and not returned["delayed"],
    )
    with transaction(box.engine) as session:
        new = add_reply(session, view.id, reply, who=who, now=now, due=due)
        if state is not None:
            note = reason or (" ".join(read["text"].split())[:LONGEST_LINE] if state == "refused" else "")
            set_state(session, view.id, state, who=who, now=now, due=due, note=note)
        after = notice(session, view.id)
    return replace(told, new=new, state=after.state)


def _read(box: Letterbox, message: Message) -> dict[str, Any]:
    target = "takedown.incoming:parse_pasted" if message.pasted else "takedown.incoming:parse_reply"
    options = {} if message.pasted else {"own": box.own()}
    found: dict[str, Any] = box.sandbox.call(target, message.body, reference=REFERENCE.pattern, **options)
    return found


def _match(session: Session, read: dict[str, Any]) -> tuple[NoticeView | None, str, str]:
    """Return the notice that a message belongs to and by what it was found; else why there is none."""
    for message_id in read["answers_to"]:
        found = matching(session, message_ids=[message_id]).get("message_id", ())
        if found:
            return _only(session, found, "message_id", message_id)
    named: list[str] = []
    for place in ("subject", "text", "quoted"):
        ours = read["ours"][place]
        named += ours
        found = matching(session, references=ours).get("reference", ()) if ours else ()
        if found:
            return _only(session, found, "reference", ", ".join(ours))
    for asked in ({"theirs": read["tokens"]}, {"squeezed": read["squeezed"]}):  # as it stands, else as others space it
        found = matching(session, **asked).get("their_reference", ())
        if found:
            return _only(session, found, "their_reference", "a reference of theirs")
    if named:
        return None, "", f"no notice has the reference {', '.join(dict.fromkeys(named))}"
    return None, "", "it names no reference of a notice; say which one it answers with --notice"


def _only(session: Session, found: Sequence[int], by: str, named: str) -> tuple[NoticeView | None, str, str]:
    if len(found) == 1:
        return notice(session, found[0]), by, ""
    several = ", ".join(map(str, found[:10]))
    return None, "", f"{screen(named, limit=80)} is of notices {several}; say which one it answers with --notice"


def _stranger(catalogue: Catalogue, view: NoticeView, address: str, sender: str) -> str:
    """Return the domain that a mail came from, where the notice did not go there; "" where it did, or for no mail.

    Whoever writes a mail writes its From header: the right domain there proves nothing, a wrong one is worth a look.
    """
    exact = _domain(address)
    domain = _registrable(exact)
    if not domain:
        return "no readable address" if sender else ""
    known = {_registrable(_domain(text)) for text in view.content.get("to", ())}
    channel = catalogue.find(view.channel)
    if channel is None or not channel.mails:  # else it says itself whence it answers
        known.add(_registrable(view.content.get("url") or ""))
        known |= {_registrable(text) for text in _sites(channel)}
    if channel is not None:
        known.add(_registrable(_domain(channel.address or "")))
        if any(exact == mails or exact.endswith(f".{mails}") for mails in channel.mails):
            return ""
    return "" if domain in known else domain


def _sites(channel: Channel | None) -> tuple[str, ...]:
    """Return the addresses on the web where complaints to a channel are filed."""
    if channel is None:
        return ()
    return tuple(url for url in (channel.url, channel.api and channel.api.url) if url)


def _is_copy(config: Config, view: NoticeView, recipient: str) -> bool:
    """Tell whether an address got a copy only."""
    asked = {parseaddr(text)[1].lower() for text in view.content.get("to", ())}
    mail = config.takedown.mail
    copies = {parseaddr(text)[1].lower() for text in mail.copies} if mail else set()
    return recipient.lower() in copies - asked


def _lost(returned: dict[str, str]) -> str:
    """Say in words, safe to show, what a returned mail says."""
    parts = (returned["status"], returned["words"])
    said = screen(returned["recipient"] or "an address that it does not name", limit=100)
    why = screen(": ".join(filter(None, parts)), limit=200)
    return said + (f" ({why})" if why else "") + (", so far: it is tried again" if returned["delayed"] else "")


def _moment(text: str, now: datetime) -> datetime:
    """Return when a message says it was written; now where it says nothing, or a time to come."""
    try:
        at = datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        return now
    return min(at, now)


def _domain(address: str) -> str:
    return parseaddr(address)[1].lower().rpartition("@")[2]


def _registrable(text: str) -> str:
    """Return the registrable domain of a host or a URL; "" where there is none."""
    host = parse_host(text) if text else None
    return (host.registrable or "") if host is not None else ""
