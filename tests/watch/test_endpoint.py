"""The pages for Prometheus and a supervisor, asked over real sockets, politely and otherwise."""

import asyncio
import json
import shutil
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, event

from config import Config, load
from storage.database import open_engine, transaction, upgrade
from storage.runs import finish_run, start_run
from watch.observability import endpoint
from watch.observability.endpoint import MOST_CLIENTS, EndpointUnavailable, serve
from watch.observability.meter import Meter

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
CONFIG = """
[crawler]
contact = "brand@hoshino-denki.example"
[[source]]
key = "shop"
kind = "web"
urls = ["https://shop.test/"]
every = "1h"
"""
Address = tuple[str, int]


@pytest.fixture
def config(tmp_path: Path) -> Config:
    (tmp_path / "mekiki.toml").write_text(CONFIG, "utf-8")
    return load(tmp_path / "mekiki.toml")


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with the whole schema and no rows."""
    file = tmp_path_factory.mktemp("template") / "mekiki.db"
    engine = open_engine(f"sqlite:///{file}")
    upgrade(engine)
    engine.dispose()
    return file


@pytest.fixture
def engine(config: Config, template: Path, tmp_path: Path) -> Iterator[Engine]:
    shutil.copy(template, tmp_path / "mekiki.db")
    engine = open_engine(config.storage.database)
    yield engine
    engine.dispose()


async def ask(address: Address, request: bytes) -> tuple[bytes, bytes]:
    """Send bytes; return head and body of the answer."""
    reader, writer = await asyncio.open_connection(*address)
    answer = b""
    with suppress(ConnectionError):
        writer.write(request)
        await writer.drain()
        answer = await reader.read()
    writer.close()
    head, _, body = answer.partition(b"\r\n\r\n")
    return head, body


def get(path: str, host: str = "localhost") -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()


def serving(config: Config, engine: Engine, meter: Meter, use: Callable[[Address], Awaitable[None]]) -> None:
    async def main() -> None:
        async with serve(config, engine, meter, listen="127.0.0.1:0", now=lambda: NOW) as address:
            assert address is not None
            await use(address)

    asyncio.run(main())


def test_the_pages_answer_get_and_nothing_else(config: Config, engine: Engine) -> None:
    async def use(address: Address) -> None:
        for path, status in (
            ("/metrics", b"200"),
            ("/metrics?name[]=x", b"200"),
            ("/health", b"200"),
            ("/health/live", b"200"),
            ("/", b"404"),
            ("/health/", b"404"),
            ("/../etc/passwd", b"404"),
        ):
            head, body = await ask(address, get(path))
            assert head.split()[1] == status, path
            assert b"\r\nServer:" not in head
            assert f"Content-Length: {len(body)}".encode() in head
        for method in (b"POST", b"HEAD", b"PUT", b"OPTIONS"):
            head, _ = await ask(address, method + b" /metrics HTTP/1.1\r\n\r\n")
            assert head.split()[1] == b"405", method

    serving(config, engine, Meter(), use)


@pytest.mark.parametrize(
    "request_",
    [
        b"\r\n\r\n",
        b"GET http://10.0.0.1/ HTTP/1.1\r\n\r\n",
        b"GET /metrics HTTP/2.0\r\n\r\n",
        b"\x16\x03\x01\x00\xff\r\n\r\n",
        b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\n\r\n",
    ],
)
def test_what_is_no_request_is_refused(config: Config, engine: Engine, request_: bytes) -> None:
    async def use(address: Address) -> None:
        head, body = await ask(address, request_)
        assert head.split()[1:2] in ([b"400"], [])  # or reset, while it still sends
        assert b"mekiki_" not in body

    serving(config, engine, Meter(), use)


def test_the_host_header_changes_nothing(config: Config, engine: Engine) -> None:
    async def use(address: Address) -> None:
        answers = [await ask(address, get("/health", host)) for host in ("localhost", "evil.test", "[::1]:80")]
        assert len(set(answers)) == 1

    serving(config, engine, Meter(), use)


def test_clients_that_say_nothing_keep_nobody_out(config: Config, engine: Engine) -> None:
    async def use(address: Address) -> None:
        silent = [
            await asyncio.open_connection(*address, local_addr=(f"127.0.1.{number % 8 + 1}", 0))
            for number in range(2 * MOST_CLIENTS)
        ]
        head, _ = await ask(address, get("/health/live"))
        assert b"200" in head
        first, last = silent[0][0], silent[-1]
        with suppress(ConnectionError):
            assert await first.read() == b""  # the slowest were let go
        last[1].write(get("/health/live"))
        assert b"200" in await last[0].read()
        for _, writer in silent:
            writer.close()

    serving(config, engine, Meter(), use)


def test_one_address_has_a_share_of_the_places(config: Config, engine: Engine) -> None:
    async def use(address: Address) -> None:
        reader, writer = await asyncio.open_connection(*address, local_addr=("127.0.1.1", 0))
        writer.write(get("/health/live")[:20])
        many = [await asyncio.open_connection(*address) for _ in range(2 * MOST_CLIENTS)]
        await asyncio.sleep(0.1)  # all are met
        writer.write(get("/health/live")[20:])
        assert b"200" in await reader.read()
        head, _ = await ask(address, get("/health/live"))
        assert b"200" in head
        for _, one in [(reader, writer), *many]:
            one.close()

    serving(config, engine, Meter(), use)


def test_a_database_that_hangs_is_told_and_holds_no_places(
    config: Config, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(endpoint, "PATIENCE", 0.2)
    again = threading.Event()
    event.listen(engine, "checkout", lambda *_: again.wait(60))

    async def use(address: Address) -> None:
        for path in ("/metrics", "/health"):
            head, body = await ask(address, get(path))
            assert b"503" in head
            assert b"the database did not answer within 0.2 s" in body
        head, _ = await ask(address, get("/health/live"))
        assert b"200" in head
        again.set()

    serving(config, engine, Meter(), use)


def test_who_asked_in_time_is_answered_by_a_process_that_was_too_busy_to_look(
    config: Config, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(endpoint, "MOST_SECONDS", 0.5)

    async def use(address: Address) -> None:
        reader, writer = await asyncio.open_connection(*address)
        await asyncio.sleep(0.1)  # the server waits for the request
        writer.write(get("/health/live"))
        time.sleep(0.6)  # the loop stands still, the time is over
        assert (await reader.read()).split()[1:2] == [b"200"]
        writer.close()

    serving(config, engine, Meter(), use)


def test_a_loop_that_stands_still_is_told_with_the_reason(config: Config, engine: Engine) -> None:
    clock = [0.0]
    meter = Meter(clock=lambda: clock[0])

    async def use(address: Address) -> None:
        clock[0] = 31.0
        for path in ("/health", "/health/live"):
            head, body = await ask(address, get(path))
            assert head.split()[1] == b"503"
            assert json.loads(body)["reasons"] == ["the loop has not gone round for 31 s"]
        meter.turn()
        head, _ = await ask(address, get("/health/live"))
        assert head.split()[1] == b"200"

    serving(config, engine, meter, use)


def test_work_that_is_due_and_not_done_is_told_unless_this_process_is_at_it(config: Config, engine: Engine) -> None:
    with transaction(engine) as session:
        finish_run(session, start_run(session, "shop", NOW - timedelta(hours=2)), NOW, "ok", {})
    clock = [0.0]
    meter = Meter(clock=lambda: clock[0])

    async def use(address: Address) -> None:
        clock[0] = 16 * 60.0
        meter.turn()
        head, body = await ask(address, get("/health"))
        assert head.split()[1] == b"503"
        assert "(crawl) since 2026-11-23 08:00Z" in json.loads(body)["reasons"][0]
        with meter.job("visit"):  # its children are busy
            head, _ = await ask(address, get("/health"))
            assert head.split()[1] == b"200"
        clock[0] += 16 * 60.0
        meter.turn()
        with meter.job("deliver"):  # which does not wait for children
            head, _ = await ask(address, get("/health"))
            assert head.split()[1] == b"503"

    serving(config, engine, meter, use)


def test_a_worker_for_other_queues_is_not_to_blame(config: Config, engine: Engine) -> None:
    with transaction(engine) as session:
        finish_run(session, start_run(session, "shop", NOW - timedelta(hours=2)), NOW, "ok", {})
    clock = [0.0]
    meter = Meter(["deliver"], clock=lambda: clock[0])

    async def use(address: Address) -> None:
        clock[0] = 3600.0
        meter.turn()
        head, _ = await ask(address, get("/health"))
        assert head.split()[1] == b"200"

    serving(config, engine, meter, use)


def test_a_database_that_is_gone_is_told_but_the_process_lives(config: Config, engine: Engine, tmp_path: Path) -> None:
    engine.dispose()
    for file in tmp_path.glob("mekiki.db*"):
        file.unlink()
    (tmp_path / "mekiki.db").mkdir()

    async def use(address: Address) -> None:
        head, body = await ask(address, get("/health"))
        assert head.split()[1] == b"503"
        assert "the database cannot be used" in json.loads(body)["reasons"][0]
        assert b"mekiki_database_up 0.0" in (await ask(address, get("/metrics")))[1]
        assert (await ask(address, get("/health/live")))[0].split()[1] == b"200"

    serving(config, engine, Meter(), use)


def test_nothing_listens_unless_it_is_asked_for(config: Config, engine: Engine) -> None:
    async def main() -> None:
        async with serve(config, engine, Meter(), listen=None, now=lambda: NOW) as address:
            assert address is None

    asyncio.run(main())


def test_an_address_that_is_taken_is_said_in_words(config: Config, engine: Engine) -> None:
    async def use(address: Address) -> None:
        taken = f"{address[0]}:{address[1]}"
        with pytest.raises(EndpointUnavailable, match=f"{taken}: .*; free that port, or name another one by --listen"):
            async with serve(config, engine, Meter(), listen=taken, now=lambda: NOW):
                pass

    serving(config, engine, Meter(), use)
