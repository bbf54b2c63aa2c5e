"""Pages where nobody is, and pages of somebody's that use the same words."""

import pytest

from spiders.pages.landing import lean, read_landing

NOBODY = {
    "for sale": "<title>shop.test</title><p>This domain is for sale. Related searches</p>",
    "suspended": "<title>Account Suspended</title><p>This account has been suspended.</p>",
    "stopped": "<h1>利用停止中</h1><p>利用規約違反により、このサイトの公開を停止しています。</p>",
    "frozen": "<p>このアカウントは現在利用停止されています。</p>",
    "registrar": "<title>ようこそ</title><p>このドメインは、お名前.comで取得されています。</p>",
    "expired": "<p>ドメインの有効期限が切れています。</p>",
    "host": "<p>このウェブスペースへは、まだホームページがアップロードされていません。</p>",
    "server": "<h1>さくらのレンタルサーバ</h1><p>このサーバは、さくらのレンタルサーバで提供されています。</p>",
    "removed": "<title>404</title><h1>お探しのページは見つかりませんでした</h1>",
    "closed": "<p>このショップは閉店いたしました。</p>",
}
SOMEBODY = {
    "shop": "<title>星野電機 公式アウトレット</title><p>80%OFF 4,980円。代金引換は準備中です。</p>"
    "<form><input name=card></form>",
    "form": "<title>会員ページ</title><p>お探しのページはこちら。</p><form><input name=id><input type=password></form>",
    "article": f"<h1>夏の工夫</h1><p>{'すだれを掛けます。' * 60}It works! ただいま準備中</p>",
}


def parked(body: str, **more: object) -> object:
    return read_landing(body.encode(), url="http://shop.test/", asked="http://shop.test/", **more)["landing"]["parked"]  # type: ignore[arg-type]


@pytest.mark.parametrize("name", NOBODY)
def test_a_page_of_nobodys(name: str) -> None:
    assert parked(NOBODY[name]) is not None


@pytest.mark.parametrize("name", SOMEBODY)
def test_a_page_of_somebodys(name: str) -> None:
    assert parked(SOMEBODY[name]) is None


def test_padding_does_not_hide_a_page() -> None:
    fraud = "<h1>星野電機 公式アウトレット</h1><p>80%OFF</p>"
    for padding in ("<!--" + "x" * 3_100_000 + "-->", "<SCRIPT>" + "x" * 3_100_000 + "</SCRIPT>"):
        seen = read_landing(f"<title>t</title>{padding}{fraud}".encode(), url="http://s.test/", asked="http://s.test/")
        assert seen["landing"]["degraded"]
        assert any("公式アウトレット" in text["text"] for text in seen["page"]["texts"])


def test_lean_keeps_what_people_read() -> None:
    assert lean("a<!--b-->c<script src=x>d</script >e<style>f</style>g<!--h") == "aceg"
    assert lean("<scripted>a</scripted>") == "<scripted>a</scripted>"


def test_many_scripts_that_never_end_take_no_time() -> None:
    seen = read_landing(b"<!--" + b"<script>" * 10_000 + b"x" * 110_000, url="http://s.test/", asked="http://s.test/")
    assert seen["landing"]["title"] == ""
