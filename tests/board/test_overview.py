"""The overview and the report: the same figures as `mekiki report`, each worked out once, readable by everybody."""

import json
import re
from collections.abc import Callable
from datetime import timedelta
from threading import Event, Thread
from typing import Any

import pytest
from click.testing import CliRunner

from board.board import Board
from board.kept import MOST_BEGUN, Kept
from cli import main
from config.board import Role
from detector.items import Advertiser, Item, Text
from storage.database import transaction
from storage.runs import finish_run, start_run
from tests.board.conftest import Clock, Somebody
from tests.console.conftest import NOW, Store
from tests.storage.examples import see

HOSTILE = (
    "<script>alert(1)</script></svg></title> https://evil.test",
    '=A("https://evil.test")|**公式**\u202e evil',
)
MORE = "&from=2026-11-01&to=2026-11-23"


@pytest.fixture
def hostile(store: Store) -> Store:
    """A store with an ad whose advertiser, publisher and source want to be more than text."""
    for number in (1, 2):
        item = Item(
            id=f"h{number}",
            kind="ad",
            platform="demo",
            advertiser=Advertiser(id=f"x{number}", name=HOSTILE[number - 1]),
            texts=(Text(role="body", text=f"星野電機 公式 投げ売り 残り{number}点 LINEで友だち追加"),),
            links=(f"https://hoshino-denki-{number}.test/lp",),
            publisher_url="https://news.example/<script>",
            seen_at=NOW,
        )
        see(store.engine, item, at=NOW, source="tips")
    return store


@pytest.fixture(autouse=True)
def same_clock(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the command look at the clock of the board."""
    monkeypatch.setattr("console.commands.reporting.utc_now", clock)


def told(store: Store, *options: str) -> Any:
    """Return what `mekiki report --format json` says of the same days."""
    days = ("--from", "2026-11-01", "--to", "2026-11-23", "--format", "json")
    result = CliRunner().invoke(main, ["report", "--config", str(store.config), *days, *options])
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_the_report_has_the_figures_of_the_command(hostile: Store, somebody: Callable[..., Somebody]) -> None:
    answer = somebody("viewer").get(f"/report?format=json{MORE}")
    assert answer.headers["content-disposition"] == 'attachment; filename="mekiki-2026-11-01-2026-11-23.json"'
    ours = json.loads(answer.text)
    assert ours["now"]["figures"]["volume"]["opened"] == 5
    assert ours == told(hostile)


def test_the_overview_shows_these_figures(hostile: Store, somebody: Callable[..., Somebody]) -> None:
    figures = told(hostile)["now"]["figures"]
    page = somebody("viewer").get("/overview?lang=en&period=30d" + MORE, **{"accept-language": "en"}).text
    assert f"<strong>{figures['volume']['opened']}</strong>" in page
    assert figures["bars"][-1]["sources"] == {"tips": 5}
    assert "23 Nov: tips 5" in page  # in the chart
    assert re.search(
        r'<th scope="row">tips</th><td class="number">5</td><td class="number">0</td>', page
    )  # and beside it


def test_every_chart_has_a_table_and_a_name(hostile: Store, somebody: Callable[..., Somebody]) -> None:
    for path in ("/overview", "/report"):
        page = somebody("viewer").get(f"{path}?{MORE}").text
        parts = re.split(r'<section class="panel part"', page)[1:]
        drawn = [part for part in parts if "<svg" in part]
        assert len(drawn) >= 4
        assert all("<table" in part for part in drawn)
        assert all(re.search(r"<svg[^>]*role=\"img\"[^>]*><title", part) for part in drawn)
        assert "style=" not in page
        assert not re.search(r"\son\w+=", page)
        ids = re.findall(r'\sid="([^"]+)"', page)
        assert len(ids) == len(set(ids))


@pytest.mark.parametrize(
    "path", ["/overview", "/report", "/report?format=html", "/report?format=md", "/report?format=csv"]
)
def test_hostile_names_are_text(hostile: Store, somebody: Callable[..., Somebody], path: str) -> None:
    answer = somebody("viewer").get(f"{path}{'&' if '?' in path else '?'}{MORE}")
    assert answer.status_code == 200
    assert "evil" in answer.text  # it is told
    assert "<script>alert" not in answer.text or path.endswith("csv")  # there it is a cell's text
    assert "\u202e" not in answer.text
    assert "https://evil.test" not in answer.text
    assert "</svg></title>" not in answer.text or path.endswith("csv")
    if path.endswith("csv"):
        assert not re.search(r'(^|,)"?[=+@]', answer.text, re.M)


def test_files_are_taken_away_in_the_language_of_the_person(somebody: Callable[..., Somebody]) -> None:
    one = somebody("viewer")
    html = one.get(f"/report?format=html{MORE}", **{"accept-language": "ja"})
    assert html.headers["content-security-policy"] == "sandbox"
    assert html.headers["content-disposition"].startswith("attachment")
    assert '<html lang="ja">' in html.text
    csv = one.get(f"/report?format=csv{MORE}")
    assert csv.content.startswith(b"\xef\xbb\xbf")  # spreadsheets want the mark
    assert one.get(f"/report?format=md{MORE}").text.startswith("# Brand")


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("period=7d", 200),
        ("period=last-month", 200),
        ("from=2026-11-01&to=2026-11-10&brand=hoshino", 200),
        ("period=12d", 422),
        ("from=2026-11-10&to=2026-11-01", 422),
        ("from=9999-12-31", 422),
        ("from=0001-01-01&to=0001-01-31", 422),
        ("from=yesterday", 422),
        ("brand=nobody", 422),
    ],
)
def test_what_makes_no_period_is_said(somebody: Callable[..., Somebody], query: str, status: int) -> None:
    answer = somebody("viewer").get(f"/overview?{query}")
    assert answer.status_code == status
    assert ('role="alert"' in answer.text) == (status == 422)


def test_days_are_those_of_the_team(somebody: Callable[..., Somebody], clock: Clock) -> None:
    clock.now = NOW.replace(hour=15, minute=30)  # already the 24th in Tokyo
    page = somebody("viewer").get("/overview?period=7d").text
    assert 'name="to" value="2026-11-24"' in page
    assert "2026-11-25" not in page


def test_it_is_worked_out_once_for_some_minutes(
    store: Store, somebody: Callable[..., Somebody], clock: Clock, board: Board
) -> None:
    one = somebody("viewer")

    def opened() -> int:
        number: int = json.loads(one.get(f"/report?format=json{MORE}").text)["now"]["figures"]["volume"]["opened"]
        return number

    assert opened() == 3
    see(store.engine, Item(id="n", kind="domain", url="hoshinodenki-new.test", seen_at=NOW), at=NOW, source="tips")
    clock.now += timedelta(minutes=4)
    assert opened() == 3
    assert f"{clock.now - timedelta(minutes=4):%H:%M}"[3:] in one.get(f"/overview?{MORE}").text  # as of
    clock.now += timedelta(minutes=2)
    assert opened() == 4


def test_what_somebody_has_to_look_at_is_told_with_what_to_type(
    configured: Callable[[str], None], store: Store, request: pytest.FixtureRequest
) -> None:
    configured('[[source]]\nkey = "tips"\nkind = "feed"\nurls = ["https://feed.example/tips.csv"]\n')
    somebody = request.getfixturevalue("somebody")
    with transaction(store.engine) as session:
        for minutes in (60, 30):
            run = start_run(session, "tips", NOW - timedelta(minutes=minutes))
            finish_run(session, run, NOW - timedelta(minutes=minutes - 1), "failed", {"error.timeout": 1})
    english = somebody("viewer").get("/overview", **{"accept-language": "en"}).text
    assert "tips is failing" in english
    assert "<code>mekiki sources test tips</code>" in english
    japanese = somebody("viewer").get("/overview", **{"accept-language": "ja"}).text
    assert "取得元 tips: 読み取り不可" in japanese


@pytest.mark.parametrize("role", ["viewer", "analyst", "approver", "admin"])
def test_everybody_who_signed_in_may_look(somebody: Callable[..., Somebody], role: Role) -> None:
    assert somebody(role).get("/overview").status_code == 200
    assert somebody(None).get("/overview").status_code == 303


def test_two_who_ask_at_once_share_one_computation(clock: Clock) -> None:
    kept, begun, go_on = Kept(clock), [], Event()

    def make() -> str:
        begun.append(1)
        assert go_on.wait(10)
        return "figures"

    found: list[Any] = []
    askers = [
        Thread(target=lambda: found.append(kept.ask("key", make, fresh=timedelta(minutes=5), patience=10)))
        for _ in range(4)
    ]
    for asker in askers:
        asker.start()
    assert kept.ask("key", make, fresh=timedelta(minutes=5), patience=0.01) is None  # not there yet
    go_on.set()
    for asker in askers:
        asker.join()
    assert [one.value for one in found] == ["figures"] * 4
    assert begun == [1]


def test_what_is_old_is_shown_until_the_new_is_there(clock: Clock) -> None:
    kept, go_on = Kept(clock), Event()
    first = kept.ask("key", lambda: 1, fresh=timedelta(minutes=5))
    clock.now += timedelta(minutes=6)

    def make() -> int:
        assert go_on.wait(10)
        return 2

    old = kept.ask("key", make, fresh=timedelta(minutes=5), patience=0.01)
    assert old == first
    go_on.set()
    new = kept.ask("key", make, fresh=timedelta(minutes=5), patience=10)
    assert new is not None
    assert (new.value, new.at) == (2, clock.now)


def test_what_failed_is_told_and_tried_again(clock: Clock) -> None:
    kept = Kept(clock)

    def fail() -> int:
        raise ValueError("no database")

    with pytest.raises(ValueError, match="no database"):
        kept.ask("key", fail, fresh=timedelta(minutes=5))
    answer = kept.ask("key", lambda: 3, fresh=timedelta(minutes=5))
    assert answer is not None
    assert answer.value == 3


def test_neither_what_is_kept_nor_what_is_begun_grows_without_end(clock: Clock) -> None:
    kept, go_on = Kept(clock, most=3), Event()
    for key in range(10):
        kept.ask(key, lambda: key, fresh=timedelta(minutes=5))  # noqa: B023  worked out before the next
    assert [key for key in range(10) if kept.get(key) is not None] == [7, 8, 9]
    for key in range(20, 40):
        kept.ask(("report", key), lambda: go_on.wait(10), fresh=timedelta(minutes=5), patience=0.001)
    assert kept._begun(("report", 0)) == MOST_BEGUN
    go_on.set()


def test_whoever_asks_for_ever_other_days_takes_the_place_of_nothing_else(clock: Clock) -> None:
    kept, go_on = Kept(clock, most=8), Event()
    kept.put("profiles", 1)
    kept.put(("logo", "a"), 2)
    for day in range(20):
        kept.ask(("report", day), lambda: 3, fresh=timedelta(minutes=5))
    assert [kept.get(("report", day)) is not None for day in (14, 15, 16, 19)] == [False, False, True, True]
    for day in range(20, 30):
        kept.ask(("report", day), lambda: go_on.wait(10), fresh=timedelta(minutes=5), patience=0.001)
    for key, value in (("profiles", 1), (("logo", "a"), 2)):
        found = kept.get(key)
        assert found is not None
        assert found.value == value
    worked = kept.ask("checked", lambda: 4, fresh=timedelta(minutes=5))  # while all reports that may are worked out
    assert worked is not None
    assert worked.value == 4
    go_on.set()
