"""PagerDuty Events API v2: one incident for each case, source or receiver, resolved when it is settled.

The texts are plain: PagerDuty reads no markup in them. Its pictures and links need public addresses and are left out.
"""

from datetime import datetime
from typing import Any

from alerts.channels.posting import JSON, as_json, read_json, receipt_of
from alerts.delivery import Receipt, reveal
from alerts.dialect import PLAIN, cut
from alerts.gate import Answer, Gate
from alerts.message import Alert
from alerts.templating import Templates
from alerts.texts import SHIPPED, Texts
from config.receivers import PagerDutyReceiver
from storage.actions import SETTLED

SUMMARY_LIMIT = 1024  # characters
KEY_LIMIT = 255  # characters of the deduplication key
SHOWN_ITEMS, SHOWN_CASES = 10, 50
CRITICAL = 0.9  # score from which on an impersonation wakes people up


def render(texts: Texts, routing_key: str, delivery_id: str) -> dict[str, Any]:
    """Return the event."""
    alert = texts.alert
    event = {"routing_key": routing_key, "event_action": action(alert), "dedup_key": dedup_key(alert, delivery_id)}
    if event["event_action"] == "resolve":
        return event
    case = alert.case
    payload = {
        "summary": cut(texts.headline, SUMMARY_LIMIT),
        "source": case.brand if case else alert.subject or "mekiki",
        "severity": severity(alert),
        "timestamp": alert.at.isoformat(),
        "class": case.decision if case else alert.reason,
        **({"group": case.brand, "component": case.campaign} if case else {}),
        "custom_details": _details(texts),
    }
    return {**event, "payload": payload, "client": "mekiki"}


def _details(texts: Texts) -> dict[str, Any]:
    parts = texts.digest(SHOWN_CASES) or texts.items(SHOWN_ITEMS)
    told = {
        "about": "\n".join(texts.lead),
        texts.words.why: list(texts.why),
        texts.words.where_seen: ["\n".join(part) for part in parts],
        texts.words.next: list(texts.alert.next),
        "mekiki": texts.footer,
    }
    return {name: value for name, value in told.items() if value}


def action(alert: Alert) -> str:
    """Return `resolve` where the alert says that it is over, else `trigger`."""
    over = alert.reason == "source_well" or (alert.case is not None and alert.case.state in SETTLED)
    return "resolve" if over else "trigger"


def severity(alert: Alert) -> str:
    """Return how grave it is: only an impersonation that is nearly certain, late or back is critical."""
    if alert.case is None:
        return {"receiver_disabled": "error", "source_unwell": "warning"}.get(alert.reason, "info")
    if alert.case.decision == "impersonation":
        urgent = alert.case.score >= CRITICAL or alert.reason in ("escalated", "relapsed")
        return "critical" if urgent else "error"
    return "warning" if alert.case.decision == "suspicious" else "info"


def dedup_key(alert: Alert, delivery_id: str) -> str:
    """Return what joins the events about one thing."""
    if alert.case is not None:
        return f"mekiki-case-{alert.case.id}"
    match alert.reason:
        case "source_unwell" | "source_well":  # the subject of the first also says what is wrong
            return f"mekiki-source-{alert.subject.partition(' ')[0]}"[:KEY_LIMIT]
        case "receiver_disabled":
            return f"mekiki-receiver-{alert.subject}"[:KEY_LIMIT]
    return f"mekiki-{alert.reason}-{delivery_id}"[:KEY_LIMIT]


class PagerDutyChannel:
    """Sends to one service."""

    def __init__(self, receiver: PagerDutyReceiver, gate: Gate, templates: Templates = SHIPPED) -> None:
        self._receiver = receiver
        self._gate = gate
        self._templates = templates

    async def send(self, alert: Alert, delivery_id: str, *, now: datetime) -> Receipt:
        """Post once; a repeated attempt changes nothing."""
        key = self._receiver.key
        texts = Texts(alert, PLAIN, self._templates)
        event = render(texts, reveal(key, self._receiver.routing_key), delivery_id)
        answer = await self._gate.post(key, self._receiver.url, as_json(event), JSON)
        return receipt_of(key, answer, texts, now=now, code=_code(answer))


def _code(answer: Answer) -> str:
    status = read_json(answer).get("status")
    return status if status in ("invalid event", "throttle exceeded") else ""
