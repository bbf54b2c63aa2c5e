"""Guard: what happens before and after every way: the right host, who it is, may they, is it them, was it done already.

1. A Host that is not ours: 421. A body that is too large: 413.
2. Nobody is signed in: a page leads to the sign-in, anything else is 401. A role that is too low: 403.
3. What writes comes from a page of ours (Origin) with the token of the session, else 403; a key that was answered gets
   the same answer again, one that is being worked on 409 (`storage.answered`).
4. What wrote, or was not allowed to, is a row of custody under the person's name.
5. Every answer forbids scripts, frames and styles from elsewhere.
"""

from collections.abc import Awaitable, Callable, Mapping
from hashlib import sha256
from urllib.parse import urlsplit

from sqlalchemy.exc import IntegrityError
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from board.board import Board
from board.paper import page
from board.ways import Asked, Way, may
from board.words import LANGUAGES, Language, words
from storage.answered import Answer, answered, begin_answer, drop_answer, keep_answer
from storage.custody import append
from storage.database import snapshot, transaction
from storage.signed_in import Person, person, seen

NOBODY = Person(login="", role="viewer", token="")
MOST_FIELDS = 20_000  # of a form; a thousand cases that are judged at once have two thousand
MOST_FIELD = 1024 * 1024  # bytes
HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "X-Robots-Tag": "noindex, nofollow",
}


def cookie_name(board: Board) -> str:
    """Return the name of the session's cookie; over TLS one that no other host can set."""
    return "__Host-mekiki" if board.origin.startswith("https:") else "mekiki"


def language_cookie(request: Request) -> Language:
    """Return the language that was chosen, or the first one of ours that the browser asks for."""
    chosen = request.cookies.get("language", "")
    asks = [one.partition(";")[0].strip()[:2] for one in request.headers.get("accept-language", "").split(",")]
    for one in (chosen, *asks):
        for language in LANGUAGES:
            if one == language:
                return language
    return "en"


def guarded(board: Board, way: Way) -> Callable[[Request], Awaitable[Response]]:
    """Return what Starlette calls for a way."""

    async def answer(request: Request) -> Response:
        response = await _answer(board, way, request)
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        response.headers.setdefault("Cache-Control", "no-store")
        return response

    return answer


async def _answer(board: Board, way: Way, request: Request) -> Response:
    if request.headers.get("host", "").lower() != urlsplit(board.origin).netloc:
        return _plain(421, "this host is not served here")
    now = board.now()
    cookie = request.cookies.get(cookie_name(board), "")
    who = await run_in_threadpool(_who, board, cookie) if cookie else None
    asked = Asked(
        request=request,
        board=board,
        person=who or NOBODY,
        words=words(language_cookie(request), board.zone),
        now=now,
    )
    if way.least is not None:
        if who is None:
            return _sign_in_first(asked, way)
        if not may(who.role, way.least):
            return await run_in_threadpool(_denied, asked, way, "role")
    if way.method == "GET":
        return await run_in_threadpool(way.does, asked)
    length = request.headers.get("content-length", "")
    if not length.isdecimal() or int(length) > MOST_FIELD + way.uploads:
        return _plain(413, "too large")
    if request.headers.get("origin") != board.origin:
        return await run_in_threadpool(_denied, asked, way, "origin")
    async with request.form(
        max_files=4 if way.uploads else 0, max_fields=MOST_FIELDS, max_part_size=MOST_FIELD
    ) as form:
        asked = Asked(request=request, board=board, person=asked.person, words=asked.words, now=now, form=form)
        return await run_in_threadpool(_write, asked, way)


def _who(board: Board, cookie: str) -> Person | None:
    times = board.config.board
    with snapshot(board.engine) as session:
        found = person(session, cookie, now=board.now(), most=times.session, idle=times.idle)
    if found is not None:
        with transaction(board.engine) as session:
            seen(session, cookie, now=board.now())
    return found


def _sign_in_first(asked: Asked, way: Way) -> Response:
    if way.method == "GET" and not asked.partial and not way.path.startswith("/picture"):
        return RedirectResponse("/sign-in", 303)
    return _plain(401, asked.words("base.sign_in_first"))


def _write(asked: Asked, way: Way) -> Response:
    """Do what writes, once."""
    if way.least is not None and asked.text("token") != asked.person.token:
        return _denied(asked, way, "token")
    key = asked.text("once", most=100) or asked.request.headers.get("idempotency-key", "")[:100]
    if not key or way.least is None:
        return _recorded(asked, way)
    request = sha256(repr((asked.request.url.path, _fields(asked.form))).encode()).hexdigest()
    try:
        with transaction(asked.board.engine) as session:
            before = answered(session, asked.person.login, key)
            if before is None:
                begin_answer(session, asked.person.login, key, request, now=asked.now)
    except IntegrityError:
        return _plain(409, asked.words("base.under_way"))
    if before is not None:
        if before.request != request or before.status is None:
            return _plain(409, asked.words("base.under_way" if before.status is None else "base.other_request"))
        return Response(before.body, before.status, {"Location": before.location} if before.location else None)
    try:
        response = _recorded(asked, way)
    except BaseException:
        with transaction(asked.board.engine) as session:
            drop_answer(session, asked.person.login, key)
        raise
    body = bytes(response.body).decode("utf-8", "replace") if "attachment" not in str(response.headers) else ""
    kept = Answer(request=request, status=response.status_code, body=body, location=response.headers.get("location"))
    with transaction(asked.board.engine) as session:
        keep_answer(session, asked.person.login, key, kept)
    return response


def _recorded(asked: Asked, way: Way) -> Response:
    response = way.does(asked)
    if way.least is not None:
        _record(asked, way, {"status": response.status_code})
    return response


def _denied(asked: Asked, way: Way, why: str) -> Response:
    """Say no, on record where it would have written."""
    if way.method == "POST":
        _record(asked, way, {"denied": why})
    if asked.partial or way.method == "POST":
        return _plain(403, asked.words("base.denied"))
    return page(asked, "base/message.html.j2", status=403, title=asked.words("base.denied"), says="")


def _record(asked: Asked, way: Way, data: Mapping[str, object]) -> None:
    who = asked.person.login or "nobody"
    with transaction(asked.board.engine) as session:
        append(
            session,
            at=asked.now,
            who=who,
            action=f"board {way.name}",
            subject=way.subject(asked.request.path_params),
            data=data,
        )


def _fields(form: FormData) -> list[tuple[str, str]]:
    return [
        (name, value.filename or "" if isinstance(value, UploadFile) else value) for name, value in form.multi_items()
    ]


def _plain(status: int, says: str) -> Response:
    return Response(says, status, media_type="text/plain; charset=utf-8")
