"""Replay: sums worked out again, and what would have changed them."""

import json
from dataclasses import replace
from itertools import combinations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.assess import Assessor
from detector.evidence import Evidence
from detector.policy import POLICY
from detector.replay import replay, reweigh, strengths, weigh
from detector.verdict import Verdict
from tests.detector.hoshino import HOSHINO, ON
from tests.detector.test_assess import ad

CLOSING = "【星野電機】閉店セール 最大90%OFF LINEで友だち追加"


def verdict(text: str = CLOSING, *links: str) -> Verdict:
    return Assessor([HOSHINO]).assess(ad(text, *(links or ("https://qx-mall.test/",))), on=ON)[0]


def evidence(signal: str, weight: float, strength: float = 1.0) -> Evidence:
    return Evidence(signal=signal, weight=weight, strength=strength, observed="a", expected="b", says="c")


def made(*rows: tuple[str, float]) -> Verdict:
    found = tuple(evidence(signal, weight) for signal, weight in rows)
    score, decision = weigh(found, POLICY)
    return Verdict(id="1", brand="hoshino", score=score, decision=decision, evidence=found, policy=POLICY.version)


def test_a_stored_verdict_replays_bit_by_bit_after_json() -> None:
    stored = verdict()
    found = replay(stored, POLICY, kind="ad")
    assert (found.score, found.decision, found.differences) == (stored.score, stored.decision, ())
    assert json.loads(msgspec.json.encode(found))["differences"] == []


@given(st.permutations(verdict().evidence))
def test_the_order_of_evidence_never_changes_the_score(rows: list[Evidence]) -> None:
    assert weigh(rows, POLICY) == (verdict().score, verdict().decision)


def test_what_differs_is_named() -> None:
    stored = verdict()
    first = replace(stored.evidence[0], weight=stored.evidence[0].weight + 0.5)
    changed = replace(stored, evidence=(first, *stored.evidence[1:]))
    lines = replay(changed, POLICY).differences
    assert any(line.startswith(f"{first.signal} counts") for line in lines)
    assert any(line.startswith("the score is") for line in lines)
    other = replay(stored, replace(POLICY, version="x", bias=-9.0)).differences
    assert any("policy" in line for line in other)
    assert any("the decision is impersonation" in line for line in other)


def test_each_signal_is_taken_away_whole() -> None:
    stored = verdict("星野電機 星野電機 閉店セール 本人確認")
    found = replay(stored, POLICY)
    assert sum(one.signal == "name.mention" for one in stored.evidence) > 1
    (without,) = [one for one in found.without if one.signals == ("name.mention",)]
    assert without.score == pytest.approx(
        POLICY.score(found.log_odds - POLICY.bias - POLICY.weights["name.mention"]), abs=1e-6
    )


def test_the_smallest_set_is_the_smallest() -> None:
    stored = made(("name.sender", 2.0), ("lure.threat", 1.9), ("lure.handoff", 1.1), ("name.mention", 0.8))
    found = replay(stored, POLICY)
    assert stored.decision == "impersonation"
    assert found.smallest is not None
    assert found.clearing is not None
    assert len(found.smallest.signals) == 1
    flagged = ("impersonation", "suspicious")
    for size in range(1, len(found.clearing.signals)):
        for signals in combinations([one.signal for one in stored.evidence], size):
            left = [one for one in stored.evidence if one.signal not in signals]
            assert weigh(left, POLICY)[1] in flagged
    left = [one for one in stored.evidence if one.signal not in found.clearing.signals]
    assert weigh(left, POLICY)[1] not in flagged


def test_more_than_three_together_are_found_too() -> None:
    names = [rule.signal for rule in POLICY.rules if rule.weight > 0][:9]
    found = replay(made(*((name, 2.0) for name in names)), POLICY)
    assert found.clearing is not None
    assert len(found.clearing.signals) == 8
    assert found.clearing.decision == "mention"


def test_without_anything_about_the_brand_there_is_no_verdict() -> None:
    found = replay(made(("name.mention", 0.8), ("lure.offer", 0.8)), POLICY)
    assert {one.signals: one.decision for one in found.without}["name.mention",] == "none"


def test_absent_signals_that_would_change_the_decision() -> None:
    would = {one.signals[0]: one for one in replay(verdict(), POLICY, kind="ad").would}
    assert would["official.destination"].decision == "official"
    assert "official.host" not in would  # only of a page or a domain
    seen = strengths(verdict().evidence)
    del seen["host.foreign"]  # a registered link is not foreign
    assert would["official.destination"].score == pytest.approx(
        reweigh({**seen, "official.destination": 1.0}, POLICY)[0],
        abs=0.001,  # stored strengths have four digits
    )
    clear = {one.signals[0]: one for one in replay(made(("name.mention", 0.8)), POLICY, kind="post").would}
    assert clear["host.lookalike"].decision == "impersonation" or clear["host.lookalike"].decision == "suspicious"
    assert "lure.offer" not in clear


SIGNALS = st.sampled_from([rule.signal for rule in POLICY.rules])
SEEN = st.dictionaries(SIGNALS, st.floats(0, 1), max_size=12)


@given(SEEN, st.sampled_from([rule.signal for rule in POLICY.rules if rule.weight > 0]), st.floats(0, 1))
def test_the_score_never_falls_with_more_incriminating_evidence(
    seen: dict[str, float], signal: str, strength: float
) -> None:
    more = {**seen, signal: max(strength, seen.get(signal, 0.0))}
    assert reweigh(more, POLICY)[0] >= reweigh(seen, POLICY)[0]


@given(SEEN, st.sampled_from([rule.signal for rule in POLICY.rules if rule.weight < 0]), st.floats(0, 1))
def test_the_score_never_rises_with_more_exonerating_evidence(
    seen: dict[str, float], signal: str, strength: float
) -> None:
    more = {**seen, signal: max(strength, seen.get(signal, 0.0))}
    assert reweigh(more, POLICY)[0] <= reweigh(seen, POLICY)[0]
