"""A mail server on loopback that keeps what it is given, so that the demo's notices arrive somewhere."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from threading import Event, Thread
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """One message as it came."""

    recipients: tuple[str, ...]
    raw: bytes

    @property
    def message(self) -> EmailMessage:
        """Return it parsed."""
        parsed = message_from_bytes(self.raw, policy=default)
        assert isinstance(parsed, EmailMessage)
        return parsed


@dataclass(slots=True, kw_only=True)
class Postbox:
    """A running mail server."""

    port: int = 0
    letters: list[Letter] = field(default_factory=list)
    arrived: Callable[[Letter], None] = lambda letter: None

    async def handle_DATA(self, server: Any, session: Session, envelope: Envelope) -> str:
        """Keep a message; called by the server."""
        letter = Letter(recipients=tuple(envelope.rcpt_tos), raw=envelope.original_content or b"")
        self.letters.append(letter)
        self.arrived(letter)
        return "250 OK"


@contextmanager
def running_postbox() -> Iterator[Postbox]:
    """Take mail on a free loopback port until the block ends."""
    postbox, loop, started = Postbox(), asyncio.new_event_loop(), Event()

    async def listen() -> None:
        server = await loop.create_server(
            lambda: SMTP(postbox, hostname="postbox.test", loop=loop, enable_SMTPUTF8=True), "127.0.0.1", 0
        )
        postbox.port = server.sockets[0].getsockname()[1]
        started.set()

    def run() -> None:
        asyncio.set_event_loop(loop)
        loop.run_until_complete(listen())
        loop.run_forever()

    thread = Thread(target=run, name="demo-postbox", daemon=True)
    thread.start()
    started.wait()
    try:
        yield postbox
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
