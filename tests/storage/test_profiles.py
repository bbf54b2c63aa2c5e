from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from config import Config, load
from detector.brands import Scope
from safety.sandbox import Sandbox
from storage.profiles import build_profiles

CONFIG = """
[crawler]
contact = "team@hoshino-denki.example"

[[brand]]
key = "hoshino"
name = "星野電機"
aliases = ["Hoshino Denki"]
ambiguous = ["Hoshino"]
exclude = ["星野リゾート"]
products = ["星の風"]
domains = ["hoshino-denki.example"]
accounts = ["meta:108855443322110"]
logos = ["logos/hoshino.svg", "logos/mono.png"]
pictures = ["pictures", "missing.png"]
false_claims = ["世界最小のエアコン"]

[[brand]]
key = "plain"
name = "Plain"

[[ownership]]
brand = "hoshino"
who = "reseller"
scope = "domain:yamada-outlet.example"
until = 2027-03-31
note = "contract 2026-114"
"""
SVG = """<svg xmlns="http://www.w3.org/2000/svg" width="200" height="200">
<rect width="200" height="200" fill="white"/>
<path d="M20 180 L60 20 L100 180 L140 20 L180 180" stroke="black" stroke-width="12" fill="none"/>
<circle cx="100" cy="60" r="30" fill="red"/></svg>"""


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(workers=1, wall_seconds=30) as sandbox:
        yield sandbox


@pytest.fixture
def config(tmp_path: Path) -> Config:
    for folder in ("logos", "pictures"):
        (tmp_path / folder).mkdir()
    (tmp_path / "logos" / "hoshino.svg").write_text(SVG)
    for path in ("logos/mono.png", "pictures/b.png", "pictures/a.JPG"):
        picture = Image.new("RGB", (320, 240), "white")
        ImageDraw.Draw(picture).ellipse((40, 30, 200, 200), outline="black", width=9)
        ImageDraw.Draw(picture).line((0, 0, 320, 240), fill="blue", width=20)
        picture.save(tmp_path / path)
    (tmp_path / "pictures" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nand no more")
    (tmp_path / "pictures" / "notes.txt").write_text("no picture")
    file = tmp_path / "mekiki.toml"
    file.write_text(CONFIG)
    return load(file)


def test_profile_holds_what_the_configuration_says(config: Config, sandbox: Sandbox) -> None:
    hoshino, plain = build_profiles(config, sandbox).brands
    assert (hoshino.key, hoshino.name, hoshino.aliases) == ("hoshino", "星野電機", ("Hoshino Denki",))
    assert (hoshino.ambiguous, hoshino.exclude) == (("Hoshino",), ("星野リゾート",))
    assert (hoshino.products, hoshino.domains) == (("星の風",), ("hoshino-denki.example",))
    assert hoshino.false_claims == ("世界最小のエアコン",)
    assert hoshino.accounts == (Scope(kind="account", platform="meta", value="108855443322110"),)
    [entry] = hoshino.ownership
    assert (entry.who, entry.scope.value, entry.until) == (
        "reseller",
        "yamada-outlet.example",
        date(2027, 3, 31),
    )
    assert entry.note == "contract 2026-114"
    assert (plain.key, plain.pictures, plain.ownership) == ("plain", (), ())


def test_pictures_are_read_and_bad_ones_are_named(config: Config, sandbox: Sandbox) -> None:
    profiles = build_profiles(config, sandbox)
    pictures = profiles.brands[0].pictures
    assert [(picture.name, picture.role) for picture in pictures] == [
        ("hoshino.svg", "logo"),
        ("mono.png", "logo"),
        ("a.JPG", "picture"),
        ("b.png", "picture"),
    ]
    assert pictures[1].hash == pictures[3].hash
    assert (pictures[1].hash.width, pictures[1].hash.height) == (320, 240)
    broken, missing = map(str, profiles.problems)
    assert "mekiki.toml: brand hoshino: pictures[0]: " in broken
    assert "broken.png is no picture that can be used" in broken
    assert "pictures[1]: " in missing
    assert "missing.png cannot be read: No such file" in missing


def test_saved_pages_are_read_into_words_and_bad_ones_are_named(tmp_path: Path, sandbox: Sandbox) -> None:
    pages = tmp_path / "pages"
    pages.mkdir()
    (pages / "top.html").write_text(
        "<title>星野電機</title><script>x()</script><h1>風を編む</h1><p>静けさを<b>設計</b>する。</p>", "utf-8"
    )
    (pages / "mail.txt").write_bytes("ご利用\r\n\r\nありがとうございます".encode("shift_jis"))
    (pages / "empty.htm").write_text("<script>draw()</script>")
    (pages / "logo.png").write_bytes(b"no page")
    file = tmp_path / "mekiki.toml"
    keys = 'logos = ["logos/hoshino.svg", "logos/mono.png"]\npictures = ["pictures", "missing.png"]'
    file.write_text(CONFIG.replace(keys, 'pages = ["pages", "none.html"]'))
    profiles = build_profiles(load(file), sandbox)
    assert [(page.name, page.text) for page in profiles.brands[0].pages] == [
        ("mail.txt", "ご利用\nありがとうございます"),
        ("top.html", "風を編む\n静けさを設計する。"),
    ]
    empty, none = map(str, profiles.problems)
    assert "brand hoshino: pages[0]: " in empty
    assert "empty.htm has no words" in empty
    assert "pages[1]: " in none
    assert "none.html cannot be read: No such file" in none


def test_an_empty_folder_is_a_problem(config: Config, sandbox: Sandbox, tmp_path: Path) -> None:
    for file in (tmp_path / "pictures").iterdir():
        file.unlink()
    first, _ = build_profiles(config, sandbox).problems
    assert "is a folder without pictures" in first.message


def test_a_huge_file_is_not_even_read_whole(config: Config, sandbox: Sandbox, tmp_path: Path) -> None:
    with (tmp_path / "logos" / "mono.png").open("r+b") as file:
        file.truncate(2**40)
    first, *_ = build_profiles(config, sandbox).problems
    assert "mono.png is larger than 15 MiB" in first.message
