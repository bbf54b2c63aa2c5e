"""`mekiki takedown plan`: what a person sees, and what a machine gets."""

import json
import re
from dataclasses import replace
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any, get_args
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner, Result
from rich.console import Console

from alerts.message import Language
from cli import main
from console.plan_page import PlanPage
from desk.plan_words import WORDS
from detector.items import Advertiser
from storage.database import transaction
from storage.merging import merge
from storage.schema import NoticeState
from takedown.catalogue import load_catalogue
from takedown.channel import Fact, Form, Proof, Right, Who
from takedown.plan import Effect, NoteKind, Standing, plan_of
from tests.takedown.desk import filed_notice
from tests.takedown.stage import NOW, SHOP, Stage
from tests.takedown.ways import CDN, ad, journey, telling

HOSTILE = "\x1b[2J\u202eevil\U000e0041 https://click.test/ [bold]x[/bold] <script>"


def plan(stage: Stage, *arguments: str) -> Result:
    config = str(stage.folder / "mekiki.toml")
    return CliRunner().invoke(main, ["takedown", "plan", "-c", config, *arguments], env={"COLUMNS": "100"})


def page(stage: Stage, story: Any, language: Language | None = None, *, full: bool = False) -> str:
    made = plan_of(story, load_catalogue(None), stage.config, today=NOW.date())
    console = Console(file=StringIO(), width=100, highlight=False, markup=False, emoji=False, no_color=True)
    console.print(PlanPage(made, story.case, language=language, zone=ZoneInfo("Asia/Tokyo"), full=full).group())
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


def test_a_plan_says_where_to_begin_and_what_to_type(stage: Stage) -> None:
    done = plan(stage, str(stage.case))
    assert done.exit_code == 0, done.output
    assert "Plan for case 1  brand hoshino  state confirmed" in done.stdout
    assert "Begin with step 1: Platform." in done.stdout
    counted = re.search(r"^ready to draft (\d+) · not complete (\d+)$", done.stdout, re.MULTILINE)
    assert counted is not None
    assert int(counted[1]) == done.stdout.count("[ready to draft]")
    assert "  1  Platform  meta  [ready to draft]" in done.stdout
    assert "● meta-brand-rights  Meta Brand Rights Protection: ads  complete" in done.stdout
    assert "hxxps://hoshino-denki-sale[.]test/lp/order" in done.stdout
    assert "the host behind Cloudflare is not known" in done.stdout
    assert "mekiki takedown draft 1 --all" in done.stdout
    assert "http://" not in done.stdout
    assert "https://" not in done.stdout, "nothing to click"
    assert plan(stage, str(stage.case)).stdout == done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 100


def test_a_case_that_is_a_part_of_another_is_planned_and_drafted_with_that_one(stage: Stage) -> None:
    with transaction(stage.engine) as session:
        merge(session, (stage.case, stage.other), into=stage.case, who="keiko", now=NOW)
    done = plan(stage, str(stage.other))
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr == "mekiki: case 2 is a part of case 1: `mekiki takedown plan 1`\n"
    config = str(stage.folder / "mekiki.toml")
    drafted = CliRunner().invoke(main, ["takedown", "draft", str(stage.other), "--all", "-c", config])
    assert (drafted.exit_code, drafted.stdout) == (1, "")
    assert drafted.stderr == "mekiki: case 2 is a part of case 1: `mekiki takedown draft 1`\n"


def test_the_page_is_japanese_where_that_is_asked_for(stage: Stage) -> None:
    done = plan(stage, str(stage.case), "--language", "ja")
    assert "案件 1 の対応計画" in done.stdout
    assert "まず 1 番「プラットフォーム」から着手してください。" in done.stdout
    assert "レジストラの不正利用窓口" in done.stdout
    assert "--all --language ja" in done.stdout


def test_a_case_that_nobody_judged_is_told_once_what_comes_first(stage: Stage) -> None:
    done = plan(stage, str(stage.other))
    assert done.stdout.count("mekiki judge 2 --confirm") == 1
    assert "complete but for that" in done.stdout
    assert "Begin with" not in done.stdout
    assert "takedown draft" not in done.stdout


def test_what_was_sent_stands_with_its_step(stage: Stage) -> None:
    view = filed_notice(stage)
    done = plan(stage, str(stage.case))
    step = done.stdout[done.stdout.index("Registrar  Example") :].partition("\n\n")[0]
    assert f"{view.reference} to registrar: filed 2026-11-24" in step
    data = json.loads(plan(stage, str(stage.case), "--json").stdout)
    [told] = [one for one in data["steps"] if one["actor"]["subject"] == SHOP and one["effect"] == "registrar"]
    assert [notice["reference"] for notice in told["notices"]] == [view.reference]
    assert told["standing"] in ("pending", "overdue")


def test_machines_get_everything_in_both_languages(stage: Stage) -> None:
    data = json.loads(plan(stage, str(stage.case), "--json").stdout)
    assert (data["case"], data["begin"]) == (1, 1)
    first = data["steps"][0]
    assert set(first["why"]) == {"en", "ja"}
    ways = {way["key"]: way for step in data["steps"] for way in step["channels"]}
    assert ways["google-web-risk"]["missing"]["en"][0]["what"] == "account"
    assert ways["meta-brand-rights"]["unconfirmed"]
    assert first["actor"]["targets"] == ["https://ads.platform.example/library?id=501"], "exact, for machines"


def test_full_shows_every_channel_with_what_it_lacks(stage: Stage) -> None:
    short, full = plan(stage, str(stage.case)).stdout, plan(stage, str(stage.case), "--full").stdout
    assert "- account: [[takedown" not in short
    assert re.search(r"- account: \[\[takedown.*google-web-risk", full)
    assert "not confirmed: " in short
    assert full.count("not confirmed: ") > short.count("not confirmed: ")


@pytest.mark.parametrize("language", ["en", "ja"])
def test_hostile_words_stay_words(stage: Stage, language: Language) -> None:
    link = f"https://{SHOP}/\x1b[2Jx\u202e[red]"
    item = ad(
        link,
        url=f"https://ads.test/{HOSTILE}",
        advertiser=Advertiser(id=HOSTILE, name=HOSTILE, payer=HOSTILE),
        text=f"LINE @{'x' * 30}",
        publisher_url="https://news.test/\x1b]0;x",
    )
    story = telling(
        [item],
        [journey(link, headers=(("Server", HOSTILE),))],
        registrations={SHOP: {"registrar": HOSTILE, "abuse_email": HOSTILE, "error": HOSTILE}},
        networks={"203.0.113.7": {"name": HOSTILE, "owner": HOSTILE, "abuse_email": HOSTILE, "error": HOSTILE}},
        title=HOSTILE,
    )
    shown = page(stage, story, language, full=True)
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f\u202e\U000e0041]", shown)
    assert "https://" not in shown
    assert "[bold]x[/bold]" in shown, "markup is shown, not obeyed"


def test_a_name_in_another_script_is_shown_as_victims_read_it(stage: Stage) -> None:
    link = "https://星野電機-公式.test/lp"
    shown = page(stage, telling([ad(link)], [journey(link)]))
    assert re.search(r"Registrar  \(not known\)  xn--\S+\[\.\]test \(星野電機-公式\[\.\]test\)", shown)


def test_a_long_case_is_cut_where_it_says_so(stage: Stage) -> None:
    items = [ad(f"https://shop{n}.test/", identity=f"ad-{n}") for n in range(500)]
    shown = page(stage, telling(items))
    assert "400 more targets than are listed" in shown
    assert len(shown.splitlines()) < 400


def test_a_refusal_a_new_page_and_a_try_that_did_not_end_are_in_the_line(stage: Stage) -> None:
    view = filed_notice(stage, theirs="T-9")
    story = telling([ad(f"https://{SHOP}/lp")], [journey(f"https://{SHOP}/lp")])
    refused = replace(view, state="refused", refused_for="no \x1b[2Jevidence", settled_at=NOW)
    stuck = replace(view, id=99, state="draft", filed_at=None, sending_at=NOW + timedelta(hours=1))
    shown = page(stage, replace(story, notices=(refused, stuck)))
    assert ", DID NOT ARRIVE" in page(stage, replace(story, notices=(replace(view, lost_at=NOW, due_at=NOW),)))
    assert "refused 2026-11-24 (T-9): no \\u{1B}[2Jevidence" in shown
    assert "a try of 2026-11-24 did not end" in shown


def test_every_kind_of_step_note_and_state_has_words_in_both_languages() -> None:
    for words in WORDS.values():
        assert set(words.kinds) == set(words.why) == set(get_args(Effect))
        assert set(words.standings) == set(get_args(Standing))
        assert set(words.notes) == set(get_args(NoteKind))
        assert set(words.notice_states) == set(get_args(NoticeState))
        assert set(words.forms) == set(get_args(Form))
        assert set(words.who) == set(get_args(Who))
        assert set(words.needs) == set(get_args(Right))
    for kind in get_args(NoteKind):  # both name the same values
        names = [set(re.findall(r"\{(\w+)\}", words.notes[kind])) for words in WORDS.values()]
        assert names[0] == names[1], kind


def test_a_japanese_page_tells_what_is_missing_in_japanese(stage: Stage) -> None:
    english, japanese = (plan(stage, str(stage.other), *more).stdout for more in ((), ("--language", "ja")))
    assert f"judge it first: `mekiki judge {stage.other} --confirm`" in english
    assert f"案件 {stage.other} は未確認です(未対応)" in japanese
    assert "judge it first" not in japanese
    told = {"203.0.113.7": {"name": "N", "owner": "Example Hosting KK"}}
    lying = telling([ad(f"https://{SHOP}/lp")], [journey(f"https://{SHOP}/lp", headers=CDN)], networks=told)
    assert "its headers name Cloudflare" in page(stage, lying)
    assert "応答ヘッダーは Cloudflare を示すが" in page(stage, lying, language="ja")


def test_what_cannot_be_planned_is_one_line(stage: Stage, tmp_path: Path) -> None:
    missing = plan(stage, "77")
    assert (missing.exit_code, missing.stderr) == (1, "mekiki: there is no case 77\n")
    wrong = tmp_path / "channels"
    wrong.mkdir()
    (wrong / "own.toml").write_text("[[channel]]\nkey = 1\n", "utf-8")
    text = (stage.folder / "mekiki.toml").read_text("utf-8")
    (stage.folder / "mekiki.toml").write_text(text + f'\n[takedown]\nchannels = "{wrong}"\n', "utf-8")
    broken = plan(stage, str(stage.case))
    assert broken.exit_code == 2
    assert "own.toml" in broken.stderr


def test_what_is_missing_and_what_is_not_confirmed_has_a_japanese_name(stage: Stage) -> None:
    said = WORDS["ja"]
    assert [one for kind in (Fact, Proof, Right) for one in get_args(kind) if one not in said.missing] == []
    keys = {key for channel in load_catalogue(None) for key in channel.unconfirmed}
    assert keys - {"answer"} <= set(said.keys)
    done = plan(stage, str(stage.case), "--language", "ja")
    assert "未確認: XARF の受付、上限" in done.stdout
    assert "申告者の資格" in done.stdout
    assert "unconfirmed" not in done.stdout
