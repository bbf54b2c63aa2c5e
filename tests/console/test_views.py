"""Choices of cases: as a line, as options, saved under a name."""

from datetime import timedelta
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desk.choices import NoFilter, read_filters, worded
from detector.items import Kind
from storage.database import snapshot, transaction
from storage.errors import ViewNotFound
from storage.schema import CaseState
from storage.views import ME, NOBODY, CaseFilters, drop_view, save_view, saved_view, saved_views
from tests.console.conftest import NOW, Store

_WORDS = st.text("abz019 '\"\\星:,", min_size=1, max_size=8).filter(lambda text: " ".join(text.split()) == text)
_FILTERS = st.builds(
    CaseFilters,
    states=st.one_of(
        st.just(CaseFilters().states),
        st.lists(st.sampled_from(get_args(CaseState)), min_size=1, unique=True).map(tuple),
    ),
    brand=st.none() | _WORDS,
    source=st.none() | _WORDS,
    kind=st.none() | st.sampled_from(get_args(Kind)),
    min_score=st.sampled_from([0.0, 0.5, 0.875]),
    min_priority=st.sampled_from([0.0, 1.5]),
    assignee=st.none() | _WORDS,
    tag=st.none() | _WORDS,
    older=st.none() | st.integers(1, 999).map(lambda hours: timedelta(hours=hours)),
    younger=st.none() | st.integers(1, 99).map(lambda days: timedelta(days=days)),
    text=st.none() | _WORDS,
)


@given(_FILTERS)
def test_a_choice_written_as_a_line_is_read_back_the_same(filters: CaseFilters) -> None:
    assert read_filters(worded(filters)) == filters


def test_words_without_a_name_are_looked_for_in_titles() -> None:
    assert read_filters("閉店 sale brand:hoshino") == CaseFilters(brand="hoshino", text="閉店 sale")
    assert read_filters("") == CaseFilters()


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("colour:red", "there is no filter 'colour'; known: state, brand"),
        ("brand:", "brand: has no value"),
        ("score:2", "score: expected a number from 0 to 1"),
        ("priority:x", "priority: expected a number"),
        ("state:lost", "there is no state 'lost'"),
        ("kind:film", "there is no kind 'film'; known: ad"),
        ("older:3y", "expected a length of time"),
        ("text:'x", "a quote is not closed"),
    ],
)
def test_what_chooses_nothing_is_told(line: str, message: str) -> None:
    with pytest.raises(NoFilter, match=message):
        read_filters(line)


def test_the_last_view_saved_under_a_name_holds_until_it_is_dropped(store: Store) -> None:
    urgent = CaseFilters(min_priority=1.5, older=timedelta(hours=4), assignee=NOBODY, states=("open", "relapsed"))
    with transaction(store.engine) as session:
        save_view(session, "urgent", CaseFilters(), who="aya", now=NOW)
        save_view(session, "urgent", urgent, who="ben", now=NOW + timedelta(hours=1))
        save_view(session, "mine", CaseFilters(assignee=ME), who="aya", now=NOW)
    with snapshot(store.engine) as session:
        assert [(view.name, view.saved_by) for view in saved_views(session)] == [("mine", "aya"), ("urgent", "ben")]
        assert saved_view(session, "urgent").filters == urgent
        assert saved_view(session, "mine").filters.of("ken").assignee == "ken"
    with transaction(store.engine) as session:
        drop_view(session, "urgent")
    with snapshot(store.engine) as session, pytest.raises(ViewNotFound, match="no view 'urgent'; known: mine"):
        saved_view(session, "urgent")
