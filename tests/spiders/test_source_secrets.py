"""No secret of a source reaches the log at level DEBUG, the database, the media folder or the report.

Every kind that takes a secret is read once for each way in which a server can hand it back, all in one crawl.
"""

import json
import re
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from PIL import Image

from safety.secret import MASK
from storage.database import open_engine, upgrade
from tests.servers.crawling import Crawling, Report
from tests.servers.interfaces import INTERFACES, THROTTLED, Scripted, reply
from tests.servers.web import Answer
from tests.spiders.pages.test_ad_exports import CREATIVE
from tests.spiders.pages.test_ad_libraries import LINKEDIN, META, TIKTOK
from tests.spiders.pages.test_domains import BAD, SCAN
from tests.spiders.pages.test_search_ads import AD
from tests.spiders.pages.test_social import SKY, TOOT, VIDEO, X

CANARY = "EAAB/c4nary+t0ken~of.a=person=="
FRESH = "clt.fr3sh/token+that-tiktok-hands-out"
SPELLINGS: Mapping[str, Callable[[str], str]] = {
    "plain": str,
    "query": quote_plus,
    "path": quote,  # leaves the slash as it is
    "lower": lambda secret: re.sub("%..", lambda match: match[0].lower(), quote_plus(secret)),
    "nested": lambda secret: quote_plus(quote_plus(secret)),  # in an address within an address
}
ROWS: Mapping[str, Any] = {
    "meta": META, "tiktok": TIKTOK, "linkedin": LINKEDIN, "google-ads": CREATIVE, "search": AD, "youtube": VIDEO,
    "bluesky": SKY, "mastodon": TOOT, "x": X["data"][0], "urlscan": SCAN, "urlhaus": BAD,
    "json": {"id": "1", "text": "星野電機"},
}  # fmt: skip
DRIVER = """
import functools, logging, sys
logging.basicConfig(level=logging.DEBUG)  # what is not Scrapy's goes to the log as it is
import spiders.crawl
spiders.crawl.screened_logging = functools.partial(spiders.crawl.screened_logging, logging.DEBUG)
from tests.servers.crawl_driver import main
main(sys.argv[1], {})
"""


class Debugged(Crawling):
    """Crawls at level DEBUG."""

    def driver(self, options: dict[str, Any]) -> tuple[str, ...]:
        return ("-c", DRIVER, str(self.file))


def png() -> bytes:
    stream = BytesIO()
    Image.effect_noise((200, 200), 90).save(stream, "PNG")
    return stream.getvalue()


def tainted(value: Any) -> Any:
    """Return JSON with the secrets behind every text in it, in all spellings."""
    if isinstance(value, dict):
        return {key: tainted(inner) for key, inner in value.items()} | {CANARY: FRESH}
    if isinstance(value, list):
        return [tainted(inner) for inner in value]
    if not isinstance(value, str):
        return value
    secrets = [spell(secret) for secret in (CANARY, FRESH) for spell in SPELLINGS.values()]
    if value.startswith("http"):
        return f"{value}?" + "&".join(f"x{number}={secret}" for number, secret in enumerate(secrets))
    return " ".join([value, *secrets])


def echoes(kind: str, home: str) -> Iterator[tuple[str, Answer]]:
    """Yield the ways in which a server hands a secret back, by name."""
    interface = INTERFACES[kind]
    status, body = THROTTLED[kind]
    say = tainted({"error": "odd", "message": "odd", "detail": "odd", "query_status": "odd"})
    picture = f"{home.rpartition('/')[0]}/picture.png"  # found by the kind "json" only
    page = interface.page([tainted({**ROWS[kind], "images": picture})], 2, home)
    leads = "?" + "&".join(f"x{number}={spell(CANARY)}" for number, spell in enumerate(SPELLINGS.values()))
    yield "page", reply(page if kind in ("tiktok", "mastodon") else tainted(page))
    yield "said", reply(say)
    yield "refused", reply(say, 401)
    yield "nested", reply({"error": {**say, "errors": [{"reason": CANARY}], "code": 190}}, 400)
    yield "throttled", reply(tainted(body), status, Retry_After="9999", x_what=CANARY)
    yield (
        "html",
        Answer(body=f"<html>{CANARY}".encode(), status=500, headers={"Retry-After": "0", "Set-Cookie": CANARY}),
    )
    yield "odd", reply({CANARY: FRESH})
    yield "elsewhere", Answer(status=302, headers={"Location": f"https://elsewhere.test/{leads}"})
    yield "around", Answer(status=307, headers={"Location": f"{home}/{quote(CANARY, '')}{leads}"})
    yield "short", Answer(body=f'{{"data": "{CANARY}'.encode(), claims=9999)


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """What a crawl left behind."""

    report: Report
    server: Scripted
    log: str
    files: Mapping[Path, bytes]


@pytest.fixture(scope="module")
def left(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Left]:
    crawling = Debugged(tmp_path_factory.mktemp("secrets"))
    with Scripted() as server, pytest.MonkeyPatch.context() as patch:
        patch.setenv("CANARY", CANARY)
        server.scripts["picture.png"] = [Answer(body=png(), kind="image/png", headers={"ETag": CANARY})]
        sources = []
        for kind in ROWS:
            for name, answer in echoes(kind, server.home(f"{kind}_page")):
                key = f"{kind}_{name}"
                server.scripts[key] = [answer]
                server.scripts[f"{key}/token"] = [reply({"access_token": FRESH, "expires_in": 7200})]
                sources.append(server.source(key, kind, "max_pages = 4"))
        lost = reply({"error_description": CANARY}, 401)
        strayed = reply({}, 307, Location=f"{server.home('unasked')}?token={CANARY}")
        for name, answer in (("lost", lost), ("strayed", strayed)):
            server.scripts[f"tiktok_{name}/token"] = [answer]
            sources.append(server.source(f"tiktok_{name}", "tiktok"))
        crawling.configure("\n".join(sources), allow=[server.allow])
        engine = open_engine(f"sqlite:///{crawling.folder / 'mekiki.db'}")
        upgrade(engine)
        with closing(sqlite3.connect(crawling.folder / "mekiki.db")) as reader:
            reader.execute("BEGIN")
            reader.execute("SELECT * FROM runs").fetchall()  # who reads keeps the write-ahead log from being emptied
            report = crawling.crawl()
            files = {path: path.read_bytes() for path in crawling.folder.rglob("*") if path.is_file()}
        engine.dispose()
        yield Left(report=report, server=server, log=crawling.log, files=files)


@pytest.mark.parametrize("secret", [CANARY, FRESH])
@pytest.mark.parametrize("spelling", ["plain", "query", "path", "lower", "nested"])
def test_a_secret_stays_where_it_belongs(secret: str, spelling: str, left: Left) -> None:
    form = SPELLINGS[spelling](secret).encode()
    found: dict[Any, bytes] = {"log": left.log.encode(), "report": repr(left.report).encode(), **left.files}
    assert [str(where) for where, content in found.items() if form in content] == []


def test_what_is_sent_in_a_body_does_not_follow_a_redirect(left: Left) -> None:
    assert [hit.path for hit in left.server.hits if hit.path.startswith("/unasked")] == []
    assert left.report["tiktok_strayed"].errors == {"token": 1}


@pytest.mark.parametrize("kind", sorted(ROWS))
def test_the_secret_was_sent_and_handed_back(kind: str, left: Left) -> None:
    """Prove that the test above has something to find."""
    hits = [hit for key, asked in left.server.asked.items() if key.startswith(f"{kind}_") for hit in asked]
    sent = [json.dumps([hit.path, *hit.headers.values()]) for hit in hits]
    assert any((FRESH if kind == "tiktok" else CANARY) in one or quote_plus(CANARY) in one for one in sent)
    assert left.report[f"{kind}_page"].items, left.report[f"{kind}_page"].problems
    assert any(
        MASK in problem for key in ("said", "refused", "throttled") for problem in left.report[f"{kind}_{key}"].problems
    )


def test_everything_was_written(left: Left) -> None:
    assert " debug Crawled (200) <GET http" in left.log
    assert f"api_key={MASK}" in left.log
    assert any("media" in path.parts for path in left.files)
    assert any(path.name == "mekiki.db-wal" and MASK.encode() in content for path, content in left.files.items())
