"""The words of alerts in English and Japanese. One type, so that a sentence missing in a language is a type error."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from alerts.signal_words import JAPANESE


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """Every fixed word and sentence; `{…}` places take text that is safe already."""

    language: str  # BCP 47
    decisions: Mapping[str, str]
    kinds: Mapping[str, str]
    signals: Mapping[str, str] = field(default_factory=dict)  # signal -> what it means; empty: the detector's sentence
    headline: str
    first: str
    new_items_one: str
    new_items: str
    escalated: str
    relapsed: str
    repeat: str
    notices: Mapping[str, str]  # why somebody has to look at a notice -> what is said of it
    notice_says: str  # what the channel wrote
    more_notices: str
    digest_headline_one: str
    digest_headline: str
    digest_empty: str
    digest: str
    digest_since: str
    digest_group: str  # cases that a route tells together
    digest_limit: str  # more cases than a route may tell of one by one
    digest_line: str
    items_one: str
    items: str
    digest_new: str  # beside the number of items, where some came since the digest before
    digest_more: str
    reasons: Mapping[str, str]  # reason of a message about a case -> what it is called in a list
    states: Mapping[str, str]  # of cases
    test_headline: str
    test: str
    disabled_headline: str
    disabled: str
    unwell_headline: str
    unwell: str
    well_headline: str
    well: str
    health: Mapping[str, str]  # state of a source that somebody has to look at
    case: str
    assigned: str
    due: str
    score: str
    score_value: str
    why: str
    further: str  # observations besides the strongest
    observed: str
    expected: str
    weight: str
    more_evidence: str
    where_seen: str
    seen_line: str
    advertiser: str
    landing: str
    publisher: str
    page: str
    sightings: str
    sources: str
    more_items_one: str
    more_items: str
    picture: str
    picture_framed: str
    next: str
    footer: str
    nothing: str = "–"


EN = Words(
    language="en",
    decisions={
        "impersonation": "Impersonation",
        "suspicious": "Suspected impersonation",
        "mention": "Mention",
        "official": "Official",
        "none": "Nothing found",
    },
    kinds={"ad": "Ad", "post": "Post", "comment": "Comment", "page": "Page", "domain": "Domain"},
    headline="{decision} of {brand}: {title}",
    first="First message about this case.",
    new_items_one="1 new item since the last message; the case now has {total}.",
    new_items="{new} new items since the last message; the case now has {total}.",
    escalated="Escalated: nobody has judged this case in the agreed time. Found {opened} UTC.",
    relapsed="It is back: this case was down and has been seen again. The same case is open once more.",
    repeat="Reminder: this case is still open.",
    notices={
        "answered": "Notice {id} ({channel}, {reference}): an answer came on {since} UTC.",
        "sending": "Notice {id} ({channel}, {reference}): a try of {since} UTC did not end; look whether it arrived.",
        "lost": "Notice {id} ({channel}, {reference}): filed on {since} UTC, it did not arrive; look for "
        "another address.",
        "back": "Notice {id} ({channel}, {reference}): what it had taken down is there again since {since} UTC; "
        "file it anew.",
        "information_requested": "Notice {id} ({channel}, {reference}): they ask for more; nobody has answered since "
        "{since} UTC.",
        "refused": "Notice {id} ({channel}, {reference}): refused on {since} UTC, and not taken anywhere else yet.",
        "overdue": "Notice {id} ({channel}, {reference}): filed on {since} UTC, its answer is overdue.",
        "dismissed": "Notice {id} ({channel}, {reference}): the case is dismissed; tell them that it is withdrawn.",
        "approval": "Notice {id} ({channel}, {reference}): waits for another person's approval since {since} UTC.",
        "draft": "Notice {id} ({channel}, {reference}): drafted on {since} UTC and not filed yet.",
    },
    notice_says="They write: {says}",
    more_notices="Further notices: {count}.",
    digest_headline_one="Digest for {subject}: 1 case",
    digest_headline="Digest for {subject}: {count} cases",
    digest_empty="Digest for {subject}: nothing new",
    digest="What came in up to {until} UTC.",
    digest_since="What came in from {since} to {until} UTC.",
    digest_group="Cases that came in at about the same time and belong together.",
    digest_limit="More cases came in than are told one by one in an hour; these are all the others.",
    digest_line="{decision} of {brand}: {title}",
    items_one="1 item",
    items="{count} items",
    digest_new="{items} items, {new} new",
    digest_more="Further cases: {count}",
    reasons={
        "first": "new case",
        "new_items": "new items",
        "escalated": "not judged in time",
        "relapsed": "back again",
        "repeat": "still open",
        "notice": "notice needs a look",
    },
    states={
        "open": "open",
        "confirmed": "confirmed",
        "dismissed": "dismissed",
        "snoozed": "snoozed",
        "duplicate": "duplicate",
        "takedown": "takedown under way",
        "down": "down",
        "relapsed": "back again",
        "closed": "closed",
    },
    test_headline="Test message for {subject}",
    test="This is a test of the receiver {subject}. Nothing was found, nothing needs to be done.",
    disabled_headline="Receiver {subject} is switched off",
    disabled="The receiver {subject} answered that it no longer exists (410). mekiki sends it nothing more. "
    "Alerts routed to it alone wait until it has a new url and a test message reaches it.",
    unwell_headline="Source {subject} needs a look",
    unwell="The source {subject} no longer sees what it should. Until it does, impersonations there may go unseen.",
    well_headline="Source {subject} is well again",
    well="The source {subject} sees what it should again.",
    health={
        "late": "no good run in time",
        "silent": "gives nothing any more",
        "broken": "fields that used to be filled are empty",
        "canary": "the planted item was not found",
        "blocked": "turned us away",
        "failing": "cannot be read",
    },
    case="Case {id}",
    assigned="Assigned to {name}",
    due="To be judged by {due} UTC",
    score="Score",
    score_value="{score} of 1.00",
    why="Why",
    further="Further observations",
    observed="Seen",
    expected="Expected",
    weight="Weight",
    more_evidence="{count} further observations are in the case.",
    where_seen="Where it was seen",
    seen_line="{kind} on {where}, {first} to {last}, {sightings}",
    advertiser="Advertiser",
    landing="Leads to",
    publisher="Shown on",
    page="Page",
    sightings="seen {count}×",
    sources="Sources",
    more_items_one="1 further item is in the case.",
    more_items="{count} further items are in the case.",
    picture="Picture from the item, as it was seen",
    picture_framed="Picture from the item, as it was seen; the red frame, drawn by mekiki, marks the match",
    next="Next",
    footer="Links are defanged on purpose: do not visit them from your own computer. All times are UTC.",
)

JA = Words(
    language="ja",
    decisions={
        "impersonation": "なりすまし",
        "suspicious": "なりすましの疑い",
        "mention": "言及",
        "official": "公式",
        "none": "該当なし",
    },
    signals=JAPANESE,
    kinds={"ad": "広告", "post": "投稿", "comment": "コメント", "page": "ページ", "domain": "ドメイン"},
    headline="{brand}の{decision}:{title}",
    first="この案件の最初の通知です。",
    new_items_one="前回の通知から1件増えました。この案件は計{total}件です。",
    new_items="前回の通知から{new}件増えました。この案件は計{total}件です。",
    escalated="対応期限超過:期限までに誰も判定していません。検知日時:{opened}(UTC)",
    relapsed="再出現:一度削除されたものが再び確認されました。同じ案件を再開しました。",
    repeat="再通知:この案件は未対応のままです。",
    notices={
        "answered": "申請 {id}({channel}、{reference}):{since}(UTC)に回答が届きました。",
        "sending": "申請 {id}({channel}、{reference}):{since}(UTC)の送信が完了していません。届いたか確認してください。",
        "lost": "申請 {id}({channel}、{reference}):{since}(UTC)に提出しましたが、届いていません。"
        "別の宛先を確認してください。",
        "back": "申請 {id}({channel}、{reference}):削除されたものが{since}(UTC)に再び確認されました。"
        "再申請してください。",
        "information_requested": "申請 {id}({channel}、{reference}):追加情報を求められています。"
        "{since}(UTC)から未回答です。",
        "refused": "申請 {id}({channel}、{reference}):{since}(UTC)に不受理となりました。"
        "ほかの窓口への申請がまだありません。",
        "overdue": "申請 {id}({channel}、{reference}):{since}(UTC)に提出しましたが、期限を過ぎても回答がありません。",
        "dismissed": "申請 {id}({channel}、{reference}):案件は却下されました。取り下げを窓口に伝えてください。",
        "approval": "申請 {id}({channel}、{reference}):{since}(UTC)から別の担当者の承認を待っています。",
        "draft": "申請 {id}({channel}、{reference}):{since}(UTC)に下書きされ、まだ提出されていません。",
    },
    notice_says="窓口からの連絡:{says}",
    more_notices="ほか{count}件の申請があります。",
    digest_headline_one="{subject} 宛てのまとめ:1件",
    digest_headline="{subject} 宛てのまとめ:{count}件",
    digest_empty="{subject} 宛てのまとめ:新しい案件はありません",
    digest="{until}(UTC)までに届いた案件です。",
    digest_since="{since}から{until}(UTC)までに届いた案件です。",
    digest_group="同じ時期に届いた、互いに関係する案件をまとめてお知らせします。",
    digest_limit="1時間に個別に通知できる件数を超えたため、残りの案件をまとめてお知らせします。",
    digest_line="{brand}の{decision}:{title}",
    items_one="1件",
    items="{count}件",
    digest_new="{items}件(うち新規{new}件)",
    digest_more="ほか{count}件",
    reasons={
        "first": "新規",
        "new_items": "追加",
        "escalated": "期限超過",
        "relapsed": "再出現",
        "repeat": "未対応",
        "notice": "申請の確認",
    },
    states={
        "open": "未対応",
        "confirmed": "確認済み",
        "dismissed": "却下",
        "snoozed": "保留中",
        "duplicate": "重複",
        "takedown": "削除申請中",
        "down": "削除済み",
        "relapsed": "再出現",
        "closed": "完了",
    },
    test_headline="{subject} へのテスト通知",
    test="通知先 {subject} の動作確認です。検知されたものはなく、対応は不要です。",
    disabled_headline="通知先 {subject} を停止しました",
    disabled="通知先 {subject} が「存在しない」(410)と応答したため、送信を停止しました。"
    "この通知先だけに送る通知は、新しい url を設定してテスト通知が届くまで保留されます。",
    unwell_headline="取得元 {subject} の確認が必要です",
    unwell="取得元 {subject} から本来得られる情報が得られていません。"
    "復旧するまで、なりすましを見逃すおそれがあります。",
    well_headline="取得元 {subject} が復旧しました",
    well="取得元 {subject} から再び正常に情報を取得しています。",
    health={
        "late": "予定どおりに実行されていません",
        "silent": "1件も取得できなくなりました",
        "broken": "これまで取得できた項目が空です",
        "canary": "確認用に置いた項目が見つかりません",
        "blocked": "アクセスを拒否されました",
        "failing": "読み取れません",
    },
    case="案件 {id}",
    assigned="担当:{name}",
    due="判定期限:{due}(UTC)",
    score="スコア",
    score_value="{score}(最大 1.00)",
    why="判定の理由",
    further="その他の根拠",
    observed="検出したもの",
    expected="本来あるべきもの",
    weight="重み",
    more_evidence="ほか{count}件の根拠は案件で確認できます。",
    where_seen="見つかった場所",
    seen_line="{where} の{kind}、{first}〜{last}、{sightings}",
    advertiser="広告主",
    landing="リンク先",
    publisher="掲載ページ",
    page="ページ",
    sightings="{count}回確認",
    sources="取得元",
    more_items_one="ほか1件は案件で確認できます。",
    more_items="ほか{count}件は案件で確認できます。",
    picture="検知時の画像",
    picture_framed="検知時の画像(赤い枠は一致した箇所を示すために mekiki が描いたものです)",
    next="次の操作",
    footer="リンクは意図的に無効化しています。業務端末から直接アクセスしないでください。時刻はすべて UTC です。",
)

WORDS: Mapping[str, Words] = {"en": EN, "ja": JA}
