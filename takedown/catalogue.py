"""Catalogue: the channels that are shipped, and a team's own; one with a shipped key takes its place."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from takedown.channel import Channel

SHIPPED = Path(__file__).parent / "channels"


class Catalogue:
    """All channels, by key."""

    def __init__(self, channels: Mapping[str, Channel]) -> None:
        self._channels = dict(channels)

    def __iter__(self) -> Iterator[Channel]:
        return iter(self._channels.values())
