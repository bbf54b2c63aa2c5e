"""`mekiki takedown show NOTICE --pdf FILE`: a notice as a letter."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cli import main
from takedown.bundle import fonts
from tests.takedown.bundle.reading import bare, read
from tests.takedown.desk import drafted
from tests.takedown.stage import CANARY, LINK, SECRET, Stage


def show(stage: Stage, *arguments: str) -> Result:
    command = ["takedown", "show", *arguments, "-c", str(stage.folder / "mekiki.toml")]
    return CliRunner().invoke(main, command, env={"COLUMNS": "200"})


def test_the_letter_holds_the_notice_as_it_would_leave(stage: Stage, tmp_path: Path) -> None:
    number, file = drafted(stage, "npa-cyber"), tmp_path / "letter.pdf"
    result = show(stage, str(number), "--pdf", str(file))
    assert result.exit_code == 0, result.output
    content = json.loads(show(stage, str(number), "--json").stdout)["notice"]["content"]
    assert f"notice {number}, reference {content['reference']}" in result.stdout
    text = read(file.read_bytes()).text
    for line in content["body"].split("\n"):
        assert bare(line) in text, f"{line} is not in the letter"
    assert LINK in text, "addresses are exact, as in the notice"
    assert all(one["sha256"] in text for one in content["attachments"])
    assert CANARY not in text
    assert SECRET not in text
    assert file.stat().st_mode & 0o777 == 0o600


def test_the_name_of_a_file_reaches_no_terminal_raw(stage: Stage, tmp_path: Path) -> None:
    result = show(stage, str(drafted(stage, "npa-cyber")), "--pdf", str(tmp_path / "a\u202eb.pdf"))
    assert "a\\u{202E}b.pdf: notice" in result.stdout


def test_a_file_that_is_there_stays_unless_it_may_be_written_over(stage: Stage, tmp_path: Path) -> None:
    number, file = str(drafted(stage, "npa-cyber")), tmp_path / "letter.pdf"
    file.write_bytes(b"mine")
    refused = show(stage, number, "--pdf", str(file))
    assert refused.exit_code == 1
    assert "--force" in refused.stderr
    assert file.read_bytes() == b"mine"
    assert show(stage, number, "--pdf", str(file), "--force").exit_code == 0
    assert file.read_bytes().startswith(b"%PDF")


def test_a_missing_font_is_one_line_and_leaves_no_file(
    stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    number, file = str(drafted(stage, "npa-cyber")), tmp_path / "letter.pdf"
    monkeypatch.setitem(fonts._FILES, "gothic", ("matplotlib_fontja", "fonts/gone.ttf"))
    for cache in (fonts.font, fonts._loaded):
        monkeypatch.setattr(fonts, cache.__name__, cache.__wrapped__)
    monkeypatch.setattr("takedown.bundle.paper.font", fonts.font)
    refused = show(stage, number, "--pdf", str(file))
    assert refused.exit_code == 1
    assert refused.stderr.splitlines() == [
        "mekiki: fonts/gone.ttf of package matplotlib_fontja is missing: install mekiki anew"
    ]
    assert list(tmp_path.glob("*letter*")) == []
