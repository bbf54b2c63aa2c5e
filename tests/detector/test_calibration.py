"""Calibration on drawn judgements: what is refused, what is learned, what is held out."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from detector.calibration import FEWEST, Observation, TooFew, calibrate, fit_policy
from detector.policy import POLICY
from detector.score_map import Platt, logistic

DAY = datetime(2026, 11, 1, tzinfo=UTC)
SIGNALS = ("name.mention", "lure.offer", "host.foreign", "lure.handoff", "context.news", "name.sender")


def drawn(count: int, *, timed: bool = False, seed: int = 5) -> list[Observation]:
    """Draw campaigns of a team for which an offer means nothing and a hand-off everything."""
    random = np.random.default_rng(seed)
    truth = {"name.mention": 0.8, "host.foreign": 1.3, "lure.handoff": 5.0, "context.news": -0.8, "name.sender": 2.0}
    found = []
    for number in range(count):
        seen = {signal: 1.0 for signal in SIGNALS if random.random() < 0.5} or {"name.mention": 1.0}
        chance = logistic(POLICY.bias + sum(truth.get(signal, 0.0) for signal in seen))
        at = DAY + timedelta(hours=number) if timed else None
        found.append(Observation(group=f"c{number}", seen=seen, fraud=bool(random.random() < chance), at=at))
    return found


def test_too_few_are_refused_with_how_many_are_needed() -> None:
    few = [one for one in drawn(300) if one.fraud][: FEWEST - 1] + [one for one in drawn(300) if not one.fraud]
    with pytest.raises(TooFew, match=r"needs 10 confirmed and 10 dismissed campaigns, there are 9 and"):
        calibrate(few, base=POLICY, current=POLICY)


def test_a_hundred_copies_of_one_campaign_are_one() -> None:
    one = Observation(group="same", seen={"lure.offer": 1.0, "name.mention": 1.0}, fraud=True)
    single = fit_policy([one], POLICY, 1.0)
    assert fit_policy([one] * 100, POLICY, 1.0).weights == pytest.approx(single.weights, abs=2e-3)
    with pytest.raises(TooFew):
        calibrate([one] * 100 + [replace(one, group="h", fraud=False)] * 100, base=POLICY, current=POLICY)


def test_the_team_is_learned_and_the_rest_stays() -> None:
    found = calibrate(drawn(400), base=POLICY, current=POLICY)
    weights = found.policy.weights
    assert weights["lure.handoff"] > POLICY.weights["lure.handoff"] + 0.5
    assert weights["lure.offer"] < POLICY.weights["lure.offer"]
    assert weights["host.lookalike"] == POLICY.weights["host.lookalike"]
    assert all(weights[rule.signal] * rule.weight >= 0 for rule in POLICY.rules)
    assert found.better
    assert found.held_out == "400 campaigns in 5 folds"
    assert (found.mapped, found.policy.map) == (None, None)
    assert found.seen_in["lure.offer"] > 100
    assert found.after.count == 400


def test_the_order_of_judgements_does_not_matter() -> None:
    rows = drawn(120)
    assert (
        calibrate(rows[::-1], base=POLICY, current=POLICY).policy == calibrate(rows, base=POLICY, current=POLICY).policy
    )


def test_later_judgements_are_held_out_and_make_the_map() -> None:
    found = calibrate(drawn(400, timed=True), base=POLICY, current=POLICY)
    assert found.held_out == "the 100 newest campaigns"
    assert found.before.count == found.after.count == 100
    if found.policy.map is not None:
        assert isinstance(found.policy.map, Platt)
        assert found.mapped is not None


def test_a_team_that_confirms_half_of_what_looks_sure_gets_a_map() -> None:
    random = np.random.default_rng(1)
    rows = []
    for number in range(800):
        late = number >= 600
        seen = {"name.mention": 1.0, "host.foreign": 1.0, "lure.handoff": float(random.random()), "name.sender": 1.0}
        seen |= {"lure.threat": 1.0} if random.random() < 0.5 else {}
        sure = logistic(POLICY.bias + sum(POLICY.weights[signal] * strength for signal, strength in seen.items()))
        fraud = bool(random.random() < (sure / 2 if late else sure))
        rows.append(Observation(group=f"c{number}", seen=seen, fraud=fraud, at=DAY + timedelta(hours=number)))
    found = calibrate(rows, base=POLICY, current=POLICY)
    assert isinstance(found.policy.map, Platt)
    assert found.mapped is not None
    assert (found.mapped.log_loss or 9) < (found.after.log_loss or 0)
    assert found.policy.score(0.0) <= POLICY.score(0.0) + 0.2
