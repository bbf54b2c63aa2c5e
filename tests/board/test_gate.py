"""The gate of the board, held to every way that there is: who may, from where, and that looking changes nothing."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from sqlalchemy import Engine, select
from starlette.responses import Response
from starlette.testclient import TestClient

from board import app as application
from board.app import WAYS, make_app
from board.board import Board
from board.fence import HEADERS
from board.guard import MOST_FIELD
from board.ways import ROLES, Asked, Way, inside, may
from config.board import Role
from storage.database import snapshot
from storage.errors import CaseConflict, CaseNotFound, JudgementRefused, NoticeRefused, StorageUnavailable
from storage.schema import Base, BoardSessionRow, CustodyRow, DenialRow
from tests.board.conftest import LOGINS, ORIGIN, Clock, Somebody

OPEN = {
    ("POST", "/language"),
    ("GET", "/health"),
    ("GET", "/static/{hash}/{name}"),
    ("GET", "/sign-in"),
    ("POST", "/sign-in"),
    ("POST", "/sign-in/header"),
    ("GET", "/sign-in/oidc"),
    ("GET", "/sign-in/oidc/back"),
}
Make = Callable[..., Somebody]
POSTS = [way for way in WAYS if way.method == "POST"]
GETS = [way for way in WAYS if way.method == "GET"]
CLOSED = [way for way in POSTS if way.least is not None]


def path_of(way: Way) -> str:
    """Return an address of a way: the first case, the first of anything with a number, "x" of anything else."""
    return re.sub(r"{(\w+)(:\w+)?}", lambda found: str(parameters(way)[found[1]]), way.path)


def parameters(way: Way) -> dict[str, int | str]:
    """Return what Starlette reads of that address."""
    found = re.findall(r"{(\w+)(:\w+)?}", way.path)
    return {name: 1 if kind in (":int", ":float") else "x" for name, kind in found}


def named(way: Way) -> str:
    return f"{way.method} {way.path}"


def contents(engine: Engine) -> dict[str, list[tuple[Any, ...]]]:
    """Return every row of every table, but for when somebody was last there."""
    found = {}
    with snapshot(engine) as session:
        for table in Base.metadata.sorted_tables:
            columns = [column for column in table.c if (table.name, column.name) != ("board_sessions", "seen_at")]
            found[table.name] = sorted((tuple(row) for row in session.execute(select(*columns))), key=repr)
    return found


def custody(board: Board) -> list[tuple[str, str, str, dict[str, Any]]]:
    with snapshot(board.engine) as session:
        rows = session.scalars(select(CustodyRow).order_by(CustodyRow.number)).all()
        return [(row.who, row.action, row.subject, row.data) for row in rows]


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> dict[str, BaseException]:
    """Two more ways, "/fails" to look and to write, which raise what is put into the dictionary."""
    raises: dict[str, BaseException] = {}

    def fails(_: Asked) -> Any:
        raise raises["error"]

    more = (Way(path="/fails", does=fails), Way(path="/fails", does=fails, method="POST", name="fail"))
    monkeypatch.setattr(application, "WAYS", (*WAYS, *more))
    return raises


def test_nothing_is_open_but_health_files_and_signing_in() -> None:
    assert {(way.method, way.path) for way in WAYS if way.least is None} == OPEN


def test_every_way_that_writes_has_a_name_for_its_row_of_custody() -> None:
    assert [way.path for way in POSTS if not way.name] == []


@pytest.mark.parametrize("way", [way for way in WAYS if way.least is not None], ids=named)
def test_whoever_is_not_signed_in_is_sent_away(way: Way, somebody: Make, board: Board) -> None:
    before = contents(board.engine)
    one = somebody()
    if way.method == "GET":
        answer = one.get(path_of(way))
        assert answer.status_code == (401 if way.path.startswith("/picture") else 303)
        assert answer.headers.get("location", "/sign-in").startswith("/sign-in")
        assert contents(board.engine) == before
    else:
        assert one.post(path_of(way), {"token": ""}).status_code == 401
        assert custody(board)[-1] == (
            "nobody",
            f"board {way.name}",
            way.subject(parameters(way)),
            {"denied": "session"},
        )


@pytest.mark.parametrize("way", CLOSED, ids=named)
def test_a_write_without_the_sessions_token_or_from_elsewhere_is_refused(
    way: Way, somebody: Make, board: Board
) -> None:
    one = somebody("admin")
    other = somebody("viewer")
    path = path_of(way)
    before = contents(board.engine)
    for token in ("", "x" * len(one.token), other.token, "Ａ", f"{one.token} "):
        assert one.client.post(path, data={"token": token}, headers={"Origin": ORIGIN}).status_code == 403, token
    assert one.client.post(path, headers={"Origin": ORIGIN}).status_code == 403
    foreign = ("https://evil.test", "null", ORIGIN.replace("http:", "https:"), f"{ORIGIN}.evil.test", "", None)
    for origin in foreign:
        headers = {} if origin is None else {"Origin": origin}
        assert one.client.post(path, data={"token": one.token}, headers=headers).status_code == 403, origin
    told = [(row[0], row[1], row[3]["denied"]) for row in custody(board) if "denied" in row[3]]
    assert told == [
        (LOGINS["admin"], f"board {way.name}", why) for why in ("token", "origin")
    ]  # the others are counted
    after = contents(board.engine)
    changed = {name for name in before if before[name] != after[name]}
    assert changed <= {"custody", "denials"}


@pytest.mark.parametrize("way", [way for way in POSTS if way.least is None], ids=named)
def test_forms_without_a_session_come_from_our_own_pages_too(way: Way, somebody: Make) -> None:
    one = somebody()
    for headers in ({}, {"Origin": "https://evil.test"}, {"Origin": "null"}):
        assert one.client.post(path_of(way), data={"login": "aoki"}, headers=headers).status_code == 403


@pytest.mark.parametrize("role", ROLES)
def test_no_role_writes_what_it_may_not(role: Role, somebody: Make, board: Board) -> None:
    one = somebody(role)
    for way in CLOSED:
        assert way.least is not None
        if may(role, way.least):
            continue
        before = {name: rows for name, rows in contents(board.engine).items() if name not in ("custody", "denials")}
        answer = one.post(path_of(way))
        assert answer.status_code == 403, named(way)
        assert custody(board)[-1] == (
            LOGINS[role], f"board {way.name}", way.subject(parameters(way)), {"denied": "role"},
        )  # fmt: skip
        after = contents(board.engine)
        assert {name: after[name] for name in before} == before, named(way)


@pytest.mark.parametrize("role", ROLES)
def test_looking_changes_nothing(role: Role, somebody: Make, board: Board, clock: Clock) -> None:
    one = somebody(role)
    before = contents(board.engine)
    for way in GETS:
        clock.now += timedelta(minutes=2)
        answers = [one.get(path_of(way)), one.get(path_of(way), **{"HX-Request": "true"})]
        answers.append(one.client.head(path_of(way)))
        answers.append(one.get(f"{path_of(way)}?brand=hoshino&q=%E6%98%9F&page=2&once=x&token={one.token}"))
        for answer in answers:
            assert answer.status_code < 500, (named(way), answer.text)
            if way.least is not None and not may(role, way.least):
                assert answer.status_code == 403, named(way)
        assert contents(board.engine) == before, named(way)
    with snapshot(board.engine) as session:
        assert session.scalars(select(BoardSessionRow.seen_at)).one() == clock.now  # it was looked at all the same


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "post"])
def test_other_methods_are_refused(method: str, somebody: Make, board: Board) -> None:
    one = somebody("admin")
    before = contents(board.engine)
    for way in WAYS:
        if (method.upper(), way.path) not in {(other.method, other.path) for other in WAYS}:
            assert one.client.request(method, path_of(way)).status_code == 405, named(way)
    assert contents(board.engine) == before


@pytest.mark.parametrize("way", WAYS, ids=named)
def test_a_foreign_host_is_told_off(way: Way, somebody: Make) -> None:
    one = somebody("admin")
    for host in (
        "evil.test",
        "127.0.0.1",
        "127.0.0.1:80",
        "localhost:8480",
        "127.0.0.1:8480.evil.test",
        "",
        "[::1]:8480",
    ):
        answer = one.client.request(way.method, path_of(way), headers={"Host": host, "Origin": ORIGIN})
        assert answer.status_code == 421, host


def test_the_same_host_in_other_letters_is_ours(
    configured: Callable[[str], None], request: pytest.FixtureRequest
) -> None:
    configured('[board]\nurl = "https://Mekiki.Hoshino-Denki.example:443"\n')
    one = request.getfixturevalue("somebody")()
    assert one.client.get("/health", headers={"Host": "MEKIKI.hoshino-denki.example"}).status_code == 200
    assert one.client.get("/health", headers={"Host": "mekiki.hoshino-denki.example:443"}).status_code == 421


def test_a_supervisor_on_the_machine_asks_for_health_by_its_address(
    configured: Callable[[str], None], request: pytest.FixtureRequest
) -> None:
    configured('[board]\nurl = "https://mekiki.hoshino-denki.example"\nproxies = ["10.0.3.7"]\n')
    one = request.getfixturevalue("somebody")()
    near = {"Host": "127.0.0.1:8480"}
    assert one.client.get("/health", headers=near).status_code == 200
    for path in ("/", "/sign-in", "/static/x/y.css", "/health/"):
        assert one.client.get(path, headers=near).status_code == 421


def again(one: Somebody, app: Any) -> TestClient:
    client = TestClient(app, base_url=ORIGIN, follow_redirects=False, client=("127.0.0.1", 1))
    client.cookies.update(one.cookies)
    return client


@pytest.mark.parametrize(
    "path",
    ["//evil.test", "/\\evil.test", "\\\\evil.test", "/\t/evil.test", "/\n/evil.test", "\t//evil.test", " //evil.test",
     "https:evil.test", "https://evil.test", "http:/evil.test", "javascript:alert(1)", "data:text/html,x", "evil.test",
     "", "///evil.test", "/%0d%0a\r\nSet-Cookie: a=b", "/a\x00b", "/a\u2028b", "/Ａ", "/" + "a" * 5000],
)  # fmt: skip
def test_no_page_leads_out_of_the_board(path: str, somebody: Make, board: Board) -> None:
    assert not inside(path)
    one = somebody("viewer")
    for form, way in (({"back": path, "language": "ja"}, "/language"), ({"next": path, "login": LOGINS["viewer"],
                      "password": "correct horse battery staple"}, "/sign-in")):  # fmt: skip
        answer = one.post(way, form)
        assert (answer.status_code, answer.headers["location"]) == (303, "/")
    page = one.get("/sign-in?" + urlencode({"next": path})).text
    assert re.findall(r'name="next" value="([^"]*)"', page) == ["/"]


@pytest.mark.parametrize("path", ["/", "/case/12", "/wall?q=%E6%98%9F&brand=a", "/@evil.test", "/.//evil.test"])
def test_pages_of_the_board_are_led_to(path: str, somebody: Make) -> None:
    assert inside(path)
    answer = somebody().post("/language", {"back": path, "language": "ja"})
    assert answer.headers["location"] == path


def test_go_refuses_an_address_elsewhere(somebody: Make, monkeypatch: pytest.MonkeyPatch, board: Board) -> None:
    way = Way(path="/leads", does=lambda asked: asked.go(asked.query["to"]))
    monkeypatch.setattr(application, "WAYS", (*WAYS, way))
    one = again(somebody("viewer"), make_app(board))
    assert one.get("/leads", params={"to": "/wall"}).headers["location"] == "/wall"
    assert one.get("/leads", params={"to": "//evil.test"}).status_code == 500


def test_every_answer_forbids_scripts_frames_and_styles_from_elsewhere(
    somebody: Make, failing: dict[str, BaseException], board: Board
) -> None:
    one = again(somebody("viewer"), make_app(board))
    failing["error"] = RuntimeError("secret inside /srv/mekiki")
    answers = {
        "page": one.get("/sign-in"),
        "nothing": one.get("/nothing"),
        "method": one.delete("/"),
        "failed": one.get("/fails"),
        "foreign": one.get("/", headers={"Host": "evil.test"}),
        "denied": one.post("/sign-out"),
        "large": one.post("/sign-in", content=b"a" * 2 * MOST_FIELD, headers={"Origin": ORIGIN}),
        "static": one.get("/static/x/y.css"),
        "health": one.get("/health"),
        "led on": one.get("/"),
    }
    assert {name: answer.status_code for name, answer in answers.items()} == {
        "page": 200, "nothing": 404, "method": 405, "failed": 500, "foreign": 421, "denied": 403, "large": 413,
        "static": 404, "health": 200, "led on": 303,
    }  # fmt: skip
    for name, answer in answers.items():
        for header, value in HEADERS.items():
            assert answer.headers[header] == value, (name, header)
        assert "Strict-Transport-Security" not in answer.headers
    policy = HEADERS["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert policy.startswith("default-src 'none'")
    assert "frame-ancestors 'none'" in policy


def test_an_error_tells_nothing_of_the_inside(
    somebody: Make, failing: dict[str, BaseException], board: Board, capsys: pytest.CaptureFixture[str]
) -> None:
    one = again(somebody("viewer"), make_app(board))
    failing["error"] = RuntimeError("secret inside /srv/mekiki")
    answer = one.get("/fails?code=hidden")
    assert answer.status_code == 500
    assert not {"secret", "Runtime", "/srv", "Traceback"} & set(re.findall(r"\w+|/srv", answer.text))
    (number,) = re.findall(r"the number ([0-9a-f]{8})", answer.text)
    logged = capsys.readouterr().err
    assert f"GET /fails failed, told as number {number}" in logged
    assert "secret inside" in logged
    assert "hidden" not in logged


@pytest.mark.parametrize(
    "error, status, says",
    [
        (CaseNotFound("there is no case 7"), 404, "no case 7"),
        (CaseConflict("case 7 was confirmed by suzuki at 09:00"), 409, "suzuki"),
        (JudgementRefused("a reason is missing"), 422, "reason"),
        (NoticeRefused("the notice is filed already"), 422, "filed"),
        (StorageUnavailable("the database cannot be used: disk I/O error at /srv"), 503, "database"),
    ],
)
@pytest.mark.parametrize("partial", [False, True])
def test_what_our_rooms_refuse_is_a_page_or_a_piece(
    error: Exception,
    status: int,
    says: str,
    partial: bool,
    somebody: Make,
    failing: dict[str, BaseException],
    board: Board,
) -> None:
    failing["error"] = error
    person = somebody("viewer")
    one = again(person, make_app(board))
    headers = {"Origin": ORIGIN, **({"HX-Request": "true"} if partial else {})}
    for answer in (
        one.get("/fails", headers=headers),
        one.post("/fails", data={"token": person.token}, headers=headers),
    ):
        assert answer.status_code == status
        assert says in answer.text
        assert "/srv" not in answer.text
        assert ("<!doctype" in answer.text) is not partial
        assert answer.headers.get("HX-Retarget") == ("#said" if partial else None)
        assert ("Retry-After" in answer.headers) is (status == 503)


def test_what_was_refused_is_on_record_and_what_hostile_names_say_is_text(
    somebody: Make, failing: dict[str, BaseException], board: Board
) -> None:
    failing["error"] = JudgementRefused("<script>alert(1)</script>\u202egpj")
    person = somebody("viewer")
    one = again(person, make_app(board))
    answer = one.post("/fails", data={"token": person.token}, headers={"Origin": ORIGIN})
    assert answer.status_code == 422
    assert "<script>alert" not in answer.text
    assert "\u202e" not in answer.text
    assert custody(board)[-2:] == [
        (LOGINS["viewer"], "board fail", "board", {}),
        (LOGINS["viewer"], "board fail", "board", {"denied": "status 422"}),
    ]


def test_who_asks_for_a_write_is_on_record_before_it_is_done(
    somebody: Make, board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that is killed in the middle has told what it may have done."""
    seen = []

    def writes(_: Asked) -> Response:
        seen.append(custody(board)[-1])
        return Response("done")

    monkeypatch.setattr(application, "WAYS", (*WAYS, Way(path="/w", does=writes, method="POST", name="write")))
    person = somebody("viewer")
    one = again(person, make_app(board))
    assert one.post("/w", data={"token": person.token}, headers={"Origin": ORIGIN}).status_code == 200
    assert seen == custody(board)[-1:] == [(LOGINS["viewer"], "board write", "board", {})]


def test_a_flood_of_denied_requests_makes_one_row_a_minute(somebody: Make, board: Board, clock: Clock) -> None:
    one = somebody("viewer")
    rows = len(custody(board))
    for _ in range(50):
        assert one.client.post("/sign-out", headers=one.headers).status_code == 403
    assert len(custody(board)) == rows + 1
    clock.now += timedelta(minutes=1)
    one.client.post("/sign-out", headers=one.headers)
    assert len(custody(board)) == rows + 2
    assert custody(board)[-1][3].items() >= {"denied": "token", "more": 49}.items()
    with snapshot(board.engine) as session:
        assert [row.more for row in session.scalars(select(DenialRow))] == [0]


def test_links_from_a_mail_lead_to_the_page_after_one_more_step(somebody: Make) -> None:
    """Browsers send no cookie of SameSite=Strict with a click elsewhere: the page asks again, from here."""
    one = somebody()
    from_elsewhere = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Dest": "document"}
    answer = one.get("/wall?tab=%22%3E%3Cscript%3E", **from_elsewhere)
    assert answer.status_code == 200
    assert '<meta http-equiv="refresh" content="0;url=/wall?tab=%22%3E%3Cscript%3E">' in answer.text
    answer = one.get("/wall?tab=1", **{"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Dest": "document"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?next=/wall%3Ftab%3D1")
    page = one.get(answer.headers["location"]).text
    assert 'name="next" value="/wall?tab=1"' in page
    signed = one.post("/sign-in", {"login": LOGINS["viewer"], "password": "correct horse battery staple",
                                   "next": "/wall?tab=1"})  # fmt: skip
    assert signed.headers["location"] == "/wall?tab=1"
