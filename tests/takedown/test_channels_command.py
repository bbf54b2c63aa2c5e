"""`mekiki takedown channels`: what there is, one entry in full, how to start one's own."""

import json
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cli import main
from takedown.catalogue import load_catalogue

CONFIG = """
[crawler]
contact = "brand@hoshino-denki.example"
[takedown]
channels = "desks"
[[brand]]
key = "hoshino"
name = "星野電機"
domains = ["hoshino-denki.example"]
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A configuration with a folder for entries of one's own, empty."""
    (tmp_path / "desks").mkdir()
    file = tmp_path / "mekiki.toml"
    file.write_text(CONFIG, "utf-8")
    return file


def channels(config: Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["takedown", "channels", "-c", str(config), *arguments], env={"COLUMNS": "160"})


def mall(config: Path, old: str = "", new: str = "") -> Path:
    """Keep the entry to start from, with some of its text changed, as one's own."""
    text = channels(config, "--toml").stdout
    assert old in text
    file = config.parent / "desks" / "mall.toml"
    file.write_text(text.replace(old, new) if old else text, "utf-8")
    return file


def test_the_list_shows_every_channel_by_kind(config: Path) -> None:
    out = channels(config).stdout
    assert all(channel.key in out for channel in load_catalogue(None))
    assert out.index("meta-brand-rights") < out.index("marketplace") < out.index("jp-drp") < out.index("npa-cyber")
    [line] = [line for line in out.splitlines() if "jp-drp" in line]
    assert "60d" in line
    [line] = [line for line in out.splitlines() if "  meta-brand-rights " in line]
    for said in ("owner, agent", "form", "?", "url"):
        assert said in line


def test_names_come_in_either_language(config: Path) -> None:
    assert "警察" in channels(config, "--language", "ja").stdout
    assert "警察" not in channels(config, "--actor", "phone").stdout


def test_the_list_is_narrowed(config: Path) -> None:
    def keys(*arguments: str) -> set[str]:
        return {one["key"] for one in json.loads(channels(config, "--json", *arguments).stdout)}

    assert {"youtube-trademark", "google-ads-report"} <= keys("--platform", "youtube")
    assert "meta-trademark" not in keys("--platform", "youtube")
    assert keys("--actor", "chat") == {"line-account", "telegram", "whatsapp", "whatsapp-report"}
    assert keys("--unchecked-since", "2026-11-30") == set()
    assert keys("--unchecked-since", "2026-12-01") == {channel.key for channel in load_catalogue(None)}


def test_nothing_like_that_is_said(config: Path) -> None:
    done = channels(config, "--platform", "nowhere")
    assert done.exit_code == 0
    assert done.stdout == ""
    assert "no channel is like that" in done.stderr


def test_one_entry_is_shown_in_full(config: Path) -> None:
    out = channels(config, "jp-drp").stdout
    for said in (
        "https://www.ip-adr.gr.jp/",
        "60d (https://jprs.jp/",
        "suffixes jp",
        "trademark.numbers",
        "* screenshot",
    ):
        assert said in out
    assert "looked at on 2026-11-30" in out
    out = channels(config, "meta-trademark", "--language", "ja").stdout
    assert "商標権侵害" in out
    assert "(a copy was read)" in out
    assert "needs a trademark" in out
    assert "not confirmed" in out


def test_an_unknown_key_is_one_line_with_the_nearest(config: Path) -> None:
    done = channels(config, "cloudfare-api")
    assert done.exit_code == 2
    assert done.stderr.count("\n") == 1
    assert "did you mean 'cloudflare-api'?" in done.stderr


def test_the_entry_to_start_from_is_one_that_works(config: Path) -> None:
    mall(config)
    out = channels(config, "shop-mall").stdout
    assert "Shop Mall: report an offer" in out
    assert "mall.toml" in out


@pytest.mark.parametrize("key", ["meta-trademark", "meta-impersonation", "cloudflare-api", "phone"])
def test_a_shipped_entry_is_printed_to_be_corrected(config: Path, key: str) -> None:
    text = channels(config, key, "--toml").stdout
    assert [entry["key"] for entry in tomllib.loads(text)["channel"]] == [key]
    (config.parent / "desks" / "corrected.toml").write_text(text.replace("https://", "https://www.corrected."), "utf-8")
    assert "https://www.corrected." in channels(config, key).stdout


def test_json_is_the_whole_entry(config: Path) -> None:
    told = json.loads(channels(config, "cloudflare-api", "--json").stdout)
    assert told["api"]["body"]["urls"] == "targets"
    assert told["checked"] == "2026-11-30"
    assert told["file"].endswith("cloudflare.toml")
    assert json.loads(channels(config, "jp-drp", "--json").stdout)["answer"]["within"] == "60d"


def test_wrong_entries_of_ones_own_stop_the_command_and_the_check(config: Path) -> None:
    file = mall(config, 'template = "marketplace"', 'template = "market-place"')
    check = CliRunner().invoke(main, ["config", "check", "-c", str(config)])
    for done in (channels(config), check):
        assert done.exit_code == 2
        assert f"{file}: channel[0].template: there is no template 'market-place'" in done.stderr


@pytest.mark.parametrize(
    ("channel", "says"),
    [
        ("cloudflare-ap", "there is no channel 'cloudflare-ap'; did you mean 'cloudflare-api'?"),
        ("meta-trademark", "meta-trademark is no interface, and needs no account: its way is form"),
    ],
)
def test_an_account_for_no_interface_is_told_by_the_check(config: Path, channel: str, says: str) -> None:
    account = f'[[takedown.account]]\nchannel = "{channel}"\n'
    config.write_text(config.read_text("utf-8") + account, "utf-8")
    done = CliRunner().invoke(main, ["config", "check", "-c", str(config)])
    assert done.exit_code == 2
    assert f"mekiki.toml: takedown.account[0].channel: {says}" in done.stderr


def test_hostile_text_of_an_entry_reaches_no_terminal(config: Path) -> None:
    mall(config, 'en = "Shop Mall: report an offer"', 'en = "Shop\\u001b[2J\\u202eMall"')
    for arguments in ((), ("shop-mall",)):
        out = channels(config, *arguments).stdout
        assert "\x1b" not in out
        assert "\u202e" not in out
