"""The figures behind the pages: a report of a period and how everything stands now, each worked out once for all."""

from datetime import timedelta

from board.board import Board
from board.kept import Answer
from board.overview.asking import Asking
from desk.reports.period import chosen
from desk.reports.report import Report, make_report
from storage.database import snapshot
from watch.observability.facts import Facts
from watch.standing import healths

FRESH = timedelta(minutes=5)  # figures of a long period over many items take seconds
FACTS_FRESH = timedelta(minutes=1)


def report_of(board: Board, asking: Asking) -> Answer[Report] | None:
    """Return the report of a period; None while it is worked out for the first time."""
    first, last, brand = asking.period.first, asking.period.last, asking.brand

    def make() -> Report:
        now = board.now()
        period = chosen(first, last, board.zone, now)
        well = healths(board.config, board.engine, now) if period.running else ()
        names = {known.key: known.name for known in board.config.brand}
        with snapshot(board.engine) as session:
            return make_report(session, period, brand=brand, names=names, healths=well)

    return board.kept.ask(("report", first, last, brand), make, fresh=FRESH)


def facts_of(board: Board) -> Answer[Facts] | None:
    """Return how everything stands; None while that is looked at for the first time."""
    return board.kept.ask("facts", board.facts.read, fresh=FACTS_FRESH)
