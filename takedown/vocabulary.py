"""The words of notices that come from lists, in English and Japanese; whole sentences are in the templates."""

from collections.abc import Mapping
from dataclasses import dataclass

from alerts.message import Language
from detector.visits import Visit


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """Every word that stands for one of ours."""

    kinds: Mapping[str, str]  # of items
    platforms: Mapping[str, str]  # as items name them; others stand as they are
    outcomes: Mapping[str, str]  # of journeys
    visitors: Mapping[str, str]  # keys of our own visitors
    another: str  # {key}: a visitor of the team's own
    with_browser: str  # {who}: such a one, when scripts ran
    handoffs: Mapping[str, str]  # kinds of hand-offs
    proofs: Mapping[str, str]  # roles of files
    advertiser: str
    shown_id: str  # of an ad or a post without an address
    class_: str  # of goods and services, in a list
    classes: str
    countries: Mapping[str, str]  # ISO 3166-1; others stand as they are
    is_owner: str
    is_agent: str
    until: str  # of a letter of authority
    port: str
    colon: str
    comma: str
    # Notes for whoever files.
    choose: str
    by_hand: str
    field_cut: str
    text_cut: str
    own_contact: str  # {address}
    targets_left: str
    gone: str
    too_many: str
    too_large: str

    def visitor(self, visit: Visit) -> str:
        """Return as whom a journey was made, by what the visit says; a visitor of the team's own keeps its key."""
        key = visit.visitor
        if key == "browser" and visit.browser:
            return self.visitors[key]
        who = self.visitors.get(key) if key != "browser" else None
        who = who or self.another.format(key=key)
        return self.with_browser.format(who=who) if visit.browser else who


ENGLISH = Vocabulary(
    kinds={"ad": "Ad", "post": "Post", "comment": "Comment", "page": "Page", "domain": "Domain"},
    platforms={
        "meta": "Meta",
        "google": "Google",
        "youtube": "YouTube",
        "tiktok": "TikTok",
        "x": "X",
        "line": "LINE",
        "yahoo_japan": "Yahoo! JAPAN",
        "facebook": "Facebook",
        "instagram": "Instagram",
        "taboola": "Taboola",
        "outbrain": "Outbrain",
    },
    outcomes={
        "offer_seen": "the offer was shown",
        "differs": "a page was shown, another one than other visitors were shown",
        "blocked": "the visitor was kept out",
        "could_not_tell": "could not tell what is shown",
        "gone": "nothing was there",
    },
    visitors={
        "telephone": "a telephone",
        "browser": "a telephone with a browser",
        "desk": "a desk computer",
        "bare": "a desk computer without traces of an ad",
    },
    another="visitor “{key}”",
    with_browser="{who} with a browser",
    handoffs={
        "line": "LINE account",
        "telegram": "Telegram account",
        "whatsapp": "WhatsApp account",
        "phone": "Telephone number",
        "wallet": "Wallet",
        "bank": "Bank account",
    },
    proofs={
        "screenshot": "screenshot of the landing page",
        "ad_picture": "picture of the ad or the page, re-encoded",
        "original_picture": "the same picture as it was served, unchanged bytes",
        "journey": "record of a visit: every hop with time, status and address (JSON)",
        "warc": "requests and answers of a visit (WARC)",
        "certificate": "trademark registration",
        "authority": "letter of authority",
        "xarf": "report for machines (XARF)",
    },
    advertiser="advertiser account",
    shown_id="ad or post with the ID",
    class_="{number}",
    classes="class {numbers}",
    countries={"JP": "Japan", "US": "United States", "CN": "China", "HK": "Hong Kong", "GB": "United Kingdom"},
    is_owner="owner of the rights",
    is_agent="authorised representative of the owner of the rights",
    until="until {day}",
    port="port {port}",
    colon=": ",
    comma=", ",
    choose="choose: {choice}",
    by_hand="fill this in by hand",
    field_cut="cut: the form takes {most} characters",
    text_cut="shortened: the channel takes {most} characters",
    own_contact="{address} is of the very domain that the notice is about: it may warn the fraud",
    targets_left="{left} of {all} targets do not fit: once this is filed, draft the rest with --again",
    gone="a file is gone from the media store: {proof}",
    too_many="left out, more than {most}: {proof}",
    too_large="left out, the channel takes {most} bytes of files: {proof} ({bytes} bytes)",
)
JAPANESE = Vocabulary(
    kinds={"ad": "広告", "post": "投稿", "comment": "コメント", "page": "ページ", "domain": "ドメイン"},
    platforms={**ENGLISH.platforms},
    outcomes={
        "offer_seen": "当該ページの表示を確認",
        "differs": "ページの表示を確認（他の閲覧者とは異なる内容）",
        "blocked": "アクセスを拒否された",
        "could_not_tell": "表示内容を判別できず",
        "gone": "ページは存在せず",
    },
    visitors={
        "telephone": "スマートフォン",
        "browser": "スマートフォン（ブラウザー）",
        "desk": "パソコン",
        "bare": "パソコン（広告経由を示す情報なし）",
    },
    another="環境「{key}」",
    with_browser="{who}（ブラウザー）",
    handoffs={
        "line": "LINEアカウント",
        "telegram": "Telegramアカウント",
        "whatsapp": "WhatsAppアカウント",
        "phone": "電話番号",
        "wallet": "暗号資産のアドレス",
        "bank": "銀行口座",
    },
    proofs={
        "screenshot": "誘導先ページのスクリーンショット",
        "ad_picture": "広告・ページの画像（再エンコード済み）",
        "original_picture": "同じ画像の原本（配信されたままのバイト列）",
        "journey": "アクセス記録（経路、時刻、応答、IPアドレス、JSON形式）",
        "warc": "アクセス時の通信記録（WARC形式）",
        "certificate": "商標登録を示す書面",
        "authority": "委任状",
        "xarf": "機械可読の通報データ（XARF形式）",
    },
    advertiser="広告主アカウント",
    shown_id="広告・投稿ID",
    class_="第{number}類",
    classes="{numbers}",
    countries={"JP": "日本", "US": "米国", "CN": "中国", "HK": "香港", "GB": "英国"},
    is_owner="権利者本人",
    is_agent="権利者から委任を受けた代理人",
    until="{day}まで",
    port="ポート{port}",
    colon="：",
    comma="、",
    choose="選択：{choice}",
    by_hand="手で入力してください",
    field_cut="{most}文字に収まるように省略しました",
    text_cut="{most}文字に収まるように短縮しました",
    own_contact="宛先{address}は申告対象のドメイン自体のアドレスです。なりすましの運営者に知られるおそれがあります",
    targets_left="対象{all}件のうち{left}件は入りません。申告後に --again で残りの下書きを作れます",
    gone="保管した証拠ファイルが見つかりません：{proof}",
    too_many="{most}点を超えるため省きました：{proof}",
    too_large="添付の上限{most}バイトを超えるため省きました：{proof}（{bytes}バイト）",
)
WORDS: Mapping[Language, Vocabulary] = {"en": ENGLISH, "ja": JAPANESE}
