"""Chatwork: a message to a room, in an [info] frame.

Chatwork's tags stand in square brackets, so no hostile text keeps any but those that defanging wrote (`[.]`), which are
no tags: `[To:1]`, `[toall]` and `[/info]` are letters. The API takes files only together with another message; the
picture stays in the case.
"""

from datetime import datetime
from urllib.parse import urlencode

from alerts.channels.posting import receipt_of
from alerts.delivery import Receipt, reveal
from alerts.dialect import CHATWORK, cut, units
from alerts.gate import Gate
from alerts.message import Alert
from alerts.templating import Templates
from alerts.texts import SHIPPED, Texts, fit_lines
from config.receivers import ChatworkReceiver

MESSAGE_LIMIT = 10_000  # characters; the API refuses more than 65,535, nobody reads them
TITLE_LIMIT = 200
SHOWN_ITEMS, SHOWN_CASES = 3, 20


def render(texts: Texts) -> str:
    """Return the message in Chatwork's notation; equal alerts give equal messages."""
    reasons = texts.reasons
    parts = texts.digest(SHOWN_CASES) or texts.items(SHOWN_ITEMS)
    more = texts.left_out(len(parts))
    blocks = [
        texts.lead,
        *([[texts.words.why, *reasons]] if reasons else []),
        *parts,
        *([[more]] if more else []),
        *([texts.next] if texts.next else []),
        [texts.footer],
    ]
    title = f"[info][title]{cut(texts.headline, TITLE_LIMIT)}[/title]"
    room = MESSAGE_LIMIT - units(title) - len("[/info]") - len("[hr]") * len(blocks)
    lines = fit_lines([line for block in blocks for line in (*block, "")], room, units)
    text = "\n".join(lines).strip("\n").replace("\n\n", "[hr]")
    return f"{title}{text}[/info]"


class ChatworkChannel:
    """Sends to one room."""

    def __init__(self, receiver: ChatworkReceiver, gate: Gate, templates: Templates = SHIPPED) -> None:
        self._receiver = receiver
        self._gate = gate
        self._templates = templates

    async def send(self, alert: Alert, delivery_id: str, *, now: datetime) -> Receipt:
        """Post once. Chatwork knows no idempotency key: a repeated attempt may show the message twice."""
        receiver = self._receiver
        texts = Texts(alert, CHATWORK, self._templates)
        form = urlencode({"body": render(texts), "self_unread": int(receiver.unread)}).encode("ascii")
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "User-Agent": "mekiki",
            "x-chatworktoken": reveal(receiver.key, receiver.token),
        }
        url = f"{receiver.url.rstrip('/')}/rooms/{receiver.room}/messages"
        answer = await self._gate.post(receiver.key, url, form, headers)
        return receipt_of(receiver.key, answer, texts, now=now)
