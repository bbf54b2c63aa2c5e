"""E-mail through the configured relay: one message to all addresses of a receiver.

The relay's host comes from the configuration only, so it may be internal and is not held against the egress rule;
pinned names count here too. Certificates are verified; a password never goes over a connection in clear.
"""

import asyncio
import socket
import ssl
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from email.headerregistry import Address

import aiosmtplib
from aiosmtplib import SMTP

from alerts.delivery import Receipt, reveal
from alerts.dialect import PLAIN
from alerts.errors import DeliveryError
from alerts.gate import TIMEOUT
from alerts.mail import compose, mailbox
from alerts.message import Alert
from alerts.templating import Templates
from alerts.texts import SHIPPED, Texts
from config import EmailReceiver
from storage.media import MediaStore


class EmailChannel:
    """Sends to the addresses of one receiver."""

    def __init__(
        self,
        receiver: EmailReceiver,
        media: MediaStore,
        *,
        hosts: Mapping[str, str],
        timeout: timedelta = TIMEOUT,
        trust: ssl.SSLContext | None = None,
        templates: Templates = SHIPPED,
    ) -> None:
        self._receiver = receiver
        self._media = media
        self._hosts = hosts
        self._timeout = timeout
        self._templates = templates
        self._trust = trust  # None: the system's certificate authorities

    async def send(self, alert: Alert, delivery_id: str, *, now: datetime) -> Receipt:
        """Hand one message to the relay."""
        receiver = self._receiver
        password = reveal(receiver.key, receiver.password) if receiver.password else None
        if password and receiver.security == "none":
            raise self._error('a password needs security = "starttls" or "tls"', retryable=True)
        sender = self._address("sender", receiver.sender)
        to = tuple(self._address(f"to[{n}]", text) for n, text in enumerate(receiver.to))
        texts = Texts(alert, PLAIN, self._templates)
        message = compose(texts, delivery_id, sender=sender, to=to, read=self._media.read)
        recipients = list(dict.fromkeys(address.addr_spec for address in to))
        failure: DeliveryError | None = None
        try:
            async with asyncio.timeout(self._timeout.total_seconds()):
                refused = await self._hand_over(message.as_bytes(), sender.addr_spec, recipients, password)
            return self._receipt(len(recipients), refused, texts.problem)
        except TimeoutError:
            failure = self._error(f"no answer within {self._timeout.total_seconds():g} s", retryable=True)
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
        raise failure

    async def _hand_over(self, message: bytes, sender: str, recipients: list[str], password: str | None) -> list[int]:
        """Send the message; return the codes with which some recipients, but not all, were refused."""
        receiver = self._receiver
        dialled = await self._dial()
        client = SMTP(
            hostname=receiver.host,
            sock=dialled,
            local_hostname=sender.rpartition("@")[2],
            use_tls=receiver.security == "tls",
            start_tls=receiver.security == "starttls",
            tls_context=self._trust,
            username=receiver.user if password else None,
            password=password,
            timeout=self._timeout.total_seconds(),
        )
        try:
            async with client:
                refused, _ = await client.sendmail(sender, recipients, message)
        finally:
            with suppress(OSError):  # after a failed TLS handshake nobody else ends the connection
                dialled.shutdown(socket.SHUT_RDWR)
            await asyncio.sleep(0)
        return [response.code for response in refused.values()]

    async def _dial(self) -> socket.socket:
        """Connect to the relay: a pinned name at its address, any other by the system's resolver."""
        loop = asyncio.get_running_loop()
        host = self._hosts.get(self._receiver.host.lower(), self._receiver.host)
        last = OSError("the relay has no address")
        for family, kind, protocol, _, place in await loop.getaddrinfo(
            host, self._receiver.port, type=socket.SOCK_STREAM
        ):
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

    def _receipt(self, count: int, refused: list[int], problem: str | None) -> Receipt:
        if not refused:
            return Receipt(status=250, detail=f"taken for {count} recipients", problem=problem)
        said = f"taken for {count - len(refused)} of {count} recipients ({', '.join(map(str, refused))})"
        return Receipt(status=250, detail=said, problem="; ".join(filter(None, (said, problem))))

    def _address(self, field: str, text: str) -> Address:
        try:
            return mailbox(text)
        except ValueError as error:
            wrong = f"{field} {error}"
        raise self._error(wrong, retryable=True)

    def _answered(self, code: int, what: str = "") -> DeliveryError:
        """Return the error for a reply code: 4xx asks to come back, 5xx is final (RFC 5321, 4.2.1)."""
        said = f"the relay answered {code} {what}".rstrip()
        return DeliveryError(self._receiver.key, said, retryable=code < 500, status=code)

    def _error(self, reason: str, *, retryable: bool) -> DeliveryError:
        return DeliveryError(self._receiver.key, reason, retryable=retryable)
