"""How an installation stands: what somebody has to look at, its sources, certificate logs that lag; for any page."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine

from config import Config
from watch.health import Health, HealthState
from watch.healths import healths
from watch.lag import Lag
from watch.observability.facts import FactsReader
from watch.observability.troubles import Trouble, troubles

__all__ = ["Health", "Lag", "Standing", "StandingReader", "Trouble"]

_SEEN_LAST: dict[HealthState, int] = {"shaky": 1, "ok": 2, "new": 3, "off": 4}  # all other states come before them


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How it stands."""

    troubles: tuple[Trouble, ...]  # what stops everything else first
    sources: tuple[Health, ...]  # those that need a look first
    lags: tuple[Lag, ...]


class StandingReader:
    """Reads how an installation stands. Safe from several threads: one reads, the others wait."""

    def __init__(self, config: Config, engine: Engine, now: Callable[[], datetime]) -> None:
        self._config, self._engine = config, engine
        self._facts = FactsReader(config, engine, now)

    def read(self) -> Standing:
        """Return how everything stands, some seconds old at most.

        Raises:
            StorageUnavailable: the database cannot be used.
        """
        facts = self._facts.read()
        sources = sorted(facts.sources, key=lambda one: (_SEEN_LAST.get(one.state, 0), one.source))
        return Standing(troubles=troubles(facts), sources=tuple(sources), lags=facts.lags)

    def sources(self, now: datetime) -> list[Health]:
        """Judge every source anew as of a moment, in the order of the configuration.

        Raises:
            StorageUnavailable: the database cannot be used.
        """
        return healths(self._config, self._engine, now)
