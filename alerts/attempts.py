"""Attempts: one try to deliver one message, and what is to be written down of it.

A failure has the time of the next attempt, or is final; it also says how long its receiver is left alone. A receiver
that is gone (410) is to be disabled; the other receivers are told before anything is written.
"""

import asyncio
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from alerts.delivery import Channel, Receipt
from alerts.errors import DeliveryError, NotAnAlert
from alerts.message import Alert, Language, decode_alert
from alerts.notices import disabled_notice
from alerts.retry import next_attempt, pause_until
from storage.errors import StorageError
from storage.outbox import ClaimedDelivery, Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """An attempt that was made."""

    outcome: Outcome
    well: bool  # the receiver can take more now
    problems: tuple[str, ...] = ()  # one line each


class Attempts:
    """Makes attempts over the given channels."""

    def __init__(
        self,
        channels: Mapping[str, Channel],
        *,
        disabled: Callable[[str], str | None],
        language: Language,
        now: Callable[[], datetime],
        chance: Callable[[], float],
    ) -> None:
        """Take the channels, and what tells why one is disabled (called in a thread)."""
        self._channels = channels
        self._disabled = disabled
        self._language = language
        self._now = now
        self._chance = chance

    async def make(self, delivery: ClaimedDelivery) -> Made:
        """Make one attempt."""
        try:
            receipt = await self._attempt(delivery)
        except DeliveryError as error:
            failure = error
        except StorageError:
            raise
        except Exception as error:  # noqa: BLE001 - a fault in one message must not keep back all the others
            place = traceback.extract_tb(error.__traceback__)[-1].name
            reason = f"the message cannot be made ({type(error).__name__} in {place})"  # its text may hold anything
            return self._failed(delivery, DeliveryError(delivery.receiver, reason, retryable=True), at_fault=False)
        else:
            outcome = Outcome(
                delivery_id=delivery.id, at=self._now(), ok=True, status=receipt.status, detail=receipt.detail
            )
            problems = (f"{delivery.receiver}: {receipt.problem}",) if receipt.problem else ()
            return Made(outcome=outcome, well=True, problems=problems)
        if failure.gone:
            return await self._give_up_receiver(delivery, failure)
        return self._failed(delivery, failure, at_fault=failure.retryable)

    async def _attempt(self, delivery: ClaimedDelivery) -> Receipt:
        channel = self._channels.get(delivery.receiver)
        if channel is None:
            raise DeliveryError(delivery.receiver, "is not in the configuration any more", retryable=False)
        try:
            alert = decode_alert(delivery.payload)
        except NotAnAlert as error:
            raise DeliveryError(delivery.receiver, str(error), retryable=False) from None
        return await channel.send(alert, delivery.id, now=self._now())

    def _failed(self, delivery: ClaimedDelivery, failure: DeliveryError, *, at_fault: bool) -> Made:
        """Say what becomes of the delivery, and of its receiver if that is `at_fault`."""
        now = self._now()
        retry_at = None
        if failure.retryable:
            retry_at = next_attempt(delivery.attempt, now=now, chance=self._chance(), retry_after=failure.retry_after)
        outcome = Outcome(
            delivery_id=delivery.id,
            at=now,
            ok=False,
            status=failure.status,
            detail=failure.reason,
            retry_at=retry_at,
            pause_until=pause_until(retry_at, now=now, retry_after=failure.retry_after) if at_fault else None,
        )
        then = (
            f"given up after attempt {delivery.attempt} ({delivery.id})"
            if retry_at is None
            else f"attempt {delivery.attempt}, again at {retry_at:%Y-%m-%d %H:%M:%S} UTC"
        )
        return Made(outcome=outcome, well=not at_fault, problems=(f"{failure}; {then}",))

    async def _give_up_receiver(self, delivery: ClaimedDelivery, failure: DeliveryError) -> Made:
        """Tell the others first: once the receiver is recorded as disabled, nobody would do it again."""
        notice = disabled_notice(delivery.receiver, delivery.case_id, self._language, self._now())
        others = [key for key in self._channels if key != delivery.receiver]
        told = await asyncio.gather(*(self._tell(key, notice, f"{delivery.id}_gone") for key in others))
        now = self._now()
        outcome = Outcome(
            delivery_id=delivery.id, at=now, ok=False, status=410, detail=failure.reason, retry_at=now, gone=True
        )
        whom = ", ".join(key for key, unheard in zip(others, told, strict=True) if unheard is None) or "nobody"
        lines = [f"{failure}; the receiver is disabled, told {whom} ({delivery.id})", *filter(None, told)]
        return Made(outcome=outcome, well=False, problems=tuple(lines))

    async def _tell(self, key: str, notice: Alert, message_id: str) -> str | None:
        """Send a notice; return why it did not arrive ("" where there is nothing to say)."""
        if await asyncio.to_thread(self._disabled, key):
            return ""
        channel: Channel = self._channels[key]
        try:
            await channel.send(notice, message_id, now=self._now())
        except DeliveryError as error:
            return f"{error}; the notice about another receiver did not arrive"
        except StorageError:
            raise
        except Exception as error:  # noqa: BLE001 - as in `make`; it must not undo that the receiver is gone
            kind = type(error).__name__
            return f"{key}: the message cannot be made ({kind}); the notice about another receiver did not arrive"
        return None
