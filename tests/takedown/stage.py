"""A filled installation for the tests of takedowns: one confirmed case with its whole journey, and one that is none of
its business; judged by the real detector, kept by the real code.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import Engine

from config import Config, load
from demo.pictures import jpeg, product_photo, stolen_copy, travel_banner
from detector.assess import Assessor
from detector.images.decode import inspect
from detector.images.hash import picture_hash_from_dict
from detector.items import Advertiser, Item, Text
from detector.visits import Hop, Landing, Visit, outcome_of, text_hash
from safety.sandbox import Sandbox
from spiders.visits.exchange import Exchange
from spiders.visits.followed import Followed
from spiders.visits.keeping import kept
from storage.cases import Judgement, judge
from storage.contacts import ContactAnswer, save_contact
from storage.database import open_engine, transaction, upgrade
from storage.items import Observation, record_many
from storage.media import MediaStore
from storage.pictures import PictureRecord, save_picture
from storage.profiles import build_profiles
from storage.registrations import Registration, save_registration
from storage.visits import LinkToVisit, VisitRound, proved, save_visits

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
SHOP = "hoshino-denki-sale.test"
LINK = f"https://{SHOP}/lp/?c=7&fbclid=IwAR0aB"
HOP = "https://go.short-hop.test/x7"
LANDING = f"https://{SHOP}/lp/order"
ADDRESS = "203.0.113.7"
HOP_ADDRESS = "198.51.100.9"
LINE_ID = "@hoshino-sale88"
ADVERTISER = "1088554433"
BANK = "みどり銀行 架空支店 普通 1234567"
AUTHORITY = "https://tsa.example/rfc3161"
OTHER_SHOP = "hoshinodenki-outlet9.test"
CANARY = "QUXKANARIA7731"  # stands in everything of the other case, and nowhere else
SECRET = "s3cr3t-canary-5519"  # password of the relay
CONFIG = f"""
[crawler]
contact = "brand-protection@hoshino-denki.example"

[evidence]
authority = "{AUTHORITY}"

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
certificate = "rights/0000001.pdf"
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """An installation."""

    folder: Path
    engine: Engine
    media: MediaStore
    config: Config
    case: int  # confirmed: two ads and a landing page, journeys of two visitors, a LINE account, a registration
    other: int  # open, of another campaign


def set_stage(folder: Path) -> tuple[int, int]:
    """Fill an empty folder; return the cases' ids."""
    (folder / "pictures").mkdir()
    (folder / "rights").mkdir()
    (folder / "pictures" / "ruscool.jpg").write_bytes(jpeg(product_photo(), 92))
    (folder / "rights" / "0000001.pdf").write_bytes(b"%PDF-1.4\n% a certificate\n%%EOF\n")
    (folder / "mekiki.toml").write_text(CONFIG, "utf-8")
    config = load(folder / "mekiki.toml")
    engine, media = open_engine(config.storage.database), MediaStore(config.storage.media)
    upgrade(engine)
    with Sandbox(workers=1) as sandbox:
        assessor = Assessor(build_profiles(config, sandbox).brands)
    copy, trip = (
        keep_picture(engine, media, jpeg(stolen_copy(), 60)),
        keep_picture(engine, media, jpeg(travel_banner())),
    )
    cases = [record(engine, assessor, item, pictures) for item, pictures in _items(copy, trip)]
    case, other = cases[0], cases[-1]
    assert cases[:-1] == [case] * (len(cases) - 1), "the items of the campaign are one case"
    assert case != other
    for link, title, number in (
        (LINK, "星野電機 公式 閉店セール", case),
        (f"https://{OTHER_SHOP}/{CANARY}", CANARY, other),
    ):
        journey(engine, media, link, number, title=title)
    with transaction(engine) as session:
        judge(
            session, case, Judgement(who="keiko", action="confirm", note="偽の閉店セール"), now=NOW + timedelta(hours=1)
        )
        save_registration(session, _registration())
        for network in _networks():
            save_contact(session, network)
    engine.dispose()
    return case, other


def enter(folder: Path, case: int, other: int) -> Stage:
    """Open a folder that was filled, or a copy of one."""
    config = load(folder / "mekiki.toml")
    return Stage(
        folder=folder,
        engine=open_engine(config.storage.database),
        media=MediaStore(config.storage.media),
        config=config,
        case=case,
        other=other,
    )


def record(engine: Engine, assessor: Assessor, item: Item, pictures: dict[str, str]) -> int:
    """Judge and record a flagged item; return its case."""
    verdicts = assessor.assess(item, on=NOW.date())
    assert any(verdict.flagged for verdict in verdicts), item.id
    seen = Observation(item=item, source="meta-ads", run_id=None, seen_at=NOW, pictures=pictures)
    with transaction(engine) as session:
        [recorded] = record_many(
            session,
            [(seen, verdicts)],
            judged_by=assessor.fingerprint,
            now=NOW,
            group_wait=timedelta(seconds=30),
            group_interval=timedelta(minutes=5),
        )
    [case] = recorded.cases
    return case


def keep_picture(engine: Engine, media: MediaStore, data: bytes) -> PictureRecord:
    """Put a picture into the store, as an item's or a visit's."""
    found = inspect(data)
    picture = PictureRecord(
        sha256=media.put(data),
        mime=found["mime"],
        bytes=len(data),
        width=found["width"],
        height=found["height"],
        hash=picture_hash_from_dict(found["hash"]),
        rendition=media.put(found["rendition"]),
        refused=None,
    )
    with transaction(engine) as session:
        save_picture(session, picture, NOW)
    return picture


def journey(
    engine: Engine, media: MediaStore, link: str, case: int, *, title: str, at: datetime = NOW, status: int = 200
) -> None:
    """Follow a link as two visitors, with a redirect on the way: what was seen, proved, stamped for, kept."""
    shot = keep_picture(engine, media, jpeg(stolen_copy(), 70))
    visits = [followed(link, who, title=title, at=at, status=status) for who in ("telephone", "desk")]
    pieces = (
        Followed(visit=replace(one.visit, screenshot=shot.rendition), exchanges=one.exchanges, screenshot=shot)
        for one in visits
    )
    round_ = VisitRound(
        link=LinkToVisit(url=link, cases=(case,)),
        visits=tuple(kept(one, media.put) for one in pieces),
    )
    sound = proved(media, round_, at)
    with transaction(engine) as session:
        save_visits(session, round_.link, sound, who="mekiki", authority=AUTHORITY, now=at + timedelta(minutes=1))


def followed(link: str, visitor: str, *, title: str, at: datetime, status: int) -> Followed:
    """One visitor's journey: link, shortener, landing page behind a content network."""
    host = link.partition("//")[2].partition("/")[0]
    end = f"https://{host}/lp/order"
    cdn = (("Server", "cloudflare"), ("CF-RAY", "8f00-NRT"), ("Content-Type", "text/html; charset=utf-8"))
    body = f"<!doctype html><title>{title}</title><h1>{title}</h1><p>LINE {LINE_ID} で友だち追加</p>".encode()
    hops = tuple(
        Hop(
            url=url,
            how="start" if number == 0 else "redirect",
            at=at + timedelta(seconds=number),
            seconds=0.2,
            status=answer,
            address=address,
            certificate="ab" * 32,
            headers=cdn,
        )
        for number, (url, answer, address) in enumerate(
            ((link, 302, ADDRESS), (HOP, 302, HOP_ADDRESS), (end, status, ADDRESS))
        )
    )
    landing = Landing(
        title=title, text=text_hash(title * 9), shape="0f" * 8, length=900, excerpt=f"{title} LINE {LINE_ID}"
    )
    seen = landing if status == 200 else None
    outcome, says = outcome_of(hops, seen, ended=True)
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
        url=link, visitor=visitor, started_at=at, hops=hops, landing=seen, outcome=outcome, says=says, browser=True
    )
    return Followed(visit=visit, exchanges=exchanges)


def _items(copy: PictureRecord, trip: PictureRecord) -> Sequence[tuple[Item, dict[str, str]]]:
    ad = Item(
        id="ad-501",
        kind="ad",
        platform="meta",
        url="https://ads.platform.example/library?id=501",
        advertiser=Advertiser(id=ADVERTISER, name="Hoshino Denki Outlet 公式", payer="QX Trade Ltd"),
        texts=(
            Text(role="title", text="星野電機が開発した世界最小のエアコン 80%OFF 残り88点", lang="ja"),
            Text(role="body", text=f"本日限り4,990円。LINEで友だち追加 {LINE_ID}", lang="ja"),
        ),
        links=(LINK,),
        images=("https://cdn.example/creative.jpg",),
        countries=("JP",),
        first_shown="2026-11-20",
        seen_at=NOW,
    )
    page = Item(
        id=LANDING,
        kind="page",
        url=LANDING,
        texts=(
            Text(role="html_title", text="星野電機 公式 閉店セール", lang="ja"),
            Text(
                role="body",
                text=f"星野電機 公式ショップ 80%OFF。購入はLINE {LINE_ID} 銀行振込: みどり銀行 架空支店 普通 1234567",
            ),
        ),
        images=("https://cdn.example/creative.jpg",),
        seen_at=NOW,
    )
    video = Item(
        id="yt-77",
        kind="ad",
        platform="youtube",
        advertiser=Advertiser(id="AR07", name="QX Trade Ltd"),
        texts=(Text(role="title", text="星野電機 公式アウトレット 閉店セール 80%OFF", lang="ja"),),
        links=(f"https://{SHOP}/lp/?c=8",),
        seen_at=NOW,
    )
    other = Item(
        id=f"ad-{CANARY}",
        kind="ad",
        platform="x",
        advertiser=Advertiser(id=f"a{CANARY}", name=f"星野電機 公式 {CANARY}"),
        texts=(Text(role="body", text=f"倉庫の片付けで星野電機 公式の扇風機を無料で差し上げます {CANARY}"),),
        links=(f"https://{OTHER_SHOP}/{CANARY}",),
        images=("https://cdn.example/trip.jpg",),
        seen_at=NOW,
    )
    creative = {"https://cdn.example/creative.jpg": copy.sha256}
    return (
        (ad, creative),
        (page, creative),
        (video, {}),
        (other, {"https://cdn.example/trip.jpg": trip.sha256}),
    )


def _registration() -> Registration:
    return Registration(
        domain=SHOP,
        asked_at=NOW,
        facts={
            "domain": SHOP,
            "registrar": "Example Registrar, Inc.",
            "registrar_id": "9999",
            "abuse_email": "abuse@registrar.example",
            "abuse_phone": "",
            "registrant": "",
            "country": "",
            "created": "2026-11-15T00:00:00Z",
            "changed": "",
            "expires": "2027-11-15T00:00:00Z",
            "status": ["client transfer prohibited"],
            "nameservers": ["ns1.dns.example"],
            "related": None,
            "redacted": ["registrant name"],
        },
        answer=None,
    )


def _networks() -> tuple[ContactAnswer, ...]:
    """The landing page stands behind a content network; the hop claims to, but its address is a host's."""
    told = (
        (ADDRESS, "CLOUDFLARENET", "Cloudflare, Inc.", "203.0.113", "abuse@cdn.example"),
        (HOP_ADDRESS, "EXAMPLE-HOSTING", "Example Hosting KK", "198.51.100", "abuse@hosting.example"),
    )
    return tuple(
        ContactAnswer(
            kind="network",
            subject=address,
            asked_at=NOW,
            facts={
                "name": name,
                "handle": f"NET-{span}.0",
                "owner": owner,
                "country": "JP",
                "first": f"{span}.0",
                "last": f"{span}.255",
                "abuse_email": mail,
                "error": "",
            },
            answer=None,
        )
        for address, name, owner, span, mail in told
    )
