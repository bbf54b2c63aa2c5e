"""Alert -> MIME message: text and HTML, the evidence picture inline, the same bytes for the same alert and delivery id.

Addresses come from the configuration only; nothing an advertiser wrote reaches a header but the screened subject.
"""

import re
from collections.abc import Callable
from email.errors import HeaderParseError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from alerts.message import Alert, AlertPicture
from alerts.wording import headline, moment, occasion, says, seen, words_of
from safety.screen import screen
from storage.errors import MediaMissing

SHOWN_WIDTH, SHOWN_HEIGHT = 576, 420  # CSS pixels that the picture may take
RENDITION_SIDE = 640  # longest side of a re-encoded picture, see detector.images.decode

_templates = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=select_autoescape(["html"]),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)
_ADDRESS = re.compile(r"[^\s<>,;:\"@()\[\]\\]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*", re.ASCII)
_PICTURE_KINDS = ((b"\x89PNG\r\n\x1a\n", "png"), (b"\xff\xd8\xff", "jpeg"))


def mailbox(text: str) -> Address:
    """Read exactly one address, `name@host` or `Anything <name@host>`.

    Raises:
        ValueError: the text is something else; the message does not repeat it.
    """
    text = text.strip()
    name, address = "", text
    if text.endswith(">"):
        name, _, address = text[:-1].rpartition("<")
    if not (address.isascii() and _ADDRESS.fullmatch(address)):
        raise ValueError("is no single mail address")
    try:
        return Address(screen(name.strip().strip('"')), addr_spec=address)
    except HeaderParseError:
        raise ValueError("is no single mail address") from None


def compose(
    alert: Alert,
    delivery_id: str,
    *,
    sender: Address,
    to: tuple[Address, ...],
    read: Callable[[str], bytes],
) -> EmailMessage:
    """Build the message; `read` returns a picture's bytes by address or raises MediaMissing."""
    message = EmailMessage(policy=SMTP)
    message["From"] = sender
    message["To"] = to
    message["Subject"] = f"[mekiki] {headline(alert)}"
    message["Date"] = alert.at
    message["Message-ID"] = f"<{delivery_id}@{sender.domain}>"
    if alert.case:
        message["References"] = f"<mekiki-case-{alert.case.id}@{sender.domain}>"
    message["Auto-Submitted"] = "auto-generated"
    message["X-Auto-Response-Suppress"] = "All"

    picture = _picture(alert.picture, read)
    identifier = f"evidence-{delivery_id}@{sender.domain}"
    shown = {"picture": identifier if picture else None, "picture_width": _width(alert.picture)}
    message.set_content(_render("mail.txt", alert, {}), cte="quoted-printable")
    message.add_alternative(_render("mail.html", alert, shown), subtype="html", cte="quoted-printable")
    if picture:
        data, kind = picture
        html = message.get_payload(1)
        assert isinstance(html, EmailMessage)
        html.add_related(
            data,
            maintype="image",
            subtype=kind,
            cid=f"<{identifier}>",
            disposition="inline",
            filename=f"evidence.{kind}",
        )
    for number, part in enumerate(part for part in message.walk() if part.is_multipart()):
        part.set_boundary(f"={delivery_id}={number}")
    return message


def _render(template: str, alert: Alert, extra: dict[str, Any]) -> str:
    words = words_of(alert)
    case = alert.case
    return _templates.get_template(template).render(
        alert=alert,
        words=words,
        headline=headline(alert),
        occasion=occasion(alert),
        decision=words.decisions.get(case.decision, case.decision) if case else "",
        percent=round(max(0.02, min(1.0, case.score)) * 100) if case else 0,
        more_evidence=alert.evidence_total - len(alert.evidence),
        more_items=case.items - len(alert.items) if case else 0,
        says=lambda entry: says(alert, entry),
        seen=lambda item: seen(alert, item),
        moment=moment,
        **extra,
    )


def _picture(picture: AlertPicture | None, read: Callable[[str], bytes]) -> tuple[bytes, str] | None:
    """Return the rendition and its kind; a message without its picture is better than no message."""
    if picture is None:
        return None
    try:
        data = read(picture.sha256)
    except MediaMissing:
        return None
    return next(((data, kind) for mark, kind in _PICTURE_KINDS if data.startswith(mark)), None)


def _width(picture: AlertPicture | None) -> int:
    """Return how wide to draw: never larger than the rendition, within the space there is."""
    if picture is None or not picture.width or not picture.height:
        return SHOWN_WIDTH
    side = max(picture.width, picture.height)
    scale = min(1.0, RENDITION_SIDE / side, SHOWN_WIDTH / picture.width, SHOWN_HEIGHT / picture.height)
    return max(1, round(picture.width * scale))
