"""No cookie that a server sets comes back to it or to anybody else: sources at one host cannot be told to be one."""

from pathlib import Path

from tests.servers.crawling import Crawling
from tests.servers.web import Answer, Hit, WebServer

SET = {"Set-Cookie": "visitor=7; Path=/; Max-Age=99999"}


def test_cookies_are_neither_kept_nor_sent(tmp_path: Path) -> None:
    def page(hit: Hit) -> Answer:
        body = '<title>page</title><a href="/more">x</a><img src="/p.png" width=300>'
        return Answer(body=body.encode(), headers=SET)

    with WebServer() as site:
        site.pages["/robots.txt"] = Answer(status=404, headers=SET)
        site.pages["/"] = site.pages["/more"] = page
        site.pages["/moved"] = Answer(status=302, headers={"Location": "/more", **SET})
        sources = "".join(
            f'[[source]]\nkey = "{key}"\nkind = "web"\nurls = ["{site.url}/", "{site.url}/moved"]\nfollow = ["more"]\n'
            f"delay = 0\n{more}\n"
            for key, more in (("a", ""), ("b", ""), ("own", 'headers = { Cookie = "file:cookie.txt" }'))
        )
        (tmp_path / "cookie.txt").write_text("session=ours")
        crawling = Crawling(tmp_path)
        crawling.configure(sources, allow=[site.allow])
        for _ in range(2):
            assert {source.outcome for source in crawling.crawl().sources} <= {"ok", "partial"}
    assert len(site.hits) > 20
    assert {hit.headers.get("cookie") for hit in site.hits} == {None, "session=ours"}
