"""Visits by schedule: what deserves a closer look is followed and judged, and cases learn what became of links."""

import gzip
import time
from base64 import b64encode
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from spiders.visits import chromium
from spiders.visits.hosts import MINE
from storage.cursors import save_cursor
from storage.database import open_engine, transaction
from storage.turns import pause
from tests.servers.crawling import Crawling
from tests.servers.exit import ExitProxy
from tests.servers.programs import mekiki
from tests.servers.web import Answer, Hit, WebServer

HOST = "kaden-outlet.test"
NOW_HOUR = datetime.now(ZoneInfo("Asia/Tokyo")).hour
FRAUD = (
    "<html><head><title>星野電機 公式アウトレット</title></head><body><h1>星野電機 世界最小のエアコン 80%OFF</h1>"
    "<p>本日限り、残り88点。通常価格24,800円のところ4,980円。</p>"
    "<form><input name=card><button>今すぐ購入</button></form>"
    "<a href='https://line.me/R/ti/p/@hoshino'>LINEで友だち追加</a></body></html>"
)
VISITORS = """
[[visitor]]
key = "telephone"
user_agent = "Mozilla/5.0 (iPhone)"
referrer = "https://www.instagram.com/"
[[visitor]]
key = "desk"
user_agent = "Mozilla/5.0 (X11; Linux x86_64)"
{more}
"""
SOURCES = """
[[source]]
key = "tips"
kind = "import"
path = "tips.jsonl"
item = "post"
[[source]]
key = "journeys"
kind = "visits"
look_closer = {score}
again = "{again}"
"""


@pytest.fixture
def server() -> Iterator[WebServer]:
    with WebServer() as running:
        yield running


def a_case(folder: Path, server: WebServer, *, more: str = "", again: str = "1s", score: float = 0.05) -> Crawling:
    """Configure a post that only mentions the brand, with a link, and a source that follows what is found."""
    crawling = Crawling(folder)
    link = f"http://{HOST}:{server.port}/lp?fbclid=Ab%2dC"
    texts = '[{"role": "body", "text": "星野電機のエアコンを見つけました。詳しくはこちら"}]'
    (folder / "tips.jsonl").write_text(
        f'{{"id": "1-a-post", "kind": "post", "texts": {texts}, "links": ["{link}"]}}\n', "utf-8"
    )
    crawling.configure(
        SOURCES.format(again=again, score=score) + VISITORS.format(more=more),
        allow=[server.allow],
        hosts={HOST: "127.0.0.1", "moved.test": "127.0.0.1"},
    )
    crawling.crawl(sources=["tips"])
    return crawling


def test_a_mention_whose_link_leads_to_a_fraud_becomes_one_case_with_it(tmp_path: Path, server: WebServer) -> None:
    server.html("/lp", FRAUD)
    crawling = a_case(tmp_path, server)
    assert crawling.rows("SELECT count(*) FROM cases") == [(0,)]
    assert crawling.crawl(sources=["journeys"])["journeys"].outcome == "ok"
    kinds = crawling.rows(
        "SELECT i.kind FROM case_items c JOIN items i ON i.id = c.item_id WHERE c.case_id = 1 ORDER BY 1"
    )
    assert kinds == [("page",), ("post",)]
    assert crawling.rows("SELECT decision FROM cases") == [("impersonation",)]
    assert crawling.rows("SELECT visitor FROM sightings WHERE visitor IS NOT NULL") == [("telephone",)]
    assert [hit.path for hit in server.hits] == ["/lp?fbclid=Ab%2dC"] * 2
    custody = crawling.rows("SELECT number, who, action FROM custody ORDER BY number")
    assert custody == [(1, "mekiki", "visit"), (2, "mekiki", "visit")]


def test_an_item_and_a_case_are_followed_by_name(tmp_path: Path, server: WebServer) -> None:
    server.html("/lp", FRAUD)
    crawling = a_case(tmp_path, server)
    named = mekiki("visit", "1-a-post", "-c", crawling.file)
    assert named.returncode == 0, named.stderr
    kinds = crawling.rows(
        "SELECT i.kind FROM case_items c JOIN items i ON i.id = c.item_id WHERE c.case_id = 1 ORDER BY 1"
    )
    assert kinds == [("page",), ("post",)], "the item that led there is in the case"
    again = mekiki("visit", "1", "-c", crawling.file)
    assert f"kaden-outlet[.]test:{server.port}/lp?fbclid" in again.stdout
    assert mekiki("visit", "nobody", "-c", crawling.file).returncode == 2


def test_what_is_below_the_score_is_left_alone_and_nothing_is_followed_twice(tmp_path: Path, server: WebServer) -> None:
    server.html("/lp", FRAUD)
    crawling = a_case(tmp_path, server, score=0.9)
    assert crawling.crawl(sources=["journeys"])["journeys"].outcome == "ok"
    assert server.hits == []
    crawling = a_case(tmp_path, server, again="1d")
    crawling.crawl(sources=["journeys"])
    crawling.crawl(sources=["journeys"])
    assert len(server.hits) == 2


def test_a_case_learns_that_its_link_went_came_back_and_moved(tmp_path: Path, server: WebServer) -> None:
    server.html("/lp", FRAUD)
    crawling = a_case(tmp_path, server, again="1s")

    def later() -> list[tuple[str, str]]:
        time.sleep(1.1)  # `again`
        crawling.crawl(sources=["journeys"])
        return crawling.rows("SELECT reason, note FROM case_log WHERE action = 'recheck' ORDER BY id")

    assert later() == []
    assert later() == [], "still there is no news"
    server.pages["/lp"] = Answer(status=404, body=b"x")
    assert later() == [("down", "answered 404")]
    assert later() == [("down", "answered 404")], "said once"
    server.html("/lp", "<title>Account Suspended</title><p>This account has been suspended.</p>")
    assert later()[-1] == ("down", "the site was suspended")
    server.html("/lp", FRAUD)
    assert [state for state, _ in later()] == ["down", "down", "relapsed"]
    server.pages["/lp"] = Answer(status=302, headers={"Location": f"http://moved.test:{server.port}/new"})
    server.html("/new", FRAUD)
    state, note = later()[-1]
    assert state == "moved"
    assert "moved.test" in note
    assert crawling.rows("SELECT count(*) FROM cases") == [(1,)], "the page that it moved to is in the same case"
    server.pages["/lp"] = lambda hit: Answer(status=404) if "iPhone" in hit.headers["user-agent"] else Answer(body=b"x")
    assert later()[-1][0] == "changed", "gone for one visitor only is not gone"


@pytest.mark.skipif(chromium.absent() is not None, reason=str(chromium.absent()))
def test_the_page_that_says_that_nothing_is_there_does_not_reopen_the_case(tmp_path: Path, server: WebServer) -> None:
    """Its host still carries the brand's name, so that it would be flagged and arrive as a new item of the case."""
    host = "hoshino-denki-sale.test"
    crawling = Crawling(tmp_path)
    links = f'["http://{host}:{server.port}/lp?c=7"]'
    (tmp_path / "tips.jsonl").write_text(
        f'{{"id": "ad-1", "kind": "ad", "texts": [{{"role": "body", "text": "星野電機 80%OFF"}}], "links": {links}}}\n',
        "utf-8",
    )
    crawling.configure(
        SOURCES.format(again="1s", score=0.05)
        + VISITORS.format(
            more='[[visitor]]\nkey = "drawn"\nuser_agent = "Mozilla/5.0 (Linux)"\nbrowser = true\nstay = 0.5'
        ),
        allow=[server.allow],
        hosts={host: "127.0.0.1"},
    )
    server.pages["/lp"] = Answer(status=302, headers={"Location": "/order"})
    server.html("/order", FRAUD)
    crawling.crawl(sources=["tips"])
    crawling.crawl(sources=["journeys"])
    assert mekiki("judge", "1", "--confirm", "--as", "aki", "-c", crawling.file).returncode == 0
    [(items,)] = crawling.rows("SELECT items FROM cases")
    server.pages["/lp"] = Answer(status=404, body=b"<title>404</title><h1>not found</h1>")
    for _ in range(2):
        time.sleep(1.1)  # `again`
        crawling.crawl(sources=["journeys"])
        assert crawling.rows("SELECT state, items FROM cases") == [("down", items)]


def test_a_visitor_leaves_through_its_proxy_and_only_in_its_hours(tmp_path: Path, server: WebServer) -> None:
    def answer(hit: Hit) -> Answer:
        return Answer(body=(FRAUD if hit.client == "127.0.0.9" else "<p>not available in your country</p>").encode())

    server.pages["/lp"] = answer
    more = """
[[visitor]]
key = "abroad"
user_agent = "Mozilla/5.0 (iPhone)"
proxy = "file:exit"
country = "JP"
[[visitor]]
key = "never"
user_agent = "Mozilla/5.0 (iPhone)"
hours = {hours}
[[visitor]]
key = "nowhere"
user_agent = "Mozilla/5.0 (iPhone)"
proxy = "file:missing"
""".replace("{hours}", str([(NOW_HOUR + 2) % 24, (NOW_HOUR + 3) % 24]))
    with ExitProxy(hosts={HOST: "127.0.0.1"}, source="127.0.0.9", user="u", password="s3cr3t-canary") as proxy:
        (tmp_path / "exit").write_text(proxy.url)
        crawling = a_case(tmp_path, server, more=more)
        text = crawling.file.read_text("utf-8").replace(
            f'allow = ["{server.allow}"]', f'allow = ["{server.allow}", "{proxy.allow}"]'
        )
        crawling.file.write_text(text, "utf-8")
        report = crawling.crawl(sources=["journeys"])["journeys"]
        assert proxy.asked == [f"http://{HOST}:{server.port}/lp?fbclid=Ab%2dC"]
    assert any("never did not look" in line for line in report.problems)
    assert any("nowhere" in line and "did not look" in line for line in report.problems)
    seen = dict(crawling.rows("SELECT visitor, outcome FROM visits"))
    assert seen == {"telephone": "differs", "desk": "differs", "abroad": "differs"}
    kept = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file() and path.name != "exit"]
    everything = b"".join(gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data for data in kept)
    coded = b64encode(b"u:s3cr3t-canary")
    assert b"User-Agent: Mozilla/5.0 (iPhone)" in everything, "the requests are there"
    for secret in (b"s3cr3t-canary", coded, b"Proxy-Authorization"):
        assert secret not in everything + crawling.log.encode()
    assert '"country": "JP"' in everything.decode("utf-8", "replace") or '"country":"JP"' in everything.decode(
        "utf-8", "replace"
    )


def test_a_proxy_is_asked_for_nothing_inside_the_house(tmp_path: Path, server: WebServer) -> None:
    server.pages["/lp"] = Answer(status=302, headers={"Location": "http://127.0.0.2:1/secret"})
    more = '[[visitor]]\nkey = "abroad"\nuser_agent = "x"\nproxy = "file:exit"\n'
    with ExitProxy(hosts={HOST: "127.0.0.1"}, source="127.0.0.9", user="u", password="p") as proxy:
        (tmp_path / "exit").write_text(proxy.url)
        crawling = a_case(tmp_path, server, more=more)
        text = crawling.file.read_text("utf-8").replace(
            f'allow = ["{server.allow}"]', f'allow = ["{server.allow}", "{proxy.allow}"]'
        )
        crawling.file.write_text(text, "utf-8")
        crawling.crawl(sources=["journeys"])
        assert [path.partition("/lp")[1] for path in proxy.asked] == ["/lp"]
    assert set(crawling.rows("SELECT outcome FROM visits")) == {("could_not_tell",)}


def test_many_hosts_are_left_to_others_each_to_one_and_what_is_due_again_is_a_part_of_its_own(
    tmp_path: Path, server: WebServer
) -> None:
    count = MINE + 3
    crawling, hosts = Crawling(tmp_path), [f"outlet{number}.test" for number in range(count)]
    body = '[{"role": "body", "text": "星野電機のエアコンを見つけました"}]'
    (tmp_path / "tips.jsonl").write_text(
        "".join(
            f'{{"id": "{number}", "kind": "post", "texts": {body}, "links": ["http://{host}:{server.port}/lp"]}}\n'
            for number, host in enumerate(hosts)
        )
    )
    server.html("/lp", "<title>安い電機</title><p>激安</p>")
    one = '[[visitor]]\nkey = "desk"\nuser_agent = "Mozilla/5.0 (X11; Linux x86_64)"\n'
    crawling.configure(
        SOURCES.format(again="1s", score=0.05) + one, allow=[server.allow], hosts=dict.fromkeys(hosts, "127.0.0.1")
    )
    crawling.crawl(sources=["tips"])

    def read(part: str) -> list[str]:
        server.hits.clear()
        report = crawling.crawl(sources=["journeys"], slice=part)["journeys"]
        assert report.outcome == "ok", report.problems
        return [hit.headers["host"].partition(":")[0] for hit in server.hits]

    assert len(read("recheck")) == 0
    assert len(read("visit")) == MINE
    left = [name for (name,) in crawling.rows("SELECT name FROM cursors ORDER BY 1")]
    assert len(left) == count - MINE
    assert read("visit") == [], "what is left to others is theirs"
    for name in left:
        assert read(name) == [name.removeprefix("visit=")]
        assert read(name) == [], "it is done"
    assert crawling.rows("SELECT count(*) FROM cursors") == [(0,)]
    assert crawling.rows("SELECT count(DISTINCT url), count(*) FROM visits") == [(count, count)]


def test_a_host_that_rests_or_is_left_to_others_holds_up_no_other(tmp_path: Path, server: WebServer) -> None:
    crawling, hosts = Crawling(tmp_path), ("resting.test", "taken.test", "third.test")
    body = '[{"role": "body", "text": "星野電機のエアコンを見つけました"}]'
    (tmp_path / "tips.jsonl").write_text(
        "".join(
            f'{{"id": "{host}{n}", "kind": "post", "texts": {body}, "links": ["http://{host}:{server.port}/{n}"]}}\n'
            for host in hosts
            for n in range(2)
        )
    )
    one = '[[visitor]]\nkey = "desk"\nuser_agent = "Mozilla/5.0 (X11; Linux x86_64)"\n'
    source = SOURCES.format(again="1d", score=0.05) + "most = 2\n" + one
    crawling.configure(source, allow=[server.allow], hosts=dict.fromkeys(hosts, "127.0.0.1"))
    crawling.crawl(sources=["tips"])
    engine = open_engine(f"sqlite:///{tmp_path / 'mekiki.db'}")
    with transaction(engine) as session:
        pause(session, {"resting.test": 3600.0})
        save_cursor(session, "journeys", "visit=taken.test", {"items": [3, 4]}, datetime.now(UTC))
    engine.dispose()
    crawling.crawl(sources=["journeys"], slice="visit")
    assert {hit.headers["host"].partition(":")[0] for hit in server.hits} == {"third.test"}
