import dataclasses

import pytest

from alerts.channels.pagerduty import action, dedup_key, render, severity
from alerts.dialect import PLAIN
from alerts.message import Alert, CaseReason
from alerts.notices import disabled_notice, source_notice
from alerts.notices import test_notice as notice_of_test
from alerts.texts import Texts
from detector.verdict import Decision
from storage.schema import CaseState
from tests.alerts.samples import NOW, alert_of, case, digest_of, view


def scored(score: float, decision: Decision = "impersonation", reason: CaseReason = "first") -> Alert:
    return alert_of(case(view(score=score), decision=decision), reason)


@pytest.mark.parametrize(
    ("alert", "expected"),
    [
        (scored(0.97), "critical"),
        (scored(0.9), "critical"),
        (scored(0.89), "error"),
        (scored(0.6, reason="escalated"), "critical"),
        (scored(0.6, reason="relapsed"), "critical"),
        (scored(0.97, "suspicious"), "warning"),
        (scored(0.97, "mention"), "info"),
        (digest_of(3), "info"),
        (notice_of_test("on-call", "en", NOW), "info"),
        (source_notice("tips", "silent", "en", NOW), "warning"),
        (disabled_notice("legal", 42, "en", NOW), "error"),
    ],
)
def test_only_what_cannot_wait_is_critical(alert: Alert, expected: str) -> None:
    assert severity(alert) == expected


@pytest.mark.parametrize("state", ["dismissed", "duplicate", "down", "closed"])
def test_a_settled_case_resolves_its_incident(state: CaseState) -> None:
    alert = alert_of(case(state=state))
    assert action(alert) == "resolve"
    assert render(Texts(alert, PLAIN), "k" * 32, "msg_1") == {
        "routing_key": "k" * 32,
        "event_action": "resolve",
        "dedup_key": "mekiki-case-42",
    }


@pytest.mark.parametrize("state", ["open", "confirmed", "snoozed", "takedown", "relapsed"])
def test_any_other_case_triggers_one(state: CaseState) -> None:
    assert action(alert_of(case(state=state))) == "trigger"


def test_a_source_that_is_well_again_resolves_what_it_triggered() -> None:
    unwell, well = source_notice("tips", "silent", "en", NOW), source_notice("tips", "", "ja", NOW)
    assert (action(unwell), action(well)) == ("trigger", "resolve")
    assert dedup_key(unwell, "msg_1") == dedup_key(well, "msg_2") == "mekiki-source-tips"


def test_events_about_different_things_are_kept_apart() -> None:
    alerts = [
        alert_of(),
        alert_of(case(id=43)),
        digest_of(1),
        notice_of_test("on-call", "en", NOW),
        disabled_notice("legal", 42, "en", NOW),
        source_notice("tips", "late", "en", NOW),
    ]
    assert len({dedup_key(alert, "msg_1") for alert in alerts}) == len(alerts)
    assert dedup_key(digest_of(1), "msg_1") != dedup_key(digest_of(1), "msg_2")


def test_a_key_of_any_length_is_within_the_limit() -> None:
    long = dataclasses.replace(disabled_notice("x", 42, "en", NOW), subject="x" * 1000)
    assert len(dedup_key(long, "msg_1")) == 255
