"""The brands as the setup pages judge with them: profiles that were made once, with what people judged since."""

from datetime import timedelta

from board.board import Board
from board.case.explanation import PROFILES_FRESH, profiles_of
from detector.brands import BrandProfile
from storage.database import snapshot
from storage.profiles import Profiles, with_what_was_judged

PATIENCE = 8.0  # seconds that somebody waits for profiles that are made for the first time
JUDGED_FRESH = timedelta(seconds=20)


def profiles(board: Board) -> Profiles | None:
    """Return the profiles of all brands as they are configured; None while they are made."""
    known = board.kept.ask("profiles", lambda: profiles_of(board), fresh=PROFILES_FRESH, patience=PATIENCE)
    return known.value if known is not None else None


def judged(board: Board, known: Profiles) -> tuple[BrandProfile, ...]:
    """Return the brands with what people's judgements say of them."""

    def make() -> tuple[BrandProfile, ...]:
        with snapshot(board.engine) as session:
            return with_what_was_judged(known.brands, session)

    made = board.kept.ask("brands as judged", make, fresh=JUDGED_FRESH, patience=PATIENCE)
    return made.value if made is not None else known.brands
