"""Each form that writes has a key of its own: sent twice it is done once, and never answered as another one."""

from collections.abc import Callable
from pathlib import Path

import pytest

import board as room
from board.board import Board
from storage.cases import Judgement, case_detail, judge
from storage.database import snapshot, transaction
from storage.views import CaseFilters, save_view, saved_views
from tests.board.conftest import Somebody
from tests.board.posted import Form, forms_of, keyless

Make = Callable[..., Somebody]
TEMPLATES = Path(room.__file__).parent / "templates"
PAGES = (
    "/wall",
    "/case/1",
    "/case/1/items",
    "/setup/logo",
    "/setup/silences",
    "/setup/ownership",
    "/overview",
)


def test_every_form_of_a_template_that_writes_begins_with_token_and_key() -> None:
    files = sorted(TEMPLATES.rglob("*.j2"))
    assert sum(file.read_text("utf-8").count('method="post"') for file in files) > 30
    assert {file.name: found for file in files if (found := keyless(file.read_text("utf-8")))} == {}


@pytest.mark.parametrize("page", [*PAGES, "/wall?did=confirm&done=1:1:1"])
def test_on_every_page_each_form_that_writes_has_a_key_of_its_own(page: str, board: Board, somebody: Make) -> None:
    one = somebody("admin")
    with transaction(board.engine) as session:
        save_view(session, "urgent", CaseFilters(), who="aoki", now=board.now())
    assert one.post("/setup/silences", {"brands": "hoshino", "reason": "x", "length": "2h"}).status_code == 303
    forms = forms_of(one.get(page).text)
    writing = [form for form in forms if form.way.least is not None and form.way.writes]
    assert writing
    keys = [form.values("once") for form in writing]
    assert [len(found) for found in keys] == [1] * len(keys)
    assert len({found[0] for found in keys}) == len(keys)
    assert min(len(found[0]) for found in keys) >= 16
    assert {token for form in writing for token in form.values("token")} == {one.token}
    assert keys[0] != forms_of(one.get(page).text)[0].values("once")


def fields_of(one: Somebody, page: str, name: str, form: int = 0) -> dict[str, str]:
    found: list[Form] = [each for each in forms_of(one.get(page).text) if each.way.name == name]
    return dict(found[form].fields)


def test_a_form_sent_twice_is_done_once_and_another_page_does_it_again(board: Board, somebody: Make) -> None:
    one = somebody("analyst")

    def notes() -> int:
        with snapshot(board.engine) as session:
            return sum(entry.action == "note" for entry in case_detail(session, 1).log)

    for count in (1, 2):
        with snapshot(board.engine) as session:
            seen = case_detail(session, 1).log_id
        form = {**fields_of(one, "/wall", "judge"), "cases": f"1:{seen}", "action": "note", "note": "looked at"}
        answers = [one.client.post("/judgements", data=form, headers=one.headers) for _ in range(2)]
        assert [answer.status_code for answer in answers] == [303, 303]
        assert answers[0].headers["location"] == answers[1].headers["location"]
        assert notes() == count


def test_the_form_of_a_page_that_is_sent_with_something_else_is_never_answered_as_the_first(
    board: Board, somebody: Make
) -> None:
    """As a browser does that shows a page again which it had kept."""
    one = somebody("analyst")
    form = fields_of(one, "/wall", "keep-view")
    assert one.client.post("/views", data={**form, "name": "a"}, headers=one.headers).status_code == 303
    answer = one.client.post("/views", data={**form, "name": "b"}, headers=one.headers)
    assert (answer.status_code, "Load the page again" in answer.text) == (422, True)
    with snapshot(board.engine) as session:
        assert [view.name for view in saved_views(session)] == ["a"]
    form = {**fields_of(one, "/wall", "keep-view"), "name": "b"}
    assert one.client.post("/views", data=form, headers=one.headers).status_code == 303
    with snapshot(board.engine) as session:
        assert [view.name for view in saved_views(session)] == ["a", "b"]


def test_an_undo_that_is_sent_twice_takes_one_judgement_back(board: Board, somebody: Make) -> None:
    one = somebody("analyst")
    with transaction(board.engine) as session:
        judge(session, 1, Judgement(who="aoki", action="confirm"), now=board.now())
    with snapshot(board.engine) as session:
        entry = case_detail(session, 1).log_id
    form = fields_of(one, f"/wall?did=confirm&done=1:1:{entry}", "undo")
    answers = [one.client.post("/judgements/undo", data=form, headers=one.headers) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [303, 303]
    with snapshot(board.engine) as session:
        case = case_detail(session, 1)
    assert (case.state, sum(one.action == "undo" for one in case.log)) == ("open", 1)
