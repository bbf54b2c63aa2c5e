"""The catalogue of channels: every shipped entry holds, a team's own take their places, problems are told at once."""

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import get_args

import pytest

from config import ConfigError
from detector.handoffs import HandoffKind
from takedown.actor import Actor
from takedown.catalogue import SHIPPED, load_catalogue
from takedown.channel import ActorKind, Channel
from takedown.errors import UnknownChannel

SHIPPED_CHANNELS = {channel.key: channel for channel in load_catalogue(None)}
JAPANESE = re.compile("[\u3041-\u30ff\u4e00-\u9fff]")
PROPER = {"PhishTank", "Google Web Risk Submission API"}  # are called the same in Japanese
OWN = """
[[channel]]
key = "mall"
name = { en = "Mall", ja = "モール" }
operator = "Mall"
kind = "marketplace"
way = "form"
url = "https://mall.example/report"
who = ["owner"]
languages = ["ja"]
template = "marketplace"
source = "https://mall.example/help"
checked = 2026-11-30
unconfirmed = ["answer"]
field = [
    { key = "name", label = { en = "Your name", ja = "氏名" }, fill = "filer.name" },
    { key = "targets", label = { en = "Offers", ja = "商品" }, fill = "targets" },
]
[channel.match]
actors = ["host"]
hosts = ["mall.example"]
"""


def own(folder: Path, *changes: tuple[str, str], name: str = "mall.toml") -> Path:
    """Write a team's entry with some of its text changed; return the folder."""
    text = OWN
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    (folder / name).write_text(text, "utf-8")
    return folder


def told(folder: Path) -> list[tuple[str, str, str]]:
    with pytest.raises(ConfigError) as refused:
        load_catalogue(folder)
    return [(Path(one.file).name, one.path, one.message) for one in refused.value.problems]


# --- the shipped entries ----------------------------------------------------------------------------------------


def test_the_list_is_long_and_holds_the_places_that_a_japanese_team_needs() -> None:
    assert len(SHIPPED_CHANNELS) >= 60
    assert {
        "meta-brand-rights",
        "google-ads-trademark",
        "google-safe-browsing",
        "line-ads-impersonation",
        "yahoo-japan-ads-trademark",
        "registrar",
        "jp-drp",
        "host",
        "cloudflare-api",
        "antiphishing-japan",
        "jpcert",
        "sia-malicious-ec",
        "fsa-accounts",
        "npa-cyber",
    } <= SHIPPED_CHANNELS.keys()


@pytest.mark.parametrize("channel", SHIPPED_CHANNELS.values(), ids=lambda channel: channel.key)
def test_a_shipped_entry_holds(channel: Channel) -> None:
    assert JAPANESE.search(channel.name.ja) or channel.name.ja in PROPER
    for label in (field.label for field in channel.field):
        assert label.en.isascii()
        assert JAPANESE.search(label.ja) or label.ja == "URL"
    for text in (*(field.choice for field in channel.field), *(one.note for one in channel.evidence), channel.about):
        assert text is None or JAPANESE.search(text.ja), text
    urls = [channel.url, channel.source]
    urls += [channel.answer.source] if channel.answer else []
    urls += [channel.api.url] if channel.api else []
    assert [url for url in urls if url is not None and not url.startswith("https://")] == []
    assert channel.field, "whoever files must be told what is asked for"
    assert channel.checked <= datetime.now(UTC).date()
    assert (channel.way == "api") == (channel.api is not None) == (channel.template == "api")


@pytest.mark.parametrize("channel", SHIPPED_CHANNELS.values(), ids=lambda channel: channel.key)
def test_whoever_needs_a_trademark_asks_for_its_number_or_a_certificate(channel: Channel) -> None:
    fills = {field.fill for field in channel.field}
    asks = "trademark.numbers" in fills or any(one.kind == "certificate" for one in channel.evidence)
    assert asks or "trademark" not in channel.needs


@pytest.mark.parametrize("channel", SHIPPED_CHANNELS.values(), ids=lambda channel: channel.key)
def test_every_entry_tells_what_is_to_be_gone(channel: Channel) -> None:
    if channel.key == "yahoo-japan-ads-trademark":
        return  # keeps the mark out of everybody's ads, and asks for none of them
    about = {"targets", "target.hosts", "landing.domain", "landing.urls", "ad.ids", "publisher.pages", "handoffs"}
    about |= {"advertiser.name"}
    assert about & {field.fill for field in channel.field}


def test_no_period_is_told_without_its_source() -> None:
    period = re.compile(r"\b\d+ (hours|(working )?days)\b")
    said_by = re.compile(r"\bRAA\b|\brules\b|\bsays [A-Z]|\([a-z]+(\.[a-z]+)+\)")
    told = [channel for channel in SHIPPED_CHANNELS.values() if channel.about and period.search(channel.about.en)]
    assert told
    assert [channel.key for channel in told if not said_by.search(channel.about.en if channel.about else "")] == []


def test_shipped_files_are_named_in_the_catalogue() -> None:
    catalogue = load_catalogue(None)
    assert {catalogue.file_of(channel.key) for channel in catalogue} == set(SHIPPED.glob("*.toml"))


@pytest.mark.parametrize("kind", sorted(set(get_args(ActorKind)) - {"chat", "payee", "phone"}))
def test_every_kind_of_actor_has_a_channel_whoever_it_is(kind: ActorKind) -> None:
    somebody = Actor(kind=kind, name="Somebody", subject="somebody.example", targets=("https://somebody.example/",))
    assert load_catalogue(None).fitting(somebody)


@pytest.mark.parametrize("kind", get_args(HandoffKind))
def test_every_account_that_people_are_led_to_has_a_channel(kind: HandoffKind) -> None:
    actor_kind: ActorKind = "phone" if kind == "phone" else "payee" if kind in ("wallet", "bank") else "chat"
    actor = Actor(kind=actor_kind, name="x", subject=f"{kind}:x", targets=("x",), facts={"handoff": kind})
    assert load_catalogue(None).fitting(actor)


# --- keys -------------------------------------------------------------------------------------------------------


def test_an_unknown_channel_is_told_with_the_nearest_one() -> None:
    with pytest.raises(UnknownChannel, match=r"'jp-dpr'; did you mean 'jp-drp'\?"):
        load_catalogue(None).get("jp-dpr")
    with pytest.raises(UnknownChannel) as refused:
        load_catalogue(None).get("zzzzzzzzzzzz")
    assert "did you mean" not in str(refused.value)
    assert load_catalogue(None).get("jp-drp").key == "jp-drp"


def test_no_letter_is_addressed_in_another_language() -> None:
    for channel in load_catalogue(None):
        assert channel.operator_in("en").isascii(), channel.key
        if channel.operator.startswith("the "):
            assert channel.operator_ja, channel.key
    jpcert = load_catalogue(None).get("jpcert")
    assert (jpcert.operator_in("en"), jpcert.operator_in("ja")) == (
        "JPCERT Coordination Center (JPCERT/CC)",
        "JPCERTコーディネーションセンター",
    )
    assert load_catalogue(None).get("netcraft").operator_in("ja") == "Netcraft"


# --- a team's own -----------------------------------------------------------------------------------------------


def test_an_own_entry_is_added(tmp_path: Path) -> None:
    catalogue = load_catalogue(own(tmp_path))
    assert catalogue.get("mall").name.ja == "モール"
    assert catalogue.file_of("mall") == tmp_path / "mall.toml"
    assert len(catalogue) == len(SHIPPED_CHANNELS) + 1


def test_an_own_entry_with_a_shipped_key_takes_its_place(tmp_path: Path) -> None:
    catalogue = load_catalogue(own(tmp_path, ('key = "mall"', 'key = "jp-drp"')))
    assert catalogue.get("jp-drp").operator == "Mall"
    assert len(catalogue) == len(SHIPPED_CHANNELS)


def test_every_problem_is_told_at_once_with_its_file_and_key(tmp_path: Path) -> None:
    own(
        tmp_path,
        ('template = "marketplace"', 'template = "marketplase"\naddress = "abuse at mall"\nnext = ["jp-dpr", "mall"]'),
        ('key = "name", label', 'key = "targets", label'),
        ('["answer"]', '["answer", "field.when", "field.targets", "limits.target"]'),
    )
    (tmp_path / "broken.toml").write_text("[[channel]\n", "utf-8")
    (tmp_path / "single.toml").write_text('[channel]\nkey = "x"\n', "utf-8")
    (tmp_path / "other.toml").write_text('[[brand]]\nkey = "x"\n', "utf-8")
    (tmp_path / "keys.toml").write_text(OWN.replace('"mall"', '"keys"').replace("operator =", "oprator ="), "utf-8")
    found = {(file, path): says for file, path, says in told(tmp_path)}
    assert found[("mall.toml", "channel[0].template")] == (
        "there is no template 'marketplase'; did you mean 'marketplace'?"
    )
    assert "expected a mail address" in found[("mall.toml", "channel[0].address")]
    assert found[("mall.toml", "channel[0].next[0]")] == "there is no channel 'jp-dpr'; did you mean 'jp-drp'?"
    assert found[("mall.toml", "channel[0].next[1]")] == "a channel is not its own next step"
    assert found[("mall.toml", "channel[0].field[1].key")] == "'targets' is used twice"
    assert "'field.when'" in found[("mall.toml", "channel[0].unconfirmed[1]")]
    assert "did you mean 'limits.targets'?" in found[("mall.toml", "channel[0].unconfirmed[3]")]
    assert "is not valid TOML" in found[("broken.toml", "")]
    assert found[("single.toml", "channel")] == "expected [[channel]], got [channel]"
    assert found[("other.toml", "brand")] == "a file of channels holds only [[channel]]"
    assert found[("keys.toml", "channel[0].oprator")] == "unknown key; did you mean 'operator'?"
    assert found[("keys.toml", "channel[0].operator")] == "is missing"
    assert ("mall.toml", "channel[0].unconfirmed[2]") not in found


@pytest.mark.parametrize(
    ("old", "new", "path", "says"),
    [
        ('fill = "targets"', 'fill = "target"', "channel[0].field[1].fill", "target"),
        ("https://mall.example/help", "mall.example/help", "channel[0].source", "expected an http:// or https:// URL"),
        ('unconfirmed = ["answer"]', "", "channel[0]", "unconfirmed: expected to name answer"),
        ('way = "form"', 'way = "email"', "channel[0]", "address: expected a mail address"),
        ('url = "https://mall.example/report"', "", "channel[0]", "url: a form needs its address"),
        ('actors = ["host"]', "actors = []", "channel[0].match.actors", "at least 1"),
        ('ja = "氏名"', 'jp = "氏名"', "channel[0].field[0].label.ja", "is missing"),
        ('fill = "filer.name"', 'fil = "filer.name"', "channel[0].field[0].fil", "did you mean 'fill'?"),
        ("way =", 'answer = { witin = "7d" }\nway =', "channel[0].answer.witin", "did you mean 'within'?"),
    ],
)
def test_what_cannot_be_is_told_in_one_line(tmp_path: Path, old: str, new: str, path: str, says: str) -> None:
    found = [(where, text) for _, where, text in told(own(tmp_path, (old, new)))]
    assert any(where == path and says in text and "\n" not in text for where, text in found), found


def test_a_token_goes_into_a_header_over_tls_and_nowhere_else(tmp_path: Path) -> None:
    own(tmp_path, ('way = "form"', 'way = "api"'))
    entry = (tmp_path / "mall.toml").read_text("utf-8")
    header, body = 'headers = { Authorization = "Bearer {token}" }\n', 'body = { key = "={token}" }\n'
    cases: list[tuple[str, str, list[tuple[str, str]]]] = [
        ("https://api.mall.example/", header, []),
        ("http://api.mall.example/", "", []),
        ("http://api.mall.example/", header, [("api.url", "in clear")]),
        ("https://api.mall.example/{token}", header, [("api.url", "into a header")]),
        ("https://api.mall.example/", body, [("api.body.key", "into a header")]),
    ]
    for url, more, wrong in cases:
        (tmp_path / "mall.toml").write_text(f'{entry}[channel.api]\nurl = "{url}"\n{more}', "utf-8")
        found = told(tmp_path) if wrong or "mall" not in load_catalogue(tmp_path) else []
        assert [path for _, path, _ in found] == [f"channel[0].{path}" for path, _ in wrong]
        assert all(says in text for (_, says), (_, _, text) in zip(wrong, found, strict=True))


def test_an_interface_takes_fields_of_its_entry_only(tmp_path: Path) -> None:
    body = '{ act = "=phishing", name = "name", urls = "links" }'
    api = f'[channel.api]\nurl = "https://api.mall.example/"\nbody = {body}\n'
    own(tmp_path, ('way = "form"', 'way = "api"'))
    (tmp_path / "mall.toml").write_text((tmp_path / "mall.toml").read_text("utf-8") + api, "utf-8")
    assert told(tmp_path) == [
        ("mall.toml", "channel[0].api.body.urls", "expected the key of a field, or \"=TEXT\", got 'links'")
    ]


def test_a_key_is_used_once(tmp_path: Path) -> None:
    own(tmp_path)
    own(tmp_path, name="second.toml")
    assert told(tmp_path) == [("second.toml", "channel[0].key", "'mall' is used twice, in mall.toml, too")]


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    assert told(tmp_path / "channels") == [("channels", "", "is no folder")]


def test_a_correct_folder_has_no_problem(tmp_path: Path) -> None:
    (own(tmp_path) / "README.md").write_text("not read", "utf-8")
    assert "mall" in load_catalogue(tmp_path)
