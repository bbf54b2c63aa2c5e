from datetime import timedelta

import pytest
from sqlalchemy import Engine

from storage.cases import case_detail
from storage.database import transaction
from storage.outbox import (
    ClaimedDelivery,
    DeliveryNotFound,
    NewDelivery,
    Outcome,
    ReplayRefused,
    add_repeat,
    claim_deliveries,
    enable_receiver,
    list_deliveries,
    pending_intents,
    receiver_disabled,
    record_outcomes,
    replay,
    route_intents,
)
from storage.schema import Attempt
from tests.storage.examples import MINUTE, NOW, WAIT, an_item, count, see, switched_off

LEASE = timedelta(seconds=60)
PAYLOAD = '{"why": "星野電機\\u0000", "x": "\\\\"}'


@pytest.fixture
def case(engine: Engine) -> int:
    return see(engine, an_item()).cases[0]


@pytest.fixture
def message(engine: Engine, case: int) -> str:
    """The id of one pending delivery to "legal"."""
    with transaction(engine) as session:
        [intent] = pending_intents(session, NOW + WAIT)
        [delivery] = route_intents(session, {intent.id: [NewDelivery(receiver="legal", payload=PAYLOAD)]}, NOW)
    return delivery


def claim(engine: Engine, seconds: float = 0, worker: str = "w1", limit: int = 10) -> list[ClaimedDelivery]:
    with transaction(engine) as session:
        return claim_deliveries(session, now=NOW + timedelta(seconds=seconds), limit=limit, lease=LEASE, worker=worker)


def fail(engine: Engine, message: str, seconds: float, retry_in: float | None = None) -> None:
    now = NOW + timedelta(seconds=seconds)
    retry_at = None if retry_in is None else now + timedelta(seconds=retry_in)
    with transaction(engine) as session:
        outcome = Outcome(delivery_id=message, at=now, ok=False, status=503, detail="503", retry_at=retry_at)
        record_outcomes(session, [outcome])


def succeed(engine: Engine, message: str) -> None:
    with transaction(engine) as session:
        record_outcomes(session, [Outcome(delivery_id=message, at=NOW, ok=True, status=200, detail="accepted")])


def test_an_intent_is_due_after_its_wait(engine: Engine, case: int) -> None:
    with transaction(engine) as session:
        assert pending_intents(session, NOW + WAIT - timedelta(microseconds=1)) == []
        [intent] = pending_intents(session, NOW + WAIT)
    assert (intent.case_id, intent.reason, intent.count) == (case, "first", 1)


def test_routing_settles_the_intent(engine: Engine, case: int) -> None:
    both = [NewDelivery(receiver="legal", payload="{}"), NewDelivery(receiver="soc", payload="{}")]
    with transaction(engine) as session:
        ids = route_intents(session, {1: both}, NOW)
    with transaction(engine) as session:
        assert pending_intents(session, NOW + MINUTE) == []
    assert len(set(ids)) == 2
    assert all(len(one) == 30 and one.startswith("msg_") for one in ids)
    assert sorted(one.id for one in claim(engine)) == sorted(ids)


def test_items_after_routing_make_an_intent_of_their_own(engine: Engine, message: str) -> None:
    see(engine, an_item(2), at=NOW + MINUTE)
    with transaction(engine) as session:
        assert [one.reason for one in pending_intents(session, NOW + 10 * MINUTE)] == ["new_items"]


def test_repeat_is_pending_once_beside_others(engine: Engine, case: int) -> None:
    with transaction(engine) as session:
        add_repeat(session, case, NOW)
        add_repeat(session, case, NOW + MINUTE)
        found = pending_intents(session, NOW + MINUTE)
    assert sorted((one.reason, one.due_at) for one in found) == [("first", NOW + WAIT), ("repeat", NOW)]


def test_a_claimed_delivery_is_nobody_elses_until_its_lease_runs_out(engine: Engine, message: str) -> None:
    [mine] = claim(engine)
    assert (mine.id, mine.receiver, mine.payload, mine.attempt) == (message, "legal", PAYLOAD, 1)
    assert claim(engine, seconds=59, worker="w2") == []
    assert claim(engine, seconds=60, worker="w2") == [mine]


def test_retry_comes_at_its_time_with_the_same_id_and_payload(engine: Engine, message: str) -> None:
    claim(engine)
    fail(engine, message, 1, retry_in=5)
    assert claim(engine, seconds=5) == []
    [again] = claim(engine, seconds=6)
    assert (again.id, again.payload, again.attempt) == (message, PAYLOAD, 2)


def test_sent_is_the_end(engine: Engine, message: str) -> None:
    claim(engine)
    succeed(engine, message)
    assert claim(engine, seconds=9999) == []
    with transaction(engine) as session:
        [view] = list_deliveries(session, ["sent"])
    assert (view.state, view.attempts, view.status, view.detail) == ("sent", 1, 200, "accepted")
    assert (view.settled_at, view.reason, view.case_id) == (NOW, "first", 1)


def test_dead_is_visible_and_can_be_sent_again(engine: Engine, message: str) -> None:
    claim(engine)
    fail(engine, message, 1)
    assert claim(engine, seconds=9999) == []
    with transaction(engine) as session:
        [view] = list_deliveries(session, ["dead"])
        assert (view.id, view.status, view.detail) == (message, 503, "503")
        replay(session, message, NOW + MINUTE)
    [again] = claim(engine, seconds=60)
    assert (again.id, again.payload, again.attempt) == (message, PAYLOAD, 1)
    succeed(engine, message)
    assert count(engine, Attempt) == 2


def test_only_the_dead_are_replayed(engine: Engine, message: str) -> None:
    with pytest.raises(ReplayRefused, match="is pending"), transaction(engine) as session:
        replay(session, message, NOW)


def test_a_late_failure_does_not_undo_a_success(engine: Engine, message: str) -> None:
    """Two workers, because the first one's lease ran out while it was sending."""
    claim(engine, worker="w1")
    claim(engine, seconds=61, worker="w2")
    succeed(engine, message)
    fail(engine, message, 62)
    fail(engine, message, 63, retry_in=5)
    assert claim(engine, seconds=999) == []
    with transaction(engine) as session:
        assert [view.state for view in list_deliveries(session)] == ["sent"]


def test_a_late_success_counts(engine: Engine, message: str) -> None:
    claim(engine)
    fail(engine, message, 1)
    succeed(engine, message)
    with transaction(engine) as session:
        assert [view.state for view in list_deliveries(session)] == ["sent"]


def test_unknown_delivery(engine: Engine) -> None:
    with pytest.raises(DeliveryNotFound):
        succeed(engine, "msg_none")


def test_deliveries_to_a_disabled_receiver_wait(engine: Engine, message: str) -> None:
    with transaction(engine) as session:
        assert receiver_disabled(session, "legal") is None
        switched_off(session, "legal", "answered 410", NOW)
        switched_off(session, "legal", "answered 410 again", NOW)
        assert receiver_disabled(session, "legal") == "answered 410 again"
    assert claim(engine) == []
    with transaction(engine) as session:
        enable_receiver(session, "legal")
        assert receiver_disabled(session, "legal") is None
    assert [one.id for one in claim(engine)] == [message]


def test_claims_are_limited_and_oldest_first(engine: Engine) -> None:
    for number in (1, 2, 3):
        see(engine, an_item(number, host=f"hoshino-{number}.test"))
    with transaction(engine) as session:
        for intent, minutes in ((1, 3), (2, 1), (3, 2)):
            delivery = NewDelivery(receiver="legal", payload=str(minutes))
            route_intents(session, {intent: [delivery]}, NOW + minutes * MINUTE)
    assert [one.payload for one in claim(engine, seconds=600, limit=2)] == ["1", "2"]


def test_a_case_shows_its_messages(engine: Engine, case: int, message: str) -> None:
    fail(engine, message, 1, retry_in=5)
    with transaction(engine) as session:
        [view] = case_detail(session, case).deliveries
    assert (view.id, view.receiver, view.state, view.attempts, view.detail) == (
        message,
        "legal",
        "pending",
        1,
        "503",
    )
    assert view.next_at == NOW + timedelta(seconds=6)


@pytest.mark.postgres
def test_two_dispatchers_get_different_work(engine: Engine, message: str) -> None:
    if engine.dialect.name == "sqlite":
        pytest.skip("SQLite has one writer at a time")
    see(engine, an_item(2, host="hoshino-outlet.test"))
    with transaction(engine) as first, transaction(engine) as second:
        assert len(pending_intents(first, NOW + MINUTE)) == 1
        assert pending_intents(second, NOW + MINUTE) == []
        assert len(claim_deliveries(first, now=NOW, limit=9, lease=LEASE, worker="w1")) == 1
        assert claim_deliveries(second, now=NOW, limit=9, lease=LEASE, worker="w2") == []
