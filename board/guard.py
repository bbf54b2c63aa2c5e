"""Guard: what happens before and after every way: who it is, may they, is it them, was it done already.

The fence (`board.fence`) stands before it: foreign hosts and peers do not come here.

1. Nobody is signed in: a page leads to the sign-in, anything else is 401. A role that is too low: 403.
2. What writes comes from a page of ours (Origin), is not too large, and has the token of the session, else 403; a key
   that was answered gets the same answer again (`board.once`).
3. Before anything is written there is a row of custody that says who asks for it: a server that dies in the middle has
   told what it may have done. What was refused, or failed, has a second row that says so; what was refused before
   the first one, of whoever is signed in, has that alone.
4. What fails becomes a page that says so (`board.refusal`).

Each lane of ways (`Way.lane`) has threads of its own, so that slow ones, or open ones, keep no others waiting.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from hmac import compare_digest
from urllib.parse import quote

from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response

from board.board import Board
from board.lanes import Lane, Threads
from board.once import once
from board.paper import page
from board.peer import named
from board.refusal import refusal, says
from board.ways import Asked, Way, may
from board.words import LANGUAGES, Language, words
from storage.custody import append
from storage.database import snapshot, transaction
from storage.denials import denied
from storage.errors import StorageUnavailable
from storage.signed_in import Person, person, seen

NOBODY = Person(login="", role="viewer", token="")
MOST_FIELDS = 20_000  # of a form; a thousand cases that are judged at once have two thousand
MOST_FIELD = 1024 * 1024  # bytes
SLOWEST = 60.0  # seconds for a form to arrive, and one more for each 100 kB
MOST_OPEN, SLOWEST_OPEN = 16 * 1024, 10.0  # the same of a form that anybody may send
COOKIE = "mekiki"


def cookie_name(board: Board, name: str = COOKIE) -> str:
    """Return the name of a cookie; over TLS one that no other host can set."""
    return f"__Host-{name}" if board.secure else name


def language_cookie(request: Request) -> Language:
    """Return the language that was chosen, or the first one of ours that the browser asks for."""
    chosen = request.cookies.get("language", "")
    asks = [one.partition(";")[0].strip()[:2] for one in request.headers.get("accept-language", "").split(",")]
    for one in (chosen, *asks):
        for language in LANGUAGES:
            if one == language:
                return language
    return "en"


def guarded(board: Board, way: Way, threads: Mapping[Lane, Threads]) -> Callable[[Request], Awaitable[Response]]:
    """Return what Starlette calls for a way."""

    async def answer(request: Request) -> Response:
        asked = asked_by_nobody(board, request)
        mine = threads[way.lane if request.cookies.get(cookie_name(board)) else "open"]
        try:
            if way.light:
                return way.does(asked)
            asked = await mine.run(with_person, asked)
            if not asked.person.login:
                mine = threads["open"]
            return await _answer(way, asked, mine)
        except Exception as error:  # noqa: BLE001  the edge of a request: one that fails takes no other along
            return await mine.run(refusal, asked, error)

    return answer


def not_found(board: Board, threads: Threads) -> Callable[[Request, Exception], Awaitable[Response]]:
    """Return what answers where there is no way, or not by this method."""

    async def answer(request: Request, error: Exception) -> Response:
        asked = asked_by_nobody(board, request)
        try:
            asked = await threads.run(with_person, asked)
        except Exception as failed:  # noqa: BLE001  as above
            error = failed
        return await threads.run(refusal, asked, error)

    return answer


def asked_by_nobody(board: Board, request: Request) -> Asked:
    """Return a request before anybody looked who it is."""
    now = board.now()
    return Asked(
        request=request, board=board, person=NOBODY, words=words(language_cookie(request), board.zone), now=now
    )


def with_person(asked: Asked) -> Asked:
    """Return a request with whoever its cookie is."""
    board, request = asked.board, asked.request
    cookie, times = request.cookies.get(cookie_name(board), ""), board.config.board
    if not cookie:
        return asked
    with snapshot(board.engine) as session:
        found = person(session, cookie, now=asked.now, most=times.session, idle=times.idle)
    if found is None or not _still_named(asked, found):
        return asked
    if not (asked.partial and request.method == "GET"):  # what scripts ask for by themselves is no click
        with transaction(board.engine) as session:
            seen(session, cookie, now=asked.now)
    return replace(asked, person=found)


def _still_named(asked: Asked, found: Person) -> bool:
    """Tell whether whoever signed in by single sign-on could do so now."""
    if found.means == "header":
        return named(asked.board, asked.request) == found.login
    return found.means == "password" or asked.board.config.board.oidc is not None


async def _answer(way: Way, asked: Asked, threads: Threads) -> Response:
    request = asked.request
    if way.least is not None:
        if not asked.person.login:
            return await threads.run(_sign_in_first, asked, way)
        if not may(asked.person.role, way.least):
            return await threads.run(_denied, asked, way, "role")
    if way.method == "GET":
        return await threads.run(way.does, asked)
    if request.headers.get("origin") != asked.board.origin:
        return await threads.run(_denied, asked, way, "origin")
    try:
        fields = await _form(way, request)
    except Exception as error:  # noqa: BLE001  whatever a form breaks on, it is a page for people, and on record
        return await threads.run(_unread, asked, way, error)
    try:
        return await threads.run(_write, replace(asked, form=fields), way)
    finally:
        await fields.close()


async def _form(way: Way, request: Request) -> FormData:
    """Return the form of a request, within bounds.

    Raises:
        HTTPException: it is too large, too slow, or none.
    """
    length = request.headers.get("content-length", "")
    if not (length.isascii() and length.isdecimal()):
        raise HTTPException(411)
    most, slowest = (MOST_FIELD + way.uploads, SLOWEST) if way.least is not None else (MOST_OPEN, SLOWEST_OPEN)
    if int(length) > most:
        raise HTTPException(413)
    form = request.form(max_files=4 if way.uploads else 0, max_fields=MOST_FIELDS, max_part_size=MOST_FIELD)
    try:
        async with asyncio.timeout(slowest + int(length) / 100_000):
            return await form
    except TimeoutError:
        raise HTTPException(408) from None


def _unread(asked: Asked, way: Way, error: Exception) -> Response:
    response = refusal(asked, error)
    _refused(asked, way, response)
    return response


def _sign_in_first(asked: Asked, way: Way) -> Response:
    headers = asked.request.headers
    if way.method == "POST":
        _note(asked, way, "session")
    if way.method == "POST" or way.path.startswith("/picture"):
        return PlainTextResponse(asked.words("base.sign_in_first"), 401)
    if asked.partial:
        return PlainTextResponse(asked.words("base.sign_in_first"), 401, {"HX-Redirect": "/sign-in"})
    wanted = asked.address
    if headers.get("sec-fetch-site") in ("cross-site", "same-site") and headers.get("sec-fetch-dest") == "document":
        # From a link in a mail or a chat browsers send no cookie of ours: the page that is sent asks again, from here.
        return page(asked, "base/onward.html.j2", path=wanted)
    return RedirectResponse("/sign-in" if wanted == "/" else f"/sign-in?next={quote(wanted, safe='/')}", 303)


def _write(asked: Asked, way: Way) -> Response:
    """Do what writes, once."""
    if way.least is None:
        return way.does(asked)
    if not compare_digest(asked.text("token").encode(), asked.person.token.encode()):
        return _denied(asked, way, "token")
    if not way.writes:
        return way.does(asked)
    tried = False

    def does() -> Response:
        nonlocal tried
        tried = True
        return _recorded(asked, way)

    response = once(asked, does)
    if response.status_code >= 400 and not tried:
        _refused(asked, way, response)
    return response


def _recorded(asked: Asked, way: Way) -> Response:
    """Put on record that it is asked for, do what writes, and put on record where it was not done."""
    try:
        _record(asked, way)
        response = way.does(asked)
    except Exception as error:  # noqa: BLE001  whatever it is, it is a page for people, and on record
        response = refusal(asked, error)
    if response.status_code >= 400:
        with suppress(StorageUnavailable):  # then the first row may not be there, either
            _record(asked, way, denied=f"status {response.status_code}")
    return response


def _record(asked: Asked, way: Way, **data: str) -> None:
    with transaction(asked.board.engine) as session:
        append(
            session,
            at=asked.now,
            who=asked.person.login,
            action=_action(way),
            subject=way.subject(asked.request.path_params),
            data=data,
        )


def _denied(asked: Asked, way: Way, why: str) -> Response:
    """Say no, on record where it would have written."""
    if way.method == "POST":
        _note(asked, way, why)
    return says(asked, 403, "denied" if why == "role" else "not_from_here")


def _refused(asked: Asked, way: Way, response: Response) -> None:
    """Put on record that a request of somebody who is signed in was refused before it was on record."""
    if asked.person.login:
        with suppress(StorageUnavailable):
            _note(asked, way, f"status {response.status_code}")


def _note(asked: Asked, way: Way, why: str) -> None:
    with transaction(asked.board.engine) as session:
        denied(
            session,
            at=asked.now,
            who=asked.person.login or "nobody",
            action=_action(way),
            subject=way.subject(asked.request.path_params),
            why=why,
        )


def _action(way: Way) -> str:
    return f"board {way.name}"
