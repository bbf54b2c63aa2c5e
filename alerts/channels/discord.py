"""Discord webhook: one embed with the evidence picture as its file.

`allowed_mentions` names nobody, so that even a mention that came through would notify nobody; the characters that begin
markup and mentions are look-alikes besides. `wait=true` asks for an answer after the message is kept, not before.
"""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from alerts.channels.posting import JSON, as_json, colour, read_json, receipt_of, with_query
from alerts.delivery import Receipt, reveal
from alerts.dialect import DISCORD, cut, units
from alerts.gate import Answer, Gate
from alerts.message import Alert
from alerts.picture import EvidencePicture, Read, evidence_picture
from alerts.templating import Templates
from alerts.texts import SHIPPED, Texts, fit_lines
from config.receivers import DiscordReceiver

# Embed limits (Discord, Message resource): characters of the parts, and of all of them together.
TITLE_LIMIT, DESCRIPTION_LIMIT, NAME_LIMIT, VALUE_LIMIT = 256, 4096, 256, 1024
FOOTER_LIMIT = 300  # of 2048 that Discord takes
FIELDS_LIMIT = 25
TOTAL_LIMIT = 6000
FILE_BYTES = 8_000_000  # what any server takes
SHOWN_ITEMS, SHOWN_CASES = 3, 20
LEFT_OUT = 100  # characters kept for saying how much is left out


def render(texts: Texts, picture: EvidencePicture | None = None) -> dict[str, Any]:
    """Return the message without its file; equal alerts give equal messages."""
    embed: dict[str, Any] = {
        "title": cut(texts.headline, TITLE_LIMIT),
        "color": int(colour(texts.alert)[1:], 16),
        "timestamp": texts.alert.at.isoformat(),
        "footer": {"text": cut(texts.footer, FOOTER_LIMIT)},
    }
    reasons = texts.reasons
    why = ["", DISCORD.bold(texts.words.why), *reasons] if reasons else []
    next_steps = ["", "  ".join(texts.next)] if texts.next else []
    embed["description"] = "\n".join(fit_lines([*texts.lead, *why, *next_steps], DESCRIPTION_LIMIT - 600, units))
    fields, left_out = _fields(texts, TOTAL_LIMIT - _size(embed))
    if fields:
        embed["fields"] = fields
        fields[-1]["value"] += f"\n{left_out}" if left_out else ""
    elif left_out:
        embed["description"] += f"\n\n{left_out}"
    message: dict[str, Any] = {"embeds": [embed], "allowed_mentions": {"parse": []}}
    if picture is not None:
        name = f"evidence.{picture.kind}"
        embed["image"] = {"url": f"attachment://{name}"}
        words = texts.words.picture_framed if picture.framed else texts.words.picture
        message["attachments"] = [{"id": 0, "filename": name, "description": words}]
    return message


def _fields(texts: Texts, room: int) -> tuple[list[dict[str, Any]], str | None]:
    """Return a field for each item or case that there is room for, and what to say of the rest."""
    room -= LEFT_OUT
    fields: list[dict[str, Any]] = []
    for lines in texts.digest(SHOWN_CASES) or texts.items(SHOWN_ITEMS):
        field = _field(lines)
        room -= units(field["name"]) + units(field["value"])
        if room < 0 or len(fields) == FIELDS_LIMIT:
            break
        fields.append(field)
    return fields, texts.left_out(len(fields))


def _field(lines: Sequence[str]) -> dict[str, Any]:
    name, *rest = lines
    value = "\n".join(fit_lines(rest, VALUE_LIMIT - LEFT_OUT, units)) or "–"
    return {"name": cut(name, NAME_LIMIT), "value": value, "inline": False}


def _size(embed: dict[str, Any]) -> int:
    return units(embed["title"]) + units(embed["description"]) + units(embed["footer"]["text"])


class DiscordChannel:
    """Sends to one Discord webhook."""

    def __init__(self, receiver: DiscordReceiver, gate: Gate, read: Read, templates: Templates = SHIPPED) -> None:
        self._receiver = receiver
        self._gate = gate
        self._read = read
        self._templates = templates

    async def send(self, alert: Alert, delivery_id: str, *, now: datetime) -> Receipt:
        """Post once. Discord knows no idempotency key: a repeated attempt may show the message twice."""
        key = self._receiver.key
        url = with_query(reveal(key, self._receiver.url), wait="true")
        texts = Texts(alert, DISCORD, self._templates)
        picture = evidence_picture(alert.picture, self._read, most_bytes=FILE_BYTES)
        body, headers = as_json(render(texts, picture)), JSON
        if picture is not None:
            body, kind = _with_file(body, picture)
            headers = {**JSON, "Content-Type": kind}
        answer = await self._gate.post(key, url, body, headers)
        return receipt_of(key, answer, texts, now=now, code=_code(answer))


def _with_file(message: bytes, picture: EvidencePicture) -> tuple[bytes, str]:
    """Return the body as multipart/form-data, and its content type; the boundary follows from the contents."""
    boundary = hashlib.sha256(message + picture.data).hexdigest()
    parts = (
        (b'name="payload_json"\r\nContent-Type: application/json', message),
        (
            f'name="files[0]"; filename="evidence.{picture.kind}"\r\nContent-Type: image/{picture.kind}'.encode(),
            picture.data,
        ),
    )
    body = b"".join(
        b"--%b\r\nContent-Disposition: form-data; %b\r\n\r\n%b\r\n" % (boundary.encode(), head, content)
        for head, content in parts
    )
    return body + b"--%b--\r\n" % boundary.encode(), f"multipart/form-data; boundary={boundary}"


def _code(answer: Answer) -> str:
    """Return Discord's error number; its words may repeat what was sent."""
    code = read_json(answer).get("code")
    return f"code {code}" if isinstance(code, int) and 0 < code < 1_000_000 else ""
