import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
from PIL import Image, ImageDraw, ImageFont

from detector.images.errors import PictureRefused
from detector.images.words import WordsUnavailable, blocks, read_words
from safety.sandbox import Refused, Sandbox
from tests.detector.images.drawn import encoded, photo
from tests.detector.images.test_decode import _png_header

FONTS = (
    "opentype/noto/NotoSansCJK-Bold.ttc",
    "truetype/vlgothic/VL-Gothic-Regular.ttf",
    "truetype/fonts-japanese-gothic.ttf",
)
FONT = next((path for name in FONTS if (path := Path("/usr/share/fonts") / name).is_file()), None)
needs_reader = pytest.mark.skipif(find_spec("rapidocr") is None, reason="rapidocr is absent: install mekiki[words]")
needs_font = pytest.mark.skipif(
    FONT is None, reason="no Japanese font is installed: Debian's fonts-noto-cjk or fonts-vlgothic"
)


def _font(size: int) -> ImageFont.FreeTypeFont:
    assert FONT is not None
    return ImageFont.truetype(FONT, size)


def _drawn(size: tuple[int, int], *texts: tuple[int, int, int, str]) -> Image.Image:
    """Draw texts (left, top, height in pixels, text) in dark on white."""
    image = Image.new("RGB", size, "white")
    for left, top, height, text in texts:
        ImageDraw.Draw(image).text((left, top), text, font=_font(height), fill=(20, 20, 60))
    return image


def _line(text: str, *box: int) -> dict[str, object]:
    return {"text": text, "box": list(box), "confidence": 0.9}


def _texts(lines: list[dict[str, object]]) -> list[str]:
    return [text for text, _ in blocks(lines)]


@needs_reader
@needs_font
def test_words_are_read_in_order_with_their_places() -> None:
    image = _drawn((800, 400), (60, 300, 30, "Hoshino Denki sale"), (40, 40, 48, "星野電機の公式セール"))
    answer = read_words(encoded(image, "JPEG"))
    assert answer["engine"].startswith("rapidocr 3.")
    assert [line["text"] for line in answer["lines"]] == ["星野電機の公式セール", "Hoshino Denki sale"]
    left, top, width, height = answer["lines"][0]["box"]
    assert left == pytest.approx(40, abs=8)
    assert top == pytest.approx(48, abs=12)
    assert width == pytest.approx(480, abs=16)
    assert height == pytest.approx(48, abs=16)
    assert all(0.9 < line["confidence"] <= 1 for line in answer["lines"])


@needs_reader
@needs_font
def test_a_tall_picture_is_read_at_both_ends() -> None:
    image = _drawn((1080, 6000), (50, 60, 30, "閉店セール開催中"), (500, 5900, 30, "送料無料でお届け"))
    lines = read_words(encoded(image))["lines"]
    assert [line["text"] for line in lines] == ["閉店セール開催中", "送料無料でお届け"]
    assert lines[1]["box"][1] == pytest.approx(5905, abs=15)


@needs_reader
@needs_font
def test_small_print_of_a_large_picture_is_read() -> None:
    others = [(100, 100, 120, "星野電機 公式セール"), (100, 400, 60, "本日限り送料無料"), (100, 900, 60, "残りわずか")]
    image = _drawn((2560, 1440), *others, (1800, 1300, 20, "これは広告ではありません"))
    assert "これは広告ではありません" in [line["text"] for line in read_words(encoded(image))["lines"]]


@needs_reader
@needs_font
def test_a_line_where_two_bands_meet_is_read_once() -> None:
    image = _drawn((700, 4000), *((60, top, 40, f"送料無料 {top}") for top in range(600, 3900, 55)))
    texts = [line["text"].replace(" ", "") for line in read_words(encoded(image))["lines"]]
    assert texts == [f"送料無料{top}" for top in range(600, 3900, 55)]


@needs_reader
@needs_font
def test_fewer_pixels_may_be_asked_for() -> None:
    image = encoded(_drawn((1200, 1200), (40, 40, 20, "小さな文字")))
    assert read_words(image)["lines"]
    assert not read_words(image, most_pixels=20_000)["lines"]


@needs_reader
@needs_font
def test_a_very_long_line_is_read_in_pieces() -> None:
    text = "The Hoshino Denki anniversary sale ends today. " * 5
    image = _drawn((int(_font(24).getlength(text)) + 40, 80), (20, 20, 24, text))
    lines = read_words(encoded(image))["lines"]
    assert "".join(line["text"] for line in lines).replace(" ", "") == text.replace(" ", "")


@needs_reader
@needs_font
def test_writing_from_top_to_bottom_is_read_from_the_right() -> None:
    columns = [
        (300 - 90 * column, 40 + 52 * row, 48, character)
        for column, text in enumerate(["星野電機の公式", "本日限り送料無料"])
        for row, character in enumerate(text)
    ]
    answer = read_words(encoded(_drawn((400, 520), *columns)))
    assert _texts(answer["lines"]) == ["星野電機の公式本日限り送料無料"]


@needs_reader
@needs_font
def test_boxes_are_those_of_the_upright_picture() -> None:
    image = _drawn((700, 300), (40, 40, 40, "公式ストア"))
    exif = Image.Exif()
    exif[0x0112] = 6  # stored lying: turn by 90 degrees to see it
    data = encoded(image.rotate(90, expand=True), "JPEG", exif=exif)
    (line,) = read_words(data)["lines"]
    assert line["text"] == "公式ストア"
    assert line["box"][0] == pytest.approx(40, abs=10)


@needs_reader
@pytest.mark.parametrize("size", [(1, 1), (3, 3000), (3000, 3), (300, 200)])
def test_a_picture_without_words_has_no_lines(size: tuple[int, int]) -> None:
    assert read_words(encoded(Image.new("RGB", size, "orange")))["lines"] == []


@needs_reader
@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (b"<html>", "not a JPEG"),
        (encoded(photo(seed=1, size=(320, 200)), "JPEG")[:-900], "truncated"),
        (_png_header(30_000, 30_000), "too many pixels"),
    ],
)
def test_hostile_bytes_are_refused(data: bytes, reason: str) -> None:
    with pytest.raises(PictureRefused, match=reason):
        read_words(data)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(workers=1, cpu_seconds=30, wall_seconds=60, memory_bytes=3 << 30) as box:
        yield box


@needs_reader
@needs_font
def test_words_are_read_in_the_sandbox(sandbox: Sandbox) -> None:
    image = _drawn((1080, 1920), (60, 900, 48, "星野電機 公式セール"))
    answer = sandbox.call("detector.images.words:read_words", encoded(image))
    assert "".join(answer["lines"][0]["text"].split()) == "星野電機公式セール"


@needs_reader
def test_the_sandbox_refuses_hostile_bytes(sandbox: Sandbox) -> None:
    with pytest.raises(Refused, match="too many pixels"):
        sandbox.call("detector.images.words:read_words", _png_header(30_000, 30_000))


BLOCKER = """
import sys
class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == {missing!r}:
            raise ModuleNotFoundError("No module named " + name, name=name)
sys.meta_path.insert(0, Blocker())
sys.path.insert(0, ".")
from detector.images.words import WordsUnavailable, read_words
try:
    read_words(b"")
except WordsUnavailable as error:
    print(error)
"""


@pytest.mark.parametrize("missing", ["rapidocr", pytest.param("cv2", marks=needs_reader)])
def test_a_missing_extra_is_named(missing: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", BLOCKER.format(missing=missing)], capture_output=True, text=True, check=True
    )
    assert done.stdout == f"no reader of words in pictures ({missing} is missing): install mekiki[words]\n"


@needs_reader
def test_a_missing_model_is_named_and_not_downloaded(tmp_path: Path) -> None:
    package = tmp_path / "rapidocr"
    package.mkdir()
    (package / "__init__.py").write_text("RapidOCR = None\n")
    code = f"import sys; sys.path[:0] = [{str(tmp_path)!r}, '.']\n" + BLOCKER.format(missing="requests")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("rapidocr 3.")
    assert done.stdout.endswith("lacks its model PP-OCRv6_det_small.onnx: install mekiki[words] again\n")


def test_unavailable_is_a_value_error() -> None:
    assert issubclass(WordsUnavailable, ValueError)


def test_a_broken_sentence_is_joined_without_spaces_in_japanese() -> None:
    lines = [_line("星野電機の創業者が", 40, 40, 500, 50), _line("語る投資の秘訣", 40, 105, 400, 50)]
    assert _texts(lines) == ["星野電機の創業者が語る投資の秘訣"]


def test_a_broken_sentence_is_joined_with_spaces_in_english() -> None:
    lines = [_line("Hoshino Denki", 40, 40, 300, 40), _line("anniversary sale", 60, 90, 320, 40)]
    assert _texts(lines) == ["Hoshino Denki anniversary sale"]


def test_words_of_one_row_are_joined_from_the_left() -> None:
    lines = [_line("90%OFF", 260, 42, 120, 40), _line("本日限り", 40, 40, 200, 40)]
    assert _texts(lines) == ["本日限り90%OFF"]


@pytest.mark.parametrize(
    "other",
    [
        pytest.param((40, 200, 300, 40), id="far below"),
        pytest.param((500, 40, 300, 40), id="another column"),
        pytest.param((40, 85, 300, 90), id="much larger"),
        pytest.param((40, 85, 40, 300), id="written downwards"),
    ],
)
def test_lines_apart_stay_apart(other: tuple[int, int, int, int]) -> None:
    assert _texts([_line("公式", 40, 40, 300, 40), _line("広告", *other)]) == ["公式", "広告"]


def test_a_line_between_two_blocks_makes_them_one() -> None:
    lines = [_line("三", 40, 150, 300, 40), _line("一", 40, 40, 300, 40), _line("二", 40, 95, 300, 40)]
    assert _texts(lines) == ["一二三"]


def test_the_box_of_a_block_is_around_its_lines() -> None:
    lines = [_line("Hoshino Denki", 40, 44, 300, 40), _line("anniversary sale", 60, 90, 320, 40)]
    assert blocks(lines) == [("Hoshino Denki anniversary sale", (40, 44, 340, 86))]


def test_nothing_joins_to_nothing() -> None:
    assert _texts([]) == []
