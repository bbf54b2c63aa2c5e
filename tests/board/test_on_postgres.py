"""The wall, its news, a case, and two people at once over PostgreSQL: tests of their own files, on another store."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.database import open_engine
from storage.media import MediaStore
from tests.board.test_case import (
    test_a_case_shows_what_the_terminal_shows,
    test_a_log_comes_a_page_at_a_time,
    test_cases_are_merged_and_taken_apart_again,
    test_items_are_split_off_and_put_back,
    test_items_come_a_page_at_a_time,
    test_the_cases_before_and_behind_are_those_of_the_list,
    test_what_changed_since_it_was_seen_is_neither_merged_nor_split,
)
from tests.board.test_judging import (
    test_a_case_that_changed_meanwhile_is_shown_anew_and_left_as_it_is,
    test_an_undo_takes_back_what_it_means_and_no_later_judgement,
    test_of_two_people_at_once_one_judges_and_the_other_is_told,
    test_the_same_request_sent_twice_judges_once,
)
from tests.board.test_wall import (
    test_a_card_says_what_triage_says,
    test_a_line_of_filters_chooses_as_in_triage,
    test_every_case_is_shown_once_while_others_judge,
    test_news_tells_what_came_in_since_and_draws_what_changed,
    test_views_are_kept_opened_and_forgotten,
)
from tests.console.conftest import CONFIG, Store, fill
from tests.servers.postgres import needs_postgres
from tests.storage.conftest import postgres_url, remove_all_rows

__all__ = [
    "postgres_url",
    "test_a_card_says_what_triage_says",
    "test_a_case_shows_what_the_terminal_shows",
    "test_a_case_that_changed_meanwhile_is_shown_anew_and_left_as_it_is",
    "test_a_line_of_filters_chooses_as_in_triage",
    "test_a_log_comes_a_page_at_a_time",
    "test_an_undo_takes_back_what_it_means_and_no_later_judgement",
    "test_cases_are_merged_and_taken_apart_again",
    "test_every_case_is_shown_once_while_others_judge",
    "test_items_are_split_off_and_put_back",
    "test_items_come_a_page_at_a_time",
    "test_news_tells_what_came_in_since_and_draws_what_changed",
    "test_of_two_people_at_once_one_judges_and_the_other_is_told",
    "test_the_cases_before_and_behind_are_those_of_the_list",
    "test_the_same_request_sent_twice_judges_once",
    "test_views_are_kept_opened_and_forgotten",
    "test_what_changed_since_it_was_seen_is_neither_merged_nor_split",
]

pytestmark = [pytest.mark.postgres, needs_postgres]


@pytest.fixture
def store(postgres_url: str, tmp_path: Path) -> Iterator[Store]:
    """The three open cases, on PostgreSQL."""
    engine, media = open_engine(postgres_url), MediaStore(tmp_path / "media")
    remove_all_rows(engine)
    fill(engine, media)
    (tmp_path / "mekiki.toml").write_text(f'{CONFIG}[storage]\ndatabase = "env:BOARD_DATABASE"\n', "utf-8")
    yield Store(folder=tmp_path, engine=engine, media=media, config=tmp_path / "mekiki.toml")
    engine.dispose()


@pytest.fixture(autouse=True)
def on_postgres(postgres_url: str, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the configuration name that database, and hold the tests to it."""
    monkeypatch.setenv("BOARD_DATABASE", postgres_url)
    assert store.engine.dialect.name == "postgresql"
