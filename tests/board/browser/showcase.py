"""A showcase: an installation as a team has it after some weeks, made by the real functions.

The first case has all that a case can have: three ads and a page of one campaign, a logo in a picture, a LINE account,
journeys of three visitors of whom one was shown something else, a registration, networks, an earlier case of the same
account that was confirmed, a log. Others are domains, posts, comments; some were judged, one has notices.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from detector.items import Advertiser, Item, Kind, Text
from detector.page_facts import Form, PageFacts
from storage.contacts import save_contact
from storage.database import transaction
from storage.notices import begin_sending, filed, save_draft
from storage.registrations import save_registration
from storage.runs import finish_run, start_run
from storage.views import CaseFilters, save_view
from tests.board.browser.builder import Builder, network, registration, way
from tests.board.browser.drawn import Draw, column, sale, shop
from tests.storage.noticed import a_content

SHOP = "hoshino-denki-sale.test"
LINK = f"https://{SHOP}/lp/?c=7&fbclid=IwAR0aBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789"
LANDING = f"https://{SHOP}/lp/order"
LINE_ID = "@hoshino-sale88"


@dataclass(slots=True, kw_only=True)
class Showcase:
    """What was made."""

    folder: Path
    now: datetime
    cases: dict[str, int] = field(default_factory=dict)  # by the names that `fill` gives them
    notices: list[int] = field(default_factory=list)  # one is filed, one a draft
    picture: str = ""  # SHA-256 of the first case's


def an_ad(name: str, advertiser: str, text: str, link: str | None, **more: Any) -> Item:
    """An ad of a case of its own."""
    values: dict[str, Any] = {
        "id": f"ad-{name}",
        "kind": "ad",
        "platform": "meta",
        "advertiser": Advertiser(id=f"adv-{name}", name=advertiser, payer=more.pop("payer", None)),
        "texts": (Text(role="body", text=text, lang="ja"),),
        "links": (link,) if link else (),
        "countries": ("JP",),
    }
    return Item(**{**values, **more})


def fill(folder: Path, draw: Draw, now: datetime) -> Showcase:
    """Make the showcase in an empty folder."""
    made = Showcase(folder=folder, now=now)
    builder = Builder(folder, now)
    _campaign(builder, made, draw)
    _others(builder, made, draw)
    _earlier(builder, made)
    _notices(builder, made, draw)
    with transaction(builder.engine) as session:
        save_view(session, "高スコア", CaseFilters(min_score=0.9), who="aoki", now=now)
        for day in range(20):
            for source, count in (("meta-ads", 40), ("news-pages", 18), ("new-domains", 260)):
                at = now - timedelta(days=day, minutes=20)
                failed = source == "news-pages" and day in (3, 4)
                counts = {"error.timeout": 6} if failed else {"items": count, "requests": count}
                ended = at + timedelta(minutes=2)
                finish_run(session, start_run(session, source, at), ended, "failed" if failed else "ok", counts)
    builder.engine.dispose()
    return made


def _campaign(builder: Builder, made: Showcase, draw: Draw) -> None:
    at = made.now - timedelta(hours=5)
    first = builder.picture(
        draw(sale(headline="世界最小エアコン 80%OFF", small="星野電機 公式 閉店セール 残り88点"), 800, 450)
    )
    other = builder.picture(
        draw(sale(headline="閉店につき全品半額以下", small="星野電機 公式アウトレット", colour="#124b8a"), 800, 450)
    )
    url = "https://cdn.example/creative.jpg"
    claim = "星野電機が開発した世界最小のエアコン 80%OFF 残り88点"
    started = str((at - timedelta(days=2)).date())
    shared: dict[str, Any] = {"images": (url,), "payer": "QX Trade Ltd"}
    again = f"閉店につき全品半額以下。星野電機 公式アウトレット。お申し込みはLINE {LINE_ID}"
    everywhere = ("facebook", "instagram")
    seller, article = "Hoshino Denki Outlet 公式", "https://news-portal.example/article/12"
    links = [LINK.replace("c=7", f"c={number}") for number in (7, 8, 9)]
    ads = (
        (
            an_ad(
                "501",
                seller,
                f"{claim}。本日限り4,990円。LINEで友だち追加 {LINE_ID}",
                links[0],
                first_shown=started,
                platforms=everywhere,
                **shared,
            ),
            "meta-ads",
            first,
        ),
        (an_ad("502", seller, again, links[1], platform="instagram", **shared), "meta-ads", other),
        (
            an_ad(
                "503",
                "QX Trade Ltd",
                f"{claim}。購入はLINE {LINE_ID}",
                links[2],
                platform="youtube",
                publisher_url=article,
                **shared,
            ),
            "news-pages",
            first,
        ),
    )
    cases = {
        builder.record(item, source, at + timedelta(minutes=20 * number), picture)
        for number, (item, source, picture) in enumerate(ads)
    }
    page = Item(
        id=LANDING,
        kind="page",
        url=LANDING,
        texts=(
            Text(role="html_title", text="星野電機 公式 閉店セール", lang="ja"),
            Text(
                role="body",
                text=f"星野電機 公式ショップ 閉店セール 80%OFF。購入はLINE {LINE_ID} 友だち追加。"
                "お支払いは銀行振込: みどり銀行 架空支店 普通 1234567",
            ),
        ),
        page=PageFacts(forms=(Form(kind="personal", fields=("お名前", "電話番号")),)),
        images=(url,),
    )
    cases.add(builder.record(page, "news-pages", at + timedelta(hours=1), first))
    [case] = cases
    made.cases["campaign"], made.picture = case, first.sha256
    shots = [
        builder.picture(draw(shop(title="星野電機 公式", line="LINEで友だち追加して購入"), 390, 844)),
        builder.picture(draw(column(title="夏を涼しく過ごす工夫"), 1280, 800)),
    ]
    hop = "https://go.short-hop.test/x7"
    sale_words = f"星野電機 公式ショップ 閉店セール 80%OFF 本日限り4,990円 購入はLINE {LINE_ID} 友だち追加 残り88点"
    calm = (
        "すだれを掛け、風の通り道をつくり、打ち水をするだけで体感温度は下がります。"
        "寝る前に首の後ろを冷やすと寝付きがよくなると言われています。"
    )
    for hours in (3, 1):
        when = made.now - timedelta(hours=hours)
        builder.journeys(
            LINK,
            case,
            when,
            way(
                "telephone",
                when,
                (LINK, hop, LANDING),
                title="星野電機 公式 閉店セール",
                text=sale_words,
                shot=shots[0],
                country="JP",
            ),
            way("desk", when, (LINK, hop, f"https://{SHOP}/column"), title="くらしのコラム", text=calm, shot=shots[1]),
            way("crawler", when, (LINK, f"https://{SHOP}/denied"), title="", text="", status=403),
        )
    with transaction(builder.engine) as session:
        save_registration(session, registration(SHOP, made.now - timedelta(days=9), made.now))
        for address, owner in (("203.0.113.7", "Cloudflare, Inc."), ("198.51.100.9", "Example Hosting KK")):
            save_contact(session, network(address, owner, made.now))
    builder.decide(case, made.now - timedelta(hours=2), "aoki", "assign", assignee="aoki")
    builder.decide(case, made.now - timedelta(hours=2), "aoki", "tag", tag="閉店セール")
    builder.decide(case, made.now - timedelta(minutes=50), "suzuki", "note", note="振込先を金融機関に照会中")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ad:
    """An ad that is a case of its own."""

    name: str
    days: int  # ago
    advertiser: str
    text: str
    link: str
    source: str = "meta-ads"
    headline: str = ""  # of its picture, if it has one
    small: str = ""
    colour: str = "#c8102e"


_ADS = (
    Ad(
        name="outlet",
        days=1,
        advertiser="星野電機アウトレット本店",
        text="星の風が半額、星野電機の倉庫移転につき全品を処分いたします。公式サイトはこちら",
        link="https://hoshinodenki-outlet.test/sale",
        headline="倉庫移転 全品処分",
        small="星の風シリーズ",
        colour="#7a1fa2",
    ),
    Ad(
        name="survey",
        days=2,
        advertiser="くらしの窓",
        text="星野電機のアンケートに答えて空気清浄機を受け取る、先着百名さまに進呈",
        link="https://hoshino-denki-campaign.test/q",
        headline="アンケートで無料進呈",
        small="先着100名さま",
        colour="#0b7a3b",
    ),
    Ad(
        name="support",
        days=3,
        advertiser="星野電機 お客様センター",
        text="お支払い方法の確認が必要です。星野電機サポートへ本日中に手続きをお願いします",
        link="https://hoshino-denki-support.test/login",
        source="news-pages",
    ),
    Ad(
        name="prize",
        days=5,
        advertiser="懸賞事務局",
        text="ご当選おめでとうございます。星野電機より賞品の発送先をご入力ください",
        link="https://hoshinodenki-prize.test/win",
    ),
    Ad(
        name="heater",
        days=6,
        advertiser="冬物展",
        text="星野電機の暖房器具 80%OFF 冬物展、公式閉店セール開催中",
        link="https://hoshino-denki-winter.test/",
        source="tips",
        headline="冬物 80%OFF",
        small="星野電機 暖房器具",
        colour="#a33b00",
    ),
    Ad(
        name="invest",
        days=8,
        advertiser="株主優待デスク",
        text="星野電機の株主さまへ特別優待、口座の登録はこちらのフォームから",
        link="https://hoshino-denki-invest.test/form",
    ),
    Ad(
        name="recycle",
        days=9,
        advertiser="回収便",
        text="星野電機 公式 古い家電の無料回収便、日時の指定も承っております",
        link="https://hoshinodenki-recycle.test/",
    ),
)
_MORE: tuple[tuple[str, Kind, dict[str, Any]], ...] = (
    ("lookalike", "domain", {"url": "h0shino-denki.test"}),
    ("idn", "domain", {"url": "xn--hshinodenki-rnj.test"}),
    (
        "post",
        "post",
        {
            "platform": "x",
            "url": "https://x.example/status/1",
            "texts": (
                Text(
                    role="body",
                    text="【公式】星野電機 閉店セール80%OFF！残りわずか、LINEで友だち追加してください "
                    "hoshino-clearance.test",
                ),
            ),
        },
    ),
    (
        "comment",
        "comment",
        {
            "platform": "youtube",
            "url": "https://video.example/watch?v=1",
            "texts": (
                Text(
                    role="body",
                    text="星野電機 公式の当選者です。おめでとうございます！賞品はLINEで友だち追加 @hoshino-gift1",
                ),
            ),
        },
    ),
)


def _others(builder: Builder, made: Showcase, draw: Draw) -> None:
    for ad in _ADS:
        images, pictures = [], []
        if ad.headline:
            images.append(f"https://cdn.example/{ad.name}.jpg")
            marked = ad.name != "survey"
            html = sale(headline=ad.headline, small=ad.small, colour=ad.colour, logo=marked, photo=marked)
            pictures.append(builder.picture(draw(html, 800, 450)))
        at = made.now - timedelta(days=ad.days, hours=1)
        item = an_ad(ad.name, ad.advertiser, ad.text, ad.link, images=tuple(images))
        made.cases[ad.name] = builder.record(item, ad.source, at, *pictures)
    for name, kind, values in _MORE:
        source = "new-domains" if kind == "domain" else "tips"
        at = made.now - timedelta(hours=9 + len(made.cases))
        made.cases[name] = builder.record(Item(id=f"{kind}-{name}", kind=kind, **values), source, at)


def _earlier(builder: Builder, made: Showcase) -> None:
    """What was judged, with the times that figures are made of."""
    now, day = made.now, timedelta(days=1)
    builder.decide(made.cases["invest"], now - 7 * day, "aoki", "dismiss", reason="reseller", note="販売店の案内")
    builder.decide(made.cases["recycle"], now - 8 * day, "aoki", "confirm", note="偽の回収便")
    builder.decide(made.cases["recycle"], now - 8 * day + timedelta(hours=2), "suzuki", "takedown", approvers=())
    builder.decide(made.cases["heater"], now - 5 * day, "aoki", "confirm")
    builder.decide(made.cases["prize"], now - 4 * day, "aoki", "dismiss", reason="other", note="調査の結果、無関係")


def _notices(builder: Builder, made: Showcase, draw: Draw) -> None:
    """A case in takedown with a notice that waits for its answer, and a draft."""
    case, at, host = made.cases["recycle"], made.now - timedelta(days=7), "hoshinodenki-recycle.test"
    shot = builder.picture(draw(shop(title="無料回収 受付", line="LINEで受付", colour="#00695c"), 390, 844))
    link, words = (
        f"https://{host}/",
        "星野電機 公式 古い家電の無料回収便 お申し込みはLINE @hoshino-kaishu 手数料をお振込ください",
    )
    builder.journeys(link, case, at, way("telephone", at, (link,), title="星野電機 回収便", text=words, shot=shot))
    told = {"subject": host, "targets": [host], "links": [link]}
    with transaction(builder.engine) as session:
        save_registration(session, registration(host, at - timedelta(days=30), at))
        content = a_content(case, channel="registrar", **told, body=f"Please suspend {host}, which imitates 星野電機.")
        number = save_draft(session, content, who="aoki", now=at)
        begin_sending(session, number, who="suzuki", approvers=(), now=at)
        filed(session, number, who="suzuki", now=at, due=timedelta(days=10), theirs="ABUSE-4711")
        content = a_content(
            case, channel="safe-browsing", actor="everyone", **told, body=f"{host} は星野電機を騙ります。"
        )
        made.notices = [number, save_draft(session, content, who="aoki", now=at)]
