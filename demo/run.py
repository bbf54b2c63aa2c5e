"""The demo: write a configuration for the loopback world, crawl it, alert, compare with what was planted.

Everything between the configuration and the report is the production code path.
"""

import asyncio
import json
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Engine

from alerts.dispatch import dispatch_due
from config import Config, load
from demo.postbox import Postbox, running_postbox
from demo.site import (
    FEED,
    LOOKALIKE,
    OFFICIAL,
    PLANTED,
    PUBLISHER,
    REGISTRY,
    RESELLER,
    SHOP,
    SHORTENER,
    handed_over,
    protected_picture,
)
from demo.world import World, running_world
from safety.sandbox import Sandbox
from spiders.crawl import CrawlOptions, Store, run_crawl
from spiders.report import CrawlReport
from storage.cases import CaseSummary, case_detail, list_cases
from storage.database import open_engine, snapshot, upgrade
from storage.media import MediaStore
from storage.profiles import build_profiles

HOSTS = (PUBLISHER, OFFICIAL, RESELLER, FEED, SHOP, LOOKALIKE, SHORTENER, REGISTRY)

CONFIGURATION = """# Written by `mekiki demo`; a complete example is what `mekiki init` writes.
[crawler]
contact = "brand-protection@hoshino-denki.example"

[egress]                       # the demo world lives on loopback; nothing else private may be reached
allow = ["127.0.0.1:{port}"]
hosts = {{ {hosts} }}

[alerting]
group_wait = "1s"

[takedown.filer]
name = "知財部 担当者"
name_en = "Officer, IP Department"
title = "知的財産部"
organization = "星野電機株式会社"
organization_en = "Hoshino Denki Co., Ltd."
address = "東京都例示区架空一丁目2番3号"
address_en = "1-2-3 Kaku, Reiji-ku, Tokyo"
email = "brand-protection@hoshino-denki.example"
phone = "+81-3-0000-0000"

[takedown.mail]                # the demo's postbox takes every mail; nothing leaves this machine
sender = "brand-protection@hoshino-denki.example"
host = "127.0.0.1"
port = {mail}
security = "none"

[[brand]]
key = "hoshino"
name = "星野電機"
aliases = ["Hoshino Denki", "ホシノデンキ", "hoshinodenki"]
ambiguous = ["Hoshino"]
products = ["星の風", "Ruscool"]
domains = ["hoshino-denki.example"]
pictures = ["pictures/"]
false_claims = ["星野電機が開発した世界最小のエアコン"]

[brand.owner]
name = "星野電機株式会社"
name_en = "Hoshino Denki Co., Ltd."
address = "東京都例示区架空一丁目2番3号"
address_en = "1-2-3 Kaku, Reiji-ku, Tokyo"

[[brand.trademark]]
mark = "星野電機"
number = "登録第0000001号"
office = "JPO"
classes = [7, 11]
goods = "エアコン、扇風機"
until = 2031-05-31

[[ownership]]
brand = "hoshino"
who = "reseller"
scope = "domain:yamada-outlet.example"
until = 2027-03-31
note = "contract 2026-114"

[[source]]
key = "publisher"
kind = "web"
urls = ["http://news-portal.example:{port}/"]
follow = ["/article/"]
delay = 0.0

[[source]]
key = "shops"
kind = "web"
urls = [
    "http://hoshino-denki-sale.test:{port}/",
    "http://h0shino-denki.test:{port}/",
    "http://yamada-outlet.example:{port}/hoshino/",
    "http://hoshino-denki.example:{port}/",
]
depth = 0
delay = 0.0

[[source]]
key = "tips"
kind = "feed"
urls = ["http://feed.example:{port}/tips.csv"]
columns = {{ url = "URL", seen_at = "date" }}
time_zone = "Asia/Tokyo"
delay = 0.0

[[source]]                     # an ad that another department saw on a social network
key = "handover"
kind = "import"
path = "handover/*.jsonl"

[[source]]                     # run by `mekiki crawl --source registries`
key = "registries"
kind = "rdap"
url = "http://rdap.registry.test:{port}/dns.json"
ipv4_url = "http://rdap.registry.test:{port}/ipv4.json"
ipv6_url = "http://rdap.registry.test:{port}/ipv6.json"
delay = 0.0
enabled = false

[[visitor]]
key = "telephone"
user_agent = "Mozilla/5.0 (Linux; Android 16; Pixel 9) AppleWebKit/537.36 Chrome/150.0.0.0 Mobile Safari/537.36"
referrer = "https://www.instagram.com/"

[[visitor]]
key = "browser"
user_agent = "Mozilla/5.0 (Linux; Android 16; Pixel 9) AppleWebKit/537.36 Chrome/150.0.0.0 Mobile Safari/537.36"
referrer = "https://www.instagram.com/"
browser = true
device = "telephone"
stay = 1.0

[[receiver]]
key = "case-system"
channel = "webhook"
url = "file:sink-url"
signing = ["file:sink-secret"]

[[route]]
receivers = ["case-system"]
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoReport:
    """What the demo saw."""

    folder: Path
    crawl: CrawlReport
    cases: tuple[CaseSummary, ...]
    sent: int  # alerts
    received: tuple[str, ...]  # alert types that arrived at the sink
    missed: frozenset[tuple[str, str]]  # planted, not flagged
    wrong: frozenset[tuple[str, str]]  # flagged, not planted

    @property
    def passed(self) -> bool:
        """Tell whether exactly the planted things were flagged and every case was alerted."""
        return not self.missed and not self.wrong and len(self.received) == len(self.cases) > 0


@contextmanager
def whole_world() -> Iterator[tuple[World, Postbox]]:
    """Run the hosts and the mail server of the demo until the block ends."""
    with running_world() as world, running_postbox() as postbox:
        yield world, postbox


def run_demo(folder: Path, world: World, postbox: Postbox, say: Callable[[str], None]) -> DemoReport:
    """Run the whole demo in a folder, which keeps the configuration, the database and the pictures."""
    with Sandbox() as sandbox:
        config = load(_write(folder, world.port, postbox.port))
        engine, media = open_engine(config.storage.database), MediaStore(config.storage.media)
        upgrade(engine)
        sources = sum(source.enabled for source in config.source)
        say(f"demo world on 127.0.0.1:{world.port}: {len(HOSTS)} hosts; crawling {sources} sources …")
        profiles = build_profiles(config, sandbox)
        crawl = run_crawl(config, CrawlOptions(), profiles=profiles, store=Store(engine=engine, media=media))
        now = datetime.now(UTC)
        with snapshot(engine) as session:
            cases = tuple(list_cases(session, now=now, limit=1000))
            details = [case_detail(session, case.id) for case in cases]
        flagged = {
            (view.item.kind, view.item.links[0] if view.item.kind == "ad" else view.item.url or "")
            for detail in details
            for view in detail.items
        }
        say("sending the alerts …")
        sent = asyncio.run(_dispatch_all(config, engine, media, len(cases)))
        planted = {(kind, address.replace("{port}", str(world.port))) for kind, address in PLANTED}
        return DemoReport(
            folder=folder,
            crawl=crawl,
            cases=cases,
            sent=sent,
            received=tuple(json.loads(post.body)["type"] for post in world.posts),
            missed=frozenset(planted - flagged),
            wrong=frozenset(flagged - planted),
        )


async def _dispatch_all(config: Config, engine: Engine, media: MediaStore, cases: int) -> int:
    """Dispatch until every case is told, or for 20 seconds; return how many alerts were sent."""
    sent = 0
    for _ in range(40):
        sent += (await dispatch_due(config, engine, media, now=lambda: datetime.now(UTC))).sent
        if sent >= cases:
            break
        await asyncio.sleep(0.5)
    return sent


def _write(folder: Path, port: int, mail: int) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "pictures").mkdir(exist_ok=True)
    (folder / "pictures" / "ruscool.jpg").write_bytes(protected_picture())
    (folder / "handover").mkdir(exist_ok=True)
    lines, picture = handed_over(port)
    (folder / "handover" / "ads.jsonl").write_bytes(lines)
    (folder / "handover" / "creative.jpg").write_bytes(picture)
    (folder / "sink-url").write_text(f"http://127.0.0.1:{port}/alerts")
    (folder / "sink-secret").write_text(secrets.token_hex(24))
    file = folder / "mekiki.toml"
    hosts = ", ".join(f'"{host}" = "127.0.0.1"' for host in HOSTS)
    file.write_text(CONFIGURATION.format(port=port, mail=mail, hosts=hosts), "utf-8")
    return file
