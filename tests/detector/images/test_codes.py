import io
import subprocess
import sys
from importlib.util import find_spec

import pytest
from PIL import Image

from detector.images.codes import MOST_CODES, MOST_TEXT, read_codes
from detector.images.errors import PictureRefused
from safety.sandbox import Sandbox
from tests.detector.images.drawn import encoded, photo

pytestmark = pytest.mark.skipif(find_spec("zxingcpp") is None, reason="zxing-cpp is absent: install mekiki[words]")
segno = pytest.importorskip("segno", reason="segno, which draws codes for tests, is absent")
ADDRESS = "https://hoshino-denki.example/sale?from=qr"


def _code(text: str, *, scale: int = 5, **options: object) -> Image.Image:
    out = io.BytesIO()
    segno.make(text, **options).save(out, kind="png", scale=scale, border=4)
    return Image.open(out).convert("RGB")


def _in(ground: Image.Image, *places: tuple[Image.Image, tuple[int, int]]) -> bytes:
    for code, place in places:
        ground.paste(code, place)
    return encoded(ground, "JPEG", quality=80)


def test_a_code_is_read_with_its_place() -> None:
    code = _code(ADDRESS)
    (found,) = read_codes(_in(photo(seed=3, size=(800, 600)), (code, (450, 200))))
    assert (found["kind"], found["text"]) == ("QRCode", ADDRESS)
    border, side = 4 * 5, code.width - 2 * 4 * 5
    assert found["box"] == pytest.approx([450 + border, 200 + border, side, side], abs=6)


def test_a_code_in_a_large_picture_has_its_place_there() -> None:
    (found,) = read_codes(_in(Image.new("RGB", (5000, 4000), "white"), (_code(ADDRESS, scale=20), (3000, 2000))))
    assert found["text"] == ADDRESS
    assert found["box"][:2] == pytest.approx([3080, 2080], abs=20)


def test_a_micro_code_is_read() -> None:
    (found,) = read_codes(encoded(_code("12345", scale=10, micro=True)))
    assert (found["kind"], found["text"]) == ("MicroQRCode", "12345")


def test_several_codes_are_read() -> None:
    ground = Image.new("RGB", (900, 400), "white")
    found = read_codes(_in(ground, (_code("one"), (50, 50)), (_code("two"), (500, 50))))
    assert sorted(code["text"] for code in found) == ["one", "two"]


def test_no_more_than_the_limit_are_returned() -> None:
    ground = Image.new("RGB", (1500, 800), "white")
    places = [
        (_code(f"code {number}", scale=4), (20 + 180 * (number % 8), 20 + 180 * (number // 8))) for number in range(24)
    ]
    assert len(read_codes(_in(ground, *places))) == MOST_CODES


@pytest.mark.parametrize("text", ["javascript:alert(1)", "\x1b[2J", "=HYPERLINK(1)", "星野電機", "file:///etc/passwd"])
def test_what_a_code_says_is_data(text: str) -> None:
    assert [code["text"] for code in read_codes(encoded(_code(text)))] == [text]


def test_a_long_text_is_cut() -> None:
    (found,) = read_codes(encoded(_code("1234567890" * 300, scale=6)))
    assert found["text"] == "1234567890" * (MOST_TEXT // 10)


def test_a_picture_without_codes_has_none() -> None:
    assert read_codes(encoded(photo(seed=5, size=(400, 300)))) == []


@pytest.mark.parametrize(
    ("data", "reason"),
    [(b"", "empty"), (b"GIF89a", "damaged|not a JPEG"), (encoded(_code("x"))[:-60], "trunc|damaged")],
)
def test_hostile_bytes_are_refused(data: bytes, reason: str) -> None:
    with pytest.raises(PictureRefused, match=reason):
        read_codes(data)


def test_codes_are_read_in_the_sandbox() -> None:
    with Sandbox(workers=1) as box:
        (found,) = box.call("detector.images.codes:read_codes", encoded(_code(ADDRESS)))
    assert found["text"] == ADDRESS


def test_a_missing_extra_is_named() -> None:
    code = """
import sys
class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name == "zxingcpp":
            raise ModuleNotFoundError("No module named " + name, name=name)
sys.meta_path.insert(0, Blocker())
sys.path.insert(0, ".")
from detector.images.codes import read_codes
from detector.images.words import WordsUnavailable
try:
    read_codes(b"")
except WordsUnavailable as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "no reader of codes in pictures (zxingcpp is missing): install mekiki[words]\n"
