"""Microsoft Teams: an adaptive card for a workflow "post to a channel when a webhook request is received".

Every text stands in runs of a RichTextBlock, which Teams shows letter by letter: no Markdown, no `{{DATE()}}`, and no
mention, because a card without `msteams.entities` has none. The picture goes along as a data URI, as large as the rest
of the 28 KB allows.
"""

import base64
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from alerts.channels.posting import JSON, as_json, receipt_of, within
from alerts.delivery import Receipt, reveal
from alerts.dialect import TEAMS, cut, runs
from alerts.gate import Gate
from alerts.message import Alert
from alerts.picture import EvidencePicture, Read, evidence_picture
from alerts.templating import Templates
from alerts.texts import SHIPPED, Texts
from config.receivers import TeamsReceiver

# "The message size limit is approximately 28 KB" for posting a card (Microsoft Teams connector, known issues).
MESSAGE_BYTES = 27_000
PICTURE_SHARE = 200  # bytes around a picture's data URI in the card
_STYLES = {"impersonation": "attention", "suspicious": "warning"}

Element = dict[str, Any]


def render(texts: Texts, read: Read) -> dict[str, Any]:
    """Return the message as the workflow's trigger takes it; `read` returns a stored picture by its address."""
    counts = (20, 12, 6, 3, 1) if texts.alert.digest else (3, 2, 1, 0)
    message = within(MESSAGE_BYTES, counts, texts, lambda told, count: _message(told, count, None))
    room = (MESSAGE_BYTES - len(as_json(message)) - PICTURE_SHARE) * 3 // 4
    picture = evidence_picture(texts.alert.picture, read, most_bytes=room)
    if picture is None:
        return message
    return within(MESSAGE_BYTES, counts, texts, lambda told, count: _message(told, count, picture))


def _message(texts: Texts, count: int, picture: EvidencePicture | None) -> dict[str, Any]:
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "fallbackText": "".join(run.text for run in runs(cut(texts.headline, 300))),
        "msteams": {"width": "Full"},
        "body": _body(texts, count, picture),
    }
    attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None, "content": card}
    return {"type": "message", "attachments": [attachment]}


def _body(texts: Texts, count: int, picture: EvidencePicture | None) -> list[Element]:
    decision = texts.alert.case.decision if texts.alert.case else ""
    head = [_line(cut(texts.headline, 300), size="Large", weight="Bolder"), *map(_line, texts.lead)]
    body: list[Element] = [
        {"type": "Container", "style": _STYLES.get(decision, "emphasis"), "bleed": True, "items": head}
    ]
    if picture is not None:
        body.append(_picture(picture, texts.words.picture_framed if picture.framed else texts.words.picture))
    if reasons := texts.reasons:
        body.append(_part([_line(TEAMS.bold(texts.words.why)), *map(_line, reasons)]))
    parts = texts.digest(count) or texts.items(count)
    body += [_part(list(map(_line, part))) for part in parts]
    if more := texts.left_out(len(parts)):
        body.append(_part([_line(more)]))
    if commands := texts.next:
        body.append(_part(list(map(_line, commands))))
    return [*body, {**_line(texts.footer, size="Small", isSubtle=True), "separator": True}]


def _part(items: Sequence[Element]) -> Element:
    return {"type": "Container", "separator": True, "spacing": "Medium", "items": list(items)}


def _line(text: str, **look: Any) -> Element:
    inlines = [
        {
            "type": "TextRun",
            "text": run.text,
            **look,
            **({"weight": "Bolder"} if run.bold else {}),
            **({"fontType": "Monospace"} if run.code else {}),
        }
        for run in runs(text)
    ]
    return {"type": "RichTextBlock", "spacing": "Small", "inlines": inlines or [{"type": "TextRun", "text": "–"}]}


def _picture(picture: EvidencePicture, words: str) -> Element:
    data = base64.b64encode(picture.data).decode("ascii")
    return {"type": "Image", "url": f"data:image/{picture.kind};base64,{data}", "altText": words, "size": "Stretch"}


class TeamsChannel:
    """Sends to one workflow."""

    def __init__(self, receiver: TeamsReceiver, gate: Gate, read: Read, templates: Templates = SHIPPED) -> None:
        self._receiver = receiver
        self._gate = gate
        self._read = read
        self._templates = templates

    async def send(self, alert: Alert, delivery_id: str, *, now: datetime) -> Receipt:
        """Post once; 202 means that the workflow was started. A repeated attempt may show the card twice."""
        key = self._receiver.key
        url = reveal(key, self._receiver.url)
        texts = Texts(alert, TEAMS, self._templates)
        answer = await self._gate.post(key, url, as_json(render(texts, self._read)), JSON)
        return receipt_of(key, answer, texts, now=now)
