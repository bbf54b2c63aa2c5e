"""What stands around a case on its page: why it is one case, notices with deadlines, the journey as a drawing."""

import re
from datetime import timedelta
from html import unescape
from xml.etree import ElementTree

from storage.database import transaction
from storage.notices import set_state
from storage.schema import NoticeRow
from tests.board.test_case_takedown import Open, opened, sink
from tests.takedown.conftest import set_up, stage
from tests.takedown.desk import LATER, drafted, filed_notice, view_of
from tests.takedown.stage import Stage

__all__ = ["opened", "set_up", "sink", "stage"]


def words_of(piece: str) -> str:
    """Return what people read of a piece of a page."""
    return " ".join(unescape(re.sub(r"<[^>]+>", "", piece.replace("</p>", " "))).split())


def listed(page: str, name: str) -> list[str]:
    """Return the entries of a list of the page."""
    found = re.search(rf'<ul class="{name}">(.*?)</ul>', page, re.DOTALL)
    return re.findall(r"<li>(.*?)</li>", found[1], re.DOTALL) if found else []


def test_why_its_items_are_one_case_is_told(stage: Stage, opened: Open) -> None:
    one = opened("viewer")
    assert [words_of(entry) for entry in listed(one.get(f"/case/{stage.case}").text, "keys")] == [
        "3 of 3 items: lead to the domain hoshino-denki-sale[.]test",
        "2 of 3 items: lead people to the account line:hoshino-sale88",
        "2 of 3 items: use the account name hoshino-sale88",
        "2 of 3 items: show the same picture",
    ]
    assert listed(one.get(f"/case/{stage.other}").text, "keys") == []


def test_notices_stand_with_state_and_deadline(stage: Stage, opened: Open) -> None:
    filed, draft = filed_notice(stage), view_of(stage, drafted(stage, "netcraft"))
    assert filed.due_at == LATER + timedelta(days=7)
    one, path = opened("viewer"), f"/case/{stage.case}"
    assert [words_of(entry) for entry in listed(one.get(path).text, "plain notices")] == [
        f"{draft.reference} drafted netcraft · everyone 2026-11-24 20:00 · to be dealt with by 2026-11-26 20:00",
        f"{filed.reference} filed registrar · hoshino-denki-sale[.]test 2026-11-24 20:00 · answer due 2026-12-01 20:00",
    ]
    assert "late" not in "".join(listed(one.get(path).text, "plain notices"))
    for due, late in ((LATER, True), (LATER + timedelta(seconds=1), False)):
        with transaction(stage.engine) as session:
            session.get_one(NoticeRow, filed.id).due_at = due
        [_, entry] = listed(one.get(path).text, "plain notices")
        assert ('<p class="small late">' in entry) is late
        assert "answer due 2026-11-24 20:00" in entry
    with transaction(stage.engine) as session:
        set_state(session, filed.id, "refused", who="keiko", now=LATER, due=timedelta(days=7), note="no trademark")
    [_, entry] = listed(one.get(path).text, "plain notices")
    assert "refused" in words_of(entry)


def test_the_journey_is_drawn_hop_by_hop(stage: Stage, opened: Open) -> None:
    page = opened("viewer").get(f"/case/{stage.case}").text
    found = re.search(r'<div class="scroll chain"[^>]*>\s*(<svg.*?</svg>)', page, re.DOTALL)
    assert found
    drawing = ElementTree.fromstring(found[1])
    shop, hop = "hoshino-denki-sale[.]test", "go[.]short-hop[.]test"
    assert drawing.get("role") == "img"
    assert drawing.get("aria-label") == f"3 hops: {shop} → {hop} → {shop}"
    boxes = [(box.get("class"), *(text.text for text in box.iter("text"))) for box in drawing.iter("g")]
    registered = (shop, "9 days old", "Example Registrar, Inc.")
    assert boxes == [
        ("hop moved", "302", "start", *registered),
        ("hop moved", "302", "redirect", hop, "198[.]51[.]100[.]9"),
        ("hop ok end", "200", "redirect", *registered),
    ]
    assert [arrow.get("class") for arrow in drawing.iter("path")] == ["arrow", "arrow"]
    left = [float(box.get("x", "")) for box in drawing.iter("rect")]
    assert left == sorted(set(left))
    whole = words_of(page[found.end() :].partition("</details>")[0])
    for told in (
        "All 3 hops in full", "302 start hxxps://hoshino-denki-sale[.]test/lp/?c=7&fbclid=IwAR0aB",
        "302 redirect hxxps://go[.]short-hop[.]test/x7", "200 redirect hxxps://hoshino-denki-sale[.]test/lp/order",
        "server 203[.]0[.]113[.]7 registrar Example Registrar, Inc. registered 2026-11-15, 9 days before",
    ):  # fmt: skip
        assert told in whole, told
