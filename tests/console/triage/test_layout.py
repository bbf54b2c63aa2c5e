"""A case fits the terminal, whatever it says; the way through the cases is read page by page."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from io import StringIO
from types import SimpleNamespace
from typing import Any, get_args

import pytest
from rich.cells import cell_len
from rich.console import Console
from rich.segment import Segment
from rich.text import Text

from console.case_page import case_page
from console.triage.layout import Section, fitted, labelled
from console.triage.page import case_heading, case_screen
from console.triage.sections import words_of
from console.triage.walk import BATCH, Walk
from desk.dossier import Dossier
from detector.evidence import Evidence
from detector.items import Role
from storage.cases import case_detail
from storage.database import snapshot
from storage.schema import CaseState
from tests.console.conftest import NOW, Store


def section(name: str, lines: int, rank: int, *, least: int = 1, whole: bool = False) -> Section:
    rows = [[Segment(f"{name}{number}")] for number in range(lines)]
    return Section(name=name, lines=rows, rank=rank, least=least, whole=whole)


def words(sections: Sequence[Section], rows: int) -> list[str]:
    return ["".join(part.text for part in line) for line in fitted(sections, rows, 40).lines]


def test_the_weighty_comes_first_where_room_is_short_and_what_is_cut_says_so() -> None:
    log, why, text = section("log", 5, 9), section("why", 4, 1, least=2), section("text", 3, 0, least=3)
    assert words([log, why, text], 5) == ["why0", "why1 … +2", "text0", "text1", "text2"]
    assert words([log, why, text], 6) == ["log0 … +4", "why0", "why1 … +2", "text0", "text1", "text2"]
    assert len(words([log, why, text], 40)) == 12


def test_a_picture_is_shown_whole_or_not_at_all() -> None:
    picture, text = section("p", 5, 1, whole=True), section("t", 3, 0, least=2)
    assert not [line for line in words([picture, text], 6) if line.startswith("p")]
    assert len([line for line in words([picture, text], 7) if line.startswith("p")]) == 5


def plain(lines: Sequence[Sequence[Segment]]) -> list[str]:
    return ["".join(part.text for part in line) for line in lines]


@pytest.mark.parametrize("role", get_args(Role))
def test_a_label_never_touches_its_value(role: str) -> None:
    [line] = plain(labelled(Console(width=80), role, Text("星野電機"), 80))
    assert line.split() == [role, "星野電機"]


def test_what_it_should_be_is_told_whole_or_not_at_all(store: Store) -> None:
    reason = Evidence(
        signal="host.combosquat",
        weight=4.3,
        strength=1.0,
        observed="hoshinodenki-outlet1.test",
        expected="hoshino-denki.example",
        says="The host carries the brand's name, but is not registered for the brand.",
    )
    with snapshot(store.engine) as session:
        detail = case_detail(session, 1, now=NOW)
    view = replace(detail.items[0], verdict=replace(detail.items[0].verdict, evidence=(reason,)))
    dossier = Dossier(detail=replace(detail, items=(view,)))
    for width in range(40, 200):
        [why] = [one for one in words_of(dossier, Console(width=width), width) if one.name == "why"]
        [line] = plain(why.lines)
        assert cell_len(line) <= width
        assert "instead" not in line or line.endswith("instead of hoshino-denki[.]example")
    assert "instead of hoshino-denki[.]example" in line, "where there is room"


@pytest.mark.parametrize("state", get_args(CaseState))
def test_when_a_case_is_due_is_shown_while_nobody_has_judged_it(store: Store, state: CaseState) -> None:
    with snapshot(store.engine) as session:
        detail = replace(case_detail(session, 1, now=NOW), state=state, due_at=NOW)
    console = Console(width=200)
    heading = case_heading(Dossier(detail=detail), NOW)[0].plain
    with console.capture() as shown:
        console.print(case_page(detail, store.media, pictures=False))
    unjudged = state in ("open", "relapsed", "snoozed")
    assert ("due 2026" in heading, "due 2026" in shown.get()) == (unjudged, unjudged)


@pytest.mark.parametrize("size", [(40, 10), (80, 24), (129, 30), (130, 24), (200, 50), (80, 200)])
@pytest.mark.parametrize("case_id", [1, 2, 3])
def test_a_case_never_needs_more_than_the_terminal_has(store: Store, size: tuple[int, int], case_id: int) -> None:
    with snapshot(store.engine) as session:
        dossier = Dossier(detail=case_detail(session, case_id, now=NOW), together=("x" * 500, "星" * 300))
    console = Console(file=StringIO(), width=size[0], force_terminal=True, color_system="truecolor")
    page = case_screen(dossier, console, lambda columns, rows: None, width=size[0], rows=size[1], now=datetime.now(UTC))
    assert len(page.lines) <= size[1]
    assert max(sum(cell_len(part.text) for part in line) for line in page.lines) <= size[0]
    assert not any("\n" in part.text for line in page.lines for part in line)
    if size == (80, 200):
        assert page.cut == 0


def cases(*ids: int) -> Callable[[Any, int], list[Any]]:
    """Return a list of cases that is read as the database is."""

    def load(after: Any, limit: int) -> list[Any]:
        behind = ids[ids.index(after.id) + 1 :] if after is not None else ids
        return [SimpleNamespace(id=number) for number in behind[:limit]]

    return load


def test_every_case_comes_once_then_nothing() -> None:
    walk = Walk(cases(*range(1, 3 * BATCH)))
    assert [walk.next() for _ in range(3 * BATCH)] == [*range(1, 3 * BATCH), None]
    assert walk.next() is None


def test_one_goes_back_the_way_one_came_and_on_again() -> None:
    walk = Walk(cases(1, 2, 3))
    assert [walk.next(), walk.next(), walk.previous(), walk.next(), walk.next(), walk.next()] == [1, 2, 1, 2, 3, None]
    assert walk.previous() == 3


def test_a_case_that_is_visited_comes_before_the_one_at_hand() -> None:
    walk = Walk(cases(1, 2, 3))
    walk.next()
    walk.next()
    walk.visit(9)
    assert [walk.next(), walk.next(), walk.next()] == [2, 3, None]


def test_what_came_in_meanwhile_and_is_more_urgent_comes_with_the_next_batch() -> None:
    ids = [*range(1, 2 * BATCH)]
    asked: list[Any] = []

    def load(after: Any, limit: int) -> list[Any]:
        asked.append((after, limit))
        if after is not None and 1000 not in ids:
            ids.insert(0, 1000)
        return cases(*ids)(after, limit)

    walk = Walk(load)
    way = [walk.next() for _ in range(BATCH + 1)]
    assert way == [*range(1, BATCH + 1), 1000]
    assert all(limit <= BATCH for _, limit in asked)
