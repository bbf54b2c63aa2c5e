"""Bodies of requests: how large, how slow, of which shape; and that what is refused of them is on record."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from httpx2 import ASGITransport, AsyncClient
from starlette.responses import Response

from board import app as application
from board import guard
from board.app import WAYS, make_app
from board.board import Board
from board.guard import MOST_FIELD, MOST_FIELDS
from board.ways import Asked, Way
from tests.board.conftest import LOGINS, ORIGIN, Clock
from tests.board.test_gate import POSTS, Make, again, custody, named, parameters, path_of


def test_a_body_is_bounded(somebody: Make, board: Board, clock: Clock) -> None:
    """What is refused so early is on record, too, where somebody is signed in."""
    one = somebody("admin")
    files = {"file": ("a.png", b"x", "image/png")}
    for way in POSTS:
        path = path_of(way)
        clock.now += timedelta(minutes=1)
        rows = len(custody(board))
        large = b"a=" + b"x" * (MOST_FIELD + way.uploads)
        assert one.client.post(path, content=large, headers=one.headers).status_code == 413, named(way)
        assert one.client.post(path, content=iter([b"token=1"]), headers=one.headers).status_code == 411, named(way)
        many = {"Content-Type": "application/x-www-form-urlencoded", **one.headers}
        fields = b"&".join([b"a=1"] * (MOST_FIELDS + 1))
        refused = 413 if way.least is None else 400  # what anybody may send is shorter
        assert one.client.post(path, content=fields, headers=many).status_code == refused, named(way)
        broken = {"Content-Type": "multipart/form-data; boundary=x", **one.headers}
        assert one.client.post(path, content=b"--y\r\n\r\nnothing", headers=broken).status_code in (400, 401, 403, 404)
        if not way.uploads:
            assert one.post(path, files=files).status_code == 400, named(way)
        subject = way.subject(parameters(way))
        told = {
            row[3]["denied"]
            for row in custody(board)[rows:]
            if row[:3] == (LOGINS["admin"], f"board {way.name}", subject)
        }
        assert told >= {"status 413", "status 411", "status 400"}, named(way)


def test_a_form_that_takes_too_long_is_refused_and_on_record(
    somebody: Make, board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard, "SLOWEST", 0.0)
    one = somebody("viewer")

    async def never() -> AsyncIterator[bytes]:
        yield b"token="
        await asyncio.Event().wait()

    async def post() -> int:
        headers = {"Origin": ORIGIN, "Content-Length": "100", "Content-Type": "application/x-www-form-urlencoded"}
        transport = ASGITransport(make_app(board))
        async with AsyncClient(transport=transport, base_url=ORIGIN, cookies=one.cookies) as client:
            return (await client.post("/sign-out", content=never(), headers=headers)).status_code

    assert asyncio.run(post()) == 408
    assert custody(board)[-1] == (LOGINS["viewer"], "board sign-out", "board", {"denied": "status 408"})
    assert one.get("/wall").status_code == 200


def test_of_nobody_a_refused_body_is_not_on_record(somebody: Make, board: Board) -> None:
    rows = custody(board)
    large = b"a=" + b"x" * MOST_FIELD
    assert somebody().client.post("/sign-in", content=large, headers={"Origin": ORIGIN}).status_code == 413
    assert custody(board) == rows


def test_files_are_taken_where_a_way_says_so(somebody: Make, board: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    def take(asked: Asked) -> Response:
        file = asked.upload("file")
        assert file is not None
        return Response(str(len(file.file.read())))

    way = Way(path="/takes", does=take, method="POST", name="take", uploads=8 * MOST_FIELD)
    monkeypatch.setattr(application, "WAYS", (*WAYS, way))
    person = somebody("viewer")
    one = again(person, make_app(board))
    for size, status in ((7 * MOST_FIELD, 200), (9 * MOST_FIELD, 413)):
        files = {"file": ("a.png", b"x" * size, "image/png")}
        answer = one.post("/takes", data={"token": person.token}, files=files, headers={"Origin": ORIGIN})
        assert answer.status_code == status
    field = {"token": person.token, "text": "x" * (MOST_FIELD + 1)}
    files = {"file": ("a.png", b"x", "image/png")}
    assert one.post("/takes", data=field, files=files, headers={"Origin": ORIGIN}).status_code == 400
