"""Asking for time stamps: evidence is there whatever the authority does, and the stamp comes when it can."""

import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from safety.egress import EgressRule
from spiders.visits.stamping import NoStamp, StampReport, ask_stamp, stamp_due
from storage.custody import append, chain, check_chain
from storage.database import open_engine, snapshot, transaction, upgrade
from storage.errors import StampRefused
from storage.evidence import keep_file, keep_manifest
from storage.media import MediaStore
from storage.schema import StampRow
from storage.stamp_tokens import LARGEST, check_token, read_roots
from storage.stamps import pending_stamps, want_stamp
from tests.servers.sink import Reply, Sink
from tests.servers.time_stamps import MISSING, OPENSSL, TimeStamps, openssl_verifies

pytestmark = [pytest.mark.asyncio, pytest.mark.skipif(not OPENSSL, reason=MISSING)]

NOW = datetime(2026, 11, 22, 3, 4, 5, tzinfo=UTC)
REPLY = "application/timestamp-reply"


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> TimeStamps:
    return TimeStamps(tmp_path_factory.mktemp("stamping") / "authority")


@pytest.fixture
def authority(certificates: TimeStamps) -> Iterator[TimeStamps]:
    certificates.script.clear()
    certificates.asked.clear()
    with certificates as running:
        yield running


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = open_engine(f"sqlite:///{tmp_path / 'mekiki.db'}")
    upgrade(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def media(tmp_path: Path) -> MediaStore:
    return MediaStore(tmp_path / "media")


def rule(*allow: str, **hosts: str) -> EgressRule:
    return EgressRule.parse(allow or ["127.0.0.1:*"], {name.replace("_", "."): at for name, at in hosts.items()})


def gather(engine: Engine, media: MediaStore, url: str, number: int = 1) -> str:
    """Save evidence that is to get a stamp; return its manifest."""
    subject = f"https://shop-{number}.test/"
    files = [keep_file(media, "warc", b"archive")]
    manifest = keep_manifest(media, action="visit", subject=subject, at=NOW, files=files, facts={})
    with transaction(engine) as session:
        append(session, at=NOW, who="aki", action="visit", subject=subject, manifest=manifest)
        want_stamp(session, manifest, url, NOW)
        return manifest


async def stamp(engine: Engine, media: MediaStore, authority: TimeStamps, now: datetime = NOW) -> StampReport:
    return await stamp_due(
        engine,
        media,
        rule=rule(),
        now=lambda: now,
        roots=read_roots(authority.roots.read_bytes()),
        timeout=timedelta(seconds=20),
    )


def actions(engine: Engine) -> list[str]:
    rows = list(chain(engine))
    assert list(check_chain(rows)) == []
    return [row.action for row in rows]


async def test_a_stamp_is_verified_by_openssl_and_by_us(
    engine: Engine, media: MediaStore, authority: TimeStamps, tmp_path: Path
) -> None:
    manifest = gather(engine, media, authority.url())
    assert await stamp(engine, media, authority) == StampReport(stamped=1, problems=())
    visit, stamped = chain(engine)
    assert (visit.manifest, stamped.manifest, stamped.action) == (manifest, manifest, "stamp")
    token = media.read(stamped.data["token"])
    check_token(token, manifest, read_roots(authority.roots.read_bytes()))
    assert openssl_verifies(token, media.read(manifest), authority.roots, tmp_path)
    assert not openssl_verifies(token, media.read(manifest) + b" ", authority.roots, tmp_path)
    assert await stamp(engine, media, authority) == StampReport(stamped=0, problems=())
    assert len(authority.asked) == 1


def closed_port() -> str:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{taken.getsockname()[1]}/tsr"


async def test_an_authority_that_is_down_is_asked_again_and_the_evidence_is_there(
    engine: Engine, media: MediaStore, authority: TimeStamps
) -> None:
    url = closed_port()
    manifest = gather(engine, media, url)
    for now in (NOW, NOW + timedelta(minutes=1)):
        report = await stamp(engine, media, authority, now)
        assert report.stamped == 0
        assert report.problems == (f"time stamp for {manifest} from {url}: no answer (ClientConnectorError)",)
    assert actions(engine) == ["visit"]
    assert media.read(manifest)
    with transaction(engine) as session:
        session.query(StampRow).update({"authority": authority.url()})  # it comes up where it was
    assert await stamp(engine, media, authority, NOW + timedelta(minutes=10)) == StampReport(stamped=0, problems=())
    assert (await stamp(engine, media, authority, NOW + timedelta(minutes=11))).stamped == 1
    assert actions(engine) == ["visit", "stamp"]


async def test_whatever_the_authority_answers_the_stamp_stays_wanted_until_it_is_right(
    engine: Engine, media: MediaStore, authority: TimeStamps
) -> None:
    manifest = gather(engine, media, authority.url())
    authority.script.extend(
        [
            lambda _, request: (503, "text/plain", b"later"),
            lambda _, request: (302, "text/plain", b""),
            lambda _, request: (200, REPLY, b"garbage"),
            lambda _, request: (200, "text/html", b"<html>"),
            lambda tsa, request: (200, REPLY, tsa.token(b"something else")),
            lambda tsa, request: (200, REPLY, tsa.reply(request.replace(bytes.fromhex(manifest), b"x" * 32))),
            lambda tsa, request: (200, REPLY, tsa.reply(request[:-3])),
            lambda _, request: (200, REPLY, b"x" * (LARGEST + 1)),
        ]
    )
    now, said = NOW, []
    for _ in range(8):
        [problem] = (await stamp(engine, media, authority, now)).problems
        said.append(problem.rpartition(": ")[2])
        now += timedelta(days=1)
    assert said == [
        "the authority answered 503",
        "the authority answered 302",
        "the answer is no time stamp",
        "the answer is not of the type application/timestamp-reply",
        "the answer is to another request",
        "the time stamp is about something else",
        "the authority refused to stamp (status 2)",
        "the answer is too large for a time stamp",
    ]
    with snapshot(engine) as session:
        assert pending_stamps(session) == 1
    assert actions(engine) == ["visit"]
    assert (await stamp(engine, media, authority, now)).stamped == 1
    assert actions(engine) == ["visit", "stamp"]


async def test_an_authority_that_fails_is_left_alone_for_the_pass_and_others_are_asked(
    engine: Engine, media: MediaStore, authority: TimeStamps
) -> None:
    with Sink(*[Reply(status=500)] * 9) as broken:
        for number in (1, 2, 3):
            gather(engine, media, broken.url(), number)
        gather(engine, media, authority.url(), 4)
        report = await stamp(engine, media, authority)
        assert (report.stamped, len(report.problems), len(broken.received)) == (1, 1, 1)


async def test_a_manifest_that_is_gone_is_told_and_delays_nothing(
    engine: Engine, media: MediaStore, authority: TimeStamps
) -> None:
    lost = gather(engine, media, authority.url(), 1)
    gather(engine, media, authority.url(), 2)
    media.path(lost).unlink()
    report = await stamp(engine, media, authority)
    assert report.stamped == 1
    assert report.problems == (f"time stamp for {lost} from {authority.url()}: the media store has no file {lost}",)


async def test_a_stamp_of_an_authority_that_nobody_trusts_is_not_kept(
    engine: Engine, media: MediaStore, authority: TimeStamps, tmp_path: Path
) -> None:
    gather(engine, media, authority.url())
    other = TimeStamps(tmp_path / "other")
    [problem] = (await stamp(engine, media, other)).problems
    assert problem.endswith("leads to none of the given roots")
    assert actions(engine) == ["visit"]


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "0", "[::ffff:127.0.0.1]", "pinned.example"])
async def test_no_authority_is_asked_at_an_address_that_is_not_public(authority: TimeStamps, host: str) -> None:
    with pytest.raises(NoStamp):
        await ask_stamp(authority.url(host), b"data", rule=rule("127.0.0.1:1", pinned_example="127.0.0.1"))
    assert authority.asked == []


async def test_why_an_internal_authority_is_not_asked(authority: TimeStamps) -> None:
    with pytest.raises(NoStamp, match=r"egress\.allow"):
        await ask_stamp(authority.url(), b"data", rule=rule("127.0.0.1:1"))


async def test_a_pinned_name_is_asked_at_its_address(authority: TimeStamps) -> None:
    token = await ask_stamp(authority.url("tsa.example"), b"data", rule=rule(tsa_example="127.0.0.1"))
    assert token


async def test_a_redirect_is_not_followed(authority: TimeStamps) -> None:
    with Sink(Reply(status=307, headers={"Location": authority.url()})) as sink:
        with pytest.raises(NoStamp, match="answered 307"):
            await ask_stamp(sink.url(), b"data", rule=rule())
        [request] = sink.received
    assert authority.asked == []
    assert request.headers["content-type"] == "application/timestamp-query"


@pytest.mark.parametrize("reply", [Reply(drop=True), Reply(headers={"Content-Type": REPLY}, endless=True)], ids=str)
async def test_an_answer_that_does_not_come_ends(reply: Reply) -> None:
    with Sink(reply) as sink, pytest.raises(NoStamp, match="no answer"):
        await ask_stamp(sink.url(), b"data", rule=rule(), timeout=timedelta(seconds=1))


async def test_an_answer_without_end_is_not_read_to_its_end() -> None:
    reply = Reply(headers={"Content-Type": REPLY}, body=b"x" * (LARGEST + 1), endless=True)
    with Sink(reply) as sink, pytest.raises(NoStamp, match="too large"):
        await ask_stamp(sink.url(), b"data", rule=rule(), timeout=timedelta(seconds=15))


async def test_what_the_authority_refuses_is_no_fault_of_the_way(authority: TimeStamps) -> None:
    authority.script.append(lambda tsa, request: (200, REPLY, tsa.reply(b"no request")))
    with pytest.raises(StampRefused):
        await ask_stamp(authority.url(), b"data", rule=rule())


@pytest.mark.parametrize("url", ["http://", "http://[::1", "ftp://127.0.0.1/", "not a url", "http://no-such.invalid/"])
async def test_an_address_that_is_none(url: str) -> None:
    with pytest.raises(NoStamp, match="no answer"):
        await ask_stamp(url, b"data", rule=rule())
