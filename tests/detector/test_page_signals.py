"""Landing signals: pages of tests/cases/landing, read as a crawler reads them: frauds and honest counterparts."""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from detector import copied_text, seller
from detector.assess import Assessor
from detector.brands import BrandProfile, OfficialPage
from detector.evidence import TextSpan
from detector.items import Item, Text, decode_item, encode_item
from detector.page_facts import Asset, Discount, Form, PageFacts, Seller
from detector.policy import POLICY
from detector.signals import SIGNALS
from detector.signals import name as names
from detector.verdict import Verdict
from spiders.pages.official import read_official
from spiders.pages.publisher import parse_page
from spiders.sightings import page_item
from tests.detector.hoshino import HOSHINO, ON
from tests.growth import LINEAR, growth

CASES = Path(__file__).parent.parent / "cases" / "landing"
REAL = Path(__file__).parents[3] / "shared" / "data" / "phish_pages"
NOW = datetime(2026, 11, 22, tzinfo=UTC)
OFFICIAL = OfficialPage(name="official.html", text=read_official((CASES / "official.html").read_bytes(), html=True))
BRAND = replace(HOSHINO, pages=(OFFICIAL,))
ASSESSOR = Assessor([BRAND])
# About what a landing page shows: every signal that reads it.
LANDING = {signal.name for signal in SIGNALS if signal.name.startswith(("page.", "copied."))} | {"name.title"}

# Address of each page, and exactly the landing signals that it shows.
PAGES: Mapping[str, tuple[str, set[str]]] = {
    "fraud_shop": (
        "https://qx-mall.test/p/1",
        {
            "copied.assets",
            "page.free_mail",
            "page.hides",
            "page.price",
            "page.pressure",
            "page.seller_contradicts",
            "page.seller_foreign",
            "page.transfer_only",
        },
    ),
    "fraud_login": ("https://hd-member.test/login", {"name.title", "page.login"}),
    "fraud_prize": (
        "https://present-8.test/",
        {"name.title", "page.card", "page.personal", "page.handoff"},
    ),
    "fraud_clearance": (
        "https://ikaoku.test/",
        {"page.price", "page.pressure", "page.seller_missing", "page.free_mail"},
    ),
    "fraud_copy": ("https://k-check.test/", {"copied.text", "page.login"}),
    "official": ("https://www.hoshino-denki.example/", set()),
    "honest_registered": ("https://yamada-outlet.example/sale", set()),
    "honest_shop": (
        "https://yamamoto-denki.example/p/1",
        {"page.login", "page.pressure", "page.handoff", "page.seller_named"},
    ),
    "honest_clearance": (
        "https://yamamoto-denki.example/p/2",
        {"page.price", "page.pressure", "page.handoff", "page.seller_named"},
    ),
    "honest_news": ("https://hokuriku-keizai.example/a/1", {"page.login", "page.price", "page.handoff"}),
    "honest_blog": ("https://kurashi-note.example/ac", {"copied.assets", "page.price"}),
    "honest_wiki": ("https://kaden-hyakka.example/w/hoshino", {"page.login"}),
}


def seen(name: str, url: str | None = None) -> Item:
    address = url or PAGES[name][0]
    return page_item(parse_page((CASES / f"{name}.html").read_bytes(), url=address), address, NOW)


def judge(item: Item, assessor: Assessor = ASSESSOR) -> Verdict:
    (verdict,) = assessor.assess(item, on=ON)
    return verdict


def signals(verdict: Verdict) -> set[str]:
    return {evidence.signal for evidence in verdict.evidence}


def test_every_file_is_a_case() -> None:
    assert {path.stem for path in CASES.glob("*.html")} == PAGES.keys()


@pytest.mark.parametrize("name", PAGES)
def test_a_page_shows_these_landing_signals_and_no_others(name: str) -> None:
    verdict = judge(seen(name))
    assert signals(verdict) & LANDING == PAGES[name][1]
    assert verdict.flagged == name.startswith("fraud")


@pytest.mark.parametrize("name", [name for name in PAGES if name.startswith("honest")])
def test_honest_pages_stay_below_without_what_was_learned_from_texts(name: str) -> None:
    verdict = judge(seen(name))
    told = [one.weight for one in verdict.evidence if not one.signal.startswith(("wording.", "setting."))]
    assert POLICY.score(sum(told)) < POLICY.suspicious


@pytest.mark.parametrize("name", [name for name in PAGES if name.startswith("fraud")])
def test_the_same_page_on_a_host_of_the_brand_shows_none_of_them(name: str) -> None:
    for url in (
        "https://www.hoshino-denki.example/x",
        "https://mall.example/hoshino/x",
        "https://yamada-outlet.example/",
    ):
        assert not signals(judge(seen(name, url))) & LANDING


@pytest.mark.parametrize("name", [name for name in PAGES if name.startswith("fraud")])
def test_without_facts_a_page_scores_less(name: str) -> None:
    item = seen(name)
    assert judge(item).score >= judge(replace(item, page=None)).score
    assert not signals(judge(replace(item, page=None))) & (LANDING - {"copied.text"})


@pytest.mark.parametrize("name", PAGES)
def test_every_span_holds_what_was_observed(name: str) -> None:
    item = seen(name)
    for evidence in judge(item).evidence:
        if evidence.signal in LANDING and isinstance(evidence.where, TextSpan):
            start, end = evidence.where.span
            assert item.texts[evidence.where.text].text[start:end] in evidence.observed.replace("“", "").replace(
                "”", ""
            )


@pytest.mark.parametrize("name", PAGES)
def test_a_page_with_facts_survives_json(name: str) -> None:
    item = seen(name)
    assert decode_item(encode_item(item)) == item


def test_facts_about_pages_in_general_give_no_verdict() -> None:
    facts = PageFacts(
        forms=(Form(kind="login", fields=("password",)), Form(kind="card", fields=("cvv",))),
        discounts=(Discount(percent=90, seen="90%OFF"),),
        priced="JPY",
        buys="カートに入れる",
        seller=Seller(address="中国広東省深圳市南山区1号", mail="a@gmail.com"),
        transfer_only="銀行振込のみ",
        registered_on=ON,
    )
    item = Item(id="1", kind="page", url="https://qx-mall.test/", page=facts)
    assert ASSESSOR.assess(item, on=ON) == ()


def landing(facts: PageFacts, title: str = "ログイン | 星野電機", url: str = "https://qx-mall.test/") -> Item:
    texts = (Text(role="html_title", text=title), Text(role="body", text="星野電機"))
    return Item(id="1", kind="page", url=url, texts=texts, page=facts)


LOGIN = PageFacts(forms=(Form(kind="login", fields=("pw",), action="https://qx-mall.test/in"),))


def weight(item: Item, signal: str) -> float:
    return sum(one.weight for one in judge(item).evidence if one.signal == signal)


def test_a_form_counts_fully_only_where_the_page_poses_as_the_brand() -> None:
    assert (
        weight(landing(LOGIN), "page.login")
        > 4 * weight(landing(LOGIN, "星野電機の扇風機 | 家電日和"), "page.login")
        > 0
    )


def test_a_form_that_posts_to_the_brand_is_none() -> None:
    own = PageFacts(forms=(Form(kind="login", fields=("pw",), action="https://id.hoshino-denki.example/in"),))
    assert "page.login" not in signals(judge(landing(own)))


def test_the_login_of_a_platform_is_no_login_of_its_pages() -> None:
    assert "page.login" not in signals(judge(landing(LOGIN, url="https://www.facebook.com/hoshino")))
    assert "page.login" in signals(judge(landing(LOGIN, url="http://192.0.2.7/login")))


SENDER = -1.0  # told by `name.sender` instead
TITLES = {
    "ログイン | 星野電機": 1.0,
    "星野電機": SENDER,
    "星野電機 | ログイン": SENDER,
    "星野電機の公式通販 | 家電": 0.5,
    "Hoshino Denki Home": 1.0,
    "Sign in - Hoshino Denki Accounts": 1.0,
    "星野電機オンラインショップ | 最大80%OFF": SENDER,
    "星野電機 直営通販 | 最大80%OFF": 0.5,
    "星野電機、新社長に山田氏": 0.3,
    "星野電機、新社長に山田氏 | 北陸経済新聞": 0.0,
    "星野電機 - みんなの百科": 0.0,
    "エアコン通販 | ヤマモト電器": 0.0,
    "星野電機のエアコン 星の風 AB-22 | ヤマモト電器": 0.0,
    "扇風機の選び方 星野電機と北海家電を比べる": 0.0,
}


@pytest.mark.parametrize("title", TITLES)
def test_whose_a_title_is(title: str) -> None:
    evidence = judge(landing(PageFacts(), title)).evidence
    found = [one.strength for one in evidence if one.signal == "name.title"]
    assert max(found, default=0.0) == max(0.0, TITLES[title])
    senders = [one.where.text for one in evidence if one.signal == "name.sender" and isinstance(one.where, TextSpan)]
    assert (0 in senders) == (TITLES[title] == SENDER)


@pytest.mark.parametrize(
    ("days", "least", "most"),
    [(0, 1.0, 1.0), (7, 1.0, 1.0), (30, 0.7, 0.9), (89, 0.3, 0.35), (90, 0.0, 0.0), (-2, 1, 1)],
)
def test_the_younger_a_domain_the_more_it_says(days: int, least: float, most: float) -> None:
    item = landing(PageFacts(registered_on=ON - timedelta(days=days)))
    assert least - 1e-9 <= weight(item, "page.young_domain") / POLICY.weights["page.young_domain"] <= most + 1e-9


def test_the_age_of_a_platform_says_nothing_of_its_pages() -> None:
    facts = PageFacts(registered_on=ON, certificate_from=ON)
    assert {"page.young_domain", "page.young_certificate"} <= signals(judge(landing(facts)))
    shared = judge(landing(facts, url="https://www.facebook.com/x"))
    assert not {"page.young_domain", "page.young_certificate"} & signals(shared)


def test_what_is_loaded_from_the_brand_is_a_trace_of_it() -> None:
    base = "https://www.hoshino-denki.example"
    style = PageFacts(assets=(Asset(kind="style", url=f"{base}/main.css"),), forms=LOGIN.forms)
    item = Item(id="1", kind="page", url="https://qx-mall.test/", page=style)
    verdict = judge(item)  # no word names the brand
    assert signals(verdict) == {"copied.assets", "page.login"}
    assert verdict.flagged
    script = replace(item, page=PageFacts(assets=(Asset(kind="script", url=f"{base}/sdk.js"),), forms=LOGIN.forms))
    assert ASSESSOR.assess(script, on=ON) == ()
    other = replace(
        item, page=PageFacts(assets=(Asset(kind="style", url="https://hoshino-denki.example.evil.test/a"),))
    )
    assert ASSESSOR.assess(other, on=ON) == ()


def test_one_picture_says_less_than_many() -> None:
    def shown(count: int) -> PageFacts:
        urls = (f"https://hoshino-denki.example/{number}.jpg" for number in range(count))
        return PageFacts(assets=tuple(Asset(kind="picture", url=url) for url in urls))

    weights = [weight(landing(shown(count)), "copied.assets") for count in (1, 3, 6, 9)]
    assert weights == sorted(weights)
    assert weights[0] < 0.4 < 1.5 < weights[2] == weights[3]


def test_a_sister_brand_may_load_from_the_other() -> None:
    sister = BrandProfile(key="sister", name="星野照明", domains=("hoshino-light.example",))
    facts = PageFacts(assets=(Asset(kind="style", url="https://hoshino-denki.example/main.css"),))
    item = Item(id="1", kind="page", url="https://hoshino-light.example/", page=facts)
    verdicts = Assessor([BRAND, sister]).assess(item, on=ON)
    assert [(verdict.brand, verdict.decision) for verdict in verdicts] == [("sister", "official")]


def test_what_a_partner_serves_is_not_the_brands_own() -> None:
    for host, told in (("www.hoshino-denki.example", True), ("yamada-outlet.example", False)):
        facts = PageFacts(assets=(Asset(kind="style", url=f"https://{host}/main.css"),))
        assert ("copied.assets" in signals(judge(landing(facts)))) == told


def test_a_passage_in_a_long_text_is_a_quotation() -> None:
    passage = OFFICIAL.text.splitlines()[1]
    for rest, told in ("", True), ("それとは別の話をもう少し続けます。" * 30, False):
        texts = (Text(role="body", text=f"星野電機 {passage} {rest}"),)
        item = Item(id="1", kind="page", url="https://qx-mall.test/", texts=texts)
        assert ("copied.text" in signals(judge(item))) == told


def test_a_seller_of_another_name_speaks_for_a_shop_and_against_an_impostor() -> None:
    seller = Seller(name="株式会社ヤマモト電器", address="大阪府大阪市北区1-2-3", phone="06-1234-5678")
    shop = signals(judge(landing(PageFacts(seller=seller), "星野電機の扇風機 | ヤマモト電器")))
    impostor = signals(judge(landing(PageFacts(seller=seller), "ログイン | 星野電機")))
    both = {"page.seller_named", "page.seller_contradicts"}
    assert (shop & both, impostor & both) == ({"page.seller_named"}, {"page.seller_contradicts"})


def test_a_name_in_the_block_is_no_contradiction() -> None:
    for name, told in (("株式会社星野電機", False), ("Hoshino Denki K.K.", False), ("QX Trade Ltd", True)):
        verdict = judge(landing(PageFacts(seller=Seller(name=name))))
        assert ("page.seller_contradicts" in signals(verdict)) == told


def test_dollars_need_no_japanese_law() -> None:
    facts = PageFacts(priced="USD", buys="Add to cart")
    assert "page.seller_missing" not in signals(judge(landing(facts)))
    assert "page.seller_missing" in signals(judge(landing(replace(facts, priced="JPY"))))
    named = replace(facts, priced="JPY", seller=Seller(link="https://qx-mall.test/law"))
    assert "page.seller_missing" not in signals(judge(landing(named)))


LONG = 100_000  # characters


@pytest.mark.parametrize("piece", ["星野電機 | ", "China", "省あ", "a ", "cookie. "])
def test_hostile_words_take_little_time(piece: str) -> None:
    long = (piece * LONG)[:LONG]
    patterns = [
        (module.__name__, name, pattern)
        for module in (names, seller, copied_text)
        for name, pattern in vars(module).items()
        if isinstance(pattern, re.Pattern)
    ]
    assert len(patterns) >= 7
    for module, name, pattern in patterns:

        def look(text: str, pattern: re.Pattern[str] = pattern) -> None:
            for _ in pattern.finditer(text):
                pass
            pattern.fullmatch(text)

        assert growth(look, lambda size: long[:size], LONG) < LINEAR, (module, name)

    def assess(some: str) -> None:
        seller = Seller(name=some, address=some, mail=some)
        facts = PageFacts(seller=seller, priced="JPY", buys=some, transfer_only=some)
        ASSESSOR.assess(landing(facts, some), on=ON)

    assert growth(assess, lambda size: long[:size], LONG) < LINEAR


def test_every_landing_signal_is_documented_with_its_weight() -> None:
    rows = [line.split("|") for line in Path("docs/detection.md").read_text("utf-8").splitlines() if "|" in line]
    told = {row[1].strip(" `"): float(row[3]) for row in rows if row[1].strip(" `") in LANDING}
    assert told == {name: POLICY.weights[name] for name in LANDING}


# --- real pages: real brands are named only here --------------------------------------------------------------------

REAL_BRANDS = (
    BrandProfile(key="google", name="Google", domains=("google.com", "gstatic.com")),
    BrandProfile(key="paypal", name="PayPal", domains=("paypal.com", "paypalobjects.com")),
    BrandProfile(key="mastercard", name="Mastercard", domains=("mastercard.com",)),
)


def real(name: str) -> dict[str, Verdict]:
    folder = REAL / name
    url = (folder / "info.txt").read_text("utf-8").strip()
    item = page_item(parse_page((folder / "html.txt").read_bytes(), url=url), url, NOW)
    return {verdict.brand: verdict for verdict in Assessor(REAL_BRANDS).assess(item, on=date(2026, 11, 22))}


@pytest.mark.real_data
@pytest.mark.skipif(not REAL.is_dir(), reason="../shared/data/phish_pages is not here")
def test_a_proxy_of_a_login_page_is_flagged_for_its_form_and_its_title() -> None:
    verdict = real("accounts.g.cdcde.com")["google"]
    assert verdict.flagged
    assert {"page.login", "name.title"} <= signals(verdict)
    (form,) = [one for one in verdict.evidence if one.signal == "page.login"]
    assert "identifier" in form.observed


@pytest.mark.real_data
@pytest.mark.skipif(not REAL.is_dir(), reason="../shared/data/phish_pages is not here")
def test_a_brands_own_page_is_official() -> None:
    verdicts = real("www.paypal.com")
    assert verdicts["paypal"].decision == "official"
    assert not signals(verdicts["paypal"]) & LANDING
    assert not any(verdict.flagged for verdict in verdicts.values())


@pytest.mark.real_data
@pytest.mark.skipif(not REAL.is_dir(), reason="../shared/data/phish_pages is not here")
def test_a_false_newspaper_is_flagged_for_its_words_alone() -> None:
    # A made-up article that leads to a form for name and mail: nothing on the page is worth stealing, or sold.
    verdict = real("ru.russianmastercach-republick.xyz")["mastercard"]
    assert verdict.flagged
    assert not signals(verdict) & LANDING
