"""What pages show besides their words; every reader of pages, hostile ones included."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.page_facts import PageFacts, Seller, page_facts
from spiders.pages.facts import MOST_ASSETS, MOST_OF_A_HOST, read_facts
from spiders.pages.forms import MOST_FORMS
from spiders.pages.linear import read_linear
from spiders.pages.page_text import LONGEST
from spiders.pages.publisher import parse_page
from spiders.pages.reader import read_document
from tests.growth import LINEAR, growth

SHOP = "https://shop.test/p/1"


def facts(html: str, url: str = SHOP) -> PageFacts:
    """Read a page with both readers; they must agree."""
    plain = read_facts(read_document(html), url, html)
    assert read_facts(read_linear(html), url, html) == plain
    msgspec.msgpack.encode(plain)
    return page_facts(plain)


# --- forms ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "kinds"),
    [
        ("<input name=mail type=email><input name=pw type=password>", {"login"}),
        ("<input name=identifier autocomplete=username><button>次へ</button>", {"login"}),
        ("<input name=user_id><input type=submit value='ログイン'>", {"login"}),
        ("<input name=user_name><button>検索</button>", set()),
        ("<label for=c>カード番号</label><input id=c><input name=x>", {"card"}),
        ("<input autocomplete=cc-number>", {"card"}),
        ("<input placeholder='CVV'>", {"card"}),
        ("<input name=discard_changes>", set()),
        ("<input autocomplete=one-time-code>", {"otp"}),
        ("<label for=o>SMS認証コード</label><input id=o>", {"otp"}),
        ("<input name=potpourri>", set()),
        (
            "<label for=a>口座番号</label><input id=a><label for=b>暗証番号</label><input id=b type=password>",
            {"bank", "login"},
        ),
        ("<input name=shipping>", set()),
        ("<input placeholder=ご住所><input placeholder=電話番号>", {"personal"}),
        ("<input placeholder=マイナンバー>", {"personal"}),
        ("<input name=name><input name=tel>", set()),
        ("<input name='email_address' type=email><input name=phone>", set()),
        ("<input name=q type=search>", set()),
        ("<input name=email type=email><button>登録</button>", set()),
        ("<input type=hidden name=cvv value=1>", set()),
        ("<select name=birth_year></select><textarea name=address></textarea>", {"personal"}),
    ],
)
def test_what_a_form_asks_for(fields: str, kinds: set[str]) -> None:
    assert {form.kind for form in facts(f"<form>{fields}</form>").forms} == kinds
    assert {form.kind for form in facts(f"<div>{fields}</div>").forms} == kinds  # sent by a script


@pytest.mark.parametrize(
    ("action", "target"),
    [
        ('action="/post.php?sid=9#x"', "https://shop.test/post.php"),
        ('action="https://collect.test/a"', "https://collect.test/a"),
        ('action=""', "https://shop.test/p/1"),
        ("", "https://shop.test/p/1"),
        ('action="javascript:send()"', None),
        ('action="//collect.test"', "https://collect.test"),
    ],
)
def test_where_a_form_posts_to(action: str, target: str | None) -> None:
    (form,) = facts(f"<form {action}><input type=password name=pw></form>", SHOP + "?token=1").forms
    assert (form.action, form.fields) == (target, ("pw",))


def test_each_form_has_its_own_fields() -> None:
    html = (
        "<form action=/a><input type=password name=one></form><input type=password name=none>"
        "<form action=/b><p><label for=n>カード番号</label><input id=n></p></form>"
    )
    assert [(form.kind, form.fields, form.action) for form in facts(html).forms] == [
        ("login", ("one",), "https://shop.test/a"),
        ("login", ("none",), None),
        ("card", ("カード番号",), "https://shop.test/b"),
    ]


# --- assets ---------------------------------------------------------------------------------------------------------


def test_what_is_loaded_from_elsewhere() -> None:
    html = """<link rel="shortcut icon" href="//maker.example/f.ico?v=1"><link rel=icon href=/own.ico>
    <link rel=stylesheet href="https://maker.example/a.css#x"><link rel=canonical href="https://maker.example/">
    <link rel=stylesheet href="/own.css"><script src="https://cdn.test/x.js"></script>
    <img src="https://maker.example/1.jpg"><img src="https://maker.example/1.jpg">
    <img src="https://img.shop.test/2.jpg">
    <img data-src="https://maker.example/lazy.jpg" src="data:image/gif;base64,R0">
    <img src="https://c.test/p.gif" width=1>
    <noscript><img src="https://maker.example/count.gif"></noscript>
    <div style="background: url('https://maker.example/bg.png')"></div>
    <picture><source srcset="https://maker.example/w.webp 2x, https://maker.example/v.webp"></picture>
    <a href="https://maker.example/page">a</a>"""
    page = facts(html)
    assert [(asset.kind, asset.url) for asset in page.assets] == [
        ("icon", "https://maker.example/f.ico"),
        ("style", "https://maker.example/a.css"),
        ("picture", "https://maker.example/1.jpg"),
        ("picture", "https://maker.example/lazy.jpg"),
        ("picture", "https://maker.example/w.webp"),
        ("picture", "https://maker.example/bg.png"),
        ("script", "https://cdn.test/x.js"),
    ]
    assert page.icons == ("https://maker.example/f.ico", "https://shop.test/own.ico")


def test_a_foreign_base_makes_everything_foreign() -> None:
    html = '<base href="https://maker.example/"><link rel=stylesheet href="main.css"><img src="logo.png">'
    assert [asset.url for asset in facts(html).assets] == [
        "https://maker.example/main.css",
        "https://maker.example/logo.png",
    ]


def test_a_few_of_each_host_are_kept() -> None:
    html = "".join(f"<img src=https://h{number % 40}.test/{number}.jpg>" for number in range(2_000))
    found = facts(html).assets
    assert len(found) == MOST_ASSETS
    assert sum(asset.url.startswith("https://h0.test/") for asset in found) <= MOST_OF_A_HOST


# --- prices and pressure --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("html", "pairs"),
    [
        ("<del>49,800円</del> <b>9,980円</b>", [(49800, 9980, "JPY")]),
        ("<s>￥４９，８００</s>（税込）￥９，９８０", [(49800, 9980, "JPY")]),
        ("<p>定価 98,000円(税込) 販売価格 79,800円</p>", [(98000, 79800, "JPY")]),
        ("<p>9,980円 (通常価格：49,800円)</p>", [(49800, 9980, "JPY")]),
        ("<p>59,800円 → 4,990円</p>", [(59800, 4990, "JPY")]),
        ("<p>was $199.00 now $29.99</p>", [(199, 29.99, "USD")]),
        ('<span class="product-price--compare">$80</span><span>$20</span>', [(80, 20, "USD")]),
        ('<span style="text-decoration:line-through">1万2800円</span>3,000円', [(12800, 3000, "JPY")]),
        ("<p>本体 98,000円、工事費 15,000円</p>", []),
        ("<del>9,980円</del> 49,800円", []),
        ("<del>9,980円</del> $20", []),
        ("<del>品切れ</del> 9,980円", []),
        (f"<del>49,800円</del>{'あ' * 200}9,980円", []),
        ("<p>2019年 50円 100円</p>", []),
    ],
)
def test_prices_struck_out(html: str, pairs: list[tuple[float, float, str]]) -> None:
    page = facts(html)
    assert [(pair.was, pair.now, pair.currency) for pair in page.prices] == pairs
    assert all(
        pair.seen in " ".join(parse_page(html.encode(), url=SHOP)["texts"][-1]["text"].split()) for pair in page.prices
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("80%OFF", [(80, False)]),
        ("最大９０％オフ", [(90, True)]),
        ("up to 70% off", [(70, True)]),
        ("8割引", [(80, False)]),
        ("15%引き", [(15, False)]),
        ("-60%", [(60, False)]),
        ("満足度98%", []),
        ("株価は12.5%下落", []),
        ("0% off", []),
        ("3000円割引", []),
    ],
)
def test_discounts(text: str, expected: list[tuple[int, bool]]) -> None:
    assert [(one.percent, one.up_to) for one in facts(f"<p>{text}</p>").discounts] == expected


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("残り88点", [88]),
        ("在庫残り３個", [3]),
        ("残りわずか", [None]),
        ("Only 3 left!", [3]),
        ("5 left in stock", [5]),
        ("残りの人生", []),
        ("turn left", []),
        ("残り3日", []),
        ("2 left turns", []),
    ],
)
def test_what_is_left(text: str, left: list[int | None]) -> None:
    assert [one.left for one in facts(f"<p>{text}</p>").stock] == left


@pytest.mark.parametrize(
    ("html", "seen"),
    [
        ("<p>タイムセール終了まで 00:12:33</p>", "終了まで 00:12:33"),
        ("<p>残り 01:22:09</p>", "残り 01:22:09"),
        ("<p>あと3時間</p>", "あと3時間"),
        ("<p>本日限りの価格</p>", "本日限り"),
        ("<p>Sale ends in 2 hours</p>", "ends in 2 hours"),
        ("<div id=countdown></div>", 'class="countdown"'),
        ("<p>あとで読む</p>", None),
        ("<p>Pages left 3</p>", None),
        ("<div class=egg-timers></div>", None),
        ("<p>会期終了まで見られる</p>", None),
    ],
)
def test_countdowns(html: str, seen: str | None) -> None:
    assert facts(html).countdowns == ((seen,) if seen else ())


@pytest.mark.parametrize(
    ("html", "sells"),
    [
        ("<b>9,980円</b><button>カートに入れる</button>", True),
        ("<b>9,980円</b><a href=/c>商品をカートに入れる</a>", True),
        ("<b>$9.90</b><input type=submit value='Add to Cart'>", True),
        ("<b>$9.90</b><button aria-label='Buy now'></button>", True),
        ("<button>カートに入れる</button>", False),
        ("<b>9,980円</b><p>偽サイトでは購入する前に確かめたい。</p>", False),
        ("<b>9,980円</b><a href=https://mall.test/>モールで購入する</a>", False),
    ],
)
def test_what_sells(html: str, sells: bool) -> None:
    assert facts(html).sells == sells


# --- who sells ------------------------------------------------------------------------------------------------------

TABLE = """<h2>特定商取引法に基づく表記</h2><table>
<tr><th>販売業者名</th><td>株式会社ヤマモト電器</td></tr><tr><th>運営責任者</th><td>山本 太郎</td></tr>
<tr><th>所在地</th><td>〒530-0001<br>大阪府大阪市北区1-2-3</td></tr><tr><th>電話番号</th><td>06-1234-5678</td></tr>
<tr><th>メールアドレス</th><td>info＠yamamoto.example</td></tr></table>"""
LINE = (
    "<p>特定商取引に関する法律に基づく表示 会社名：株式会社ヤマモト電器　所在地：大阪府大阪市北区1-2-3　"
    "TEL：06-1234-5678　代表者：山本太郎　メール：info@yamamoto.example</p>"
)
BRACKETS = (
    "<p>【特商法】</p><p>■販売業者<br>株式会社ヤマモト電器</p><p>【所在地】大阪府大阪市北区1-2-3</p>"
    "<p>【電話番号】06-1234-5678</p><p>代表者名: 山本太郎</p><p>E-mail info@yamamoto.example</p>"
)


@pytest.mark.parametrize("html", [TABLE, LINE, BRACKETS])
def test_the_block_of_the_law_in_its_usual_forms(html: str) -> None:
    seller = facts(html).seller
    assert seller.name == "株式会社ヤマモト電器"
    assert seller.address is not None
    assert seller.address.startswith(("〒530-0001", "大阪府"))
    assert seller.phone == "06-1234-5678"
    assert seller.mail == "info@yamamoto.example"
    assert seller.person is not None
    assert seller.person.replace(" ", "") == "山本太郎"
    assert seller.told


def test_a_link_to_the_details() -> None:
    html = '<footer><a href="/law?mode=sk">特定商取引法に基づく表記</a><a href=/x>会社概要</a></footer>'
    seller = facts(html).seller
    assert (seller.heading, seller.link) == ("特定商取引法に基づく表記", "https://shop.test/law?mode=sk")
    assert (seller.name, seller.address) == (None, None)


@pytest.mark.parametrize(
    "html",
    [
        "<p>店舗一覧</p><dl><dt>所在地</dt><dd>大阪府大阪市</dd><dt>電話番号</dt><dd>06-1234-5678</dd></dl>",
        "<form><label>住所</label><input><label>電話番号</label><input><label>メールアドレス</label><input></form>",
        "<p>販売業者の方はこちら</p><p>連絡先：06-1234-5678</p>",
        "",
    ],
)
def test_single_labels_are_no_block(html: str) -> None:
    assert facts(html).seller == Seller()


def test_a_selling_page_names_a_mail_address() -> None:
    sells = "<b>9,980円</b><button>カートに入れる</button>"
    assert facts(f"{sells}<p>お問い合わせ：shop(at)gmail.com</p>").seller.mail == "shop@gmail.com"
    assert facts(f"{sells}<a href='mailto:shop@gmail.com?subject=x'>連絡</a>").seller.mail == "shop@gmail.com"
    assert facts("<p>記者 taro@gmail.com</p>").seller.mail is None


@pytest.mark.parametrize(
    ("html", "only"),
    [
        ("<p>お支払いは銀行振込のみとなります。</p>", True),
        ("<tr><th>お支払い方法</th><td>銀行振込</td></tr>", True),
        ("<p>決済方法：銀行振り込み</p>", True),
        ("<p>お支払い方法：銀行振込、クレジットカード</p>", False),
        ("<p>お支払い方法：銀行振込・代金引換</p>", False),
        ("<p>支払い方法が銀行振込のみの場合は注意が必要です。</p>", False),
        ("<p>支払方法は銀行振込の場合が多いという。</p>", False),
        ("<p>銀行振込もご利用いただけます</p>", False),
    ],
)
def test_bank_transfer_as_the_only_way_to_pay(html: str, only: bool) -> None:
    assert (facts(f"<table>{html}</table>").transfer_only is not None) == only


def test_scripts_that_hide() -> None:
    html = "<script>eval(atob('x'));document.oncontextmenu=function(){}</script>"
    assert facts(html).hides == ("no menu on a right click", "scripts in Base64")
    assert facts("<script>menu.addEventListener('contextmenu', open)</script>").hides == ()


# --- ads and hostile pages ------------------------------------------------------------------------------------------


def test_what_stands_in_an_ad_is_not_the_pages_own() -> None:
    ad = (
        '<div id="div-gpt-ad-1"><a href="https://sale.test/"><img src="https://maker.example/a.jpg"></a>'
        "<del>49,800円</del>9,980円 残り8点 <button>カートに入れる</button><input type=password></div>"
    )
    html = f"<title>記事 80%OFF</title><p>本文</p>{ad}<p>続き</p>".encode()
    assert page_facts(parse_page(html, url=SHOP)["facts"]) == PageFacts()
    assert page_facts(parse_page(html, url=SHOP, ads=False)["facts"]).sells


def test_nothing_is_read_of_nothing() -> None:
    assert facts("") == PageFacts()
    assert facts("<p>星野電機は22日、新工場を建てると発表した。</p>") == PageFacts()


PIECES = st.sampled_from(
    [
        *(
            "<form action=/a>",
            "</form>",
            "<input type=password name=p>",
            "<label for=x>カード番号</label>",
            "<input id=x>",
        ),
        *(
            "<del>",
            "</del>",
            "49,800円",
            "￥9",
            "→",
            "80%OFF",
            "残り8点",
            "あと3時間",
            "カートに入れる",
            "<table><tr><td>",
        ),
        *(
            "特定商取引法",
            "販売業者",
            "：",
            "所在地",
            "株式会社",
            "\n",
            "a@b.test",
            "銀行振込のみ",
            "お支払い方法",
            "İ",
        ),
        *("<img src=//x.test/1>", "<link rel=icon href=//x.test>", "<noscript>", "<base href=//y.test/>", "<title>"),
    ]
)


@given(st.lists(PIECES, max_size=40).map("".join))
def test_any_page_gives_facts(html: str) -> None:
    plain = read_facts(read_document(html), SHOP, html)
    msgspec.msgpack.encode(plain)
    page_facts(plain)
    page_facts(read_facts(read_linear(html), SHOP, html))


def filled(piece: str) -> str:
    return (piece * (LONGEST // len(piece) + 1))[:LONGEST]


HOSTILE = [
    *("円", "9円", "1,", "￥", "¥1", "9%", "9割引", "定価9円", "9円→8円", "1万", "残り9点", "あと9:9:", "9 left"),
    *("販売業者", "販売業者:", "販売業者\n", "販売業者:あ ", "所在地：1", "特定商取引法", "@", "a@", "a@b.", "a@b.c "),
    *("お支払い方法", "銀行振込", "お支払い方法：銀行振込", "銀行振込のみ", "カートに入れる", " ", "\n", "a", "İ", "<"),
    *("<form><input name=pw type=password>", "<form>", "<label for=a>カード", "<noscript><img src=//a.test/b>"),
    *("<a href=/x>特定商取引法</a>", "<s>9円", "<del>99円</del>9円", "<div class='countdown price'>", "<title>円"),
    *("<div style='background:url(//a.test/b)'>", "<input value=カートに入れる>", "<link rel=icon href=//a.test/x>"),
    *("<td>販売業者<td>", "<base href=//a.test>", "<select name=address><input name=tel>", "<img srcset='//a.test/b,"),
]


@pytest.mark.parametrize("piece", HOSTILE)
def test_hostile_pages_take_little_time(piece: str) -> None:
    html = filled(piece)
    for read in (read_document, read_linear):

        def made(size: int, read: Callable[[str], Any] = read) -> tuple[Any, str]:
            return read(html[:size]), html[:size]

        assert growth(lambda page: read_facts(page[0], SHOP, page[1]), made, len(html)) < LINEAR
        plain: dict[str, Any] = read_facts(read(html), SHOP, html)
        assert len(msgspec.msgpack.encode(plain)) < 60_000
        assert len(plain["forms"]) <= MOST_FORMS
