"""Whatever a stranger writes: no mention, no live link, no markup, within the limits, in every chat."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from alerts.channels import apprise, chatwork, discord, google_chat, line_works, pagerduty, slack, teams
from alerts.channels.posting import as_json
from alerts.dialect import ANY, CHATWORK, DISCORD, GOOGLE_CHAT, LINE_WORKS, PLAIN, SLACK, TEAMS, Dialect, units
from alerts.message import Alert
from alerts.templating import Templates
from alerts.texts import Texts
from storage.errors import MediaMissing
from tests.alerts.channels import schemas
from tests.alerts.channels.attacks import ALERTS
from tests.alerts.samples import RAW

KEY = "0123456789abcdef0123456789abcdef"


def no_picture(address: str) -> bytes:
    raise MediaMissing(address)


RENDER: Mapping[str, Callable[[Alert], Any]] = {
    "slack": lambda alert: slack.render(Texts(alert, SLACK)),
    "teams": lambda alert: teams.render(Texts(alert, TEAMS), no_picture),
    "discord": lambda alert: discord.render(Texts(alert, DISCORD)),
    "google_chat": lambda alert: google_chat.render(Texts(alert, GOOGLE_CHAT)),
    "line_works": lambda alert: line_works.render(Texts(alert, LINE_WORKS)),
    "chatwork": lambda alert: chatwork.render(Texts(alert, CHATWORK)),
    "pagerduty": lambda alert: pagerduty.render(Texts(alert, PLAIN), KEY, "msg_1"),
    "apprise": lambda alert: list(apprise.render(Texts(alert, ANY))),
}
OWN: Mapping[str, tuple[Dialect, Callable[[Texts], Any]]] = {
    "slack": (SLACK, slack.render),
    "teams": (TEAMS, lambda texts: teams.render(texts, no_picture)),
    "discord": (DISCORD, discord.render),
    "google_chat": (GOOGLE_CHAT, google_chat.render),
    "line_works": (LINE_WORKS, line_works.render),
    "chatwork": (CHATWORK, chatwork.render),
    "apprise": (ANY, apprise.render),
}
# What would begin a mention, a link, a picture or a frame of the service, in the strings that it reads.
LIVE: Mapping[str, str] = {
    "slack": r"<|(?<!\n)>(?! )|&(?!amp;|lt;|gt;)",
    "teams": r"[\x00-\x1f]",  # runs are shown as they stand
    "discord": r"<[@#t:]|@(?:everyone|here|&|!|\d)|\][(:]",
    "google_chat": r"<(?!/?b>|br>)|&|<users",
    "line_works": r"<|[\x00-\x1f]",
    "chatwork": r"\[(?!/?info\]|/?title\]|hr\]|[.:@]\])",
    "pagerduty": r"(?!)",  # no markup at all
    "apprise": r"[<>@*_~`|#\\](?!\])|\][(:]",
}
BYTES: Mapping[str, int] = {"teams": 28_000, "google_chat": 32_000, "line_works": 15_000, "pagerduty": 512_000}
SCHEMAS: Mapping[str, dict[str, Any]] = {
    "slack": schemas.SLACK,
    "teams": schemas.TEAMS,
    "discord": schemas.DISCORD,
    "google_chat": schemas.GOOGLE_CHAT,
    "line_works": schemas.LINE_WORKS,
    "pagerduty": schemas.PAGERDUTY,
}
KINDS = pytest.mark.parametrize("kind", list(RENDER))


@cache
def rendered(kind: str, name: str) -> Any:
    """Return the message that the service would get."""
    return RENDER[kind](ALERTS[name])


def strings(value: Any) -> Iterator[str]:
    """Yield every text of a message."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, inner in value.items():
            if key not in ("$schema", "url", "timestamp"):  # fixed; url is held to a pattern by the schema
                yield from strings(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from strings(inner)


@KINDS
def test_nothing_hostile_is_live(kind: str) -> None:
    for name in ALERTS:
        for text in strings(rendered(kind, name)):
            where = f"{name}: {text}"
            assert not re.search(LIVE[kind], text.replace("\n> ", "\n")), where
            assert not re.search(r"(?i)\b(?:https?|ftp):", text), where
            assert not re.search(r"(?i)evil\.test", text), where
            assert not [mark for mark in RAW if mark in text], where


@pytest.mark.parametrize("kind", list(SCHEMAS))
def test_every_message_is_one_that_the_service_takes(kind: str) -> None:
    validator = jsonschema.Draft202012Validator(SCHEMAS[kind])
    for name in ALERTS:
        problems = [error.message[:300] for error in validator.iter_errors(json.loads(as_json(rendered(kind, name))))]
        assert not problems, name


@pytest.mark.parametrize("kind", list(BYTES))
def test_every_message_is_within_the_bytes_that_the_service_takes(kind: str) -> None:
    sizes = {name: len(as_json(rendered(kind, name))) for name in ALERTS}
    assert max(sizes.values()) <= BYTES[kind], sizes


@KINDS
def test_the_same_alert_gives_the_same_message(kind: str) -> None:
    for name in ("first en", "hostile", "digest ja"):
        assert as_json(RENDER[kind](ALERTS[name])) == as_json(rendered(kind, name))


def test_discord_counts_no_more_than_it_takes() -> None:
    for name in ALERTS:
        [embed] = rendered("discord", name)["embeds"]
        fields = embed.get("fields", [])
        texts = [embed["title"], embed["description"], embed["footer"]["text"]]
        texts += [text for field in fields for text in (field["name"], field["value"])]
        assert sum(map(units, texts)) <= 6000, name
        assert units(embed["title"]) <= 256, name
        assert units(embed["description"]) <= 4096, name
        assert all(units(field["name"]) <= 256 and units(field["value"]) <= 1024 for field in fields), name


def test_a_chatwork_message_is_one_frame_that_nothing_closes_early() -> None:
    for name in ALERTS:
        message = rendered("chatwork", name)
        assert units(message) <= chatwork.MESSAGE_LIMIT, name
        assert message.startswith("[info][title]"), name
        assert message.endswith("[/info]"), name
        assert [message.count(tag) for tag in ("[info]", "[/info]", "[title]", "[/title]")] == [1, 1, 1, 1], name


def test_an_apprise_message_is_short_enough_for_most() -> None:
    for name in ALERTS:
        title, body = rendered("apprise", name)
        assert 1 <= len(title) <= 200, name
        assert 1 <= len(body) <= 4096, name
        assert "\n" not in title, name


@KINDS
def test_every_message_says_what_it_is_about(kind: str) -> None:
    for name, alert in ALERTS.items():
        everything = "\n".join(strings(rendered(kind, name)))
        wanted = {"test": "legal-chat", "receiver_disabled": "legal-chat", "digest": "mekiki triage"}.get(alert.reason)
        if kind == "pagerduty" and pagerduty.action(alert) == "resolve":
            wanted = "mekiki-source-news-ads"
        elif alert.case:
            wanted = f"mekiki cases show {alert.case.id}"
        elif alert.reason.startswith("source"):
            wanted = "mekiki sources"
        assert wanted is not None, name
        assert wanted in everything, name


LONG = {
    "chat/item.txt": "{% for n in range(60) %}{{ item.advertiser }}\n{% endfor %}",  # fits with fewer items
    "chat/lead.txt": "{% for n in range(900) %}{{ occasion }}\n{% endfor %}",  # never fits
}


@pytest.mark.parametrize("file", list(LONG))
@pytest.mark.parametrize("kind", ["teams", "google_chat", "line_works", "discord", "slack", "chatwork", "apprise"])
def test_templates_of_ones_own_that_write_too_much_still_give_a_message_that_is_taken(
    kind: str, file: str, tmp_path: Path
) -> None:
    (tmp_path / "chat").mkdir()
    (tmp_path / file).write_text(LONG[file])
    dialect, render = OWN[kind]
    for alert in (ALERTS["attack words"], ALERTS["200 items"]):
        texts = Texts(alert, dialect, Templates(tmp_path))
        message = json.loads(as_json(render(texts)))
        if kind in SCHEMAS:
            jsonschema.validate(message, SCHEMAS[kind], cls=jsonschema.Draft202012Validator)
        assert len(as_json(message)) <= BYTES.get(kind, 60_000)
        never = file == "chat/lead.txt" and kind in ("teams", "google_chat", "line_works")
        assert (texts.problem is not None) == never
