"""takedown list, due, approve, state, withdraw, retry and stats, typed as people type them."""

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from click.testing import CliRunner, Result

from cli import main
from console.app import utc_now
from storage.case_locks import lock_cases
from storage.columns import digest_of
from storage.database import transaction
from storage.judgements import Judgement, judge
from storage.notice_entries import Held, take
from storage.notices import add_reply, begin_sending, notice
from storage.schema import Case, NoticeRow
from storage.settle import log_of
from takedown.catalogue import load_catalogue
from tests.storage.noticed import a_reply, draft, file, look_up
from tests.takedown.stage import Stage

FORTNIGHT_AGO = datetime.now(UTC) - timedelta(days=14)
HOSTILE = "evil.test\x1b[31m\u202e"


@pytest.fixture
def stage(stage: Stage) -> Stage:
    """The stage, its case in takedown since a fortnight."""
    with transaction(stage.engine) as session:
        asked = Judgement(who="keiko", action="takedown", approvers=())
        judge(session, stage.case, asked, now=FORTNIGHT_AGO)
    return stage


def run(stage: Stage, *arguments: object, group: str = "takedown", who: str | None = "keiko") -> Result:
    typed = [group, *map(str, arguments), "-c", str(stage.folder / "mekiki.toml")]
    return CliRunner().invoke(main, [*typed, *(["--as", who] if who else [])])


def read(stage: Stage, *arguments: object) -> Result:
    return run(stage, *arguments, who=None)


def approvers(stage: Stage) -> None:
    path = stage.folder / "mekiki.toml"
    more = '[takedown]\nsecond_approver = true\napprovers = ["keiko", "boss"]\n\n[takedown.filer]'
    path.write_text(path.read_text("utf-8").replace("[takedown.filer]", more), "utf-8")


def test_a_list_shows_each_notice_in_one_row_and_nothing_acts_on_the_terminal(stage: Stage) -> None:
    assert "no notices" in read(stage, "list").stdout
    one = file(stage.engine, stage.case, subject=HOSTILE, now=FORTNIGHT_AGO)
    two = draft(stage.engine, stage.case, channel="line-account")
    result = read(stage, "list")
    assert result.exit_code == 0
    assert "\x1b" not in result.stdout
    assert "evil[.]test\\u{1B}[31m\\u{202E}" in result.stdout
    rows = [line.split()[0] for line in result.stdout.splitlines()[1:]]
    assert rows == [str(two), str(one)]
    for arguments, found in (
        ((stage.case,), [two, one]),
        ((stage.other,), []),
        (("--state", "filed"), [one]),
        (("--channel", "line-account", "--state", "draft"), [two]),
        (("--before", two), [one]),
    ):
        listed = json.loads(read(stage, "list", *arguments, "--json").stdout)
        assert [row["id"] for row in listed] == found, arguments
    more = read(stage, "list", "--limit", 1)
    assert more.stderr == f"more: mekiki takedown list --before {two}\n"


def test_due_says_for_each_what_to_type(stage: Stage) -> None:
    assert read(stage, "due").stdout == "nothing is due\n"
    refused = file(stage.engine, stage.case, channel="meta-brand-rights", subject="meta", now=FORTNIGHT_AGO)
    assert run(stage, "state", refused, "refused", "--reason", "商標登録証がない").exit_code == 0
    late = file(stage.engine, stage.case, subject="late", now=FORTNIGHT_AGO)
    with transaction(stage.engine) as session:
        judge(session, stage.case, Judgement(who="keiko", action="note", note="x"), now=FORTNIGHT_AGO)
    result = read(stage, "due")
    lines = [line.strip() for line in result.stdout.splitlines()]
    assert lines[0].startswith(f"notice {refused}  refused ")
    assert lines[0].endswith(": 商標登録証がない")
    assert f"mekiki takedown draft {stage.case} --channel meta-trademark" in lines
    assert f"mekiki takedown show {late}" in lines
    assert lines[-1] == "2 notices to look at: 1 refused, 1 without an answer in time"
    told = json.loads(read(stage, "due", "--json").stdout)
    assert [(row["why"], row["notice"]["id"]) for row in told["notices"]] == [("refused", refused), ("overdue", late)]
    assert json.loads(read(stage, "due", stage.other, "--json").stdout)["notices"] == []


def test_drafts_that_nobody_filed_are_a_line_each_behind_what_presses(stage: Stage) -> None:
    drafts = [draft(stage.engine, stage.case, channel="netcraft", subject=f"shop{number}.test") for number in range(30)]
    refused = file(stage.engine, stage.case, channel="meta-brand-rights", subject="meta", now=FORTNIGHT_AGO)
    assert run(stage, "state", refused, "refused", "--reason", "no").exit_code == 0
    lines = [line.strip() for line in read(stage, "due").stdout.splitlines()]
    assert lines[0].startswith(f"notice {refused}  refused ")
    title = lines.index("Not filed yet: `mekiki takedown show N`, then `mekiki takedown file N`")
    rows = lines[title + 1 : title + 1 + len(drafts)]
    assert [int(row.split()[1]) for row in rows] == drafts
    assert rows[0].startswith(f"notice {drafts[0]}  case {stage.case}  netcraft, registrar shop0[.]te")
    assert lines[title + 1 + len(drafts) :] == ["31 notices to look at: 1 refused, 30 not filed yet"]
    approvers(stage)
    assert "Waiting for approval: `mekiki takedown show N`" in read(stage, "due").stdout


def test_a_person_says_how_a_notice_stands(stage: Stage) -> None:
    number = file(stage.engine, stage.case, channel="meta-brand-rights", now=FORTNIGHT_AGO)
    assert run(stage, "state", number, "--reference", " 77-A ").exit_code == 0
    assert look_up(stage.engine, number).their_reference == "77-A"
    for arguments, says in (
        (("refused",), "refused needs --reason"),
        (("down", "--reason", "x"), "--reason goes with refused"),
        ((), "expected a state (filed, acknowledged, "),
        (("--reference", " "), "--reference is empty"),
    ):
        result = run(stage, "state", number, *arguments)
        assert (result.exit_code, says in result.stderr) == (2, True), result.stderr
    result = run(stage, "state", "77-A", "down", "--note", "the ad is gone")
    assert result.exit_code == 0
    assert result.stdout.startswith(f"notice {number}  meta-brand-rights, registrar hoshino-denki-sale[.]test: down ")
    result = run(stage, "state", number, "refused", "--reason", "no")
    assert result.exit_code == 1
    assert result.stderr == f"mekiki: notice {number} is down; refused needs one that is filed, acknowledged, " + (
        "information_requested, refused or back\n"
    )
    assert run(stage, "state", 99, "down").stderr == "mekiki: there is no notice 99; `mekiki takedown list` shows all\n"


def test_a_try_that_did_not_end_is_settled_by_who_looked(stage: Stage) -> None:
    arrived, lost = (draft(stage.engine, stage.case, subject=name, now=FORTNIGHT_AGO) for name in ("one", "two"))
    with transaction(stage.engine) as session:
        for number in (arrived, lost):
            begin_sending(session, number, who="keiko", approvers=(), now=FORTNIGHT_AGO)
    assert [row["why"] for row in json.loads(read(stage, "due", "--json").stdout)["notices"]] == ["sending"] * 2
    assert run(stage, "withdraw", lost).exit_code == 1
    result = run(stage, "retry", lost)
    assert (result.exit_code, result.stderr) == (0, f"next: mekiki takedown file {lost}\n")
    assert run(stage, "retry", lost).stderr == f"mekiki: notice {lost} is not being sent: nothing to settle\n"
    assert run(stage, "state", arrived, "filed", "--reference", "A-9").exit_code == 0
    at = look_up(stage.engine, arrived)
    assert (at.state, at.their_reference, at.sending_at) == ("filed", "A-9", None)
    assert at.due_at is not None
    assert at.filed_at is not None
    assert at.due_at - at.filed_at == stage.config.takedown.remind, "where the channel is not in the catalogue"


@pytest.mark.parametrize("arguments", [("retry",), ("state",)])
def test_a_try_that_may_be_under_way_is_nobodys_to_settle(stage: Stage, arguments: tuple[str, ...]) -> None:
    number = draft(stage.engine, stage.case, now=FORTNIGHT_AGO)
    with transaction(stage.engine) as session:
        begin_sending(session, number, who="keiko", approvers=(), now=utc_now())
    result = run(stage, *arguments, number, *(["filed"] if arguments == ("state",) else []))
    assert result.exit_code == 1
    assert "may still be under way; wait a minute" in result.stderr
    at = look_up(stage.engine, number)
    assert (at.state, at.sending_at is not None) == ("draft", True)


def test_how_long_an_answer_takes_is_the_channels_to_say(stage: Stage) -> None:
    channel = next(one for one in load_catalogue(None) if one.answer is not None)
    assert channel.answer is not None
    number = draft(stage.engine, stage.case, channel=channel.key, now=FORTNIGHT_AGO)
    assert run(stage, "state", number, "filed").exit_code == 0
    at = look_up(stage.engine, number)
    assert at.filed_at is not None
    assert at.due_at == at.filed_at + channel.answer.within != at.filed_at + stage.config.takedown.remind


def test_what_needs_another_person_waits_for_one_and_takes_the_case_along(stage: Stage) -> None:
    result = run(stage, "approve", 1)
    assert (result.exit_code, result.stderr) == (
        2,
        "mekiki: takedown.second_approver is not set: notices need nobody's approval\n",
    )
    approvers(stage)
    with transaction(stage.engine) as session:
        judge(session, stage.case, Judgement(who="keiko", action="reopen"), now=FORTNIGHT_AGO)
        judge(session, stage.case, Judgement(who="keiko", action="confirm"), now=FORTNIGHT_AGO)
        asked = Judgement(who="keiko", action="takedown", approvers=("keiko", "boss"))
        judge(session, stage.case, asked, now=FORTNIGHT_AGO)
    number = draft(stage.engine, stage.case, who="mika")
    result = run(stage, "state", number, "filed")
    assert (result.exit_code, "asked for waits for another person's approval" in result.stderr) == (1, True)
    assert "approve" in read(stage, "due").stdout
    said = "--content", digest_of(look_up(stage.engine, number).content)[:8]
    refused = run(stage, "approve", number, *said, who="keiko")
    assert (refused.exit_code, "another person must approve it" in refused.stderr) == (1, True)
    assert run(stage, "approve", number, 99, *said, *said, who="boss").exit_code == 4
    with transaction(stage.engine) as session:
        assert notice(session, number).approved_by == "boss"
    assert run(stage, "state", number, "filed", who="keiko").exit_code == 0, "its case is in takedown with it"


def test_what_is_approved_is_what_the_approver_has_read(stage: Stage) -> None:
    approvers(stage)
    number = draft(stage.engine, stage.case, who="mika")
    [before] = re.findall(r", content ([0-9a-f]{8})\b", run(stage, "show", number, who=None).stdout)
    result = run(stage, "approve", number, who="boss")
    assert (result.exit_code, result.stderr) == (
        2,
        f"mekiki: say of each notice what you have read: `mekiki takedown show {number}` prints its content's digest, "
        f"then `mekiki takedown approve {number} --content DIGEST`\n",
    )
    assert run(stage, "approve", number, "--content", before[:4], who="boss").exit_code == 2
    assert draft(stage.engine, stage.case, who="mika", body="Please suspend another domain.") == number
    result = run(stage, "approve", number, "--content", before, who="boss")
    assert (result.exit_code, result.stderr) == (
        1,
        f"mekiki: notice {number} is not what you have read ({before}): `mekiki takedown show {number}` has it as it "
        "is now\n",
    )
    assert look_up(stage.engine, number).approved_by is None
    content = digest_of(look_up(stage.engine, number).content)
    assert run(stage, "approve", number, "--content", content[:8].upper(), who="boss").exit_code == 0
    with transaction(stage.engine) as session:
        logged = [entry.data for entry in log_of(session, stage.case) if entry.reason in ("drafted", "approved")]
    assert [one["content"] for one in logged[-2:]] == [content, content]


def test_a_case_that_is_dismissed_says_which_channels_must_be_told(stage: Stage) -> None:
    number = file(stage.engine, stage.case, now=FORTNIGHT_AGO)
    result = run(stage, stage.case, "--dismiss", "other", group="judge")
    assert result.stdout.splitlines()[1:] == [
        f"channels still have 1 notice of it ({number}): withdraw them there; `mekiki takedown due` lists them"
    ]
    assert "the case is dismissed: tell them that it is withdrawn" in read(stage, "due").stdout
    assert run(stage, "withdraw", number).exit_code == 1
    assert run(stage, "withdraw", number, "--note", "by mail of today").exit_code == 0
    assert read(stage, "due").stdout == "nothing is due\n"


def test_stats_show_of_how_many_each_figure_is(stage: Stage) -> None:
    assert "0 notices filed from" in read(stage, "stats").stdout
    numbers = [file(stage.engine, stage.case, subject=str(number), now=FORTNIGHT_AGO) for number in range(3)]
    run(stage, "state", numbers[0], "down")
    run(stage, "state", numbers[1], "refused", "--reason", "no")
    result = read(stage, "stats")
    first, header, row = result.stdout.splitlines()
    assert first.startswith("3 notices filed from ")
    assert header.split()[0] == "channel"
    assert row.split("  ")[0] == "example-registrar"
    assert "14.0, 90 % 14.0 (n=1)" in row
    assert "50% (1 of 2)" in row
    assert "0% (0 of 1)" in row
    assert " 0 of 1 " in row, "of what a person called down nobody knows who did it"
    told: dict[str, Any] = json.loads(read(stage, "stats", "--json").stdout)["channels"][0]
    assert told["refused"] == {"count": 1, "of": 2, "rate": 0.5}
    assert told["answered"] == {"count": 1, "median": pytest.approx(14, abs=0.1), "p90": pytest.approx(14, abs=0.1)}
    wrong = read(stage, "stats", "--since", "2026-11-02", "--until", "2026-11-01")
    assert (wrong.exit_code, wrong.stderr) == (2, "mekiki: --since 2026-11-02 is after --until 2026-11-01\n")


def test_a_person_who_calls_a_case_down_is_told_of_what_that_does_not_settle(stage: Stage) -> None:
    registrar = file(stage.engine, stage.case, subject="one")
    ad = file(stage.engine, stage.case, channel="meta-brand-rights", actor="platform", subject="meta")
    warned = file(stage.engine, stage.case, channel="apwg", actor="everyone", subject="everyone")
    result = run(stage, stage.case, "--down", group="judge")
    assert result.exit_code == 0, result.stderr
    assert result.stdout.splitlines()[1:] == [
        f"still open: notice {ad} to meta-brand-rights, notice {warned} to apwg; "
        f"`mekiki takedown state {ad} down` if that is gone, too"
    ]
    states = [
        json.loads(read(stage, "show", number, "--json").stdout)["notice"]["state"]
        for number in (registrar, ad, warned)
    ]
    assert states == ["down", "filed", "filed"]


def test_what_did_not_arrive_is_said_wherever_the_notice_is_shown(stage: Stage) -> None:
    number = file(stage.engine, stage.case, channel="icann", now=FORTNIGHT_AGO)
    with transaction(stage.engine) as session:
        reply = a_reply(answers=False, lost=True)
        add_reply(session, number, reply, who="keiko", now=FORTNIGHT_AGO, due=timedelta(days=7))
    assert "filed, did not arrive" in read(stage, "list").stdout
    assert "filed, did not arrive" in read(stage, "show", number).stdout
    due = read(stage, "due").stdout
    assert "DID NOT ARRIVE" in due
    assert f"mekiki takedown draft {stage.case} --channel icann --again" in due
    assert "1 notice to look at: 1 that did not arrive" in due
    assert "1 (1 lost)" in read(stage, "stats").stdout
    assert run(stage, "state", number, "acknowledged").exit_code == 0
    assert "arrive" not in read(stage, "list").stdout


def test_who_has_likely_taken_it_away_is_shown(stage: Stage) -> None:
    number = file(stage.engine, stage.case, actor="host", links=[], now=FORTNIGHT_AGO)
    with transaction(stage.engine) as session:
        row = session.get_one(NoticeRow, number)
        held = Held(root=session.get_one(Case, stage.case), cases=lock_cases(session, {stage.case}))
        take(
            session, held, row, "down", who="mekiki", now=utc_now(), due=None, note="answered 404", data={"by": "host"}
        )
    assert "down, likely by the host or content network" in read(stage, "list").stdout.replace("\n", " ")
    assert "answered 404, likely by the host or content network" in read(stage, "show", number).stdout
    assert " 1 of 1 " in read(stage, "stats").stdout
    assert "likely by the host or content network" in run(stage, "show", stage.case, group="cases", who=None).stdout
