"""What a takedown can be refused for; each message is one line for people."""

from collections.abc import Sequence

from takedown.notice import Missing


class TakedownError(Exception):
    """What was asked for cannot be done; nothing was filed, nothing was lost.

    TakedownError
    ├── UnknownChannel   the catalogue has no such channel
    ├── UnknownMark      the brand has no such trademark in force
    ├── DraftRefused     something is missing for a complete notice
    ├── FilingRefused    a notice may not be filed, or not by this way
    └── FilingFailed     the other side did not take it
    """


class UnknownChannel(TakedownError):
    """The catalogue has no such channel."""


class UnknownMark(TakedownError):
    """The brand has no such trademark in force."""


class DraftRefused(TakedownError):
    """Something is missing for a complete notice."""

    def __init__(self, channel: str, missing: Sequence[Missing]) -> None:
        super().__init__(f"{channel}: " + "; ".join(one.says for one in missing))
        self.missing = tuple(missing)


class FilingRefused(TakedownError):
    """A notice may not be filed, or not by this way."""


class FilingFailed(TakedownError):
    """The other side did not take it, or nobody knows."""

    def __init__(self, says: str, *, unknown: bool = False) -> None:
        super().__init__(says)
        self.unknown = unknown  # it was on its way when the exchange ended without an answer
