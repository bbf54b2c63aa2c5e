"""`mekiki logos test`: a picture in hand, the real networks, the box drawn."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from PIL import Image, ImageDraw

from cli import main
from detector.images.decode import decode_with_alpha

STAR = b"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 120 100"><g fill="#0a5bd3">
<path d="M60 4 72 40 110 40 80 62 92 97 60 76 28 97 40 62 10 40 48 40Z"/></g>
<circle cx="60" cy="56" r="12" fill="#ffd400"/></svg>"""
CONFIG = """
[storage]
database = "sqlite:///x.db"
media = "media"
[crawler]
contact = "brand-protection@hoshino-denki.example"
[[brand]]
key = "hoshino"
name = "星野電機"
"""
RED = (230, 20, 20)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "star.svg").write_bytes(STAR)
    (tmp_path / "mekiki.toml").write_text(CONFIG + 'logos = ["star.svg"]\n', "utf-8")
    picture = Image.new("RGB", (640, 360), "#dfe9f2")
    ImageDraw.Draw(picture).text((40, 40), "80% OFF today only", fill="black", font_size=32)
    picture.save(tmp_path / "plain.png")
    logo = decode_with_alpha(STAR, svg=True).resize((120, 100))
    picture.paste(logo, (400, 180), logo)
    picture.save(tmp_path / "ad.png")
    return tmp_path


def run(folder: Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["logos", "test", "-c", str(folder / "mekiki.toml"), *arguments])


def test_the_logo_is_told_and_framed_where_it_is(folder: Path) -> None:
    result = run(folder, str(folder / "ad.png"), str(folder / "plain.png"), "--out", str(folder / "seen"))
    assert result.exit_code == 0, result.output
    with_logo, without = result.output.splitlines()
    assert "hoshino (star.svg, " in with_logo
    assert "no protected logo" in without
    framed = Image.open(folder / "seen" / "ad-logos.png").convert("RGB")
    assert framed.size == (640, 360)
    box = framed.crop((385, 160, 540, 300))
    assert RED in {colour for _, colour in box.getcolors(1 << 16) or ()}
    plain = Image.open(folder / "seen" / "plain-logos.png").convert("RGB")
    assert RED not in {colour for _, colour in plain.getcolors(1 << 16) or ()}


def test_pictures_of_one_name_do_not_overwrite_each_other(folder: Path) -> None:
    (folder / "other").mkdir()
    (folder / "other" / "ad.png").write_bytes((folder / "plain.png").read_bytes())
    run(folder, str(folder / "ad.png"), str(folder / "other" / "ad.png"), "--out", str(folder / "seen"))
    assert sorted(path.name for path in (folder / "seen").iterdir()) == ["ad-2-logos.png", "ad-logos.png"]


def test_json_names_brand_look_and_box(folder: Path) -> None:
    found = json.loads(run(folder, str(folder / "ad.png"), "--json").output)
    (hit,) = found["logos"]
    assert (hit["brand"], hit["logo"]) == ("hoshino", "star.svg")
    x, y, width, height = hit["box"]
    assert abs(x + width / 2 - 460) < 15
    assert abs(y + height / 2 - 230) < 15
    assert Path(found["framed"]) == folder / "ad-logos.png"


def test_what_is_no_picture_is_one_line_and_the_rest_goes_on(folder: Path) -> None:
    (folder / "bad.png").write_bytes(b"\x89PNG\r\n\x1a\nnothing")
    result = run(folder, str(folder / "bad.png"), str(folder / "ad.png"))
    assert result.exit_code == 4
    assert "bad.png: damaged" in result.output or "bad.png: not a" in result.output
    assert "hoshino (star.svg, " in result.output


def test_without_any_logo_it_says_what_to_do(folder: Path) -> None:
    (folder / "mekiki.toml").write_text(CONFIG, "utf-8")
    result = run(folder, str(folder / "ad.png"))
    assert result.exit_code == 1
    assert "name SVG or PNG files under `logos`" in result.output


def test_config_check_warns_of_a_logo_that_is_too_plain(folder: Path) -> None:
    circle = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><circle cx="4.5" cy="4.5" r="4"/></svg>'
    (folder / "star.svg").write_bytes(circle)
    checked = CliRunner().invoke(main, ["config", "check", "-c", str(folder / "mekiki.toml")])
    assert "'star.svg' is too plain to tell from other marks" in checked.output
    (folder / "star.svg").write_bytes(STAR)
    assert "too plain" not in CliRunner().invoke(main, ["config", "check", "-c", str(folder / "mekiki.toml")]).output


def bench(folder: Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["logos", "bench", "-c", str(folder / "mekiki.toml"), *arguments])


def test_bench_says_how_small_a_logo_may_be(folder: Path) -> None:
    answer = json.loads(bench(folder, "--pictures", "32", "--json").output)
    (logo,) = answer["logos"]
    assert sum(count for group, count in logo["shown"].items() if group[0].isdigit()) == 32
    assert logo["found"]["80-240"] >= 0.6 * logo["shown"]["80-240"]
    assert answer["false_alarms"].get("hoshino", 0) <= 2


def test_bench_goes_on_past_a_missing_file(folder: Path) -> None:
    other = Image.new("RGBA", (200, 80), (0, 0, 0, 0))
    ImageDraw.Draw(other).text((10, 10), "Zu", fill=(20, 20, 20, 255), font_size=60)
    other.save(folder / "zu.png")
    zu = '[[brand]]\nkey = "zu"\nname = "Zuzuzu"\nlogos = ["zu.png", "gone.svg"]\n'
    (folder / "mekiki.toml").write_text(f'{CONFIG}logos = ["star.svg"]\n{zu}', "utf-8")
    result = bench(folder, "--brand", "zu", "--pictures", "8")
    assert result.exit_code == 4
    assert "zu zu.png: found by pixels of the shorter side: " in result.output
    assert "zu gone.svg: " in result.output
    assert "star.svg" not in result.output


def test_bench_of_an_unknown_brand_says_so(folder: Path) -> None:
    result = bench(folder, "--brand", "nobody")
    assert (result.exit_code, result.output) == (2, "mekiki: there is no brand 'nobody'\n")
