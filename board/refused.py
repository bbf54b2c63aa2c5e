"""Why something was refused, in the person's language. What is not known here stays as it is."""

import re

from board.words import Language
from desk.judging import sentence

_STATES = {
    "open": "未判定", "confirmed": "なりすまし確定", "dismissed": "該当なし", "snoozed": "保留",
    "takedown": "削除対応中", "down": "削除済み", "relapsed": "再出現", "duplicate": "重複", "closed": "完了",
}  # fmt: skip
_NOTICES = {
    "a draft": "下書き", "filed": "提出済み", "acknowledged": "受理", "information_requested": "追加情報の依頼",
    "refused": "不受理", "down": "削除済み", "back": "再出現", "withdrawn": "取り下げ",
}  # fmt: skip
_WORDS = _STATES | _NOTICES | {" to 1": "1以下"}
_STATE, _NOTICE = "|".join(_STATES), "|".join(_NOTICES)
_FORMS = (
    (r"there is no case (\d+)", "案件{0}はありません。"),
    (r"case (\d+) is (\w+); (\w+) needs one that is .*", "案件{0}は「{1}」のため、この操作はできません。"),
    (
        r"case (\d+) is a part of case (\d+) now; take that out first",
        "案件{0}は案件{1}に統合されています。先にその統合を解除してください。",
    ),
    (r"case (\d+) is a part of case (\d+) now; .*", "案件{0}は案件{1}に統合されています。案件{1}を判定してください。"),
    (r"(.+) has asked for it already; .*", "{0} がすでに削除対応を申請しています。別の人の承認が必要です。"),
    (
        r"case (\d+) waits for the approval of a takedown that (.+) has asked for; .*",
        "案件{0}は {1} が申請した削除対応の承認待ちです。申請を元に戻してから統合してください。",
    ),
    (
        r"(.+) has asked for the takedown; another person must approve it",
        "申請した {0} 本人は承認できません。別の人の承認が必要です。",
    ),
    (r"(.+) may not approve takedowns; .*", "{0} は承認者に指定されていません（[takedown] approvers）。"),
    (
        r"nobody has asked for a takedown that waits for approval",
        "承認待ちの削除対応はありません。",
    ),
    (r"a tag is made of .*", "タグには文字、数字、「.」「-」「_」を使い、40文字以内で入力してください。"),
    (r"there is no tag '(.*)'; there are: .*", "タグ「{0}」は付いていません。"),
    (r"(.+) has no judgement on case (\d+) to take back", "案件{1}に、{0} が元に戻せる判定はありません。"),
    (
        r"(.+) has judged case (\d+) again since; .*",
        "案件{1}はその後 {0} が改めて判定しています。先にその判定を元に戻してください。",
    ),
    (
        r"(\w+) by (.+) rests on it; that must be taken back first",
        "{1} の判定がこれに基づいているため、元に戻せません。",
    ),
    (r"snoozing needs a time in the future", "保留の期限には未来の日付を指定してください。"),
    (r"a dismissal lasts until a time in the future", "通知を止める期限には未来の日付を指定してください。"),
    (r"case (\d+) has changed meanwhile \((\w+) by (.+)\); look again", "案件{0}は {2} が先に更新しました。"),
    (r"case (\d+) was merged or parted at this moment; look again", "案件{0}は統合または分割されたばかりです。"),
    (r"merging needs two different cases", "統合先とは別の案件を指定してください。"),
    (r"cases of several brands \((.+)\) are never one", "ブランドの異なる案件（{0}）は統合できません。"),
    (
        r"case (\d+) is a part of case (\d+) already; merge that one",
        "案件{0}はすでに案件{1}に統合されています。案件{1}を指定してください。",
    ),
    (r"case (\d+) is no part of another case", "案件{0}は他の案件に統合されていません。"),
    (
        r"case (\d+) is a part of case (\d+); split that one",
        "案件{0}は案件{1}に統合されています。案件{1}で分割してください。",
    ),
    (r"item (\d+) is not in case (\d+)(?:; .*)?", "アイテム{0}は案件{1}に含まれていません。"),
    (
        r"case (\d+) has (\d+) items?; name some of them, not all and not none",
        "案件{0}のアイテムは{1}件です。その一部だけを選択してください。",
    ),
    (r"case (\d+) was not split off another one", "案件{0}は他の案件から分割されたものではありません。"),
    (r"there is no notice (\d+); .*", "削除申請{0}はありません。"),
    (
        rf"case (\d+) is ({_STATE}); filing notice (\d+) needs it in takedown; the takedown that (.+) asked for .*",
        "案件{0}の削除対応（{3} が申請）は承認待ちです。承認後に提出できます。",
    ),
    (
        rf"case (\d+) is ({_STATE}); filing notice (\d+) needs it in takedown",
        "案件{0}は「{1}」です。提出するには、先に「削除対応」にしてください。",
    ),
    (rf"case (\d+) is ({_STATE}): judge it first", "案件{0}は「{1}」です。先に判定してください。"),
    (
        rf"case (\d+) is ({_STATE}): nothing is asked of anybody for it",
        "案件{0}は「{1}」のため、削除申請の対象ではありません。",
    ),
    (
        rf"notice (\d+) was filed with (.+) on (\S+) and is ({_NOTICE}); --again files it anew",
        "同じ内容の削除申請{0}を {2} に {1} へ提出済みです（{3}）。",
    ),
    (
        r"a notice to (.+) was drafted by (.+) meanwhile; look again",
        "{0} への下書きは {1} が先に作成しました。内容を確認してください。",
    ),
    (
        r"a notice to (.+) was filed or withdrawn meanwhile; look again",
        "{0} への下書きは提出または取り下げられています。内容を確認してください。",
    ),
    (r"(\S+) was filed or withdrawn at this moment; look again", "{0} は提出または取り下げられたばかりです。"),
    (r"notice (\d+) was approved by (.+) already", "削除申請{0}はすでに {1} が承認しています。"),
    (r"(.+) may not approve notices; .*", "{0} は承認者に指定されていません（[takedown] approvers）。"),
    (
        r"(.+) has drafted notice (\d+); another person must approve it",
        "下書きを作成した {0} 本人は承認できません。別の人の承認が必要です。",
    ),
    (
        r"(.+) has asked for the takedown of case (\d+); another person must approve it",
        "案件{1}の削除対応を申請した {0} 本人は承認できません。別の人の承認が必要です。",
    ),
    (
        r"notice (\d+) waits for approval by another person \((.+)\): .*",
        "削除申請{0}には別の人（{1}）の承認が必要です。",
    ),
    (r"notice (\d+): the reference is empty", "受付番号を入力してください。"),
    (
        r"notice (\d+) was filed with (.+) on (\S+): tell them that it is withdrawn, .*",
        "削除申請{0}は {2} に {1} へ提出済みです。先方へ取り下げを連絡し、その方法をメモに記入してください。",
    ),
    (r"notice (\d+) has changed meanwhile \((\w+) by (.+)\); look again", "削除申請{0}は {2} が先に更新しました。"),
    (
        r"notice (\d+) is not what you have read .*",
        "削除申請{0}の内容は確認後に変更されています。もう一度確認してください。",
    ),
    (rf"notice (\d+) is ({_NOTICE}); .+ needs one that is .*", "削除申請{0}は「{1}」のため、この操作はできません。"),
    (r"notice (\d+) is not being sent: .*", "削除申請{0}は送信中ではありません。"),
    (
        r"notice (\d+): a try began at (\S+) UTC and may still be under way; wait a minute",
        "削除申請{0}は送信中の可能性があります。1分ほど待ってからやり直してください。",
    ),
    (
        r"notice (\d+): a try of (.+ UTC) did not end: .*",
        "削除申請{0}は {1} の送信が完了していません。先方に届いたかどうかを確認し、結果を記録してください。",
    ),
    (r"a silence needs a person and a reason", "通知を止める理由を入力してください。"),
    (r"a silence needs an end in the future", "終了には未来の日時を指定してください。"),
    (r"a silence ends after at most (\d+) days; .*", "通知を止められるのは最長{0}日です。"),
    (r"there is no silence (\d+)", "通知停止{0}はありません。"),
    (r"silence (\d+) is over already", "通知停止{0}はすでに終了しています。"),
    (r"say when it ends: a day, or for how long", "終了日または期間のどちらか一方を指定してください。"),
    (r"--case: expected the number of a case, got (.*)", "案件番号を数字で入力してください（入力：{0}）。"),
    (r"--brand: there is no brand (.+); known: .*", "ブランド {0} は設定にありません。"),
    (r"--source: there is no source (.+); known: .*", "取得元 {0} は設定にありません。"),
    (r"expected 2026-12-01, .* got (.*)", "日時は 2026-12-01 のように入力してください（入力：{0}）。"),
    (r"(\S+) is too far away", "{0} は先の日付すぎます。"),
    (r"expected a length of time .* got (.*)", "期間は 15m、2h、1d、2w のように入力してください（入力：{0}）。"),
    (r"a quote is not closed in .*", "引用符が閉じていません。"),
    (r"there is no filter (.+); known: (.*)", "条件 {0} はありません。使えるもの：{1}"),
    (r"(\w+): has no value", "{0}: に値がありません。"),
    (r"there is no (?:kind|state) (.+); known: (.*)", "{0} という値はありません。使えるもの：{1}"),
    (r"(\w+): expected a number from 0( to 1)?, got (.*)", "{0}: には0以上{1}の数値を指定してください（入力：{2}）。"),
    (
        r"(\w+): expected a length of time .* got (.*)",
        "{0}: の期間は 15m、2h、1d、2w のように入力してください（入力：{1}）。",
    ),
    (r"there is no view (.+); known: .*", "保存した条件 {0} はありません。"),
    (r"there is no brand (.+)", "ブランド {0} は設定にありません。"),
    (r"there is no period (.+); known: (.+)", "{0} という期間はありません。使えるもの：{1}"),
    (r"expected a day such as 2027-03-31, got (.*)", "日付は 2027-03-31 のように入力してください（入力：{0}）。"),
    (r"--to (\S+) is too early", "最終日 {0} は古すぎます。"),
    (r"--from (\S+) is after --to (\S+)", "開始日 {0} が最終日 {1} より後です。"),
    (r"--from (\S+) is in the future", "開始日 {0} は未来の日付です。"),
    (r"--from (\S+) is too early: .*", "開始日 {0} は古すぎます。比較する前の期間がありません。"),
    (r"expected a URL, a host or a sentence, got nothing", "URL、ホスト名、または文を入力してください。"),
    (
        r"policy (.+) is not at hand: it was not shipped, and is not in a file given by --policy.*",
        "判定基準 {0} が見つかりません。",
    ),
    (r"brand: there is no brand (.+)", "ブランド {0} は設定にありません。"),
    (r"scope: expected a host such as shop\.example, got (.+)", "ホスト名を入力してください（入力：{0}）。"),
    (
        r"scope: anybody can have a page at (.+?); name the page: (.+)",
        "{0} には誰でもページを作れます。ページまで指定してください：{1}",
    ),
    (r"scope, note: expected one line without control characters", "対象とメモは1行で入力してください。"),
    (r"this entry stands in the configuration already", "同じ内容がすでに設定にあります。"),
    (
        r"(\S+) was changed meanwhile; look at it and send it again",
        "{0} は他の人が先に変更しました。内容を確認し、もう一度送信してください。",
    ),
    (r"the file has (\S+) bytes; a logo has at most (\d+) MiB", "ファイルは{0}バイトです。上限は{1} MiBです。"),
)  # fmt: skip


def refused_in(language: Language, says: str) -> str:
    """Return as a sentence why something was refused."""
    told = told_in(language, says)
    return told if told.endswith((".", "。")) else sentence(told)


def told_in(language: Language, says: str) -> str:
    """Return in the person's language what a room says; as it is where that is not known here."""
    for form, told in _FORMS if language == "ja" else ():
        if found := re.fullmatch(form, says, re.DOTALL):
            return told.format(*(_WORDS.get(group, group) for group in found.groups("")))
    return says
