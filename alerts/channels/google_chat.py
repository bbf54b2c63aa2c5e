"""Google Chat webhook: one card; the messages about one case stand in one thread.

A card's texts are a small HTML of which only our own `<b>` is used; mentions exist in a message's `text` only, which is
left empty. The delivery's id is the `requestId`, for which Google Chat shows one message however often it is posted.
A picture would need a public address: it stays in the case.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from alerts.channels.posting import JSON, as_json, read_json, receipt_of, with_query, within
from alerts.delivery import Receipt, reveal
from alerts.dialect import GOOGLE_CHAT, cut
from alerts.gate import Answer, Gate
from alerts.message import Alert
from alerts.templating import Templates
from alerts.texts import SHIPPED, Texts
from config.receivers import GoogleChatReceiver

MESSAGE_BYTES = 30_000  # "The maximum message size, including the message contents, is 32,000 bytes"
TITLE_LIMIT = 200

# Canonical codes of Google's APIs; only these are repeated in an error.
CODES = frozenset(
    {
        "ALREADY_EXISTS",
        "DEADLINE_EXCEEDED",
        "FAILED_PRECONDITION",
        "INTERNAL",
        "INVALID_ARGUMENT",
        "NOT_FOUND",
        "PERMISSION_DENIED",
        "RESOURCE_EXHAUSTED",
        "UNAUTHENTICATED",
        "UNAVAILABLE",
    }
)


def render(texts: Texts) -> dict[str, Any]:
    """Return the message; equal alerts give equal messages."""
    counts = (20, 12, 6, 3, 1) if texts.alert.digest else (3, 2, 1, 0)
    return within(MESSAGE_BYTES, counts, texts, _message)


def _message(texts: Texts, count: int) -> dict[str, Any]:
    title = cut(texts.headline, TITLE_LIMIT)
    sections = [_section(texts.lead)]
    if reasons := texts.reasons:
        sections.append(_section(reasons, header=texts.words.why))
    parts = texts.digest(count) or texts.items(count)
    sections += [_section(part) for part in parts]
    if more := texts.left_out(len(parts)):
        sections.append(_section([more]))
    if commands := texts.next:
        sections.append(_section(commands))
    sections.append(_section([texts.footer]))
    card = {"header": {"title": title, "subtitle": "mekiki"}, "sections": sections}
    message: dict[str, Any] = {"fallbackText": title, "cardsV2": [{"cardId": "mekiki", "card": card}]}
    if texts.alert.case:
        message["thread"] = {"threadKey": f"mekiki-case-{texts.alert.case.id}"}
    return message


def _section(lines: Sequence[str], header: str = "") -> dict[str, Any]:
    widgets = [{"textParagraph": {"text": "<br>".join(lines) or "–"}}]
    return {**({"header": header} if header else {}), "widgets": widgets}


class GoogleChatChannel:
    """Sends to one webhook of a space."""

    def __init__(self, receiver: GoogleChatReceiver, gate: Gate, templates: Templates = SHIPPED) -> None:
        self._receiver = receiver
        self._gate = gate
        self._templates = templates

    async def send(self, alert: Alert, delivery_id: str, *, now: datetime) -> Receipt:
        """Post once; a repeated attempt shows nothing more."""
        key = self._receiver.key
        url = with_query(
            reveal(key, self._receiver.url),
            requestId=delivery_id,
            messageReplyOption="REPLY_MESSAGE_FALLBACK_TO_NEW_THREAD",
        )
        texts = Texts(alert, GOOGLE_CHAT, self._templates)
        answer = await self._gate.post(key, url, as_json(render(texts)), JSON)
        return receipt_of(key, answer, texts, now=now, code=_code(answer))


def _code(answer: Answer) -> str:
    error = read_json(answer).get("error")
    code = error.get("status") if isinstance(error, dict) else None
    return code if isinstance(code, str) and code in CODES else ""
