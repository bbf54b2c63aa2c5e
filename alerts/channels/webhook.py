"""Generic webhook after the Standard Webhooks specification: signed, idempotent by `webhook-id`, rotation of secrets.

The body, ASCII JSON, the same bytes on every attempt:

    {"type": "case.first" | "case.new_items" | "case.escalated" | "case.relapsed" | "case.repeat" | "case.notice" |
             "digest" | "receiver.disabled" | "source.unwell" | "source.well" | "test",
     "timestamp": "2026-11-22T03:04:05Z",         when the alert was written
     "data": {...}}                                `WebhookData`; JSON Schema by `webhook_schema()`

Every text in `data` is safe to show, with invisible characters as `\\u{202E}` and links as `hxxps://shop[.]example/`;
only `exact` holds a link byte for byte.
"""

import base64
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import msgspec
from standardwebhooks.webhooks import Webhook

from alerts.delivery import Receipt, check, reveal
from alerts.dialect import PLAIN
from alerts.errors import DeliveryError
from alerts.gate import Gate
from alerts.message import (
    Alert,
    AlertCase,
    AlertEvidence,
    AlertItem,
    AlertNotice,
    AlertPicture,
    DigestLine,
    Language,
    Reason,
)
from alerts.texts import Texts
from alerts.wording import headline, occasion
from config import WebhookReceiver

Event = Literal[
    "case.first",
    "case.new_items",
    "case.escalated",
    "case.relapsed",
    "case.repeat",
    "case.notice",
    "digest",
    "receiver.disabled",
    "source.unwell",
    "source.well",
    "test",
]

EVENTS: dict[Reason, Event] = {
    "first": "case.first",
    "new_items": "case.new_items",
    "escalated": "case.escalated",
    "relapsed": "case.relapsed",
    "repeat": "case.repeat",
    "notice": "case.notice",
    "digest": "digest",
    "receiver_disabled": "receiver.disabled",
    "source_unwell": "source.unwell",
    "source_well": "source.well",
    "test": "test",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookData:
    """What an event tells; fields are added, never changed or taken away."""

    version: int
    language: Language
    summary: str  # one line
    occasion: str  # why the message comes now
    why: tuple[str, ...]  # the three strongest reasons, in words
    case: AlertCase | None
    new_items: int
    evidence: tuple[AlertEvidence, ...]  # by falling weight
    evidence_total: int
    items: tuple[AlertItem, ...]  # `case.items` tells how many there are in all
    picture: AlertPicture | None
    subject: str  # key of the receiver or source that it is about, where it is about no case
    next: tuple[str, ...]  # commands
    since: datetime | None  # beginning of the time that a digest covers, which ends at `timestamp`
    digest: tuple[DigestLine, ...]  # cases, those that matter most first
    digest_total: int  # cases of the digest in all
    notices: tuple[AlertNotice, ...]  # takedown requests that somebody has to look at
    notices_total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookBody:
    """The posted object."""

    type: Event
    timestamp: datetime
    data: WebhookData


def webhook_schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of the posted object."""
    return msgspec.json.schema(WebhookBody)


def render(alert: Alert) -> bytes:
    """Write the body; equal alerts give equal bytes."""
    body = WebhookBody(
        type=EVENTS[alert.reason],
        timestamp=alert.at,
        data=WebhookData(
            version=alert.version,
            language=alert.language,
            summary=headline(alert),
            occasion=occasion(alert),
            why=tuple(map(str, Texts(alert, PLAIN).why)),
            case=alert.case,
            new_items=alert.new_items,
            evidence=alert.evidence,
            evidence_total=alert.evidence_total,
            items=alert.items,
            picture=alert.picture,
            subject=alert.subject,
            next=alert.next,
            since=alert.since,
            digest=alert.digest,
            digest_total=alert.digest_total,
            notices=alert.notices,
            notices_total=alert.notices_total,
        ),
    )
    return json.dumps(msgspec.to_builtins(body), ensure_ascii=True, separators=(",", ":")).encode("ascii")


class WebhookChannel:
    """Sends to one signed webhook."""

    def __init__(self, receiver: WebhookReceiver, gate: Gate) -> None:
        self._receiver = receiver
        self._gate = gate

    async def send(self, alert: Alert, delivery_id: str, *, now: datetime) -> Receipt:
        """Post once, signed with every configured secret, newest first."""
        key = self._receiver.key
        url = reveal(key, self._receiver.url)
        body = render(alert)
        signatures = [
            self._signature(index, reveal(key, secret), delivery_id, now, body)
            for index, secret in enumerate(self._receiver.signing)
        ]
        answer = await self._gate.post(
            key,
            url,
            body,
            {
                "Content-Type": "application/json",
                "User-Agent": "mekiki",
                "webhook-id": delivery_id,
                "webhook-timestamp": str(int(now.timestamp())),
                "webhook-signature": " ".join(signatures),
            },
        )
        return check(key, answer, now=now)

    def _signature(self, index: int, secret: str, delivery_id: str, now: datetime, body: bytes) -> str:
        """Sign with one secret: `whsec_` and base64, or any other text as it stands."""
        try:
            key = _key(secret)
        except ValueError:
            key = b""
        if not key:
            raise DeliveryError(self._receiver.key, f"signing[{index}] is not whsec_ and base64", retryable=True)
        return str(Webhook(key).sign(delivery_id, now, body.decode("ascii")))


def _key(secret: str) -> bytes:
    """Decode strictly: a typing error must not become a shorter key."""
    if not secret.startswith("whsec_"):
        return secret.encode()
    text = secret.removeprefix("whsec_")
    return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
