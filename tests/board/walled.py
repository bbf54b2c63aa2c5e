"""What tests of the wall look at: the cards on a page, and stores with many cases."""

import re
from datetime import timedelta
from urllib.parse import parse_qsl, urlsplit

from sqlalchemy import select

from board.board import Board
from storage.database import transaction
from storage.schema import Case, CaseLog


def cards(page: str) -> dict[int, str]:
    """Return the cards of a page by the number of their case, in their order."""
    parts = re.split(r'(?=<li class="card)', page)
    found = ((re.match(r'<li class="card[^>]*data-case="(\d+)"', part), part) for part in parts)
    return {int(match[1]): part.partition("</li>")[0] for match, part in found if match}


def shown(page: str) -> list[int]:
    """Return the cases of a page."""
    return list(cards(page))


def split(address: str) -> dict[str, str]:
    """Return what stands behind the question mark of an address."""
    return dict(parse_qsl(urlsplit(address).query))


def more_open(board: Board, count: int) -> None:
    """Open further cases of the first one's item, many of them of the same priority, score and age."""
    with transaction(board.engine) as session:
        known = session.get_one(Case, 1)
        columns = [column.key for column in Case.__table__.columns]
        begin = max(session.scalars(select(Case.id)))
        for number in range(1, count + 1):
            values = {name: getattr(known, name) for name in columns}
            values |= {
                "id": begin + number,
                "identity": f"{begin + number:064x}",
                "priority": (number % 7) / 10,
                "score": (number % 5) / 10,
                "opened_at": known.opened_at - timedelta(hours=number % 9),
                "log_head": None,
            }
            session.add(Case(**values))
        session.flush()
        for number in range(1, count + 1):
            session.add(
                CaseLog(
                    case_id=begin + number, at=known.opened_at, who="mekiki", action="opened", reason=None, note="",
                    data={}, previous="", hash="",
                )
            )  # fmt: skip
