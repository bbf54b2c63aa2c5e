"""Triage by keys through a pipe, JSON lines and a terminal: every key, and the rows it leaves."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from io import StringIO
from typing import Any, get_args

import pytest
from click.testing import CliRunner, Result
from rich.console import Console

from cli import main
from config import load
from console.triage.drawing import Easel
from console.triage.screens import PlainScreen
from console.triage.session import Tally, Triage
from desk.agreed import agreed
from desk.likeness import Likenesses
from storage.case_list import list_cases
from storage.cases import Judgement, judge
from storage.database import snapshot, transaction
from storage.schema import CaseState
from storage.views import CaseFilters
from tests.console.conftest import NOW, Store
from tests.console.triaging import detail, order, plain


def agreement(store: Store, approvers: tuple[str, ...]) -> Callable[[Judgement, datetime], Judgement]:
    """Return what the configuration says where these people approve takedowns."""
    file = store.folder / "agreed.toml"
    takedown = f"[takedown]\nsecond_approver = true\napprovers = {json.dumps(approvers)}\n" if approvers else ""
    file.write_text(f'{store.config.read_text("utf-8")}[triage]\nsuppress = "60d"\n{takedown}', "utf-8")
    config = load(file)
    return lambda judgement, now: agreed(judgement, config, now)


@contextmanager
def session(store: Store, keys: object, who: str = "aya", **options: Any) -> Iterator[tuple[Triage, StringIO]]:
    """Give a session whose keys come from a text or a stream, and what it shows."""
    shown = StringIO()
    console = Console(file=shown, width=160, force_terminal=True, color_system="truecolor")
    source: Any = StringIO(keys) if isinstance(keys, str) else keys
    with Likenesses((), store.media) as likenesses:
        yield (
            Triage(
                store.engine,
                PlainScreen(console, source, store.media),
                Easel(store.media, likenesses, options.pop("pictures", "none")),
                who=who,
                now=lambda: NOW,
                filters=options.pop("filters", CaseFilters()),
                agreed=agreement(store, options.pop("approvers", ())),
            ),
            shown,
        )


def walk(store: Store, keys: object, who: str = "aya", **options: Any) -> tuple[Tally, str]:
    """Drive one session and return what it counted and showed."""
    with session(store, keys, who, **options) as (triage, shown):
        return triage.run(), plain(shown.getvalue())


def states(store: Store) -> list[str]:
    with snapshot(store.engine) as reading:
        found = list_cases(reading, CaseFilters(states=get_args(CaseState)), now=NOW)
    return [case.state for case in sorted(found, key=lambda case: case.id)]


class Meanwhile(StringIO):
    """Keys; before one of them is read, something happens."""

    def __init__(self, keys: str, before: int, happens: Callable[[], object]) -> None:
        super().__init__(keys)
        self._before, self._happens = before, happens

    def read(self, size: int | None = -1, /) -> str:
        if self.tell() == self._before:
            self._before = -1
            self._happens()
        return super().read(size)


def by_ben(store: Store, case_id: int, action: Any = "confirm", who: str = "Ben") -> Callable[[], None]:
    def happens() -> None:
        with transaction(store.engine) as writing:
            judge(writing, case_id, Judgement(who=who, action=action), now=NOW)

    return happens


def test_each_key_leaves_its_judgement(store: Store) -> None:
    tally, shown = walk(store, "c d1 s3")
    assert (tally.confirmed, tally.dismissed, tally.snoozed) == (1, 1, 1)
    assert sorted(states(store)) == ["confirmed", "dismissed", "snoozed"]
    assert "No more cases." in shown
    log = [entry for case_id in (1, 2, 3) for entry in detail(store, case_id).log if entry.who == "aya"]
    assert sorted(entry.action for entry in log) == ["confirm", "dismiss", "snooze"]
    [dismissed] = [entry for entry in log if entry.action == "dismiss"]
    assert (dismissed.reason, dismissed.data["until"]) == ("reseller", (NOW + timedelta(days=60)).isoformat())
    snoozed = next(case for case in (detail(store, n) for n in (1, 2, 3)) if case.state == "snoozed")
    assert snoozed.snoozed_until == NOW + timedelta(days=3)


def test_next_leaves_a_case_open_and_quit_ends(store: Store) -> None:
    tally, _ = walk(store, "ncq")
    assert tally.confirmed == 1
    assert sorted(states(store)) == ["confirmed", "open", "open"]


def test_undo_takes_back_any_number_the_latest_first(store: Store) -> None:
    first, second, third = order(store)
    tally, shown = walk(store, "c d1 c u u u u")
    assert tally.undone == 3
    assert states(store) == ["open", "open", "open"]
    assert shown.count("taken back") == 3
    assert "Nothing to undo" in shown
    assert [entry.action for entry in detail(store, second).log[-2:]] == ["dismiss", "undo"]
    assert {first, second, third} == {1, 2, 3}


def test_an_undone_case_is_shown_again_and_then_the_one_that_was_at_hand(store: Store) -> None:
    first, second, third = order(store)
    walk(store, "c u d9 c q")
    assert [detail(store, case_id).state for case_id in (first, second, third)] == ["dismissed", "confirmed", "open"]


def test_what_is_marked_is_judged_together_and_one_undo_takes_all_of_it_back(store: Store) -> None:
    first, second, third = order(store)
    tally, shown = walk(store, "m m c y q")
    assert [detail(store, case_id).state for case_id in (first, second, third)] == ["confirmed", "confirmed", "open"]
    assert tally.confirmed == 2
    assert "2 cases confirmed." in shown
    with transaction(store.engine) as writing:
        for case_id in (first, second):
            judge(writing, case_id, Judgement(who="aya", action="reopen"), now=NOW)
    tally, shown = walk(store, "m m d7 y u q")
    assert states(store) == ["open", "open", "open"]
    assert tally.undone == 2
    assert "2 cases: dismiss taken back." in shown


def test_marked_cases_are_not_judged_without_a_yes(store: Store) -> None:
    _, shown = walk(store, "m m c n q")
    assert states(store) == ["open", "open", "open"]
    assert "still marked" in shown


def test_of_marked_cases_those_that_somebody_changed_meanwhile_are_left_out_and_named(store: Store) -> None:
    first, second, _ = order(store)
    tally, shown = walk(store, Meanwhile("mmd1yq", 2, by_ben(store, first)))
    assert detail(store, first).state == "confirmed"
    assert detail(store, second).state == "dismissed"
    assert tally.conflicts == 1
    assert f"ase {first} has changed meanwhile (confirm by Ben)" in shown


def test_takedown_confirms_first_and_one_undo_takes_both_back(store: Store) -> None:
    first = order(store)[0]
    walk(store, "tq")
    assert detail(store, first).state == "takedown"
    assert [entry.action for entry in detail(store, first).log[-2:]] == ["confirm", "takedown"]
    with transaction(store.engine) as writing:
        judge(writing, first, Judgement(who="aya", action="reopen"), now=NOW)
    walk(store, f"g{first}\ntuq")
    assert detail(store, first).state == "open"


def test_a_takedown_that_needs_another_person_is_approved_by_one(store: Store) -> None:
    first = order(store)[0]
    walk(store, "tq", approvers=("ben",))
    assert (detail(store, first).state, detail(store, first).takedown_asked) == ("confirmed", "aya")
    _, shown = walk(store, f"g{first}\nyq", approvers=("ben",))
    assert "another person must approve it" in shown
    walk(store, f"g{first}\nyq", who="ben", approvers=("ben",))
    assert detail(store, first).state == "takedown"


def test_a_duplicate_becomes_a_part_of_the_case_that_is_named(store: Store) -> None:
    first, second, _ = order(store)
    walk(store, f"={second}\nq")
    gone = next(case for case in (detail(store, n) for n in (first, second)) if case.state == "duplicate")
    assert gone.merged_into in (first, second)
    _, shown = walk(store, "=x\nq")
    assert "Expected the number of a case." in shown


def test_assigning_tagging_noting_and_weighing_stay_with_the_case(store: Store) -> None:
    first = order(store)[0]
    tally, _ = walk(store, "i#vip\n#shop\n#-vip\nwこれは続報あり\nhhq")
    case = detail(store, first)
    assert (case.assignee, case.tags, case.harm, case.state) == ("aya", ("shop",), "high", "open")
    assert "これは続報あり" in [entry.note for entry in case.log]
    assert tally.shown == 7
    walk(store, "aBen\nq")
    assert detail(store, first).assignee == "Ben"
    walk(store, "a-\nq")
    assert detail(store, first).assignee is None


def test_wrong_keys_and_a_wrong_digit_change_nothing(store: Store) -> None:
    _, shown = walk(store, "k d0 s9x n n n")
    assert "There is no key 'k'." in shown
    assert "Not dismissed" in shown
    assert sorted(states(store)) == ["open", "open", "snoozed"]


def test_one_goes_back_and_to_a_case_by_its_number(store: Store) -> None:
    first, _, third = order(store)
    walk(store, f"n p c g{third}\n d1 g99\n q")
    assert detail(store, first).state == "confirmed"
    assert detail(store, third).state == "dismissed"
    _, shown = walk(store, "g99\nq")
    assert "There is no case 99." in shown


def test_a_case_that_somebody_else_judged_meanwhile_is_shown_again_not_overwritten(store: Store) -> None:
    first = order(store)[0]
    tally, shown = walk(store, Meanwhile("d1q", 0, by_ben(store, first)))
    assert tally.conflicts == 1
    assert tally.dismissed == 0
    assert detail(store, first).state == "confirmed"
    after = shown.partition("has changed meanwhile (confirm by Ben)")[2]
    assert "Ben: confirm" in after  # the fresh case, with who did what


def test_who_judged_meanwhile_is_shown_with_nothing_live(store: Store) -> None:
    first = order(store)[0]
    _, shown = walk(store, Meanwhile("cq", 0, by_ben(store, first, "assign", "ken\x1b]0;x\x07")))
    assert "has changed meanwhile" in shown
    assert "\x1b]0;" not in shown
    assert "\x07" not in shown


def test_filters_choose_the_cases_and_change_inside(store: Store) -> None:
    first, second, third = order(store)
    _, shown = walk(store, "c fstate:confirmed\n q")
    assert f"Case {first}  " in shown.partition("1 case.")[2]
    assert f"Case {third}  " not in shown.partition("1 case.")[2]
    _, shown = walk(store, "fcolour:red\n q")
    assert "There is no filter 'colour'; known: state," in shown
    _, shown = walk(store, "q", filters=CaseFilters(min_score=1.0, text="nothing like it"))
    assert "No more cases." in shown
    assert second


def test_a_view_is_saved_inside_and_used_from_the_command_line(store: Store) -> None:
    first = order(store)[0]
    walk(store, "#vip\n ftag:vip\n v+urgent\n q")
    listed = run(store, "triage", "views")
    assert "urgent" in listed.output
    assert "tag:vip" in listed.output
    found = json.loads(run(store, "cases", "list", "--view", "urgent", "--json").output)
    assert [case["id"] for case in found] == [first]
    assert run(store, "triage", "--view", "urgent", keys="cq").exit_code == 0
    assert detail(store, first).state == "confirmed"
    assert "there is no view 'lost'; known: urgent" in run(store, "triage", "--view", "lost").output
    assert run(store, "triage", "views", "--remove", "urgent").exit_code == 0
    assert "no view is saved" in run(store, "triage", "views").output


def test_a_view_is_saved_from_the_command_line_and_other_options_change_it(store: Store) -> None:
    run(store, "triage", "--save", "mine", "--assignee", "me", "--min-score", "0.5", "--as", "aya", keys="q")
    walk(store, "iq")
    assert len(json.loads(run(store, "cases", "list", "--view", "mine", "--as", "aya", "--json").output)) == 1
    assert json.loads(run(store, "cases", "list", "--view", "mine", "--as", "ben", "--json").output) == []
    everything = run(store, "cases", "list", "--view", "mine", "--assignee", "none", "--json")
    assert len(json.loads(everything.output)) == 2
    refused = run(store, "triage", "--save", "a/b", keys="q")
    assert refused.exit_code == 2
    assert "is made of letters" in refused.output


def test_a_script_gets_a_json_object_a_line_and_writes_keys(store: Store) -> None:
    first, second, _ = order(store)
    result = run(store, "triage", "--json", "--as", "aya", keys="cd1q")
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert result.stdout.isascii()
    assert [line["detail"]["id"] for line in lines if line["event"] == "case"][:2] == [first, second]
    assert lines[0]["keys"]["c"] == "confirm"
    assert next(line for line in lines if line["event"] == "asked")["choices"]["1"] == "reseller"
    assert sorted(states(store)) == ["confirmed", "dismissed", "open"]


def test_evidence_matched_words_and_picture_are_shown(store: Store) -> None:
    _, shown = walk(store, "oq", pictures="blocks")
    for words in ("why", "hoshinodenki-outlet", "▀", "hxxps://", "leads to", "Case log"):
        assert words in shown


def run(store: Store, *arguments: str, keys: str = "") -> Result:
    return CliRunner().invoke(main, [*arguments, "--config", str(store.config)], input=keys)


def test_the_command_line_does_the_same(store: Store) -> None:
    assert run(store, "triage", "--as", "aya", keys="c\nq\n").exit_code == 0
    first = next(n for n, state in enumerate(states(store), 1) if state == "confirmed")
    shown = run(store, "cases", "show", str(first))
    assert shown.exit_code == 0, shown.output
    assert "aya: confirm" in shown.output
    other = 1 if first != 1 else 2
    assert run(store, "judge", str(other), "--dismiss", "reseller", "--note", "contract", "--as", "aya").exit_code == 0
    assert detail(store, other).state == "dismissed"
    assert run(store, "judge", str(other), "--undo", "--as", "aya").exit_code == 0
    assert detail(store, other).state == "open"


def test_the_list_goes_on_behind_a_case(store: Store) -> None:
    first, second, third = order(store)
    page = json.loads(run(store, "cases", "list", "--limit", "2", "--json").output)
    assert [case["id"] for case in page] == [first, second]
    rest = json.loads(run(store, "cases", "list", "--after", str(second), "--json").output)
    assert [case["id"] for case in rest] == [third]
    assert run(store, "cases", "list", "--after", "99").exit_code == 1


def test_no_message_is_promised_about_a_dismissed_case(store: Store) -> None:
    assert run(store, "judge", "1", "--dismiss", "news").exit_code == 0
    result = run(store, "alerts", "resend", "1")
    assert (result.exit_code, result.output.count("\n")) == (1, 1)
    assert "case 1 is dismissed" in result.output


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("cases", "show", "99"), 1, "there is no case 99"),
        (("alerts", "resend", "99"), 1, "there is no case 99"),
        (("judge", "1", "--undo", "--as", "nobody"), 1, "has no judgement"),
        (("cases", "list", "--state", "lost"), 2, "there is no state 'lost'"),
        (("cases", "list", "--older", "3y"), 2, "expected a length of time"),
        (("triage", "--view", "x"), 1, "there is no view 'x'"),
        (("triage", "views", "--remove", "x"), 1, "there is no view 'x'"),
        (("alerts", "test", "x"), 2, "there is no receiver 'x'"),
        (("alerts", "replay", "msg_x"), 1, "there is no delivery"),
        (("crawl", "--source", "x"), 2, "there is no source 'x'"),
    ],
)
def test_the_command_line_refuses_in_one_line(
    store: Store, arguments: tuple[str, ...], code: int, message: str
) -> None:
    result = run(store, *arguments)
    assert result.exit_code == code, result.output
    assert message in result.output
    assert "Traceback" not in result.output


# --- a whole terminal -------------------------------------------------------------------------------------------
