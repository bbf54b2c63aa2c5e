"""The errors of this package, split by what the caller does next.

    AlertError
    ├── UnknownReceiver    a key that the configuration does not have: tell the person who typed it
    ├── NotAnAlert         a stored payload that is no Alert of this version: stop, keep it visible
    └── DeliveryError      one attempt failed
            retryable      try again by the schedule (`alerts.retry`), not before `retry_after`
            gone           the other side said 410: disable the receiver, tell the others
            neither        stop: the delivery is dead, visible, and can be replayed
            unknown        it may have arrived all the same: what may go out only once is to be looked after by a person

A message names the receiver key, the status and a reason of ours. It never holds a URL, a header, a secret or what the
other side wrote, because the other side may echo any of these.
"""

from datetime import timedelta


class AlertError(Exception):
    """Base of everything raised here."""


class UnknownReceiver(AlertError):
    """The configuration has no receiver of that key."""

    def __init__(self, key: str) -> None:
        super().__init__(f"there is no receiver {key!r} in the configuration")
        self.key = key


class NotAnAlert(AlertError):
    """A payload cannot be read as an Alert."""


class DeliveryError(AlertError):
    """One attempt to deliver failed."""

    def __init__(
        self,
        receiver: str,
        reason: str,
        *,
        retryable: bool,
        status: int | None = None,
        retry_after: timedelta | None = None,
        gone: bool = False,
        unknown: bool = False,
    ) -> None:
        super().__init__(f"{receiver}: {reason}")
        self.receiver = receiver
        self.reason = reason
        self.retryable = retryable
        self.status = status  # HTTP or SMTP code, where there was an answer
        self.retry_after = retry_after  # asked for by the other side, at most a day
        self.gone = gone  # the receiver does not exist any more
        self.unknown = unknown  # it was on its way when the exchange ended without an answer
