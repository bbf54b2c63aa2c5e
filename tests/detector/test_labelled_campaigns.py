"""The labelled campaigns that rules are made on: through the real thing, with bounds that only rise."""

from benchmarks.campaigns.labelled import SETS, measure

LEAST_PRECISION = 0.999
LEAST_RECALL = 0.98


def test_labelled_campaigns_become_cases() -> None:
    score, rows, _, _ = measure(SETS / "campaigns_dev.jsonl")
    assert len(rows) == 407
    assert score.precision >= LEAST_PRECISION
    assert score.recall >= LEAST_RECALL
