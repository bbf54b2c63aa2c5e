"""What sharing can be refused for; each message is one line for people."""

from takedown.errors import TakedownError


class SharingError(TakedownError):
    """Nothing was shared.

    SharingError
    ├── UnknownProfile   the configuration has no such profile
    ├── NotShareable     a case that nobody confirmed, or whose state the profile leaves out
    └── NotInstalled     a format needs a library that is not there
    """


class UnknownProfile(SharingError):
    """The configuration has no such profile."""


class NotShareable(SharingError):
    """Nobody confirmed the case, or the profile leaves cases of its state out."""


class NotInstalled(SharingError):
    """A format needs a library that is not there."""
