"""A request that writes does so once, however often it is sent."""

from collections.abc import Callable
from datetime import timedelta
from threading import Event, Thread
from typing import Any

import pytest
from sqlalchemy import select, update
from starlette.responses import Response
from starlette.testclient import TestClient

from board import app as application
from board.app import WAYS, make_app
from board.board import Board
from board.ways import Asked, Way
from storage import answered
from storage.answered import LONGEST, MOST_BODY
from storage.database import snapshot, transaction
from storage.errors import CaseConflict
from storage.schema import AnsweredRow, CustodyRow
from tests.board.conftest import ORIGIN, Clock, Somebody

Make = Callable[..., Somebody]
Does = Callable[[Asked], Response]


class Writer:
    """A way that counts what it does, and does what it is told to."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.does: Does = lambda asked: Response(f"done {len(self.done)}", 200, {"HX-Trigger": "judged"}, "text/html")

    def __call__(self, asked: Asked) -> Response:
        self.done.append(asked.text("reason"))
        return self.does(asked)


@pytest.fixture
def writer(monkeypatch: pytest.MonkeyPatch) -> Writer:
    found = Writer()
    ways = (
        Way(path="/write", does=found, method="POST", name="write", uploads=1000),
        Way(path="/write/other", does=found, method="POST", name="write"),
    )
    monkeypatch.setattr(application, "WAYS", (*WAYS, *ways))
    return found


@pytest.fixture
def post(writer: Writer, somebody: Make, board: Board) -> Callable[..., Any]:
    """Send to the writer, signed in as an analyst."""
    app = make_app(board)

    def send(path: str = "/write", *, person: Somebody | None = None, files: Any = None, **fields: str) -> Any:
        one = person or somebody("analyst")
        client = TestClient(app, base_url=ORIGIN, follow_redirects=False, client=("127.0.0.1", 1))
        client.cookies.update(one.cookies)
        header = {"Idempotency-Key": fields.pop("header")} if "header" in fields else {}
        form = {"token": one.token, **fields}
        return client.post(path, data=form, files=files, headers={"Origin": ORIGIN, **header})

    return send


def rows(board: Board) -> list[tuple[str, int | None]]:
    with snapshot(board.engine) as session:
        return [(row.key, row.status) for row in session.scalars(select(AnsweredRow))]


def custody(board: Board) -> list[tuple[str, dict[str, Any]]]:
    with snapshot(board.engine) as session:
        rows = session.scalars(select(CustodyRow).where(CustodyRow.action == "board write").order_by(CustodyRow.number))
        return [(row.who, row.data) for row in rows]


def written(board: Board) -> int:
    return len([data for _, data in custody(board) if "denied" not in data])


@pytest.mark.parametrize("by", ["once", "header"])
def test_the_same_request_is_done_once_and_answered_alike(by: str, post: Any, writer: Writer, board: Board) -> None:
    first = post(reason="a", **{by: "key-1"})
    again = post(reason="a", **{by: "key-1"})  # from another session of the same person, too
    assert writer.done == ["a"]
    assert written(board) == 1
    assert (again.status_code, again.text) == (first.status_code, first.text) == (200, "done 1")
    assert again.headers["Content-Type"] == first.headers["Content-Type"] == "text/html; charset=utf-8"
    assert again.headers["HX-Trigger"] == "judged"
    assert again.headers["Content-Security-Policy"]


def test_without_a_key_or_under_another_it_is_done_again(post: Any, writer: Writer) -> None:
    for fields in ({}, {}, {"once": "1"}, {"once": "2"}):
        post(reason="a", **fields)
    assert len(writer.done) == 4


def test_a_key_is_of_one_person(post: Any, writer: Writer, somebody: Make) -> None:
    for role in ("analyst", "viewer"):
        assert post(reason="a", once="1", person=somebody(role)).status_code == 200
    assert len(writer.done) == 2


def test_another_request_under_the_same_key_is_refused(post: Any, writer: Writer, board: Board) -> None:
    post(reason="a", once="1")
    assert post(reason="b", once="1").status_code == 422
    assert post("/write/other", reason="a", once="1").status_code == 422
    assert writer.done == ["a"]
    assert custody(board) == [("aoki", {}), ("aoki", {"denied": "status 422"})]  # the other one is counted


def test_another_file_under_the_same_key_is_refused(post: Any, writer: Writer) -> None:
    assert post(once="1", files={"logo": ("a.png", b"one", "image/png")}).status_code == 200
    assert post(once="1", files={"logo": ("a.png", b"two", "image/png")}).status_code == 422
    assert post(once="1", files={"logo": ("a.png", b"one", "image/png")}).status_code == 200
    assert len(writer.done) == 1


def test_two_at_once_are_done_once(post: Any, writer: Writer, somebody: Make, board: Board) -> None:
    began, go_on, answers = Event(), Event(), list[Any]()
    person = somebody("analyst")

    def slow(_: Asked) -> Response:
        began.set()
        assert go_on.wait(30)
        return Response("slow")

    writer.does = slow
    thread = Thread(target=lambda: answers.append(post(reason="a", once="1", person=person)))
    thread.start()
    assert began.wait(30)
    assert post(reason="a", once="1", person=person).status_code == 409
    assert custody(board) == [("aoki", {}), ("aoki", {"denied": "status 409"})]
    go_on.set()
    thread.join()
    assert [answer.text for answer in answers] == ["slow"]
    assert post(reason="a", once="1", person=person).text == "slow"
    assert writer.done == ["a"]


def test_what_died_in_mid_write_may_be_tried_again_after_a_minute(
    post: Any, writer: Writer, board: Board, clock: Clock
) -> None:
    person_posts = post(reason="a", once="1")
    assert person_posts.status_code == 200
    with transaction(board.engine) as session:  # as a process leaves it that was killed meanwhile
        session.execute(update(AnsweredRow).values(status=None, headers=None, body=None))
    assert post(reason="a", once="1").status_code == 409
    clock.now += LONGEST
    assert post(reason="a", once="1").text == "done 2"
    assert rows(board) == [("1", 200)]


@pytest.mark.parametrize("error, status", [(CaseConflict("case 1 was changed"), 409), (RuntimeError("broken"), 500)])
def test_what_failed_may_be_tried_again(error: Exception, status: int, post: Any, writer: Writer, board: Board) -> None:
    def fails(_: Asked) -> Response:
        raise error

    works, writer.does = writer.does, fails
    answer = post(reason="a", once="1")
    assert answer.status_code == status
    assert rows(board) == []
    assert custody(board) == [("aoki", {}), ("aoki", {"denied": f"status {status}"})]
    writer.does = works
    assert post(reason="what was missing", once="1").text == "done 2"


@pytest.mark.parametrize(
    "answer",
    [
        Response("PK", 200, {"Content-Disposition": "attachment; filename=case.zip"}, "application/zip"),
        Response("x" * (MOST_BODY + 1), 200, None, "text/html"),
    ],
)
def test_files_and_long_answers_are_not_kept(answer: Response, post: Any, writer: Writer, board: Board) -> None:
    writer.does = lambda _: answer
    assert post(reason="a", once="1").content == bytes(answer.body)
    again = post(reason="a", once="1")
    assert "done already" in again.text
    assert len(writer.done) == 1
    with snapshot(board.engine) as session:
        assert session.scalars(select(AnsweredRow.body)).all() == [None]


def test_where_it_leads_is_kept(post: Any, writer: Writer) -> None:
    writer.does = lambda asked: asked.go("/wall?after=1")
    for _ in range(2):
        answer = post(reason="a", once="1")
        assert (answer.status_code, answer.headers["location"]) == (303, "/wall?after=1")
    assert len(writer.done) == 1


def test_of_one_person_no_more_answers_are_kept_than_some(
    post: Any, board: Board, somebody: Make, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answered, "MOST", 3)
    post(reason="a", once="other", person=somebody("viewer"))
    for number in range(6):
        clock.now += timedelta(seconds=1)
        post(reason="a", once=str(number))
    assert sorted(key for key, _ in rows(board)) == ["2", "3", "4", "5", "other"]


def test_keys_are_bounded_and_forgotten_after_a_day(post: Any, board: Board, clock: Clock) -> None:
    post(reason="a", once="k" * 5000)
    assert [len(key) for key, _ in rows(board)] == [100]
    clock.now += timedelta(hours=25)
    post(reason="a", once="2")
    assert [key for key, _ in rows(board)] == ["2"]
