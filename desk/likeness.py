"""What a match in a picture resembles, to be seen beside it: the brand's logo or picture, or an earlier case's."""

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType

from sqlalchemy import select
from sqlalchemy.orm import Session

from config import Brand
from detector.evidence import OF_THE_BRAND, Evidence
from safety.sandbox import Sandbox, SandboxError
from storage.media import MediaStore
from storage.schema import CaseItem, Picture, VersionPicture

_INSPECT = "detector.images.decode:inspect"
_JUDGED = "picture.seen_before"
_AFTER_NAME = ", in the brand's own"  # as `detector.signals.picture` goes on behind a file's name
_MOST_PICTURES = 50  # of an earlier case that are compared
_MOST_BYTES = 15 * 2**20


class Likenesses(AbstractContextManager["Likenesses"]):
    """Renditions of what evidence names, each read once a session; files pass the sandbox like anything hostile."""

    def __init__(self, brands: Sequence[Brand], media: MediaStore, *, patience: float = 0.05) -> None:
        """Take the brands, whose logos are read ahead, and the store.

        Args:
            brands: as they are configured.
            media: renditions of earlier cases.
            patience: seconds that somebody waits for a file that is not read yet; from then on it is shown next time.
        """
        self._files = {
            (brand.key, file.name): file for brand in brands for file in _files((*brand.logos, *brand.pictures))
        }
        self._media = media
        self._patience = patience
        self._sandbox = Sandbox(workers=1)
        self._reader = ThreadPoolExecutor(1)
        self._read: dict[tuple[str, str], Future[bytes | None]] = {}
        for brand in brands:
            for file in _files(brand.logos):
                self._asked(brand.key, file.name)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._reader.shutdown(cancel_futures=True)
        self._sandbox.close()

    def of(self, evidence: Evidence, brand: str, phash: str | None, session: Session) -> tuple[str, bytes] | None:
        """Return name and rendition of what evidence says a picture resembles; None where there is nothing to show.

        Args:
            evidence: about a picture.
            brand: key of the brand that it was judged for.
            phash: of the picture, 16 hex digits, to choose among those of an earlier case.
            session: to look an earlier case up.
        """
        if evidence.signal in OF_THE_BRAND:
            name = evidence.expected.partition(_AFTER_NAME)[0]
            rendition = self._of_file(brand, name)
            return (name, rendition) if rendition else None
        if evidence.signal == _JUDGED:
            words = evidence.observed.partition(",")[0].split()
            if words[-2:-1] == ["case"] and words[-1].isdecimal():
                rendition = self._of_case(int(words[-1]), phash, session)
                return (f"case {words[-1]}", rendition) if rendition else None
        return None

    def _of_file(self, brand: str, name: str) -> bytes | None:
        if (asked := self._asked(brand, name)) is None:
            return None
        try:
            return asked.result(self._patience)
        except TimeoutError:
            return None

    def _asked(self, brand: str, name: str) -> Future[bytes | None] | None:
        key = (brand, name)
        if key not in self._read and key in self._files:
            self._read[key] = self._reader.submit(self._inspected, self._files[key])
        return self._read.get(key)

    def _inspected(self, file: Path) -> bytes | None:
        try:
            if file.stat().st_size > _MOST_BYTES:
                return None
            svg = file.suffix.lower() == ".svg"
            found = self._sandbox.call(_INSPECT, file.read_bytes(), svg=svg, marks=False)
        except (OSError, SandboxError):
            return None
        rendition: bytes = found["rendition"]
        return rendition

    def _of_case(self, case_id: int, phash: str | None, session: Session) -> bytes | None:
        rows = session.execute(
            select(Picture.rendition, Picture.hash)
            .join(VersionPicture, VersionPicture.sha256 == Picture.sha256)
            .join(CaseItem, CaseItem.version_id == VersionPicture.version_id)
            .where(CaseItem.case_id == case_id, Picture.rendition.is_not(None))
            .limit(_MOST_PICTURES)
        ).all()
        if not rows:
            return None
        rendition, _ = min(rows, key=lambda row: _distance(phash, row[1]["phash"] if row[1] else None))
        return self._media.sound(str(rendition))


def _distance(one: str | None, other: str | None) -> int:
    return (int(one, 16) ^ int(other, 16)).bit_count() if one and other else 64


def _files(paths: Sequence[Path]) -> Iterator[Path]:
    for path in paths:
        try:
            yield from sorted(path.iterdir()) if path.is_dir() else (path,)
        except OSError:
            continue  # `mekiki doctor` tells of it
