"""JSON Schemas of the parts of each service's messages that are used here, written from the services' documents.

Whatever is not used is not allowed, so that a mention, a button or an outside picture cannot come in unseen.
Lengths are characters; services that count UTF-16 units are held to them by `longest`.
"""

from typing import Any


def closed(required: dict[str, Any], optional: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return the schema of an object with exactly these keys."""
    properties = {**required, **(optional or {})}
    return {"type": "object", "properties": properties, "required": list(required), "additionalProperties": False}


def text(most: int) -> dict[str, Any]:
    return {"type": "string", "minLength": 1, "maxLength": most}


def listed(items: dict[str, Any], most: int, least: int = 1) -> dict[str, Any]:
    return {"type": "array", "items": items, "minItems": least, "maxItems": most}


def const(value: Any) -> dict[str, Any]:
    return {"const": value}


# Block Kit reference: https://docs.slack.dev/reference/block-kit/blocks
_MRKDWN = closed({"type": const("mrkdwn"), "text": text(3000), "verbatim": const(True)})
SLACK = closed(
    {
        "text": text(3000),
        "mrkdwn": const(False),
        "unfurl_links": const(False),
        "unfurl_media": const(False),
        "blocks": listed(
            {
                "oneOf": [
                    closed(
                        {
                            "type": const("header"),
                            "text": closed({"type": const("plain_text"), "text": text(150), "emoji": const(False)}),
                        }
                    ),
                    closed({"type": const("section"), "text": _MRKDWN}),
                    closed({"type": const("context"), "elements": listed(_MRKDWN, 10)}),
                ]
            },
            50,
        ),
    }
)

# Adaptive Cards 1.4, https://adaptivecards.io/explorer: Container, RichTextBlock, TextRun, Image. No TextBlock, whose
# text is Markdown; no action; no `msteams.entities`, without which there is no mention.
_RUN = closed(
    {"type": const("TextRun"), "text": {"type": "string", "minLength": 1}},
    {
        "weight": const("Bolder"),
        "size": {"enum": ["Small", "Large"]},
        "fontType": const("Monospace"),
        "isSubtle": const(True),
    },
)
_RICH = closed(
    {"type": const("RichTextBlock"), "inlines": listed(_RUN, 100)},
    {"spacing": const("Small"), "separator": const(True)},
)
_CARD = closed(
    {
        "$schema": const("http://adaptivecards.io/schemas/adaptive-card.json"),
        "type": const("AdaptiveCard"),
        "version": const("1.4"),
        "fallbackText": text(300),
        "msteams": closed({"width": const("Full")}),
        "body": listed(
            {
                "oneOf": [
                    closed(
                        {"type": const("Container"), "items": listed(_RICH, 200)},
                        {
                            "style": {"enum": ["attention", "warning", "emphasis"]},
                            "bleed": const(True),
                            "separator": const(True),
                            "spacing": const("Medium"),
                        },
                    ),
                    closed(
                        {
                            "type": const("Image"),
                            "url": {"type": "string", "pattern": "^data:image/(jpeg|png);base64,[A-Za-z0-9+/=]+$"},
                            "altText": text(200),
                            "size": const("Stretch"),
                        }
                    ),
                    _RICH,
                ]
            },
            60,
        ),
    }
)
TEAMS = closed(
    {
        "type": const("message"),
        "attachments": listed(
            closed(
                {
                    "contentType": const("application/vnd.microsoft.card.adaptive"),
                    "contentUrl": const(None),
                    "content": _CARD,
                }
            ),
            1,
        ),
    }
)

# https://discord.com/developers/docs/resources/message#embed-object-embed-limits
DISCORD = closed(
    {
        "allowed_mentions": closed({"parse": {"type": "array", "maxItems": 0}}),
        "embeds": listed(
            closed(
                {
                    "title": text(256),
                    "description": text(4096),
                    "color": {"type": "integer", "minimum": 0, "maximum": 0xFFFFFF},
                    "timestamp": {"type": "string", "format": "date-time"},
                    "footer": closed({"text": text(2048)}),
                },
                {
                    "fields": listed(closed({"name": text(256), "value": text(1024), "inline": const(False)}), 25),
                    "image": closed({"url": {"enum": ["attachment://evidence.jpeg", "attachment://evidence.png"]}}),
                },
            ),
            10,
        ),
    },
    {
        "attachments": listed(
            closed(
                {
                    "id": const(0),
                    "filename": {"enum": ["evidence.jpeg", "evidence.png"]},
                    "description": text(1024),
                }
            ),
            1,
        )
    },
)

# https://developers.google.com/workspace/chat/api/reference/rest/v1/cards
_SECTION = closed(
    {"widgets": listed(closed({"textParagraph": closed({"text": text(30_000)})}), 100)}, {"header": text(200)}
)
GOOGLE_CHAT = closed(
    {
        "fallbackText": text(4096),
        "cardsV2": listed(
            closed(
                {
                    "cardId": const("mekiki"),
                    "card": closed(
                        {
                            "header": closed({"title": text(200), "subtitle": const("mekiki")}),
                            "sections": listed(_SECTION, 40),
                        }
                    ),
                }
            ),
            1,
        ),
    },
    {"thread": closed({"threadKey": {"type": "string", "pattern": "^mekiki-case-[0-9]+$"}})},
)

# https://developers.worksmobile.com/en/docs/bot-send-flex
_LOOK = {
    "size": {"enum": ["xxs", "sm", "md"]},
    "color": {"type": "string", "pattern": "^#[0-9a-f]{6}$"},
    "weight": const("bold"),
}
_SPAN = closed({"type": const("span"), "text": text(2000)}, _LOOK)
_FLEX_TEXT = {
    "oneOf": [
        closed({"type": const("text"), "wrap": const(True), "text": text(2000)}, _LOOK),
        closed({"type": const("text"), "wrap": const(True), "contents": listed(_SPAN, 50)}, _LOOK),
    ]
}
_BOX = closed(
    {
        "type": const("box"),
        "layout": const("vertical"),
        "contents": listed(
            {"oneOf": [*_FLEX_TEXT["oneOf"], closed({"type": const("separator"), "margin": const("md")})]}, 200
        ),
    },
    {
        "backgroundColor": {"type": "string", "pattern": "^#[0-9a-f]{6}$"},
        "paddingAll": const("16px"),
        "spacing": const("sm"),
    },
)
LINE_WORKS = closed(
    {
        "content": closed(
            {
                "type": const("flex"),
                "altText": text(400),
                "contents": closed(
                    {"type": const("bubble"), "size": const("giga"), "header": _BOX, "body": _BOX, "footer": _BOX}
                ),
            }
        )
    }
)

# https://developer.pagerduty.com/docs/send-alert-event
PAGERDUTY = closed(
    {
        "routing_key": {"type": "string", "minLength": 32, "maxLength": 32},
        "event_action": {"enum": ["trigger", "resolve"]},
        "dedup_key": text(255),
    },
    {
        "client": const("mekiki"),
        "payload": closed(
            {
                "summary": text(1024),
                "source": text(255),
                "severity": {"enum": ["critical", "error", "warning", "info"]},
                "timestamp": {"type": "string", "format": "date-time"},
                "class": text(255),
                "custom_details": {"type": "object"},
            },
            {"group": text(255), "component": text(255)},
        ),
    },
)
