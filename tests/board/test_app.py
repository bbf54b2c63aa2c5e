"""The board as a browser meets it first."""

import re
import tomllib
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

from board.static import address
from tests.board.conftest import Somebody


def test_whoever_is_not_signed_in_is_led_to_the_sign_in(somebody: Callable[..., Somebody]) -> None:
    answer = somebody().get("/")
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")


def test_files_have_addresses_of_their_content(somebody: Callable[..., Somebody]) -> None:
    one = somebody()
    answer = one.get(address("base.css"))
    assert answer.status_code == 200
    assert "immutable" in answer.headers["cache-control"]
    assert one.get("/static/0000000000000000/base.css").status_code == 404


def test_files_of_others_are_as_their_packages_have_them() -> None:
    folder = Path("board/static")
    vendored = tomllib.loads((folder / "vendored.toml").read_text("utf-8"))["file"]
    assert {one["name"] for one in vendored} == {"htmx.min.js"}
    for one in vendored:
        data = (folder / one["name"]).read_bytes()
        assert sha256(data).hexdigest() == one["sha256"]
        assert re.findall(rb'\bversion:"([^"]*)"', data) == [one["version"].encode()]


def test_files_of_others_come_with_the_text_of_their_licence() -> None:
    folder = Path("board/static")
    [one] = tomllib.loads((folder / "vendored.toml").read_text("utf-8"))["file"]
    assert one["licence"] == "0BSD, see htmx.LICENSE"
    words = " ".join((folder / "htmx.LICENSE").read_text("utf-8").split())
    assert words.startswith("Zero-Clause BSD ")
    assert "to use, copy, modify, and/or distribute this software for any purpose with or without fee" in words
    assert words.endswith("WITH THE USE OR PERFORMANCE OF THIS SOFTWARE.")


def test_signing_out_ends_the_session(somebody: Callable[..., Somebody]) -> None:
    one = somebody("viewer")
    assert one.get("/").headers["location"] == "/wall"
    cookies = dict(one.client.cookies)
    assert one.post("/sign-out").status_code == 303
    one.client.cookies.update(cookies)
    assert one.get("/").headers["location"] == "/sign-in"
