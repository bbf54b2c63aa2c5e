"""What every page of the board works with: one for each process."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Engine

from config import Config
from desk.likeness import Likenesses
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
    zone: ZoneInfo = field(init=False)  # of the team

    def __post_init__(self) -> None:
        self.zone = ZoneInfo(self.config.triage.zone)

    @property
    def origin(self) -> str:
        """The origin under which people reach the board, e.g. "http://127.0.0.1:8480"."""
        if self.config.board.url is not None:
            return self.config.board.url
        return f"{'https' if self.config.board.certificate else 'http'}://{self.config.board.listen}"
