"""Why a judgement was refused, in the person's language. What is not known here stays as it is."""

import re

from board.words import Language
from desk.judging import sentence

_STATES = {
    "open": "未判定", "confirmed": "なりすまし確定", "dismissed": "該当なし", "snoozed": "保留",
    "takedown": "削除対応中", "down": "削除済み", "relapsed": "再出現", "duplicate": "重複", "closed": "完了",
}  # fmt: skip
_FORMS = (
    (r"there is no case (\d+)", "案件{0}はありません。"),
    (r"case (\d+) is (\w+); (\w+) needs one that is .*", "案件{0}は「{1}」のため、この操作はできません。"),
    (r"case (\d+) is a part of case (\d+) now; .*", "案件{0}は案件{1}に統合されています。案件{1}を判定してください。"),
    (r"(.+) has asked for it already; .*", "{0} がすでに削除対応を申請しています。別の人の承認が必要です。"),
    (
        r"(.+) has asked for the takedown; another person must approve it",
        "申請した {0} 本人は承認できません。別の人の承認が必要です。",
    ),
    (r"(.+) may not approve takedowns; .*", "{0} は承認者に指定されていません（takedown.approvers）。"),
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
)  # fmt: skip


def refused_in(language: Language, says: str) -> str:
    """Return as a sentence why storage refused a judgement."""
    for form, told in _FORMS if language == "ja" else ():
        if found := re.fullmatch(form, says, re.DOTALL):
            return told.format(*(_STATES.get(group, group) for group in found.groups()))
    return sentence(says)
