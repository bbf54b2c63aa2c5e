"""Time stamps: wanted with the evidence, asked for until they come, kept only if they are about it."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from rfc3161_client import decode_timestamp_response
from sqlalchemy import Engine

from storage.custody import chain, check_chain
from storage.database import transaction
from storage.errors import StampRefused
from storage.media import MediaStore
from storage.schema import StampRow
from storage.stamp_tokens import check_token, read_roots
from storage.stamps import due_stamps, pending_stamps, stamp_done, stamp_failed, want_stamp
from tests.servers.time_stamps import MISSING, OPENSSL, TimeStamps, openssl_verifies
from tests.storage.examples import MINUTE, NOW, count

AUTHORITY = "https://tsa.example/tsr"
needs_openssl = pytest.mark.skipif(not OPENSSL, reason=MISSING)


@pytest.fixture
def media(tmp_path: Path) -> MediaStore:
    return MediaStore(tmp_path / "media")


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TimeStamps]:
    with TimeStamps(tmp_path_factory.mktemp("stamps") / "authority") as running:
        yield running


def want(engine: Engine, manifest: str, at: datetime = NOW) -> None:
    with transaction(engine) as session:
        want_stamp(session, manifest, AUTHORITY, at)


def test_a_stamp_is_wanted_once(engine: Engine) -> None:
    want(engine, "ab" * 32)
    want(engine, "ab" * 32, NOW + MINUTE)
    assert count(engine, StampRow) == 1
    with transaction(engine) as session:
        [due] = due_stamps(session, NOW)
        assert (due.manifest, due.authority, due.attempts) == ("ab" * 32, AUTHORITY, 0)
        assert due_stamps(session, NOW - MINUTE) == []


def test_a_stamp_that_failed_is_asked_for_later_and_never_given_up(engine: Engine) -> None:
    want(engine, "ab" * 32)
    now, waits = NOW, []
    for attempt in range(7):
        with transaction(engine) as session:
            [due] = due_stamps(session, now)
            assert due.attempts == attempt
            stamp_failed(session, due.id, now, "the authority answered 503")
            row = session.get_one(StampRow, due.id)
            assert row.next_at is not None
            waits.append(row.next_at - now)
            assert due_stamps(session, row.next_at - timedelta(seconds=1)) == []
            now = row.next_at
    hour, day = timedelta(hours=1), timedelta(days=1)
    assert waits == [MINUTE, 10 * MINUTE, hour, 6 * hour, day, day, day]
    with transaction(engine) as session:
        assert pending_stamps(session) == 1


def test_those_that_waited_longest_come_first(engine: Engine) -> None:
    for number in range(3):
        want(engine, f"{number}" * 64, NOW - number * MINUTE)
    with transaction(engine) as session:
        assert [due.manifest[0] for due in due_stamps(session, NOW, limit=2)] == ["2", "1"]


@needs_openssl
def test_a_stamp_that_came_is_kept_and_put_into_custody(
    engine: Engine, media: MediaStore, authority: TimeStamps, tmp_path: Path
) -> None:
    manifest = media.put(b'{"a":1}')
    want(engine, manifest)
    token = authority.token(b'{"a":1}')
    roots = read_roots(authority.roots.read_bytes())
    with transaction(engine) as session:
        [due] = due_stamps(session, NOW)
        stamp_failed(session, due.id, NOW, "no answer")
        stamp_done(session, media, due.id, token, NOW, roots=roots)
        stamp_done(session, media, due.id, token, NOW, roots=roots)
        stamp_failed(session, due.id, NOW, "too late")
        row = session.get_one(StampRow, due.id)
        assert (row.problem, row.next_at, row.attempts) == (None, None, 1)
        assert pending_stamps(session) == 0
        assert row.token is not None
        assert media.read(row.token) == token
        assert row.stamped_at is not None
        stamped_at = row.stamped_at
    [entry] = chain(engine)
    assert list(check_chain([entry])) == []
    assert (entry.action, entry.subject, entry.manifest) == ("stamp", AUTHORITY, manifest)
    assert entry.data == {"token": row.token, "stamped_at": stamped_at.isoformat()}
    assert abs(stamped_at - datetime.now(UTC)) < timedelta(hours=1)
    assert openssl_verifies(token, b'{"a":1}', authority.roots, tmp_path)


@needs_openssl
def test_a_stamp_on_something_else_is_refused_and_stays_wanted(
    engine: Engine, media: MediaStore, authority: TimeStamps
) -> None:
    want(engine, media.put(b'{"a":1}'))
    with transaction(engine) as session:
        [due] = due_stamps(session, NOW)
    with pytest.raises(StampRefused, match="about something else"), transaction(engine) as session:
        stamp_done(session, media, due.id, authority.token(b'{"a":2}'), NOW)
    with transaction(engine) as session:
        assert due_stamps(session, NOW) == [due]
    assert list(chain(engine)) == []


@needs_openssl
def test_a_stamp_of_an_authority_that_nobody_trusts_is_refused(
    media: MediaStore, authority: TimeStamps, tmp_path: Path
) -> None:
    digest, token = media.put(b"data"), authority.token(b"data")
    other = TimeStamps(tmp_path / "other")
    assert check_token(token, digest) == check_token(token, digest, read_roots(authority.roots.read_bytes()))
    with pytest.raises(StampRefused, match="none of the given roots"):
        check_token(token, digest, read_roots(other.roots.read_bytes()))
    assert not openssl_verifies(token, b"data", other.roots, tmp_path)
    both = authority.roots.read_bytes() + other.roots.read_bytes()
    assert check_token(token, digest, read_roots(both)) == check_token(token, digest)


@needs_openssl
def test_a_forged_stamp_is_refused(media: MediaStore, authority: TimeStamps) -> None:
    digest, roots = media.put(b"data"), read_roots(authority.roots.read_bytes())
    token = authority.token(b"data")
    year = str(check_token(token, digest, roots).year).encode()
    forged = token.replace(year, b"2020", 1)
    assert forged != token
    assert check_token(forged, digest).year == 2020  # why roots matter
    with pytest.raises(StampRefused, match="none of the given roots"):
        check_token(forged, digest, roots)


@needs_openssl
def test_certificates_in_the_order_in_which_openssl_writes_them(tmp_path: Path) -> None:
    authority = TimeStamps(tmp_path / "authority", with_root=True)
    token = authority.token(b"data")
    with pytest.raises(ValueError, match="InvalidSetOrdering"):
        decode_timestamp_response(token)
    digest = MediaStore(tmp_path / "media").put(b"data")
    check_token(token, digest, read_roots(authority.roots.read_bytes()))
    assert openssl_verifies(token, b"data", authority.roots, tmp_path)


@needs_openssl
def test_no_damaged_stamp_is_more_than_a_refusal(media: MediaStore, authority: TimeStamps) -> None:
    digest, roots = media.put(b"data"), read_roots(authority.roots.read_bytes())
    token = authority.token(b"data")
    for place in range(0, len(token), 3):
        damaged = bytearray(token)
        damaged[place] ^= 0x81
        for some in (roots, ()):
            try:
                check_token(bytes(damaged), digest, some)
            except StampRefused:
                continue


@pytest.mark.parametrize(
    "answer",
    [b"", b"no stamp", b"\x30\x80\x00\x00", b"\x30\x84\xff\xff\xff\xff", b"\x30" * 5000, b"x" * 70_000],
    ids=["empty", "text", "indefinite", "endless", "deep", "large"],
)
def test_what_is_no_stamp_is_refused(answer: bytes) -> None:
    with pytest.raises(StampRefused):
        check_token(answer, "ab" * 32)


def test_roots_are_certificates() -> None:
    with pytest.raises(ValueError, match="PEM"):
        read_roots(b"no certificate")
