"""One attempt to deliver: what a channel is, what it hands back, and what an HTTP status means for the next step."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from alerts.errors import DeliveryError
from alerts.gate import Answer
from alerts.message import Alert
from alerts.retry import parse_retry_after
from safety.secret import Secret, SecretError

_TRY_AGAIN = frozenset({408, 425, 429})  # request timeout, too early, too many requests


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """The other side took it."""

    status: int  # HTTP or SMTP code
    detail: str  # for the log of attempts
    problem: str | None = None  # taken, but not by everybody


class Channel(Protocol):
    """One receiver, ready to send to."""

    async def send(self, alert: Alert, delivery_id: str, *, now: datetime) -> Receipt:
        """Send once; the same alert and id give the same message.

        Raises:
            DeliveryError: it did not arrive, or nobody knows.
        """


def reveal(receiver: str, secret: Secret) -> str:
    """Return a secret's value.

    Raises:
        DeliveryError: it is not there (retryable: it can be put there).
    """
    try:
        return secret.reveal()
    except SecretError as error:
        missing = str(error)  # names the reference, never a value
    raise DeliveryError(receiver, missing, retryable=True)


def check(receiver: str, answer: Answer, *, now: datetime, code: str = "") -> Receipt:
    """Turn an answer into a Receipt.

    `code` is a reason of the other side that is known to be harmless to repeat.

    Raises:
        DeliveryError: for every status but 2xx.
    """
    status = answer.status
    said = f"answered {status}" + (f" ({code})" if code else "")
    if 200 <= status < 300:
        return Receipt(status=status, detail=said)
    if 300 <= status < 400:
        said += ", a redirect, which is not followed"
    raise DeliveryError(
        receiver,
        said,
        retryable=status in _TRY_AGAIN or status >= 500,
        status=status,
        retry_after=parse_retry_after(answer.retry_after, now),
        gone=status == 410,
    )
