"""A local world of cloakers: what a victim sees, and what a reviewer is shown, told apart; honest shops are not."""

import json
import random
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.servers.crawling import Crawling
from tests.servers.exit import ExitProxy
from tests.servers.programs import mekiki
from tests.servers.web import Answer, Hit, WebServer

COUNTRY = "127.0.0.9"  # where the proxy abroad comes from
CONFIG = """
[crawler]
contact = "abuse@hoshino-denki.example"
timeout = 3
[egress]
allow = [{allow}]
hosts = {{ "shop.test" = "127.0.0.1", "offer.test" = "127.0.0.1", "inside.test" = "10.0.0.1" }}
{visitors}
"""
PLAIN = """
[[visitor]]
key = "telephone"
user_agent = "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148"
referrer = "https://www.instagram.com/"
times = 2
pause = 1.5
[[visitor]]
key = "desk"
user_agent = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/150.0.0.0"
[[visitor]]
key = "bare"
user_agent = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/150.0.0.0"
bare = true
"""
ABROAD = """
[[visitor]]
key = "japan"
user_agent = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/150.0.0.0"
country = "JP"
proxy = "file:exit"
"""
OFFER = """<html><head><title>星野電機 公式アウトレット</title></head>
<body><header><h1>世界最小のエアコン 80%OFF</h1></header>
<main><section class="offer"><p>本日限り、残り88点。通常価格24,800円のところ4,980円でお届けします。</p>
<form action="/order"><input name="name"><input name="card"><button>今すぐ購入</button></form></section>
<section class="voices"><p>「電気代が半分になりました」大阪府 50代女性</p>
<p>「夏が待ち遠しい」東京都 40代男性</p></section>
<footer><a href="https://line.me/R/ti/p/@hoshino">LINEで友だち追加</a></footer></main></body></html>"""
CLEAN = """<html><head><title>暮らしのコラム</title></head>
<body><nav><ul><li>ホーム</li><li>記事</li><li>運営者</li></ul></nav>
<article><h2>夏を涼しく過ごす五つの工夫</h2>
<p>すだれを掛け、風の通り道をつくり、打ち水をするだけで体感温度は下がります。</p>
<p>寝る前に首の後ろを冷やすと寝付きがよくなると言われています。無理をせず冷房も使いましょう。</p>
<p>この記事では、昔ながらの工夫を五つ紹介します。</p></article><aside>関連記事：梅雨の湿気対策</aside></body></html>"""


def page(body: str, **headers: str) -> Answer:
    return Answer(body=body.encode(), headers=headers)


def by_agent(hit: Hit) -> Answer:
    return page(OFFER if "iPhone" in hit.headers.get("user-agent", "") else CLEAN)


def by_referrer(hit: Hit) -> Answer:
    return page(OFFER if "instagram" in hit.headers.get("referer", "") else CLEAN)


def by_parameter(hit: Hit) -> Answer:
    return page(OFFER if parse_qs(urlsplit(hit.path).query).get("fbclid") else CLEAN)


def once() -> Callable[[Hit], Answer]:
    seen = set()

    def answer(hit: Hit) -> Answer:
        visitor = hit.headers.get("user-agent", "")
        first = visitor not in seen
        seen.add(visitor)
        return page(OFFER if first and "iPhone" in visitor else CLEAN)

    return answer


def by_cookie(hit: Hit) -> Answer:
    if "seen=1" in hit.headers.get("cookie", ""):
        return page(CLEAN)
    return page(OFFER, **{"Set-Cookie": "seen=1; Path=/"})


def by_script(hit: Hit) -> Answer:
    hidden = "<script>setTimeout(function(){document.body.innerHTML=atob('eA==')},3000)</script>"
    return page(CLEAN.replace("</body>", hidden + "</body>"))


def elsewhere(hit: Hit) -> Answer:
    phone = "iPhone" in hit.headers.get("user-agent", "")
    where = f"http://{'offer' if phone else 'shop'}.test:{hit.host.rpartition(':')[2]}/end"
    return Answer(status=302, headers={"Location": where})


def refused(hit: Hit) -> Answer:
    return page(OFFER) if "iPhone" in hit.headers.get("user-agent", "") else Answer(status=404, body=b"nothing")


def by_country(hit: Hit) -> Answer:
    return page(OFFER if hit.client == COUNTRY else CLEAN)


def by_time() -> Callable[[Hit], Answer]:
    """Show the offer from a second after the first look on: what opens when the reviewers have gone home."""
    first: list[float] = []

    def answer(hit: Hit) -> Answer:
        first.append(time.monotonic())
        return page(OFFER if time.monotonic() - first[0] > 1.0 else CLEAN)

    return answer


CLOAKERS: dict[str, Callable[[Hit], Answer]] = {
    "agent": by_agent,
    "referrer": by_referrer,
    "parameter": by_parameter,
    "second-visit": once(),
    "cookie": by_cookie,
    "script-delay": by_script,
    "elsewhere": elsewhere,
    "refused": refused,
    "country": by_country,
    "time": by_time(),
}


def honest(hit: Hit) -> Answer:
    """Return a shop that looks a little different to everybody: a layout for telephones, other goods each time."""
    draw = random.Random(f"{len(hit.headers)}{hit.headers.get('user-agent')}{hit.path}{random.random()}")
    goods = "".join(f"<li>扇風機 {draw.randrange(100, 999)}型 {draw.randrange(3, 9)},800円</li>" for _ in range(6))
    menu = (
        "<details><summary>メニュー</summary></details>"
        if "iPhone" in hit.headers.get("user-agent", "")
        else "<nav>ホーム</nav>"
    )
    token = f'<input type="hidden" name="csrf" value="{draw.getrandbits(64):x}">'
    return page(
        f"<title>家電のやまだ</title><body>{menu}<h1>夏の家電</h1><p>家電のやまだは、"
        "各社の扇風機と冷風機を取りそろえています。"
        f"配送は二日以内、返品は三十日以内に承ります。</p>"
        f"<ul>{goods}</ul><form>{token}</form><p>店舗のご案内とお問い合わせ</p></body>"
    )


@pytest.fixture(scope="module")
def world() -> Iterator[WebServer]:
    with WebServer() as server:
        for name, answer in CLOAKERS.items():
            server.pages[f"/{name}"] = answer
        server.pages["/end"] = lambda hit: page(OFFER if hit.host.startswith("offer") else CLEAN)
        server.pages["/honest"] = honest
        yield server


def visit(
    folder: Path, server: WebServer, *links: str, visitors: str = PLAIN, allow: Sequence[str] = ()
) -> dict[str, list[dict[str, Any]]]:
    """Follow links in one process; return the visits of each."""
    file = folder / "mekiki.toml"
    file.write_text(CONFIG.format(allow=", ".join(map(json.dumps, (server.allow, *allow))), visitors=visitors), "utf-8")
    done = mekiki("visit", *links, "-c", file, "--json")
    assert done.returncode in (0, 4), done.stderr
    found: dict[str, list[dict[str, Any]]] = {}
    for one in json.loads(done.stdout):
        found.setdefault(one["url"], []).append(one)
    return found


def test_a_cloaker_is_never_taken_for_one_page(tmp_path: Path, world: WebServer) -> None:
    links = {name: f"http://shop.test:{world.port}/{name}?fbclid=AbC-1&utm=%E6%98%9F" for name in CLOAKERS}
    with ExitProxy(hosts={"shop.test": world.address}, source=COUNTRY, user="u", password="p@ss") as proxy:
        (tmp_path / "exit").write_text(proxy.url)
        found = visit(tmp_path, world, *links.values(), visitors=PLAIN + ABROAD, allow=[proxy.allow])
    for name, link in links.items():
        outcomes = {one["outcome"] for one in found[link]}
        assert outcomes & {"differs", "could_not_tell"}, (name, [(one["visitor"], one["says"]) for one in found[link]])
        assert "offer_seen" not in outcomes or "differs" in outcomes, name


def test_an_honest_shop_is_not_called_a_cloaker(tmp_path: Path, world: WebServer) -> None:
    links = [f"http://shop.test:{world.port}/honest?n={number}" for number in range(20)]
    for visits in visit(tmp_path, world, *links).values():
        assert {one["outcome"] for one in visits} == {"offer_seen"}, [(one["visitor"], one["says"]) for one in visits]


def test_every_hop_is_noted_and_no_parameter_is_touched(tmp_path: Path) -> None:
    with WebServer() as server:
        here = f"http://shop.test:{server.port}"
        server.pages["/a"] = Answer(status=302, headers={"Location": "/b?x=%2F%2f&&y=+"}, body=b"moved")
        server.pages["/b"] = page(f'<meta http-equiv="refresh" content="0; url={here}/c?z=%E6%98%9F">')
        server.pages["/c"] = page(f"<script>location.replace('{here}/d')</script>")
        server.pages["/d"] = page(OFFER)
        [[first, *_]] = visit(tmp_path, server, f"{here}/a?fbclid=Ab%2dC&b=2&a=1").values()
        asked = [hit.path for hit in server.hits]
    assert [(hop["how"], hop["status"], hop["url"].removeprefix(here)) for hop in first["hops"]] == [
        ("start", 302, "/a?fbclid=Ab%2dC&b=2&a=1"),
        ("redirect", 200, "/b?x=%2F%2f&&y=+"),
        ("refresh", 200, "/c?z=%E6%98%9F"),
        ("script", 200, "/d"),
    ]
    assert {hop["address"] for hop in first["hops"]} == {"127.0.0.1"}
    assert "/a?fbclid=Ab%2dC&b=2&a=1" in asked
    assert "/b?x=%2F%2f&&y=+" in asked
    bodies = [hop["body"] for hop in first["hops"]]
    assert all(list((tmp_path / "media").rglob(body)) for body in bodies)


def test_a_journey_into_the_house_ends_at_the_door_and_a_loop_ends(tmp_path: Path) -> None:
    with WebServer() as server, WebServer(address="127.0.0.2") as secret:
        here = f"http://shop.test:{server.port}"
        secret.pages["/"] = page("inside")
        targets = {"/in": secret.url, "/private": "http://inside.test/", "/file": "file:///etc/passwd"}
        more = {"/chat": "line://ti/p/@hoshino", "/broken": "http://[x"}
        for path, target in {**targets, **more}.items():
            server.pages[path] = Answer(status=302, headers={"Location": target})
        server.pages["/loop"] = Answer(status=302, headers={"Location": "/loop"})
        found = visit(tmp_path, server, *(here + path for path in (*targets, *more, "/loop")))
        outcomes = {link.removeprefix(here): visits[0] for link, visits in found.items()}
        assert secret.hits == []
    assert {path: (one["outcome"], one["hops"][-1]["problem"]) for path, one in outcomes.items()} == {
        "/in": ("could_not_tell", "refused_address"),
        "/private": ("could_not_tell", "refused_address"),
        "/file": ("could_not_tell", "refused_scheme"),
        "/chat": ("offer_seen", "hand_off"),
        "/broken": ("could_not_tell", "refused_scheme"),
        "/loop": ("could_not_tell", None),
    }
    assert len(outcomes["/loop"]["hops"]) == 12


def test_what_is_gone_or_walled_is_said(tmp_path: Path) -> None:
    pages = {
        "/404": (Answer(status=404, body=b"x"), "gone"),
        "/403": (Answer(status=403, body=b"x"), "blocked"),
        "/503": (Answer(status=503, body=b"x"), "could_not_tell"),
        "/suspended": (page("<title>Account Suspended</title><p>This account has been suspended.</p>"), "gone"),
        "/parked": (page("<title>shop.test</title><p>This domain is for sale. Related searches</p>"), "gone"),
        "/captcha": (page("<title>Just a moment...</title>"), "blocked"),
        "/empty": (page("<div id=app></div><script src=/app.js></script>"), "could_not_tell"),
        "/file.zip": (Answer(body=b"PK", kind="application/zip"), "could_not_tell"),
    }
    with WebServer({path: answer for path, (answer, _) in pages.items()}) as server:
        here = f"http://shop.test:{server.port}"
        found = visit(tmp_path, server, *(here + path for path in pages))
    for path, (_, outcome) in pages.items():
        assert {one["outcome"] for one in found[here + path]} == {outcome}, path


def test_a_paid_click_is_not_made_unless_asked_for(tmp_path: Path) -> None:
    with WebServer() as server:
        server.pages["/lp"] = page(OFFER)
        target = f"http://shop.test:{server.port}/lp?x=1"
        paid = f"https://googleads.g.doubleclick.net/aclk?sa=l&adurl={target.replace(':', '%3A').replace('/', '%2F')}"
        [visits] = visit(tmp_path, server, paid).values()
    assert {one["hops"][0]["url"] for one in visits if one["visitor"] != "bare"} == {target}


def test_the_links_of_a_case_are_followed_and_shown_with_it(tmp_path: Path) -> None:
    with WebServer() as server:
        server.pages["/lp"] = by_agent
        host = f"hoshino-denki-sale.test:{server.port}"
        crawling = Crawling(tmp_path)
        (tmp_path / "tips.csv").write_text(f"url\nhttp://{host}/lp\n", "utf-8")
        source = '[[source]]\nkey = "tips"\nkind = "feed"\npaths = ["tips.csv"]\nformat = "csv"\n'
        crawling.configure(source + PLAIN, allow=[server.allow], hosts={"hoshino-denki-sale.test": "127.0.0.1"})
        crawling.crawl()
        assert "differs" in mekiki("visit", "1", "-c", crawling.file).stdout
        shown = mekiki("cases", "show", "1", "-c", crawling.file).stdout
    assert f"Journey hxxp://hoshino-denki-sale[.]test:{server.port}/lp" in shown
    assert shown.count("differs") >= 3


def test_what_cannot_be_followed_is_said_in_one_line(tmp_path: Path) -> None:
    crawling = Crawling(tmp_path)
    crawling.configure("", allow=[])
    for target, says in (("foo", "neither an http or https address"), ("9", "there is no case 9")):
        failed = mekiki("visit", target, "-c", crawling.file)
        assert (failed.returncode, says in failed.stderr, failed.stderr.count("\n")) == (2, True, 1), failed.stderr
