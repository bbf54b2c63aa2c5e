"""Files that never change: style, script. Their addresses carry their hash, so that browsers may keep them."""

from functools import cache
from hashlib import sha256
from importlib import resources

from starlette.responses import Response

from board.ways import Asked

TYPES = {"css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8", "svg": "image/svg+xml"}


@cache
def files() -> dict[str, bytes]:
    """Return what there is, by name."""
    found = (file for file in resources.files("board.static").iterdir() if file.name.rpartition(".")[2] in TYPES)
    return {file.name: file.read_bytes() for file in found}


@cache
def address(name: str) -> str:
    """Return the address of a file."""
    return f"/static/{sha256(files()[name]).hexdigest()[:16]}/{name}"


def static(asked: Asked) -> Response:
    """Give a file."""
    name = asked.request.path_params["name"]
    if name not in files() or address(name) != asked.request.url.path:
        return Response("not here", 404, media_type="text/plain")
    headers = {"Cache-Control": "public, max-age=31536000, immutable"}
    return Response(files()[name], headers=headers, media_type=TYPES[name.rpartition(".")[2]])
