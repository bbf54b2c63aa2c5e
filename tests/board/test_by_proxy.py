"""Behind a proxy: whom it names signs in with one click; which address it saw is the one that waits."""

from collections.abc import Callable

import pytest
from httpx2 import Response
from sqlalchemy import select
from starlette.requests import HTTPConnection

from board.board import Board
from board.peer import address_of
from storage.accounts import account, accounts, disable
from storage.database import snapshot, transaction
from storage.schema import CustodyRow
from tests.board.conftest import LOGINS, Somebody
from tests.console.conftest import NOW

AOKI = LOGINS["analyst"]
PROXY, ELSEWHERE = "10.0.3.7", "10.0.4.9"
HEADER = (
    '[board]\nurl = "https://mekiki.hoshino-denki.example"\nproxies = ["10.0.3.0/24"]\nidentity = "X-Forwarded-User"\n'
)
BACK = "/sign-in/oidc/back"
Make = Callable[..., Somebody]


def continued(one: Somebody, *names: str) -> Response:
    headers = [(b"Origin", one.headers["Origin"].encode()), *((b"X-Forwarded-User", name.encode()) for name in names)]
    return one.client.post("/sign-in/header", headers=headers)


@pytest.fixture
def behind(configured: Callable[[str], None], request: pytest.FixtureRequest) -> Make:
    """Browsers of a board behind a proxy that names people."""
    configured(HEADER)
    made: Make = request.getfixturevalue("somebody")
    return made


def test_whom_a_proxy_names_signs_in_with_one_click(behind: Make) -> None:
    one = behind(address=PROXY)
    named = {"X-Forwarded-User": AOKI}
    assert f"Continue as {AOKI}" in one.get("/sign-in", **named).text
    assert continued(one, AOKI).status_code == 303
    assert one.get("/", **named).headers["location"] == "/wall"
    assert "analyst" in one.get("/nothing", **named).text


def test_a_session_by_header_holds_as_long_as_the_proxy_names_the_same_person(behind: Make) -> None:
    one = behind(address=PROXY)
    continued(one, AOKI)
    for headers in ({}, {"X-Forwarded-User": LOGINS["admin"]}, {"X-Forwarded-User": ""}):
        assert one.get("/", **headers).headers["location"] == "/sign-in"
    assert one.get("/", **{"X-Forwarded-User": AOKI}).headers["location"] == "/wall"


def test_a_header_from_others_is_ignored_and_told_once(behind: Make, capsys: pytest.CaptureFixture[str]) -> None:
    one = behind(address="127.0.0.1")  # this machine may ask, and is no proxy
    assert "Continue as" not in one.get("/sign-in", **{"X-Forwarded-User": AOKI}).text
    assert continued(one, AOKI).status_code == 404
    assert one.cookies == {}
    assert capsys.readouterr().err.count("not in board.proxies: ignored") == 1


def test_behind_proxies_nobody_else_is_answered(behind: Make) -> None:
    for path in ("/", "/health", "/sign-in", "/nothing"):
        assert behind(address=ELSEWHERE).get(path).status_code == 403
    assert behind(address=PROXY).get("/health").status_code == 200
    assert behind(address="::ffff:10.0.3.7").get("/health").status_code == 200


def test_two_headers_are_none(behind: Make) -> None:
    one = behind(address=PROXY)
    assert continued(one, LOGINS["admin"], AOKI).status_code == 404


def test_names_without_account_are_refused_or_get_the_role_that_is_agreed(behind: Make, board: Board) -> None:
    one = behind(address=PROXY)
    answer = continued(one, "stranger<b>")
    assert answer.status_code == 403
    assert "stranger&lt;b&gt;" in answer.text
    with transaction(board.engine) as session:
        assert "stranger<b>" not in {row.login for row in accounts(session)}
        disable(session, AOKI, now=NOW)
        row = session.scalars(select(CustodyRow).order_by(CustodyRow.number.desc()).limit(1)).one()
        assert (row.who, row.data) == ("nobody", {"denied": "sign on unknown", "login": "stranger<b>"})
    assert continued(one, AOKI).status_code == 403


def test_newcomers_get_the_role_that_is_agreed(
    configured: Callable[[str], None], request: pytest.FixtureRequest
) -> None:
    configured(HEADER + 'newcomers = "viewer"\n')
    one, board = request.getfixturevalue("somebody")(address=PROXY), request.getfixturevalue("board")
    assert continued(one, "佐藤").status_code == 303
    with snapshot(board.engine) as session:
        found = account(session, "佐藤")
        assert (found.role, found.password) == ("viewer", None)
        rows = session.scalars(select(CustodyRow).order_by(CustodyRow.number)).all()
        assert [(row.who, row.action) for row in rows] == [("佐藤", "account add"), ("佐藤", "board sign-in")]
    assert continued(one, "a" * 65).status_code == 403


def test_addresses_that_a_proxy_saw_are_those_that_wait(behind: Make) -> None:
    def wrong(seen: str) -> int:
        form = {"login": "nobody", "password": "wrong"}
        one = behind(address=PROXY)
        headers = {**one.headers, "X-Forwarded-For": seen}
        return one.client.post("/sign-in", data={**form, "login": seen}, headers=headers).status_code

    for number in range(10):  # what stands before the address that the proxy saw, anybody may write
        assert wrong(f"198.51.100.{number}, 203.0.113.7") == 401
    assert wrong("198.51.100.99, 203.0.113.7") == 429
    assert wrong("198.51.100.99, 203.0.113.7, 10.0.3.8") == 429  # two proxies of ours
    assert wrong("203.0.113.7:40112") == 429  # some proxies write the port
    assert wrong("203.0.113.8") == 401


@pytest.mark.parametrize(
    "seen, address",
    [
        ("203.0.113.7:40112", "203.0.113.7"),
        ("[2001:db8::1]:443", "2001:db8::/64"),
        ("[2001:db8::1]", "2001:db8::/64"),
        ("2001:db8::1", "2001:db8::/64"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        *((nobody, PROXY) for nobody in ("unknown", "", "_hidden", ":40112")),
    ],
)
def test_addresses_are_read_with_their_port(seen: str, address: str, behind: Make, board: Board) -> None:
    scope = {"type": "http", "headers": [(b"x-forwarded-for", seen.encode())], "client": (PROXY, 5)}
    assert address_of(board, HTTPConnection(scope)) == address
