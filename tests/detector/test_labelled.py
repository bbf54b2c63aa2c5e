"""The labelled texts of tests/cases/labelled: their split, and floors that only rise."""

from collections import Counter

import pytest

from benchmarks.labelled import FRAUDS, ON, brands, labelled
from detector.assess import Assessor

CASES = list(labelled())


def test_there_are_enough_of_every_class_and_ids_are_unique() -> None:
    kinds = Counter(case.kind for case, _ in CASES)
    assert kinds.total() >= 3300
    assert min(kinds.values()) >= 40
    assert len({item.id for _, item in CASES}) == len(CASES)


def test_variants_of_one_story_never_straddle() -> None:
    parts: dict[str, set[str]] = {}
    for case, _ in CASES:
        parts.setdefault(case.group, set()).add(case.part)
    assert all(len(found) == 1 for found in parts.values())
    assert 0.15 < sum(case.part == "test" for case, _ in CASES) / len(CASES) < 0.4


@pytest.fixture(scope="module")
def flagged() -> dict[tuple[str, bool], list[bool]]:
    """Return whether each item is flagged, by part and by whether it is a fraud."""
    assessor = Assessor(brands())
    found: dict[tuple[str, bool], list[bool]] = {}
    for case, item in CASES:
        verdicts = assessor.assess(item, on=ON)
        found.setdefault((case.part, case.fraud), []).append(any(verdict.flagged for verdict in verdicts))
    return found


def test_floors_on_the_part_nothing_was_learned_from(flagged: dict[tuple[str, bool], list[bool]]) -> None:
    frauds, honest = flagged["test", True], flagged["test", False]
    assert sum(frauds) / len(frauds) >= RECALL
    assert sum(honest) / len(honest) <= ALARMS


RECALL = 0.77
ALARMS = 0.015
assert {"impersonating", "obfuscated"} == FRAUDS
