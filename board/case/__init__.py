"""The page of a case and what belongs to it: items, journeys, explanation, merging, notices, the bundle."""

from board.case.around import merge_cases, split_case, unmerge_case, unsplit_case
from board.case.bundle import bundle
from board.case.case import case, log
from board.case.explanation import explanation
from board.case.items import beside, crop, items
from board.case.journey import journeys, screen
from board.case.notice import (
    approve_notice,
    note_state,
    of_notice,
    outgoing,
    retry_notice,
    send_notice,
    show_notice,
    withdraw_notice,
)
from board.case.notices import draft_notice, plan
from board.ways import Does, Way, of_case
from config.board import Role

CASE, NOTICE = "/case/{case:int}", "/notice/{notice:int}"


def _writes(path: str, does: Does, name: str, least: Role = "analyst", *, slow: bool = False) -> Way:
    subject = of_notice if path.startswith(NOTICE) else of_case
    return Way(path=path, does=does, method="POST", least=least, name=name, slow=slow, subject=subject)


WAYS: tuple[Way, ...] = (
    Way(path=CASE, does=case),
    Way(path=f"{CASE}/items", does=items),
    Way(path=f"{CASE}/log", does=log),
    Way(path=f"{CASE}/journeys", does=journeys),
    Way(path=f"{CASE}/explanation", does=explanation),
    Way(path=f"{CASE}/plan", does=plan),
    Way(path=f"{CASE}/crop/{{item:int}}/{{number:int}}", does=crop),
    Way(path=f"{CASE}/beside/{{item:int}}/{{number:int}}", does=beside),
    Way(path=f"{CASE}/screen/{{sha256}}", does=screen),
    Way(path=NOTICE, does=show_notice),
    Way(path=f"{NOTICE}/outgoing", does=outgoing),
    _writes(f"{CASE}/merge", merge_cases, "merge"),
    _writes(f"{CASE}/unmerge", unmerge_case, "unmerge"),
    _writes(f"{CASE}/split", split_case, "split"),
    _writes(f"{CASE}/unsplit", unsplit_case, "unsplit"),
    _writes(f"{CASE}/bundle", bundle, "bundle", slow=True),
    _writes(f"{CASE}/notices", draft_notice, "draft"),
    _writes(f"{NOTICE}/approve", approve_notice, "approve", "approver"),
    _writes(f"{NOTICE}/file", send_notice, "file", "approver", slow=True),
    _writes(f"{NOTICE}/state", note_state, "state"),
    _writes(f"{NOTICE}/withdraw", withdraw_notice, "withdraw"),
    _writes(f"{NOTICE}/retry", retry_notice, "retry"),
)
