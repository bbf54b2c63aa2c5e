"""Triage through a pipe: every key, and the rows it leaves."""

from io import StringIO
from typing import get_args

from click.testing import CliRunner, Result
from rich.console import Console

from cli import main
from console.triage import Filters, PipedKeys, Tally, Triage
from storage.cases import CaseDetail, Judgement, case_detail, judge, list_cases
from storage.database import snapshot, transaction
from storage.schema import CaseState
from storage.views import CaseFilters
from tests.console.conftest import NOW, Store


def walk(store: Store, keys: str, who: str = "aya") -> tuple[Tally, str]:
    """Drive one session and return what it counted and showed."""
    shown = StringIO()
    session = Triage(
        store.engine,
        store.media,
        who=who,
        keys=PipedKeys(StringIO(keys)),
        screen=Console(file=shown, width=160, force_terminal=True, color_system="truecolor"),
        now=lambda: NOW,
        filters=Filters(),
    )
    return session.run(), shown.getvalue()


def states(store: Store) -> list[str]:
    with snapshot(store.engine) as session:
        found = list_cases(session, CaseFilters(states=get_args(CaseState)), now=NOW)
    return [case.state for case in sorted(found, key=lambda case: case.id)]


def detail(store: Store, case_id: int) -> CaseDetail:
    with snapshot(store.engine) as session:
        return case_detail(session, case_id, now=NOW)


def test_each_key_leaves_its_judgement(store: Store) -> None:
    tally, shown = walk(store, "c d1 s")
    assert (tally.confirmed, tally.dismissed, tally.snoozed) == (1, 1, 1)
    assert sorted(states(store)) == ["confirmed", "dismissed", "snoozed"]
    assert "No more open cases." in shown
    log = [entry for case_id in (1, 2, 3) for entry in detail(store, case_id).log if entry.who == "aya"]
    assert sorted(entry.action for entry in log) == ["confirm", "dismiss", "snooze"]
    assert [entry.reason for entry in log if entry.action == "dismiss"] == ["reseller"]


def test_next_leaves_a_case_open_and_quit_ends(store: Store) -> None:
    tally, _ = walk(store, "ncq")
    assert tally.confirmed == 1
    assert sorted(states(store)) == ["confirmed", "open", "open"]


def test_undo_takes_the_last_judgement_back_and_shows_its_case_again(store: Store) -> None:
    tally, shown = walk(store, "c u d9 n n")
    assert tally.undone == 1
    assert sorted(states(store)) == ["dismissed", "open", "open"]
    assert "last judgement taken back" in shown


def test_own_it_assigns_and_stays(store: Store) -> None:
    walk(store, "iq")
    with snapshot(store.engine) as session:
        assert [case.assignee for case in list_cases(session, now=NOW) if case.assignee] == ["aya"]


def test_wrong_keys_and_a_wrong_digit_change_nothing(store: Store) -> None:
    _, shown = walk(store, "x d0 n n n")
    assert states(store) == ["open", "open", "open"]
    assert "There is no key 'x'." in shown
    assert "Not dismissed" in shown


def test_a_case_that_somebody_else_judged_meanwhile_is_shown_again_not_overwritten(store: Store) -> None:
    class Meddling(PipedKeys):
        """Confirms the first case as another person just before the first key is read."""

        meddled = False

        def read(self) -> str:
            if not self.meddled:
                self.meddled = True
                with transaction(store.engine) as session:
                    first = list_cases(session, now=NOW)[0].id
                    judge(session, first, Judgement(who="ben", action="confirm"), now=NOW)
            return super().read()

    shown = StringIO()
    screen = Console(file=shown, width=160)
    keys = Meddling(StringIO("d1q"))
    tally = Triage(
        store.engine, store.media, who="aya", keys=keys, screen=screen, now=lambda: NOW, filters=Filters()
    ).run()
    assert tally.conflicts == 1
    assert tally.dismissed == 0
    assert sorted(states(store)) == ["confirmed", "open", "open"]
    assert "changed meanwhile" in shown.getvalue()


def test_evidence_matched_words_and_picture_are_shown_and_hostile_text_is_not_live(store: Store) -> None:
    _, shown = walk(store, "q")
    assert "Why" in shown
    assert "hoshinodenki-outlet" in shown
    assert "▀" in shown
    assert "\u202e" not in shown
    assert "\x1b]0;" not in shown
    assert "\x07" not in shown
    assert "hxxps://" in shown


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
    assert run(store, "judge", str(other), "--snooze", "3", "--as", "aya").exit_code == 0
    assert "0 open" not in run(store, "cases", "list", "--state", "all").output


def test_no_message_is_promised_about_a_dismissed_case(store: Store) -> None:
    assert run(store, "judge", "1", "--dismiss", "news").exit_code == 0
    result = run(store, "alerts", "resend", "1")
    assert (result.exit_code, result.output.count("\n")) == (1, 1)
    assert "case 1 is dismissed" in result.output


def test_the_command_line_refuses_in_one_line(store: Store) -> None:
    for arguments, code, message in (
        (("cases", "show", "99"), 1, "there is no case 99"),
        (("judge", "1"), 2, "expected one of --confirm"),
        (("judge", "1", "--confirm", "--own"), 2, "expected one of --confirm"),
        (("alerts", "resend", "99"), 1, "there is no case 99"),
        (("judge", "1", "--undo", "--as", "nobody"), 1, "has no judgement"),
        (("judge", "1", "--undo", "--note", "why"), 2, "--undo takes no --note"),
        (("cases", "list", "--state", "lost"), 2, "there is no state 'lost'"),
        (("alerts", "test", "x"), 2, "there is no receiver 'x'"),
        (("alerts", "resend", "msg_x"), 1, "there is no delivery"),
        (("crawl", "--source", "x"), 2, "there is no source 'x'"),
    ):
        result = run(store, *arguments)
        assert result.exit_code == code, (arguments, result.output)
        assert message in result.output
        assert "Traceback" not in result.output


def test_who_judged_meanwhile_is_shown_with_nothing_live(store: Store) -> None:
    keys = iter("cnq")

    class Meanwhile:
        def read(self) -> str:
            key = next(keys)
            if key == "c":
                with transaction(store.engine) as session:
                    judge(session, 1, Judgement(who="ken\x1b]0;x\x07", action="assign"), now=NOW)
            return key

    shown = StringIO()
    Triage(
        store.engine,
        store.media,
        who="aya",
        keys=Meanwhile(),
        screen=Console(file=shown, width=160),
        now=lambda: NOW,
        filters=Filters(),
    ).run()
    assert "changed meanwhile" in shown.getvalue()
    assert not set(shown.getvalue()) & {"\x1b", "\x07"}
