"""Notice -> MIME message: plain text, the files that prove it, XARF where it is read; and for whom it is.

The same notice, time and files give the same bytes, so that what was sent can be proved. Recipients are the channel's
own address, or the contacts in the notice, and `takedown.mail.copies`; each is exactly one address or the notice does
not leave. Where a report for machines goes along, the message is a `multipart/report` with a `message/feedback-report`
of type xarf and a part named `xarf.json`, as those who read it by machine expect; other files stand beside that report.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage, MIMEPart
from email.policy import SMTP
from hashlib import sha256

from alerts.dialect import header_text
from alerts.mail import mailbox
from config.takedown import NoticeMail
from safety.screen import screen
from storage.custody import TOOL
from storage.errors import MediaMissing
from storage.media import MediaStore
from takedown.channel import CONTACT, Channel
from takedown.errors import FilingRefused
from takedown.notice import XARF, Attachment, Notice

# Bytes of a whole message. Many mail systems refuse more than 25 MB, Base64 included; ours is a bit below.
LARGEST = 20 * 2**20
SUBJECT_LIMIT = 250  # characters
REPORT = "xarf.json"  # as those who read it by machine look for it
MOST_RECIPIENTS = 10  # of one notice, without copies
_TYPES = {
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".gif": "image/gif",
    ".webp": "image/webp",
    ".pdf": "application/pdf",
    ".warc.gz": "application/gzip",
    ".json": "application/json",
}
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,80}(?:\.[a-z0-9]{1,8}){1,2}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A notice as it goes to the mail relay."""

    message_id: str  # in angle brackets
    sender: str  # address of the envelope
    to: tuple[str, ...]  # addresses that are asked to act
    copies: tuple[str, ...]
    subject: str
    data: bytes
    files: tuple[str, ...]  # names of what goes along

    @property
    def recipients(self) -> tuple[str, ...]:
        """Return the addresses of the envelope, each once."""
        return tuple(dict.fromkeys((*self.to, *self.copies)))


def letter_of(
    notice: Notice,
    channel: Channel,
    mail: NoticeMail,
    *,
    at: datetime,
    files: Sequence[tuple[Attachment, bytes]] = (),
) -> Letter:
    """Write a notice as mail.

    Args:
        notice: what is sent.
        channel: whose address it goes to.
        mail: who sends it, and who gets a copy.
        at: date of the message.
        files: what goes along, with its bytes, as `files_of` reads them; one of kind XARF is the report for machines.

    Raises:
        FilingRefused: an address is none, there is no recipient, or the message is too large.
    """
    sender = _mailbox(mail.sender, "takedown.mail.sender")
    to = recipients_of(notice, channel)
    copies = tuple(_mailbox(text, f"takedown.mail.copies[{n}]") for n, text in enumerate(mail.copies))
    message_id = f"<{notice.reference}@{sender.domain}>"
    message = EmailMessage(policy=SMTP)
    message["From"] = sender
    message["To"] = tuple(Address(addr_spec=address) for address in to)
    if copies:
        message["Cc"] = copies
    if mail.reply_to is not None:
        message["Reply-To"] = _mailbox(mail.reply_to, "takedown.mail.reply_to")
    message["Subject"] = subject = subject_of(notice)
    message["Date"] = at
    message["Message-ID"] = message_id
    message["User-Agent"] = TOOL
    message["MIME-Version"] = "1.0"
    report = next((data for one, data in files if one.kind == XARF), None)
    named = [(_safe_name(one, number), data) for number, (one, data) in enumerate(files, 1) if one.kind != XARF]
    _fill(message, notice.body, named, report)
    for number, part in enumerate(part for part in message.walk() if part.is_multipart()):
        part.set_boundary(f"={notice.reference}={number}")
    data = message.as_bytes()
    if len(data) > LARGEST:
        raise FilingRefused(
            f"the message has {_megabytes(len(data))}, more than the {_megabytes(LARGEST)} that mail systems take; "
            "draft the notice again with fewer files"
        )
    return Letter(
        message_id=message_id,
        sender=sender.addr_spec,
        to=to,
        copies=tuple(address.addr_spec for address in copies),
        subject=subject,
        data=data,
        files=(*(name for name, _ in named), *([REPORT] if report is not None else [])),
    )


def subject_of(notice: Notice) -> str:
    """Return the subject of the mail: one line, nothing invisible, with our reference in front."""
    title = " ".join(notice.title.split())
    tag = f"[{notice.reference}]"
    return header_text(screen(title if tag in title else f"{tag} {title}", limit=SUBJECT_LIMIT))


def recipients_of(notice: Notice, channel: Channel) -> tuple[str, ...]:
    """Return the addresses that are asked to act, without names, each once.

    Raises:
        FilingRefused: there is none, one is none, or it is not the channel's.
    """
    addresses = tuple(dict.fromkeys(_bare(text) for text in notice.to))
    if not addresses:
        raise FilingRefused(f"{channel.key}: no mail address is known; look for one, then draft the notice again")
    if channel.address != CONTACT and addresses != (_bare(channel.address or ""),):
        raise FilingRefused(
            f"{channel.key}: the catalogue names {screen(channel.address or 'no address')}, the notice another "
            "address; draft it again"
        )
    if len(addresses) > MOST_RECIPIENTS:
        raise FilingRefused(f"{channel.key}: {len(addresses)} addresses are more than {MOST_RECIPIENTS}")
    return addresses


def files_of(attachments: Iterable[Attachment], media: MediaStore) -> list[tuple[Attachment, bytes]]:
    """Read the files that go along, each checked against its SHA-256.

    Raises:
        FilingRefused: one is missing or not what it was; the message names it.
    """
    found = []
    for one in attachments:
        try:
            data = media.read(one.sha256)
        except (MediaMissing, ValueError) as error:
            raise FilingRefused(
                f"{screen(one.name, limit=80)}: {screen(str(error))}; draft the notice again without it"
            ) from None
        if sha256(data).hexdigest() != one.sha256:
            raise FilingRefused(
                f"{screen(one.name, limit=80)}: the file in the media store is damaged; see `mekiki verify`"
            )
        found.append((one, data))
    return found


def _fill(message: MIMEPart, body: str, files: Sequence[tuple[str, bytes]], xarf: bytes | None) -> None:
    """Put text, report and files into a message."""
    if xarf is None:
        _set_text(message, body)
    elif not files:
        _set_report(message, body, xarf)
    else:
        report = MIMEPart(policy=SMTP)
        _set_report(report, body, xarf)
        message["Content-Type"] = "multipart/mixed"
        message.attach(report)
    for name, data in files:
        maintype, _, subtype = _type_of(name).partition("/")
        message.add_attachment(data, maintype=maintype, subtype=subtype, filename=name)


def _set_text(part: MIMEPart, body: str) -> None:
    written = body.encode("utf-8", "replace")  # half a character is none
    foreign = sum(byte >= 0x80 for byte in written)
    # What people and simple programs see of a raw mail: quoted-printable where that is the shorter one.
    short = 3 * 2 * foreign < len(written)
    part.set_content(written.decode(), cte="quoted-printable" if short else "base64")


def _set_report(part: MIMEPart, body: str, xarf: bytes) -> None:
    """Make a part a feedback report (RFC 5965) of type xarf."""
    part["Content-Type"] = 'multipart/report; report-type="feedback-report"'
    text, feedback, report = (MIMEPart(policy=SMTP) for _ in range(3))
    _set_text(text, body)
    feedback["Content-Type"] = "message/feedback-report"
    feedback["Content-Disposition"] = "inline"
    feedback.set_payload(f"Feedback-Type: xarf\r\nUser-Agent: {TOOL.replace(' ', '/')}\r\nVersion: 1\r\n")
    report.set_content(xarf, maintype="application", subtype="json", disposition="attachment", filename=REPORT)
    report.set_param("name", REPORT)
    for one in (text, feedback, report):
        part.attach(one)


def _mailbox(text: str, key: str) -> Address:
    try:
        return mailbox(text)
    except ValueError as error:
        wrong = str(error)
    raise FilingRefused(f"{key} {wrong}; correct it in the configuration")


def _bare(text: str) -> str:
    """Return the address in what somebody else called a contact; its name is dropped."""
    try:
        address = mailbox(text)
    except ValueError as error:
        wrong = str(error)
    else:
        if "." in address.domain:
            return address.addr_spec
        wrong = "is no address on the internet"
    raise FilingRefused(f"the contact {screen(' '.join(text.split()), limit=80)!r} {wrong}; draft the notice again")


def _safe_name(one: Attachment, number: int) -> str:
    """Return the name of a file; names of another form than ours are replaced."""
    return one.name if _NAME.fullmatch(one.name) else f"file-{number}-{one.sha256[:16]}.bin"


def _type_of(name: str) -> str:
    return next((kind for ending, kind in _TYPES.items() if name.endswith(ending)), "application/octet-stream")


def _megabytes(count: int) -> str:
    return f"{count / 2**20:.1f} MB"
