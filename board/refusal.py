"""Refusal: what people see where something is not there, was changed meanwhile, makes no sense, or failed.

Errors that our rooms raise on purpose say in a line what is wrong; anything else is told by a number that stands beside
it in the log, and by nothing of the inside.
"""

import secrets

from starlette.exceptions import HTTPException
from starlette.responses import Response

from alerts.errors import AlertError
from board.paper import page
from board.refused import refused_in
from board.ways import Asked
from desk.choices import NoFilter
from desk.inert import inert
from storage.errors import (
    CaseConflict,
    CaseNotFound,
    DeliveryNotFound,
    EntryNotFound,
    ItemNotFound,
    JudgementRefused,
    MediaMissing,
    NoticeConflict,
    NoticeNotFound,
    NoticeRefused,
    ReplayRefused,
    SilenceNotFound,
    SilenceRefused,
    StorageUnavailable,
    ViewNotFound,
)
from takedown.errors import FilingFailed, TakedownError

# By what is to be done next: the status, and the heading in `board/words/base.*.toml`. The first that fits counts.
KINDS: tuple[tuple[tuple[type[Exception], ...], int, str], ...] = (
    (
        (CaseNotFound, ItemNotFound, NoticeNotFound, ViewNotFound, EntryNotFound, SilenceNotFound, DeliveryNotFound,
         MediaMissing), 404, "not_here",
    ),
    ((CaseConflict, NoticeConflict), 409, "changed"),
    ((FilingFailed,), 502, "not_taken"),
    (
        (JudgementRefused, NoticeRefused, SilenceRefused, ReplayRefused, TakedownError, AlertError, NoFilter),
        422, "refused",
    ),
    ((StorageUnavailable,), 503, "unavailable"),
)  # fmt: skip
PLAIN = {404: "not_here", 405: "not_so", 408: "too_slow", 411: "no_length", 413: "too_large"}


def refusal(asked: Asked, error: Exception) -> Response:
    """Return the answer to a request that failed."""
    if isinstance(error, HTTPException):
        return says(asked, error.status_code, PLAIN.get(error.status_code, "not_understood"), headers=error.headers)
    for kinds, status, key in KINDS:
        if isinstance(error, kinds):
            if status >= 500:
                asked.board.log.error(f"{_what(asked)}: {error}")
            retry = {"Retry-After": "10"} if status == 503 else None
            told = "" if status == 503 else refused_in(asked.words.language, inert(str(error), limit=500))
            return says(asked, status, key, told, headers=retry)
    number = secrets.token_hex(4)
    asked.board.log.error(f"{_what(asked)} failed, told as number {number}", exc_info=error)
    return says(asked, 500, "failed", asked.words("base.refusal.number", number=number))


def says(asked: Asked, status: int, key: str, more: str = "", *, headers: object = None) -> Response:
    """Return a page, or for a script a piece for the line at the bottom, with a heading and a sentence.

    Args:
        asked: the request.
        status: of the answer.
        key: of the heading, in "base.refusal".
        more: plain text that may be shown.
        headers: to send along.
    """
    heading = asked.words(f"base.refusal.{key}")
    template = "base/piece.html.j2" if asked.partial else "base/message.html.j2"
    response = page(asked, template, status=status, title=heading, says=more)
    if asked.partial:
        response.headers.update({"HX-Retarget": "#said", "HX-Reswap": "innerHTML"})
    if isinstance(headers, dict):
        response.headers.update(headers)
    return response


def _what(asked: Asked) -> str:
    return f"{asked.request.method} {asked.request.url.path}"  # what stands behind a question mark may be secret
