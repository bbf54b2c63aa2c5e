"""Pictures are read for words where there is a reader and time, once; what moves is looked at scene by scene."""

import io
from collections.abc import Iterator
from dataclasses import replace
from importlib.util import find_spec

import pytest
from PIL import Image, ImageDraw, ImageFont

import spiders.eye
from detector.items import Item
from safety.sandbox import Sandbox, SandboxError
from spiders.eye import Eye
from spiders.found import with_frames
from spiders.shelf import Shelf
from spiders.sinks import DrySink
from tests.detector.images.drawn import encoded, photo

needs_reader = pytest.mark.skipif(find_spec("rapidocr") is None, reason="rapidocr is absent: install mekiki[words]")


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(workers=1) as children:
        yield children


def _picture(text: str = "Hoshino Denki sale") -> bytes:
    image = Image.new("RGB", (640, 200), "white")
    ImageDraw.Draw(image).text((40, 60), text, font=ImageFont.load_default(48), fill="black")
    return encoded(image)


@needs_reader
def test_words_are_read_with_their_place(sandbox: Sandbox) -> None:
    with Eye(sandbox) as eye:
        seen = eye.look(_picture())
        assert not eye.would_see_more(seen.hash)
    assert seen.hash.texts is not None
    (text,) = seen.hash.texts
    assert (text.kind, text.text) == ("words", "Hoshino Denki sale")
    assert text.box[0] == pytest.approx(40, abs=10)
    assert eye.unread_because is None


@needs_reader
def test_when_the_time_is_spent_pictures_wait_for_the_next_sight(sandbox: Sandbox) -> None:
    with Eye(sandbox, seconds=0.001) as eye:
        shelf = Shelf(eye, DrySink())
        first = shelf.shelve(_picture("one"))
        second = shelf.shelve(_picture("two"))
    assert first.hash is not None
    assert second.hash is not None
    assert first.hash.texts  # the picture that was begun is read to its end
    assert second.hash.texts is None
    assert shelf.unread == 1
    assert "words_seconds" in str(shelf.unread_because)
    with Eye(sandbox) as later:
        assert later.would_see_more(second.hash)
        assert not later.would_see_more(first.hash)
        shelf._eye = later
        again = shelf.shelve(_picture("two"))
    assert again.hash is not None
    assert again.hash.texts


def test_a_picture_seen_by_other_networks_is_looked_at_again(sandbox: Sandbox) -> None:
    with Eye(sandbox, words=False) as eye:
        seen = eye.look(_picture())
        assert not eye.would_see_more(seen.hash)
        assert eye.would_see_more(replace(seen.hash, eye="12345678"))
    assert seen.hash.texts is None
    assert eye.unread_because is None


def test_a_missing_reader_is_named_once(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spiders.eye, "_NEEDED", ("no_such_reader",))
    with Eye(sandbox) as eye:
        shelf = Shelf(eye, DrySink())
        record = shelf.shelve(_picture())
    assert record.hash is not None
    assert record.hash.texts is None
    assert shelf.unread_because == "no reader of words in pictures (no_such_reader is missing): install mekiki[words]"


def test_what_is_no_picture_is_refused(sandbox: Sandbox) -> None:
    with Eye(sandbox) as eye, pytest.raises(SandboxError, match="not a JPEG"):
        eye.look(b"<html>")


def _animation(scenes: int, *, kind: str = "GIF") -> bytes:
    frames = [photo(seed=60 + number, size=(320, 240)) for number in range(scenes)]
    out = io.BytesIO()
    frames[0].save(out, kind, save_all=True, append_images=frames[1:], duration=1000, loop=0)
    return out.getvalue()


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
def test_the_scenes_of_an_animation_are_pictures_of_their_own(sandbox: Sandbox, kind: str) -> None:
    with Eye(sandbox, words=False) as eye:
        shelf = Shelf(eye, DrySink())
        frames = shelf.shelve_frames("https://cdn.example/a", _animation(3, kind=kind))
    assert list(frames) == [
        "https://cdn.example/a#t=0.00",
        "https://cdn.example/a#t=1.00",
        "https://cdn.example/a#t=2.00",
    ]
    assert len({record.sha256 for record in frames.values()}) == 3
    assert {record.mime for record in frames.values()} == {"image/jpeg"}


def test_a_still_has_no_frames_and_is_not_read_twice(sandbox: Sandbox) -> None:
    with Eye(sandbox, words=False) as eye:
        assert eye.watch(_picture()) == []
        assert eye.watch(_animation(1)) == []
        assert eye.watch(b"GIF89a") == []


def test_what_is_no_video_is_refused(sandbox: Sandbox) -> None:
    with Eye(sandbox, words=False) as eye, pytest.raises(SandboxError, match="neither a video"):
        eye.watch(b"<html>")


def test_frames_are_named_in_the_item_they_belong_to() -> None:
    item = Item(id="1", kind="ad", images=("a.gif", "b.png"), videos=("c.mp4",))
    names = ["a.gif#t=0.00", "c.mp4#t=3.20", "other.gif#t=0.00", "b.png"]
    assert with_frames(item, names).images == ("a.gif", "b.png", "a.gif#t=0.00", "c.mp4#t=3.20")
    assert with_frames(with_frames(item, names), names) == with_frames(item, names)
    assert with_frames(item, ["b.png"]) is item
