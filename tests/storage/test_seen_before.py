"""What was seen before is told with its cases and what people decided; what is gone, or asked itself, is not."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from detector.images.hash import PictureHash
from storage.database import snapshot, transaction
from storage.errors import CaseNotFound, ItemNotFound
from storage.forgetting import empty_items, remove_items
from storage.judgements import Judgement, judge
from storage.likeness import open_index
from storage.seen_before import Asked, AskedPicture, SeenBefore, asked_of_case, asked_of_item, seen_before
from tests.storage.creatives import AGAIN, OTHER, SLOGAN, address, cropped, hashed, mirrored, shown, smaller
from tests.storage.examples import MINUTE, NOW


def look(engine: Engine, folder: Path, asked: Asked) -> SeenBefore:
    index = open_index(engine, folder / "index", now=NOW + timedelta(hours=1), say=print)
    with snapshot(engine) as session:
        return seen_before(session, index, asked)


def of(picture: PictureHash) -> Asked:
    return Asked(pictures=(AskedPicture(name="a.jpg", hash=picture),))


def test_a_copy_leads_to_the_case_and_to_what_was_decided(engine: Engine, tmp_path: Path) -> None:
    item, (case,) = shown(engine, 1, seed=1)
    shown(engine, 2, seed=2)
    with transaction(engine) as session:
        judge(session, case, Judgement(who="aki", action="confirm", note="LINE"), now=NOW + MINUTE)
    seen = look(engine, tmp_path, of(smaller(1)))
    [found] = seen.cases
    assert (found.id, found.state, found.decided and (found.decided.action, found.decided.who, found.decided.note)) == (
        case, "confirmed", ("confirm", "aki", "LINE"),
    )  # fmt: skip
    [one] = found.items
    assert (one.item_id, one.matches[0].how, one.sightings, one.first_seen) == (item, "saved anew", 1, NOW)
    assert one.matches[0].distance is not None
    assert one.matches[0].distance < 20
    assert seen.loose == ()


@pytest.mark.parametrize(
    ("copy", "how"),
    [(hashed, "saved anew"), (mirrored, "mirrored"), (cropped, "changed")],
    ids=lambda one: str(one)[:20],
)
def test_how_alike_it_is_is_said(engine: Engine, tmp_path: Path, copy: object, how: str) -> None:
    shown(engine, 1, seed=1)
    assert callable(copy)
    assert [match.how for item in look(engine, tmp_path, of(copy(1))).cases[0].items for match in item.matches] == [how]


def test_the_very_file_is_found_even_if_it_says_too_little(engine: Engine, tmp_path: Path) -> None:
    shown(engine, 1, seed=1)
    flat = PictureHash(width=8, height=8, phash="0" * 16, flat=True)
    asked = Asked(pictures=(AskedPicture(name="a.jpg", hash=flat, sha256=address(1)),))
    seen = look(engine, tmp_path, asked)
    assert seen.cases[0].items[0].matches[0].how == "the same file"
    assert seen.unusable == ("a.jpg",)


def test_a_rewritten_text_is_found_and_another_is_not(engine: Engine, tmp_path: Path) -> None:
    item, _ = shown(engine, 1, text=SLOGAN)
    shown(engine, 2, text=OTHER)
    seen = look(engine, tmp_path, Asked(texts=(AGAIN,)))
    [match] = seen.cases[0].items[0].matches
    assert (seen.items, seen.cases[0].items[0].item_id, match.how) == (1, item, "much the same text")
    assert match.shared is not None
    assert 0.6 <= match.shared < 1
    assert look(engine, tmp_path, Asked(texts=(SLOGAN,))).cases[0].items[0].matches[0].how == "the same text"
    assert look(engine, tmp_path, Asked(texts=("セール",))).unusable == ("セール",)


def test_what_was_never_flagged_is_told_apart(engine: Engine, tmp_path: Path) -> None:
    item, cases = shown(engine, 1, seed=1, flagged=False)
    seen = look(engine, tmp_path, of(smaller(1)))
    assert (cases, seen.cases, [one.item_id for one in seen.loose]) == ((), (), [item])


def test_removed_and_emptied_items_are_not_shown(engine: Engine, tmp_path: Path) -> None:
    loose, _ = shown(engine, 1, seed=1, text=SLOGAN, flagged=False)
    cased, _ = shown(engine, 2, seed=2, text=SLOGAN)
    asked = Asked(pictures=tuple(AskedPicture(name="x", hash=hashed(seed)) for seed in (1, 2)), texts=(AGAIN,))
    assert look(engine, tmp_path, asked).items == 2
    with transaction(engine) as session:
        remove_items(session, [loose])
        empty_items(session, [cased])
    assert look(engine, tmp_path, asked).items == 0


def test_an_item_and_a_case_are_not_told_of_themselves(engine: Engine, tmp_path: Path) -> None:
    first, (case,) = shown(engine, 1, seed=1, text=SLOGAN)
    second, _ = shown(engine, 2, seed=1, text=AGAIN, flagged=False)
    with snapshot(engine) as session:
        of_item, of_case = asked_of_item(session, first), asked_of_case(session, case)
        with pytest.raises(ItemNotFound):
            asked_of_item(session, 99)
        with pytest.raises(CaseNotFound):
            asked_of_case(session, 99)
    for asked in (of_item, of_case):
        seen = look(engine, tmp_path, asked)
        assert [one.item_id for one in seen.loose] == [second]
        assert {match.by for match in seen.loose[0].matches} == {"picture", "text"}
        assert seen.cases == ()


def test_judged_cases_come_first(engine: Engine, tmp_path: Path) -> None:
    (_, (older,)), (_, (newer,)) = shown(engine, 1, seed=1), shown(engine, 2, seed=2, at=NOW + MINUTE)
    asked = Asked(pictures=tuple(AskedPicture(name="x", hash=smaller(seed)) for seed in (1, 2)))
    assert [case.id for case in look(engine, tmp_path, asked).cases] == [newer, older]
    with transaction(engine) as session:
        judge(session, older, Judgement(who="aki", action="dismiss", reason="news"), now=NOW + 2 * MINUTE)
    assert [case.id for case in look(engine, tmp_path, asked).cases] == [older, newer]
