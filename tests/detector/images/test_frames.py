"""Videos and animations: the frames worth looking at, and what hostile files may not do."""

import io
import socket
import struct
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from detector.images import frames
from detector.images.frames import FramesUnavailable, PictureRefused, is_moving, key_frames
from safety.sandbox import Sandbox
from tests.detector.images.drawn import encoded, photo

SIZE = (192, 128)
BLACK = Image.new("RGB", SIZE)


@cache
def scene(seed: int) -> Image.Image:
    return photo(seed=seed, size=SIZE)


def video(shots: list[tuple[Image.Image, int]], *, kind: str = "mp4", rate: int = 10, group: int = 250) -> bytes:
    """Encode pictures, each shown for a number of frames."""
    av = pytest.importorskip("av", reason="no reader of videos: the extra `words` is not installed")
    out = io.BytesIO()
    with av.open(out, "w", format=kind) as container:
        codec, options = (
            ("libvpx-vp9", {"deadline": "realtime", "cpu-used": "8"}) if kind == "webm" else ("libx264", {})
        )
        stream = container.add_stream(codec, rate=rate, options=options or {"preset": "ultrafast"})
        stream.width, stream.height = shots[0][0].size
        stream.pix_fmt, stream.codec_context.thread_count, stream.codec_context.gop_size = "yuv420p", 1, group
        for image, count in shots:
            for _ in range(count):
                container.mux(stream.encode(av.VideoFrame.from_image(image)))
        container.mux(stream.encode(None))
    return out.getvalue()


@cache
def three(kind: str = "mp4") -> bytes:
    return video([(BLACK, 5), (scene(1), 15), (scene(2), 15), (scene(1), 10), (scene(3), 15), (BLACK, 5)], kind=kind)


def gif(images: list[Image.Image], kind: str = "GIF", pause: int = 100) -> bytes:
    return encoded(images[0], kind, save_all=True, append_images=images[1:], duration=pause, loop=0)


def looks_like(picture: bytes, image: Image.Image) -> bool:
    seen = np.asarray(Image.open(io.BytesIO(picture)).convert("RGB").resize(SIZE), dtype=float)
    return float(np.abs(seen - np.asarray(image, dtype=float)).mean()) < 12


def lenient(data: bytes) -> dict[str, Any] | None:
    """Return the answer, or None when it is refused; any other exception fails the test."""
    try:
        answer = key_frames(data)
    except PictureRefused:
        return None
    assert 1 <= len(answer["frames"]) <= 8
    return answer


@pytest.mark.parametrize(("kind", "mime"), [("mp4", "video/mp4"), ("mov", "video/quicktime"), ("webm", "video/webm")])
def test_scenes_in_order_without_blanks_and_repeats(kind: str, mime: str) -> None:
    answer = key_frames(three(kind))
    assert [answer[name] for name in ("kind", "mime", "width", "height")] == ["video", mime, *SIZE]
    assert answer["seconds"] == pytest.approx(6.5, abs=0.2)
    assert [frame["second"] for frame in answer["frames"]] == pytest.approx([0.5, 2.0, 4.5], abs=0.11)
    assert all(looks_like(frame["picture"], scene(n)) for frame, n in zip(answer["frames"], (1, 2, 3), strict=True))


def test_at_most_so_many_first_and_last_among_them() -> None:
    answer = key_frames(video([(scene(n), 6) for n in range(12)]), most=4)
    assert len(answer["frames"]) == 4
    assert looks_like(answer["frames"][0]["picture"], scene(0))
    assert looks_like(answer["frames"][-1]["picture"], scene(11))


def test_cross_fade_gives_no_mixed_frames() -> None:
    fade = [(Image.blend(scene(1), scene(2), step / 12), 1) for step in range(12)]
    answer = key_frames(video([(scene(1), 20), *fade, (scene(2), 20)], rate=12))
    assert [looks_like(frame["picture"], scene(n)) for frame, n in zip(answer["frames"], (1, 2), strict=True)] == [
        True,
        True,
    ]


def test_blank_video_gives_its_one_blank_frame() -> None:
    assert [frame["second"] for frame in key_frames(video([(BLACK, 20)]))["frames"]] == [0.0]


def test_long_video_is_decoded_in_part_over_its_whole_length(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frames, "MOST_DECODED", 60 * SIZE[0] * SIZE[1])
    decoded: list[float] = []
    small = frames._small

    def count(frame: Any, shrink: Any) -> Any:
        decoded.append(frame.pts)
        return small(frame, shrink)

    monkeypatch.setattr(frames, "_small", count)
    answer = key_frames(video([(scene(n % 5), 100) for n in range(10)], group=20))
    assert len(decoded) <= 60
    assert [frame["second"] for frame in answer["frames"]] == pytest.approx([0, 10, 20, 30, 40], abs=2.1)


def test_plan_spreads_over_groups_and_keeps_the_end() -> None:
    class Packet:
        def __init__(self, number: int) -> None:
            self.number, self.is_keyframe = number, number % 10 == 0

    packets = [Packet(number) for number in range(100)]
    plan = frames._plan(packets, 38)
    assert [group[0].number for group in plan] == list(range(0, 100, 10))
    assert plan[-1][-1].number == 99
    assert sum(map(len, plan)) <= 38
    assert sum(map(len, frames._plan(packets, 6))) <= 6
    assert frames._plan(packets[:9], 4) == [packets[:4]]
    assert frames._plan(packets, 100) == [packets]


def test_large_video_gives_reduced_pictures_and_rotation_is_applied() -> None:
    data = video([(photo(seed=5, size=(1600, 200)), 3)])
    assert Image.open(io.BytesIO(key_frames(data)["frames"][0]["picture"])).size == (1280, 160)
    at = data.index(b"tkhd") + 4 + 40  # the matrix of a version 0 header
    quarter = struct.pack(">9i", 0, 1 << 16, 0, -(1 << 16), 0, 0, 0, 0, 1 << 30)
    turned = key_frames(data[:at] + quarter + data[at + 36 :])
    assert (turned["width"], turned["height"]) == (200, 1600)
    assert Image.open(io.BytesIO(turned["frames"][0]["picture"])).size == (160, 1280)


@pytest.mark.parametrize(("kind", "mime"), [("GIF", "image/gif"), ("WEBP", "image/webp"), ("PNG", "image/apng")])
def test_animations(kind: str, mime: str) -> None:
    shots = [BLACK, scene(1), scene(2), scene(1), scene(3), scene(4)]
    answer = key_frames(gif(shots, kind))
    assert [answer[name] for name in ("kind", "mime", "width", "height")] == ["animation", mime, *SIZE]
    assert answer["seconds"] == pytest.approx(0.6)
    assert [frame["second"] for frame in answer["frames"]] == pytest.approx([0.1, 0.2, 0.4, 0.5])
    assert looks_like(answer["frames"][1]["picture"], scene(2))


def test_long_animation_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frames, "MOST_ANIMATION_FRAMES", 4)
    answer = key_frames(gif([scene(n) for n in range(8)]))
    assert [frame["second"] for frame in answer["frames"]] == pytest.approx([0.0, 0.1, 0.2, 0.3])
    assert answer["seconds"] is None
    monkeypatch.setattr(frames, "MOST_COMPOSED", 2 * SIZE[0] * SIZE[1])
    assert len(key_frames(gif([scene(n) for n in range(8)]))["frames"]) == 2


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "JPEG"])
def test_still_pictures_do_not_move(kind: str) -> None:
    assert not is_moving(encoded(scene(1), kind))
    with pytest.raises(PictureRefused, match="neither"):
        key_frames(encoded(scene(1), kind))


def test_what_moves() -> None:
    for data in (gif([scene(1), scene(2)], kind) for kind in ("GIF", "WEBP", "PNG")):
        assert is_moving(data)
    for head in (
        b"\0\0\0\x20ftypisom",
        b"\0\0\0\x14ftypqt  ",
        b"\x1a\x45\xdf\xa3\x9f\x42\x82\x84webm",
        b"\0\0\0\x08wide",
    ):
        assert is_moving(head)
    for head in (
        b"",
        b"GIF89a",
        b"RIFF\0\0\0\0WEBPVP8X",
        b"\x89PNG\r\n\x1a\n",
        b"\0\0\0\x20ftypavif",
        b"#EXTM3U\n",
        b"\0" * 64,
    ):
        assert not is_moving(head)


def test_missing_reader_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "av", None)
    with pytest.raises(FramesUnavailable, match=r"install mekiki\[words\]"):
        key_frames(b"\0\0\0\x20ftypisom" + bytes(32))
    assert key_frames(gif([scene(1), scene(2)]))["kind"] == "animation"


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """Accept nothing, so that a connection would wait to be seen."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        yield server


@pytest.mark.parametrize("head", [b"", b"\0\0\0\x18ftypisom\0\0\0\0isommp42", b"\x1a\x45\xdf\xa3\x9f\x42\x82\x84webm"])
def test_playlists_open_nothing(tmp_path: Path, listener: socket.socket, head: bytes) -> None:
    target = tmp_path / "secret.mp4"
    target.write_bytes(three())
    link = f"http://127.0.0.1:{listener.getsockname()[1]}/a.mp4"
    for text in (
        f"#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\n{link}\n#EXTINF:5,\nfile://{target}\n#EXT-X-ENDLIST\n",
        f"ffconcat version 1.0\nfile '{target}'\nfile '{link}'\n",
        f'<?xml version="1.0"?><MPD><Period><BaseURL>{link}</BaseURL></Period></MPD>',
        f"v=0\no=- 0 0 IN IP4 127.0.0.1\nu={link}\nm=video 0 RTP/AVP 96\n",
    ):
        assert lenient(head + text.encode()) is None
    with pytest.raises(BlockingIOError):
        listener.accept()


def test_external_track_is_not_opened(tmp_path: Path) -> None:
    target = tmp_path / "secret.mp4"
    target.write_bytes(three())
    assert lenient(external(three(), str(target).encode())) is None


def external(data: bytes, path: bytes) -> bytes:
    """Let the only track of an MP4 with its header at the end name another file for its pictures."""
    assert data.index(b"mdat") < data.index(b"moov")
    path += b"\0" * (len(path) % 2)
    record = bytes(10) + b"\1v" + bytes(26) + bytes(12) + b"\1f" + bytes(62) + bytes(16) + struct.pack(">hh", 1, 1)
    record += bytes(16) + struct.pack(">HH", 2, len(path)) + path + b"\xff\xff\0\0"
    alias = struct.pack(">I4sI", 12 + len(record), b"alis", 0) + record
    old = data.index(b"dref") + 12
    grown = len(alias) - struct.unpack(">I", data[old : old + 4])[0]
    result = bytearray(data[:old] + alias + data[old + struct.unpack(">I", data[old : old + 4])[0] :])
    for box in (b"moov", b"trak", b"mdia", b"minf", b"dinf", b"dref"):
        at = result.index(box) - 4
        result[at : at + 4] = struct.pack(">I", struct.unpack(">I", result[at : at + 4])[0] + grown)
    return bytes(result)


@pytest.mark.parametrize("kind", ["mp4", "mov", "webm", "GIF", "WEBP", "PNG"])
def test_damaged_files_are_refused_or_give_frames(kind: str) -> None:
    data = three(kind) if kind.islower() else gif([scene(n) for n in range(4)], kind)
    random = np.random.default_rng(7)
    answers = []
    for part in (0.001, 0.01, 0.1, 0.3, 0.5, 0.8, 0.95, 0.999):
        answers.append(lenient(data[: int(len(data) * part)]))
        lenient(data[: int(len(data) * part) + 64] + random.bytes(4000))
    for _ in range(12):
        broken = bytearray(data)
        for place in random.integers(0, len(data), 20):
            broken[place] = random.integers(0, 256)
        lenient(bytes(broken))
    assert answers[0] is None
    assert kind in ("mp4", "mov", "WEBP") or answers[-2] is not None  # those keep what is needed at their end


def test_truncated_webm_gives_what_came_before() -> None:
    answer = key_frames(three("webm")[: len(three("webm")) // 2])
    assert looks_like(answer["frames"][0]["picture"], scene(1))


def test_declared_sizes_are_refused_before_decoding() -> None:
    data = bytearray(gif([scene(1), scene(2)]))
    data[6:10] = struct.pack("<HH", 65535, 65535)
    with pytest.raises(PictureRefused, match="too many pixels"):
        key_frames(bytes(data))
    data = bytearray(gif([scene(1), scene(2)], "WEBP"))
    data[24:30] = b"\xff\x3f\0" * 2
    with pytest.raises(PictureRefused, match="too many pixels"):
        key_frames(bytes(data))
    assert not is_moving(bytes(data))
    mp4 = bytearray(three())
    at = mp4.index(b"avc1") + 4 + 24
    mp4[at : at + 4] = struct.pack(">HH", 65535, 65535)
    lenient(bytes(mp4))


def test_too_large_video_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frames, "MAX_VIDEO_PIXELS", SIZE[0] * SIZE[1] - 1)
    with pytest.raises(PictureRefused):
        key_frames(three())
    monkeypatch.setattr(frames, "MAX_VIDEO_BYTES", 100)
    with pytest.raises(PictureRefused, match="too large"):
        key_frames(three())


def test_in_the_sandbox() -> None:
    with Sandbox(workers=1, cpu_seconds=10, wall_seconds=60) as sandbox:
        answer = sandbox.call("detector.images.frames:key_frames", three(), most=2)
    assert len(answer["frames"]) == 2
    assert looks_like(answer["frames"][0]["picture"], scene(1))
