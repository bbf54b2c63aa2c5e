"""The page of a case: what it shows, its items and log a page at a time, merging and splitting, what is hostile."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from html import unescape
from io import BytesIO
from time import sleep

from PIL import Image
from sqlalchemy import event, insert, select

from board.board import Board
from board.case.items import PAGE, cut_out
from detector.assess import Assessor
from detector.items import Item, Text
from detector.normalize import skeleton
from storage.case_log import NewEntry, append_log, log_faults
from storage.cases import Judgement, case_detail, judge
from storage.database import snapshot, transaction
from storage.items import Observation, record_many
from storage.schema import Case, CaseItem, ItemRow, ItemVersion, Sighting
from tests.board.conftest import Somebody
from tests.console.conftest import BRAND, NOW, ad, find

Make = Callable[..., Somebody]
HOSTILE = '\u202e</script><script>alert(1)</script><img src=x onerror=alert(1)>"\x1b]0;x\x07 https://evil.test/a '


def recorded(board: Board, *items: Item) -> list[int]:
    """Put items in as the crawler does; return the case of each."""
    assessor = Assessor((BRAND,))
    found = []
    with transaction(board.engine) as session:
        for item in items:
            seen = Observation(item=item, source="tips", run_id=None, seen_at=NOW, pictures={})
            [one] = record_many(
                session,
                [(seen, assessor.assess(item, on=NOW.date()))],
                judged_by=assessor.fingerprint,
                now=NOW,
                group_wait=timedelta(seconds=1),
                group_interval=timedelta(minutes=5),
            )
            found.append(one.cases[0])
    return found


def one_of(number: int, **changes: object) -> Item:
    item = Item(
        id=f"x-{number}",
        kind="ad",
        platform="demo",
        texts=(Text(role="body", text="星野電機 公式 閉店セール 80%OFF"),),
        links=("https://hoshinodenki-many.test/lp",),
        seen_at=NOW,
    )
    return replace(item, **changes)  # type: ignore[arg-type]  # fields of an item


def test_a_case_shows_what_the_terminal_shows(board: Board, somebody: Make) -> None:
    with transaction(board.engine) as session:
        judge(session, 1, Judgement(who="suzuki", action="tag", tag="速報"), now=NOW)
        judge(session, 1, Judgement(who="suzuki", action="note", note="Ask the reseller"), now=NOW)
        judge(session, 1, Judgement(who="suzuki", action="hold"), now=NOW)
        judge(session, 2, Judgement(who="suzuki", action="dismiss", reason="news"), now=NOW)
        detail = case_detail(session, 1, now=board.now())
    page = unescape(somebody("viewer").get("/case/1").text)
    item, verdict = detail.items[0].item, detail.items[0].verdict
    assert item.advertiser
    for told in (
        detail.title.replace(".", "[.]"), f"{detail.score:.2f}", f"{detail.priority:.2f}", "#速報",
        "held: never purged",         str(item.advertiser.name), str(item.advertiser.id), "hxxps://hoshinodenki-outlet1[.]test/lp?x=1",
        f'data-copy="{item.links[0]}"', "Ask the reseller", f"policy {verdict.policy}",
        detail.items[0].pictures[0].sha256,
    ):  # fmt: skip
        assert told in page, told
    shown = re.findall(r'<td class="number (?:for|against)">([+-][0-9.]+)</td>.*?<p>(.*?)</p>', page)
    assert {(weight, says) for weight, says in shown} == {(f"{one.weight:+.2f}", one.says) for one in verdict.told}
    [similar] = [one.id for one in detail.similar]
    assert f'href="/case/{similar}"' in page
    assert "dismissed" in page
    assert "news" in page


def test_a_viewer_sees_no_form_that_writes_a_case(somebody: Make) -> None:
    forms = re.findall(r'action="(/[^"]*)"', somebody("viewer").get("/case/1").text)
    assert set(forms) == {"/language", "/sign-out"}
    assert "/judgements" in re.findall(r'action="(/[^"]*)"', somebody("analyst").get("/case/1").text)


def test_matches_are_marked_and_a_disguised_name_is_read_as_the_detector_reads_it(board: Board, somebody: Make) -> None:
    disguised = "Ноshinо Dеnкi"  # Cyrillic letters
    item = one_of(1, texts=(Text(role="title", text=f"Outlet {disguised} today"),))
    [case] = recorded(board, item)
    page = unescape(somebody("viewer").get(f"/case/{case}").text)
    found = re.search(r'<mark tabindex="0" aria-describedby="([^"]+)">Н.*?</mark>', page)
    assert found
    mark = found[0]
    assert re.sub("<span.*", "", mark.partition(">")[2]) == disguised
    assert f'role="tooltip" id="{found[1]}"' in mark
    assert f">{skeleton(disguised).text}</code>" in mark
    with snapshot(board.engine) as session:
        [view] = case_detail(session, case).items
    hidden, *_ = [one for one in view.verdict.evidence if one.signal == "name.obfuscated"]
    assert hidden.says in mark
    assert f'<mark class="plain" translate="no">{hidden.expected}</mark>' in page


def test_the_cases_before_and_behind_are_those_of_the_list(board: Board, somebody: Make) -> None:
    one = somebody("analyst")
    with transaction(board.engine) as session:
        for case in (1, 3):
            judge(session, case, Judgement(who="suzuki", action="tag", tag="mine"), now=NOW)
    page = unescape(one.get("/case/1?in=tag:mine&order=age").text)
    beside = dict(re.findall(r'rel="(prev|next)" href="([^"]+)"', page))
    other = "/case/3?in=tag%3Amine&order=age"
    assert list(beside.values()) == [other]
    whole = unescape(one.get("/case/1?in=brand:nobody").text)
    assert 'rel="next"' not in whole
    assert 'href="/wall?q=brand%3Anobody"' in whole


def test_what_is_judged_on_the_page_goes_on_to_the_next_case(board: Board, somebody: Make) -> None:
    one = somebody("analyst")
    page = unescape(one.get("/case/1?order=age").text)
    form = re.search(r'<form method="post" action="/judgements">((?:(?!</form>).)*?data-key="c".*?)</form>', page)
    assert form
    fields = dict(re.findall(r'name="(\w+)" value="([^"]*)"', form[1]))
    assert fields["action"] == "confirm"
    answer = one.client.post("/judgements", data=fields, headers=one.headers)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith(fields["back"])
    assert "confirm" in one.get(answer.headers["location"]).text
    with snapshot(board.engine) as session:
        entry = case_detail(session, 1).log[-1]
    assert (entry.who, entry.action) == ("aoki", "confirm")
    again = dict(re.findall(r'name="(\w+)" value="([^"]*)"', form[1])) | {"once": "another"}
    assert one.client.post("/judgements", data=again, headers=one.headers).status_code == 409


def test_items_come_a_page_at_a_time(board: Board, somebody: Make) -> None:
    cases = recorded(board, *(one_of(number) for number in range(PAGE + 3)))
    assert len(set(cases)) == 1
    one, path, seen = somebody("viewer"), f"/case/{cases[0]}/items", []
    while path:
        page = one.get(path).text
        seen += re.findall(r'<li class="item" id="item-(\d+)"', page)
        more = re.search(r'href="(/case/\d+/items\?after=\d+)"', page)
        path = more[1] if more else ""
    with snapshot(board.engine) as session:
        assert [int(number) for number in seen] == [view.item_id for view in case_detail(session, cases[0]).items]
    assert len(seen) == PAGE + 3
    piece = one.get(f"/case/{cases[0]}/items", **{"HX-Request": "true"}).text
    assert piece.lstrip().startswith("<li")
    assert one.get(f"/case/{cases[0]}/items?after=99999").status_code == 404


def test_a_log_comes_a_page_at_a_time(board: Board, somebody: Make) -> None:
    with transaction(board.engine) as session:
        for number in range(95):
            judge(session, 1, Judgement(who="suzuki", action="note", note=f"note {number:03}"), now=NOW)
    one, path, seen = somebody("viewer"), "/case/1", []
    while path:
        page = one.get(path).text
        seen += re.findall(r"note (\d{3})", page)
        more = re.search(r'href="(/case/1/log\?before=\d+)"', page)
        path = more[1] if more else ""
    assert [int(number) for number in seen] == list(range(94, -1, -1))


def test_cases_are_merged_and_taken_apart_again(board: Board, somebody: Make) -> None:
    one = somebody("analyst")
    seen = re.findall(r'name="seen" value="(\d+)"', one.get("/case/1").text)[0]
    answer = one.post("/case/1/merge", {"other": "#2", "seen": seen, "note": "same shop"})
    assert answer.headers["location"] == "/case/1#together"
    page = unescape(one.get("/case/1").text)
    assert "Case 2 was merged into it by aoki" in page
    assert "same shop" in page
    assert 'href="/case/1"' in one.get("/case/2").text
    with snapshot(board.engine) as session:
        assert session.get_one(Case, 2).merged_into == 1
    assert one.post("/case/2/unmerge", {"stay": "yes"}).headers["location"] == "/case/1#together"
    with snapshot(board.engine) as session:
        assert session.get_one(Case, 2).merged_into is None
    assert list(log_faults(board.engine)) == []


def test_items_are_split_off_and_put_back(board: Board, somebody: Make) -> None:
    [case, *_] = recorded(board, *(one_of(number) for number in range(3)))
    one = somebody("analyst")
    page = one.get(f"/case/{case}/items").text
    seen, chosen = re.findall(r'name="seen" value="(\d+)"', page)[0], re.findall(r'name="item" value="(\d+)"', page)[:2]
    answer = one.post(f"/case/{case}/split", {"seen": seen, "item": chosen})
    new = int(re.findall(r"\d+", answer.headers["location"])[0])
    with snapshot(board.engine) as session:
        assert {str(view.item_id) for view in case_detail(session, new).items} == set(chosen)
    assert f'action="/case/{new}/unsplit"' in one.get(f"/case/{new}").text
    assert one.post(f"/case/{new}/unsplit").headers["location"] == f"/case/{case}#together"
    with snapshot(board.engine) as session:
        assert session.get_one(Case, case).items == 3
    assert one.post(f"/case/{case}/split", {"seen": seen}).status_code == 422


def test_what_changed_since_it_was_seen_is_neither_merged_nor_split(board: Board, somebody: Make) -> None:
    one = somebody("analyst")
    seen = re.findall(r'name="seen" value="(\d+)"', one.get("/case/1").text)[0]
    with transaction(board.engine) as session:
        judge(session, 1, Judgement(who="suzuki", action="note", note="wait"), now=NOW)
    assert one.post("/case/1/merge", {"other": "2", "seen": seen}).status_code == 409
    with snapshot(board.engine) as session:
        item = str(case_detail(session, 1).items[0].item_id)
        assert session.get_one(Case, 2).merged_into is None
    assert one.post("/case/1/split", {"item": item, "seen": seen}).status_code == 409
    assert one.post("/case/1/merge", {"other": "2", "seen": ""}).status_code == 422


def test_roles(somebody: Make) -> None:
    one = somebody("viewer")
    for path in ("merge", "unmerge", "split", "unsplit", "bundle", "notices"):
        assert one.post(f"/case/1/{path}").status_code == 403, path
    for path in ("approve", "file", "state", "withdraw", "retry"):
        assert one.post(f"/notice/1/{path}").status_code == 403, path
    for path in ("approve", "file"):
        assert somebody("analyst").post(f"/notice/1/{path}").status_code == 403, path
    for path in ("", "/items", "/log", "/journeys", "/explanation", "/plan"):
        assert one.get(f"/case/99{path}").status_code == 404, path
    assert one.get("/notice/99").status_code == 404


def test_what_would_have_changed_the_score_is_worked_out_in_the_background(board: Board, somebody: Make) -> None:
    one = somebody("viewer")
    for _ in range(100):
        page = unescape(one.get("/case/1/explanation").text)
        if "Being worked out" not in page:
            break
        sleep(0.1)
    assert "the same score, the same decision" in page
    assert "The same item, judged today" in page
    assert "domain:hoshinodenki-outlet1[.]test" in page
    assert "host.combosquat" in page
    assert one.get("/case/1/explanation", **{"HX-Request": "true"}).text.lstrip().startswith("<div")


def test_hostile_texts_neither_act_nor_fill_the_page(board: Board, somebody: Make) -> None:
    flood = HOSTILE * 12_000  # more than a megabyte
    item = one_of(
        1,
        texts=(Text(role="title", text=f"星野電機 公式 閉店セール {flood}"), *(Text(role="body", text=HOSTILE),) * 500),
        links=("https://hoshinodenki-many.test/lp?" + flood, *(f"https://evil.test/{n}" for n in range(500))),
        url="https://evil.test/" + flood,
        publisher_url="javascript:alert(1)",
    )
    [case] = recorded(board, item)
    one = somebody("analyst")
    for path in (f"/case/{case}", f"/case/{case}/items"):
        page = one.get(path).text
        assert len(page) < 120_000, path
        assert "<script>alert" not in page
        assert "<img src=x" not in page
        assert not set("\u202e\x1b\x07") & set(page)
        assert not re.findall(r'href="(?!/|#)[^"]*"', page)
        assert not re.search(r"\son\w+=", re.sub(r"&lt;.*?&gt;", "", page))


def test_a_case_of_fifty_thousand_items_is_read_in_as_few_statements_as_a_small_one(
    board: Board, somebody: Make
) -> None:
    [case, *_] = recorded(board, one_of(1), one_of(2))
    one = somebody("viewer")

    def statements(path: str) -> tuple[int, int]:
        seen: list[str] = []

        def note(_: object, __: object, statement: str, *___: object) -> None:
            seen.append(statement)

        event.listen(board.engine, "before_cursor_execute", note)
        try:
            page = one.get(path)
        finally:
            event.remove(board.engine, "before_cursor_execute", note)
        assert page.status_code == 200
        return len(seen), len(page.text)

    small = statements(f"/case/{case}")
    grow(board, case, items=50_000, entries=2_000)
    large = statements(f"/case/{case}")
    assert large[0] <= small[0] + 2
    assert large[1] < small[1] + 20_000
    for path in ("items", "log"):
        assert statements(f"/case/{case}/{path}")[1] < 150_000


def grow(board: Board, case: int, *, items: int, entries: int) -> None:
    """Give a case many more items like its first, and a long log."""
    with transaction(board.engine) as session:
        first = session.execute(
            select(CaseItem.version_id, CaseItem.verdict_id).where(CaseItem.case_id == case).limit(1)
        ).one()
        row = session.get_one(ItemRow, session.get_one(ItemVersion, first.version_id).item_id)
        kept = {c.name: getattr(row, c.name) for c in ItemRow.__table__.columns if c.name not in ("id", "external_id")}
        begin = (session.scalars(select(ItemRow.id).order_by(ItemRow.id.desc()).limit(1)).one()) + 1
        numbers = range(begin, begin + items)
        session.execute(
            insert(ItemRow), [{**kept, "id": n, "identity": f"{n:064x}", "external_id": f"many-{n}"} for n in numbers]
        )
        session.execute(
            insert(CaseItem),
            [{"case_id": case, "item_id": n, "version_id": first.version_id, "verdict_id": first.verdict_id,
              "added_at": NOW} for n in numbers],
        )  # fmt: skip
        session.execute(
            insert(Sighting),
            [
                {"item_id": n, "version_id": first.version_id, "source": "tips", "seen_at": NOW, "recorded_at": NOW}
                for n in numbers
            ],
        )
        told = [NewEntry(case_id=case, at=NOW, who="suzuki", action="note", note=f"{n}") for n in range(entries)]
        append_log(session, {case: session.get_one(Case, case)}, told)


def test_a_match_is_cut_out_where_it_is(board: Board, somebody: Make) -> None:
    picture = Image.new("RGB", (400, 200), "white")
    picture.paste((200, 0, 0), (200, 100, 300, 150))
    out = BytesIO()
    picture.save(out, "PNG")
    part = Image.open(BytesIO(cut_out(out.getvalue(), (400, 200, 200, 100), (800, 400))))  # twice as large once
    assert part.size == (130, 66)
    assert part.getpixel((65, 33)) == (200, 0, 0)
    assert part.getpixel((1, 1)) == (255, 255, 255)
    for box in ((-50, -50, 10, 10), (10**9, 10**9, 5, 5), (0, 0, 10**9, 10**9), (5, 5, 0, 0)):
        assert Image.open(BytesIO(cut_out(out.getvalue(), box, (800, 400)))).size
    one = somebody("viewer")
    assert one.get("/case/1/crop/1/0").status_code == 404  # that evidence is none in a picture
    assert one.get("/case/1/beside/1/0").status_code == 404
    assert one.get("/case/1/screen/" + "ab" * 32).status_code == 404


def test_an_ad_that_names_no_end_is_not_said_to_run_until_now(board: Board, somebody: Make) -> None:
    item, assessor = replace(ad(1), id="ad-9", first_shown="2026-11-10"), Assessor((BRAND,))
    with transaction(board.engine) as session:
        find(session, assessor, item, {})
    one = somebody("viewer")
    pages = one.get("/case/1").text + one.get("/case/1/items").text
    assert {end.strip() for end in re.findall(r"2026-11-10 –([^<]*)<", pages)} == {""}
