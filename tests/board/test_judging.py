"""Judging in the browser leaves the rows that the terminal leaves, and overwrites nothing that changed meanwhile."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from io import StringIO
from shutil import copytree
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from rich.console import Console
from sqlalchemy import Engine, select

from board.board import Board
from board.refused import refused_in
from board.words import LANGUAGES, messages
from config.board import Role
from console.triage.drawing import Easel
from console.triage.screens import PlainScreen
from console.triage.session import Triage
from desk.acts import ACTS, HARMS, MOVES, REASONS
from desk.agreed import agreed
from desk.likeness import Likenesses
from storage.case_list import list_cases
from storage.cases import Judgement, case_detail, judge
from storage.database import open_engine, snapshot, transaction
from storage.schema import Base
from storage.views import CaseFilters
from tests.board.conftest import LOGINS, Clock, Somebody
from tests.console.conftest import NOW, Store

Make = Callable[..., Somebody]
TABLES = ("cases", "case_log", "alert_intents", "case_items", "case_joins", "register_entries", "notices")
APPROVED = '[takedown]\nsecond_approver = true\napprovers = ["suzuki"]\n'


def rows(engine: Engine) -> dict[str, list[dict[str, Any]]]:
    """Return what stands in the tables that a judgement writes: every column of every row."""
    with snapshot(engine) as session:
        tables = [Base.metadata.tables[name] for name in TABLES]
        return {
            table.name: [dict(row) for row in session.execute(select(table).order_by(*table.primary_key)).mappings()]
            for table in tables
        }


def entry(board: Board, case: int) -> int:
    with snapshot(board.engine) as session:
        return case_detail(session, case, now=board.now()).log_id


def state(board: Board, case: int) -> str:
    with snapshot(board.engine) as session:
        return case_detail(session, case, now=board.now()).state


def first(board: Board, count: int = 1) -> list[int]:
    with snapshot(board.engine) as session:
        return [case.id for case in list_cases(session, now=board.now())][:count]


def seen(board: Board, *cases: int) -> list[str]:
    return [f"{case}:{entry(board, case)}" for case in cases]


def on_wall(one: Somebody, path: str, data: dict[str, Any]) -> Any:
    one.headers["HX-Request"] = "true"
    return one.post(path, {"on": "wall", "q": "", **data})


@dataclass(frozen=True, slots=True, kw_only=True)
class Same:
    """Keys in the terminal and the form that says the same."""

    keys: str
    form: dict[str, str]
    cases: int = 1  # that are judged
    before: tuple[Judgement, ...] = ()  # of the case, before
    role: Role = "analyst"
    undone: bool = False  # and it is taken back


SAME = (
    Same(keys="c", form={"action": "confirm"}),
    Same(keys="d1", form={"action": "dismiss", "reason": "reseller"}),
    Same(keys="d9", form={"action": "dismiss", "reason": "other"}),
    Same(keys="s3", form={"action": "snooze", "days": "3"}),
    Same(keys="t", form={"action": "takedown"}),
    Same(keys="i", form={"action": "assign"}),
    Same(keys="amidori\n", form={"action": "assign", "assignee": "midori"}),
    Same(keys="a-\n", form={"action": "assign", "assignee": "-"}),
    Same(keys="#速報\n", form={"action": "tag", "tag": "速報"}),
    Same(
        keys="#-速報\n", form={"action": "untag", "tag": "速報"},
        before=(Judgement(who="suzuki", action="tag", tag="速報"),),
    ),
    Same(keys="wlook at the payer\n", form={"action": "note", "note": "look at the payer"}),
    Same(keys="hh", form={"action": "harm", "harm": "high"}),
    Same(keys="ha", form={"action": "harm", "harm": "auto"}),
    Same(keys="=3\n", form={"action": "duplicate", "into": "3"}),
    Same(
        keys="y", form={"action": "approve"}, role="approver",
        before=(
            Judgement(who="midori", action="confirm"),
            Judgement(who="midori", action="takedown", approvers=("suzuki",)),
        ),
    ),
    Same(keys="x", form={"action": "close"}, before=(Judgement(who="suzuki", action="confirm"),)),
    Same(keys="r", form={"action": "reopen"}, before=(Judgement(who="suzuki", action="dismiss", reason="news"),)),
    Same(keys="cu", form={"action": "confirm"}, undone=True),
    Same(keys="s7u", form={"action": "snooze", "days": "7"}, undone=True),
    Same(keys="tu", form={"action": "takedown"}, undone=True),
    Same(keys="mmcy", form={"action": "confirm"}, cases=2),
    Same(keys="mmmpd3y", form={"action": "dismiss", "reason": "news"}, cases=3),
    Same(keys="mmtyu", form={"action": "takedown"}, cases=2, undone=True),
)  # fmt: skip


@pytest.mark.parametrize("same", SAME, ids=lambda same: same.keys.strip())
def test_a_case_judged_at_the_board_and_in_the_terminal_leaves_the_same_rows(
    same: Same, configured: Callable[[str], None], request: pytest.FixtureRequest, store: Store, clock: Clock
) -> None:
    if same.role == "approver":
        configured(APPROVED)
    board: Board = request.getfixturevalue("board")
    somebody: Make = request.getfixturevalue("somebody")
    cases = first(board, same.cases)
    for made in same.before:
        with transaction(board.engine) as session:
            judge(session, cases[0], made, now=NOW)
    other = store.folder.parent / f"{store.folder.name}-terminal"
    copytree(store.folder, other)
    terminal = open_engine(f"sqlite:///{other}/mekiki.db")
    before = rows(terminal)
    assert before == rows(board.engine)
    keys = f"g{cases[0]}\n{same.keys}" if same.before else same.keys  # those judged before do not come by themselves
    with Likenesses((), store.media) as likenesses:
        Triage(
            terminal,
            PlainScreen(Console(file=StringIO(), width=120), StringIO(keys), store.media),
            Easel(store.media, likenesses, "none"),
            who=LOGINS[same.role],
            now=clock,
            filters=CaseFilters(),
            agreed=lambda made, now: agreed(made, board.config, now),
        ).run()
    one = somebody(same.role)
    answer = one.post("/judgements", {**same.form, "cases": seen(board, *cases)})
    assert answer.status_code == 303, answer.text
    if same.undone:
        carried = [value for name, value in parse_qsl(urlsplit(answer.headers["location"]).query) if name == "done"]
        assert one.post("/judgements/undo", {"done": carried}).status_code == 303
    assert rows(board.engine) == rows(terminal) != before
    written = [row for row in rows(terminal)["case_log"] if row not in before["case_log"]]
    assert {row["case_id"] for row in written} >= set(cases)
    assert {row["who"] for row in written} <= {LOGINS[same.role], "mekiki"}
    terminal.dispose()


def test_every_key_that_judges_is_held_to_the_terminal() -> None:
    assert {act.key for act in ACTS} <= {same.keys[0] for same in SAME}
    assert {act.action for act in ACTS} | {"untag"} == {same.form["action"] for same in SAME}


def test_a_takedown_of_two_people_waits_for_the_second(
    configured: Callable[[str], None], request: pytest.FixtureRequest
) -> None:
    configured(APPROVED)
    board: Board = request.getfixturevalue("board")
    somebody: Make = request.getfixturevalue("somebody")
    case = first(board)[0]
    assert (
        somebody("analyst").post("/judgements", {"action": "takedown", "cases": seen(board, case)}).status_code == 303
    )
    assert state(board, case) == "confirmed"
    asked = {"action": "approve", "cases": seen(board, case)}
    denied = somebody("analyst").post("/judgements", asked)
    assert (denied.status_code, state(board, case)) == (403, "confirmed")
    assert somebody("approver").post("/judgements", asked).status_code == 303
    assert state(board, case) == "takedown"


def test_what_was_done_is_told_with_what_takes_it_back(board: Board, somebody: Make) -> None:
    one, cases = somebody("analyst"), first(board, 2)
    before = rows(board.engine)
    done = one.post("/judgements", {"action": "confirm", "cases": seen(board, *cases), "back": "/wall?q=score%3A0.1"})
    told = one.get(done.headers["location"])
    assert "2 cases confirmed." in told.text
    carried = re.findall(r'name="done" value="([0-9:]+)"', told.text)
    assert len(carried) == 2
    back = one.post("/judgements/undo", {"done": carried, "back": "/wall"})
    assert (back.status_code, back.headers["location"]) == (303, "/wall")
    after = rows(board.engine)
    for was, is_now in zip(before["cases"], after["cases"], strict=True):
        assert {name for name in was if was[name] != is_now[name]} <= {"log_head"}
    assert len(after["case_log"]) == len(before["case_log"]) + 4


def test_an_undo_takes_back_what_it_means_and_no_later_judgement(board: Board, somebody: Make) -> None:
    one, [case] = somebody("analyst"), first(board)
    done = one.post("/judgements", {"action": "confirm", "cases": seen(board, case)})
    carried = re.findall(r"done=([0-9%A:]+)", done.headers["location"])[0].replace("%3A", ":")
    one.post("/judgements", {"action": "tag", "tag": "kept", "cases": seen(board, case)})
    refused = one.post("/judgements/undo", {"done": [carried]})
    assert refused.status_code == 422
    assert "has judged case" in refused.text
    with snapshot(board.engine) as session:
        detail = case_detail(session, case, now=board.now())
    assert (detail.state, detail.tags) == ("confirmed", ("kept",))


def test_a_case_that_changed_meanwhile_is_shown_anew_and_left_as_it_is(board: Board, somebody: Make) -> None:
    one, [case, other] = somebody("analyst"), first(board, 2)
    was = seen(board, case, other)
    with transaction(board.engine) as session:
        judge(session, case, Judgement(who="suzuki", action="dismiss", reason="news"), now=board.now())
    answer = on_wall(one, "/judgements", {"action": "confirm", "cases": was[:1]})
    assert answer.status_code == 409
    assert "suzuki" in answer.text
    assert "dismissed" in answer.text
    assert f'id="card-{case}"' in answer.text
    assert f'data-log="{entry(board, case)}"' in answer.text
    assert state(board, case) == "dismissed"
    both = on_wall(one, "/judgements", {"action": "confirm", "cases": was})
    assert both.status_code == 409
    assert f"Case {other} confirmed." in both.text
    assert f"Case {case} has changed meanwhile" in both.text
    assert f'<li id="card-{other}" hx-swap-oob="delete">' in both.text
    assert (state(board, case), state(board, other)) == ("dismissed", "confirmed")


def test_of_two_people_at_once_one_judges_and_the_other_is_told(board: Board, somebody: Make) -> None:
    people = [somebody("analyst"), somebody("approver")]
    for case in first(board, 3):
        was = seen(board, case)

        def judges(one: Somebody, was: list[str] = was) -> int:
            return one.post("/judgements", {"action": "confirm", "cases": was}).status_code

        with ThreadPoolExecutor(2) as pool:
            assert sorted(pool.map(judges, people)) == [303, 409]
        with snapshot(board.engine) as session:
            log = case_detail(session, case, now=board.now()).log
        assert [one.action for one in log].count("confirm") == 1


def test_cards_that_the_list_still_has_are_drawn_anew_and_those_taken_back_return(board: Board, somebody: Make) -> None:
    one, [case] = somebody("analyst"), first(board)
    tagged = on_wall(one, "/judgements", {"action": "tag", "tag": "速報", "cases": seen(board, case)})
    assert "#速報" in tagged.text
    assert "delete" not in tagged.text
    gone = on_wall(one, "/judgements", {"action": "dismiss", "reason": "news", "cases": seen(board, case)})
    assert f'<li id="card-{case}" hx-swap-oob="delete">' in gone.text
    assert re.search(r'id="count"[^>]*>2 cases<', gone.text)
    carried = re.findall(r'name="done" value="([0-9:]+)"', gone.text)
    back = on_wall(one, "/judgements/undo", {"done": carried})
    assert f'id="card-{case}"' in back.text
    assert "afterbegin:#cards" in back.text


@pytest.mark.parametrize(
    "form",
    [
        {"action": "dismiss"},
        {"action": "dismiss", "reason": "because"},
        {"action": "snooze"},
        {"action": "snooze", "days": "0"},
        {"action": "snooze", "until": "2026-13-40"},
        {"action": "duplicate", "into": "x"},
        {"action": "duplicate", "into": "99999"},
        {"action": "note", "note": "  "},
        {"action": "harm", "harm": "extreme"},
        {"action": "tag", "tag": "two words"},
        {"action": "untag", "tag": "nothing"},
        {"action": "relapse"},
        {"action": "hold"},
        {"action": ""},
        {"action": "close"},
        {"action": "confirm", "cases": []},
        {"action": "confirm", "cases": ["1"]},
        {"action": "confirm", "cases": ["1:2:3", "x"]},
        {"action": "confirm", "cases": ["99999:1"]},
    ],
    ids=str,
)
@pytest.mark.parametrize("language", ["en", "ja"])
def test_what_makes_no_sense_is_said_and_writes_nothing(
    form: dict[str, Any], language: str, board: Board, somebody: Make
) -> None:
    one = somebody("analyst")
    one.headers["Accept-Language"] = language
    before = rows(board.engine)
    answer = one.post("/judgements", {"cases": seen(board, first(board)[0]), **form})
    assert answer.status_code == 422
    assert 'class="problem"' in answer.text
    assert rows(board.engine) == before


def test_a_viewer_judges_nothing(board: Board, somebody: Make) -> None:
    one, before = somebody("viewer"), rows(board.engine)
    for path in ("/judgements", "/judgements/undo"):
        form = {"action": "confirm", "cases": seen(board, first(board)[0]), "done": ["1:1:1"]}
        assert one.post(path, form).status_code == 403
    assert rows(board.engine) == before


def test_nobody_takes_back_what_another_has_done(board: Board, somebody: Make) -> None:
    [case] = first(board)
    done = somebody("analyst").post("/judgements", {"action": "confirm", "cases": seen(board, case)})
    carried = re.findall(r"done=([0-9%A:]+)", done.headers["location"])[0].replace("%3A", ":")
    answer = somebody("approver").post("/judgements/undo", {"done": [carried]})
    assert (answer.status_code, state(board, case)) == (422, "confirmed")


@pytest.mark.parametrize("back", ["//evil.test/", "https://evil.test/", "/\\evil.test", "javascript:alert(1)", ""])
def test_one_is_led_back_to_the_board_alone(back: str, board: Board, somebody: Make) -> None:
    answer = somebody("analyst").post(
        "/judgements", {"action": "confirm", "cases": seen(board, first(board)[0]), "back": back}
    )
    assert answer.headers["location"].startswith("/wall?")


def test_an_address_says_only_what_can_have_been_done(board: Board, somebody: Make) -> None:
    one = somebody("analyst")
    for query in ("did=<b>paid</b>&done=1:1:1", "did=confirm&done=<script>", "did=confirm", "did=__class__&done=1:1:1"):
        answer = one.get(f"/wall?{query}")
        assert answer.status_code == 200
        assert "data-undo" not in answer.text
        assert "<b>paid" not in answer.text
        assert "<script>" not in answer.text


def test_the_same_request_sent_twice_judges_once(board: Board, somebody: Make) -> None:
    one, [case] = somebody("analyst"), first(board)
    form = {"action": "note", "note": "once", "cases": seen(board, case), "once": "k" * 20}
    first_answer, again = one.post("/judgements", form), one.post("/judgements", form)
    assert again.headers["location"] == first_answer.headers["location"]
    assert sum(row["note"] == "once" for row in rows(board.engine)["case_log"]) == 1


def test_hostile_words_of_a_judgement_come_back_inert(board: Board, somebody: Make) -> None:
    one, [case] = somebody("analyst"), first(board)
    hostile = "<img src=x onerror=alert(1)>\u202e</script>https://evil.test/"
    on_wall(one, "/judgements", {"action": "assign", "assignee": hostile, "cases": seen(board, case)})
    shown = one.get("/wall").text
    assert "<img src=x" not in shown
    assert "\u202e" not in shown
    assert "https://evil.test" not in shown


def test_why_it_was_refused_is_said_in_japanese() -> None:
    says = "case 5 is dismissed; close needs one that is confirmed or takedown"
    assert refused_in("ja", says) == "案件5は「該当なし」のため、この操作はできません。"
    assert refused_in("en", says) == "Case 5 is dismissed; close needs one that is confirmed or takedown."
    assert refused_in("ja", "something new") == "Something new."


def test_snoozed_until_a_day_means_the_end_of_it_where_the_team_is(board: Board, somebody: Make) -> None:
    one, [case] = somebody("analyst"), first(board)
    day = (NOW + timedelta(days=5)).date().isoformat()
    one.post("/judgements", {"action": "snooze", "until": day, "cases": seen(board, case)})
    with snapshot(board.engine) as session:
        until = case_detail(session, case, now=board.now()).snoozed_until
    assert until is not None
    assert until.astimezone(board.zone).isoformat().startswith("2026-11-29T00:00:00+09:00")


def test_every_act_and_move_has_words() -> None:
    for language in LANGUAGES:
        said = messages(language)
        names = ["mine" if act.key == "i" else act.action for act in ACTS]
        wanted = [f"wall.act.{name}.{what}" for name in names for what in ("label", "says")]
        wanted += [f"wall.did.{name}" for name in names] + [f"wall.move.{key}" for key in MOVES if key != "q"]
        wanted += [f"wall.reason.{reason}" for reason in REASONS.values()]
        wanted += [f"wall.harm.{harm or 'auto'}" for harm in HARMS.values()]
        assert [key for key in wanted if key not in said] == []
