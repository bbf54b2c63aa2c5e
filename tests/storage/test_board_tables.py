"""Tables of the board, on SQLite and PostgreSQL: waits, denials and answers hold when many write at once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine, select
from sqlalchemy.exc import IntegrityError

from storage.answered import Answer, begin_answer, drop_answer, keep_answer
from storage.database import snapshot, transaction
from storage.denials import denied, tell
from storage.schema import CustodyRow, DenialRow, SignInFailureRow
from storage.wrong_passwords import FREE, KEPT, count_try, was_right

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


def test_tries_at_once_are_counted_one_by_one(engine: Engine) -> None:
    def attempt(_: int) -> timedelta | None:
        with transaction(engine) as session:
            return count_try(session, ["login aoki", "address 198.51.100.1"], now=NOW)

    with ThreadPoolExecutor(4) as pool:
        waits = list(pool.map(attempt, range(2 * FREE)))
    assert waits.count(None) == FREE
    with transaction(engine) as session:
        was_right(session, "login aoki", ["address 198.51.100.1"])
    with snapshot(engine) as session:
        assert session.scalars(select(SignInFailureRow)).all() == []


def test_a_right_password_takes_back_its_own_tries_at_an_address(engine: Engine) -> None:
    with transaction(engine) as session:
        for login in ("aoki", "suzuki", "aoki"):
            count_try(session, [f"login {login}", "address 198.51.100.1"], now=NOW)
        was_right(session, "login aoki", ["address 198.51.100.1"])
    with snapshot(engine) as session:
        found = {row.key: row.count for row in session.scalars(select(SignInFailureRow))}
    assert found == {"login suzuki": 1, "address 198.51.100.1": 1}
    with transaction(engine) as session:
        count_try(session, ["login kimura"], now=NOW + KEPT)
    with snapshot(engine) as session:
        assert session.scalars(select(SignInFailureRow.key)).all() == ["login kimura"]


def test_denials_at_once_make_one_row_that_counts_the_others_later(engine: Engine) -> None:
    def deny(number: int) -> None:
        at = NOW + timedelta(seconds=number)
        with transaction(engine) as session:
            denied(session, at=at, who="aoki", action="board judge", subject=f"case {number}", why="role")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(deny, range(20)))
    with transaction(engine) as session:
        assert tell(session, now=NOW + timedelta(seconds=30)) == 0
        assert tell(session, now=NOW + timedelta(seconds=90)) == 1
        assert tell(session, now=NOW + timedelta(seconds=90)) == 0
    with snapshot(engine) as session:
        rows = session.scalars(select(CustodyRow).order_by(CustodyRow.number)).all()
        assert [(row.who, row.action, row.data["denied"], row.data.get("more")) for row in rows] == [
            ("aoki", "board judge", "role", None),
            ("aoki", "board judge", "role", 19),
        ]
    with transaction(engine) as session:
        tell(session, now=NOW + timedelta(hours=2))
        assert session.scalars(select(DenialRow)).all() == []


def test_of_many_that_begin_one_does_the_work(engine: Engine) -> None:
    def begin(_: int) -> bool:
        try:
            with transaction(engine) as session:
                return begin_answer(session, "aoki", "key", "request", now=NOW) is None
        except IntegrityError:
            return False

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(begin, range(12))) == 1
    with transaction(engine) as session:
        keep_answer(session, "aoki", "key", Answer(request="request", status=200, body="done"))
    with transaction(engine) as session:
        before = begin_answer(session, "aoki", "key", "request", now=NOW + timedelta(hours=1))
    assert before == Answer(request="request", status=200, body="done")
    with transaction(engine) as session:
        drop_answer(session, "aoki", "key")
        assert begin_answer(session, "aoki", "key", "request", now=NOW) is None


def test_one_that_died_is_begun_again_once(engine: Engine) -> None:
    with transaction(engine) as session:
        begin_answer(session, "aoki", "key", "request", now=NOW)

    def begin(_: int) -> bool:
        try:
            with transaction(engine) as session:
                return begin_answer(session, "aoki", "key", "request", now=NOW + timedelta(minutes=1)) is None
        except IntegrityError:
            return False

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(begin, range(12))) == 1
