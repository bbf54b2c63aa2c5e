"""Alerts that are about a receiver, not about a case."""

from datetime import datetime

from alerts.message import Alert, Language


def test_notice(receiver: str, language: Language, at: datetime) -> Alert:
    """Return the message by which a person tries a receiver out."""
    return Alert(reason="test", language=language, at=at, subject=receiver)


def disabled_notice(receiver: str, case_id: int, language: Language, at: datetime) -> Alert:
    """Return what the other receivers are told when one is gone; `case_id` is the case whose alert did not arrive."""
    return Alert(
        reason="receiver_disabled",
        language=language,
        at=at,
        subject=receiver,
        next=(f"mekiki cases show {case_id}", "mekiki alerts pending", f"mekiki alerts test {receiver}"),
    )
