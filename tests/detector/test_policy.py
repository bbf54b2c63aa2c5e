import random
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from importlib import resources

import numpy as np
import pytest

from detector.assess import Assessor
from detector.brands import Look, OfficialPage, ReferencePicture
from detector.images.hash import PROTECTED_TILES, PictureHash, Tile
from detector.images.marks import WIDTH, Mark, packed
from detector.images.networks import version
from detector.items import Advertiser, Item, Text
from detector.page_facts import Asset, Discount, Form, PageFacts, Seller, Stock
from detector.policy import POLICY, shipped_versions
from detector.signals import SIGNALS
from tests.detector.hoshino import HOSHINO, ON


def windows(seed: int) -> tuple[Tile, ...]:
    """Return windows with structure, as every protected picture has them."""
    draw = random.Random(seed)
    return tuple(
        Tile(box=(number, 0, 40, 40), phash=f"{draw.getrandbits(64):016x}") for number in range(PROTECTED_TILES)
    )


PHOTO = PictureHash(width=100, height=100, phash="f0f0f0f00f0f0f0f", flat=False, tiles=windows(1))
NORTH = packed(np.eye(1, WIDTH, dtype=np.float32)[0])
LOGO = ReferencePicture(
    name="logo.svg",
    role="logo",
    hash=replace(PHOTO, phash="0123456789abcdef"),
    looks=(Look(name="whole", aspect=2.0, vector=NORTH, mean=0.4, spread=0.08),),
)
SEEN = Mark(box=(10, 10, 40, 20), chance=0.9, vector=NORTH, mean=0.4, spread=0.08)
SHOWS_LOGO = replace(PHOTO, flat=True, eye=version(), marks=(SEEN,))
JUDGED = replace(PHOTO, phash="ff00ff00ff00ff00", tiles=windows(2))
FRAUD = ReferencePicture(name="case 42", role="fraud", hash=JUDGED)
PICTURES = {"a.jpg": PHOTO, "logo.jpg": SHOWS_LOGO, "judged.jpg": JUDGED}
SAID = (
    "風を編む。静けさを設計する。北の工房から届く一台は、朝の光のように部屋をめぐり、眠りを妨げず、"
    "季節の変わり目を知らせます。"
)
BRAND = replace(
    HOSHINO,
    pictures=(ReferencePicture(name="ac.jpg", role="picture", hash=PHOTO), LOGO, FRAUD),
    pages=(OfficialPage(name="brand.html", text=SAID),),
)


def item(kind: str, text: str = "", *links: str, **fields: object) -> Item:
    texts = (Text(role="body", text=text),) if text else ()
    return replace(Item(id="1", kind=kind, texts=texts, links=links), **fields)  # type: ignore[arg-type]


def landing(text: str = "星野電機", *, title: str = "", **facts: object) -> Item:
    titles = (Text(role="html_title", text=title),) if title else ()
    page = PageFacts(**facts)  # type: ignore[arg-type]
    return Item(id="1", kind="page", url="https://qx.test/", texts=(*titles, Text(role="body", text=text)), page=page)


# For each signal an item that shows it, as little else as possible.
SHOWN: dict[str, Item] = {
    "name.mention": item("post", "星野電機"),
    "name.product": item("post", "星の風"),
    "name.obfuscated": item("post", "H0shin0 Denki"),
    "name.misspelt": item("post", "Hoshimo Denki 在庫一掃"),
    "wording.fraud": item("post", "星野電機の倉庫整理、全品90%OFF！今すぐ"),
    "wording.honest": item("post", "星野電機の扇風機、三年使った感想です。音が静か"),
    "setting.fraud": item("post", "星野電機", platform="sms"),
    "setting.honest": item("post", "星野電機", platform="x"),
    "context.resale": item("post", "星野電機 当店"),
    "name.sender": item("post", "【星野電機】"),
    "name.official_claim": item("post", "星野電機 公認"),
    "name.title": landing(title="ログイン | 星野電機"),
    "copied.text": landing(SAID),
    "copied.assets": landing(assets=(Asset(kind="icon", url="https://hoshino-denki.example/favicon.ico"),)),
    "page.login": landing(forms=(Form(kind="login", fields=("password",), action="https://qx.test/in"),)),
    "page.card": landing(forms=(Form(kind="card", fields=("cvv",)),)),
    "page.personal": landing(forms=(Form(kind="personal", fields=("住所", "電話番号")),)),
    "page.price": landing(discounts=(Discount(percent=80, seen="80%OFF"),), priced="JPY", buys="カートに入れる"),
    "page.pressure": landing(stock=(Stock(seen="残り88点", left=88),)),
    "page.seller_missing": landing(priced="JPY", buys="カートに入れる"),
    "page.seller_foreign": landing(seller=Seller(address="中国広東省深圳市南山区1号")),
    "page.seller_contradicts": landing(title="星野電機", seller=Seller(name="QX Trade Ltd")),
    "page.free_mail": landing(seller=Seller(mail="hoshino.shop@gmail.com")),
    "page.transfer_only": landing(transfer_only="銀行振込のみ"),
    "page.young_domain": landing(registered_on=ON - timedelta(days=3)),
    "page.young_certificate": landing(certificate_from=ON - timedelta(days=1)),
    "page.handoff": landing("星野電機 https://t.me/hoshino_support"),
    "page.hides": landing(hides=("no menu on a right click",)),
    "page.seller_named": landing(
        seller=Seller(name="株式会社ヤマモト電器", address="大阪府大阪市北区1-2-3", phone="06-1234-5678")
    ),
    "host.imitated_suffix": item("domain", url="hoshino-denki.example.evil.test"),
    "host.lookalike": item("domain", url="hosh1nodenki.com"),
    "host.combosquat": item("domain", url="hoshino-denki-sale.com"),
    "host.path": item("domain", url="https://shop.example/hoshino-denki/"),
    "host.displayed": item("ad", "", "https://qx.test/", display_url="hoshino-denki.example"),
    "host.foreign": item("ad", "星野電機", "https://qx.test/"),
    "lure.offer": item("post", "星野電機 セール"),
    "lure.clearance": item("post", "星野電機 在庫一掃"),
    "lure.giveaway": item("post", "星野電機 当選"),
    "lure.investment": item("post", "星野電機 副業"),
    "lure.threat": item("post", "星野電機 未払い"),
    "lure.credentials": item("post", "星野電機 本人確認"),
    "lure.handoff": item("post", "星野電機 友だち追加"),
    "advertiser.uses_name": item("ad", advertiser=Advertiser(id="9", name="星野電機"), platform="meta"),
    "advertiser.unknown": item("ad", "星野電機", advertiser=Advertiser(id="9", name="誰か"), platform="meta"),
    "claim.known_false": item("post", "世界最小のエアコンを星野電機が開発"),
    "picture.copy": item("ad", images=("a.jpg",)),
    "picture.seen_before": item("ad", images=("judged.jpg",)),
    "picture.logo": item("ad", images=("logo.jpg",)),
    "context.news": item("post", "星野電機 決算"),
    "context.review": item("post", "星野電機 レビュー"),
    "context.job": item("post", "星野電機 求人"),
    "context.warning": item("post", "星野電機 偽広告"),
    "official.expired": item("ad", advertiser=Advertiser(id="555", name="agency"), platform="meta"),
    "official.partner": item("ad", advertiser=Advertiser(id="777", name="shop"), platform="meta"),
    "official.destination": item("ad", "星野電機", "https://hoshino-denki.example/"),
    "official.account": item("post", advertiser=Advertiser(id="@hoshinodenki"), platform="youtube"),
    "official.host": item("domain", url="hoshino-denki.example"),
}


def test_policy_and_registry_name_the_same_signals() -> None:
    assert {rule.signal for rule in POLICY.rules} == {signal.name for signal in SIGNALS}
    assert len(POLICY.rules) == len(SIGNALS) == len(SHOWN)


def test_exonerating_rules_come_last() -> None:
    signs = [rule.weight >= 0 for rule in POLICY.rules]
    assert signs == sorted(signs, reverse=True)


def test_every_signal_says_one_sentence() -> None:
    for signal in SIGNALS:
        assert signal.says.endswith(".")
        assert len(signal.says) > 20


@pytest.mark.parametrize("name", SHOWN)
def test_every_signal_counts_and_is_gone_without_its_rule(name: str) -> None:
    without = replace(POLICY, rules=tuple(rule for rule in POLICY.rules if rule.signal != name))
    shown = Assessor([BRAND]).assess(SHOWN[name], on=ON, pictures=PICTURES)
    evidence = max(
        (one for verdict in shown for one in verdict.evidence if one.signal == name), key=lambda one: abs(one.weight)
    )
    assert evidence.weight == pytest.approx(POLICY.weights[name] * evidence.strength, abs=1e-3)
    assert evidence.says
    assert evidence.observed
    assert evidence.expected
    left = Assessor([BRAND], without).assess(SHOWN[name], on=ON, pictures=PICTURES)
    assert not [one for verdict in left for one in verdict.evidence if one.signal == name]
    if evidence.weight and left:
        assert left[0].score != shown[0].score


@pytest.mark.parametrize("name", SHOWN)
def test_no_single_signal_is_certain(name: str) -> None:
    verdicts = Assessor([BRAND]).assess(SHOWN[name], on=ON, pictures=PICTURES)
    told = ("name.mention", "name.product", "name.title", "picture.copy", "picture.logo")
    if name == "page.seller_contradicts":  # never alone: it takes a page that poses as the brand
        assert verdicts[0].flagged
    elif name.startswith(("lure.", "context.", "advertiser.", "page.", "copied.")) or name in told:
        assert not any(verdict.flagged for verdict in verdicts)


def test_extreme_log_odds_do_not_overflow() -> None:
    assert POLICY.score(1e6) == 1.0
    assert 0.0 <= POLICY.score(-1e6) < 1e-9


# A shipped policy never changes, so that old verdicts replay: the newest may still be written, the others are frozen.
FROZEN = {
    "2026.1": "8a8924d5ff4058e0917128ef082cfc9186b44962a08296f50014f9d21c56227c",
    "2026.2": "e2b85f2faf0e19aef2af6d5846d06c6242a61ec017d584e9597c2b879c340a30",
    "2026.3": "e097ab2e50268651ec4899ec4d9b6da91e1dc06e461d81fc220c775b60d4f4db",
    "2026.4": "799bb4bf87282c60b716d2591ecbbb2fbc69b3cfa0b8a9e01d4fbc122b43e62b",
}


def test_shipped_policies_are_frozen() -> None:
    folder = resources.files("detector").joinpath("policies")
    digests = {name: sha256(folder.joinpath(f"{name}.toml").read_bytes()).hexdigest() for name in shipped_versions()}
    assert {name: digests[name] for name in FROZEN} == FROZEN
    assert set(digests) - set(FROZEN) <= {shipped_versions()[-1]}
