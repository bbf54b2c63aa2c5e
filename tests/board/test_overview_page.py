"""The overview as a page: every section, the seven times by their names, how sources and certificate logs stand now."""

import re
from collections.abc import Callable
from datetime import timedelta
from html import unescape

import pytest

from storage.cursors import save_cursor
from storage.database import transaction
from storage.runs import finish_run, start_run
from tests.board.conftest import Somebody
from tests.console.conftest import NOW, Store

LOG = "https://log.example/2026h2/"
SOURCES = f"""
[[source]]
key = "tips"
kind = "feed"
urls = ["https://feed.example/tips.csv"]
[[source]]
key = "post"
kind = "feed"
urls = ["https://feed.example/post.csv"]
[[source]]
key = "certificates"
kind = "ct"
urls = ["{LOG}"]
"""
PARTS = {
    "volume": "How much there was",
    "by_source": "Flagged, by day and source",
    "precision": "How often a flag was right",
    "times": "How long it took",
    "carriers": "Who carried it",
    "sight": "Journeys along suspicious links",
    "sources": "Sources, and what could not be seen",
}
TIMES = {
    "en": [
        "To detection", "To the first message", "To judgement", "To the takedown request", "To the first notice filed",
        "From request to down", "Until down",
    ],
    "ja": [
        "検知まで", "最初の通知まで", "判定まで", "削除対応の開始まで", "最初の削除申請の提出まで",
        "対応開始から削除まで", "削除まで",
    ],
}  # fmt: skip


@pytest.fixture
def viewer(configured: Callable[[str], None], store: Store, request: pytest.FixtureRequest) -> Somebody:
    """Somebody at a board with a source that fails, one that is well, and a certificate log not read to its end."""
    configured(SOURCES)
    with transaction(store.engine) as session:
        for minutes in (60, 30):
            run = start_run(session, "tips", NOW - timedelta(minutes=minutes))
            finish_run(session, run, NOW - timedelta(minutes=minutes - 1), "failed", {"error.timeout": 1})
        run = start_run(session, "post", NOW - timedelta(minutes=20))
        finish_run(session, run, NOW - timedelta(minutes=19), "ok", {"items": 7})
        save_cursor(session, "certificates", LOG, {"size": 1_200_000, "next": 1_000_000, "logged": None}, NOW)
    one: Somebody = request.getfixturevalue("somebody")("viewer")
    return one


def part(page: str, name: str) -> str:
    """Return a section of the page by the id of its title."""
    found = re.search(rf'<section [^>]*aria-labelledby="{name}">(.*?)</section>', page, re.DOTALL)
    assert found, name
    return found[1]


def rows(piece: str) -> list[list[str]]:
    """Return the cells of every row of the tables in a piece of a page."""
    found = re.findall(r"<tr>(.*?)</tr>", piece, re.DOTALL)
    cells = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL) for row in found]
    return [[" ".join(unescape(re.sub("<[^>]+>", "", cell)).split()) for cell in row] for row in cells]


def test_every_section_stands_there_once_in_its_order(viewer: Somebody) -> None:
    page = viewer.get("/overview").text
    found = re.findall(
        r'<section class="panel part" aria-labelledby="part-(\w+)">\s*<h2 id="part-(\w+)">(.*?)</h2>', page
    )
    assert [(name, title) for name, _, title in found] == list(PARTS.items())
    assert all(name == same for name, same, _ in found)
    for name in PARTS:
        assert re.search("<table|<p", part(page, f"part-{name}"))


@pytest.mark.parametrize("language", ["en", "ja"])
def test_each_time_has_its_row(language: str, viewer: Somebody) -> None:
    page = viewer.get("/overview", **{"Accept-Language": language}).text
    assert [row[0] for row in rows(part(page, "part-times"))[1:]] == TIMES[language]


def test_how_sources_and_certificate_logs_stand_now_is_told(viewer: Somebody) -> None:
    page = viewer.get("/overview").text
    told = part(page, "sources-now")
    assert rows(told) == [
        ["Source", "How it is", "Items of the last run", "Last run", "Last good run"],
        ["tips", "failing", "0", "2026-11-23 17:30", "never"],
        ["post", "well", "7", "2026-11-23 17:40", "2026-11-23 17:41"],
        ["certificates", "never ran", "0", "never", "never"],
        ["Log", "Entries not read yet", "Read"],
        ["hxxps://log[.]example/2026h2/", "200,000", "2026-11-23 18:00"],
    ]
    assert '<span class="chip impersonation">failing</span>' in told
    assert '<span class="chip down">well</span>' in told
    assert "tips is failing" in part(page, "look")
    assert "post" not in part(page, "look")
