"""How fast a receiver may be sent to. Pure: time is an argument; the dispatcher waits.

Deliveries are spread evenly instead of sent in bursts: `30/m` is one every two seconds. So a limit for a minute also
holds the service's limit for a second, which most services have and few document.
"""

from datetime import datetime, timedelta

from config.rates import Rate


class Pace:
    """The pace of one receiver."""

    def __init__(self, rate: Rate | None, last: datetime | None = None) -> None:
        """Begin with the time of the receiver's last attempt, where it is known; without a rate nothing waits."""
        self._gap = rate.gap if rate else timedelta(0)
        self._last = last

    def wait(self, now: datetime) -> timedelta:
        """Return how long to wait before the next attempt, nothing when it may be made now.

        A last attempt in the future, of a clock that was set back, counts as made now.
        """
        if self._last is None:
            return timedelta(0)
        return max(timedelta(0), min(self._last, now) + self._gap - now)

    def took(self, now: datetime) -> None:
        """Note that an attempt was made, whatever came of it: services count failed ones too."""
        self._last = now
