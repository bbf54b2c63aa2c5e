"""Signing in and out: sessions, cookies, and how long wrong passwords make one wait."""

from collections.abc import Callable
from datetime import timedelta
from http.cookies import SimpleCookie

import pytest
from httpx2 import Response
from sqlalchemy import func, select

from board import signing
from board.board import Board
from board.tidy import tidy
from storage import wrong_passwords
from storage.accounts import disable, enable, set_password, set_role
from storage.database import snapshot, transaction
from storage.schema import BoardSessionRow, CustodyRow, SignInFailureRow
from storage.wrong_passwords import count_try
from tests.board.conftest import LOGINS, PASSWORD, QUICK, Clock, Somebody

Make = Callable[..., Somebody]
AOKI = LOGINS["analyst"]
FOREVER = 400  # tries


def attempt(one: Somebody, password: str, login: str = AOKI) -> Response:
    return one.post("/sign-in", {"login": login, "password": password})


def set_cookies(answer: Response) -> SimpleCookie:
    found = SimpleCookie()
    for line in answer.headers.get_list("set-cookie"):
        found.load(line)
    return found


def is_signed_in(one: Somebody) -> bool:
    return one.get("/").headers["location"] == "/wall"


def test_a_session_is_a_new_one_after_each_sign_in_and_the_old_one_is_dead(somebody: Make) -> None:
    one, thief = somebody("analyst"), somebody()
    thief.client.cookies.update(one.cookies)
    assert is_signed_in(thief)
    before = one.cookies["mekiki"]
    attempt(one, PASSWORD)
    assert one.cookies["mekiki"] != before
    assert is_signed_in(one)
    assert not is_signed_in(thief)


def test_a_session_that_somebody_else_has_chosen_is_not_taken_over(somebody: Make, board: Board) -> None:
    one = somebody()
    one.client.cookies.set("mekiki", "chosen", domain="127.0.0.1")
    assert attempt(one, PASSWORD).status_code == 303
    assert "chosen" not in one.cookies["mekiki"]
    with snapshot(board.engine) as session:
        assert session.scalar(select(func.count()).select_from(BoardSessionRow)) == 1


def test_the_database_knows_no_cookie(somebody: Make, board: Board) -> None:
    one = somebody("analyst")
    with snapshot(board.engine) as session:
        row = session.scalars(select(BoardSessionRow)).one()
        assert one.cookies["mekiki"] not in {row.key, row.token}
        assert len(row.key) == 64


def test_a_session_ends_after_its_time_and_when_nobody_clicks(somebody: Make, clock: Clock, board: Board) -> None:
    busy, idle = somebody("analyst"), somebody("viewer")
    for _ in range(11):
        clock.now += timedelta(hours=1)
        assert is_signed_in(busy)
    assert not is_signed_in(idle)
    clock.now += timedelta(hours=1)
    assert not is_signed_in(busy)
    tidy(board)
    with snapshot(board.engine) as session:
        assert session.scalars(select(BoardSessionRow)).all() == []


def test_what_a_page_asks_for_by_itself_is_no_click(somebody: Make, clock: Clock) -> None:
    one = somebody("analyst")
    for _ in range(4):
        clock.now += timedelta(minutes=29)
        one.get("/wall", **{"HX-Request": "true"})
    assert is_signed_in(one)
    for _ in range(4):
        clock.now += timedelta(minutes=31)
        answer = one.get("/wall", **{"HX-Request": "true"})
    assert (answer.status_code, answer.headers["HX-Redirect"]) == (401, "/sign-in")


def test_a_disabled_account_is_signed_out_and_cannot_sign_in(somebody: Make, board: Board, clock: Clock) -> None:
    one = somebody("analyst")
    with transaction(board.engine) as session:
        disable(session, AOKI, now=clock())
    assert not is_signed_in(one)
    assert attempt(one, PASSWORD).status_code == 401
    with transaction(board.engine) as session:
        enable(session, AOKI)
    assert not is_signed_in(one)  # the old session stays ended
    assert attempt(one, PASSWORD).status_code == 303


def test_another_role_and_another_password_hold_from_the_next_click(somebody: Make, board: Board) -> None:
    one = somebody("analyst")
    assert "analyst" in one.get("/nothing").text
    with transaction(board.engine) as session:
        set_role(session, AOKI, "viewer")
    page = one.get("/nothing").text
    assert "viewer" in page
    assert "analyst" not in page
    with transaction(board.engine) as session:
        set_password(session, AOKI, QUICK.hash("another one for today"))
    assert not is_signed_in(one)
    assert attempt(one, PASSWORD).status_code == 401
    assert attempt(one, "another one for today").status_code == 303


def test_signing_out_ends_the_session_for_whoever_has_its_cookie(somebody: Make) -> None:
    one, thief = somebody("analyst"), somebody()
    thief.client.cookies.update(one.cookies)
    answer = one.post("/sign-out")
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")
    assert "mekiki" not in one.cookies
    assert not is_signed_in(thief)


def test_cookies_are_kept_from_scripts_and_other_sites(somebody: Make) -> None:
    cookies = set_cookies(attempt(somebody(), PASSWORD))
    assert cookies.keys() == {"mekiki", "mekiki-known"}
    for cookie in cookies.values():
        flags = (cookie["httponly"], cookie["samesite"], cookie["secure"], cookie["path"], cookie["domain"])
        assert flags == (True, "strict", "", "/", "")


def test_cookies_over_tls_are_of_this_host_alone(
    configured: Callable[[str], None], request: pytest.FixtureRequest
) -> None:
    configured('[board]\nurl = "https://mekiki.hoshino-denki.example"\n')
    one = request.getfixturevalue("somebody")()
    answer = attempt(one, PASSWORD)
    cookies = set_cookies(answer)
    assert cookies.keys() == {"__Host-mekiki", "__Host-mekiki-known"}
    for cookie in cookies.values():
        flags = (cookie["httponly"], cookie["samesite"], cookie["secure"], cookie["path"], cookie["domain"])
        assert flags == (True, "strict", True, "/", "")
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"
    assert is_signed_in(one)
    language = set_cookies(one.post("/language", {"language": "ja"}))["language"]
    flags = (language["httponly"], language["samesite"], language["secure"], language["path"], language["domain"])
    assert flags == (True, "strict", True, "/", "")


def test_a_language_that_there_is_not_is_not_set(somebody: Make) -> None:
    one = somebody()
    assert set_cookies(one.post("/language", {"language": "xx"})) == {}
    assert 'lang="ja"' in one.get("/sign-in", **{"Accept-Language": "ja-JP,ja;q=0.9"}).text
    one.post("/language", {"language": "ja"})
    assert '<html lang="ja">' in one.get("/sign-in").text


def test_ten_wrong_passwords_make_one_wait_and_the_right_one_ends_it(somebody: Make, clock: Clock) -> None:
    one = somebody()
    assert [attempt(one, "wrong").status_code for _ in range(10)] == [401] * 10
    answer = attempt(one, PASSWORD)
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "15")
    assert "15 seconds" in answer.text
    assert "mekiki" not in one.cookies
    clock.now += timedelta(seconds=15)
    assert attempt(one, PASSWORD).status_code == 303
    again = somebody()
    assert [attempt(again, "wrong").status_code for _ in range(9)] == [401] * 9  # it was forgotten


def test_waits_grow_to_minutes_and_nobody_is_locked_out_for_good(somebody: Make, clock: Clock) -> None:
    one, waits = somebody(), []
    for _ in range(FOREVER):
        answer = attempt(one, "wrong")
        if answer.status_code == 429:
            waits.append(int(answer.headers["Retry-After"]))
            assert attempt(one, "wrong").headers["Retry-After"] == str(waits[-1])  # waiting is not counted
            clock.now += timedelta(seconds=waits[-1])
        if len(waits) == 40:
            break
    assert waits[:6] == [15, 30, 60, 120, 240, 300]
    assert max(waits) == 300
    assert attempt(one, PASSWORD).status_code == 303


def test_waits_outlive_the_process_and_end_after_an_hour(somebody: Make, clock: Clock, board: Board) -> None:
    for _ in range(10):
        attempt(somebody(), "wrong")
    with snapshot(board.engine) as session:  # where another process finds them
        assert session.get_one(SignInFailureRow, f"login {AOKI}").count == 10
    clock.now += timedelta(hours=1)
    assert [attempt(somebody(), "wrong").status_code for _ in range(10)] == [401] * 10


def test_a_login_is_counted_from_all_addresses_and_an_address_over_all_logins(somebody: Make) -> None:
    for number in range(10):
        attempt(somebody(address=f"198.51.100.{number}"), "wrong")
    assert attempt(somebody(address="198.51.100.99"), PASSWORD).status_code == 429
    one = somebody(address="203.0.113.7")
    for number in range(10):
        assert attempt(one, "wrong", login=f"nobody{number}").status_code == 401
    assert attempt(one, PASSWORD, login=LOGINS["viewer"]).status_code == 429
    assert attempt(somebody(address="203.0.113.8"), PASSWORD, login=LOGINS["viewer"]).status_code == 303


def test_addresses_of_one_network_of_ipv6_count_as_one(somebody: Make) -> None:
    for number in range(10):
        attempt(somebody(address=f"2001:db8:1:2::{number}"), "wrong", login=f"nobody{number}")
    assert attempt(somebody(address="2001:db8:1:2:ffff::1"), PASSWORD).status_code == 429
    assert attempt(somebody(address="2001:db8:1:3::1"), PASSWORD).status_code == 303


def test_nobody_makes_a_person_wait_at_the_browser_that_they_have_used(somebody: Make) -> None:
    mine = somebody("analyst")
    mine.post("/sign-out")
    for number in range(10):
        attempt(somebody(address=f"198.51.100.{number}"), "wrong")
        attempt(somebody(), "wrong", login=f"nobody{number}")
    assert attempt(somebody(), PASSWORD).status_code == 429
    assert attempt(mine, PASSWORD).status_code == 303
    mine.post("/sign-out")
    assert [attempt(mine, "wrong").status_code for _ in range(11)] == [401] * 10 + [429]  # it is no way around it


def test_the_browser_that_is_known_is_known_for_its_own_account_and_password(somebody: Make, board: Board) -> None:
    mine = somebody("viewer")
    with transaction(board.engine) as session:
        set_password(session, LOGINS["viewer"], QUICK.hash("another one for today"))
    for number in range(10):
        attempt(somebody(address=f"198.51.100.{number}"), "wrong")
        attempt(somebody(address=f"198.51.100.{number}"), "wrong", login=LOGINS["viewer"])
    assert attempt(mine, PASSWORD).status_code == 429
    assert attempt(mine, "another one for today", login=LOGINS["viewer"]).status_code == 429


def test_many_tries_at_once_are_all_counted(board: Board, clock: Clock) -> None:
    """A try is counted before the password is looked at."""
    with transaction(board.engine) as session:
        assert [count_try(session, ["login x"], now=clock()) for _ in range(10)] == [None] * 10
    with transaction(board.engine) as session:
        assert count_try(session, ["login x"], now=clock()) == timedelta(seconds=15)


def test_unknown_logins_are_compared_with_something_too(somebody: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[str] = []

    class Watched:
        def verify(self, kept: str, password: str) -> bool:
            looked.append(kept)
            return QUICK.verify(kept, password)

    monkeypatch.setattr(signing, "HASHER", Watched())
    wrong = [attempt(somebody(), "wrong", login=login) for login in ("nobody at all", AOKI)]
    assert len(looked) == 2
    assert wrong[0].text == wrong[1].text


def test_the_real_hasher_is_argon2id_and_slow_enough() -> None:
    from argon2 import PasswordHasher, Type

    real = PasswordHasher()
    assert (real.type, real.time_cost, real.memory_cost) == (Type.ID, 3, 65536)


def test_wrong_passwords_fill_no_disk(board: Board, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wrong_passwords, "MOST_ROWS", 20)
    with transaction(board.engine) as session:
        for _ in range(10):
            count_try(session, ["login victim"], now=clock())
        for number in range(100):
            count_try(session, [f"login {number}", f"address {number}"], now=clock())
        assert session.scalar(select(func.count()).select_from(SignInFailureRow)) == 20
        assert count_try(session, ["login victim"], now=clock()) is not None  # the gravest stay


def test_signing_in_and_failing_to_is_on_record_under_the_persons_name(somebody: Make, board: Board) -> None:
    one = somebody()
    attempt(one, "wrong")
    attempt(one, "wrong", login="stranger\u202e")
    attempt(one, PASSWORD)
    one.token = _token(board)
    one.post("/sign-out")
    with snapshot(board.engine) as session:
        rows = session.scalars(select(CustodyRow).order_by(CustodyRow.number.desc()).limit(4)).all()[::-1]
        found = [(row.who, row.action, row.data) for row in rows]
    assert found == [
        (AOKI, "board sign-in", {"denied": "password", "from": "127.0.0.1"}),
        ("nobody", "board sign-in", {"denied": "password", "from": "127.0.0.1", "login": "stranger\u202e"}),
        (AOKI, "board sign-in", {"by": "password"}),
        (AOKI, "board sign-out", {}),
    ]


def test_a_flood_of_wrong_passwords_makes_few_rows_of_custody(somebody: Make, board: Board, clock: Clock) -> None:
    for number in range(60):
        attempt(somebody(address=f"198.51.100.{number}"), "wrong", login=f"nobody{number}")
    with snapshot(board.engine) as session:
        assert session.scalar(select(func.count()).select_from(CustodyRow)) == 1
    clock.now += timedelta(minutes=1)
    tidy(board)
    with snapshot(board.engine) as session:
        last = session.scalars(select(CustodyRow).order_by(CustodyRow.number.desc()).limit(1)).one()
        assert (last.who, last.data["denied"], last.data["more"]) == ("nobody", "password", 59)


def test_nothing_that_is_typed_reaches_the_log(somebody: Make, capsys: pytest.CaptureFixture[str]) -> None:
    one = somebody()
    attempt(one, "a secret that was mistyped")
    attempt(one, PASSWORD)
    said = capsys.readouterr()
    assert "mistyped" not in said.err + said.out
    assert PASSWORD not in said.err + said.out


def _token(board: Board) -> str:
    with snapshot(board.engine) as session:
        return session.scalars(select(BoardSessionRow.token)).one()
