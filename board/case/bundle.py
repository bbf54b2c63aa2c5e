"""The evidence bundle of a case, made on a person's word and given as a file.

    POST /case/{case}/bundle    language

One at a time: a bundle reads and packs every file of its case.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from threading import Lock

from starlette.background import BackgroundTask
from starlette.responses import FileResponse, Response

from board.ways import Asked
from board.words import LANGUAGES
from desk.bundling import bundled
from storage.errors import StorageUnavailable

_ONE = Lock()
WAIT = 10.0  # seconds for another's bundle


def bundle(asked: Asked) -> Response:
    """Make the evidence bundle of a case."""
    board, wanted = asked.board, asked.text("language", most=2)
    language = next((one for one in LANGUAGES if one == wanted), board.config.alerting.language)
    folder = Path(mkdtemp(prefix="mekiki-bundle-"))  # 0700
    try:
        file = folder / "bundle.zip"
        file.touch(0o600)
        with _alone():
            written, _ = bundled(
                board.engine, board.media, board.config, asked.request.path_params["case"], file,
                language=language, who=asked.person.login, now=asked.now,
            )  # fmt: skip
    except BaseException:
        rmtree(folder, ignore_errors=True)
        raise
    return FileResponse(
        file,
        media_type="application/zip",
        filename=f"{written.reference}.zip",
        headers={"X-Bundle-SHA256": written.sha256, "X-Bundle-Missing": str(len(written.lost))},
        background=BackgroundTask(rmtree, folder, ignore_errors=True),
    )


@contextmanager
def _alone() -> Iterator[None]:
    if not _ONE.acquire(timeout=WAIT):
        raise StorageUnavailable("another bundle is being made")
    try:
        yield
    finally:
        _ONE.release()
