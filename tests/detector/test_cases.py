"""The labelled cases: data files in tests/cases, judged as a whole and pair by pair."""

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from detector.assess import Assessor
from detector.evidence import TextSpan
from detector.items import Item, decode_item
from tests.detector.hoshino import HOSHINO, ON

CASES = Path(__file__).parent.parent / "cases"
ASSESSOR = Assessor([HOSHINO])


class Case(msgspec.Struct):
    """One labelled item; `class` says what it is, `expect` what the eye should say."""

    kind: str = msgspec.field(name="class")
    expect: str
    item: dict[str, object]


def cases(name: str) -> Iterator[tuple[Case, Item]]:
    for line in (CASES / name).read_text(encoding="utf-8").splitlines():
        case = msgspec.json.decode(line, type=Case)
        yield case, decode_item(json.dumps(case.item))


def judged(item: Item) -> tuple[str, float]:
    verdicts = ASSESSOR.assess(item, on=ON)
    if not verdicts:
        return "clear", 0.0
    decision = "flagged" if verdicts[0].flagged else "official" if verdicts[0].decision == "official" else "clear"
    return decision, verdicts[0].score


@pytest.mark.parametrize(("case", "item"), list(cases("texts.jsonl")), ids=lambda value: getattr(value, "id", ""))
def test_labelled_text(case: Case, item: Item) -> None:
    assert judged(item)[0] == case.expect


def test_there_are_enough_labelled_texts() -> None:
    kinds = Counter(case.kind for case, _ in cases("texts.jsonl"))
    assert kinds.total() >= 80
    assert set(kinds) == {
        "impersonating", "obfuscated", "mention", "reseller", "news", "warning", "review", "job", "official"
    }  # fmt: skip


def test_floors_on_the_texts_written_later() -> None:
    # Scored once when written: 5 of 14 frauds, 0 false alarms of 16. The floors only rise.
    results = Counter((case.expect, judged(item)[0]) for case, item in cases("texts_later.jsonl"))
    assert results["clear", "flagged"] == 0
    assert results["flagged", "flagged"] >= 12


def test_every_span_holds_what_evidence_says_was_observed() -> None:
    seen = 0
    for name in ("texts.jsonl", "texts_later.jsonl"):
        for _, item in cases(name):
            for verdict in ASSESSOR.assess(item, on=ON):
                for evidence in verdict.evidence:
                    if isinstance(evidence.where, TextSpan):
                        start, end = evidence.where.span
                        assert item.texts[evidence.where.text].text[start:end] == evidence.observed
                        seen += 1
    assert seen > 200


RANKED = [
    ("impersonating-1", "reseller-2"),  # closing sale in the brand's name > honest sale
    ("impersonating-3", "news-6"),  # false claim in an ad > report about the claim
    ("impersonating-6", "warning-1"),  # phishing > warning of phishing
    ("impersonating-10", "job-3"),  # bait job > real job
    ("impersonating-23", "impersonating-24"),  # fake display address and name > a lone text
    ("obfuscated-10", "reseller-3"),  # hidden name > open name, both with a discount
    ("reseller-4", "reseller-1"),  # unregistered shop > registered shop
    ("impersonating-2", "official-1"),  # the same words at the brand's own host
]


@pytest.mark.parametrize(("above", "below"), RANKED)
def test_ranking(above: str, below: str) -> None:
    items = {item.id: item for _, item in cases("texts.jsonl")}
    assert judged(items[above])[1] > judged(items[below])[1]
