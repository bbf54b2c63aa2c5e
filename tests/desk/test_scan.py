"""What an analyst has in hand becomes an item."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from desk.scan import ScanError, looks_like_url, targets
from safety.sandbox import Sandbox
from spiders.eye import Eye
from tests.detector.images.drawn import photo


@pytest.fixture(scope="module")
def eye() -> Iterator[Eye]:
    with Sandbox(workers=1) as children, Eye(children, words=False) as eye:
        yield eye


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://hoshino-denki.test/x y", True),
        ("hoshino-denki.test", True),
        ("hoshino-denki.test/login", True),
        ("星野電機。公式", False),
        ("Hello. World", False),
        ("星野電機の公式", False),
        ("...", False),
    ],
)
def test_a_url_is_told_from_a_sentence(text: str, expected: bool) -> None:
    assert looks_like_url(text) is expected


def test_url_host_and_sentence(eye: Eye) -> None:
    page, host, post = (
        targets(text, eye)[0].item for text in ("https://a.test/x", "hoshino-denki.test", "星野電機 公式セール")
    )
    assert (page.kind, page.url) == ("page", "https://a.test/x")
    assert (host.kind, host.url) == ("domain", "hoshino-denki.test")
    assert (post.kind, post.texts[0].text) == ("post", "星野電機 公式セール")


def test_files_by_their_kind(tmp_path: Path, eye: Eye) -> None:
    Image.effect_noise((200, 200), 90).convert("RGB").save(tmp_path / "a.png")
    (tmp_path / "a.html").write_text("<title>星野電機</title><p>公式セール</p>", "utf-8")
    (tmp_path / "a.txt").write_text("星野電機", "utf-8")
    (tmp_path / "a.jsonl").write_text('{"id": "1", "kind": "ad"}\n\n{"id": "2", "kind": "post"}\n')
    picture = targets(str(tmp_path / "a.png"), eye)[0]
    assert picture.pictures["a.png"].width == 200
    html = targets(str(tmp_path / "a.html"), eye)[0].item
    assert any("星野電機" in text.text for text in html.texts)
    assert targets(str(tmp_path / "a.txt"), eye)[0].item.texts[0].text == "星野電機"
    assert [target.item.id for target in targets(str(tmp_path / "a.jsonl"), eye)] == ["1", "2"]


def test_an_unreadable_file_is_one_line_that_names_it(tmp_path: Path, eye: Eye) -> None:
    (tmp_path / "a.png").write_bytes(b"no picture")
    (tmp_path / "a.bin").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "a.json").write_text('{"id": 1}')
    for name in ("a.png", "a.bin", "a.json"):
        with pytest.raises(ScanError, match=name) as caught:
            targets(str(tmp_path / name), eye)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["", " ", "lost.jpg", "/tmp", "./lost", "inbox/lost.jsonl", "notes.txt"])
def test_a_mistyped_file_is_not_judged_as_a_host(text: str, eye: Eye) -> None:
    with pytest.raises(ScanError, match=r"no such file|got nothing"):
        targets(text, eye)


@pytest.mark.parametrize("text", ["hoshino-x.test/index.html", "/ 星野電機 /", "https://a.example/b.jpg"])
def test_what_only_looks_a_little_like_a_file_is_judged(text: str, eye: Eye) -> None:
    assert len(targets(text, eye)) == 1


def test_the_frames_of_a_video_are_looked_at(tmp_path: Path, eye: Eye) -> None:
    av = pytest.importorskip("av", reason="av is absent: install mekiki[words]")
    with av.open(str(tmp_path / "ad.mp4"), "w") as video:
        stream = video.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
        for number in range(30):
            picture = photo(seed=50 + number // 10, size=(320, 240))
            video.mux(stream.encode(av.VideoFrame.from_image(picture)))
        video.mux(stream.encode())
    target = targets(str(tmp_path / "ad.mp4"), eye)[0]
    assert target.item.videos == ("ad.mp4",)
    assert len(target.item.images) == 3
    assert all(name.startswith("ad.mp4#t=") and target.pictures[name].width == 320 for name in target.item.images)
    (tmp_path / "cut.mp4").write_bytes((tmp_path / "ad.mp4").read_bytes()[:200])
    with pytest.raises(ScanError, match=r"cut\.mp4"):
        targets(str(tmp_path / "cut.mp4"), eye)
