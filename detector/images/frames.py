"""Videos and animations: hostile bytes -> the few frames worth looking at.

Runs in the sandbox child, on one thread: `key_frames` is the target that `safety.sandbox` calls. Videos are read by
PyAV (ffmpeg in its wheel, nothing else of the system), the optional extra `words`; animations by Pillow.

1. The container is told by its first bytes: MP4 or MOV, WebM or Matroska, GIF, WebP, PNG. Nothing else is opened, and
   ffmpeg may open nothing besides these bytes: no playlist, no external track, no network.
2. Packets are taken out and counted before any is decoded, so `MOST_DECODED` is spread over the whole video: every
   frame of a short one, the start of each group of pictures of a long one.
3. Each frame is compared with those kept as a small grey copy; flat ones and near-duplicates are passed over.
4. The most different frames, first and last among them, as JPEG in the order of time.

    ValueError
    ├── FramesUnavailable   the extra is not installed
    └── PictureRefused      these bytes are not taken for a video or an animation
"""

import importlib
import io
import math
import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from detector.images.errors import PictureRefused

__all__ = ["FramesUnavailable", "PictureRefused", "is_moving", "key_frames"]

MAX_VIDEO_BYTES: int = 60 * 2**20
# 4096 x 2304, the largest that advertising platforms take: 14 MB decoded.
MAX_VIDEO_PIXELS: int = 4096 * 2304
# Pixels decoded of one video; about 2 ns of CPU each for H.264 without its unreferenced frames.
MOST_DECODED: int = 500_000_000
# Packets taken out of one video: an hour at 25 frames a second.
MOST_PACKETS: int = 90_000
MOST_ANIMATION_FRAMES: int = 300
# Pixels composed of one animation; 9-13 ns of CPU each in Pillow for GIF and WebP, 30 ns for PNG.
MOST_COMPOSED: int = 64_000_000
PICTURE_SIDE: int = 1280
PICTURE_QUALITY: int = 90
# Mean difference of the small grey copies (0-255). Of 39 pairs of unrelated photos 95 % are above 36; a photo and
# itself as JPEG of quality 25 at most 0.8, panned by 2 % half below 6.4; a caption over an eighth of it half above 15.
NEW_SCENE: float = 10.0
# Standard deviation of the small grey copy (0-255): 40 photos have at least 10.8, a white page with a line of text 6.7.
FLAT: float = 3.0
# A new scene is taken when it stands still for so long (seconds), or else after the second time: cross-fades, slides.
SETTLED: float = 0.25
UNSETTLED: float = 1.5
_GREY = (32, 18)
_VIDEO = {"video/mp4": "mp4", "video/quicktime": "mov", "video/webm": "webm", "video/x-matroska": "matroska"}
_ANIMATION = {"GIF": "image/gif", "WEBP": "image/webp", "PNG": "image/apng"}
_CODECS = ("h264", "hevc", "vp8", "vp9", "libdav1d", "av1", "mpeg4")
_STILL_BRANDS = (b"avif", b"avis", b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1", b"M4A ", b"M4B ")
_DAMAGED = (OSError, SyntaxError, ValueError, EOFError, IndexError, OverflowError, KeyError, TypeError)


class FramesUnavailable(ValueError):
    """Videos cannot be read here; the message says what to install."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Frame:
    """A decoded frame: its small grey copy, and how to draw it at last."""

    second: float
    grey: NDArray[np.float32]
    draw: Callable[[], Image.Image]

    def unlike(self, other: "_Frame") -> float:
        return float(np.abs(self.grey - other.grey).mean())


class _Choice:
    """The most different frames of those offered in the order of time."""

    def __init__(self, most: int, settled: float) -> None:
        self._most, self._settled = most, settled
        self._kept: list[tuple[_Frame, Image.Image]] = []
        self._pending: _Frame | None = None
        self._since = 0.0
        self._last: _Frame | None = None
        self._blank: _Frame | None = None

    def offer(self, frame: _Frame) -> None:
        if float(frame.grey.std()) < FLAT:
            self._blank = self._blank or frame
            return
        self._last = frame
        if not self._kept:
            self._keep(frame)
            return
        if self._pending is not None:
            recent = 0 <= frame.second - self._pending.second <= self._settled
            if recent and frame.unlike(self._pending) < NEW_SCENE / 2:
                return
            if recent and frame.second - self._since <= UNSETTLED:
                self._pending = frame
                return
            self._keep(self._pending)
            self._pending = None
        if self._is_new(frame):
            self._pending, self._since = frame, frame.second

    def finish(self) -> list[tuple[float, Image.Image]]:
        """Return seconds and drawn frames in the order of time; only blank ones were offered: the first of them."""
        for frame in (self._pending, self._last):
            if frame is not None:
                self._keep(frame)
        if not self._kept and self._blank is not None:
            self._kept.append((self._blank, self._blank.draw()))
        return sorted(((frame.second, image) for frame, image in self._kept), key=lambda pair: pair[0])

    def _is_new(self, frame: _Frame) -> bool:
        return all(frame.unlike(other) >= NEW_SCENE for other, _ in self._kept)

    def _keep(self, frame: _Frame) -> None:
        """Add a frame; over the limit drop the one most like another, but neither the first nor this one."""
        if not self._is_new(frame):
            return
        self._kept.append((frame, frame.draw()))
        if len(self._kept) > self._most:
            frames = [other for other, _ in self._kept]
            middle = range(1, len(frames) - 1) or range(1, len(frames))
            del self._kept[min(middle, key=lambda i: min(frames[i].unlike(o) for o in frames if o is not frames[i]))]


def is_moving(data: bytes) -> bool:
    """Say whether these bytes look like a video or an animation; reads headers only, refuses nothing."""
    if len(data) > MAX_VIDEO_BYTES:
        return False
    if _video_mime(data) is not None:
        return True
    try:
        return _is_animated(data)
    except (*_DAMAGED, MemoryError):
        return False


def key_frames(data: bytes, *, most: int = 8) -> dict[str, Any]:
    """Choose the frames to look at; built-in types only, to cross the sandbox pipe.

    Args:
        data: the file's bytes.
        most: frames returned at most, at least 1.

    Returns:
        `kind` ("video" or "animation"), `mime`, `width`, `height` (upright, pixels), `seconds` (None when unknown)
        and `frames`: a list of `second` and `picture` (JPEG bytes, at most `PICTURE_SIDE` pixels long).

    Raises:
        PictureRefused: too large, damaged before the first frame, or neither a video nor an animation.
        FramesUnavailable: a video, and its reader is not installed.
    """
    if len(data) > MAX_VIDEO_BYTES:
        raise PictureRefused(f"too large: {len(data)} bytes, at most {MAX_VIDEO_BYTES}")
    if not data:
        raise PictureRefused("empty")
    if most < 1:
        raise ValueError("most: at least 1 frame")
    try:
        mime = _video_mime(data)
        if mime is not None:
            return _video(data, mime, most)
        if not _is_animated(data):
            raise PictureRefused("neither a video (MP4, MOV, WebM) nor an animation (GIF, WebP, PNG)")
        return _animation(data, most)
    except MemoryError as error:
        raise PictureRefused("damaged: the decoder ran out of memory") from error


def _video_mime(data: bytes) -> str | None:
    """Tell a video container by its first bytes."""
    if data.startswith(b"\x1a\x45\xdf\xa3"):
        return "video/webm" if b"webm" in data[:64] else "video/x-matroska" if b"matroska" in data[:64] else None
    kind, brand = data[4:8], data[8:12]
    if kind == b"ftyp":
        return None if brand in _STILL_BRANDS else "video/quicktime" if brand == b"qt  " else "video/mp4"
    return "video/quicktime" if kind in (b"moov", b"mdat", b"wide") else None


def _is_animated(data: bytes) -> bool:
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return _is_animated_webp(data)
    if not data.startswith((b"GIF8", b"\x89PNG\r\n\x1a\n")):
        return False
    return bool(getattr(_open_picture(data), "is_animated", False))


def _is_animated_webp(data: bytes) -> bool:
    """Walk the chunks for a second frame; Pillow would set up two canvases of the size declared."""
    if data[12:16] != b"VP8X" or not data[20:21] or not data[20] & 0x02:
        return False
    if _pixels(*(int.from_bytes(data[at : at + 3], "little") + 1 for at in (24, 27))) > MAX_VIDEO_PIXELS:
        raise PictureRefused(f"too many pixels: at most {MAX_VIDEO_PIXELS}")
    place, frames = 12, 0
    for _ in range(10_000):
        frames += data[place : place + 4] == b"ANMF"
        size = int.from_bytes(data[place + 4 : place + 8], "little")
        place += 8 + size + size % 2
        if frames > 1 or place >= len(data):
            break
    return frames > 1


def _pixels(width: int, height: int) -> int:
    return width * height


def _open_picture(data: bytes) -> Image.Image:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            image = Image.open(io.BytesIO(data), formats=tuple(_ANIMATION))
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        raise PictureRefused(f"too many pixels: at most {MAX_VIDEO_PIXELS}") from error
    except UnidentifiedImageError as error:
        raise PictureRefused("damaged header") from error
    except _DAMAGED as error:
        raise PictureRefused(f"damaged header: {error}") from error
    if _pixels(*image.size) > MAX_VIDEO_PIXELS:
        raise PictureRefused(f"too many pixels: {image.width}x{image.height}, at most {MAX_VIDEO_PIXELS}")
    return image


def _animation(data: bytes, most: int) -> dict[str, Any]:
    image, choice = _open_picture(data), _Choice(most, settled=0.0)
    second, index, ended, reason = 0.0, 0, False, ""
    room = max(1, min(MOST_ANIMATION_FRAMES, MOST_COMPOSED // _pixels(*image.size)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        while index < room and not ended:
            try:
                image.seek(index)
                seen = _over_white(image)
                pause = float(image.info.get("duration") or 0)
            except EOFError:
                ended = True
                continue
            except (*_DAMAGED, MemoryError) as error:
                reason = str(error) or type(error).__name__
                break
            choice.offer(_Frame(second=second, grey=_grey(seen), draw=seen.copy))
            second += pause / 1000 if 0 < pause < 3_600_000 else 0.0
            index += 1
    if not index:
        raise PictureRefused(f"damaged or truncated: {reason or 'no frame'}")
    whole = ended or index == getattr(image, "n_frames", None)
    return _answer("animation", _ANIMATION[image.format or "GIF"], image.size, second if whole else None, choice)


def _over_white(image: Image.Image) -> Image.Image:
    if not image.has_transparency_data:
        return image.convert("RGB")
    flat = Image.new("RGB", image.size, "white")
    layer = image.convert("RGBA")
    flat.paste(layer, mask=layer.getchannel("A"))
    return flat


def _grey(image: Image.Image) -> NDArray[np.float32]:
    return np.asarray(image.resize(_GREY, Image.Resampling.BOX).convert("L"), dtype=np.float32)


def _video(data: bytes, mime: str, most: int) -> dict[str, Any]:
    try:
        av = importlib.import_module("av")
    except ImportError as error:
        raise FramesUnavailable("no reader of videos (av is missing): install mekiki[words]") from error
    try:
        with _opened(av, data, _VIDEO[mime]) as container:  # the track and its codec live no longer than it
            return _video_answer(av, container, mime, most=most, room=len(data))
    except PictureRefused:
        raise
    except (av.FFmpegError, ArithmeticError, AttributeError, RuntimeError, *_DAMAGED) as error:
        raise PictureRefused(f"damaged or truncated video: {getattr(error, 'strerror', None) or error}") from error


def _opened(av: Any, data: bytes, name: str) -> Any:
    def refuse(*_: object) -> None:
        raise PermissionError("a video opens nothing but itself")

    return av.open(
        io.BytesIO(data),
        "r",
        format=name,
        options={"max_pixels": str(MAX_VIDEO_PIXELS), "threads": "1"},
        container_options={
            "codec_whitelist": ",".join(_CODECS),
            "format_whitelist": "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm",
            "protocol_whitelist": "none",
        },
        metadata_errors="replace",
        io_open=refuse,
    )


def _video_answer(av: Any, container: Any, mime: str, *, most: int, room: int) -> dict[str, Any]:
    stream = _track(av, container)
    codec, tick, start = stream.codec_context, stream.time_base or 0, stream.start_time or 0
    codec.thread_count = 1
    codec.skip_frame = "NONREF"  # half of the CPU: a frame that no other one needs is like its neighbours
    codec.options = {"max_pixels": str(MAX_VIDEO_PIXELS)}
    size, choice, shrink = (0, 0), _Choice(most, settled=SETTLED), av.video.reformatter.VideoReformatter()
    packets = _packets(av, container, stream, room)
    for frame in _decoded(av, codec, _plan(packets, MOST_DECODED // _pixels(codec.width, codec.height))):
        grey = _small(frame, shrink)
        if grey is None:
            continue
        second = max(0.0, float(((frame.pts or 0) - start) * tick))
        choice.offer(_Frame(second=second, grey=grey, draw=partial(_drawn, frame)))
        if size == (0, 0):
            size = (frame.height, frame.width) if frame.rotation % 180 else (frame.width, frame.height)
    if size == (0, 0):
        raise PictureRefused("damaged or truncated: no frame of the video can be decoded")
    seconds = float(stream.duration * tick) if stream.duration else (container.duration or 0) / av.time_base
    return _answer("video", mime, size, seconds if 0 < seconds < math.inf else None, choice)


def _track(av: Any, container: Any) -> Any:
    """Return the first track of pictures, unless it is of a kind or size that is not taken."""
    cover = av.stream.Disposition.attached_pic
    streams = [stream for stream in container.streams.video if not stream.disposition & cover]
    if not streams:
        raise PictureRefused("no video in it")
    codec = streams[0].codec_context
    if codec is None or codec.codec.name not in _CODECS:
        raise PictureRefused(f"a video of another kind: {codec.codec.name if codec else 'unknown'}")
    if not 0 < _pixels(codec.width, codec.height) <= MAX_VIDEO_PIXELS:
        raise PictureRefused(f"size refused: {codec.width}x{codec.height}, at most {MAX_VIDEO_PIXELS} pixels")
    return streams[0]


def _packets(av: Any, container: Any, stream: Any, room: int) -> list[Any]:
    """Take out the packets of a track, `room` bytes at most: a table may name the same bytes again and again."""
    packets: list[Any] = []
    try:
        for packet in container.demux(stream):
            room -= packet.size
            if room < 0 or len(packets) >= MOST_PACKETS:
                break
            if packet.size and not packet.is_corrupt:
                packets.append(packet)
    except (av.FFmpegError, *_DAMAGED):
        pass  # truncated: what came before the cut is enough
    return packets


def _plan(packets: list[Any], room: int) -> list[list[Any]]:
    """Spread so many frames over the groups of pictures: the start of each, as no frame needs a later one."""
    if len(packets) <= room:
        return [packets]
    groups: list[list[Any]] = []
    for packet in packets:
        if packet.is_keyframe or not groups:
            groups.append([])
        groups[-1].append(packet)
    *groups, end = groups
    if not groups:
        return [end[:room]]
    tail = end[: max(1, room // 2)]  # whole, if it can be: the last frame is in it
    left = max(1, room - len(tail))
    if len(groups) > left:
        groups = [groups[index * len(groups) // left] for index in range(left)]
    return [*(group[: max(1, left // len(groups))] for group in groups), tail]


def _decoded(av: Any, codec: Any, groups: Iterable[list[Any]]) -> Iterator[Any]:
    """Decode groups of packets; damaged packets cost their own frames, and `MOST_DECODED` holds whatever they say."""
    done = 0
    for group in groups:
        for packet in (*group, None):
            try:
                frames = codec.decode(packet)
            except (av.FFmpegError, *_DAMAGED):
                continue
            for frame in frames:
                done += _pixels(frame.width, frame.height)
                if not frame.is_corrupt:
                    yield frame
            if done >= MOST_DECODED:
                return
        codec.flush_buffers()


def _small(frame: Any, shrink: Any) -> NDArray[np.float32] | None:
    try:
        small = shrink.reformat(frame, *_GREY, "gray", interpolation="AREA", threads=1)
        return np.asarray(small.to_ndarray(), dtype=np.float32)
    except _DAMAGED:
        return None  # a pixel format that cannot be converted


def _drawn(frame: Any) -> Image.Image:
    scale = min(1.0, PICTURE_SIDE / max(frame.width, frame.height))
    width, height = (max(1, round(side * scale)) for side in (frame.width, frame.height))
    image: Image.Image = frame.to_image(width=width, height=height, interpolation="AREA", threads=1)
    return image.rotate(frame.rotation, expand=True) if frame.rotation else image


def _answer(kind: str, mime: str, size: tuple[int, int], seconds: float | None, choice: _Choice) -> dict[str, Any]:
    frames = []
    for second, image in choice.finish():
        image.thumbnail((PICTURE_SIDE, PICTURE_SIDE), Image.Resampling.LANCZOS)
        image.info.clear()
        out = io.BytesIO()
        image.save(out, "JPEG", quality=PICTURE_QUALITY)
        frames.append({"second": round(second, 3), "picture": out.getvalue()})
    if not frames:
        raise PictureRefused("damaged or truncated: no frame")
    return {"kind": kind, "mime": mime, "width": size[0], "height": size[1], "seconds": seconds, "frames": frames}
