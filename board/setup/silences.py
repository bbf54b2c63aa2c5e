"""Silences: those that run, a form that makes one, a button that ends one; as `mekiki alerts silence` does.

GET  /setup/silences
POST /setup/silences                 what it means, until or for how long, why
POST /setup/silences/{number}/end
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, get_args

from starlette.responses import Response

from board.paper import page
from board.refused import told_in
from board.ways import Asked, Way
from config.fields import length_of
from desk.moments import NoMoment, moment_of, read_moment
from desk.silencing import NoSilence, meaning, silenced_of
from detector.items import Kind
from storage.database import snapshot, transaction
from storage.errors import SilenceRefused
from storage.silences import LONGEST, add_silence, expire_silence, list_silences

LISTS = ("brands", "sources", "signals", "kinds", "platforms", "countries", "advertisers", "tags", "decisions", "cases")
FIELDS = (*LISTS, "min_score", "everything", "until", "length", "reason")
DECISIONS = ("impersonation", "suspicious")
LENGTHS = ("8h", "1d", "3d", "1w")
MOST_WORD = 2000  # characters of one field


def silences(asked: Asked) -> Response:
    """Show the form and what is silenced."""
    return _page(asked)


def silence(asked: Asked) -> Response:
    """Make a silence."""
    try:
        silenced = silenced_of(asked.board.config, _means(asked))
        until = _until(asked)
        with transaction(asked.board.engine) as session:
            add_silence(
                session,
                silenced.stored(),
                who=asked.person.login,
                reason=asked.text("reason", most=MOST_WORD).strip(),
                until=until,
                now=asked.now,
            )
    except (NoSilence, NoMoment, SilenceRefused) as error:
        return _page(asked, problem=str(error), status=422)
    return asked.go("/setup/silences")


def end(asked: Asked) -> Response:
    """End a silence now."""
    with transaction(asked.board.engine) as session:
        expire_silence(session, asked.request.path_params["number"], who=asked.person.login, now=asked.now)
    return asked.go("/setup/silences")


def _means(asked: Asked) -> Mapping[str, Any]:
    """Return what is meant, by the keys of `desk.silencing.OPTIONS`; several values stand with commas between them."""
    means: dict[str, Any] = {}
    for name in LISTS:
        values = [part.strip() for text in asked.texts(name) for part in text[:MOST_WORD].split(",")]
        if found := [value for value in values if value]:
            means[name] = [_number(value) for value in found] if name == "cases" else found
    if least := asked.text("min_score", most=10).strip():
        means["min_score"] = least
    if asked.text("everything", most=10):
        means["everything"] = True
    return means


def _number(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise NoSilence(f"--case: expected the number of a case, got {text[:40]!r}") from None


def _until(asked: Asked) -> datetime:
    until, length = asked.text("until", most=40).strip(), asked.text("length", most=20).strip()
    if bool(until) == bool(length):
        raise NoMoment("say when it ends: a day, or for how long")
    if until:
        return moment_of(read_moment(until), asked.board.config.triage.zone)
    try:
        return asked.now + min(length_of(length), 2 * LONGEST)  # longer ones are refused as such
    except ValueError as error:
        raise NoMoment(f"{error}, got {length!r}") from None


def _page(asked: Asked, *, problem: str = "", status: int = 200) -> Response:
    with snapshot(asked.board.engine) as session:
        views = list_silences(session, asked.now, over="over" in asked.query)
    return page(
        asked,
        "setup/silences.html.j2",
        status=status,
        here="/setup/silences",
        problem=told_in(asked.words.language, problem),
        views=[(view, meaning(view.matches)) for view in views],
        over="over" in asked.query,
        kinds=get_args(Kind),
        decisions=DECISIONS,
        lengths=LENGTHS,
        said={name: asked.text(name, most=MOST_WORD) for name in FIELDS},
    )


WAYS = (
    Way(path="/setup/silences", does=silences),
    Way(path="/setup/silences", does=silence, method="POST", least="analyst", name="silence"),
    Way(
        path="/setup/silences/{number:int}/end",
        does=end,
        method="POST",
        least="analyst",
        name="unsilence",
        subject=lambda parameters: f"silence {parameters['number']}",
    ),
)
