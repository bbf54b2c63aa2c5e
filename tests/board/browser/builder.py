"""Builder: fills an installation as detector, crawl and visits do."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import config as configuration
from detector.assess import Assessor
from detector.images.decode import inspect
from detector.images.hash import PictureHash, picture_hash_from_dict
from detector.items import Item
from detector.visits import Hop, Landing, Visit, compared, outcome_of, simhash, text_hash
from safety.sandbox import Sandbox
from spiders.visits.exchange import Exchange
from spiders.visits.followed import Followed
from spiders.visits.keeping import kept
from storage.contacts import ContactAnswer
from storage.database import open_engine, transaction, upgrade
from storage.items import Observation, record_many
from storage.judgements import Judgement, judge
from storage.media import MediaStore
from storage.pictures import PictureRecord, save_picture
from storage.profiles import build_profiles
from storage.registrations import Registration
from storage.visits import LinkToVisit, VisitRound, proved, save_visits
from tests.board.browser.drawn import LOGO

CONFIG = """
[crawler]
contact = "brand-protection@hoshino-denki.example"

[triage]
zone = "Asia/Tokyo"

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

[takedown.mail]
sender = "brand-protection@hoshino-denki.example"
host = "127.0.0.1"
port = 2525
security = "none"

[[brand]]
key = "hoshino"
name = "星野電機"
aliases = ["Hoshino Denki", "ホシノデンキ", "hoshinodenki"]
products = ["星の風", "Ruscool"]
domains = ["hoshino-denki.example"]
accounts = ["meta:108855443322110"]
logos = ["logos/hoshino.svg"]
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
until = 2031-03-31
note = "contract 2026-114"

[[source]]
key = "meta-ads"
kind = "import"
path = "inbox/meta/*.jsonl"
every = "1h"

[[source]]
key = "news-pages"
kind = "web"
urls = ["https://news-portal.example/"]
every = "6h"

[[source]]
key = "new-domains"
kind = "feed"
urls = ["https://feeds.example/domains.csv"]
item = "domain"
every = "1h"

[[source]]
key = "tips"
kind = "import"
path = "inbox/tips/*.jsonl"
every = "1d"
"""


class Builder:
    """Fills an installation: judges as the real detector does, and keeps as the real crawl does."""

    def __init__(self, folder: Path, now: datetime) -> None:
        for name in ("logos", "inbox"):
            (folder / name).mkdir(parents=True)
        (folder / "logos" / "hoshino.svg").write_text(LOGO, "utf-8")
        (folder / "mekiki.toml").write_text(CONFIG, "utf-8")
        self.now = now
        self.config = configuration.load(folder / "mekiki.toml")
        self.engine = open_engine(self.config.storage.database)
        self.media = MediaStore(self.config.storage.media)
        upgrade(self.engine)
        with Sandbox(workers=1) as sandbox:
            self.assessor = Assessor(build_profiles(self.config, sandbox).brands)

    def picture(self, data: bytes) -> PictureRecord:
        """Keep a picture."""
        found = inspect(data)
        record = PictureRecord(
            sha256=self.media.put(data),
            mime=found["mime"],
            bytes=len(data),
            width=found["width"],
            height=found["height"],
            hash=picture_hash_from_dict(found["hash"]),
            rendition=self.media.put(found["rendition"]),
        )
        with transaction(self.engine) as session:
            save_picture(session, record, self.now)
        return record

    def record(self, item: Item, source: str, at: datetime, *pictures: PictureRecord) -> int:
        """Judge an item and keep it; return its case."""
        shown = dict(zip(item.images, pictures, strict=True))
        hashes: Mapping[str, PictureHash] = {name: one.hash for name, one in shown.items() if one.hash is not None}
        verdicts = self.assessor.assess(item, on=at.date(), pictures=hashes)
        assert any(verdict.flagged for verdict in verdicts), item.id
        seen = Observation(
            item=item,
            source=source,
            run_id=None,
            seen_at=at,
            pictures={name: one.sha256 for name, one in shown.items()},
        )
        with transaction(self.engine) as session:
            [recorded] = record_many(
                session,
                [(seen, verdicts)],
                judged_by=self.assessor.fingerprint,
                now=at,
                group_wait=timedelta(seconds=30),
                group_interval=timedelta(minutes=5),
            )
        return recorded.cases[0]

    def decide(self, case: int, at: datetime, who: str, action: Any, **more: Any) -> None:
        """Judge a case."""
        with transaction(self.engine) as session:
            judge(session, case, Judgement(who=who, action=action, **more), now=at)

    def journeys(self, link: str, case: int, at: datetime, *ways: Followed) -> None:
        """Keep what several visitors saw of a link, with the files that prove it."""
        visits = compared([one.visit for one in ways])
        round_ = VisitRound(
            link=LinkToVisit(url=link, cases=(case,)),
            visits=tuple(
                kept(replace(one, visit=visit), self.media.put) for one, visit in zip(ways, visits, strict=True)
            ),
        )
        sound = proved(self.media, round_, at)
        with transaction(self.engine) as session:
            save_visits(session, round_.link, sound, who="mekiki", authority=None, now=at + timedelta(minutes=1))


def way(
    visitor: str,
    at: datetime,
    urls: Sequence[str],
    *,
    title: str,
    text: str,
    status: int = 200,
    shot: PictureRecord | None = None,
    country: str | None = None,
) -> Followed:
    """One visitor's journey over some addresses; the last one answers with a page."""
    hops = tuple(
        Hop(
            url=url,
            how="start" if number == 0 else "redirect",
            at=at + timedelta(seconds=number),
            seconds=0.2,
            status=status if number == len(urls) - 1 else 302,
            address=("203.0.113.7", "198.51.100.9")[number % 2],
            certificate="ab" * 32,
            headers=(("Server", "cloudflare"), ("Content-Type", "text/html; charset=utf-8")),
        )
        for number, url in enumerate(urls)
    )
    landing = Landing(
        title=title,
        text=text_hash(f"{title} {text}"),
        shape=simhash((title,)),
        length=len(text),
        excerpt=text,
        picture=shot.hash.phash if shot is not None and shot.hash is not None else None,
        window="390x844" if shot is not None else None,
    )
    seen = landing if status == 200 else None
    outcome, says = outcome_of(hops, seen, ended=True)
    body = f"<!doctype html><title>{title}</title><p>{text}</p>".encode("utf-8", "replace")
    exchanges = tuple(
        Exchange(
            url=hop.url,
            at=hop.at,
            address=hop.address,
            sent=(("User-Agent", "Mozilla/5.0"),),
            status=hop.status,
            headers=hop.headers,
            body=body if hop is hops[-1] else b"",
        )
        for hop in hops
    )
    visit = Visit(
        url=urls[0],
        visitor=visitor,
        started_at=at,
        hops=hops,
        landing=seen,
        outcome=outcome,
        says=says,
        browser=True,
        country=country,
        screenshot=shot.rendition if shot is not None else None,
    )
    return Followed(visit=visit, exchanges=exchanges, screenshot=shot)


def registration(domain: str, created: datetime, at: datetime, **changes: Any) -> Registration:
    """What a registry tells of a domain."""
    facts = {
        "domain": domain,
        "registrar": "Example Registrar, Inc.",
        "registrar_id": "9999",
        "abuse_email": "abuse@registrar.example",
        "abuse_phone": "",
        "registrant": "",
        "country": "",
        "created": f"{created:%Y-%m-%dT%H:%M:%SZ}",
        "changed": "",
        "expires": "2030-01-01T00:00:00Z",
        "status": ["client transfer prohibited"],
        "nameservers": ["ns1.dns.example"],
        "related": None,
        "redacted": ["registrant name"],
        **changes,
    }
    return Registration(domain=domain, asked_at=at, facts=facts, answer=None)


def network(address: str, owner: str, at: datetime) -> ContactAnswer:
    """Whose an address is."""
    span = address.rpartition(".")[0]
    facts = {
        "name": owner.split()[0].upper(),
        "handle": f"NET-{span}.0",
        "owner": owner,
        "country": "JP",
        "first": f"{span}.0",
        "last": f"{span}.255",
        "abuse_email": "abuse@hosting.example",
        "error": "",
    }
    return ContactAnswer(kind="network", subject=address, asked_at=at, facts=facts, answer=None)


def utc_now() -> datetime:
    """Return the time, without fractions."""
    return datetime.now(UTC).replace(microsecond=0)
