"""mekiki cases why: what the items of a case have in common, how each came, and plain grammar."""

from dataclasses import replace
from datetime import timedelta

import pytest
from click.testing import CliRunner
from sqlalchemy import delete

from cli import main
from desk.counted import counted
from detector.assess import Assessor
from detector.items import Advertiser, Item
from storage.database import snapshot, transaction
from storage.items import Observation, record_many
from storage.reasons import Why, why
from storage.schema import CaseJoin
from tests.console.conftest import BRAND, NOW, Store, ad


def told(store: Store, *arguments: object) -> str:
    result = CliRunner().invoke(main, ["cases", *map(str, arguments), "-c", str(store.config)])
    assert result.exit_code == 0, result.output
    return "\n".join(line.rstrip() for line in result.output.splitlines()) + "\n"


def arrives(store: Store, item: Item) -> None:
    assessor = Assessor((BRAND,))
    with transaction(store.engine) as session:
        record_many(
            session,
            [(Observation(item=item, source="tips", run_id=None, seen_at=NOW), assessor.assess(item, on=NOW.date()))],
            judged_by=assessor.fingerprint,
            now=NOW,
            group_wait=timedelta(seconds=1),
            group_interval=timedelta(minutes=5),
        )


def another() -> Item:
    """Return an ad for the host of case 1, by somebody else."""
    return replace(ad(1), id="more", advertiser=Advertiser(id="more", name="星野電機"), images=())


def found(store: Store, case: int) -> Why:
    with snapshot(store.engine) as session:
        return why(session, case)


def test_a_case_of_one_item_has_something_in_common_with_others_only(store: Store) -> None:
    shown = told(store, "why", 1)
    assert shown.splitlines()[0].endswith(", 1 item")
    assert shown.count("opened the case\n") == 1
    assert "in common" not in shown
    assert shown.endswith("\nwhat other cases have, too\n  host txt[.]exe: 1 item, in 3 cases, weak\n")


def test_in_common_is_what_two_items_have(store: Store) -> None:
    arrives(store, another())
    shown = told(store, "why", 1)
    assert ", 2 items\n" in shown
    common = shown[shown.index("what they have in common") :]
    assert "host hoshinodenki-outlet1[.]test: 2 items\n" in common
    assert "advertiser" not in common
    assert all(": 2 items" in line for line in common.splitlines()[1:])


def test_who_opened_which_case_is_told_after_a_merge_and_a_split(store: Store) -> None:
    arrives(store, another())
    told(store, "merge", 1, 2, "--as", "aya")
    items = [(one.item_id, one.opened, bool(one.reasons)) for one in found(store, 1).items]
    assert items == [(1, 1, False), (2, 2, False), (4, None, True)]
    assert "opened case 2\n" in told(store, "why", 1)
    assert told(store, "split", 1, 2, "--as", "aya").startswith("case 4 has 1 item of case 1;")
    assert [(one.item_id, one.opened) for one in found(store, 4).items] == [(2, 2)]


def test_what_came_before_reasons_were_kept_says_so(store: Store) -> None:
    arrives(store, another())
    with transaction(store.engine) as session:
        session.execute(delete(CaseJoin))
    shown = told(store, "why", 1)
    assert shown.count("opened the case\n") == 1
    assert shown.count("came before reasons were kept\n") == 1


@pytest.mark.parametrize(("number", "words"), [(0, "0 items"), (1, "1 item"), (2, "2 items")])
def test_numbers_have_their_plural(number: int, words: str) -> None:
    assert counted(number, "item") == words
