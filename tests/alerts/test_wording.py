import dataclasses
import string
from datetime import timedelta

import pytest

from alerts.message import Alert, CaseReason, Gathered, Language
from alerts.notices import disabled_notice
from alerts.notices import test_notice as notice_of_test
from alerts.signal_words import JAPANESE
from alerts.wording import digest_facts, digest_line, headline, occasion, says, seen, standing
from alerts.words import EN, JA
from detector.policy import POLICY
from tests.alerts.samples import NOW, alert_of, case, digest_of


def test_both_languages_fill_the_same_places() -> None:
    for field in dataclasses.fields(EN):
        english, japanese = getattr(EN, field.name), getattr(JA, field.name)
        if isinstance(english, str):
            places = [
                {name for _, name, _, _ in string.Formatter().parse(text) if name} for text in (english, japanese)
            ]
            assert places[0] == places[1], field.name
        elif field.name != "signals":
            assert english.keys() == japanese.keys(), field.name


@pytest.mark.parametrize(
    ("reason", "new", "language", "text"),
    [
        ("first", 1, "en", "First message about this case."),
        ("new_items", 1, "en", "1 new item since the last message; the case now has 1."),
        ("new_items", 12, "en", "12 new items since the last message; the case now has 1."),
        (
            "escalated",
            1,
            "en",
            "Escalated: nobody has judged this case in the agreed time. Found 2026-11-20 01:00 UTC.",
        ),
        (
            "relapsed",
            1,
            "en",
            "It is back: this case was down and has been seen again. The same case is open once more.",
        ),
        ("repeat", 1, "en", "Reminder: this case is still open."),
        ("first", 1, "ja", "この案件の最初の通知です。"),
        ("new_items", 12, "ja", "前回の通知から12件増えました。この案件は計1件です。"),
        ("escalated", 1, "ja", "対応期限超過:期限までに誰も判定していません。検知日時:2026-11-20 01:00(UTC)"),
        ("relapsed", 1, "ja", "再出現:一度削除されたものが再び確認されました。同じ案件を再開しました。"),
        ("repeat", 1, "ja", "再通知:この案件は未対応のままです。"),
    ],
)
def test_every_message_names_its_reason(reason: CaseReason, new: int, language: Language, text: str) -> None:
    assert occasion(alert_of(None, reason, new, language)) == text


def test_who_has_a_case_and_by_when_it_should_be_judged_is_said() -> None:
    due = NOW + timedelta(hours=3)
    assert (
        standing(alert_of(case(assignee="sato", due_at=due)))
        == "Assigned to sato · To be judged by 2026-11-22 06:04 UTC"
    )
    assert standing(alert_of(case(due_at=due), language="ja")) == "判定期限:2026-11-22 06:04(UTC)"
    assert standing(alert_of(case(due_at=due, state="confirmed"))) == ""
    assert standing(alert_of()) == standing(digest_of(1)) == ""


def test_the_headline_names_decision_brand_and_title() -> None:
    assert headline(alert_of()) == "Impersonation of 星野電機: Hoshino Denki Outlet 公式"
    assert headline(alert_of(language="ja")) == "星野電機のなりすまし:Hoshino Denki Outlet 公式"


def test_every_signal_of_the_detector_has_japanese_words() -> None:
    assert {rule.signal for rule in POLICY.rules} == JAPANESE.keys()


def test_a_signal_without_words_in_a_language_speaks_as_the_detector_wrote() -> None:
    alert = alert_of(language="ja")
    unknown = dataclasses.replace(alert.evidence[0], signal="never.heard")
    assert says(alert, unknown) == "The picture is a protected picture of the brand."


def test_where_an_item_was_seen() -> None:
    alert = alert_of()
    assert seen(alert, alert.items[0]) == "Ad on meta, 2026-11-20 01:00 to 2026-11-22 03:00, seen 3×"


@pytest.mark.parametrize("language", ["en", "ja"])
def test_notices_name_the_receiver(language: Language) -> None:
    notices: tuple[Alert, ...] = (
        notice_of_test("legal-chat", language, NOW),
        disabled_notice("legal-chat", 42, language, NOW),
    )
    for notice in notices:
        assert "legal-chat" in headline(notice)
        assert "legal-chat" in occasion(notice)


@pytest.mark.parametrize(
    ("cases", "language", "text"),
    [
        (0, "en", "Digest for desk: nothing new"),
        (1, "en", "Digest for desk: 1 case"),
        (3, "en", "Digest for desk: 3 cases"),
        (3, "ja", "desk 宛てのまとめ:3件"),
    ],
)
def test_a_digest_tells_how_many_cases_it_has(cases: int, language: Language, text: str) -> None:
    assert headline(digest_of(cases, language)) == text


def test_a_digest_tells_the_time_that_it_covers() -> None:
    assert occasion(digest_of(2)) == "What came in from 2026-11-21 03:04 to 2026-11-22 03:04 UTC."
    first = dataclasses.replace(digest_of(2), since=None)
    assert occasion(first) == "What came in up to 2026-11-22 03:04 UTC."


def test_a_line_of_a_digest_names_the_case_its_reason_and_its_state() -> None:
    alert = digest_of(1)
    [line] = alert.digest
    assert digest_line(alert, line) == "Impersonation of 星野電機: Hoshino Denki Outlet 1"
    assert digest_facts(alert, line) == "new case · open · 0.97 · 12 items, 3 new"
    back = dataclasses.replace(line, reason="relapsed", state="relapsed", items=1, new_items=1)
    assert digest_facts(alert, back) == "back again · 0.97 · 1 item"
    assert digest_facts(digest_of(1, "ja"), line) == "新規 · 未対応 · 0.97 · 12件(うち新規3件)"


@pytest.mark.parametrize(
    ("gathered", "language", "says"),
    [
        ("limit", "en", "More cases came in than are told one by one in an hour"),
        ("limit", "ja", "個別に通知できる件数を超えたため"),
        ("group", "en", "belong together"),
        ("group", "ja", "互いに関係する案件"),
    ],
)
def test_a_digest_says_why_its_cases_are_told_together(gathered: Gathered, language: Language, says: str) -> None:
    assert says in occasion(dataclasses.replace(digest_of(2, language), gathered=gathered))
