"""A host that answers a visit with nonsense spoils that visit only."""

import json
from pathlib import Path

from tests.servers import bombs
from tests.servers.crawling import Crawling
from tests.servers.programs import mekiki
from tests.servers.rude import RudeServer
from tests.servers.web import Answer, WebServer

NOWHERE = ("http://[", "http://[::1", "http://host:port/", "http://", "//", "http://a.test:99999/", "http://\u2028/")


def test_one_hostile_host_spoils_no_other_visit(tmp_path: Path) -> None:
    with WebServer() as site, RudeServer("127.0.0.2") as rude:
        for number, target in enumerate(NOWHERE):
            header = target.encode("utf-8").decode("latin-1")
            site.pages[f"/nowhere/{number}"] = Answer(status=302, headers={"Location": header})
            site.html(f"/refresh/{number}", f'<meta http-equiv="refresh" content="0; url={target}"><p>{"x " * 200}</p>')
        cookies = {"Set-Cookie": "a=b; Max-Age=" + "9" * 4000 + "; Domain=[; Expires=never"}
        site.html("/cookies", f"<title>shop</title><p>{'words ' * 60}</p>", headers=cookies)
        for number, body in enumerate(bombs.encodings().values()):
            encoding = list(bombs.encodings())[number]
            site.pages[f"/packed/{number}"] = Answer(body=body, headers={"Content-Encoding": encoding})
        pages = [*(bombs.buried(depth) for depth in bombs.DEPTHS), *bombs.markup().values()]
        for number, page in enumerate(pages):
            site.html(f"/page/{number}", page)
        site.html("/healthy", f"<title>shop</title><p>{'words ' * 60}</p>")
        links = [
            *(f"{site.url}/{way}/{number}" for number in range(len(NOWHERE)) for way in ("nowhere", "refresh")),
            *(f"{site.url}/packed/{number}" for number in range(len(bombs.encodings()))),
            *(f"{site.url}/page/{number}" for number in range(len(pages))),
            *(f"{rude.url}/{way}" for way in ("silent", "slow-body", "endless-body", "endless-headers")),
            f"{site.url}/cookies",
            f"{site.url}/healthy",
        ]
        crawling = Crawling(tmp_path)
        crawling.configure(
            '[[visitor]]\nkey = "v"\nuser_agent = "x"\n', allow=[site.allow, rude.allow], crawler="timeout = 3"
        )
        done = mekiki("visit", *links, "-c", crawling.file, "--json")
    assert done.returncode == 4, done.stderr
    visits = {one["url"]: one for one in json.loads(done.stdout)}
    assert set(visits) == set(links)
    for number in range(len(NOWHERE)):
        assert visits[f"{site.url}/nowhere/{number}"]["outcome"] in ("could_not_tell", "gone")
    for number in range(len(bombs.encodings())):
        assert visits[f"{site.url}/packed/{number}"]["hops"][-1]["problem"] == "too_large"
    for depth, number in zip(bombs.DEPTHS, range(len(bombs.DEPTHS)), strict=True):
        assert visits[f"{site.url}/page/{number}"]["landing"]["length"] > 20, depth
    assert {visits[f"{rude.url}/{way}"]["hops"][-1]["problem"] for way in ("silent", "slow-body")} == {"timeout"}
    # On a machine that is busy the clock may be first.
    assert visits[f"{rude.url}/endless-headers"]["hops"][-1]["problem"] in ("too_large", "timeout")
    for path in ("cookies", "healthy"):
        assert visits[f"{site.url}/{path}"]["outcome"] == "offer_seen"
