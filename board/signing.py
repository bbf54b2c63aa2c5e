"""Signing in and out: a password of an account, a session with a cookie that only this board gets."""

from collections.abc import Mapping
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from starlette.responses import Response

from board.guard import cookie_name
from board.paper import page
from board.ways import Asked, Way
from storage.accounts import account
from storage.custody import append
from storage.database import snapshot, transaction
from storage.errors import AccountNotFound
from storage.signed_in import begin, end

HASHER = PasswordHasher()  # argon2id, RFC 9106 low-memory profile
_SOMETHING = HASHER.hash("what is compared where there is no account, so that it takes as long")


def sign_in_page(asked: Asked) -> Response:
    """Ask for login and password."""
    return page(asked, "base/sign_in.html.j2", wrong=False)


def sign_in(asked: Asked) -> Response:
    """Sign in."""
    login = asked.text("login", most=64)
    if not _right(asked, login, asked.text("password", most=1000)):
        with transaction(asked.board.engine) as session:
            append(session, at=asked.now, who=login or "nobody", action="board sign-in", subject="board",
                   data={"denied": "password"})  # fmt: skip
        return page(asked, "base/sign_in.html.j2", status=401, wrong=True)
    with transaction(asked.board.engine) as session:
        end(session, asked.request.cookies.get(cookie_name(asked.board), ""))
        cookie = begin(session, login, now=asked.now)
        append(session, at=asked.now, who=login, action="board sign-in", subject="board")
    response = asked.go("/")
    response.set_cookie(cookie_name(asked.board), cookie, **_flags(asked))
    return response


def sign_out(asked: Asked) -> Response:
    """Sign out."""
    with transaction(asked.board.engine) as session:
        end(session, asked.request.cookies.get(cookie_name(asked.board), ""))
    response = asked.go("/sign-in")
    response.delete_cookie(cookie_name(asked.board), **_flags(asked))
    return response


def _right(asked: Asked, login: str, password: str) -> bool:
    with snapshot(asked.board.engine) as session:
        try:
            found = account(session, login)
        except AccountNotFound:
            found = None
    usable = found is not None and found.disabled_at is None
    kept = found.password if found is not None and usable else None
    try:
        HASHER.verify(kept or _SOMETHING, password)
    except (VerificationError, InvalidHashError):
        return False
    return kept is not None


def _flags(asked: Asked) -> Mapping[str, Any]:
    return {"path": "/", "httponly": True, "samesite": "strict", "secure": asked.board.origin.startswith("https:")}


WAYS = (
    Way(path="/sign-in", does=sign_in_page, least=None),
    Way(path="/sign-in", does=sign_in, method="POST", least=None, name="sign-in"),
    Way(path="/sign-out", does=sign_out, method="POST", name="sign-out"),
)
