"""Alerts that are about a receiver or a source, not about a case."""

from datetime import datetime

from alerts.message import Alert, Language
from alerts.words import WORDS


def test_notice(receiver: str, language: Language, at: datetime) -> Alert:
    """Return the message by which a person tries a receiver out."""
    return Alert(reason="test", language=language, at=at, subject=receiver)


def disabled_notice(receiver: str, case_id: int | None, language: Language, at: datetime) -> Alert:
    """Return what the other receivers are told when one is gone; `case_id` is the case whose alert did not arrive."""
    look = f"mekiki cases show {case_id}" if case_id is not None else "mekiki cases list"  # a digest is of many
    return Alert(
        reason="receiver_disabled",
        language=language,
        at=at,
        subject=receiver,
        next=(look, "mekiki alerts status", f"mekiki alerts test {receiver}"),
    )


def source_notice(source: str, state: str, language: Language, at: datetime) -> Alert:
    """Return what is told when a source no longer sees what it should; `state` is "" when it does again.

    Args:
        source: its key.
        state: a key of `Words.health`.
        language: of the message.
        at: UTC.
    """
    return Alert(
        reason="source_unwell" if state else "source_well",
        language=language,
        at=at,
        subject=f"{source} ({WORDS[language].health[state]})" if state else source,
        next=("mekiki sources", f"mekiki sources test {source}"),
    )
