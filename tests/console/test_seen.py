"""mekiki seen: what an analyst types on a bad Monday, and what it says."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from PIL import Image

from cli import main
from storage.database import open_engine, transaction, upgrade
from storage.judgements import Judgement, judge
from tests.storage.creatives import AGAIN, SLOGAN, creative, shown
from tests.storage.examples import MINUTE, NOW

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run commands in an installation with one confirmed case, and an item that was never flagged."""
    config = tmp_path / "mekiki.toml"
    config.write_text('[crawler]\ncontact = "a@b.example"\n[[brand]]\nkey = "hoshino"\nname = "星野電機"\n')
    engine = open_engine(f"sqlite:///{tmp_path / 'mekiki.db'}")
    upgrade(engine)
    _, (case,) = shown(engine, 1, seed=1, text=SLOGAN + "\x1b]0;pwned\x07 https://hoshino-sale.test/x")
    shown(engine, 2, seed=2, flagged=False)
    with transaction(engine) as session:
        judge(session, case, Judgement(who="aki", action="confirm", note="LINE へ誘導"), now=NOW + MINUTE)
    engine.dispose()
    runner = CliRunner()
    return lambda *arguments: runner.invoke(main, [*arguments, "--config", str(config)])


def test_a_copy_on_the_desk_is_known_with_the_decision(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "again.jpg"
    creative(1).resize((320, 240), Image.Resampling.BILINEAR).save(file, quality=60)
    result = run("seen", str(file))
    assert result.exit_code == 0, result.output
    lines = [line.strip() for line in result.stdout.splitlines()]
    assert lines[0].startswith("seen before: 1 item in 1 case (1 confirmed); first 2026-11-22 03:04Z")
    assert "confirmed by aki 2026-11-22 03:05Z: LINE へ誘導" in lines
    assert any(line.startswith("the same picture, saved anew (") for line in lines)
    assert "\x1b" not in result.stdout
    assert "https://hoshino-sale.test" not in result.stdout


def test_a_text_a_case_and_an_item_are_looked_up(run: Run) -> None:
    text = run("seen", AGAIN)
    assert "much the same text, " in text.stdout
    assert run("seen", "1").stdout.startswith("not seen before")
    assert run("seen", "item:2").stdout.startswith("not seen before")
    found = json.loads(run("seen", AGAIN, "--json").stdout)
    assert [case["id"] for case in found["cases"]] == [1]
    assert found["cases"][0]["decided"]["who"] == "aki"


@pytest.mark.parametrize(
    ("target", "code", "says"),
    [
        ("99", 1, "there is no case 99"),
        ("item:99", 1, "there is no item 99"),
        ("item:x", 2, "expected item:NUMBER"),
        ("https://hoshino-sale.test/lp", 2, "an address has no picture and no text"),
        ("missing.png", 1, "there is no such file"),
    ],
)
def test_what_cannot_be_looked_up_is_a_line(run: Run, target: str, code: int, says: str) -> None:
    result = run("seen", target)
    assert (result.exit_code, result.stderr.count("\n")) == (code, 1)
    assert says in result.stderr


def test_the_index_is_made_anew_when_asked(run: Run, tmp_path: Path) -> None:
    result = run("db", "index", "--rebuild")
    assert result.exit_code == 0, result.output
    assert result.stdout == "the index has 2 codes of pictures and 1 of texts\n"
    [file] = (tmp_path / "index").glob("picture-*")
    file.write_bytes(b"x")
    again = run("db", "index")
    assert "is not as long as it was written; it is made anew" in again.stderr
    assert again.stdout == result.stdout


def test_pruning_takes_it_out_of_the_index(run: Run, tmp_path: Path) -> None:
    run("db", "index", "--rebuild")
    config = tmp_path / "mekiki.toml"
    config.write_text('[storage]\nkeep_items = "1d"\n' + config.read_text("utf-8"), "utf-8")
    result = run("db", "prune", "--as", "aki")
    assert result.exit_code == 0, result.output
    assert "codes of the index" in result.stdout
    assert run("db", "index").stdout == "the index has 1 codes of pictures and 1 of texts\n"
