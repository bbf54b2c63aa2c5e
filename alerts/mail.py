"""Texts -> MIME message: text and HTML, the evidence picture inline, the same bytes for the same alert and delivery id.

Addresses come from the configuration only; nothing an advertiser wrote reaches a header but the screened subject, and
that holds no encoded word.
"""

import re
from email.errors import HeaderParseError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP

from alerts.dialect import header_text
from alerts.picture import EvidencePicture, Read, evidence_picture
from alerts.texts import Texts
from safety.screen import screen

SHOWN_WIDTH, SHOWN_HEIGHT = 576, 420  # CSS pixels that the picture may take
SUBJECT_LIMIT = 250  # characters

_ADDRESS = re.compile(r"[^\s<>,;:\"@()\[\]\\]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*", re.ASCII)


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
        return Address(header_text(screen(name.strip().strip('"'))), addr_spec=address)
    except HeaderParseError:
        raise ValueError("is no single mail address") from None


def compose(
    texts: Texts,
    delivery_id: str,
    *,
    sender: Address,
    to: tuple[Address, ...],
    read: Read,
) -> EmailMessage:
    """Build the message; `read` returns a picture's bytes by address or raises MediaMissing."""
    alert = texts.alert
    message = EmailMessage(policy=SMTP)
    message["From"] = sender
    message["To"] = to
    message["Subject"] = _one_line(texts.render("subject.txt"))
    message["Date"] = alert.at
    message["Message-ID"] = f"<{delivery_id}@{sender.domain}>"
    if alert.case:
        message["References"] = f"<mekiki-case-{alert.case.id}@{sender.domain}>"
    message["Auto-Submitted"] = "auto-generated"
    message["X-Auto-Response-Suppress"] = "All"

    picture = evidence_picture(alert.picture, read)
    identifier = f"evidence-{delivery_id}@{sender.domain}"
    shown = {
        "picture": identifier if picture else None,
        "picture_width": _width(picture),
        "framed": picture is not None and picture.framed,
        "percent": round(max(0.02, min(1.0, alert.case.score)) * 100) if alert.case else 0,
    }
    message.set_content(texts.render("mail.txt"), cte="quoted-printable")
    message.add_alternative(texts.render("mail.html", **shown), subtype="html", cte="quoted-printable")
    if picture:
        html = message.get_payload(1)
        assert isinstance(html, EmailMessage)
        html.add_related(
            picture.data,
            maintype="image",
            subtype=picture.kind,
            cid=f"<{identifier}>",
            disposition="inline",
            filename=f"evidence.{picture.kind}",
        )
    for number, part in enumerate(part for part in message.walk() if part.is_multipart()):
        part.set_boundary(f"={delivery_id}={number}")
    return message


def _one_line(subject: str) -> str:
    """Make a template's text a subject: one line, nothing invisible, cut visibly."""
    return header_text(screen(" ".join(subject.split()), limit=SUBJECT_LIMIT))


def _width(picture: EvidencePicture | None) -> int:
    """Return how wide to draw: never larger than the picture, within the space there is."""
    if picture is None:
        return SHOWN_WIDTH
    scale = min(1.0, SHOWN_WIDTH / picture.width, SHOWN_HEIGHT / picture.height)
    return max(1, round(picture.width * scale))
