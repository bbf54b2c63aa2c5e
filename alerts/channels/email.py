"""E-mail through the configured relay: one message to all addresses of a receiver."""

import ssl
from collections.abc import Mapping
from datetime import datetime, timedelta
from email.headerregistry import Address

from alerts.delivery import Receipt
from alerts.dialect import PLAIN
from alerts.errors import DeliveryError
from alerts.gate import TIMEOUT
from alerts.mail import compose, mailbox
from alerts.message import Alert
from alerts.relay import Relay, Taken
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
        self._templates = templates
        self._relay = Relay(
            name=receiver.key,
            host=receiver.host,
            port=receiver.port,
            security=receiver.security,
            user=receiver.user,
            password=receiver.password,
            hosts=hosts,
            timeout=timeout,
            trust=trust,
        )

    async def send(self, alert: Alert, delivery_id: str, *, now: datetime) -> Receipt:
        """Hand one message to the relay."""
        receiver = self._receiver
        sender = self._address("sender", receiver.sender)
        to = tuple(self._address(f"to[{n}]", text) for n, text in enumerate(receiver.to))
        texts = Texts(alert, PLAIN, self._templates)
        message = compose(texts, delivery_id, sender=sender, to=to, read=self._media.read)
        recipients = list(dict.fromkeys(address.addr_spec for address in to))
        taken = await self._relay.send(message.as_bytes(), sender.addr_spec, recipients)
        return _receipt(taken, texts.problem)

    def _address(self, field: str, text: str) -> Address:
        try:
            return mailbox(text)
        except ValueError as error:
            wrong = f"{field} {error}"
        raise DeliveryError(self._receiver.key, wrong, retryable=True)


def _receipt(taken: Taken, problem: str | None) -> Receipt:
    count = len(taken.recipients) + len(taken.refused)
    if not taken.refused:
        return Receipt(status=250, detail=f"taken for {count} recipients", problem=problem)
    codes = ", ".join(map(str, taken.refused.values()))
    said = f"taken for {len(taken.recipients)} of {count} recipients ({codes})"
    return Receipt(status=250, detail=said, problem="; ".join(filter(None, (said, problem))))
