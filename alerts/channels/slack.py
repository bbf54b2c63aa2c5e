"""Slack incoming webhook: one Block Kit message, inside Slack's limits, in which nothing hostile is live.

What was observed stands in code spans, in which Slack applies no formatting; sentences have their formatting characters
replaced by look-alikes; `&`, `<` and `>` are escaped everywhere, so that no mention or link can begin; every text is
`verbatim`, so that Slack makes no link of its own, and links are defanged already.
"""

import json
from datetime import datetime
from typing import Any

from alerts.delivery import Receipt, check, reveal
from alerts.gate import Answer, Gate
from alerts.message import Alert, AlertItem
from alerts.wording import headline, moment, occasion, seen, why, words_of
from config import SlackReceiver

HEADER_LIMIT = 150  # characters of a header's text (Block Kit reference)
SECTION_LIMIT = 3000  # characters of a section's text
BLOCK_LIMIT = 50  # blocks of a message
SHOWN_ITEMS = 3

# What Slack answers in words to an incoming webhook; only these are repeated in an error.
CODES = frozenset(
    {
        "action_prohibited",
        "channel_is_archived",
        "channel_not_found",
        "invalid_blocks",
        "invalid_payload",
        "invalid_token",
        "no_active_hooks",
        "no_service",
        "no_service_id",
        "no_team",
        "no_text",
        "posting_to_general_channel_denied",
        "rollup_error",
        "team_disabled",
        "too_many_attachments",
        "user_not_found",
    }
)

_ENTITIES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
_IN_CODE = {**_ENTITIES, ord("`"): "ˋ"}
_IN_SENTENCE = {**_IN_CODE, ord("*"): "∗", ord("_"): "ˍ", ord("~"): "∼"}


def plain(text: str, limit: int = 400) -> str:
    """Make a sentence that Slack shows as it stands; `limit` counts the escaped form."""
    return _escape(text, _IN_SENTENCE, limit)


def code(text: str, limit: int = 250) -> str:
    """Make a code span that the text cannot end early; `limit` counts the escaped form."""
    return f"`{_escape(text, _IN_CODE, limit - 2)}`"


def _escape(text: str, table: dict[int, str], limit: int) -> str:
    escaped = text.translate(table)
    if len(escaped) <= limit:
        return escaped
    pieces: list[str] = []
    room = limit - 1
    for character in text:
        piece = character.translate(table)
        room -= len(piece)
        if room < 0:
            break
        pieces.append(piece)
    return "".join(pieces) + "…"


def render(alert: Alert) -> dict[str, Any]:
    """Return the message as Slack's API takes it; equal alerts give equal messages."""
    line = plain(headline(alert), HEADER_LIMIT)
    blocks: list[dict[str, Any]] = [
        {"type": "header", "text": {"type": "plain_text", "text": line, "emoji": False}},
        _section(_facts(alert)),
    ]
    if reasons := why(alert, escape=plain, code=code):
        words = words_of(alert)
        blocks.append(_section([f"*{words.why}*", *(f"{n}. {line}" for n, line in enumerate(reasons, 1))]))
    for item in alert.items[:SHOWN_ITEMS]:
        blocks.append(_section(_item(alert, item)))
    blocks += _ending(alert)
    return {
        "text": line,
        "mrkdwn": False,
        "unfurl_links": False,
        "unfurl_media": False,
        "blocks": blocks[:BLOCK_LIMIT],
    }


def _facts(alert: Alert) -> list[str]:
    words = words_of(alert)
    if alert.case is None:
        return [plain(occasion(alert))]
    score = words.score_value.format(score=f"{alert.case.score:.2f}")
    decision = words.decisions.get(alert.case.decision, alert.case.decision)
    return [
        f"*{words.case.format(id=alert.case.id)}* · {plain(alert.case.brand_name)} · {plain(decision)}"
        f" · {words.score} {score}",
        plain(occasion(alert)),
    ]


def _item(alert: Alert, item: AlertItem) -> list[str]:
    words = words_of(alert)
    lines = [seen(alert, item, plain)]
    if item.text:
        lines.append(f"> {plain(item.text)}")
    if item.advertiser:
        lines.append(f"{words.advertiser}: {code(item.advertiser)}")
    if item.publisher:
        lines.append(f"{words.publisher}: {code(item.publisher)}")
    if item.url:
        lines.append(f"{words.page}: {code(item.url)}")
    lines += [f"{words.landing}: {code(link.defanged)}" for link in item.links[:2]]
    return lines


def _ending(alert: Alert) -> list[dict[str, Any]]:
    words = words_of(alert)
    blocks = []
    if alert.case and alert.case.items > SHOWN_ITEMS:
        blocks.append(_section([words.more_items.format(count=alert.case.items - SHOWN_ITEMS)]))
    if alert.next:
        blocks.append(_section([f"*{words.next}*  " + "  ".join(map(code, alert.next))]))
    note = f"{moment(alert.at)} UTC · {words.footer}" if alert.case else f"{moment(alert.at)} UTC"
    blocks.append({"type": "context", "elements": [{"type": "mrkdwn", "text": note, "verbatim": True}]})
    return blocks


def _section(lines: list[str]) -> dict[str, Any]:
    """Make a section; the limits of the lines keep it within Slack's, and what came anyway is left out visibly."""
    while sum(map(len, lines)) + len(lines) > SECTION_LIMIT:
        lines = [*lines[:-2], "…"]
    return {"type": "section", "text": {"type": "mrkdwn", "text": "\n".join(lines), "verbatim": True}}


class SlackChannel:
    """Sends to one Slack incoming webhook."""

    def __init__(self, receiver: SlackReceiver, gate: Gate) -> None:
        self._receiver = receiver
        self._gate = gate

    async def send(self, alert: Alert, delivery_id: str, *, now: datetime) -> Receipt:
        """Post once. Slack knows no idempotency key: a repeated attempt may show the message twice."""
        key = self._receiver.key
        url = reveal(key, self._receiver.url)
        body = json.dumps(render(alert), ensure_ascii=True, separators=(",", ":")).encode("ascii")
        headers = {"Content-Type": "application/json", "User-Agent": "mekiki"}
        answer = await self._gate.post(key, url, body, headers)
        return check(key, answer, now=now, code=_code(answer))


def _code(answer: Answer) -> str:
    word = answer.body.decode("ascii", "replace").strip()
    return word if word in CODES else ""
