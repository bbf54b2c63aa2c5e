"""How fast alerts leave a big store, whom a slow receiver holds up, and what a list of cases costs there.

`python -m benchmarks.alerts --items N --database URL [--told M]` fills the database if it is empty (benchmarks.stores);
then, to sinks on loopback in a process of their own:

    one, five     M cases become due at once, for one receiver, for five; routed, signed, sent, recorded
    slow          20 cases a second for ten seconds, for five receivers of which one takes a second for each answer:
                  from the moment that a case is due to its arrival at the four others
    list          the first page of `list_cases` under several filters
"""

import argparse
import asyncio
import base64
import json
import multiprocessing
import os
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, select, text

from alerts.dispatch import dispatch_due
from benchmarks.stores import fill, stored_items
from config import Config
from storage.case_list import list_cases
from storage.database import open_engine, snapshot, transaction, upgrade
from storage.intents import Grouping, tell_of_items
from storage.media import MediaStore
from storage.schema import Case
from storage.views import CaseFilters

SLOW = 1.0  # seconds that a slow receiver takes to answer
RATE, SECONDS = 20, 10  # cases that become due while one receiver is slow
_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Sinks:
    """Servers that take posts, each connection kept, in a process of their own."""

    def __init__(self, delays: Sequence[float]) -> None:
        """Take the seconds that each one lets pass before it answers."""
        self._said, saying = multiprocessing.Pipe()
        self._process = multiprocessing.get_context("fork").Process(target=_serve, args=(list(delays), saying))
        self._process.start()
        self.ports: list[int] = self._said.recv()

    def close(self) -> list[list[tuple[float, str, int]]]:
        """Return, for each, what it took: time, id of the message, number of the case."""
        self._said.send(None)
        received: list[list[tuple[float, str, int]]] = self._said.recv()
        self._process.join()
        return received


def _serve(delays: list[float], saying: Connection) -> None:
    received: list[list[tuple[float, str, int]]] = [[] for _ in delays]

    async def take(number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower().split("\r\n")
                fields = dict(line.split(": ", 1) for line in head[1:] if ": " in line)
                body = await reader.readexactly(int(fields["content-length"]))
                case = json.loads(body)["data"]["case"]["id"]
                received[number].append((time.time(), fields["webhook-id"], case))
                await asyncio.sleep(delays[number])
                writer.write(_ANSWER)
                await writer.drain()
        writer.close()

    async def serve() -> None:
        servers = []
        for number in range(len(delays)):
            servers.append(await asyncio.start_server(_taker(take, number), "127.0.0.1", 0))
        saying.send([server.sockets[0].getsockname()[1] for server in servers])
        while not saying.poll():
            await asyncio.sleep(0.05)
        saying.recv()

    asyncio.run(serve())
    saying.send(received)


def _taker(take: Callable[..., Any], number: int) -> Callable[..., Any]:
    return lambda reader, writer: take(number, reader, writer)


def _config(folder: Path, ports: Sequence[int]) -> Config:
    (folder / "secret").write_text("whsec_" + base64.b64encode(b"s" * 24).decode())
    receivers = []
    for number, port in enumerate(ports):
        (folder / f"url{number}").write_text(f"http://127.0.0.1:{port}/hook")
        receivers.append(
            {"key": f"r{number}", "channel": "webhook", "url": f"file:url{number}", "signing": ["file:secret"]}
        )
    return Config.model_validate(
        {
            "crawler": {"contact": "https://hoshino-denki.example/contact"},
            "egress": {"allow": ["127.0.0.1:*"]},
            "brand": [{"key": "hoshino", "name": "星野電機"}],
            "receiver": receivers,
            "alerting": {"group_wait": "1s", "group_interval": "1s"},
            "route": [{"receivers": [row["key"] for row in receivers]}],
        },
        context={"base": folder},
    )


def _due(engine: Engine, cases: Sequence[int]) -> None:
    now = datetime.now(UTC) - timedelta(seconds=10)  # the wait of the routes is over
    at_once = Grouping(now=now, wait=timedelta(0), interval=timedelta(0))
    with transaction(engine) as session:
        tell_of_items(session, "new_items", dict.fromkeys(cases, 1), at_once)


def _open_cases(engine: Engine, count: int) -> list[int]:
    with snapshot(engine) as session:
        return list(session.scalars(select(Case.id).where(Case.state == "open").order_by(Case.id.desc()).limit(count)))


async def _dispatch(config: Config, engine: Engine, folder: Path) -> int:
    media = MediaStore(folder / "media")
    return (await dispatch_due(config, engine, media, now=lambda: datetime.now(UTC))).sent


def throughput(engine: Engine, told: int, receivers: int) -> None:
    """Tell of cases that are all due."""
    with tempfile.TemporaryDirectory() as name:
        sinks = Sinks([0.0] * receivers)
        try:
            config = _config(Path(name), sinks.ports)
            _due(engine, _open_cases(engine, told))
            began, used = time.perf_counter(), time.process_time()
            sent = asyncio.run(_dispatch(config, engine, Path(name)))
            took, used = time.perf_counter() - began, time.process_time() - used
        finally:
            received = sinks.close()
    ids = [message for sink in received for _, message, _ in sink]
    assert len(set(ids)) == sent, "something was lost"
    print(
        f"{receivers} receiver(s): {sent} deliveries of {told} cases in {took:.1f} s: {sent / took:.0f}/s, "
        f"{used / sent * 1e3:.1f} ms of CPU each, {len(ids) - len(set(ids))} twice",
        flush=True,
    )


def slow(engine: Engine) -> None:
    """Tell of cases one after the other while one receiver of five is slow."""
    due: dict[int, float] = {}
    cases = _open_cases(engine, RATE * SECONDS)

    async def work(config: Config, folder: Path) -> None:
        async def arrive() -> None:
            for start in range(0, len(cases), RATE // 10):
                some = cases[start : start + RATE // 10]
                due.update(dict.fromkeys(some, time.time()))
                await asyncio.to_thread(_due, engine, some)
                await asyncio.sleep(0.1)

        arriving = asyncio.create_task(arrive())
        while not arriving.done():
            dispatching = asyncio.create_task(_dispatch(config, engine, folder))
            await asyncio.wait([dispatching, arriving], return_when=asyncio.FIRST_COMPLETED)
            if arriving.done():
                await asyncio.sleep(3)  # the four others are through by then
                dispatching.cancel()
            with suppress(asyncio.CancelledError):
                await dispatching
            await asyncio.sleep(0.2)

    with tempfile.TemporaryDirectory() as name:
        sinks = Sinks([SLOW, 0, 0, 0, 0])
        try:
            config = _config(Path(name), sinks.ports)
            asyncio.run(work(config, Path(name)))
        finally:
            received = sinks.close()
    waits = [at - due[case] for sink in received[1:] for at, _, case in sink]
    counts = [len(sink) for sink in received]
    p50, p95 = statistics.median(waits), statistics.quantiles(waits, n=20)[-1]
    print(
        f"one of five takes {SLOW:g} s for each answer: the others get theirs after {p50:.2f} s (median), "
        f"{p95:.2f} s (p95), {max(waits):.2f} s at most; received {counts}",
        flush=True,
    )
    with transaction(engine) as session:  # what the slow one did not get
        session.execute(text("UPDATE deliveries SET state = 'dead', settled_at = created_at WHERE state = 'pending'"))


def lists(engine: Engine) -> None:
    """Time the first page of the list of cases."""
    now = datetime(2026, 11, 22, 4, tzinfo=UTC)
    took: dict[str, list[float]] = defaultdict(list)
    kinds = {
        "open": CaseFilters(),
        "open, score >= 0.9": CaseFilters(min_score=0.9),
        "confirmed": CaseFilters(states=("confirmed",)),
        "one source": CaseFilters(source="youtube"),
    }
    for _ in range(30):
        for name, filters in kinds.items():
            began = time.perf_counter()
            with snapshot(engine) as session:
                list_cases(session, filters, now=now)
            took[name].append((time.perf_counter() - began) * 1e3)
    for name, times in took.items():
        p50, p95 = statistics.median(times), statistics.quantiles(times, n=20)[-1]
        print(f"list of cases, {name}: {p50:.0f} ms (median), {p95:.0f} ms (p95)")


PARTS = ("one", "five", "slow", "list")


def main() -> None:
    """Run the parts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", type=int, default=200_000)
    parser.add_argument("--database", required=True, metavar="URL")
    parser.add_argument("--told", type=int, default=2000, help="cases that become due at once")
    parser.add_argument("--part", action="append", choices=PARTS)
    chosen = parser.parse_args()
    parts = chosen.part or PARTS
    engine = open_engine(chosen.database)
    upgrade(engine)
    if not (items := stored_items(engine)):
        fill(engine, chosen.items)
        items = stored_items(engine)
    print(
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {engine.dialect.name}, {items} items, load {os.getloadavg()[0]:.1f}"
    )
    if "one" in parts:
        throughput(engine, chosen.told, 1)
    if "five" in parts:
        throughput(engine, chosen.told // 4, 5)
    if "slow" in parts:
        slow(engine)
    if "list" in parts:
        lists(engine)
    engine.dispose()


if __name__ == "__main__":
    main()
