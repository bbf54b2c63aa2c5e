from datetime import UTC, datetime, timedelta

import pytest

from alerts.retry import LONGEST_PAUSE, LONGEST_WAIT, SCHEDULE, next_attempt, parse_retry_after, pause_until

NOW = datetime(2026, 11, 22, 3, 4, 5, tzinfo=UTC)


def test_the_schedule_is_the_published_one_and_then_ends() -> None:
    waits = []
    for failures in range(1, 7):
        at = next_attempt(failures, now=NOW, chance=0.5)
        assert at is not None
        waits.append((at - NOW).total_seconds())
    assert [0, *waits] == pytest.approx([0, 5, 300, 1800, 7200, 18000, 36000])
    assert next_attempt(7, now=NOW, chance=0.5) is None
    assert SCHEDULE[0] == timedelta(0)


@pytest.mark.parametrize(("chance", "share"), [(0.0, 0.9), (0.25, 0.95), (0.999999, 1.1)])
def test_jitter_moves_by_a_tenth_both_ways(chance: float, share: float) -> None:
    at = next_attempt(2, now=NOW, chance=chance)
    assert at is not None
    assert (at - NOW).total_seconds() == pytest.approx(300 * share, rel=1e-4)


def test_retry_after_moves_an_attempt_back_never_forward_and_at_most_a_day() -> None:
    assert next_attempt(1, now=NOW, chance=0.5, retry_after=timedelta(minutes=2)) == NOW + timedelta(minutes=2)
    assert next_attempt(2, now=NOW, chance=0.5, retry_after=timedelta(seconds=1)) == NOW + timedelta(minutes=5)
    assert next_attempt(1, now=NOW, chance=0.5, retry_after=timedelta(days=30)) == NOW + LONGEST_WAIT
    assert next_attempt(7, now=NOW, chance=0.5, retry_after=timedelta(seconds=1)) is None


@pytest.mark.parametrize(
    ("value", "wait"),
    [
        ("120", timedelta(minutes=2)),
        (" 0 ", timedelta(0)),
        ("999999999999999999999999", LONGEST_WAIT),
        ("Sun, 22 Nov 2026 03:09:05 GMT", timedelta(minutes=5)),
        ("Sunday, 22-Nov-26 03:09:05 GMT", timedelta(minutes=5)),
        ("Sun, 22 Nov 2026 03:09:05 -0000", timedelta(minutes=5)),
        ("Sat, 21 Nov 2026 03:09:05 GMT", timedelta(0)),
        ("Fri, 31 Dec 9999 23:59:59 GMT", LONGEST_WAIT),
        (None, None),
        ("", None),
        ("-5", None),
        ("1.5", None),
        ("٣", None),
        ("soon", None),
        ("Sun, 99 Nov 2026 99:99:99 GMT", None),
        ("Sun, 22 Nov 99999999999 03:09:05 GMT", None),
        ("Sun, 22 Nov 2026 03:09:05 +9999999999", None),
    ],
)
def test_retry_after_is_read_in_both_forms_and_junk_counts_as_absent(value: str | None, wait: timedelta | None) -> None:
    assert parse_retry_after(value, NOW) == wait


def test_a_receiver_is_left_alone_until_one_message_tries_it_two_minutes_at_most_or_as_it_asks() -> None:
    soon, late = NOW + timedelta(seconds=5), NOW + timedelta(hours=10)
    assert pause_until(soon, now=NOW) == soon
    assert pause_until(late, now=NOW) == NOW + LONGEST_PAUSE
    assert pause_until(None, now=NOW) == NOW + LONGEST_PAUSE
    assert pause_until(soon, now=NOW, retry_after=timedelta(hours=1)) == NOW + timedelta(hours=1)
    assert pause_until(soon, now=NOW, retry_after=timedelta(days=30)) == NOW + LONGEST_WAIT
