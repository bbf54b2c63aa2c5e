from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, select
from sqlalchemy.exc import StatementError

from storage.columns import digest_of, escape, unescape
from storage.database import transaction
from storage.schema import Run

ANY_TEXT = st.text(st.characters(exclude_categories=()))


@given(ANY_TEXT)
def test_escaping_is_reversible_and_leaves_nothing_unstorable(text: str) -> None:
    stored = escape(text)
    assert unescape(stored) == text
    assert "\x00" not in stored
    stored.encode()  # no unpaired surrogate


def test_ordinary_text_is_stored_as_it_is() -> None:
    assert escape("星野電機 \\ 90%OFF\n") == "星野電機 \\ 90%OFF\n"


def test_text_that_looks_escaped_already_survives() -> None:
    assert unescape(escape(escape("a\x00b"))) == escape("a\x00b")


def test_naive_times_are_refused(engine: Engine) -> None:
    with pytest.raises(StatementError, match="aware"), transaction(engine) as session:
        session.add(Run(source="tips", started_at=datetime(2026, 1, 1), counts={}))  # noqa: DTZ001


def test_times_come_back_aware_in_utc_to_the_microsecond(engine: Engine) -> None:
    tokyo = datetime(2026, 11, 22, 12, 4, 5, 678901, tzinfo=timezone(timedelta(hours=9)))
    with transaction(engine) as session:
        session.add(Run(source="tips", started_at=tokyo, counts={}))
    with transaction(engine) as session:
        started = session.scalars(select(Run.started_at)).one()
    assert started == tokyo
    assert started.tzinfo is UTC


def test_digest_does_not_depend_on_the_order_of_keys() -> None:
    assert digest_of({"a": 1, "b": [2]}) == digest_of({"b": [2], "a": 1})
    assert digest_of(["a", "b"]) != digest_of(["b", "a"])
