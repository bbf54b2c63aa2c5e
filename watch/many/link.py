"""Link: what PgQueuer talks to PostgreSQL through, so that a worker outlives a restart of the server.

Its own driver ends with its connection, and a worker would have to end with it. Here a statement that met a lost
connection, a full disk or a server that is not up yet is sent again until it is taken: all that PgQueuer sends does no
harm twice (a claim whose answer was lost is taken back when its lease has run out). Notifications have a connection of
their own, for waiting for them keeps a connection busy.
"""

import asyncio
from asyncio import Event, Lock, Task
from collections.abc import Awaitable, Callable
from contextlib import suppress
from itertools import chain, repeat
from time import monotonic
from typing import Any, Self, TypeVar

import psycopg
from pgqueuer.core.tm import TaskManager
from pgqueuer.ports.driver import NotifyCallback
from psycopg import AsyncConnection, AsyncRawCursor, sql
from psycopg.errors import ReadOnlySqlTransaction
from psycopg.rows import dict_row
from sqlalchemy import Engine

from safety.screen import screen

PAUSES = (0.1, 0.2, 0.5, 1.0, 2.0)  # seconds between two tries; the last one again and again
OUTAGE = (psycopg.OperationalError, psycopg.InterfaceError, ReadOnlySqlTransaction)  # over by itself, or by an operator
# A peer that vanished without a word is noticed after 10 + 3 x 5 seconds, here and, by the same settings, at the
# server, which then frees what the session held.
ALIVE = {"keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3, "tcp_user_timeout": 25_000}
ALIVE_THERE = (
    "SELECT set_config('tcp_keepalives_idle', '10', false), set_config('tcp_keepalives_interval', '5', false),"
    " set_config('tcp_keepalives_count', '3', false)"
)
HURRIES = 0.2  # seconds between two wake-ups: a busy queue notifies hundreds of times a second, and one look takes all

Connection = AsyncConnection[Any]
T = TypeVar("T")


async def connect(engine: Engine, name: str) -> Connection:
    """Open a connection beside those of the engine, to the same database.

    Args:
        engine: on PostgreSQL.
        name: what the server calls the session, at most 63 bytes.

    Raises:
        psycopg.OperationalError: it cannot be opened.
    """
    _, options = engine.dialect.create_connect_args(engine.url)
    options.pop("context", None)  # the engine's own ways to read and write types
    known: dict[str, Any] = {"connect_timeout": 5, **ALIVE, **options, "application_name": name}
    connection: Connection = await AsyncConnection.connect(**known, autocommit=True)
    try:
        await connection.execute(ALIVE_THERE)
    except BaseException:  # a worker that is told to stop just then, too
        await connection.close()
        raise
    return connection


class Link:
    """A driver of PgQueuer (`pgqueuer.ports.driver.Driver`), shared by all that one process does with the queue."""

    def __init__(self, open_one: Callable[[], Awaitable[Connection]], say: Callable[[str], None]) -> None:
        """Connect when first used.

        Args:
            open_one: opens a connection with autocommit.
            say: takes one line for the operator, when the server is lost and when it is found again.
        """
        self._open, self._say = open_one, say
        self._connection: Connection | None = None
        self._making = Lock()
        self._lost_at: float | None = None
        self.made_at = monotonic()  # when the connection was made
        self._ended = False
        self._callbacks: dict[str, list[NotifyCallback]] = {}
        self._listening: Task[None] | None = None
        self._resting: set[str] = set()  # channels that were just handed on
        self._owed: set[str] = set()  # of these, those that have something to hand on again
        self._shutdown, self._tm = Event(), TaskManager()

    @property
    def age(self) -> float:
        """Seconds since the connection was made."""
        return monotonic() - self.made_at

    @property
    def shutdown(self) -> Event:
        """Set when no new work should be taken."""
        return self._shutdown

    @property
    def tm(self) -> TaskManager:
        """Tasks that PgQueuer wants to be waited for; there are none."""
        return self._tm

    async def __aenter__(self) -> Self:
        """Do nothing: the link outlives those who use it."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Do nothing, either."""

    def give_up(self) -> None:
        """Let a statement that meets an outage from now on fail, instead of waiting for the server."""
        self._ended = True

    async def aclose(self) -> None:
        """Close what is open."""
        self.give_up()
        if self._listening is not None:
            self._listening.cancel()
            with suppress(asyncio.CancelledError):
                await self._listening
        if self._connection is not None:
            await self._connection.close()

    async def fetch(self, query: str, *args: object) -> list[dict[str, object]]:
        """Return the rows of a statement.

        Raises:
            psycopg.Error: it is refused; an outage alone is waited for, unless the link was given up.
        """

        async def once(connection: Connection) -> list[dict[str, object]]:
            cursor = AsyncRawCursor(connection, row_factory=dict_row)
            await cursor.execute(query, args or None)
            return await cursor.fetchall()

        return await self._until_taken(once)

    async def execute(self, query: str, *args: object) -> str:
        """Run a statement; return what the server says of it. Raises as `fetch` does."""

        async def once(connection: Connection) -> str:
            cursor = AsyncRawCursor(connection)
            await cursor.execute(query, args or None)
            return cursor.statusmessage or ""

        return await self._until_taken(once)

    async def notify(self, channel: str, payload: str) -> None:
        """Notify all who listen to a channel."""
        await self.execute("SELECT pg_notify($1, $2)", channel, payload)

    async def add_listener(self, channel: str, callback: NotifyCallback) -> None:
        """Hand the notifications of a channel to a function, over all restarts."""
        if self._listening is None:
            self._listening = asyncio.create_task(self._listen(channel))
        self._callbacks.setdefault(channel, []).append(callback)

    async def _until_taken(self, once: Callable[[Connection], Awaitable[T]]) -> T:
        for pause in chain(PAUSES, repeat(PAUSES[-1])):
            try:
                result = await once(await self._connected())
            except OUTAGE as error:
                if self._ended:
                    raise
                self._lose(error)
                await asyncio.sleep(pause)
            else:
                self._find()
                return result
        raise AssertionError("there is always another pause")

    async def _connected(self) -> Connection:
        async with self._making:
            if self._connection is None or self._connection.closed:
                self._connection = await self._open()
                self.made_at = monotonic()
            return self._connection

    def _lose(self, error: Exception) -> None:
        if isinstance(error, ReadOnlySqlTransaction) and self._connection is not None:
            self._connection.pgconn.finish()  # of a server that follows now: another may lead
        if self._lost_at is None:
            self._lost_at = monotonic()
            self._say(f"queue: trying again: PostgreSQL cannot be used: {screen(_first_line(error))}")

    def _find(self) -> None:
        if self._lost_at is not None:
            self._say(f"queue: PostgreSQL can be used again, after {monotonic() - self._lost_at:.1f} s")
            self._lost_at = None

    async def _listen(self, channel: str) -> None:
        pauses = chain(PAUSES, repeat(PAUSES[-1]))
        while True:
            connection = None
            try:
                connection = await self._open()
                await connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(channel)))
                pauses = chain(PAUSES, repeat(PAUSES[-1]))
                async for note in connection.notifies():
                    self._hand_on(note.channel, note.payload)
            except OUTAGE:  # said by the statements; meanwhile the queue is looked at again and again
                await asyncio.sleep(next(pauses))
            finally:
                if connection is not None:
                    await connection.close()

    def _hand_on(self, channel: str, payload: str) -> None:
        """Hand a notification on; of those that only say that the queue has changed, one each `HURRIES`."""
        if "table_changed_event" not in payload:
            self._call(channel, payload)
        elif channel in self._resting:
            self._owed.add(channel)
        else:
            self._call(channel, payload)
            self._resting.add(channel)
            asyncio.get_running_loop().call_later(HURRIES, self._rested, channel, payload)

    def _rested(self, channel: str, payload: str) -> None:
        self._resting.remove(channel)
        if channel in self._owed:
            self._owed.remove(channel)
            self._hand_on(channel, payload)

    def _call(self, channel: str, payload: str) -> None:
        for callback in self._callbacks.get(channel, ()):
            callback(payload)


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0] or type(error).__name__
