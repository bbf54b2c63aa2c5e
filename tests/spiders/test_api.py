"""What every interface can answer, and what comes of it: waiting, asking for less, one line, going on next time."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from scrapy.http import Response

from spiders.api import retry_after
from tests.servers.crawling import Crawling, Report
from tests.servers.interfaces import Scripted
from tests.servers.web import Answer, Hit, WebServer

TOKEN = "s3cr3t-t0k3n-of-the-vendor"
SOURCE = """
[[source]]
key = "ads"
kind = "json"
url = "{url}/ads"
delay = 0.0
max_pages = {pages}
headers = {{ Authorization = "env:VENDOR_TOKEN" }}
items = "data"
fields = {{ id = "id", title = "text" }}
next = "next"
next_param = "after"
error = "error"
"""


def reply(answer: Any, status: int = 200, **headers: str) -> Answer:
    return Answer(body=json.dumps(answer).encode(), kind="application/json", status=status, headers=headers)


class Api(WebServer):
    """Gives the answers of a list in order, the last one for ever."""

    answers: list[Answer]

    def answer(self, hit: Hit) -> Answer:
        self.hits.append(hit)
        return self.answers[min(len(self.hits), len(self.answers)) - 1]


@pytest.fixture
def api() -> Iterator[Api]:
    with Api() as server:
        yield server


PAGE = {"data": [{"id": "1", "text": "星野電機"}]}


def crawl(
    folder: Path, api: Api, monkeypatch: pytest.MonkeyPatch, *answers: Answer, pages: int = 9
) -> tuple[Crawling, Report]:
    api.answers = list(answers)
    api.hits.clear()
    monkeypatch.setenv("VENDOR_TOKEN", f"Bearer {TOKEN}")
    crawling = Crawling(folder)
    crawling.configure(SOURCE.format(url=api.url, pages=pages), allow=[api.allow])
    return crawling, crawling.crawl()


@pytest.mark.parametrize(
    "refusal",
    [reply({}, 429, **{"Retry-After": "0"}), reply({}, 429), reply({}, 503), Answer(body=b"<html>", status=500)],
)
def test_a_refusal_that_passes_is_waited_for(
    tmp_path: Path, api: Api, monkeypatch: pytest.MonkeyPatch, refusal: Answer
) -> None:
    _, report = crawl(tmp_path, api, monkeypatch, refusal, reply(PAGE))
    assert (report["ads"].outcome, report["ads"].items, len(api.hits)) == ("ok", 1, 2)


def test_whoever_asks_to_wait_long_is_left_to_the_next_run(
    tmp_path: Path, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, report = crawl(tmp_path, api, monkeypatch, reply({}, 429, **{"Retry-After": "3600"}))
    assert (report["ads"].outcome, report["ads"].errors, len(api.hits)) == ("blocked", {"rate_limited": 1}, 1)


def test_an_expired_token_ends_the_source_with_one_line(
    tmp_path: Path, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, report = crawl(tmp_path, api, monkeypatch, reply({"error": f"the token {TOKEN} has expired"}, 401))
    assert (report["ads"].outcome, report["ads"].errors) == ("failed", {"token": 1})
    assert "has expired" in report["ads"].problems[0]
    assert TOKEN not in str(report)


def test_a_page_that_is_no_json_is_one_line(tmp_path: Path, api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    _, report = crawl(tmp_path, api, monkeypatch, Answer(body=b'{"data": [', kind="application/json"))
    assert "not JSON" in report["ads"].problems[0]
    assert report["ads"].outcome == "failed"


def test_the_next_run_goes_on_where_the_last_one_ended(
    tmp_path: Path, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = reply({**PAGE, "next": "two"})
    crawl(tmp_path, api, monkeypatch, first, pages=1)
    assert [hit.path for hit in api.hits] == ["/ads"]
    crawling, _ = crawl(tmp_path, api, monkeypatch, reply({"data": [{"id": "2"}]}))
    assert [hit.path for hit in api.hits] == ["/ads?after=two"]
    crawl(tmp_path, api, monkeypatch, reply(PAGE))
    assert [hit.path for hit in api.hits] == ["/ads"]  # it was read to its end, so from the top
    assert crawling.rows("SELECT count(*) FROM items") == [(2,)]


def test_a_place_that_the_interface_no_longer_knows_starts_anew(
    tmp_path: Path, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    crawl(tmp_path, api, monkeypatch, reply({**PAGE, "next": "two"}), pages=1)
    _, report = crawl(tmp_path, api, monkeypatch, reply({"error": "unknown cursor"}, 400), reply(PAGE))
    assert [hit.path for hit in api.hits] == ["/ads?after=two", "/ads"]
    assert report["ads"].outcome == "ok"


def test_a_place_that_carries_the_token_is_not_kept(tmp_path: Path, api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    crawling, _ = crawl(tmp_path, api, monkeypatch, reply({**PAGE, "next": f"x-{TOKEN}"}), pages=1)
    assert crawling.rows("SELECT value FROM cursors") == []


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7.0),
        ("-3", 0.0),
        ("Wed, 25 Nov 2026 12:01:00 GMT", 60.0),
        ("Wed, 25 Nov 2026 11:00:00 GMT", 0.0),
        ("Wed, 99999999999999999999 Nov 2026 12:00:00 GMT", None),
        ("Wed, 25 Nov 2026 12:00:00 +99999999999999999999", None),
        ("soon", None),
        ("", None),
    ],
)
def test_how_long_to_wait_is_read_as_a_number_or_a_date(value: str, seconds: float | None) -> None:
    response = Response("https://api.example/", headers={"Retry-After": value})
    assert retry_after(response, datetime(2026, 11, 25, 12, tzinfo=UTC)) == seconds


def test_what_an_interface_says_is_told_and_not_that_its_other_questions_wait(tmp_path: Path) -> None:
    with Scripted() as server:
        server.scripts["x"] = [reply({"title": "Too Many Requests"}, 429, **{"Retry-After": "3600"})]
        crawling = Crawling(tmp_path)
        source = server.source("x", "x").replace('["hoshino"]', json.dumps(["hoshino", "denki", "electric"]))
        crawling.configure(source, allow=[server.allow])
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("CANARY", TOKEN)
            report = crawling.crawl()["x"]
    assert (report.outcome, report.errors) == ("blocked", {"rate_limited": 1})
    assert [problem for problem in report.problems if "Too Many Requests" in problem] == list(report.problems)
