"""Walls are told from pages, also from pages that talk about walls or have forms of their own."""

import pytest

from spiders.pages.publisher import parse_page

ASKED = "https://shop.example/sale"
ARTICLE = "<p>" + "この記事では、ロボットではないことを確認する仕組みについて説明します。" * 40 + "</p>"
TURNSTILE = '<div class="cf-turnstile"></div>'


def wall(body: str, url: str = ASKED) -> str | None:
    found: str | None = parse_page(body.encode(), url=url, asked=ASKED, encoding="utf-8")["wall"]
    return found


@pytest.mark.parametrize(
    ("body", "url", "says"),
    [
        ("<title>Just a moment...</title><p>Enable JavaScript and cookies to continue</p>", ASKED, "captcha"),
        ("<title>Attention Required! | Cloudflare</title><h1>Sorry</h1>", ASKED, "captcha"),
        (f"<title>shop.example</title>{TURNSTILE}<p>続行する前に確認します</p>", ASKED, "captcha"),
        ('<title>x</title><iframe src="https://geo.captcha-delivery.com/captcha/?x=1"></iframe>', ASKED, "captcha"),
        ("<title>Before you continue</title>" + ARTICLE, "https://consent.youtube.com/m?continue=x", "consent"),
        ('<title>ログイン</title><input type="password">', "https://shop.example/login?next=/sale", "login"),
    ],
)
def test_a_wall(body: str, url: str, says: str) -> None:
    assert says in (wall(body, url) or "")


@pytest.mark.parametrize(
    ("body", "url"),
    [
        ("<title>Just a moment in the garden</title><p>short</p>", ASKED),
        (f"<title>CAPTCHAとは</title>{TURNSTILE}{ARTICLE}", ASKED),
        (f'<title>お問い合わせ</title><form><input name="mail" type="email">{TURNSTILE}</form>', ASKED),
        ('<title>ログイン</title><input type="password">', ASKED),  # a login page that was asked for: phishing, perhaps
        ("<title>空</title>", ASKED),
        ("<title>会員登録で10%OFF</title><p>今すぐ</p>", "https://shop.example/register-now"),
    ],
)
def test_a_page(body: str, url: str) -> None:
    assert wall(body, url) is None
