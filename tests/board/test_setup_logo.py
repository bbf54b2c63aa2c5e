"""Trying a logo: where it would have been found, what people said of that, and what is refused in a line."""

import io
import re
import struct
import zlib
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from PIL import Image, ImageDraw

from board.setup import logo as page_of
from config.board import Role
from desk.enrolling import NoLogo, search, tried
from detector.images.decode import inspect
from detector.images.hash import picture_hash_from_dict
from detector.items import Item, Text
from safety.sandbox import Sandbox
from storage.cases import Judgement, judge
from storage.database import snapshot, transaction
from storage.pictures import PictureRecord, save_picture
from tests.board.conftest import Somebody
from tests.console.conftest import NOW, Store
from tests.storage.examples import see


def a_logo() -> bytes:
    """Draw a mark that is not plain: a house in a ring, with rays."""
    image = Image.new("RGBA", (400, 400), (0, 0, 0, 0))
    draw = ImageDraw.Draw(image)
    draw.ellipse((10, 10, 390, 390), outline=(200, 30, 40, 255), width=34)
    draw.polygon(
        [(200, 80), (310, 190), (270, 190), (270, 300), (130, 300), (130, 190), (90, 190)], fill=(20, 60, 160, 255)
    )
    draw.rectangle((180, 220, 220, 300), fill=(250, 250, 250, 255))
    for x in (60, 340):
        draw.polygon([(x, 200), (x + 24, 170), (x + 24, 230)], fill=(240, 180, 0, 255))
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


LOGO = a_logo()


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(workers=1, cpu_seconds=20, wall_seconds=60) as one:
        yield one


@pytest.fixture
def shown(store: Store, sandbox: Sandbox) -> Store:
    """Put pictures with the logo into two cases, one of them dismissed, and one without it into none."""
    trials = sandbox.call("console.logo_trial:draw_trials", LOGO, seed=3, count=48)
    large = [one for one in trials if one["side"] >= 60]
    plain = [one["picture"] for one in large if one["change"] in ("as it is", "compressed")][:2]
    assert len(plain) == 2
    ground = sandbox.call("console.logo_trial:draw_grounds", b"", seed=5, count=1)[0]
    cases = []
    for number, data in enumerate((*plain, ground)):
        found = inspect(data)
        record = PictureRecord(
            sha256=store.media.put(data),
            mime=found["mime"],
            bytes=len(data),
            width=found["width"],
            height=found["height"],
            hash=picture_hash_from_dict(found["hash"]),
            rendition=store.media.put(found["rendition"]),
        )
        with transaction(store.engine) as session:
            save_picture(session, record, NOW + timedelta(minutes=number))
        if number < 2:
            texts = ("星野電機 公式 在庫処分 残り3点 今すぐLINE", "星野電機 公式 懸賞 当選 口座番号をご入力ください")
            item = Item(
                id=f"logo-{number}",
                kind="ad",
                platform="demo",
                texts=(Text(role="body", text=texts[number]),),
                links=(f"https://hoshinodenki-{'ab'[number]}.test/",),
                images=(f"https://cdn{number}.example/x.png",),
                seen_at=NOW,
            )
            [case] = see(store.engine, item, at=NOW, source="tips", pictures={item.images[0]: record.sha256}).cases
            cases.append(case)
    assert len(set(cases)) == 2
    with transaction(store.engine) as session:
        dismissed = Judgement(action="dismiss", who="aoki", reason="reseller", until=NOW + timedelta(days=90))
        judge(session, cases[1], dismissed, now=NOW + timedelta(hours=1))
    return store


def upload(one: Somebody, data: bytes, name: str = "mark.png", **fields: Any) -> Any:
    one.client.cookies.set("language", "en")
    return one.post("/setup/logo", {"brand": "hoshino", **fields}, files={"logo": (name, data)})


def test_it_shows_where_the_logo_would_have_been_found(shown: Store, somebody: Callable[..., Somebody]) -> None:
    answer = upload(somebody("analyst"), LOGO)
    assert answer.status_code == 200, answer.text
    assert "Looked at the latest 6 of 6 stored pictures" in answer.text
    alarms, _, rest = answer.text.partition("Where it would have been found")
    assert "false alarms to expect" in alarms
    assert re.findall(r'/case/(\d+)">', alarms) == ["5"]
    assert re.findall(r'/case/(\d+)">', rest) == ["4"]
    assert answer.text.count('<rect x="') == 2
    assert "logos = [&#34;logos/mark.png&#34;]" in answer.text


def test_the_copy_is_pixels_alone(shown: Store, somebody: Callable[..., Somebody]) -> None:
    one = somebody("analyst")
    hidden = LOGO + b"<script>alert(1)</script>"  # behind the end of the picture
    page = upload(one, hidden, name="../../星野 <script>.PNG").text
    assert "<script>alert" not in page
    address = re.search(r"/setup/logo/[0-9a-f]{64}", page)
    assert address is not None
    copy = one.get(f"{address[0]}?download=1")
    assert copy.headers["content-type"] == "image/png"
    assert copy.headers["content-disposition"] == 'attachment; filename="script.png"'
    assert b"script" not in copy.content
    assert Image.open(io.BytesIO(copy.content)).mode == "RGBA"
    assert one.get(f"/setup/logo/{'0' * 64}").status_code == 404


def test_it_stops_when_time_is_up(shown: Store, sandbox: Sandbox) -> None:
    logo = tried(LOGO, "mark.png", sandbox)
    with snapshot(shown.engine) as session:
        whole = search(session, logo, goes_on=lambda: True)
        nothing = search(session, logo, goes_on=lambda: False)
    assert (whole.looked_at, whole.of, len(whole.found)) == (6, 6, 2)
    assert (nothing.looked_at, nothing.of, nothing.found) == (0, 6, ())


def test_pictures_of_other_networks_are_not_compared(
    shown: Store, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    logo = tried(LOGO, "mark.png", sandbox)
    monkeypatch.setattr("desk.enrolling.version", lambda: "others")
    with snapshot(shown.engine) as session:
        found = search(session, logo, goes_on=lambda: True)
    assert (found.looked_at, found.others, found.found) == (6, 6, ())


def test_a_plain_logo_is_warned_of(sandbox: Sandbox) -> None:
    image = Image.new("RGBA", (300, 300), (0, 0, 0, 0))
    ImageDraw.Draw(image).ellipse((20, 20, 280, 280), fill=(200, 0, 0, 255))
    out = io.BytesIO()
    image.save(out, "PNG")
    [warning] = tried(out.getvalue(), "disc.png", sandbox).warnings
    assert "too plain" in warning


def svg(body: str, head: str = "") -> bytes:
    return f'{head}<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9">{body}</svg>'.encode()


def bomb() -> bytes:
    """Return a PNG of a few kilobytes that says it has 900 million pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 30_000, 30_000, 8, 2, 0, 0, 0)
    pixels = zlib.compress(bytes(10_000_000), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "empty"),
        (b"MZ" + bytes(1000), "not a JPEG, PNG, GIF or WebP picture"),
        (bomb(), "too many pixels"),
        (svg("<script>alert(1)</script><rect width='9' height='9'/>"), "SVG holds a script"),
        (svg("<rect onload='alert(1)' width='9' height='9'/>"), "SVG holds a script"),
        (svg("<image href='https://evil.test/a.png' width='9' height='9'/>"), "outside itself"),
        (svg("&x;", '<!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/hostname">]>'), "entities"),
        (svg(""), "nothing is drawn"),
        (b"GIF89a" + b"<svg xmlns='http://www.w3.org/2000/svg'/>", "refused"),
        (LOGO[:400], "truncated"),
        (b"x" * (5 * 2**20 + 1), "at most 5 MiB"),
    ],
    ids=["empty", "program", "bomb", "script", "handler", "outside", "entity", "nothing", "polyglot", "cut", "large"],
)
def test_hostile_files_are_refused_in_a_line(somebody: Callable[..., Somebody], data: bytes, says: str) -> None:
    answer = upload(somebody("analyst"), data)
    assert answer.status_code == 422
    line = re.search(r'role="alert">(.*?)</p>', answer.text, re.DOTALL)
    assert line is not None
    assert "\n" not in line[1].strip()
    assert says in line[1] or (says == "refused" and "cannot be enrolled" in line[1])
    assert "Looked at" not in answer.text


def test_a_hundred_megabytes_are_not_even_read(somebody: Callable[..., Somebody]) -> None:
    assert upload(somebody("analyst"), bytes(100 * 2**20)).status_code == 413


def test_a_gif_is_no_logo(sandbox: Sandbox) -> None:
    out = io.BytesIO()
    Image.open(io.BytesIO(LOGO)).convert("P").save(out, "GIF")
    with pytest.raises(NoLogo, match="expected PNG, JPEG, WebP or SVG"):
        tried(out.getvalue(), "a.gif", sandbox)


def test_no_file(somebody: Callable[..., Somebody]) -> None:
    assert somebody("analyst").post("/setup/logo", {"brand": "hoshino"}).status_code == 422


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("hoshino.svg", "hoshino.png"),
        ("../../etc/passwd", "passwd.png"),
        ('a"; x=\r\n.png', "a---x.png"),
        ("星野.png", "logo.png"),
        ("C:\\fakepath\\Mark 2.webp", "Mark-2.png"),
        ("x" * 300, "x" * 60 + ".png"),
    ],
)
def test_of_a_name_only_letters_come_in(given: str, name: str) -> None:
    assert page_of.name_of(given) == name


@pytest.mark.parametrize("role", ["viewer"])
def test_viewers_do_not_upload(somebody: Callable[..., Somebody], role: Role) -> None:
    assert upload(somebody(role), LOGO).status_code == 403
