"""Ownership: who may use a brand, as the configuration and people's judgements have it; a form for one more entry.

GET  /setup/ownership
POST /setup/ownership/try       brand, who, scope, until, note: the lines to commit, and what they would do
POST /setup/ownership           the same, with what was seen of the file: appended where `[board] writes` says
"""

from collections.abc import Mapping
from datetime import date
from time import monotonic
from typing import get_args

from starlette.responses import Response

from board.paper import page
from board.refused import told_in
from board.setup.profiled import judged, profiles
from board.ways import Asked, Way
from config import Ownership
from desk.allowing import (
    FileChanged,
    NotAllowed,
    OpenEffect,
    allowed,
    append_entry,
    effect_on_open,
    fingerprint,
    lines,
)
from desk.appearing import NotWritten
from desk.policies import policy_in_use
from detector.brands import Who
from detector.policy import PolicyError
from storage.database import snapshot
from storage.register import register_entries

FIELDS = ("brand", "who", "scope", "until", "note")
SECONDS = 4.0  # that open cases are judged again
MOST_SHOWN = 300  # entries of a list


def ownership(asked: Asked) -> Response:
    """Show who may use the brands, and the form."""
    return _page(asked)


def attempt(asked: Asked) -> Response:
    """Show the lines to commit, and what they would do to the open cases."""
    try:
        entry = allowed(asked.board.config, _said(asked))
        effect = _effect(asked, entry)
    except (NotAllowed, PolicyError) as error:
        return _page(asked, problem=str(error), status=422)
    return _page(asked, entry=entry, effect=effect)


def write(asked: Asked) -> Response:
    """Append the entry to the file that the configuration names for it."""
    try:
        entry = allowed(asked.board.config, _said(asked))
    except NotAllowed as error:
        return _page(asked, problem=str(error), status=422)
    try:
        file = append_entry(asked.board.config, entry, seen=asked.text("seen", most=64))
    except NotAllowed as error:
        return _page(asked, problem=str(error), entry=entry, status=422)
    except FileChanged as error:
        return _page(asked, problem=str(error), entry=entry, status=409)
    except NotWritten as error:
        return _page(asked, problem=str(error), entry=entry, status=500)
    return _page(asked, entry=entry, written=file.name)


def _said(asked: Asked) -> Mapping[str, str]:
    return {name: asked.text(name, most=500).strip() for name in FIELDS}


def _effect(asked: Asked, entry: Ownership) -> OpenEffect | None:
    known = profiles(asked.board)
    if known is None:
        return None
    brands, policy, until = judged(asked.board, known), policy_in_use(asked.board.config), monotonic() + SECONDS
    with snapshot(asked.board.engine) as session:
        return effect_on_open(session, entry, brands, policy, on=_today(asked), goes_on=lambda: monotonic() < until)


def _today(asked: Asked) -> date:
    return asked.now.astimezone(asked.board.zone).date()


def _page(
    asked: Asked,
    *,
    problem: str = "",
    entry: Ownership | None = None,
    effect: OpenEffect | None = None,
    written: str = "",
    status: int = 200,
) -> Response:
    config = asked.board.config
    with snapshot(asked.board.engine) as session:
        entered = register_entries(session, on=_today(asked))
    return page(
        asked,
        "setup/ownership.html.j2",
        status=status,
        here="/setup/ownership",
        problem=told_in(asked.words.language, problem),
        entry=entry,
        text=lines(entry) if entry is not None else "",
        effect=effect,
        written=written,
        writes=config.board.writes,
        seen=fingerprint(config.board.writes) if config.board.writes is not None else "",
        who=get_args(Who),
        said=_said(asked),
        configured=config.ownership[-MOST_SHOWN:],
        entered=entered[-MOST_SHOWN:],
        today=_today(asked),
    )


WAYS = (
    Way(path="/setup/ownership", does=ownership),
    Way(path="/setup/ownership/try", does=ownership),
    Way(path="/setup/ownership/try", does=attempt, method="POST", name="try ownership", writes=False, slow=True),
    Way(path="/setup/ownership", does=write, method="POST", least="admin", name="ownership"),
)
