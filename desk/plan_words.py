"""The words of a plan of takedowns, in English and Japanese."""

from collections.abc import Mapping
from dataclasses import dataclass

from alerts.message import Language
from takedown.channel import Form, Who
from takedown.plan import Effect, NoteKind, Standing


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanWords:
    """Every word of the page that is ours."""

    title: str  # {case} {brand} {state}
    nothing: str
    begin: str  # {number} {what}
    everywhere: str
    kinds: Mapping[Effect, str]
    why: Mapping[Effect, str]  # half a line
    standings: Mapping[Standing, str]
    notes: Mapping[NoteKind, str]
    forms: Mapping[Form, str]
    who: Mapping[Who, str]
    may_file: str  # {who}
    needs: Mapping[str, str]  # rights
    within: str  # {length} {source}
    nobody_says: str
    deliberate: str  # `draft --all` leaves it out
    unconfirmed: str  # {keys}
    complete: str
    but_for_that: str  # complete, but for what every notice lacks
    complete_in: str  # {language}
    lacks: str  # {count}
    missing: Mapping[str, str]  # what may be missing; others stand as they are
    keys: Mapping[str, str]  # of an entry, that may be not confirmed; others stand as they are
    no_channel: str
    unknown: str  # in place of a name
    everyone: str
    more: str  # {count}: further targets
    notice_states: Mapping[str, str]
    notice: str  # {reference} {channel} {state} {at}
    due: str  # {at}
    overdue: str  # {at}
    lost: str  # of a notice whose mail came back
    try_left: str  # of a try that did not end: {at}
    strays: str
    draft: str
    complain: str
    full: str
    between: str  # of a list


ENGLISH = PlanWords(
    title="Plan for case {case}  brand {brand}  state {state}",
    nothing="Nothing of this case is anybody's to take down: it has no item on a platform, no link and no account.",
    begin="Begin with step {number}: {what}.",
    everywhere="Missing for every notice:",
    kinds={
        "platform": "Platform",
        "advertiser": "Advertiser's account",
        "blocklist": "Browsers and filters",
        "payee": "Who is paid",
        "chat": "Chat account",
        "phone": "Telephone number",
        "host": "Host",
        "cdn": "Content network",
        "registrar": "Registrar",
        "redirect": "Redirect",
        "publisher": "Page that carried it",
        "registry": "Registry",
        "report": "Associations, authorities, police",
    },
    why={
        "platform": "takes the ad or post away: nobody new is led in",
        "advertiser": "the next ad comes from the same account",
        "blocklist": "warn whoever opens the address, whatever the others decide",
        "payee": "here the money goes",
        "chat": "here people are talked into paying",
        "phone": "here people are talked into paying",
        "host": "takes the page off the net",
        "cdn": "stands in front of the page, and alone knows its host",
        "registrar": "takes the whole domain off the net",
        "redirect": "stands between the ad and the page",
        "publisher": "can block the advertiser on its pages",
        "registry": "for when the registrar does not act",
        "report": "put it together with what victims tell, and warn the public",
    },
    standings={
        "back": "back: file anew",
        "asked": "asks for more",
        "overdue": "no answer in time",
        "pending": "under way",
        "refused": "refused",
        "down": "down",
        "gone": "gone already",
        "draft": "drafted",
        "ready": "ready to draft",
        "missing": "not complete",
        "nowhere": "no channel",
    },
    notes={
        "not_asked": "nobody asked whose {subject} is: mekiki crawl --source {source}",
        "no_source": "nobody asked whose {subject} is: a source of kind rdap would",
        "registry_says": "its registry tells nothing of it: {says}",
        "behind": "the host behind {name} is not known; ask {name} to name it, or to pass the notice on",
        "odd": "does not fit: {says}",
        "ended": "was in the register until its entry ended: {says}",
        "own_contacts": "{says} is of the very domain that the notice is about: it may warn the fraud",
        "of_itself": "the site itself names {says}: only for one that was broken into, a fraud would be warned",
        "left_out": "{count} more targets than are listed",
        "not_followed": "No link was followed, so hosts are not known: mekiki visit {case}",
        "no_landing": "Where it leads is not known: none of its items has a link.",
        "items_left": "{count} more items of the case are not looked at here.",
    },
    forms={"form": "web form", "email": "mail", "api": "interface"},
    who={"owner": "owner", "agent": "agent", "anyone": "anyone", "victim": "victims"},
    may_file="for {who}",
    needs={"trademark": "with a trademark", "copyright": "with a copyright"},
    within="answers within {length} as {source} says",
    nobody_says="nobody says how long an answer takes",
    deliberate="to be decided by itself, not drafted by --all",
    unconfirmed="not confirmed: {keys}",
    complete="complete",
    but_for_that="complete but for that",
    complete_in=", complete with --language {language}",
    lacks="{count} missing",
    missing={},
    keys={},
    no_channel="the catalogue has no channel for this",
    unknown="not known",
    everyone="everybody",
    more="and {count} more",
    notice_states={
        "draft": "drafted",
        "filed": "filed",
        "acknowledged": "acknowledged",
        "information_requested": "asks for more",
        "refused": "refused",
        "down": "down",
        "back": "back",
        "withdrawn": "withdrawn",
    },
    notice="{reference} to {channel}: {state} {at}",
    due=", answer due {at}",
    overdue=", answer was due {at}",
    lost=", DID NOT ARRIVE",
    try_left=", a try of {at} did not end",
    strays="Notices about what is not on its journeys any more",
    draft="Draft all that is complete:",
    complain="Draft one:",
    full="With --full every channel is shown in full.",
    between=", ",
)
JAPANESE = PlanWords(
    title="案件 {case} の対応計画  ブランド {brand}  状態 {state}",
    nothing="この案件には、削除を求める相手がありません(プラットフォーム上の項目・リンク・連絡先のいずれもありません)。",
    begin="まず {number} 番「{what}」から着手してください。",
    everywhere="すべての申請に不足しているもの:",
    kinds={
        "platform": "プラットフォーム",
        "advertiser": "広告主アカウント",
        "blocklist": "ブラウザ・フィルタ",
        "payee": "送金先",
        "chat": "チャットアカウント",
        "phone": "電話番号",
        "host": "ホスティング事業者",
        "cdn": "CDN 事業者",
        "registrar": "レジストラ",
        "redirect": "転送元",
        "publisher": "掲載ページ",
        "registry": "レジストリ",
        "report": "業界団体・官公庁・警察",
    },
    why={
        "platform": "広告・投稿が消え、新たな閲覧者が誘導されなくなる",
        "advertiser": "次の広告も同じアカウントから出る",
        "blocklist": "他の判断を待たず、開こうとした人に警告する",
        "payee": "代金の受け取りに使われている",
        "chat": "ここで支払いに誘導される",
        "phone": "ここで支払いに誘導される",
        "host": "ページそのものを消せる",
        "cdn": "ページの配信を中継し、背後のホスティング事業者を知っている",
        "registrar": "ドメイン全体を止められる",
        "redirect": "広告からページへの転送を担っている",
        "publisher": "自社のページでその広告主を拒否できる",
        "registry": "レジストラが対応しないとき",
        "report": "被害相談と突き合わせ、注意を呼びかける",
    },
    standings={
        "back": "再出現・再申請が必要",
        "asked": "追加情報を求められている",
        "overdue": "期限までに回答なし",
        "pending": "対応待ち",
        "refused": "不受理",
        "down": "削除済み",
        "gone": "すでに消滅",
        "draft": "下書きあり",
        "ready": "下書き作成可",
        "missing": "不足あり",
        "nowhere": "窓口なし",
    },
    notes={
        "not_asked": "{subject} の管理者は未照会です: mekiki crawl --source {source}",
        "no_source": "{subject} の管理者は未照会です: 種別 rdap のソースを設定してください",
        "registry_says": "レジストリから情報を得られませんでした: {says}",
        "behind": "{name} の背後のホスティング事業者は不明です。開示または申請の転送を {name} に求めてください",
        "odd": "矛盾があります: {says}",
        "ended": "登録の期限が切れるまでは正規の登録先でした: {says}",
        "own_contacts": "{says} は申告対象のドメイン自体のアドレスです。なりすましの運営者に知られるおそれがあります",
        "of_itself": "サイト自身の連絡先: {says}(改ざんされた正規サイトの場合のみ。"
        "なりすましの運営者に知られるおそれがあります)",
        "left_out": "ほかに対象が {count} 件あります",
        "not_followed": "リンク先を未確認のため、ホスティング事業者が不明です: mekiki visit {case}",
        "no_landing": "リンクを持つ項目がなく、誘導先が不明です。",
        "items_left": "この案件のほかの {count} 件の項目は、この計画では見ていません。",
    },
    forms={"form": "フォーム", "email": "メール", "api": "API"},
    who={"owner": "権利者", "agent": "代理人", "anyone": "誰でも", "victim": "被害者"},
    may_file="申告者: {who}",
    needs={"trademark": "商標権が必要", "copyright": "著作権が必要"},
    within="回答は {length} 以内({source})",
    nobody_says="回答までの期間は公表されていません",
    deliberate="個別に判断する手続(--all では作成しません)",
    unconfirmed="未確認: {keys}",
    complete="不足なし",
    but_for_that="ほかに不足なし",
    complete_in="(--language {language} なら不足なし)",
    lacks="不足 {count} 件",
    missing={
        "account": "API の契約情報",
        "after": "先に必要な申請",
        "case": "案件の判定",
        "contact": "申告先のメールアドレス",
        "language": "言語",
        "who": "申告者の資格",
        "trademark": "商標権",
        "copyright": "著作権",
        "screenshot": "スクリーンショット",
        "ad_picture": "広告の画像",
        "journey": "アクセス記録",
        "warc": "通信記録(WARC)",
        "original": "正規のページ",
        "certificate": "商標登録を示す書面",
        "authority": "委任状",
        "filer.name": "申告者の氏名",
        "filer.title": "申告者の役職・部署",
        "filer.organization": "申告者の会社名",
        "filer.address": "申告者の住所",
        "filer.country": "申告者の国",
        "filer.email": "申告者のメールアドレス",
        "filer.phone": "申告者の電話番号",
        "filer.signature": "申告者の署名",
        "filer.relation": "権利者との関係",
        "owner.name": "権利者の名称",
        "owner.address": "権利者の住所",
        "owner.country": "権利者の国",
        "owner.email": "権利者のメールアドレス",
        "brand.name": "ブランド名",
        "brand.domains": "公式ドメイン",
        "brand.accounts": "公式アカウント",
        "brand.pages": "公式ページ",
        "trademark.marks": "商標",
        "trademark.numbers": "商標登録番号",
        "trademark.offices": "登録官庁",
        "trademark.classes": "区分",
        "trademark.goods": "指定商品・役務",
        "targets": "申告対象",
        "target.hosts": "対象のホスト名",
        "target.addresses": "IP アドレスと確認日時",
        "ad.ids": "広告 ID",
        "ad.links": "広告のリンク先 URL",
        "advertiser.name": "広告主の名称",
        "advertiser.id": "広告主の ID",
        "advertiser.payer": "支払者",
        "publisher.pages": "掲載ページ",
        "landing.urls": "誘導先ページの URL",
        "landing.domain": "誘導先のドメイン名",
        "registrar.name": "登録事業者",
        "registered.on": "ドメイン名の登録日",
        "network.name": "ネットワーク名",
        "handoffs": "誘導先のアカウント・口座",
        "seen.first": "初回確認日時",
        "seen.last": "最終確認日時",
        "countries": "配信国",
        "offer.summary": "概要",
        "description": "申告の内容",
        "evidence.list": "証拠の一覧",
        "statement.good_faith": "誠実に信じる旨の表明",
        "statement.accuracy": "正確である旨の表明",
        "statement.authority": "権限を有する旨の表明",
        "reference": "管理番号",
    },
    keys={
        "about": "説明",
        "address": "宛先",
        "defang": "URL の表記",
        "field": "入力項目",
        "limits": "上限",
        "limits.targets": "対象の上限",
        "match.suffixes": "対象のドメイン",
        "source": "出典の原本",
        "url": "URL",
        "xarf": "XARF の受付",
    },
    no_channel="該当する窓口がカタログにありません",
    unknown="不明",
    everyone="共通",
    more="ほか {count} 件",
    notice_states={
        "draft": "下書き",
        "filed": "提出済み",
        "acknowledged": "受理",
        "information_requested": "追加情報の依頼",
        "refused": "不受理",
        "down": "削除済み",
        "back": "再出現",
        "withdrawn": "取り下げ",
    },
    notice="{reference} → {channel}: {state} {at}",
    due="、回答期限 {at}",
    overdue="、回答期限切れ {at}",
    lost="、届いていません",
    try_left="、{at} の送信が完了していません",
    strays="現在の経路にない相手への申請",
    draft="不足のない下書きをまとめて作成:",
    complain="一つだけ作成:",
    full="--full ですべての窓口を詳しく表示します。",
    between="、",
)
WORDS: Mapping[Language, PlanWords] = {"en": ENGLISH, "ja": JAPANESE}
