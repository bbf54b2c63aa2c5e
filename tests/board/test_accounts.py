"""Accounts as an administrator types them."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select

from board import signing
from cli import main
from storage.accounts import account, bind
from storage.database import snapshot, transaction
from storage.schema import BoardSessionRow, CustodyRow
from storage.signed_in import begin
from tests.board.conftest import PASSWORD, QUICK
from tests.console.conftest import NOW, Store

Type = Callable[..., Result]


@pytest.fixture
def typed(store: Store, monkeypatch: pytest.MonkeyPatch) -> Type:
    """Type a command of `mekiki account`."""
    monkeypatch.setattr(signing, "HASHER", QUICK)

    def run(*words: str, given: str = "", who: bool = True) -> Result:
        named = ["--as", "kimura"] if who else []
        return CliRunner().invoke(main, ["account", *words, *named, "-c", str(store.config)], input=given)

    return run


def twice(password: str) -> str:
    return f"{password}\n{password}\n"


def test_an_account_has_a_password_that_is_asked_for_and_kept_as_argon2id(typed: Type, store: Store) -> None:
    done = typed("add", "aoki", "--role", "approver", given=twice(PASSWORD))
    assert (done.exit_code, done.stdout) == (0, "aoki may sign in as approver.\n")
    assert PASSWORD not in done.output
    with snapshot(store.engine) as session:
        found = account(session, "aoki")
    assert found.role == "approver"
    assert found.password is not None
    assert found.password.startswith("$argon2id$")
    assert QUICK.verify(found.password, PASSWORD)


@pytest.mark.parametrize("given", [twice("too short"), f"{PASSWORD}\nanother one for today\n", ""])
def test_a_password_that_is_short_or_typed_in_two_ways_makes_no_account(given: str, typed: Type, store: Store) -> None:
    assert typed("add", "aoki", given=given).exit_code != 0
    assert json.loads(typed("list", "--json", who=False).stdout) == []


@pytest.mark.parametrize("login", ["", " ", " aoki", "aoki ", "a" * 65, "ao\x1bki", "ao\u202eki", "ao\nki"])
def test_what_cannot_be_read_is_no_login(login: str, typed: Type) -> None:
    done = typed("add", login, "--no-password")
    assert done.exit_code == 2
    assert done.stderr.startswith("mekiki: a login is 1 to 64 printable characters")


def test_a_login_is_taken_once(typed: Type) -> None:
    assert typed("add", "青木", "--no-password").exit_code == 0
    done = typed("add", "青木", "--no-password", "--role", "admin")
    assert (done.exit_code, done.stderr) == (2, "mekiki: there is an account '青木' already\n")


def test_accounts_are_changed_and_each_change_is_on_record(typed: Type, store: Store, tmp_path: Path) -> None:
    typed("add", "aoki", "--no-password")
    with transaction(store.engine) as session:
        bind(session, "aoki", "https://login.test 1")
    file = tmp_path / "password"
    file.write_text(f"{PASSWORD}\n")
    for words in (
        ("role", "aoki", "admin"),
        ("password", "aoki", "--password-file", str(file)),
        ("unbind", "aoki"),
        ("sign-out", "aoki"),
        ("disable", "aoki"),
        ("enable", "aoki"),
        ("disable", "aoki"),
    ):
        assert typed(*words).exit_code == 0, words
    (listed,) = json.loads(typed("list", "--json", who=False).stdout)
    assert (listed["role"], listed["password"], listed["subject"]) == ("admin", True, None)
    assert listed["disabled_at"] is not None
    assert "aoki" in typed("list", who=False).stdout
    with snapshot(store.engine) as session:
        rows = session.scalars(select(CustodyRow).order_by(CustodyRow.number)).all()
        found = [(row.who, row.action, row.subject, row.data) for row in rows]
    assert found == [
        ("kimura", f"account {action}", "account aoki", data)
        for action, data in (
            ("add", {"role": "analyst"}),
            ("role", {"role": "admin"}),
            ("password", {}),
            ("unbind", {}),
            ("sign-out", {}),
            ("disable", {}),
            ("enable", {}),
            ("disable", {}),
        )
    ]


def test_an_account_may_have_no_password_any_more(typed: Type, store: Store) -> None:
    typed("add", "aoki", given=twice(PASSWORD))
    with transaction(store.engine) as session:
        begin(session, "aoki", "password", now=NOW)
    assert typed("password", "aoki", "--none").exit_code == 0
    with snapshot(store.engine) as session:
        assert account(session, "aoki").password is None
        assert session.scalars(select(BoardSessionRow)).all() == []


def test_somebody_is_signed_out_everywhere(typed: Type, store: Store) -> None:
    for login in ("aoki", "midori"):
        typed("add", login, "--no-password")
        with transaction(store.engine) as session:
            begin(session, login, "oidc", now=NOW)
    assert typed("sign-out", "aoki").exit_code == 0
    with snapshot(store.engine) as session:
        assert session.scalars(select(BoardSessionRow.login)).all() == ["midori"]


@pytest.mark.parametrize(
    "words", [("role", "nobody", "admin"), ("disable", "nobody"), ("unbind", "nobody"), ("sign-out", "nobody")]
)
def test_an_account_that_is_not_there_is_told(words: tuple[str, ...], typed: Type, store: Store) -> None:
    done = typed(*words)
    assert (done.exit_code, done.stderr) == (1, "mekiki: there is no account 'nobody'\n")
    with snapshot(store.engine) as session:
        assert session.scalars(select(CustodyRow)).all() == []
