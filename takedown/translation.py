"""Translation: what we wrote down in English, in Japanese: what a signal saw, what would be genuine; journeys. Pure.

What is not known here stays as it is: a quotation stays one, and another language is better than nothing.
"""

import re
from collections.abc import Callable, Mapping

from alerts.message import Language
from detector.evidence import Evidence
from takedown.vocabulary import JAPANESE

PROBLEMS = {  # that ended a journey, see `detector.visits.Hop`
    "dns": "ホスト名が存在しない",
    "dns_failed": "ネームサーバーが応答しない",
    "timeout": "時間切れ",
    "connection": "接続できず",
    "truncated": "応答の途中で切断",
    "refused_address": "接続を許可していない宛先",
    "refused_scheme": "ウェブのアドレスではない",
    "robots": "robots.txt による禁止",
    "too_large": "大きすぎる",
    "browser": "ブラウザーが中断",
    "hand_off": "アプリ・チャット・通話への誘導",
    "download": "ファイルのダウンロードの要求",
    "exit": "接続経路（プロキシ）が不許可",
}
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
_Forms = tuple[_Told, ...]
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
_SEEN: Mapping[str, _Told] = {
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
    "picture.logo": (re.compile(r"(.*), likeness (\S+)", re.DOTALL), lambda m: f"{_look(m[1])}（類似度 {m[2]}）"),
}
_LOOKS = {  # how `detector.images.enrol` names the parts of a logo and what they are drawn in
    "whole": "全体", "first part": "前半", "second part": "後半", "own colours on white": "元の色（白地）",
    "own colours on black": "元の色（黒地）", "black on white": "黒（白地）", "white on black": "白（黒地）",
    "filled": "塗りつぶし",
}  # fmt: skip


def _look(says: str) -> str:
    return "・".join(_LOOKS.get(one, one) for one in says.split(", "))


def _mark_in_japanese(says: str) -> str:
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
        return _mark_in_japanese(found.observed)
    form = _SEEN.get(found.signal) if language == "ja" else None
    match = form[0].fullmatch(found.observed) if form is not None else None
    return form[1](match) if form is not None and match is not None else found.observed


_JOURNEY = {
    "a file was offered for download; it was not taken": "ファイルのダウンロードを求められましたが、取得していません",
    "the visitor's proxy did not let it through": "閲覧に用いた接続経路（プロキシ）が接続を許可しませんでした",
    "the host is unknown": "ホスト名が存在しません",
    "leads out of the web, into an app, a chat or a call": "ウェブの外（アプリ、チャット、通話）へ誘導しています",
    "what came is no page that can be read": "返された内容は、読み取れるページではありませんでした",
    "scripts may show more or lead on; only a browser would tell": "スクリプトによって表示や遷移が変わる可能性があり、"
    "ブラウザーでなければ判別できません",
    "a page was seen, of which not everything could be read; others may see another": "ページの表示を確認しましたが、"
    "一部を読み取れませんでした。閲覧者によって表示が異なる可能性があります",
    "a page was seen; others may see another": "ページの表示を確認しました。閲覧者によって表示が異なる可能性があります",
    "the domain is parked or for sale": "ドメインは保留中、または売りに出されています",
    "the domain does not resolve any more (NXDOMAIN)": "ドメインの名前解決ができなくなりました（NXDOMAIN）",
    "it sent more than a visit may take, and was cut off": "データ量が上限を超えたため中断しました",
    "it had not loaded whole in time": "時間内に読み込みが終わりませんでした",
}
_WALLS = {
    "a consent wall": "同意の確認画面",
    "a captcha or bot check": "CAPTCHA などの自動アクセス対策の画面",
    "a login wall": "ログイン画面",
}
_JOURNEY_FORMS: _Forms = (
    (re.compile(r"it led on after (\d+) hops"), lambda m: f"{m[1]}回転送された後も転送が続いたため、中断しました"),
    (re.compile(r"answered (\d+)"), lambda m: f"HTTP ステータス {m[1]} が返されました"),
    (re.compile(r"no answer \((.*)\)"), lambda m: f"応答がありませんでした（{PROBLEMS.get(m[1], m[1])}）"),
    (re.compile(r"shows (.*)"), lambda m: f"{_WALLS.get(m[1], m[1])}が表示されました"),
    (re.compile(r"a page is shown at (.*)"), lambda m: f"{m[1]} にページが表示されています"),
    (re.compile(r"a page is shown again at (.*)"), lambda m: f"{m[1]} に再びページが表示されています"),
    (
        re.compile(r"another page than before is shown at (.*)"),
        lambda m: f"{m[1]} に以前とは異なるページが表示されています",
    ),
    (re.compile(r"leads to (.*) now, no longer to (.*)"), lambda m: f"リンク先が {m[2]} から {m[1]} に変わりました"),
    (re.compile(r"all of (\d+) links: (.*)"), lambda m: f"{m[1]}件のリンクすべて：{in_japanese(m[2])}"),
    (
        re.compile(r"scripts make another page of it, see (.*)"),
        lambda m: f"スクリプトによって別のページになります（{m[1]} を参照）",
    ),
    (
        re.compile(r"(\S+): (\S+) saw a page, (\S+) did not \((.*)\)"),
        lambda m: (
            f"{_visitor(m[1])}との比較：{_visitor(m[2])}にはページが表示され、{_visitor(m[3])}には"
            f"表示されませんでした（{in_japanese(m[4])}）"
        ),
    ),
    (
        re.compile(r"(\S+): ended at (\S+) and at (\S+)"),
        lambda m: f"{_visitor(m[1])}との比較：到達先が {m[2]} と {m[3]} に分かれました",
    ),
    (
        re.compile(
            r"(\S+): (\d+) of 64 bits of the words, (\d+) of the page's shape(?:, (\d+) of its picture)? differ"
        ),
        lambda m: (
            f"{_visitor(m[1])}との比較：64ビット中、文言は{m[2]}、構造は{m[3]}"
            + (f"、画面は{m[4]}" if m[4] else "")
            + "ビット異なります"
        ),
    ),
)


def in_japanese(says: str) -> str:
    """Return what the detector says of a journey in Japanese; a sentence that is not known here stays as it is."""
    if says in _JOURNEY:
        return _JOURNEY[says]
    for form, told in _JOURNEY_FORMS:
        if found := form.fullmatch(says):
            return told(found)
    head, semicolon, rest = says.rpartition("; ")
    if semicolon:
        return f"{in_japanese(head)}。{in_japanese(rest)}"
    return says


def _visitor(key: str) -> str:
    return JAPANESE.visitors.get(key) or JAPANESE.another.format(key=key)


_GENUINE = {
    "a registered advertiser or account": "登録済みの広告主・アカウント",
    "no such call from the brand itself": "ブランド自身はこのような呼びかけをしません",
    "an honest reason to name the brand": "ブランドに触れる正当な理由",
    "loaded by the brand's own pages and those of its partners": "ブランドと提携先のページだけが読み込むもの",
    "used by registered shops and accounts only": "登録済みの店舗・アカウントだけが用いる表現",
    "a title that only the brand's own pages have": "ブランド自身のページだけが持つ題名",
    "no hurry": "購入を急がせない表示",
    "name, address and telephone number of the seller, or a link to them": "販売業者の名称・住所・電話番号",
    "an address in Japan": "国内の住所",
    "an address at the seller's own domain": "販売業者自身のドメインのメールアドレス",
    "ways to pay that can be taken back": "取り消しのできる支払い方法",
    "a host that has had one for longer; honest ones renew theirs every few weeks": "以前から証明書を持つホスト",
    "a page that may be looked at": "自由に閲覧できるページ",
    "no picture of a confirmed case": "確認済みの案件にはない画像",
    "the setting of honest items that name a brand": "ブランドに触れる通常の投稿・広告の表示のされ方",
    "not the wording of honest texts that name a brand": "ブランドに触れる通常の文章にはない言い回し",
    "the wording of honest texts that name a brand": "ブランドに触れる通常の文章の言い回し",
    "a registered host": "登録済みのホスト",
}
_GENUINE_FORMS: _Forms = (
    (re.compile(r"known false: (.*)"), lambda m: f"虚偽と判明している主張：{m[1]}"),
    (
        re.compile(r"only the brand itself: the name stands before “(.*)”"),
        lambda m: f"名称に「{m[1]}」が続くのはブランドのみ",
    ),
    (re.compile(r"only the brand itself: (.*)"), lambda m: f"ブランド自身のみ：{m[1]}"),
    (re.compile(r"registered as (.*)"), lambda m: f"登録内容：{m[1]}"),
    (re.compile(r"known for at least (\d+) days"), lambda m: f"登録から{m[1]}日以上"),
    (
        re.compile(r"no (\S+) account of somebody else's"),
        lambda m: f"第三者の{JAPANESE.handoffs.get(m[1], m[1])}への誘導なし",
    ),
    (
        re.compile(r"no honest price is (\d+) % and more below the list price"),
        lambda m: f"正規の販売では通常ない値引き（定価の{m[1]}%以上）",
    ),
    (
        re.compile(r"the setting of honest items that name a brand: not a host with (.*)"),
        lambda m: f"通常の投稿・広告にはないホスト（{_mark_in_japanese(m[1])}）",
    ),
    (re.compile(r"(.*), in the brand's own items only"), lambda m: f"{m[1]}（ブランド自身のもののみ）"),
    (
        re.compile(r"(.*), in the brand's own items and in those of its partners"),
        lambda m: f"{m[1]}（ブランドと提携先のもののみ）",
    ),
    (
        re.compile(r"(.*), in the brand's own pages only: (.*) of this text stand there"),
        lambda m: f"{m[1]}（ブランド自身のページのみ。この文章の{m[2]}が一致）",
    ),
)


def genuine_in_japanese(expected: str) -> str:
    """Return what a signal expected in Japanese; names, hosts and what is not known here stay as they are."""
    if expected in _GENUINE:
        return _GENUINE[expected]
    found = ((form.fullmatch(expected), told) for form, told in _GENUINE_FORMS)
    return next((told(match) for match, told in found if match), expected)
