"""MailSink: a real SMTP relay on loopback (aiosmtpd in a thread) that keeps what it is given and refuses as told."""

import asyncio
import ssl
import threading
from dataclasses import dataclass
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from types import TracebackType
from typing import Any, Self

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """One message as it came."""

    sender: str
    recipients: tuple[str, ...]
    raw: bytes
    user: str | None  # who had logged in

    @property
    def message(self) -> EmailMessage:
        parsed = BytesParser(policy=default).parsebytes(self.raw)
        assert isinstance(parsed, EmailMessage)
        return parsed


class MailSink:
    """Takes mail; `refuse` maps a command or a recipient to the reply it gets instead."""

    def __init__(
        self,
        *,
        refuse: dict[str, str] | None = None,
        hang: bool = False,
        mute: bool = False,
        tls: ssl.SSLContext | None = None,
        accounts: dict[str, str] | None = None,
    ) -> None:
        self.refuse = dict(refuse or {})
        self.mails: list[Mail] = []
        self.logins: list[str] = []
        self._hang = hang
        self.mute = mute  # takes messages and never says so
        self._tls = tls
        self._accounts = accounts
        self._open: list[SMTP] = []
        self._started = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.port = 0

    async def handle_MAIL(
        self, server: Any, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self._hang:
            await asyncio.sleep(3600)
        if "MAIL" in self.refuse:
            return self.refuse["MAIL"]
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(
        self, server: Any, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in self.refuse:
            return self.refuse[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Session, envelope: Envelope) -> str:
        if "DATA" in self.refuse:
            return self.refuse["DATA"]
        content = envelope.original_content
        assert content is not None
        self.mails.append(
            Mail(
                sender=str(envelope.mail_from),
                recipients=tuple(map(str, envelope.rcpt_tos)),
                raw=content,
                user=self.logins[-1] if session.authenticated else None,
            )
        )
        if self.mute:
            await asyncio.sleep(3600)
        return "250 OK"

    def _authenticate(self, server: Any, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
        user, password = data.login.decode(), data.password.decode()
        self.logins.append(user)
        known = (self._accounts or {}).get(user) == password
        if known:
            return AuthResult(success=True, auth_data=user.encode())
        message = f"535 5.7.8 wrong password {password} for {user}"  # a relay that repeats what it was given
        return AuthResult(success=False, handled=False, message=message)

    def _protocol(self) -> SMTP:
        protocol = SMTP(
            self,
            loop=self._loop,
            hostname="relay.example",
            tls_context=self._tls,
            authenticator=self._authenticate if self._accounts is not None else None,
            auth_required=self._accounts is not None,
        )
        self._open.append(protocol)
        return protocol

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)

        server = self._loop.run_until_complete(self._loop.create_server(self._protocol, "127.0.0.1", 0))
        self.port = server.sockets[0].getsockname()[1]
        self._started.set()
        self._loop.run_forever()
        server.close()
        self._loop.run_until_complete(self._hang_up())
        self._loop.close()

    async def _hang_up(self) -> None:
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for protocol in self._open:
            if protocol.transport is not None:
                protocol.transport.close()
        await asyncio.sleep(0)

    def __enter__(self) -> Self:
        self._thread.start()
        self._started.wait()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
