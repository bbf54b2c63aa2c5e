"""Attempts: one try to deliver one message, and the record of what came of it.

A failure is recorded with the time of the next attempt, or as final; a receiver that is gone (410) is disabled, after
the other receivers were told.
"""

import asyncio
import traceback
from collections.abc import Callable, Mapping
from datetime import datetime

from alerts.delivery import Channel, Receipt
from alerts.errors import DeliveryError, NotAnAlert
from alerts.message import Alert, Language, decode_alert
from alerts.notices import disabled_notice
from alerts.outgoing import Outgoing
from alerts.report import Tally
from alerts.retry import next_attempt
from storage.errors import StorageError
from storage.outbox import ClaimedDelivery


class Attempts:
    """Makes attempts over the given channels."""

    def __init__(
        self,
        channels: Mapping[str, Channel],
        outgoing: Outgoing,
        tally: Tally,
        *,
        language: Language,
        now: Callable[[], datetime],
        chance: Callable[[], float],
    ) -> None:
        self._channels = channels
        self._outgoing = outgoing
        self._tally = tally
        self._language = language
        self._now = now
        self._chance = chance

    async def make(self, delivery: ClaimedDelivery) -> bool:
        """Make one attempt and record it; tell whether the receiver can take more now."""
        failure: DeliveryError
        try:
            receipt = await self._attempt(delivery)
        except DeliveryError as error:
            failure = error
        except StorageError:
            raise
        except Exception as error:  # noqa: BLE001 - a fault in one message must not keep back all the others
            place = traceback.extract_tb(error.__traceback__)[-1].name
            reason = f"the message cannot be made ({type(error).__name__} in {place})"  # its text may hold anything
            failure = DeliveryError(delivery.receiver, reason, retryable=True)
        else:
            await asyncio.to_thread(
                self._outgoing.succeeded, delivery.id, self._now(), status=receipt.status, detail=receipt.detail
            )
            self._tally.sent += 1
            if receipt.problem:
                self._tally.problem(f"{delivery.receiver}: {receipt.problem}")
            return True
        if failure.gone:
            await self._give_up_receiver(delivery, failure)
        else:
            await self._fail(delivery, failure)
        return not (failure.retryable or failure.gone)

    async def _attempt(self, delivery: ClaimedDelivery) -> Receipt:
        channel = self._channels.get(delivery.receiver)
        if channel is None:
            raise DeliveryError(delivery.receiver, "is not in the configuration any more", retryable=False)
        try:
            alert = decode_alert(delivery.payload)
        except NotAnAlert as error:
            raise DeliveryError(delivery.receiver, str(error), retryable=False) from None
        return await channel.send(alert, delivery.id, now=self._now())

    async def _fail(self, delivery: ClaimedDelivery, failure: DeliveryError) -> None:
        now = self._now()
        retry_at = None
        if failure.retryable:
            retry_at = next_attempt(delivery.attempt, now=now, chance=self._chance(), retry_after=failure.retry_after)
        await asyncio.to_thread(
            self._outgoing.failed,
            delivery.id,
            now,
            detail=failure.reason,
            retry_at=retry_at,
            status=failure.status,
        )
        if retry_at is None:
            self._tally.dead += 1
            self._tally.problem(f"{failure}; given up after attempt {delivery.attempt} ({delivery.id})")
        else:
            self._tally.retried += 1
            self._tally.problem(f"{failure}; attempt {delivery.attempt}, again at {retry_at:%Y-%m-%d %H:%M:%S} UTC")

    async def _give_up_receiver(self, delivery: ClaimedDelivery, failure: DeliveryError) -> None:
        """Tell the others first: once the receiver is recorded as disabled, nobody would do it again."""
        notice = disabled_notice(delivery.receiver, delivery.case_id, self._language, self._now())
        others = [key for key in self._channels if key != delivery.receiver]
        told = await asyncio.gather(*(self._tell(key, notice, f"{delivery.id}_gone") for key in others))
        await asyncio.to_thread(self._outgoing.gone, delivery.id, delivery.receiver, self._now(), detail=failure.reason)
        self._tally.retried += 1
        whom = ", ".join(key for key, reached in zip(others, told, strict=True) if reached) or "nobody"
        self._tally.problem(f"{failure}; the receiver is disabled, told {whom} ({delivery.id})")

    async def _tell(self, key: str, notice: Alert, message_id: str) -> bool:
        if await asyncio.to_thread(self._outgoing.disabled, key):
            return False
        channel: Channel = self._channels[key]
        try:
            await channel.send(notice, message_id, now=self._now())
        except DeliveryError as error:
            self._tally.problem(f"{error}; the notice about another receiver did not arrive")
            return False
        return True
