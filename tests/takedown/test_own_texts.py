"""Texts of one's own for notices: every problem is told by config check, and the shipped ones have none."""

from pathlib import Path

import pytest

from config import ConfigError, load
from config import notice_templates as ours
from config.templates import find_problems
from takedown.texts import SHIPPED


def test_the_shipped_texts_are_all_there_and_know_no_other_names() -> None:
    assert list(find_problems(SHIPPED, ours.FILES, ours.VALUES)) == []
    for language in ("en", "ja"):
        found = {path.relative_to(SHIPPED / language).as_posix() for path in (SHIPPED / language).rglob("*.txt")}
        assert found == set(ours.FILES)


def test_every_text_and_every_name_is_documented() -> None:
    page = (SHIPPED.parent.parent / "docs" / "notices.md").read_text("utf-8")
    assert [name for name in (*ours.FILES, *ours.VALUES) if f"`{name}`" not in page] == []


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("ja/scam.txt", "x", "takes the place of no template; did you mean 'ja/scam_ad.txt'?"),
        ("scam_ad.txt", "{{ refrence }}", "line 1: there is no 'refrence'; did you mean 'reference'?"),
        ("scam_ad.txt", "{{ alert }}", "line 1: there is no 'alert'"),  # of messages, not of notices
        ("scam_ad.txt", "T\n{% if %}", "line 2: Expected an expression, got 'end of statement block'"),
        (
            "scam_ad.txt",
            '{% include "parts/evidnce.txt" %}',
            "includes 'parts/evidnce.txt', which is no template; did you",
        ),
        ("parts/end.txt", "\xff", "is not UTF-8"),
    ],
)
def test_what_cannot_be_used_is_told_with_its_line(tmp_path: Path, name: str, text: str, says: str) -> None:
    path = tmp_path / "notices" / name
    path.parent.mkdir(parents=True)
    path.write_bytes(text.encode("latin-1"))
    main = tmp_path / "mekiki.toml"
    main.write_text('[crawler]\ncontact = "a@b.example"\n[takedown]\ntemplates = "notices/"\n', "utf-8")
    with pytest.raises(ConfigError) as told:
        load(main)
    [problem] = told.value.problems
    assert problem.file == str(path)
    assert problem.message.startswith(says)


def test_a_folder_that_is_none_is_told(tmp_path: Path) -> None:
    main = tmp_path / "mekiki.toml"
    main.write_text('[crawler]\ncontact = "a@b.example"\n[takedown]\ntemplates = "notices/"\n', "utf-8")
    with pytest.raises(ConfigError, match="is no folder"):
        load(main)
