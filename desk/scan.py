"""Turn what an analyst has in hand (a URL, a host, a file, a sentence) into Items that the detector can judge."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from detector.images.hash import PictureHash
from detector.items import Item, ItemError, Text, decode_item
from safety.sandbox import Refused, SandboxError
from spiders.eye import Eye, claims_picture
from spiders.files import picture_beside
from spiders.found import with_frames
from spiders.settings import VIDEO_BYTES

MAX_FILE = 15 * 2**20  # bytes
PICTURES = (".png", ".jpg", ".jpeg", ".gif", ".webp")
VIDEOS = (".mp4", ".mov", ".webm", ".mkv")
PAGES = (".html", ".htm", ".xhtml")
ITEMS = (".json", ".jsonl", ".ndjson")


class ScanError(Exception):
    """The target cannot be read; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One Item to judge, with the hashes of its pictures."""

    item: Item
    pictures: dict[str, PictureHash]


def targets(text: str, eye: Eye) -> list[Target]:
    """Read a URL, a host, the path of a picture, HTML, Item JSON or text file, or a sentence.

    Raises:
        ScanError: the file cannot be read or decoded.
    """
    path = Path(text)
    try:
        is_file = len(text) < 1024 and path.is_file()
    except (OSError, ValueError):
        is_file = False
    if is_file:
        return _from_file(path, eye)
    if not text.strip():
        raise ScanError("expected a URL, a host, a file or a sentence, got nothing")
    if text.strip() == text and path_like(text):
        raise ScanError(f"{text}: there is no such file")
    return [typed(text)]


def typed(text: str) -> Target:
    """Read a URL, a host or a sentence, whatever it looks like: no file is looked for, nothing is fetched.

    Raises:
        ScanError: there is nothing.
    """
    plain = text.strip()
    if not plain:
        raise ScanError("expected a URL, a host or a sentence, got nothing")
    identity = sha256(plain.encode("utf-8", "surrogatepass")).hexdigest()[:32]
    if looks_like_url(plain):
        return Target(item=Item(id=identity, kind="page" if "/" in plain else "domain", url=plain), pictures={})
    return Target(item=Item(id=identity, kind="post", texts=(Text(role="body", text=plain),)), pictures={})


def looks_like_url(text: str) -> bool:
    """Tell a URL or host from a sentence."""
    if text.startswith(("http://", "https://")):
        return True
    host = text.partition("/")[0]
    return not set(text) & set(" \t\n　。、！!") and "." in host.strip(".") and all(host.split("."))


def path_like(text: str) -> bool:
    """Tell the name of a file from a URL, a host or a sentence: a mistyped one must not be found clean as a host."""
    if "://" in text or any(character.isspace() for character in text):
        return False
    first = text.partition("/")[0].lower()
    named = (*PICTURES, *VIDEOS, *PAGES, *ITEMS, ".txt")
    bare = "." not in first and text.lower().endswith(named)
    return text.startswith(("/", "./", "../", "~/")) or first.endswith(named) or bare


def _from_file(path: Path, eye: Eye) -> list[Target]:
    suffix = path.suffix.lower()
    data = _bytes(path, VIDEO_BYTES if suffix in VIDEOS else MAX_FILE)
    if suffix in ITEMS:
        return _from_lines(path, data, eye)
    identity = sha256(data).hexdigest()[:32]
    if suffix in PICTURES:
        return [_with_pictures(Item(id=identity, kind="post", images=(path.name,)), path.parent, eye)]
    if suffix in VIDEOS:
        return [_with_pictures(Item(id=identity, kind="post", videos=(path.name,)), path.parent, eye)]
    if suffix in PAGES:
        with _read_safely(path):
            page = eye.sandbox.call("spiders.pages.publisher:parse_page", data, url=f"file:{path.name}")
        texts = tuple(Text(role=text["role"], text=text["text"]) for text in page["texts"])
        return [Target(item=Item(id=identity, kind="page", texts=texts), pictures={})]
    try:
        body = data.decode()
    except UnicodeDecodeError as error:
        raise ScanError(f"{path}: expected a picture, HTML, Item JSON or UTF-8 text") from error
    item = Item(id=identity, kind="post", texts=(Text(role="body", text=body),))
    return [Target(item=item, pictures={})]


def _bytes(path: Path, most: int = MAX_FILE) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(most + 1)
    except OSError as error:
        raise ScanError(f"{path}: {error.strerror}") from error
    if len(data) > most:
        raise ScanError(f"{path}: larger than {most} bytes; use `mekiki score` for long lists")
    return data


def _from_lines(path: Path, data: bytes, eye: Eye) -> list[Target]:
    found = []
    for number, line in enumerate(data.splitlines() if path.suffix != ".json" else [data], 1):
        if line.strip():
            try:
                item = decode_item(line)
            except ItemError as error:
                raise ScanError(f"{path}: line {number}: {error}") from error
            found.append(_with_pictures(item, path.parent, eye))
    return found


def _with_pictures(item: Item, base: Path, eye: Eye) -> Target:
    """Look at the picture files of an item, and at some frames of those that move."""
    hashes = {}
    for reference in (*item.images, *item.videos):
        if "://" in reference or reference.startswith("data:"):
            continue
        path = picture_beside(base, reference)
        if path is None:
            raise ScanError(f"{reference[:200]}: there is no such picture below {base}")
        data = _bytes(path, VIDEO_BYTES if reference in item.videos else MAX_FILE)
        with _read_safely(path):
            if reference in item.images:
                hashes[reference] = eye.look(data).hash
            frames = eye.watch(data) if claims_picture(data) or reference in item.videos else []
            hashes |= {frame.name(reference): eye.look(frame.picture).hash for frame in frames}
    return Target(item=with_frames(item, hashes), pictures=hashes)


@contextmanager
def _read_safely(path: Path) -> Iterator[None]:
    try:
        yield
    except Refused as error:
        raise ScanError(f"{path}: {error}") from error
    except SandboxError as error:
        raise ScanError(f"{path}: could not be read safely: {error}") from error
