"""A mail that somebody forwarded -> Items and the pictures attached to it. A sandbox target.

Kept are the subject, the words, the links and the pictures: what the fraud is. Not kept are addresses, names and
headers of whoever sent it in: they are personal data, and no part of the proof.
"""

import re
from collections.abc import Iterator
from email import policy
from email.errors import MessageError
from email.message import EmailMessage
from email.parser import BytesParser
from email.utils import parsedate_to_datetime
from hashlib import sha256
from typing import Any

from spiders.pages.answers import texts_of
from spiders.pages.encoding import decode
from spiders.pages.links import LONGEST, click_url
from spiders.pages.reader import read_document

MOST_PARTS = 500  # of one mail
MOST_PICTURES = 40
MOST_MAILS = 20  # forwarded inside each other
MOST_LINKS = 200
LARGEST_PICTURE = 15 * 2**20  # bytes
BASE = "http://mail.invalid/"  # a mail has no address: what is relative in it leads nowhere
BROKEN = (LookupError, AttributeError, TypeError)  # what the standard library trips over in hostile headers
_URL = re.compile(r"https?://[^\s<>\"'）」】、。]{4,4000}")
_PICTURES = (b"\x89PNG\r\n", b"\xff\xd8\xff", b"GIF8", b"RIFF")


def parse_mail(body: bytes, *, kind: str = "post") -> dict[str, Any]:
    """Read a mail and the mails forwarded inside it.

    Args:
        body: the mail as it was saved (RFC 5322).
        kind: of the items.

    Returns:
        `items` (Item JSON objects; `images` name the pictures), `pictures` (name -> bytes), `notes` (what is missing).

    Raises:
        ValueError: it is no mail.
    """
    try:
        message = BytesParser(policy=policy.default).parsebytes(body)
        if not message.keys() or not any(message.get(name) for name in ("From", "Subject", "Date", "Message-ID")):
            raise ValueError("no mail: it has neither From, Subject, Date nor Message-ID")
        mail = _Mail(kind)
        mail.read(message, body)
    except (RecursionError, MessageError, *BROKEN) as error:
        raise ValueError(f"the mail is broken: {type(error).__name__}") from error
    return {"items": mail.items, "pictures": mail.pictures, "notes": mail.notes}


class _Mail:
    """What is taken out of one mail."""

    def __init__(self, kind: str) -> None:
        self.items: list[dict[str, Any]] = []
        self.pictures: dict[str, bytes] = {}
        self.notes: list[str] = []
        self._kind = kind

    def read(self, message: EmailMessage, body: bytes) -> None:
        """Take a message and those forwarded inside it."""
        identity = header_of(message, "Message-ID") or sha256(body).hexdigest()
        identity = sha256(identity.encode("utf-8", "surrogatepass")).hexdigest()[:32]
        plain: list[str] = []
        html: list[str] = []
        images: list[str] = []
        inner: list[EmailMessage] = []
        for number, part in enumerate(parts_of(message)):
            if number >= MOST_PARTS:
                self.notes.append(f"only the first {MOST_PARTS} parts of the mail were read")
                break
            if part.get_content_type() == "message/rfc822":
                inner.append(part)
            elif part.get_content_type() in ("text/plain", "text/html") and not part.is_attachment():
                (html if part.get_content_subtype() == "html" else plain).append(text_of(part))
            else:
                images += self._picture(part, identity, len(images))
        words, links = _readable(plain, html)
        subject = header_of(message, "Subject")
        texts = [*texts_of("title", subject), *texts_of("body", words)]
        item = {
            "id": identity,
            "kind": self._kind,
            "platform": "mail",
            "texts": texts,
            "links": links,
            "images": images,
            "first_shown": _day(message),
        }
        if texts or links or images:
            self.items.append({name: value for name, value in item.items() if value})
        for part in inner:
            if len(self.items) >= MOST_MAILS:
                self.notes.append(f"only {MOST_MAILS} mails forwarded inside each other were read")
                return
            content = part.get_payload(0) if part.is_multipart() else None
            if isinstance(content, EmailMessage):
                self.read(content, bytes(content))

    def _picture(self, part: EmailMessage, identity: str, number: int) -> list[str]:
        """Keep an attached picture, told by its first bytes; return its name."""
        payload = part.get_payload(decode=True)
        if not isinstance(payload, bytes) or not payload.startswith(_PICTURES):
            return []
        if len(self.pictures) >= MOST_PICTURES or len(payload) > LARGEST_PICTURE:
            self.notes.append("a picture was left out: too many, or too large")
            return []
        name = f"mail:{identity}/{number + 1}"
        self.pictures[name] = payload
        return [name]


def parts_of(message: EmailMessage) -> Iterator[EmailMessage]:
    """Yield the leaves of a message, in order, not those of mails forwarded inside it."""
    waiting = [message]
    while waiting:
        part = waiting.pop()
        payload = part.get_payload()
        if part.get_content_maintype() == "multipart" and isinstance(payload, list):
            waiting += [inner for inner in reversed(payload) if isinstance(inner, EmailMessage)]
        else:
            yield part


def text_of(part: EmailMessage) -> str:
    """Return the words of a part, whatever its encoding is said to be."""
    payload = part.get_payload(decode=True)
    return decode(payload, part.get_content_charset())[0] if isinstance(payload, bytes) else ""


def _readable(plain: list[str], html: list[str]) -> tuple[str, list[str]]:
    """Return the words and the links: of both forms, each word once where one form holds the other."""
    words = " ".join(" ".join(plain).split())
    links = [match[0].rstrip(".,;:!?)") for text in plain for match in _URL.finditer(text)]
    for text in html:
        document = read_document(text)
        hrefs = [element.attributes.get("href", "") for element in document.elements if element.tag == "a"]
        clicks = [click_url(href, BASE) for href in hrefs]
        links += [link for link in clicks if link and not link.startswith(BASE)]
        shown = " ".join("".join(document.texts).split())
        if shown not in words:  # mails for many carry something else, or nothing, in their plain form
            words = shown if words in shown else f"{words} {shown}"
    kept = [link for link in dict.fromkeys(links) if len(link) <= LONGEST and not link.lower().startswith("mailto:")]
    return words, kept[:MOST_LINKS]


def header_of(message: EmailMessage, name: str) -> str:
    """Return a header as one line, cut; nothing where there is none that can be read."""
    try:
        return " ".join(str(message.get(name) or "").split())[:2000]
    except (ValueError, *BROKEN):
        return ""


def _day(message: EmailMessage) -> str:
    try:
        return parsedate_to_datetime(header_of(message, "Date")).date().isoformat()
    except (ValueError, TypeError, IndexError, OverflowError):
        return ""
