"""The figures behind the pages: a report of a period and how everything stands now, each worked out once for all."""

from datetime import timedelta

from board.board import Board
from board.kept import Answer
from board.overview.asking import Asking
from desk.reports.period import chosen
from desk.reports.report import Report, make_report
from desk.standing import Standing
from storage.database import snapshot

FRESH = timedelta(minutes=5)  # figures of a long period over many items take seconds
STANDING_FRESH = timedelta(minutes=1)


def report_of(board: Board, asking: Asking) -> Answer[Report] | None:
    """Return the report of a period; None while it is worked out for the first time."""
    first, last, brand = asking.period.first, asking.period.last, asking.brand

    def make() -> Report:
        now = board.now()
        period = chosen(first, last, board.zone, now)
        well = board.standing.sources(now) if period.running else ()
        names = {known.key: known.name for known in board.config.brand}
        with snapshot(board.engine) as session:
            return make_report(session, period, brand=brand, names=names, healths=well)

    return board.kept.ask(("report", first, last, brand), make, fresh=FRESH)


def standing_of(board: Board) -> Answer[Standing] | None:
    """Return how everything stands; None while that is looked at for the first time."""
    return board.kept.ask("standing", board.standing.read, fresh=STANDING_FRESH)
