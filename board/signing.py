"""Signing in and out: a password of an account, a session with a cookie that only this board gets.

Wrong passwords make whoever tries wait (`storage.wrong_passwords`), by login and by address. A browser that signed in
before shows a second cookie, made of the account's password: its tries are counted apart, so that nobody else can make
that person wait.
"""

import hmac
from collections.abc import Mapping
from datetime import timedelta
from math import ceil
from threading import BoundedSemaphore
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from starlette.responses import Response

from board.guard import cookie_name
from board.paper import page
from board.peer import address_of, named
from board.ways import Asked, Way, inside
from storage.accounts import Account, account
from storage.custody import append
from storage.database import snapshot, transaction
from storage.denials import denied
from storage.errors import AccountNotFound
from storage.schema import Means
from storage.signed_in import begin, end
from storage.wrong_passwords import count_try, was_right

HASHER = PasswordHasher()  # argon2id, RFC 9106 low-memory profile: 64 MiB
_SOMETHING = HASHER.hash("what is compared where there is no account, so that it takes as long")
_AT_ONCE = BoundedSemaphore(4)  # passwords that are looked at: each takes its memory
KNOWN = "mekiki-known"
KNOWN_FOR = timedelta(days=90)


def sign_in_page(asked: Asked) -> Response:
    """Ask for login and password, or offer single sign-on."""
    wanted = asked.query.get("next", "/")
    return _page(asked, 200, wanted if inside(wanted) else "/", "")


def sign_in(asked: Asked) -> Response:
    """Sign in with a password."""
    login, wanted = asked.text("login", most=64), asked.text("next") or "/"
    wanted = wanted if inside(wanted) else "/"
    found = _account(asked, login)
    mine, keys = _keys(asked, login, found)
    with transaction(asked.board.engine) as session:
        wait = count_try(session, keys, now=asked.now)
    if wait is not None:
        _note(asked, login, found, "wait")
        response = _page(asked, 429, wanted, asked.words("base.wait", seconds=ceil(wait.total_seconds())))
        response.headers["Retry-After"] = str(ceil(wait.total_seconds()))
        return response
    if not _is_right(found, asked.text("password", most=1000)):
        _note(asked, login, found, "password")
        return _page(asked, 401, wanted, asked.words("base.wrong"))
    with transaction(asked.board.engine) as session:
        was_right(session, mine, [key for key in keys if key != mine])
    response = signed_in(asked, login, "password", asked.go(wanted))
    assert found is not None
    name, most = cookie_name(asked.board, KNOWN), int(KNOWN_FOR.total_seconds())
    response.set_cookie(name, _known(found), max_age=most, **flags(asked))
    return response


def sign_out(asked: Asked) -> Response:
    """Sign out."""
    with transaction(asked.board.engine) as session:
        end(session, asked.request.cookies.get(cookie_name(asked.board), ""))
    response = asked.go("/sign-in")
    response.delete_cookie(cookie_name(asked.board), **flags(asked))
    return response


def signed_in(asked: Asked, login: str, means: Means, response: Response) -> Response:
    """Give a person a new session, end the one that the browser had, and say so on record."""
    name = cookie_name(asked.board)
    with transaction(asked.board.engine) as session:
        end(session, asked.request.cookies.get(name, ""))
        cookie = begin(session, login, means, now=asked.now)
        append(session, at=asked.now, who=login, action="board sign-in", subject="board", data={"by": means})
    response.set_cookie(name, cookie, **flags(asked))
    return response


def flags(asked: Asked) -> Mapping[str, Any]:
    """Return how cookies are set."""
    return {"path": "/", "httponly": True, "samesite": "strict", "secure": asked.board.secure}


def _page(asked: Asked, status: int, wanted: str, problem: str) -> Response:
    return page(
        asked,
        "base/sign_in.html.j2",
        status=status,
        wanted=wanted,
        problem=problem,
        named=named(asked.board, asked.request),
        oidc=asked.board.config.board.oidc,
    )


def _account(asked: Asked, login: str) -> Account | None:
    with snapshot(asked.board.engine) as session:
        try:
            return account(session, login)
        except AccountNotFound:
            return None


def _keys(asked: Asked, login: str, found: Account | None) -> tuple[str, list[str]]:
    """Return under which key the wrong passwords of this login are counted here, and all keys of a try."""
    shown = asked.request.cookies.get(cookie_name(asked.board, KNOWN), "")
    if found is not None and found.password and hmac.compare_digest(shown.encode(), _known(found).encode()):
        return f"known {login}", [f"known {login}"]
    address = address_of(asked.board, asked.request)
    return f"login {login}", [f"login {login}", *([f"address {address}"] if address else [])]


def _known(found: Account) -> str:
    """Return what a browser shows that signed in with this account; another password makes it void."""
    return hmac.new((found.password or "").encode(), found.login.encode(), "sha256").hexdigest()


def _is_right(found: Account | None, password: str) -> bool:
    kept = found.password if found is not None and found.disabled_at is None else None
    with _AT_ONCE:
        try:
            HASHER.verify(kept or _SOMETHING, password)
        except (VerificationError, InvalidHashError):
            return False
    return kept is not None


def _note(asked: Asked, login: str, found: Account | None, why: str) -> None:
    with transaction(asked.board.engine) as session:
        denied(
            session,
            at=asked.now,
            who=found.login if found is not None else "nobody",
            action="board sign-in",
            subject="board",
            why=why,
            data={"from": address_of(asked.board, asked.request)} | ({"login": login} if found is None else {}),
        )


WAYS = (
    Way(path="/sign-in", does=sign_in_page, least=None),
    Way(path="/sign-in", does=sign_in, method="POST", least=None, name="sign-in"),
    Way(path="/sign-out", does=sign_out, method="POST", name="sign-out"),
)
