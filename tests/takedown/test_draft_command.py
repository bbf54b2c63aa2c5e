"""mekiki takedown draft and show: notices on record, what is missing for others, one value to copy."""

import json
import re
from datetime import timedelta
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select

from cli import main
from console.app import utc_now
from storage.database import snapshot, transaction
from storage.judgements import Judgement, judge
from storage.notice_views import NoticeView
from storage.notices import Reply, add_reply, begin_sending, filed, notices_of
from storage.schema import CaseLog, ItemVersion
from tests.takedown.drafts import HOSTILE
from tests.takedown.stage import CANARY, LINK, Stage


def run(stage: Stage, *arguments: object) -> Result:
    return CliRunner().invoke(main, ["takedown", *map(str, arguments), "-c", str(stage.folder / "mekiki.toml")])


def draft(stage: Stage, *arguments: object, case: int | None = None) -> Result:
    return run(stage, "draft", case or stage.case, *arguments, "--as", "keiko")


def rows(stage: Stage) -> tuple[NoticeView, ...]:
    with snapshot(stage.engine) as session:
        return notices_of(session, stage.case)


def file_it(stage: Stage, number: int) -> None:
    """Note that a draft was filed."""
    now = utc_now()
    with transaction(stage.engine) as session:
        judge(session, stage.case, Judgement(who="keiko", action="takedown", approvers=()), now=now)
        begin_sending(session, number, who="keiko", approvers=(), now=now)
        filed(session, number, who="keiko", now=now, due=timedelta(days=3), theirs="CASE-88")


def test_a_draft_is_put_on_record_and_shown_ready_to_copy(stage: Stage) -> None:
    result = draft(stage, "--channel", "meta-brand-rights", "--language", "ja")
    assert result.exit_code == 0, result.output
    [row] = rows(stage)
    assert (row.case_id, row.channel, row.language, row.state) == (1, "meta-brand-rights", "ja", "draft")
    assert row.reference in result.output
    assert "広告のリンク先URL" in result.output
    assert "hxxps://hoshino-denki-sale[.]test/lp/?c=7&fbclid=IwAR0aB" in result.output
    assert "https://business.facebook.com/brandprotection" in result.output  # where to go: no stranger's address
    assert "https://hoshino-denki-sale" not in result.output
    assert f"Next: `mekiki takedown file {row.id}`" in result.output
    assert all(line == line.rstrip() for line in result.output.splitlines())
    with snapshot(stage.engine) as session:
        entry = session.scalars(select(CaseLog).order_by(CaseLog.id.desc()).limit(1)).one()
        assert (entry.action, entry.reason, entry.who) == ("notice", "drafted", "keiko")


def test_one_value_is_printed_exactly_as_it_is_to_be_sent(stage: Stage) -> None:
    draft(stage, "--channel", "meta-brand-rights")
    assert run(stage, "show", 1, "--field", "links").output == f"{LINK}\n"
    [row] = rows(stage)
    assert run(stage, "show", row.reference, "--field", "body").output == row.content["body"] + "\n"
    assert run(stage, "show", 1, "--field", "reference").output == f"{row.reference}\n"
    near = run(stage, "show", 1, "--field", "lnks")
    assert (near.exit_code, near.output) == (2, "mekiki: the notice has no field 'lnks'; did you mean 'links'?\n")
    by_hand = run(stage, "show", 1, "--field", "violation")
    assert by_hand.exit_code == 1
    assert by_hand.output.startswith("mekiki: violation is filled in by hand: choose: ")


def test_what_is_missing_is_a_line_each_and_nothing_is_on_record(stage: Stage) -> None:
    path = stage.folder / "mekiki.toml"
    path.write_text(path.read_text("utf-8").replace("2031-05-31", "2026-05-31"), "utf-8")
    result = draft(stage, "--channel", "meta-trademark")
    assert result.exit_code == 1
    assert result.output == (
        "mekiki: meta-trademark about platform meta: not drafted, this is missing:\n"
        "mekiki:   no trademark of brand hoshino is in force: 登録第0000001号 ended on 2026-05-31: "
        "have it renewed, then change [[brand.trademark]] until\n"
    )
    assert rows(stage) == ()


def test_some_drafted_and_some_not_is_partly_done(stage: Stage) -> None:
    result = draft(stage, "--channel", "line-account", "--channel", "consumer-hotline")
    assert result.exit_code == 4
    assert "only people who were harmed may file there" in result.output
    assert [row.channel for row in rows(stage)] == ["line-account"]
    line = r"^notice 1, ja, MK-1-[0-9A-Z]{8}, line-account about chat line:@hoshino-sale88$"
    assert re.search(line, result.output, re.MULTILINE)


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        ([], 2, "expected --channel KEY or --all"),
        (["--all", "--channel", "apwg"], 2, "expected --channel KEY or --all"),
        (["--channel", "meta-trademrk"], 2, "there is no channel 'meta-trademrk'; did you mean 'meta-trademark'?"),
        (["--channel", "tiktok-trademark"], 1, "case 1 has nothing for tiktok-trademark: `mekiki takedown plan 1`"),
        (["--channel", "apwg", "--actor", "nobody.test"], 1, "nothing for apwg about nobody.test"),
        (["--channel", "apwg", "--language", "ja"], 1, "apwg で使える言語は en です: --language en"),
    ],
)
def test_what_makes_no_sense_is_one_line(stage: Stage, arguments: list[str], code: int, says: str) -> None:
    result = draft(stage, *arguments)
    assert result.exit_code == code, result.output
    assert says in result.output
    assert rows(stage) == ()


def test_there_is_no_such_case_and_no_such_notice(stage: Stage) -> None:
    assert draft(stage, "--channel", "apwg", case=99).exit_code == 1
    missing = run(stage, "show", 99)
    assert missing.exit_code == 1
    assert missing.output.startswith("mekiki: there is no notice 99")


def test_a_case_that_nobody_judged_says_so_once(stage: Stage) -> None:
    result = draft(stage, "--all", case=stage.other)
    assert result.exit_code == 1
    assert result.output.count("case 2 is open: judge it first: `mekiki judge 2 --confirm`") == 1
    assert "for the same reasons" in result.output
    assert rows(stage) == ()


def test_everything_that_is_complete_is_drafted(stage: Stage) -> None:
    result = draft(stage, "--all")
    assert result.exit_code == 4, result.output
    drafted = rows(stage)
    channels = [row.channel for row in drafted]
    assert {"meta-brand-rights", "line-account", "registrar", "apwg", "antiphishing-japan"} <= set(channels)
    assert len(channels) >= 12
    assert {(row.channel, row.subject) for row in drafted if row.channel == "meta-brand-rights"} == {
        ("meta-brand-rights", "meta")
    }
    assert "this is missing" in result.output
    assert CANARY not in result.output + json.dumps([row.content for row in drafted])
    again = draft(stage, "--all")
    assert again.exit_code == 4
    assert [row.reference for row in rows(stage)] == [row.reference for row in drafted]


def test_drafting_twice_replaces_the_draft(stage: Stage) -> None:
    draft(stage, "--channel", "apwg")
    [first] = rows(stage)
    result = draft(stage, "--channel", "apwg")
    assert result.exit_code == 0
    [second] = rows(stage)
    assert (second.id, second.reference) == (first.id, first.reference)
    assert run(stage, "show", 1).output.count("keiko: drafted") == 2


def test_one_that_is_filed_and_open_is_not_filed_again_by_accident(stage: Stage) -> None:
    draft(stage, "--channel", "apwg")
    file_it(stage, 1)
    refused = draft(stage, "--channel", "apwg")
    assert refused.exit_code == 1
    assert re.search(
        r"notice 1 was filed with apwg on \d{4}-\d\d-\d\d and is filed; --again files it anew", refused.output
    )
    again = draft(stage, "--channel", "apwg", "--again")
    assert again.exit_code == 0, again.output
    first, second = rows(stage)
    assert second.previous_id == first.id
    assert f"{first.reference} (your reference: CASE-88)" in second.content["body"]


def test_a_dry_run_shows_and_leaves_no_trace(stage: Stage) -> None:
    result = draft(stage, "--channel", "apwg", "--dry-run")
    assert result.exit_code == 0
    assert "not on record" in result.output
    assert "Next:" not in result.output
    assert rows(stage) == ()


def test_json_is_exact_and_ascii(stage: Stage) -> None:
    result = draft(stage, "--channel", "meta-brand-rights", "--channel", "consumer-hotline", "--json")
    assert result.exit_code == 4
    assert result.output.isascii()
    first, second = json.loads(result.output)
    assert (first["ok"], first["notice"], first["content"]["targets"]) == (
        True,
        1,
        ["https://ads.platform.example/library?id=501"],
    )
    assert LINK in first["content"]["body"]
    assert [one["what"] for one in second["missing"]] == ["who"]
    shown = json.loads(run(stage, "show", 1, "--json").output)
    assert shown["notice"]["content"] == first["content"]
    assert [step["step"] for step in shown["history"]] == ["drafted"]


def test_a_notice_shows_its_history_and_replies(stage: Stage) -> None:
    draft(stage, "--channel", "apwg")
    file_it(stage, 1)
    answer = Reply(
        digest=stage.media.put(b"mail"),
        received_at=utc_now(),
        sender="abuse@apwg.example",
        subject="Re: \x1b[2Jyour report",
        text="We look at https://evil.test/ now",
        matched_by="reference",
        suggests="acknowledged",
    )
    with transaction(stage.engine) as session:
        add_reply(session, 1, answer, who="mekiki", now=utc_now(), due=timedelta(days=2))
    shown = run(stage, "show", "CASE-88").output
    assert "their reference CASE-88" in shown
    assert "keiko: drafted" in shown
    assert "keiko: filed" in shown
    assert "seems to say: acknowledged" in shown
    assert "hxxps://evil[.]test/" in shown
    assert "\x1b" not in shown
    assert "\\u{1B}[2Jyour report" in shown


def test_hostile_words_reach_no_terminal_raw(stage: Stage) -> None:
    hostile(stage)
    for channel in ("meta-brand-rights", "registrar", "npa-cyber"):
        result = draft(stage, "--channel", channel)
        assert "MK-1-" in result.output
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f\u2028\u202e]", result.output)
        assert not re.search(r"https?://(?!business|lookup|www\.npa)", result.output)
        assert "\nBcc" not in result.output


def hostile(stage: Stage) -> None:
    """Put hostile words into the ad of the case."""
    with transaction(stage.engine) as session:
        for version in session.scalars(select(ItemVersion)):
            content: dict[str, Any] = dict(version.content)
            if content["id"] == "ad-501":
                content["texts"] = [{**text, "text": HOSTILE} for text in content["texts"]]
                content["advertiser"] = {**content["advertiser"], "name": HOSTILE}
                version.content = content


def with_more_trademarks(stage: Stage) -> None:
    """Add one that is in force in the United States, and one that has ended."""
    file = stage.folder / "mekiki.toml"
    (stage.folder / "rights" / "us.pdf").write_bytes(b"%PDF-1.4 US")
    more = """
[[brand.trademark]]
mark = "HOSHINO DENKI"
number = "No. 9,000,001"
office = "USPTO"
classes = [11]
goods = "Air conditioners"
certificate = "rights/us.pdf"

[[brand.trademark]]
mark = "HOSHINO"
number = "018000001"
office = "EUIPO"
until = 2020-01-31
"""
    place = 'certificate = "rights/0000001.pdf"\n'
    text = file.read_text("utf-8")
    assert place in text
    file.write_text(text.replace(place, place + more), "utf-8")


def content_of(stage: Stage) -> tuple[str, list[str]]:
    """All words of the last notice, and its certificates."""
    content = rows(stage)[-1].content
    certificates = [one["sha256"] for one in content["attachments"] if one["kind"] == "certificate"]
    return json.dumps([content["title"], content["body"], content["fields"]], ensure_ascii=False), certificates


def test_a_notice_rests_on_the_trademarks_that_were_named(stage: Stage) -> None:
    with_more_trademarks(stage)
    ask = "--channel", "meta-brand-rights", "--language", "en"
    assert draft(stage, *ask).exit_code == 0
    said, certificates = content_of(stage)
    assert "登録第0000001号" in said
    assert "No. 9,000,001" in said
    assert len(certificates) == 2
    assert draft(stage, *ask, "--mark", "Ｎｏ．９，０００，００１").exit_code == 0
    said, [certificate] = content_of(stage)
    assert "登録第0000001号" not in said
    assert "No. 9,000,001" in said
    assert stage.media.read(certificate) == b"%PDF-1.4 US"
    assert draft(stage, *ask, "--mark", "登録第0000001号", "--mark", "No. 9,000,001").exit_code == 0
    said, certificates = content_of(stage)
    assert said.count("登録第0000001号") >= 1
    assert len(certificates) == 2


@pytest.mark.parametrize(
    ("number", "what"),
    [("1234567", "there is no trademark 1234567"), ("018000001", "trademark 018000001 ended on 2020-01-31")],
)
def test_a_trademark_that_is_not_in_force_is_told_with_those_that_are(number: str, what: str, stage: Stage) -> None:
    with_more_trademarks(stage)
    result = draft(stage, "--channel", "meta-brand-rights", "--mark", number)
    assert result.exit_code == 2
    known = "登録第0000001号 (星野電機, JPO), No. 9,000,001 (HOSHINO DENKI, USPTO)"
    assert f"{what}; in force for brand hoshino: {known}" in result.stderr
    assert not rows(stage)
