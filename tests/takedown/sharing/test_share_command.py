"""`mekiki share`: what leaves, for whom, that it is on record, and lists that are left alone while nothing changes."""

import csv
import json
import re
import stat
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select

from cli import main
from storage.database import snapshot
from storage.schema import CustodyRow
from tests.takedown.stage import ADDRESS, CANARY, HOP, LINK, NOW, SECRET, SHOP, Stage, journey

PROFILES = """
[[sharing]]
key = "association"
include = ["hosts", "handoffs"]
tlp = "green"
states = ["confirmed"]
defang = true
identity = { name = "Hoshino Brand Desk", contact = "desk@hoshino-denki.example" }

[[sharing]]
key = "closed"
states = ["down"]
"""


def run(stage: Stage, *words: str) -> Result:
    return CliRunner().invoke(main, ["share", *words, "--config", str(stage.folder / "mekiki.toml")])


def configure(stage: Stage, text: str) -> None:
    file = stage.folder / "mekiki.toml"
    file.write_text(file.read_text("utf-8") + text, "utf-8")


def shares(stage: Stage) -> list[CustodyRow]:
    with snapshot(stage.engine) as session:
        rows = session.scalars(select(CustodyRow).where(CustodyRow.action == "share").order_by(CustodyRow.number)).all()
        session.expunge_all()
        return list(rows)


@pytest.mark.parametrize("form", ["stix", "misp", "csv", "xarf"])
def test_what_leaves_is_a_private_file_and_a_row_of_custody(stage: Stage, form: str) -> None:
    out = stage.folder / f"case.{form}"
    result = run(stage, form, str(stage.case), "--out", str(out), "--as", "keiko")
    assert result.exit_code == 0, result.output
    assert result.stderr == f"shared 1 case in {out}: profile default, TLP:AMBER\n"
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    text = out.read_text("utf-8")
    assert SHOP in text
    assert CANARY not in text
    assert SECRET not in text
    [row] = shares(stage)
    assert (row.who, row.subject) == ("keiko", f"{form} for default")
    assert row.data["cases"] == [stage.case]
    assert row.data["sha256"] == sha256(out.read_bytes()).hexdigest()
    verified = CliRunner().invoke(main, ["verify", "--config", str(stage.folder / "mekiki.toml")])
    assert verified.exit_code == 0, verified.output


def test_without_a_file_it_goes_to_standard_output_and_nothing_else_does(stage: Stage) -> None:
    result = run(stage, "stix", str(stage.case))
    assert json.loads(result.stdout)["type"] == "bundle"
    assert len(shares(stage)) == 1


def test_a_file_that_is_there_stays_unless_it_may_be_written_over(stage: Stage) -> None:
    out = stage.folder / "case.json"
    out.write_text("mine", "utf-8")
    refused = run(stage, "misp", str(stage.case), "--out", str(out))
    assert (refused.exit_code, refused.stderr) == (1, f"mekiki: {out}: is there already; --force writes over it\n")
    assert out.read_text("utf-8") == "mine"
    assert shares(stage) == []
    assert run(stage, "misp", str(stage.case), "--out", str(out), "--force").exit_code == 0
    assert len(shares(stage)) == 1


def test_a_case_that_nobody_confirmed_is_one_line_and_leaves_no_file(stage: Stage) -> None:
    out = stage.folder / "case.json"
    result = run(stage, "stix", str(stage.other), "--out", str(out))
    told = "profile default shares cases that are confirmed, takedown, down, relapsed"
    assert result.stderr == f"mekiki: case {stage.other} is open; {told}\nmekiki: nothing was shared\n"
    assert result.exit_code == 1
    assert not out.exists()
    assert shares(stage) == []
    assert run(stage, "xarf", str(stage.other)).stderr == f"mekiki: case {stage.other} is open; {told}\n"


def test_of_several_cases_those_that_may_leave_do_and_the_others_are_named(stage: Stage) -> None:
    out = stage.folder / "cases.csv"
    result = run(stage, "csv", str(stage.case), str(stage.other), "99", "--out", str(out))
    assert result.exit_code == 4
    assert [f"case {stage.other} is open", "there is no case 99"] == re.findall(
        r"mekiki: (case \d+ is open|there is no case \d+)", result.stderr
    )
    assert shares(stage)[0].data["cases"] == [stage.case]
    assert CANARY not in out.read_text("utf-8")


def test_all_shares_what_the_profile_shares(stage: Stage) -> None:
    result = run(stage, "csv", "--all", "--brand", "hoshino")
    assert result.exit_code == 0
    assert {row["Case"] for row in csv.DictReader(result.stdout.splitlines())} == {
        next(csv.DictReader(run(stage, "csv", str(stage.case)).stdout.splitlines()))["Case"]
    }
    assert shares(stage)[0].data["cases"] == [stage.case]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("csv",), "name the cases to share, or --all"),
        (("csv", "1", "--all"), "name the cases to share, or --all"),
        (("csv", "--all", "--brand", "moon"), "there is no brand 'moon'; known: hoshino"),
        (("feed", "--format", "urls", "--brand", "moon"), "there is no brand 'moon'; known: hoshino"),
    ],
)
def test_what_cannot_be_asked_for_is_one_line(stage: Stage, words: tuple[str, ...], says: str) -> None:
    result = run(stage, *words)
    assert (result.exit_code, result.stderr) == (2, f"mekiki: {says}\n")


def test_profiles_decide_and_an_unknown_one_names_the_nearest(stage: Stage) -> None:
    configure(stage, PROFILES)
    result = run(stage, "csv", str(stage.case), "--language", "ja")  # the first profile
    assert {row["種類"] for row in csv.DictReader(result.stdout.splitlines())} == {"ホスト", "LINE"}
    assert "hoshino-denki-sale[.]test" in result.stdout
    assert "Hoshino Brand Desk,TLP:GREEN" in result.stdout
    assert run(stage, "csv", str(stage.case), "--profile", "default").exit_code == 0
    refused = run(stage, "csv", str(stage.case), "--profile", "closed")
    assert refused.stderr.startswith(
        f"mekiki: case {stage.case} is confirmed; profile closed shares cases that are down"
    )
    unknown = run(stage, "csv", str(stage.case), "--profile", "asociation")
    assert unknown.stderr == "mekiki: there is no sharing profile 'asociation'; did you mean 'association'?\n"


def test_a_table_for_excel_begins_with_its_mark(stage: Stage) -> None:
    out = stage.folder / "case.csv"
    run(stage, "csv", str(stage.case), "--bom", "--out", str(out))
    assert out.read_bytes().startswith("\ufeffCase,".encode())


def test_a_report_goes_to_the_actor_that_is_named_and_a_wrong_one_is_told_the_right_ones(stage: Stage) -> None:
    report = json.loads(run(stage, "xarf", str(stage.case)).stdout)  # by default to who serves the fraud, not a hop
    assert (report["source_identifier"], report["domain"]) == (ADDRESS, SHOP)
    report = json.loads(run(stage, "xarf", str(stage.case), "--actor", "registrar").stdout)
    assert report["source_identifier"] == SHOP
    report = json.loads(run(stage, "xarf", str(stage.case), "--actor", "host:198.51.100.9").stdout)
    assert report["url"] == HOP
    wrong = run(stage, "xarf", str(stage.case), "--actor", "bank")
    assert wrong.exit_code == 1
    assert re.match(rf"mekiki: case {stage.case} has no actor bank; it has: platform:meta, ", wrong.stderr)


def test_a_screenshot_is_in_a_report_where_the_profile_includes_pictures(stage: Stage) -> None:
    configure(stage, '[[sharing]]\nkey = "pictures"\ninclude = ["hosts", "pictures"]\n')
    kinds = [one["content_type"] for one in json.loads(run(stage, "xarf", str(stage.case)).stdout)["evidence"]]
    assert kinds == ["application/json", "image/jpeg"]


def test_a_list_is_written_once_and_left_alone_until_something_changes(stage: Stage) -> None:
    out = stage.folder / "hosts"
    out.write_text("old\n", "utf-8")
    out.chmod(0o644)  # whoever reads it is somebody else
    first = run(stage, "feed", "--format", "hosts", "--out", str(out))
    assert (first.exit_code, first.stderr) == (0, f"{out}: 1 host\n")
    assert out.read_text("utf-8").splitlines()[3:] == [f"0.0.0.0 {SHOP}", f"0.0.0.0 www.{SHOP}"]
    assert stat.S_IMODE(out.stat().st_mode) == 0o644
    before = (out.read_bytes(), out.stat().st_ino)
    again = run(stage, "feed", "--format", "hosts", "--out", str(out))
    assert (again.exit_code, again.stderr) == (0, f"{out}: 1 host, unchanged\n")
    assert (out.read_bytes(), out.stat().st_ino) == before
    assert sorted(path.name for path in Path(stage.folder).glob(".*hosts*")) == []


def test_a_case_that_is_down_for_long_leaves_the_list(stage: Stage) -> None:
    configure(stage, '[[sharing]]\nkey = "filters"\ngone = "1d"\n')
    assert SHOP in run(stage, "feed", "--format", "domains").stdout
    for link in (LINK, f"https://{SHOP}/lp/?c=8"):
        journey(stage.engine, stage.media, link, stage.case, title="", at=NOW + timedelta(hours=2), status=404)
    assert SHOP not in run(stage, "feed", "--format", "domains").stdout
