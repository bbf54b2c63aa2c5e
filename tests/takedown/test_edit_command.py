"""mekiki takedown edit: a draft in one's own words, within what the channel takes."""

import stat
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cli import main
from storage.database import snapshot
from storage.notice_list import NoticeFilters, list_notices
from storage.notice_views import NoticeView
from storage.notices import notice
from tests.takedown.stage import Stage
from tests.takedown.test_draft_command import draft, file_it, run


def edit(stage: Stage, *arguments: str, text: str | None = None) -> Result:
    command = ["takedown", "edit", "1", *arguments, "--as", "ren", "-c", str(stage.folder / "mekiki.toml")]
    return CliRunner().invoke(main, command, input=text)


def first(stage: Stage) -> NoticeView:
    with snapshot(stage.engine) as session:
        return notice(session, 1)


def test_words_are_changed_and_the_log_tells_who_did(stage: Stage) -> None:
    draft(stage, "--channel", "meta-brand-rights")
    before = first(stage)
    body = f"お願い\n{before.reference}\n"
    result = edit(stage, "--title", "私の件名", "--body", "-", "--field", "advertiser=別の名称", text=body)
    assert (result.exit_code, result.output) == (0, "notice 1 is changed; nothing was filed\n")
    after = first(stage)
    assert (after.content["title"], after.content["body"]) == ("私の件名", body)
    assert run(stage, "show", 1, "--field", "advertiser").output == "別の名称\n"
    assert (after.reference, after.targets, after.state) == (before.reference, before.targets, "draft")
    assert "ren: drafted" in run(stage, "show", 1).output


def test_an_editor_changes_title_and_text(stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    draft(stage, "--channel", "apwg")
    script = tmp_path / "editor"
    script.write_text('#!/bin/sh\nsed -i "1s/.*/Mine/; s/To: APWG/To: you/" "$1"\n')
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("VISUAL", str(script))
    before = first(stage).content["body"]
    assert edit(stage).exit_code == 0
    after = first(stage).content
    assert after["title"] == "Mine"
    assert after["body"] == before.replace("To: APWG", "To: you")


def test_an_editor_that_changes_nothing_changes_nothing(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    draft(stage, "--channel", "apwg")
    monkeypatch.setenv("VISUAL", "true")
    assert edit(stage).output == "notice 1 stays as it is\n"
    assert run(stage, "show", 1).output.count(": drafted") == 1


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--title", "a\nBcc: b@c.example"], "the title holds characters that cannot be seen, or breaks the line"),
        (["--title", "a\u202eb"], "the title holds characters that cannot be seen"),
        (["--title", " "], "the title is empty"),
        (["--field", "nothing=1"], "expected KEY=VALUE with one of "),
        (["--field", "links"], "expected KEY=VALUE with one of "),
    ],
)
def test_what_cannot_be_sent_is_refused(stage: Stage, arguments: list[str], says: str) -> None:
    draft(stage, "--channel", "meta-brand-rights")
    before = first(stage)
    result = edit(stage, *arguments)
    assert result.exit_code == 2
    assert says in result.output
    assert first(stage) == before


def test_a_text_longer_than_the_channel_takes_is_refused(stage: Stage) -> None:
    own = stage.folder / "channels"
    own.mkdir()
    shown = run(stage, "channels", "apwg", "--toml").output
    (own / "apwg.toml").write_text(f"{shown}\n[channel.limits]\ncharacters = 2000\n", "utf-8")
    path = stage.folder / "mekiki.toml"
    path.write_text(
        path.read_text("utf-8").replace("[takedown.filer]", '[takedown]\nchannels = "channels/"\n\n[takedown.filer]')
    )
    assert draft(stage, "--channel", "apwg").exit_code == 0
    result = edit(stage, "--body", "-", text="x" * 2001)
    assert (result.exit_code, result.output) == (
        2,
        "mekiki: the text has 2001 characters, and the channel takes 2000\n",
    )


def test_what_was_filed_is_not_changed(stage: Stage) -> None:
    draft(stage, "--channel", "apwg")
    file_it(stage, 1)
    result = edit(stage, "--title", "other")
    assert result.exit_code == 1
    assert result.output == "mekiki: notice 1 is filed: what the other side has is not changed any more\n"


@pytest.mark.parametrize("meanwhile", ["withdraw", "file", "edit"])
def test_what_happened_while_somebody_typed_stands(
    stage: Stage, meanwhile: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    draft(stage, "--channel", "meta-brand-rights")

    def typed(text: str, **_: object) -> str:
        if meanwhile == "edit":
            assert edit(stage, "--title", "the other one's").exit_code == 0
        elif meanwhile == "file":
            file_it(stage, 1)
        else:
            run(stage, "withdraw", 1)
        return f"{text}my words\n"

    monkeypatch.setattr("click.edit", typed)
    result = edit(stage)
    assert result.exit_code == 1
    assert "changed or filed meanwhile" in result.stderr
    assert "my words" in result.stderr
    assert "my words" not in first(stage).content["body"]
    with snapshot(stage.engine) as session:
        assert len(list_notices(session, NoticeFilters())) == 1
