"""Once: a request that writes carries a key; sent again, it does nothing more, and gets the same answer."""

from collections.abc import Callable
from hashlib import file_digest, sha256

from sqlalchemy.exc import IntegrityError
from starlette.datastructures import UploadFile
from starlette.responses import Response

from board.refusal import says
from board.ways import Asked
from storage.answered import Answer, begin_answer, drop_answer, keep_answer
from storage.database import transaction

LONGEST_KEY = 100  # characters
NOT_PART = ("token", "once")  # of what is asked for: the same request may come from another session
KEPT = ("content-type", "location", "hx-redirect", "hx-retarget", "hx-reswap", "hx-trigger", "hx-refresh")


def once(asked: Asked, does: Callable[[], Response]) -> Response:
    """Do something, unless it was done already under the same key."""
    key = asked.text("once", most=LONGEST_KEY) or asked.request.headers.get("idempotency-key", "")[:LONGEST_KEY]
    if not key:
        return does()
    engine, login = asked.board.engine, asked.person.login
    request = _digest(asked)
    try:
        with transaction(engine) as session:
            before = begin_answer(session, login, key, request, now=asked.now)
    except IntegrityError:
        return says(asked, 409, "under_way")
    if before is not None:
        return _again(asked, request, before)
    kept = False
    try:
        response = does()
        kept = response.status_code < 400  # what was refused wrote nothing, and is asked again with what was missing
    finally:
        if not kept:
            with transaction(engine) as session:
                drop_answer(session, login, key)
    if kept:
        with transaction(engine) as session:
            keep_answer(session, login, key, _answer(request, response))
    return response


def _again(asked: Asked, request: str, before: Answer) -> Response:
    if before.request != request:
        return says(asked, 422, "other_request")
    if before.status is None:
        return says(asked, 409, "under_way")
    if before.body is None:
        return says(asked, 200, "done_already")
    return Response(before.body, before.status, before.headers)


def _answer(request: str, response: Response) -> Answer:
    headers = {name: response.headers[name] for name in KEPT if name in response.headers}
    body: str | None = None
    if "content-disposition" not in response.headers and hasattr(response, "body"):
        body = bytes(response.body).decode("utf-8", "replace")
    return Answer(request=request, status=response.status_code, body=body, headers=headers)


def _digest(asked: Asked) -> str:
    fields = [
        (name, _file(value) if isinstance(value, UploadFile) else value)
        for name, value in asked.form.multi_items()
        if name not in NOT_PART
    ]
    return sha256(repr((asked.request.url.path, asked.request.url.query, fields)).encode()).hexdigest()


def _file(upload: UploadFile) -> str:
    upload.file.seek(0)
    digest = file_digest(upload.file, "sha256").hexdigest()  # type: ignore[arg-type]  # typed as any file in binary
    upload.file.seek(0)
    return f"{upload.filename} {digest}"
