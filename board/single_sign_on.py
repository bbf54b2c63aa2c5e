"""Single sign-on: whoever a proxy or an issuer names gets a session of their own account.

A proxy of ours names people in a header of each request; one click begins a session, which ends with the header. An
OpenID Connect issuer (`board.issuer`) is asked once. Both only say who it is: what somebody may is said by the account.
"""

from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from board.board import Board
from board.guard import cookie_name
from board.issuer import Flow, Issuer, IssuerFailed, NotProven
from board.paper import page
from board.peer import address_of, named
from board.refusal import says
from board.signing import flags, signed_in
from board.ways import Asked, Way, inside
from desk.inert import inert
from storage.accounts import account, add_account, bind
from storage.custody import append
from storage.database import transaction
from storage.denials import denied
from storage.errors import AccountNotFound, AccountRefused
from storage.wrong_passwords import count_try, was_right

FLOW = "mekiki-flow"
FLOW_SECONDS = 600  # that somebody may take at the issuer
BACK = "/sign-in/oidc/back"


class Unknown(Exception):
    """Nobody here is called so; `key` is the sentence for people."""

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


def by_header(asked: Asked) -> Response:
    """Sign in whom the proxy names."""
    login = named(asked.board, asked.request)
    if login is None:
        raise HTTPException(404)
    try:
        _admit(asked, login, None)
    except Unknown as error:
        return _refused(asked, error.key, login)
    wanted = asked.text("next")
    return signed_in(asked, login, "header", asked.go(wanted if inside(wanted) else "/"))


def to_issuer(asked: Asked) -> Response:
    """Lead to the issuer."""
    issuer = _issuer(asked.board)
    flow, wanted = Flow.begin(), asked.query.get("next", "/")
    try:
        response = RedirectResponse(issuer.address(flow, _back(asked), now=asked.now), 303)
    except (IssuerFailed, NotProven) as error:
        return _no_answer(asked, error)
    kept = " ".join((flow.state, flow.nonce, flow.verifier, wanted if inside(wanted) else "/"))
    # Lax: the browser comes back from the issuer's site.
    settings = {**flags(asked), "samesite": "lax"}
    response.set_cookie(cookie_name(asked.board, FLOW), kept, max_age=FLOW_SECONDS, **settings)
    return response


def from_issuer(asked: Asked) -> Response:
    """Sign in whoever the issuer says it is."""
    issuer = _issuer(asked.board)
    kept = asked.request.cookies.get(cookie_name(asked.board, FLOW), "").split(" ")
    if len(kept) != 4 or not all(kept):
        return says(asked, 400, "sign_on_failed", asked.words("base.refusal.sign_on_again"))
    flow, wanted = Flow(state=kept[0], nonce=kept[1], verifier=kept[2]), kept[3]
    address = f"address {address_of(asked.board, asked.request)}"
    with transaction(asked.board.engine) as session:
        wait = count_try(session, [address], now=asked.now)
    if wait is not None:
        return says(asked, 429, "sign_on_failed", asked.words("base.refusal.sign_on_again"))
    try:
        claims = issuer.claims(flow, asked.query, _back(asked), now=asked.now)
        _admit(asked, claims.login, claims.subject)
    except NotProven as error:
        asked.board.log.warning(f"a single sign-on was refused: {error}")
        response = _refused(asked, "sign_on_again", None)
    except IssuerFailed as error:
        response = _no_answer(asked, error)
    except Unknown as error:
        response = _refused(asked, error.key, claims.login)
    else:
        with transaction(asked.board.engine) as session:
            was_right(session, "", [address])
        # Browsers send the new cookie only where a page of ours leads on: what led here was not one.
        onward = page(asked, "base/onward.html.j2", path=wanted if inside(wanted) else "/")
        response = signed_in(asked, claims.login, "oidc", onward)
    response.delete_cookie(cookie_name(asked.board, FLOW), **{**flags(asked), "samesite": "lax"})
    return response


def _admit(asked: Asked, login: str, subject: str | None) -> None:
    """Make sure that there is an account for who was named.

    Raises:
        Unknown: there is none, and none may be made; it may not sign in; it belongs to somebody else at the issuer.
    """
    with transaction(asked.board.engine) as session:
        try:
            found = account(session, login)
        except AccountNotFound:
            if asked.board.config.board.newcomers is None:
                raise Unknown("sign_on_unknown") from None
            try:
                add_account(session, login, asked.board.config.board.newcomers, None, now=asked.now)
            except AccountRefused:
                raise Unknown("sign_on_unknown") from None
            append(session, at=asked.now, who=login, action="account add", subject=f"account {login}",
                   data={"role": asked.board.config.board.newcomers, "by": "single sign-on"})  # fmt: skip
            found = account(session, login)
        if found.disabled_at is not None:
            raise Unknown("sign_on_unknown")
        if subject is None:
            return
        if found.password is not None:  # it was made for whoever knows that
            raise Unknown("sign_on_password")
        if found.subject == subject:
            return
        if found.subject is not None:
            raise Unknown("sign_on_other")
        bind(session, login, subject)


def _refused(asked: Asked, key: str, login: str | None) -> Response:
    with transaction(asked.board.engine) as session:
        denied(
            session,
            at=asked.now,
            who="nobody",
            action="board sign-in",
            subject="board",
            why=key.replace("_", " "),
            data={"login": login} if login is not None else {},
        )
    shown = inert(login or "", limit=64)
    return says(asked, 403, "sign_on_failed", asked.words(f"base.refusal.{key}", login=shown))


def _no_answer(asked: Asked, error: Exception) -> Response:
    asked.board.log.error(f"single sign-on: {error}")
    return says(asked, 502, "sign_on_failed", asked.words("base.refusal.sign_on_no_answer"))


def _back(asked: Asked) -> str:
    return f"{asked.board.origin}{BACK}"


def _issuer(board: Board) -> Issuer:
    """Return the issuer of a board.

    Raises:
        HTTPException: 404 where none is configured.
    """
    if board.issuer is None:
        raise HTTPException(404)
    return board.issuer


WAYS = (
    Way(path="/sign-in/header", does=by_header, method="POST", least=None, name="sign-in"),
    Way(path="/sign-in/oidc", does=to_issuer, least=None),
    Way(path=BACK, does=from_issuer, least=None),
)
