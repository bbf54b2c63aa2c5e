"""What a channel did is called by one word, wherever a team reads it: plan, bundle, report, alerts."""

from alerts.words import WORDS as ALERTS
from desk.plan_words import WORDS as PLAN
from desk.reports.words import words
from takedown.bundle.japanese import JAPANESE as BUNDLE


def test_a_refusal_is_called_by_the_same_word_everywhere() -> None:
    said = [
        BUNDLE.steps["refused"],
        BUNDLE.notice_states["refused"],
        PLAN["ja"].notice_states["refused"],
        PLAN["ja"].standings["refused"],
        words("ja")("channels.refused"),
        ALERTS["ja"].notices["refused"],
    ]
    assert all("不受理" in one for one in said), said
