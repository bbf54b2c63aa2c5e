"""What every page of the board works with: one for each process."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Engine

from board.issuer import Issuer
from board.kept import Kept
from config import Config
from config.board import DEFAULT_PORTS
from desk.likeness import Likenesses
from desk.standing import StandingReader
from safety.egress import EgressRule
from safety.logs import Log, open_log
from storage.media import MediaStore
from takedown.catalogue import Catalogue


@dataclass(slots=True, kw_only=True)
class Board:
    """The store, the configuration, the clock."""

    config: Config
    engine: Engine
    media: MediaStore
    catalogue: Catalogue
    likenesses: Likenesses
    now: Callable[[], datetime]  # UTC
    log: Log = field(default_factory=lambda: open_log("lines"))
    zone: ZoneInfo = field(init=False)  # of the team
    issuer: Issuer | None = field(init=False)  # of single sign-on
    kept: Kept = field(init=False)  # what takes long to work out
    standing: StandingReader = field(init=False)  # how the whole installation stands
    _told: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.zone = ZoneInfo(self.config.triage.zone)
        sso, egress = self.config.board.oidc, self.config.egress
        self.issuer = Issuer(sso, EgressRule.parse(egress.allow, egress.hosts)) if sso is not None else None
        self.kept = Kept(self.now)
        self.standing = StandingReader(self.config, self.engine, self.now)

    @property
    def origin(self) -> str:
        """The origin under which people reach the board, as browsers send it, e.g. "http://127.0.0.1:8480"."""
        ours = self.config.board
        if ours.url is not None:
            return ours.url
        scheme = "https" if ours.certificate else "http"
        return f"{scheme}://{ours.listen.lower().removesuffix(DEFAULT_PORTS[scheme])}"

    @property
    def secure(self) -> bool:
        """Whether people reach it over TLS."""
        return self.origin.startswith("https:")

    def tell_once(self, says: str) -> None:
        """Log something that would be said with every request, once."""
        if says not in self._told and len(self._told) < 100:
            self._told.add(says)
            self.log.warning(says)
