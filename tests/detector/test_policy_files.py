"""Policy files: what is refused and where, old versions, maps, writing and reading back."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.policy import POLICY, Policy, PolicyError, Rule, read_policy, shipped_policy, shipped_versions
from detector.policy_text import write_policy
from detector.score_map import Isotonic, Platt, ScoreMap, logistic

TEXT = write_policy(POLICY)


def refused(text: str) -> str:
    with pytest.raises(PolicyError) as caught:
        read_policy(text)
    return str(caught.value)


def test_the_newest_shipped_policy_is_the_default_and_old_ones_stay() -> None:
    assert shipped_versions()[0] == "2026.1"
    assert shipped_policy(shipped_versions()[-1]) == POLICY
    for version in shipped_versions():
        assert shipped_policy(version).version == version
    with pytest.raises(KeyError):
        shipped_policy("1999.1")


@pytest.mark.parametrize(
    ("old", "new", "where"),
    [
        ("host.lookalike", "host.lookalik", "rules[1] 'host.lookalik': there is no such signal; did you mean 'host.l"),
        ('signal = "host.lookalike"', 'signal = "host.combosquat"', "'host.combosquat': is weighed twice"),
        ("weight = 4.6", 'weight = "much"', "rules[1].weight"),
        ("weight = 4.6", "weight = nan", "rules[1] 'host.lookalike': expected a finite weight"),
        ("weight = 4.6", "weight = -4.6", "rules[2] 'host.combosquat': exonerating rules"),
        ("suspicious = 0.5", "suspicious = 0.9", "expected 0 < suspicious <= impersonation < 1, got 0.9 and 0.85"),
        ("bias = -3.2", "bias = -inf", "bias: expected a finite number"),
        ('version = "2026', 'version = "../2026', "version: expected letters"),
        ("bias = -3.2", "bias = -3.2\nbiass = 1", "biass"),
        ("bias = -3.2", "bias = ", "is not valid TOML"),
        ("weight = 4.6", 'weight = "4.6"', "rules[1].weight"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(old: str, new: str, where: str) -> None:
    assert old in TEXT
    assert where in refused(TEXT.replace(old, new, 1))


def test_a_signal_without_a_weight_is_an_error_unless_only_old_verdicts_replay() -> None:
    line = next(line for line in TEXT.splitlines() if "lure.offer" in line)
    less = TEXT.replace(line + "\n", "")
    assert refused(less).startswith("rules: no weight for lure.offer")
    assert "lure.offer" not in read_policy(less, known=()).weights


@pytest.mark.parametrize(
    ("table", "where"),
    [
        ("[platt]\nslope = -1.0\nintercept = 0.0\nlowest = 0.0\n", "platt.slope"),
        ("[platt]\nslope = 1.0\nintercept = 0.0\n", "lowest"),
        ("[isotonic]\npoints = [[0.0, 0.5], [1.0, 0.4]]\n", "isotonic.points: [1.0, 0.4] does not rise"),
        ("[isotonic]\npoints = []\n", "isotonic.points: expected at least one"),
        ("[platt]\nslope = 1\nintercept = 0\nlowest = 0\n[isotonic]\npoints = [[0, 0.5]]\n", "not both"),
    ],
)
def test_a_map_that_turns_the_order_is_refused(table: str, where: str) -> None:
    assert where in refused(TEXT + table)


MAPS: list[ScoreMap | None] = [
    None,
    Platt(slope=0.5, intercept=1.25, lowest=-0.25),
    Isotonic(points=((-1.0, 0.1), (0.5, 0.1), (2.0, 0.9))),
]


@pytest.mark.parametrize("score_map", MAPS)
def test_what_is_written_reads_back_equal(score_map: ScoreMap | None) -> None:
    rules = (Rule(POLICY.rules[0].signal, 0.123, 'a "quoted" \\ 星 \x7f\x1b'), *POLICY.rules[1:])
    fitted = {"inputs": [{"name": "a.jsonl", "sha256": "0" * 64}], "campaigns": 12, "pull": 0.25}
    made = replace(POLICY, version="2026.1+x.1", map=score_map, rules=rules, fitted=fitted)
    again = read_policy(write_policy(made, head="two\nlines\x00"), known=())
    assert replace(again, rules=again.rules[1:]) == replace(made, rules=made.rules[1:])
    assert again.rules[0].origin == 'a "quoted" \\ 星 ??'
    assert again.fitted == fitted


@given(st.sampled_from([made for made in MAPS if made]), st.floats(-30, 30), st.floats(0, 30))
def test_a_map_never_falls_and_raises_nothing_below_what_was_judged(made: ScoreMap, at: float, more: float) -> None:
    assert made.score(at) <= made.score(at + more)
    lowest = made.lowest if isinstance(made, Platt) else made.points[0][0]
    if at < lowest:
        assert made.score(at) <= logistic(at)


def test_a_mapped_policy_decides_on_the_mapped_score() -> None:
    harsh: Policy = replace(POLICY, map=Platt(slope=1.0, intercept=-3.0, lowest=-10.0))
    assert POLICY.decide(POLICY.score(3.2), set()) == "suspicious"
    assert harsh.decide(harsh.score(3.2), set()) == "mention"
