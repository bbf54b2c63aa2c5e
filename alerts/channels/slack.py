"""Slack incoming webhook: one Block Kit message, inside Slack's limits, in which nothing hostile is live.

What was observed stands in code spans, in which Slack applies no formatting; sentences have their formatting characters
replaced by look-alikes; `&`, `<` and `>` are escaped everywhere, so that no mention or link can begin; every text is
`verbatim`, so that Slack makes no link of its own, and links are defanged already. An incoming webhook takes no file,
and a picture at a public address is not ours to publish: the picture stays in the case.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from alerts.channels.posting import JSON, as_json, receipt_of
from alerts.delivery import Receipt, reveal
from alerts.dialect import SLACK, cut
from alerts.gate import Answer, Gate
from alerts.message import Alert
from alerts.templating import Templates
from alerts.texts import SHIPPED, Texts, fit_lines
from config.receivers import SlackReceiver

HEADER_LIMIT = 150  # characters of a header's text (Block Kit reference)
SECTION_LIMIT = 3000  # characters of a section's text
BLOCK_LIMIT = 50  # blocks of a message
SHOWN_ITEMS = 3
SHOWN_CASES = 20  # of a digest

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


def render(texts: Texts) -> dict[str, Any]:
    """Return the message as Slack's API takes it; equal alerts give equal messages."""
    line = cut(texts.headline, HEADER_LIMIT)
    blocks: list[dict[str, Any]] = [
        {"type": "header", "text": {"type": "plain_text", "text": line, "emoji": False}},
        _section(texts.lead),
    ]
    if reasons := texts.reasons:
        blocks.append(_section([SLACK.bold(texts.words.why), *reasons]))
    parts = texts.digest(SHOWN_CASES) or texts.items(SHOWN_ITEMS)
    blocks += [_section(part) for part in parts]
    if more := texts.left_out(len(parts)):
        blocks.append(_section([more]))
    if commands := texts.next:
        blocks.append(_section(["  ".join(commands)]))
    note = {"type": "mrkdwn", "text": cut(texts.footer, SECTION_LIMIT), "verbatim": True}
    blocks = [*blocks[: BLOCK_LIMIT - 1], {"type": "context", "elements": [note]}]
    return {"text": line, "mrkdwn": False, "unfurl_links": False, "unfurl_media": False, "blocks": blocks}


def _section(lines: Sequence[str]) -> dict[str, Any]:
    text = "\n".join(fit_lines(lines, SECTION_LIMIT)) or "–"
    return {"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": True}}


class SlackChannel:
    """Sends to one Slack incoming webhook."""

    def __init__(self, receiver: SlackReceiver, gate: Gate, templates: Templates = SHIPPED) -> None:
        self._receiver = receiver
        self._gate = gate
        self._templates = templates

    async def send(self, alert: Alert, delivery_id: str, *, now: datetime) -> Receipt:
        """Post once. Slack knows no idempotency key: a repeated attempt may show the message twice."""
        key = self._receiver.key
        url = reveal(key, self._receiver.url)
        texts = Texts(alert, SLACK, self._templates)
        answer = await self._gate.post(key, url, as_json(render(texts)), JSON)
        return receipt_of(key, answer, texts, now=now, code=_code(answer))


def _code(answer: Answer) -> str:
    word = answer.body.decode("ascii", "replace").strip()
    return word if word in CODES else ""
