"""Try a logo: what it would be known by, and where it would have been found in the stored pictures.

    GET  /setup/logo                the form
    POST /setup/logo                logo (a file), brand
    GET  /setup/logo/{sha256}       the checked copy, for some minutes; with download as a file

Nothing is enrolled: the page shows the line to commit.
"""

from hashlib import sha256
from pathlib import PurePath
from threading import BoundedSemaphore
from time import monotonic

from starlette.responses import Response

from board.paper import page
from board.pictures import missing
from board.refused import told_in
from board.ways import Asked, Way
from config import Brand
from desk.enrolling import MOST_BYTES, NoLogo, Search, Tried, search, tried
from safety.sandbox import Sandbox
from storage.database import snapshot

SECONDS = 4.0  # that stored pictures are looked at
MOST_SHOWN = 48  # pictures of a kind
MOST_NAME = 60  # characters of a file's name
_AT_ONCE = BoundedSemaphore(2)  # files that are read: each takes a child of its own
WAIT = 15.0  # seconds


def logo(asked: Asked) -> Response:
    """Show the form."""
    return _page(asked)


def look(asked: Asked) -> Response:
    """Read a logo, look for it in the stored pictures, and show what came of it."""
    upload = asked.upload("logo")
    brand = next((one for one in asked.board.config.brand if one.key == asked.text("brand")), None)
    if upload is None or not upload.filename:
        return _page(asked, problem=asked.words("setup.no_file"), status=422)
    data = upload.file.read(MOST_BYTES + 1)
    if not _AT_ONCE.acquire(timeout=WAIT):
        return _page(asked, problem=asked.words("setup.busy"), status=503)
    try:
        with Sandbox(workers=1, cpu_seconds=10, wall_seconds=20) as sandbox:
            read = tried(data, name_of(upload.filename), sandbox)
        until = monotonic() + SECONDS
        with snapshot(asked.board.engine) as session:
            found = search(session, read, goes_on=lambda: monotonic() < until)
    except NoLogo as error:
        return _page(asked, problem=str(error), status=422)
    finally:
        _AT_ONCE.release()
    digest = sha256(read.copy).hexdigest()
    asked.board.kept.put(("logo", digest), (read.name, read.copy))
    return _page(asked, brand=brand, read=read, found=found, digest=digest)


def copy(asked: Asked) -> Response:
    """Give the copy of a logo that was looked at: its pixels, as PNG."""
    kept = asked.board.kept.get(("logo", asked.request.path_params["sha256"]))
    if kept is None:
        return missing()
    name, data = kept.value
    headers = {"Content-Disposition": f'attachment; filename="{name}"'} if "download" in asked.query else {}
    return Response(data, headers=headers, media_type="image/png")


def name_of(filename: str) -> str:
    """Return a name for the copy, of which nothing but letters, digits and dashes come from outside."""
    stem = PurePath(filename.replace("\\", "/")).stem[:MOST_NAME]
    plain = "".join(one if one.isascii() and (one.isalnum() or one in "-_") else "-" for one in stem)
    return f"{plain.strip('-') or 'logo'}.png"


def line_of(brand: Brand, name: str, asked: Asked) -> str:
    """Return the line of the configuration with the new logo at its end."""
    folder = asked.board.config.file.parent
    paths = [str(one.relative_to(folder) if one.is_relative_to(folder) else one) for one in brand.logos]
    quoted = ", ".join(f'"{one}"' for one in (*paths, f"logos/{name}"))
    return f"logos = [{quoted}]"


def _page(
    asked: Asked,
    *,
    problem: str = "",
    brand: Brand | None = None,
    read: Tried | None = None,
    found: Search | None = None,
    digest: str = "",
    status: int = 200,
) -> Response:
    return page(
        asked,
        "setup/logo.html.j2",
        status=status,
        here="/setup/logo",
        problem=told_in(asked.words.language, problem),
        brand=brand,
        read=read,
        found=found,
        digest=digest,
        line=line_of(brand, read.name, asked) if brand is not None and read is not None else "",
        most=MOST_SHOWN,
        most_megabytes=MOST_BYTES // 2**20,
    )


WAYS = (
    Way(path="/setup/logo", does=logo),
    Way(
        path="/setup/logo",
        does=look,
        method="POST",
        least="analyst",
        name="logo",
        uploads=MOST_BYTES + 2**16,
        slow=True,
    ),
    Way(path="/setup/logo/{sha256}", does=copy),
)
