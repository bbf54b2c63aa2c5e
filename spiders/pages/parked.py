"""Pages that say that nobody has a site there, or nobody any more: for sale, parked, suspended, removed."""

import re

from spiders.pages.links import host
from spiders.pages.markup import Document

MOST_TEXT = 1500  # characters; a page with more to say is somebody's
_SUSPENDED = re.compile(
    r"(?i)account (?:has been )?suspended|this (?:site|website|domain|account) (?:has been|is) (?:suspended|disabled)|"
    r"suspended (?:page|domain)|domain (?:name )?(?:has been|is) suspended|suspected phishing|deceptive site|"
    r"利用停止中|アカウントは停止|サイトは(?:現在)?(?:停止|凍結|閉鎖)|公開停止|ドメインは停止"
)
_PARKED = re.compile(
    r"(?i)(?:this )?domain(?: name)? (?:is|may be) (?:for sale|parked)|buy this domain|parked (?:free|domain)|"
    r"domain parking|related searches|このドメインは(?:販売|売り出し|お名前\.com)|ドメイン(?:を|の)?(?:購入|販売)|"
    r"未使用ドメイン|"
    r"website coming soon|site is under construction|default web page|welcome to nginx|"
    r"apache2? (?:debian |ubuntu )?default page|it works!|準備中"
)
_REMOVED = re.compile(
    r"(?i)(?:store|shop|page|listing) (?:is )?(?:currently )?(?:unavailable|not available|no longer available)|"
    r"このショップは(?:現在)?(?:ご利用|存在)|ページが見つかりません|お探しのページ"
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
    if len(text) > MOST_TEXT:
        return None
    said = f"{title}\n{text}"
    for pattern, says in (
        (_SUSPENDED, "the site was suspended"),
        (_PARKED, "the domain is parked, for sale or empty"),
        (_REMOVED, "the page or shop was removed"),
    ):
        if pattern.search(said):
            return says
    return None
