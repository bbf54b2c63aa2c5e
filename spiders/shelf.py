"""Shelf: bytes that claim to be a picture -> a `PictureRecord`, kept under their digest.

1. hash; 2. known from earlier, and all of it: done; 3. the eye looks, in the sandbox, and gives hashes, marks, words
and re-encoded pixels; 4. both the bytes and the new pixels go to the media store. What cannot be decoded keeps its
digest and the reason.
"""

from collections import OrderedDict
from hashlib import sha256

from safety.sandbox import Refused, SandboxError
from spiders.eye import Eye, Frame
from spiders.sinks import Sink
from storage.pictures import PictureRecord

REMEMBERED = 4000  # records held in memory; others are read back from the database
MOVING_REMEMBERED = 20  # videos whose frames are held in memory, about 1 MB each


class Shelf:
    """The pictures of one source. Called from worker threads."""

    def __init__(self, eye: Eye, sink: Sink) -> None:
        self._eye = eye
        self._frames: OrderedDict[str, list[Frame]] = OrderedDict()
        self.unread = 0  # new pictures whose words were not read
        self._sink = sink
        self._records: OrderedDict[str, PictureRecord] = OrderedDict()

    def shelve(self, data: bytes, *, words: bool = True) -> PictureRecord:
        """Decode and keep a picture; never raises for what the bytes are. Without `words` only codes are read."""
        address = sha256(data).hexdigest()
        record = self.known(address)
        if record is None or (record.hash is not None and self._eye.would_see_more(record.hash)):
            record = self._look(address, data, words=words)
            self._sink.put(data)
            self._remember(record)
        return record

    def shelve_frames(self, reference: str, data: bytes) -> dict[str, PictureRecord]:
        """Keep the frames of a video or an animation, by the name of each; empty for what stands still.

        Raises:
            SandboxError: it is a video that cannot be read; the message says why.
        """
        address = sha256(data).hexdigest()
        frames = self._frames.get(address)
        if frames is None:
            frames = self._frames[address] = self._eye.watch(data)
            while len(self._frames) > MOVING_REMEMBERED:
                self._frames.popitem(last=False)
        return {frame.name(reference): self.shelve(frame.picture) for frame in frames}

    def known(self, address: str) -> PictureRecord | None:
        """Return the record of a picture seen before."""
        record = self._records.get(address)
        if record is None:
            record = self._sink.known_picture(address)
            if record is not None:
                self._remember(record)
        return record

    @property
    def unread_because(self) -> str | None:
        """Why words were not read, for people."""
        return self._eye.unread_because

    def _look(self, address: str, data: bytes, *, words: bool) -> PictureRecord:
        try:
            seen = self._eye.look(data, words=words)
        except Refused as error:
            return _refused(address, data, str(error))
        except SandboxError as error:
            return _refused(address, data, f"could not be decoded: {error}")
        self.unread += seen.hash.texts is None
        return PictureRecord(
            sha256=address,
            mime=seen.mime,
            bytes=len(data),
            width=seen.width,
            height=seen.height,
            hash=seen.hash,
            rendition=self._sink.put(seen.rendition),
            refused=None,
        )

    def _remember(self, record: PictureRecord) -> None:
        self._records[record.sha256] = record
        while len(self._records) > REMEMBERED:
            self._records.popitem(last=False)


def _refused(address: str, data: bytes, why: str) -> PictureRecord:
    return PictureRecord(
        sha256=address,
        mime=None,
        bytes=len(data),
        width=None,
        height=None,
        hash=None,
        rendition=None,
        refused=why,
    )
