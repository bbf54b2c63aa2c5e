"""Who floods or starves the board: idle connections, a silent issuer, addresses and numbers that are too long."""

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Semaphore, Thread
from urllib.parse import quote

import pytest
import uvicorn
from sqlalchemy import select
from starlette.responses import PlainTextResponse, Response
from starlette.testclient import TestClient
from starlette.types import Receive, Scope, Send

from board import app as application
from board import connections as met
from board import issuer as board_issuer
from board.app import WAYS, make_app
from board.board import Board
from board.connections import connections
from board.lanes import LANES
from board.ways import Asked, Way
from config.board import Board as Settings
from storage.accounts import add_account
from storage.database import snapshot, transaction
from storage.errors import AccountRefused
from storage.schema import CaseLog
from tests.board.conftest import ORIGIN, Clock, Somebody
from tests.board.test_single_sign_on import Make, issuer, sso, sso_with
from tests.console.conftest import NOW
from tests.servers.issuer import IssuerServer
from tests.servers.web import Answer

__all__ = ["issuer", "sso", "sso_with"]

ASKS = b"GET / HTTP/1.1\r\nHost: board.test\r\n\r\n"


async def well(scope: Scope, receive: Receive, send: Send) -> None:
    await PlainTextResponse("well")(scope, receive, send)


@contextmanager
def answering(settings: Settings) -> Iterator[Callable[[], socket.socket]]:
    """Run a server with our connections; give what connects to it."""
    kind = uvicorn.Config(
        well, http=connections(settings), limit_concurrency=met.AT_ONCE, lifespan="off", log_config=None
    )
    server, bound = uvicorn.Server(kind), socket.create_server(("127.0.0.1", 0))
    thread = Thread(target=server.run, kwargs={"sockets": [bound]})
    thread.start()
    made: list[socket.socket] = []

    def connect() -> socket.socket:
        made.append(socket.create_connection(bound.getsockname(), timeout=30))
        return made[-1]

    try:
        yield connect
    finally:
        for one in made:
            one.close()
        server.should_exit = True
        thread.join(30)


def answer(one: socket.socket, asks: bytes = ASKS) -> bytes:
    """Return what comes, b"" where the connection was ended."""
    try:
        one.sendall(asks)
        return one.recv(1000)[:12]
    except ConnectionError:
        return b""


def test_slow_ways_and_open_ones_keep_nobody_else_waiting(
    somebody: Callable[..., Somebody], board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on, begun = Event(), Semaphore(0)

    def stuck(_: Asked) -> Response:
        begun.release()
        assert go_on.wait(30)
        return Response("late")

    ways = (
        Way(path="/slow", does=stuck, slow=True),
        Way(path="/open", does=stuck, least=None),
        Way(path="/usual", does=lambda _: Response("at once")),
    )
    monkeypatch.setattr(application, "WAYS", (*WAYS, *ways))
    person = somebody("viewer")
    with TestClient(make_app(board), base_url=ORIGIN, client=("127.0.0.1", 1)) as one:  # one loop for all of it
        one.cookies.update(person.cookies)
        asks = ["/slow"] * 3 * LANES["slow"] + ["/open"] * 3 * LANES["open"]
        threads = [Thread(target=one.get, args=(path,)) for path in asks]
        for thread in threads:
            thread.start()
        try:
            for _ in range(LANES["slow"] + LANES["open"]):
                assert begun.acquire(timeout=30)
            assert one.get("/usual").text == "at once"
            assert one.get("/health").text == "well\n"
            assert not begun.acquire(blocking=False)
        finally:
            go_on.set()
            for thread in threads:
                thread.join(30)
    assert {way.lane for way in WAYS} == set(LANES)


def test_connections_that_ask_nothing_make_room_for_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(met, "AT_ONCE", 5)
    with answering(Settings()) as connect:
        idle = [connect() for _ in range(12)]
        idle[3].sendall(b"GET / HTTP/1.1\r\nHost: bo")
        assert [answer(connect()) for _ in range(8)] == [b"HTTP/1.1 200"] * 8
        assert answer(idle[0]) == b""


def test_a_connection_on_which_no_request_arrives_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(met, "PATIENCE", 0.1)
    with answering(Settings()) as connect:
        silent, slow, used = connect(), connect(), connect()
        slow.sendall(b"GET / HTTP/1.1\r\nX-Slow: ")
        assert answer(used) == b"HTTP/1.1 200"
        used.sendall(b"GET / HTTP/1.1\r\nX-Slow: ")
        assert [answer(one, b"") for one in (silent, slow)] == [b"", b""]
        while used.recv(1000):  # the rest of the first answer
            pass


def test_one_address_has_its_share(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(met, "SHARE", 2)
    monkeypatch.setattr(met, "is_loopback", lambda _: False)  # as if it were another machine
    with answering(Settings()) as connect:
        first, second, third = connect(), connect(), connect()
        assert [answer(first), answer(second), answer(third)] == [b"HTTP/1.1 200", b"HTTP/1.1 200", b""]
    with answering(Settings.model_validate({"proxies": ("127.0.0.1",)})) as connect:
        assert [answer(connect()) for _ in range(4)] == [b"HTTP/1.1 200"] * 4


def test_an_issuer_that_has_failed_is_left_alone_for_a_moment(sso: Make, issuer: IssuerServer, clock: Clock) -> None:
    path = "/.well-known/openid-configuration"
    right = issuer.web.pages[path]
    issuer.web.pages[path] = Answer(status=500)
    one = sso()
    assert [one.get("/sign-in/oidc").status_code for _ in range(3)] == [502] * 3
    assert issuer.web.paths() == [path]
    issuer.web.pages[path] = right
    clock.now += board_issuer.FAILED_FOR
    assert one.get("/sign-in/oidc").status_code == 303


def test_nobody_queues_for_an_issuer_that_does_not_answer(
    sso: Make, board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(board_issuer, "PATIENCE", 0.01)
    assert board.issuer is not None
    one = sso()
    with board.issuer._lock:  # somebody is waiting for its answer
        assert one.get("/sign-in/oidc").status_code == 502
    state = dict(part.split("=", 1) for part in one.get("/sign-in/oidc").headers["location"].split("&"))["state"]
    for _ in range(board_issuer.AT_ONCE):
        board.issuer._under_way.acquire()
    assert one.get(f"/sign-in/oidc/back?code=any&state={state}").status_code == 502


def test_what_anybody_may_send_is_short(somebody: Make) -> None:
    nobody, aoki = somebody(), somebody("analyst")
    assert nobody.post("/sign-in", {"login": "aoki", "password": "x" * 20_000}).status_code == 413
    assert aoki.post("/setup/try", {"text": "x" * 20_000}).status_code != 413


def test_numbers_and_places_that_cannot_be_are_no_error_of_ours(somebody: Make) -> None:
    one = somebody("viewer")
    for path in (f"/case/{'1' * 5000}", f"/case/{'9' * 30}", f"/case/1/crop/{'9' * 30}/1", f"/case/{'9' * 18}"):
        assert one.get(path).status_code == 404, path[:40]
    assert one.get("/wall?order=age&after=0001-01-01T00:00:00%2B14:00:1").status_code == 200


def test_an_address_of_ours_may_be_longer_than_one_that_comes(board: Board, somebody: Make) -> None:
    one = somebody("analyst")
    long = "あ" * 300
    assert one.get(f"/wall?set=1&q={quote(long)}").status_code == 303
    assert one.post("/views", {"name": "long", "q": long}).status_code == 303
    assert judged(board, one, back=f"/wall?q={'a' * 1985}") == 303


def judged(board: Board, one: Somebody, *, back: str) -> int:
    with snapshot(board.engine) as session:
        last = session.scalars(select(CaseLog.id).where(CaseLog.case_id == 1).order_by(CaseLog.id.desc())).first()
    return one.post("/judgements", {"action": "confirm", "cases": f"1:{last}", "back": back}).status_code


@pytest.mark.parametrize("login", ["mekiki", "Nobody", "me"])
def test_nobody_is_called_as_the_machine_is_in_logs(login: str, board: Board) -> None:
    with transaction(board.engine) as session, pytest.raises(AccountRefused, match="stands in logs"):
        add_account(session, login, "admin", None, now=NOW)
