"""The command line as a person meets it: help, setting up, bad input, exit codes."""

import json
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cli import main
from detector.policy import POLICY
from detector.policy_text import write_policy
from tests.servers.programs import mekiki

BRAND = (
    '[crawler]\ncontact = "brand@hoshino-denki.example"\n'
    '[[brand]]\nkey = "hoshino"\nname = "星野電機"\naliases = ["hoshinodenki"]\ndomains = ["hoshino-denki.example"]\n'
)


def run(*arguments: str, text: str | None = None) -> Result:
    return CliRunner().invoke(main, list(arguments), input=text)


def configured(folder: Path, more: str = "") -> str:
    file = folder / "mekiki.toml"
    file.write_text(BRAND + more, "utf-8")
    return str(file)


def crawl(config: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Crawl in a process of its own: a reactor runs once in a process."""
    return mekiki("crawl", "--config", config, *arguments)


def test_init_writes_a_file_that_loads_and_never_overwrites(tmp_path: Path) -> None:
    file = tmp_path / "mekiki.toml"
    assert run("init", str(file)).exit_code == 0
    shown = run("config", "show", "--config", str(file))
    assert json.loads(shown.output)["brand"][0]["key"] == "hoshino"
    again = run("init", str(file))
    assert again.exit_code == 1
    assert "is already there" in again.output


def test_config_check_names_missing_secret_and_unreadable_logo_and_goes_on(tmp_path: Path) -> None:
    (tmp_path / "logo.png").write_bytes(b"no picture")
    config = configured(
        tmp_path,
        'logos = ["logo.png", "gone.svg"]\n[[receiver]]\nkey = "r"\nchannel = "slack"\nurl = "env:MEKIKI_NO_SUCH"\n',
    )
    result = run("config", "check", "--config", config)
    assert result.exit_code == 4
    lines = result.output.splitlines()
    assert sum("env:MEKIKI_NO_SUCH is not set" in line for line in lines) == 1
    assert sum("logo.png" in line for line in lines) == 1
    assert sum("gone.svg" in line for line in lines) == 1
    assert any("1 brand," in line for line in lines)


def test_a_missing_configuration_says_what_to_do(tmp_path: Path) -> None:
    result = run("crawl", "--config", str(tmp_path / "none.toml"))
    assert result.exit_code == 2
    assert "mekiki init" in result.output


def test_doctor_on_this_installation(tmp_path: Path) -> None:
    result = run("doctor", "--config", str(tmp_path / "none.toml"))
    assert result.exit_code == 0, result.output
    assert "all packages are ours" in result.output
    config = configured(tmp_path)
    before = run("doctor", "--config", config)
    assert before.exit_code == 0, before.output
    assert "not there yet" in before.output
    assert run("db", "upgrade", "--config", config).exit_code == 0
    assert run("doctor", "--config", config).exit_code == 0


def test_scan_explains(tmp_path: Path) -> None:
    config = configured(tmp_path)
    result = run("scan", "--config", config, "https://hoshinodenki-sale.test/login")
    assert result.exit_code == 0
    assert "Why" in result.output
    assert "hxxps" in result.output
    assert "no sign" in run("scan", "--config", config, "今日の天気は晴れ").output
    verdicts = json.loads(run("scan", "--config", config, "--json", "hoshinodenki-sale.test").output)
    assert verdicts[0]["brand"] == "hoshino"


@pytest.mark.parametrize(
    "line", ["", '{"id": "a", "kind": "ad", "url": "ftp://x.example/"}', '{"id": "a", "kind": "ad"}']
)
def test_scan_fetches_nothing_but_web_addresses_and_says_so(tmp_path: Path, line: str) -> None:
    file = tmp_path / "items.jsonl"
    file.write_text(line)
    done = run("scan", str(file), "--fetch", "--config", configured(tmp_path))
    assert done.exit_code == 2
    assert "--fetch needs a URL" in done.output


def test_config_show_prints_nothing_that_controls_a_terminal(tmp_path: Path) -> None:
    false_claim = "限定\u202eセール\x9b31m"
    file = tmp_path / "mekiki.toml"
    file.write_text(BRAND + f'false_claims = ["{false_claim}"]\n', "utf-8")
    shown = run("config", "show", "--config", str(file)).output
    assert not set(shown) & set("\u202e\x9b")
    assert json.loads(shown)["brand"][0]["false_claims"] == [false_claim]


def test_scan_never_calls_clean_what_it_could_not_fetch(tmp_path: Path) -> None:
    result = mekiki("scan", "--config", configured(tmp_path), "--fetch", "http://127.0.0.1:9/")
    assert result.returncode == 3
    assert "could not tell" in result.stdout + result.stderr
    assert "no sign" not in result.stdout + result.stderr


def test_score_reads_standard_input(tmp_path: Path) -> None:
    config = configured(tmp_path)
    result = run("score", "--config", config, "--format", "hosts", text="hoshinodenki-sale.test\ngarden.example\n")
    assert result.exit_code == 0
    assert [json.loads(line)["id"] for line in result.output.splitlines()] == ["hoshinodenki-sale.test"]
    bad = run("score", "--config", config, text='{"id": 1}\n')
    assert bad.exit_code == 4
    assert "line 1:" in bad.output


def test_crawl_with_bad_input_says_each_in_one_line_and_goes_on(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text(
        'url,title\nhttps://hoshinodenki-sale.test/login,a\n"https://x.test/,b",c,d\n,\nhttps://garden.example/,d\n'
    )
    (tmp_path / "items.jsonl").write_text('{"id": "1", "kind": "ad"}\n{"id": 2}\n')
    config = configured(
        tmp_path,
        '[[source]]\nkey = "rows"\nkind = "feed"\npaths = ["rows.csv"]\n'
        '[[source]]\nkey = "lines"\nkind = "import"\npath = "items.jsonl"\n'
        '[[source]]\nkey = "gone"\nkind = "feed"\npaths = ["gone.csv"]\n',
    )
    done = crawl(config)
    assert done.returncode == 4, done.stderr
    assert "Traceback" not in done.stderr
    assert any(line.startswith("rows: partial: 2 items") for line in done.stdout.splitlines()), done.stdout
    assert any(line.startswith("lines: partial: 1 item") for line in done.stdout.splitlines()), done.stdout
    assert any(line.startswith("gone: failed") for line in done.stdout.splitlines()), done.stdout
    assert "line 3" in done.stderr
    assert "line 2" in done.stderr
    listed = run("cases", "list", "--config", config)
    assert "hoshinodenki-sale[.]test" in listed.output
    again = crawl(config, "--source", "rows", "--json")
    assert json.loads(again.stdout)["sources"][0]["new"] == 0


def test_dry_run_shows_and_stores_nothing(tmp_path: Path) -> None:
    (tmp_path / "rows.txt").write_text("https://hoshinodenki-sale.test/login\n")
    config = configured(tmp_path, '[[source]]\nkey = "rows"\nkind = "feed"\npaths = ["rows.txt"]\nformat = "urls"\n')
    done = crawl(config, "--dry-run")
    assert done.returncode == 0, done.stderr
    assert "Why" in done.stdout
    assert not (tmp_path / "mekiki.db").exists()


def test_a_crawl_judges_with_the_configured_policy(tmp_path: Path) -> None:
    (tmp_path / "rows.txt").write_text("https://hoshinodenki-sale.test/login\n")
    (tmp_path / "deaf.toml").write_text(write_policy(replace(POLICY, version="deaf", bias=-30.0)), "utf-8")
    rows = '[[source]]\nkey = "rows"\nkind = "feed"\npaths = ["rows.txt"]\nformat = "urls"\n'
    config = configured(tmp_path, '[detector]\npolicy = "deaf.toml"\n' + rows)
    done = crawl(config, "--json")
    assert done.returncode == 0, done.stderr
    source = json.loads(done.stdout)["sources"][0]
    assert (source["items"], source["flagged"]) == (1, 0)


@pytest.mark.parametrize("command", ["crawl", "score", "scan", "triage", "judge", "watch", "demo", "init", "doctor"])
def test_help_is_there_for_every_verb(command: str) -> None:
    assert "Usage:" in run(command, "--help").output
