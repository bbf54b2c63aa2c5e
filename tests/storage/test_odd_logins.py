"""Logins and keys of requests as nobody types them."""

import pytest
from sqlalchemy import Engine

from storage.accounts import account
from storage.answered import begin_answer, drop_answer
from storage.database import snapshot, transaction
from storage.errors import AccountNotFound
from tests.console.conftest import NOW


@pytest.mark.parametrize("login", ["a\0", "\ud800", "a\nb"])
def test_a_login_that_no_account_can_have_is_not_there(login: str, engine: Engine) -> None:
    with snapshot(engine) as session, pytest.raises(AccountNotFound):
        account(session, login)


def test_a_key_of_a_request_may_be_anything(engine: Engine) -> None:
    with transaction(engine) as session:
        assert begin_answer(session, "aoki", "a\0\ud800", "one", now=NOW) is None
    with transaction(engine) as session:
        begun = begin_answer(session, "aoki", "a\0\ud800", "one", now=NOW)
        assert begun is not None
        drop_answer(session, "aoki", "a\0\ud800")
        assert begin_answer(session, "aoki", "a\0\ud800", "one", now=NOW) is None
