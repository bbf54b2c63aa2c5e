"""Relay: the one way out for mail. One message handed to the configured relay, for each recipient taken or refused.

The relay's host comes from the configuration only, so it may be internal and is not held against the egress rule;
pinned names count here too. Certificates are verified; a password never goes over a connection in clear.
"""

import asyncio
import socket
import ssl
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Literal

import aiosmtplib
from aiosmtplib import SMTP
from aiosmtplib.response import SMTPResponse

from alerts.delivery import reveal
from alerts.errors import DeliveryError
from alerts.gate import TIMEOUT
from safety.secret import Secret

Security = Literal["starttls", "tls", "none"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """The relay took a message for at least one recipient."""

    recipients: tuple[str, ...]  # for whom
    refused: Mapping[str, int]  # recipient -> reply code, for the others
    answer: str  # the relay's words to the message; hostile


@dataclass(frozen=True, slots=True, kw_only=True)
class Relay:
    """A mail relay, ready to be handed messages."""

    name: str  # whose relay it is: a receiver's key; what errors name
    host: str
    port: int
    security: Security
    user: str | None = None
    password: Secret | None = None
    hosts: Mapping[str, str] = field(default_factory=dict)  # pinned names, `egress.hosts`
    timeout: timedelta = TIMEOUT
    trust: ssl.SSLContext | None = None  # None: the system's certificate authorities

    async def send(self, message: bytes, sender: str, recipients: Sequence[str]) -> Taken:
        """Hand one message over.

        Args:
            message: as it is to arrive (RFC 5322).
            sender: address of the envelope.
            recipients: addresses of the envelope, each once.

        Raises:
            DeliveryError: no recipient was taken, or nobody knows (`unknown`).
        """
        password = reveal(self.name, self.password) if self.password else None
        if password and self.security == "none":
            raise self._error('a password needs security = "starttls" or "tls"', retryable=True)
        handing = _Handing()
        failure: DeliveryError | None = None
        try:
            async with asyncio.timeout(self.timeout.total_seconds()):
                await self._hand_over(message, sender, recipients, password, handing)
        except TimeoutError:
            failure = self._error(f"no answer within {self.timeout.total_seconds():g} s", retryable=True)
        except aiosmtplib.SMTPRecipientsRefused as error:
            codes = [refusal.code for refusal in error.recipients]
            failure = self._answered(min(codes), "for every recipient")
        except aiosmtplib.SMTPResponseException as error:
            failure = self._answered(error.code)
        except ssl.SSLCertVerificationError:
            failure = self._error("its TLS certificate is not valid", retryable=True)
        except aiosmtplib.SMTPNotSupported:
            failure = self._error("the relay does not offer what the receiver needs", retryable=True)
        except (aiosmtplib.SMTPException, OSError, UnicodeError) as error:
            failure = self._error(f"no connection to the relay ({type(error).__name__})", retryable=True)
        if handing.taken is not None:  # what goes wrong while both say goodbye changes nothing any more
            return handing.taken
        assert failure is not None
        failure.unknown = handing.begun and failure.status is None
        raise failure

    async def _hand_over(
        self, message: bytes, sender: str, recipients: Sequence[str], password: str | None, handing: "_Handing"
    ) -> None:
        dialled = await self._dial()
        client = _Client(
            handing,
            hostname=self.host,
            sock=dialled,
            local_hostname=sender.rpartition("@")[2],
            use_tls=self.security == "tls",
            start_tls=self.security == "starttls",
            tls_context=self.trust,
            username=self.user if password else None,
            password=password,
            timeout=self.timeout.total_seconds(),
        )
        try:
            async with client:
                refused, answer = await client.sendmail(sender, list(recipients), message)
                handing.taken = Taken(
                    recipients=tuple(one for one in recipients if one not in refused),
                    refused={address: response.code for address, response in refused.items()},
                    answer=answer,
                )
        finally:
            with suppress(OSError):  # after a failed TLS handshake nobody else ends the connection
                dialled.shutdown(socket.SHUT_RDWR)
            await asyncio.sleep(0)

    async def _dial(self) -> socket.socket:
        """Connect to the relay: a pinned name at its address, any other by the system's resolver."""
        loop = asyncio.get_running_loop()
        host = self.hosts.get(self.host.lower(), self.host)
        last = OSError("the relay has no address")
        for family, kind, protocol, _, place in await loop.getaddrinfo(host, self.port, type=socket.SOCK_STREAM):
            dialled = socket.socket(family, kind, protocol)
            dialled.setblocking(False)
            try:
                await loop.sock_connect(dialled, place)
            except OSError as error:
                dialled.close()
                last = error
            except BaseException:
                dialled.close()
                raise
            else:
                return dialled
        raise last

    def _answered(self, code: int, what: str = "") -> DeliveryError:
        """Return the error for a reply code: 4xx asks to come back, 5xx is final (RFC 5321, 4.2.1)."""
        said = f"the relay answered {code} {what}".rstrip()
        return DeliveryError(self.name, said, retryable=code < 500, status=code)

    def _error(self, reason: str, *, retryable: bool) -> DeliveryError:
        return DeliveryError(self.name, reason, retryable=retryable)


@dataclass(slots=True)
class _Handing:
    """How far one message came."""

    begun: bool = False  # the message itself was on its way: without an answer nobody knows whether it was taken
    taken: Taken | None = None


class _Client(SMTP):
    """A client that notes when the message itself leaves."""

    def __init__(self, handing: _Handing, **options: Any) -> None:
        super().__init__(**options)
        self._handing = handing

    async def data(self, message: str | bytes, /, **options: Any) -> SMTPResponse:
        """Send the message after the envelope."""
        self._handing.begun = True
        return await super().data(message, **options)
