"""A host that wants to be left alone: all visitors of a round look all the same, the next round is put off."""

from pathlib import Path

from spiders.pace import LONGEST_PAUSE
from tests.servers.crawling import Crawling
from tests.servers.web import Answer, Hit, WebServer

VISITORS = """
[[visitor]]
key = "telephone"
user_agent = "telephone"
[[visitor]]
key = "desk"
user_agent = "desk"
"""


def test_what_one_visitor_is_told_sends_no_other_away_but_puts_off_the_next_round(tmp_path: Path) -> None:
    asked: list[str] = []

    def page(hit: Hit) -> Answer:
        asked.append(hit.headers["user-agent"])
        if len(asked) == 1:
            return Answer(status=429, headers={"Retry-After": str(10 * LONGEST_PAUSE)})
        return Answer(body="<title>店</title><p>いらっしゃいませ</p>".encode())

    with WebServer({"/shop": page}) as server:
        crawling = Crawling(tmp_path)
        table = f'[[source]]\nkey = "journeys"\nkind = "visits"\ndelay = 0\nlinks = ["{server.url}/shop"]\n'
        crawling.configure(table + VISITORS, allow=[server.allow])
        crawling.crawl()
        assert sorted(asked) == ["desk", "telephone"]
        report = crawling.crawl()["journeys"]
    assert len(asked) == 2
    assert report.errors == {"rate_limited": 1}
    assert crawling.rows("SELECT count(*) FROM visits") == [(2,)]
