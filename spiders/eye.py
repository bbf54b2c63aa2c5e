"""Eye: bytes that claim to be a picture -> what is in them: hashes, marks, and what is written there.

Hashes and marks cost a tenth of a second and are made of every picture. Words and codes cost a second or more; they
are read in a child with more time and memory, where the extra `words` is installed, as long as there is time left.
"""

import time
from dataclasses import dataclass, replace
from importlib.util import find_spec
from threading import Lock
from types import TracebackType
from typing import Any, Self

import msgspec

from detector.images.hash import PictureHash, picture_hash_from_dict
from detector.images.networks import check, version
from detector.images.texts import PictureText
from safety.sandbox import Sandbox, SandboxError

# Of the child that reads words; a screenshot of three million pixels needs 5 s and 1.2 GB of addresses beside the rest.
CPU_SECONDS: float = 30
WALL_SECONDS: float = 90
MEMORY: int = 3 << 30
_NEEDED = ("rapidocr", "zxingcpp")


def absent() -> str | None:
    """Return the name of a library that reading words needs and that is not installed."""
    return next((name for name in _NEEDED if find_spec(name) is None), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What was seen of a picture that could be decoded."""

    mime: str
    width: int
    height: int
    rendition: bytes  # re-encoded pixels
    hash: PictureHash


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One frame of a video or an animation."""

    second: float
    picture: bytes  # JPEG

    def name(self, reference: str) -> str:
        """Name it as a part of what it was taken from (W3C Media Fragments, temporal dimension)."""
        return f"{reference}#t={self.second:.2f}"


_PICTURE = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF87a", b"GIF89a", b"RIFF")


def claims_picture(data: bytes) -> bool:
    """Tell whether the bytes begin like a JPEG, PNG, GIF or WebP; only then is a refusal worth a line."""
    return data.startswith(_PICTURE)


def _may_move(data: bytes) -> bool:
    """Tell by the first bytes whether a picture may be an animation; the answer is the child's."""
    return data.startswith(b"GIF8") or b"ANIM" in data[:64] or b"acTL" in data[:4096]


class Eye:
    """Looks at pictures, one after another or from several threads. Use it as a context manager, or call `close`."""

    def __init__(self, sandbox: Sandbox, *, words: bool = True, seconds: float = float("inf")) -> None:
        """Take the sandbox for decoding; `seconds` is how long words may be read, all pictures together.

        Raises:
            NetworksDamaged: the installation lacks a file, so that every picture would fail.
        """
        check()
        self.sandbox = sandbox
        self._reader = Sandbox(workers=1, cpu_seconds=CPU_SECONDS, wall_seconds=WALL_SECONDS, memory_bytes=MEMORY)
        self._left = seconds if words else 0.0
        self._lock = Lock()
        missing = absent()
        self.unread_because: str | None = None  # why words are not read now, for people; None: they are, or need not be
        if words and missing is not None:
            self._left = 0.0
            self.unread_because = f"no reader of words in pictures ({missing} is missing): install mekiki[words]"

    def look(self, data: bytes, *, words: bool = True) -> Seen:
        """Decode a picture and say what is in it.

        Args:
            data: the picture's bytes.
            words: read its words, too; not of a drawn page, which says them itself.

        Raises:
            SandboxError: it cannot be decoded; the message says why.
        """
        seen = self.sandbox.call("detector.images.decode:inspect", data)
        known = picture_hash_from_dict(seen["hash"])
        return Seen(
            mime=seen["mime"],
            width=seen["width"],
            height=seen["height"],
            rendition=seen["rendition"],
            hash=replace(known, texts=self._texts(data, words=words)),
        )

    def watch(self, data: bytes) -> list[Frame]:
        """Return the frames worth looking at of a video, or of a picture that moves, in the order of time.

        Raises:
            SandboxError: it begins like no picture and cannot be read as a video, or the reader is missing; the message
                says which.
        """
        still = claims_picture(data)
        if still and not _may_move(data):
            return []
        try:
            moving = self._reader.call("detector.images.frames:key_frames", data)
        except SandboxError:
            if still:  # a picture says itself what is wrong with it
                return []
            raise
        return [Frame(second=frame["second"], picture=frame["picture"]) for frame in moving["frames"]]

    def would_see_more(self, known: PictureHash) -> bool:
        """Tell whether a picture seen earlier should be looked at again: not read, or by other networks."""
        return known.eye != version() or (known.texts is None and self._left > 0)

    def _texts(self, data: bytes, *, words: bool) -> tuple[PictureText, ...] | None:
        """Read what is written in a picture that can be decoded; None where there was no time or no reader."""
        if self._left <= 0:
            return None
        start = time.monotonic()
        try:
            found: Any = self._reader.call("detector.images.read:read_texts", data, words=words)
        except SandboxError:
            found = []  # too much for the reader once is too much the next time
        with self._lock:
            self._left -= time.monotonic() - start
            if self._left <= 0:
                self.unread_because = "the time for reading words in pictures is spent (detector.words_seconds)"
        return msgspec.convert(found, tuple[PictureText, ...])

    def close(self) -> None:
        """End the child that reads."""
        self._reader.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
