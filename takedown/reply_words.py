"""What a reply seems to say: small lists of phrases, English and Japanese, for each state. Pure.

A guess for the person who reads the reply, never a decision. Phrases are those of decisions ("we have removed"), not of
what might come ("if we need more information"): a negation or a condition before them takes them away. Where a reply
says both that it was done and that it was not, nothing is guessed.
"""

import re
import unicodedata
from typing import Final

from storage.schema import NoticeState

READ = 4000  # characters: what decides stands at the beginning

_W = r"(?:\w{1,20} )"  # a word between
_DOES_NOT = (
    r"(?:cannot|can't|can not|could not|couldn't|did not|didn't|will not|won't|have not|haven't|has not|hasn't|"
    r"are not going to)"
)
_GONE = r"(?:removed|suspended|disabled|taken down|deactivated|blocked|terminated|deleted)"
_MORE = r"(?:information|details|evidence|documents?|documentation|proof)"
_GIVE = r"(?:provide|send|submit|supply|attach|confirm|specify|clarify)"

REFUSED: Final = (
    r"(?:unable|not able) to (?:take action|remove|suspend|disable|process|comply|assist|help)",
    rf"{_DOES_NOT} (?:be(?:en)? )?(?:take (?:any )?action|taken (?:any )?action|remove|suspend|disable|process|comply)",
    rf"(?:does not|doesn't|do not|don't|did not|didn't) {_W}{{0,2}}(?:violate|infringe|go against|constitute|breach)",
    rf"(?:not|no) {_W}{{0,2}}(?:violation|infringement) (?:of|was|has|could)",
    r"(?:found|identified) no (?:violation|infringement|evidence)",
    rf"(?:report|request|complaint|claim|notice) (?:was|has been|is) {_W}?(?:rejected|declined|denied)",
    r"we (?:must |have to )?(?:decline|reject) (?:your|this|the) (?:report|request|complaint)",
    rf"(?:not|isn't|no longer) {_W}?(?:hosted|registered) (?:by|with|on|at|through) (?:us|our)",
    r"(?:not|isn't) our (?:customer|client)",
    r"(?:削除|停止|対応|凍結|非表示に)(?:を|は|の実施は)?"
    r"(?:行わない|見送|いたしかね|致しかね|できかね|できません|いたしません|しません)",
    r"(?:違反|侵害)(?:は|を|に|が|と)?"
    r"(?:確認できません|認められません|認められず|該当しません|該当しない|当たりません|見当たりません)",
    r"(?:ご要望|ご依頼|お申し出|申請|申告)に(?:は)?(?:お応え|添え|対応)(?:でき|いたしかね|致しかね|することが)",
    r"(?:申請|ご依頼|申告|通報)(?:は|を)?(?:却下|不受理|お断り)",
    r"(?:弊社|当社)(?:の)?(?:管理|管轄|契約|サービス)(?:外|では(?:ない|ありません|ございません))",
)
DOWN: Final = (
    rf"(?:has|have|was|were|is|are) {_W}?(?:been )?{_W}?{_GONE}",
    rf"we {_W}{{0,2}}(?:{_GONE}|took down|took action)",
    rf"we(?:'ve| have) taken {_W}{{0,4}}(?:action|down)",
    r"no longer (?:available|accessible|online|active|resolves)",
    r"placed (?:the domain )?on (?:client ?hold|server ?hold)",
    r"(?:削除|停止|凍結|非表示に|無効化|閉鎖|遮断)(?:を|の対応を|の措置を|措置を|対応を|処理を)?"
    r"(?:しました|いたしました|致しました|行いました|実施しました|実施いたしました|完了しました|完了いたしました|済み)",
    r"(?:削除|停止|凍結|無効化|閉鎖)(?:され(?:ました|ています|ております)|が完了)",
    r"(?:アクセス|閲覧)できない状態(?:に|と)(?:し|いたし|なり|なって)",
)
INFORMATION_REQUESTED: Final = (
    rf"(?:please|kindly) {_W}{{0,2}}(?:{_GIVE}|reply with)",
    rf"(?:we|i) {_W}?(?:need|require) {_W}{{0,3}}{_MORE}",
    rf"(?:could|can|would) you (?:please )?{_W}?{_GIVE}",
    rf"(?:additional|more|further|missing) {_MORE} (?:is|are) (?:needed|required)",
    r"(?:追加|不足)(?:の)?(?:情報|資料|書類)(?:が必要|を(?:ご)?(?:提供|提出|送付)|のご提)",
    r"(?:ご提出|ご提供|ご送付|ご教示|ご回答|お送り)(?:を)?(?:ください|下さい|いただけます|お願い(?:いた|致|申し))",
)
ACKNOWLEDGED: Final = (
    rf"(?:thank you|thanks) for {_W}{{0,3}}(?:report|reporting|contacting|e-?mail|message|request|submission)",
    rf"(?:we have|we've|has been|was|is) {_W}?received",
    rf"(?:received|registered|logged) your {_W}{{0,2}}(?:report|request|complaint|e-?mail|message|notice|ticket)",
    rf"(?:ticket|case|request|report) {_W}{{0,3}}(?:has been|was) (?:created|opened|received|registered|assigned)",
    r"(?:under|being) (?:review|reviewed|investigation|investigated)",
    rf"(?:we will|we'll|will be) {_W}?(?:review|investigate|look into|reviewed|investigated)",
    r"(?:受け付け|受付|受領|拝受|承り|お問い合わせ(?:を|いただき)|ご連絡(?:を)?(?:いただき|ありがとう)|ご報告ありがとう)",
    r"(?:調査|確認|対応|検討)(?:中|を(?:開始|進め|行って)|いたします|させていただきます)",
)
# Before a phrase in the same sentence: what it speaks of has not happened. In Japanese it stands after the phrase.
_NOT: Final = re.compile(r"\b(?:not|never|cannot|unable)\b|n't\b")
_UNREAL: Final = re.compile(
    r"\b(?:if|unless|once|until|when|whether|should|may|might|would|could|before|in case)\b|場合|ましたら|でしたら"
)
_UNREAL_AFTER: Final = re.compile(
    r"^[^。.!?\n]{0,12}?(?:場合|際に|際は|とき|次第|かどうか|ことがあり|ことがござい|可能性|わけでは)"
)
_SENTENCE: Final = re.compile(r"(?<=[.!?。！？])\s*|\n{2,}")
_STATES: Final[tuple[tuple[NoticeState, tuple[str, ...]], ...]] = (
    ("refused", REFUSED),
    ("down", DOWN),
    ("information_requested", INFORMATION_REQUESTED),
    ("acknowledged", ACKNOWLEDGED),
)
_PATTERNS: Final = tuple((state, re.compile("|".join(f"(?:{one})" for one in words))) for state, words in _STATES)


def suggested(subject: str, text: str) -> NoticeState | None:
    """Return the state that a reply seems to lead to; None where it says nothing of the kind, or contradicts itself."""
    found = set()
    for sentence in _SENTENCE.split(_plain(f"{subject}\n\n{text}")):
        found |= {state for state, pattern in _PATTERNS if _says(pattern, sentence, negated=state == "refused")}
    if {"refused", "down"} <= found:
        return None
    return next((state for state, _ in _STATES if state in found), None)


def _says(pattern: re.Pattern[str], sentence: str, *, negated: bool) -> bool:
    """Tell whether a sentence has one of the phrases, and means it; `negated` phrases bring their own "not"."""
    for match in pattern.finditer(sentence):
        before, after = sentence[: match.start()], sentence[match.end() :]
        if _UNREAL.search(before) or (not negated and _NOT.search(before + match[0])):
            continue
        if not _UNREAL_AFTER.match(after):
            return True
    return False


def _plain(text: str) -> str:
    """Return a text as the phrases are written: lower case, one form of each character, single blanks."""
    folded = unicodedata.normalize("NFKC", text[:READ]).casefold().replace("\u2019", "'")
    joined = re.sub(r"(?<=[\u3041-\u9fff])\n(?=[\u3041-\u9fff])", "", folded)  # a wrapped line
    return re.sub(r"[ \t\u3000]+", " ", re.sub(r"(?<!\n)\n(?!\n)", " ", joined))
