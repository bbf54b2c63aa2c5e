"""Observed: what a signal saw, as it is told in Japanese: the detector writes some of it down in English. Pure.

What is not known here stays as it is: a quotation stays one, and another language is better than nothing.
"""

import re
from collections.abc import Callable, Mapping

from alerts.message import Language
from detector.evidence import Evidence
from takedown.vocabulary import JAPANESE

_PARTS = {
    "part of the picture": "画像の一部",
    "the picture in a mirror": "左右反転した画像",
    "the whole picture": "画像全体",
}
_HIDES = {
    "no menu on a right click": "右クリックのメニューを表示させない",
    "packed scripts": "圧縮されたスクリプト",
    "scripts in Base64": "Base64で符号化されたスクリプト",
    "a page in Base64": "Base64で符号化されたページ",
    "shuts out developer tools": "開発者ツールを使わせない",
    "stops whoever debugs it": "デバッグを妨げる",
}
_MARK = re.compile(
    r"kind (?P<kind>\w+)|on (?P<platform>\w+)"
    r"|(?:(?:the word )?“(?P<word>.*)”|the brand's (?P<own>name|initials)) in its name"
)
_Told = tuple[re.Pattern[str], Callable[[re.Match[str]], str]]
_CASE = re.compile(r"the picture of case (\d+)")  # see `storage.known_frauds`
_LIES = re.compile(r"its headers name (.*), but its address is not of that network")  # see `takedown.operators`


def _part(says: str) -> str:
    case = _CASE.fullmatch(says)
    return f"案件{case[1]}の画像" if case else _PARTS.get(says, says)


_BITS: _Told = (
    re.compile(r"(?:(\d+) parts at the same places|(.+)), (\d+) of 64 hash bits differ"),
    lambda m: f"{m[1] + 'か所が同じ位置' if m[1] else _part(m[2])}（画像ハッシュ64ビット中{m[3]}ビットが相違）",
)
# A signal -> how its observation is written in English, and told in Japanese.
_FORMS: Mapping[str, _Told] = {
    "advertiser.uses_name": (re.compile(r"(.*) \(paid by (.*)\)", re.DOTALL), lambda m: f"{m[1]}（支払者：{m[2]}）"),
    "page.price": (re.compile(r"(.*) \((\d+) % off\)", re.DOTALL), lambda m: f"{m[1]}（{m[2]}%引き）"),
    "page.seller_missing": (
        re.compile(r"“(.*)”, and no 特定商取引法に基づく表記", re.DOTALL),
        lambda m: f"{m[1]}（特定商取引法に基づく表記は見当たらず）",
    ),
    "page.young_domain": (
        re.compile(r"registered on (\S+), (\d+) days before"),
        lambda m: f"{m[1]}登録（確認の{m[2]}日前）",
    ),
    "page.young_certificate": (
        re.compile(r"valid from (\S+), (\d+) days before"),
        lambda m: f"有効期間の開始 {m[1]}（確認の{m[2]}日前）",
    ),
    **dict.fromkeys(
        ("page.login", "page.card", "page.personal"),
        (
            re.compile(r"fields (.*?)(?:, sent to (\S+))?", re.DOTALL),
            lambda m: f"入力欄：{m[1]}" + (f"、送信先：{m[2]}" if m[2] else ""),
        ),
    ),
    "page.hides": (re.compile(r".*"), lambda m: _HIDES.get(m[0], m[0])),
    "picture.copy": _BITS,
    "picture.seen_before": _BITS,
    "picture.logo": (re.compile(r"(.*), likeness (\S+)", re.DOTALL), lambda m: f"{m[1]}（類似度 {m[2]}）"),
}


def mark_in_japanese(says: str) -> str:
    """Return what is particular about where and how something is shown, as `detector.signals.setting` says it."""
    found = _MARK.fullmatch(says)
    if found is None:
        return {
            "an advertiser with a name": "広告主の名称あり",
            "a named payer": "支払者の名称あり",
            "no link": "リンクなし",
        }.get(says, says)
    if found["kind"]:
        return JAPANESE.kinds.get(found["kind"], found["kind"])
    if found["platform"]:
        return f"{JAPANESE.platforms.get(found['platform'], found['platform'])}上"
    own = {"name": "ブランド名", "initials": "ブランドの頭文字"}
    return f"名前に{own[found['own']] if found['own'] else '「' + found['word'] + '」'}を含む"


def odd_in(language: Language, says: str) -> str:
    """Return what does not fit together at a site, hostile as it is, with our own words in this language."""
    found = _LIES.fullmatch(says) if language == "ja" else None
    return f"応答ヘッダーは {found[1]} を示すが、IP アドレスはそのネットワークのものではない" if found else says


def observed_in(language: Language, found: Evidence) -> str:
    """Return what a signal saw, hostile as it is, with the detector's own words in this language."""
    if language == "ja" and found.signal.startswith("setting."):
        return mark_in_japanese(found.observed)
    form = _FORMS.get(found.signal) if language == "ja" else None
    match = form[0].fullmatch(found.observed) if form is not None else None
    return form[1](match) if form is not None and match is not None else found.observed
