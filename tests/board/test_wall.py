"""The wall: what its cards show, which cases it has, page by page, and what is new among them."""

import re
from collections.abc import Callable
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from sqlalchemy import event, select, update

from board.board import Board
from board.wall import PAGE, place_in
from desk.choices import worded
from storage.case_list import Place, list_cases
from storage.cases import Judgement, case_detail, judge
from storage.database import snapshot, transaction
from storage.schema import Case, ItemVersion, Picture, VerdictRow
from storage.views import saved_views
from tests.board.conftest import Clock, Somebody
from tests.board.walled import cards, more_open, shown, split

Make = Callable[..., Somebody]


def listed(board: Board) -> list[int]:
    with snapshot(board.engine) as session:
        return [case.id for case in list_cases(session, now=board.now())]


def judged(board: Board, case: int, **what: Any) -> None:
    with transaction(board.engine) as session:
        judge(session, case, Judgement(who="suzuki", **what), now=board.now())


def test_a_card_says_what_triage_says(board: Board, somebody: Make) -> None:
    judged(board, 1, action="tag", tag="速報")
    judged(board, 1, action="assign", assignee="midori")
    judged(board, 1, action="due", due=board.now() - timedelta(minutes=30))
    page = somebody("analyst").get("/wall").text
    assert shown(page) == listed(board)
    card = unescape(cards(page)[1])
    with snapshot(board.engine) as session:
        detail = case_detail(session, 1, now=board.now())
    for told in (
        f"{detail.score:.2f}", "impersonation", "hoshino", "tips", "1 item", "seen 1×", "#速報", "midori", "1 h",
        "星野電機 公式アウトレット 1", detail.top_evidence.says if detail.top_evidence else "?",
        "overdue since 2026-11-23 18:30",
    ):  # fmt: skip
        assert told in card, told
    assert f'data-log="{detail.log_id}"' in card
    assert f"/picture/{detail.items[0].pictures[0].sha256}?side=640" in card


def test_the_match_is_framed_in_pixels_of_the_original(board: Board, somebody: Make) -> None:
    with transaction(board.engine) as session:
        verdict = session.get_one(VerdictRow, session.get_one(Case, 1).verdict_id)
        box = {"image": 0, "box": [12, 34, 56, 20]}
        logo = {"signal": "picture.logo", "weight": 3.0, "strength": 0.9, "observed": "part of the picture",
                "expected": "logo.png", "says": "Carries the logo.", "where": box}  # fmt: skip
        verdict.evidence = [*verdict.evidence, logo]
    card = cards(somebody("viewer").get("/wall").text)[1]
    assert '<svg viewBox="0 0 200 100"' in card
    assert '<rect x="12" y="34" width="56" height="20" class="first"/>' in card


def test_without_a_picture_the_words_stand_for_it_with_the_matches_marked(board: Board, somebody: Make) -> None:
    with transaction(board.engine) as session:
        session.execute(update(Picture).values(rendition=None))
    card = cards(somebody("viewer").get("/wall").text)[1]
    assert "<img" not in card
    assert re.search(r"<blockquote><p>.*<mark>[^<]*星野電機[^<]*</mark>", card)


def test_a_domain_without_a_picture_shows_its_host_defanged(board: Board, somebody: Make) -> None:
    with transaction(board.engine) as session:
        session.execute(update(Picture).values(rendition=None))
        version = session.get_one(
            ItemVersion, session.get_one(VerdictRow, session.get_one(Case, 1).verdict_id).version_id
        )
        version.content = {**version.content, "kind": "domain", "url": "https://h0shino-denki.test/login"}
    card = cards(somebody("viewer").get("/wall").text)[1]
    assert '<p class="host" translate="no">h0shino-denki[.]test</p>' in card


def test_what_strangers_wrote_acts_nowhere(board: Board, somebody: Make) -> None:
    hostile = (
        '"><script>alert(1)</script></title><svg onload=alert(1)>\u202egnp.exe https://evil.test/ ' + "x" * 300_000
    )
    with transaction(board.engine) as session:
        session.execute(update(Case).values(title=hostile, assignee=hostile, tags=["x"]))
        session.execute(update(Picture).values(rendition=None))
        for version in session.scalars(select(ItemVersion)):
            texts = [{"role": "body", "text": hostile}]
            advertiser = {"id": hostile, "name": hostile}
            version.content = {**version.content, "texts": texts, "advertiser": advertiser, "platform": hostile}
    answer = somebody("viewer").get("/wall")
    assert answer.status_code == 200
    assert len(answer.content) < 100_000
    for live in ("<script>alert", "<svg onload", "\u202e", "https://evil.test", "onload=alert(1)>"):
        assert live not in answer.text, live
    assert not re.search(r'href="(?![/#])', answer.text)


def test_a_viewer_sees_no_buttons_that_judge(board: Board, somebody: Make) -> None:
    page = somebody("viewer").get("/wall").text
    assert len(cards(page)) == 3
    assert 'name="action"' not in page
    assert not re.search(r'data-keys="[^"]', page)
    assert 'type="checkbox"' not in page
    assert 'action="/views' not in page
    assert 'name="action" value="confirm"' in somebody("analyst").get("/wall").text
    assert 'value="approve"' not in somebody("analyst").get("/wall").text
    assert 'value="approve"' in somebody("approver").get("/wall").text


def test_nothing_waits_is_said(board: Board, somebody: Make) -> None:
    for case in listed(board):
        judged(board, case, action="confirm")
    assert "Nothing waits for you" in somebody("viewer").get("/wall").text
    assert "No case fits" in somebody("viewer").get("/wall?q=brand:other").text


def test_a_line_of_filters_chooses_as_in_triage(board: Board, somebody: Make) -> None:
    one = somebody("viewer")
    judged(board, 2, action="confirm")
    assert set(shown(one.get("/wall?q=state:confirmed").text)) == {2}
    assert set(shown(one.get("/wall?q=state:all").text)) == {1, 2, 3}
    assert shown(one.get("/wall?q=source:nowhere").text) == []
    wrong = one.get("/wall?q=brnd:hoshino")
    assert (wrong.status_code, set(shown(wrong.text))) == (200, {1, 3})
    assert "there is no filter" in wrong.text
    assert 'value="brnd:hoshino"' in wrong.text


@pytest.mark.parametrize(
    ("selects", "line"),
    [
        ("brand=hoshino", "brand:hoshino"),
        ("state=confirmed&score=0.8", "state:confirmed score:0.8"),
        ("q=younger:3d&source=tips", "source:tips younger:3d"),
        ("q=brand:hoshino+tag:x&brand=", "tag:x"),
        ("q=score:0.77&score=as-typed", "score:0.77"),
        ("q=state:down,closed&state=as-typed", "state:down,closed"),
        ("state=nonsense&score=5", ""),
        ("state=all&order=age", "state:all"),
    ],
)
def test_selects_write_the_line(selects: str, line: str, somebody: Make) -> None:
    location = somebody("viewer").get(f"/wall?set=1&{selects}").headers["location"]
    assert split(location).get("q", "") == line
    assert split(location).get("order", "") == ("age" if "order=age" in selects else "")


def test_views_are_kept_opened_and_forgotten(board: Board, somebody: Make) -> None:
    one = somebody("analyst")
    kept = one.post("/views", {"name": "確認済み", "q": "state:confirmed assignee:me"})
    assert split(kept.headers["location"])["q"] == "state:confirmed assignee:me"
    with snapshot(board.engine) as session:
        [view] = saved_views(session)
    assert (view.name, view.saved_by, view.filters.assignee) == ("確認済み", "aoki", "me")
    assert "確認済み" in one.get("/wall").text
    assert one.post("/views", {"name": "two words", "q": ""}).status_code == 422
    assert one.post("/views", {"name": "x", "q": "nothing:x"}).status_code == 422
    assert somebody("viewer").post("/views/drop", {"name": "確認済み"}).status_code == 403
    assert one.post("/views/drop", {"name": "確認済み"}).status_code == 303
    assert one.post("/views/drop", {"name": "確認済み"}).status_code == 422
    with snapshot(board.engine) as session:
        assert saved_views(session) == []


def test_a_view_of_somebody_else_is_replaced_only_on_purpose(board: Board, somebody: Make, clock: Clock) -> None:
    def there() -> list[tuple[str, str]]:
        with snapshot(board.engine) as session:
            return [(view.saved_by, worded(view.filters)) for view in saved_views(session)]

    one, other = somebody("analyst"), somebody("approver")
    assert one.post("/views", {"name": "urgent", "q": "tag:x"}).status_code == 303
    clock.now += timedelta(minutes=1)
    answer = other.post("/views", {"name": "urgent", "q": "tag:y"})
    page = unescape(answer.text)
    assert answer.status_code == 409
    assert re.search(r"aoki saved it on .*<code>tag:x</code>", page)
    assert there() == [("aoki", "tag:x")]
    assert one.post("/views", {"name": "urgent", "q": "tag:x"}).status_code == 303  # as it is already
    form = page.partition('action="/views">')[2].partition("</form>")[0]
    fields = dict(re.findall(r'name="(name|q|replaces)" value="([^"]*)"', form))
    assert other.post("/views", {**fields, "replaces": "2026-01-01T00:00:00+00:00"}).status_code == 409
    assert other.post("/views", fields).status_code == 303
    assert there() == [("suzuki", "tag:y")]
    assert one.post("/views", {**fields, "q": "tag:z"}).status_code == 409  # it was replaced since
    assert there() == [("suzuki", "tag:y")]


def test_me_is_whoever_looks(board: Board, somebody: Make) -> None:
    judged(board, 3, action="assign", assignee="aoki")
    assert shown(somebody("analyst").get("/wall?q=assignee:me").text) == [3]
    assert shown(somebody("viewer").get("/wall?q=assignee:me").text) == []


@pytest.mark.parametrize("order", ["priority", "score", "age"])
def test_every_case_is_shown_once_while_others_judge(order: str, board: Board, somebody: Make) -> None:
    more_open(board, 500)
    one = somebody("viewer")
    path: str | None = f"/wall?order={order}"
    met: list[int] = []
    gone: set[int] = set()
    while path is not None:
        page = one.get(path, **({"HX-Request": "true"} if met else {})).text
        here = shown(page)
        assert len(here) <= PAGE
        met += here
        with transaction(board.engine) as session:  # the first of this page, and one that was not reached yet
            ahead = session.scalars(
                select(Case.id).where(Case.id.not_in([*met, *gone]), Case.state == "open").limit(1)
            ).all()
            gone |= set(ahead)
            session.execute(update(Case).where(Case.id.in_([here[0], *ahead])).values(state="confirmed"))
        found = re.search(r'<li class="more" hx-get="([^"]+)"', page)
        path = unescape(found[1]) if found else None
    assert len(met) == len(set(met))
    assert set(met) == set(range(1, 504)) - gone


def test_the_count_ends_where_nobody_counts(board: Board, somebody: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    assert re.search(r'id="count">3 cases<', somebody("viewer").get("/wall").text)
    monkeypatch.setattr("board.wall.MOST_COUNTED", 2)
    assert re.search(r'id="count">2\+ cases<', somebody("viewer").get("/wall").text)


def test_a_page_takes_a_few_statements_however_many_cards(board: Board, somebody: Make) -> None:
    one = somebody("viewer")

    def statements() -> int:
        asked: list[str] = []

        def note(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
            asked.append(statement)

        event.listen(board.engine, "before_cursor_execute", note)
        one.get("/wall")
        event.remove(board.engine, "before_cursor_execute", note)
        return len([statement for statement in asked if statement.startswith("SELECT")])

    few = statements()
    more_open(board, 60)
    assert statements() == few
    assert few < 16


def test_a_place_that_is_none_begins_at_the_top(board: Board, somebody: Make) -> None:
    for wrong in ("", "x", "nan:1", "inf:1", "1.0:x", "1.0:-1", "1e400:1", "2026:1", "1:" + "9" * 30):
        assert place_in(wrong, "priority") is None or wrong == "2026:1"
    assert place_in("2026-11-30T08:00:00:1", "age") is None
    assert place_in("0.5:7", "score") == Place(value=0.5, id=7)
    assert shown(somebody("viewer").get("/wall?after=nan:1").text) == listed(board)


def test_news_tells_what_came_in_since_and_draws_what_changed(board: Board, somebody: Make, clock: Clock) -> None:
    one = somebody("analyst")
    page = one.get("/wall").text
    found = re.search(r'data-since="(\d+)"', page)
    assert found is not None
    logs = {int(case): int(log) for case, log in re.findall(r'data-case="(\d+)" data-log="(\d+)"', page)}
    asked = f"/wall/news?since={found[1]}&seen={','.join(f'{case}:{log}' for case, log in logs.items())}"
    quiet = one.get(asked, **{"HX-Request": "true"})
    assert (quiet.status_code, quiet.text.strip()) == (200, "")
    more_open(board, 2)
    judged(board, 1, action="dismiss", reason="news")
    clock.now += timedelta(minutes=1)
    told = one.get(asked, **{"HX-Request": "true"}).text
    assert "2 new cases" in told
    assert set(cards(told)) == {1}
    assert "suzuki: dismissed, 1 min" in told
    assert 'class="card left changed"' in told
    address = unescape(re.search(r'hx-get="([^"]+)"', told)[1])  # type: ignore[index]
    assert set(shown(one.get(address, **{"HX-Request": "true"}).text)) == {4, 5}
    assert "new case" not in one.get(f"{asked}&q=score:0.99+brand:other", **{"HX-Request": "true"}).text


def test_what_somebody_reopened_themselves_is_no_news_to_them(board: Board, somebody: Make) -> None:
    one, other = somebody("analyst"), somebody("approver")
    judged(board, 1, action="confirm")
    since = re.search(r'data-since="(\d+)"', one.get("/wall").text)[1]  # type: ignore[index]
    with snapshot(board.engine) as session:
        log = case_detail(session, 1, now=board.now()).log_id
    one.post("/judgements", {"action": "reopen", "cases": [f"1:{log}"]})
    assert "new case" not in one.get(f"/wall/news?since={since}").text
    assert "1 new case" in other.get(f"/wall/news?since={since}").text


def test_news_of_long_ago_looks_through_no_more_than_the_latest_entries(
    somebody: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = somebody("viewer")
    assert "3 new cases" in one.get("/wall/news?since=0").text
    monkeypatch.setattr("storage.case_news.MOST_ENTRIES", 1)
    assert "1 new case<" in one.get("/wall/news?since=0").text


def test_no_case_of_another_list_can_be_asked_for_as_new(board: Board, somebody: Make) -> None:
    judged(board, 1, action="confirm")
    page = somebody("viewer").get("/wall/cards?ids=1,2,x,-3,99999999999999999999,2", **{"HX-Request": "true"}).text
    assert shown(page) == [2]


def test_a_card_opens_its_case_in_the_list_that_it_stands_in(board: Board, somebody: Make) -> None:
    one = somebody("analyst")
    for case in (1, 3):
        judged(board, case, action="tag", tag="mine")
    opened = "/case/1?in=tag%3Amine&order=age"
    page = one.get("/wall?q=tag:mine&order=age").text
    assert opened in hrefs(cards(page)[1])
    text = one.get(opened).text
    assert "/wall?q=tag%3Amine&order=age" in hrefs(text)
    assert "/case/3?in=tag%3Amine&order=age" in hrefs(text)
    with snapshot(board.engine) as session:
        log = case_detail(session, 1, now=board.now()).log_id
    one.headers["HX-Request"] = "true"
    form = {"on": "wall", "q": "tag:mine", "back": "/wall?q=tag%3Amine&order=age", "action": "harm", "harm": "high"}
    assert opened in hrefs(cards(one.post("/judgements", {**form, "cases": [f"1:{log}"]}).text)[1])
    for path in ("/wall/cards?ids=1&q=tag:mine&order=age", f"/wall/news?q=tag:mine&order=age&since={log}&seen=1:{log}"):
        assert opened in hrefs(cards(one.get(path, **{"HX-Request": "true"}).text)[1])
    assert "/case/1" in hrefs(cards(one.get("/wall").text)[1])


def hrefs(page: str) -> list[str]:
    return [unescape(one) for one in re.findall(r'href="([^"]*)"', page)]


def test_the_wall_is_in_japanese_too(board: Board, somebody: Make) -> None:
    page = somebody("analyst").get("/wall", **{"Accept-Language": "ja"}).text
    card = cards(page)[1]
    assert "なりすまし" in card
    assert "検出1回" in card
    assert re.search(r'class="why">[^<]*[ぁ-ん]', card)
