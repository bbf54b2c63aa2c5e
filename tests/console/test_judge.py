"""mekiki judge and mekiki register: every action as a plain command."""

import json
import re
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from click.testing import CliRunner, Result

from cli import main
from detector.assess import Assessor
from detector.items import Advertiser, Item, Text
from storage.actions import ACTIONS
from storage.case_views import CaseDetail
from storage.cases import case_detail
from storage.database import snapshot, transaction
from storage.items import Observation, record_many
from tests.console.conftest import BRAND, NOW, Store

NEXT_YEAR = date(datetime.now(UTC).year + 1, 3, 31)


def run(store: Store, *arguments: object, who: str = "aya") -> Result:
    person = ("--as", who) if arguments[0] == "judge" or arguments[1] == "remove" else ()
    return CliRunner().invoke(main, [*map(str, arguments), *person, "-c", str(store.config)])


def judge(store: Store, *arguments: object, who: str = "aya") -> str:
    """Judge, and return what was said."""
    result = run(store, "judge", *arguments, who=who)
    assert result.exit_code == 0, result.output
    return result.output


def detail(store: Store, case: int = 1) -> CaseDetail:
    with snapshot(store.engine) as session:
        return case_detail(session, case)


@pytest.mark.parametrize(
    ("steps", "state"),
    [
        (["--confirm"], "confirmed"),
        (["--dismiss news"], "dismissed"),
        (["--snooze 3"], "snoozed"),
        (["--confirm", "--takedown"], "takedown"),
        (["--confirm", "--takedown", "--down"], "down"),
        (["--confirm", "--down", "--relapse"], "relapsed"),
        (["--confirm", "--close"], "closed"),
        (["--confirm", "--close", "--reopen"], "open"),
        (["--duplicate-of 2"], "duplicate"),
        (["--confirm", "--undo"], "open"),
    ],
)
def test_a_way_through_the_states(store: Store, steps: list[str], state: str) -> None:
    for step in steps:
        said = judge(store, 1, *step.split())
    assert said == f"case 1: {steps[-1].split()[0].removeprefix('--').removesuffix('-of')}, now {state}\n"
    assert detail(store).state == state


def test_what_does_not_change_the_state(store: Store) -> None:
    judge(store, 1, "--own")
    assert detail(store).assignee == "aya"
    judge(store, 1, "--assign", "ben")
    assert detail(store).assignee == "ben"
    judge(store, 1, "--assign", "-")
    assert detail(store).assignee is None
    judge(store, 1, "--tag", "冬セール", "--note", "as last year")
    judge(store, 1, "--tag", "b")
    judge(store, 1, "--untag", "b")
    judge(store, 1, "--harm", "low")
    judge(store, 1, "--hold")
    judge(store, 1, "--note", "called the shop")
    seen = detail(store)
    assert (seen.tags, seen.harm, seen.held, seen.log[-1].note) == (("冬セール",), "low", True, "called the shop")
    judge(store, 1, "--release")
    assert not detail(store).held


def test_a_day_ends_in_the_zone_of_the_team(store: Store) -> None:
    judge(store, 1, "--due", NEXT_YEAR)
    assert detail(store).due_at == datetime.combine(NEXT_YEAR, time(15), UTC), "midnight in Tokyo"
    configure(store, '[triage]\nzone = "Asia/Kolkata"')
    judge(store, 1, "--due", NEXT_YEAR)
    assert detail(store).due_at == datetime.combine(NEXT_YEAR, time(18, 30), UTC)
    judge(store, 1, "--due", "none")
    assert detail(store).due_at is None


def test_several_cases_at_once_each_for_itself(store: Store) -> None:
    result = run(store, "judge", 1, 99, 2, 2, "--confirm")
    assert result.exit_code == 4
    assert result.stdout == "case 1: confirm, now confirmed\ncase 2: confirm, now confirmed\n"
    assert result.stderr == "mekiki: there is no case 99\n"
    assert run(store, "judge", 98, 99, "--confirm").exit_code == 1


def test_json_says_what_became_of_each(store: Store) -> None:
    result = run(store, "judge", 1, 99, "--confirm", "--json")
    assert result.exit_code == 4
    first, second = json.loads(result.stdout)
    assert first == {
        "case": 1,
        "ok": True,
        "action": "confirm",
        "state": "confirmed",
        "log_id": detail(store).log_id,
        "waits": None,
        "withdraw": [],
        "still": [],
        "entered": None,
        "error": None,
    }
    assert (second["ok"], second["error"]) == (False, "there is no case 99")


def test_what_somebody_else_did_meanwhile_is_not_overwritten(store: Store) -> None:
    seen = detail(store).log_id
    judge(store, 1, "--confirm", who="ben")
    result = run(store, "judge", 1, "--dismiss", "news", "--expect", seen)
    assert (result.exit_code, result.stderr) == (
        1,
        "mekiki: case 1 has changed meanwhile (confirm by ben); look again\n",
    )
    assert detail(store).state == "confirmed"
    judge(store, 1, "--dismiss", "news", "--expect", detail(store).log_id)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ("", "expected an action"),
        ("--confirm --dismiss news", "expected one action, got --confirm and --dismiss"),
        ("--own --assign ben", "expected one action"),
        ("--undo --note x", "--undo takes no --note"),
        ("--confirm --until 2030-01-01", "go with --dismiss"),
        ("--dismiss news --register domain", "needs --until DATE"),
        ("--dismiss news --until soon", "expected a day such as"),
        ("--due 2030-13-01", "expected a day such as"),
        ("2 --confirm --expect 1", "--expect goes with one case"),
    ],
)
def test_what_cannot_be_meant_is_a_usage_error(store: Store, options: str, says: str) -> None:
    result = run(store, "judge", 1, *options.split())
    assert result.exit_code == 2
    assert says in result.output
    assert detail(store).log[-1].action == "opened"


def configure(store: Store, text: str) -> None:
    store.config.write_text(f"{text}\n{store.config.read_text('utf-8')}", "utf-8")


def test_a_second_approver(store: Store) -> None:
    configure(store, '[takedown]\nsecond_approver = true\napprovers = ["aya", "keiko"]')
    judge(store, 1, "--confirm")
    assert judge(store, 1, "--takedown") == "case 1: takedown, now confirmed, waits for approval by keiko\n"
    own = run(store, "judge", 1, "--approve")
    assert (own.exit_code, own.stderr) == (
        1,
        "mekiki: aya has asked for the takedown; another person must approve it\n",
    )
    assert run(store, "judge", 1, "--approve", who="ben").exit_code == 1
    assert detail(store).state == "confirmed"
    assert judge(store, 1, "--approve", who="keiko") == "case 1: approve, now takedown\n"


def test_how_long_a_dismissal_is_quiet(store: Store) -> None:
    configure(store, '[triage]\nsuppress = "10d"')
    before = datetime.now(UTC)
    judge(store, 1, "--dismiss", "news")
    until = detail(store).suppressed_until
    assert until is not None
    assert timedelta(days=10) <= until - before < timedelta(days=11)
    judge(store, 1, "--dismiss", "news", "--until", NEXT_YEAR)
    assert detail(store).suppressed_until == datetime.combine(NEXT_YEAR, time(15), UTC)


def test_the_register(store: Store) -> None:
    judge(
        store, 1, "--dismiss", "reseller", "--register", "domain", "--until", NEXT_YEAR, "--note", "contract \x1b[31m"
    )
    listed = run(store, "register", "list")
    assert "domain:hoshinodenki-outlet" in listed.output
    assert str(NEXT_YEAR) in listed.output
    assert "\x1b" not in listed.output
    [entry] = json.loads(run(store, "register", "list", "--json").output)
    assert (entry["brand"], entry["who"], entry["case_id"], entry["added_by"]) == ("hoshino", "reseller", 1, "aya")
    assert run(store, "register", "list", "--brand", "other").output == "no such entries\n"
    assert run(store, "register", "remove", entry["id"], "--note", "ended").output == f"entry {entry['id']}: removed\n"
    assert run(store, "register", "list").output == "no such entries\n"
    assert "removed by aya" in run(store, "register", "list", "--all").output
    again = run(store, "register", "remove", entry["id"])
    assert (again.exit_code, again.output) == (
        1,
        f"mekiki: there is no entry {entry['id']} in the register; `mekiki register list` shows those there are\n",
    )


@pytest.fixture
def reseller(store: Store) -> int:
    """Return the case of two ads of a shop whose host carries the brand's name; it has a sale."""
    ads = [
        Item(
            id=f"ordinary-{number}",
            kind="ad",
            platform="demo",
            advertiser=Advertiser(id="y1", name="山田電器店"),
            texts=(Text(role="body", text=f"星野電機 閉店セール 90%OFF 第{number}弾"),),
            links=("https://hoshinodenki-outlet9.test/aircon",),
            seen_at=NOW,
        )
        for number in (1, 2)
    ]
    assessor = Assessor((BRAND,))
    with transaction(store.engine) as session:
        recorded = record_many(
            session,
            [
                (Observation(item=ad, source="tips", run_id=None, seen_at=NOW), assessor.assess(ad, on=NOW.date()))
                for ad in ads
            ],
            judged_by=assessor.fingerprint,
            now=NOW,
            group_wait=timedelta(seconds=1),
            group_interval=timedelta(minutes=5),
        )
    [case] = {case for one in recorded for case in one.cases}
    return case


def test_what_registering_an_advertiser_does_not_clear_is_told_at_once(store: Store, reseller: int) -> None:
    enter = (reseller, "--dismiss", "reseller", "--until", NEXT_YEAR, "--register")
    assert judge(store, *enter, "advertiser") == (
        f"case {reseller}: dismiss, now dismissed\n"
        f"case {reseller}: 2 of 2 items would still be flagged; register domain:hoshinodenki-outlet9.test too\n"
    )
    assert judge(store, *enter, "domain").splitlines()[1] == (
        f"case {reseller}: with this entry 2 items would no longer be flagged"
    )


def test_what_no_entry_clears_is_explained_with_the_register_as_it_is(store: Store) -> None:
    said = judge(store, 1, "--dismiss", "reseller", "--register", "domain", "--until", NEXT_YEAR)
    assert said.splitlines()[1] == "case 1: 1 of 1 item would still be flagged; mekiki explain 1 says why"
    today = run(store, "explain", 1).output.partition("Today, with")[2]
    assert re.search(r"host.combosquat \S+ is gone", today)


def test_what_an_entry_does_is_told_to_machines(store: Store, reseller: int) -> None:
    enter = (reseller, "--dismiss", "reseller", "--register", "advertiser", "--until", NEXT_YEAR, "--json")
    [done] = json.loads(run(store, "judge", *enter).stdout)
    assert done["entered"] == {"items": 2, "flagged": 2, "too": "domain:hoshinodenki-outlet9.test"}


def test_every_action_has_an_option() -> None:
    shown: Any = CliRunner().invoke(main, ["judge", "--help"]).output
    for action in ACTIONS:
        option = {"duplicate": "--duplicate-of"}.get(action, f"--{action}")
        assert option in shown
