"""Pages that say that nobody has a site there, or nobody any more: for sale, parked, suspended, removed."""

import re

from spiders.pages.links import host
from spiders.pages.markup import Document

MOST_TEXT = 1500  # characters; a page with more to say is somebody's
LITTLE_TEXT = 300  # characters up to which what a page says anywhere is what it is about
MOST_FIELDS = 1  # that may be filled in: a search
_PRICE = re.compile(r"[0-9０-９][0-9０-９,，]{1,9} ?円|[¥￥] ?[0-9]")
_SUSPENDED = re.compile(
    r"(?i)account (?:has been )?suspended|this (?:site|website|domain|account) (?:has been|is) (?:suspended|disabled)|"
    r"suspended (?:page|domain)|domain (?:name )?(?:has been|is) suspended|suspected phishing|deceptive site|"
    r"利用停止中|アカウント(?:は|が)(?:現在)?(?:利用)?(?:停止|凍結)|(?:サイト|ページ|ショップ)(?:は|が)(?:現在)?(?:停止|凍結|閉鎖)|公開停止|"
    r"ドメインは停止|規約違反(?:の|に|が)[^。]{0,30}(?:停止|閉鎖|凍結)|(?:ご)?利用(?:を|が)停止(?:し|され)|"
    r"サービスの?提供を停止"
)
_PARKED = re.compile(
    r"(?i)(?:this )?domain(?: name)? (?:is|may be) (?:for sale|parked)|buy this domain|parked (?:free|domain)|"
    r"domain parking|related searches|このドメインは(?:販売|売り出し|お名前\.com)|ドメイン(?:を|の)?(?:購入|販売)|"
    r"未使用ドメイン|このドメインは[^。]{0,20}(?:で取得|で管理|に登録)され|ドメインの有効期限が切れ|domain has expired|"
    r"まだホームページがアップロードされていません|(?:さくらのレンタルサーバ|ロリポップ|エックスサーバー|xserver)[^。]{0,40}"
    r"(?:提供されて|運営されて|へようこそ)|ホームページはまだ(?:作成|公開)され|サイトは工事中|ウェブサイトは準備中|ただいま準備中|"
    r"website coming soon|site is under construction|default web page|welcome to nginx|"
    r"apache2? (?:debian |ubuntu )?default page|it works!"
)
_REMOVED = re.compile(
    r"(?i)(?:store|shop|page|listing) (?:is )?(?:currently )?(?:unavailable|not available|no longer available)|"
    r"このショップは(?:現在)?(?:ご利用|存在|公開|閉店)|ショップが見つかりません|ページが見つかりません|お探しのページ|"
    r"ページは(?:削除|移動)され|(?:閉店|サービスを終了)(?:し|いたし)ました|サイトが見つかりません"
)
_HOSTS = ("sedoparking.com", "parkingcrew.net", "bodis.com", "dan.com", "afternic.com", "hugedomains.com", "above.com")


def parked(document: Document, title: str, text: str, url: str) -> str | None:
    """Return what such a page says of its site; None for a page of somebody's."""
    if any(host(url) == known or host(url).endswith("." + known) for known in _HOSTS):
        return "the domain is parked or for sale"
    sources = [
        element.attributes.get("src", "") for element in document.elements if element.tag in ("script", "iframe")
    ]
    if any(known in source for source in sources for known in _HOSTS):
        return "the domain is parked or for sale"
    if len(text) > MOST_TEXT or _PRICE.search(text) or _fields(document) > MOST_FIELDS:
        return None  # whoever sells or asks is there
    headings = (document.text_of(number) for number, one in enumerate(document.elements) if one.tag in ("h1", "h2"))
    said = "\n".join((title, *headings, text if len(text) <= LITTLE_TEXT else ""))
    for pattern, says in (
        (_SUSPENDED, "the site was suspended"),
        (_PARKED, "the domain is parked, for sale or empty"),
        (_REMOVED, "the page or shop was removed"),
    ):
        if pattern.search(said):
            return says
    return None


def _fields(document: Document) -> int:
    """Count what a page asks to be filled in."""
    kinds = [one.attributes.get("type", "text").lower() for one in document.elements if one.tag == "input"]
    return sum(kind not in ("hidden", "submit", "button", "image", "checkbox", "radio") for kind in kinds)
