"""Which cases: the options of `cases list`, `cases export` and `triage`, and the same in one line to be typed inside.

The line is made of words `name:value`, e.g. `brand:hoshino score:0.8 state:open,relapsed younger:3d assignee:me`; what
has no name is looked for in titles. `worded` writes a choice of cases as such a line, `read_filters` reads it back.
"""

import re
import shlex
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from functools import wraps
from typing import Any, cast, get_args

import click

from config.fields import length_of, length_text
from console.app import App, Misused, utc_now
from console.moments import Length
from detector.items import Kind
from storage.schema import CaseState
from storage.views import ME, NOBODY, CaseFilters, save_view, saved_view

ALL = "all"
_WAITING = CaseFilters().states
VIEW_NAME = re.compile(r"[\w.-]{1,40}")
VIEW_NAME_WORDS = "the name of a view is made of letters, digits, '.', '-' and '_', at most 40"
NAMES = ("state", "brand", "source", "kind", "score", "priority", "assignee", "tag", "older", "younger", "text")


class NoFilter(ValueError):
    """A word that chooses nothing; the message says what was expected."""


def read_filters(line: str) -> CaseFilters:
    """Read a line of words `name:value`; an empty one chooses what waits for a person.

    Raises:
        NoFilter: a name or a value is not known.
    """
    try:
        words = shlex.split(line)
    except ValueError as error:
        raise NoFilter(f"a quote is not closed in {line!r}") from error
    filters = CaseFilters()
    text: list[str] = []
    for word in words:
        name, colon, value = word.partition(":")
        if not colon:
            text.append(word)
        elif name not in NAMES:
            raise NoFilter(f"there is no filter {name!r}; known: {', '.join(NAMES)}")
        elif not value:
            raise NoFilter(f"{name}: has no value")
        elif name == "text":
            text.append(value)
        else:
            filters = _with(filters, name, value)
    return replace(filters, text=" ".join(text)) if text else filters


def _with(filters: CaseFilters, name: str, value: str) -> CaseFilters:
    changed: dict[str, Any] = {name: value}
    match name:
        case "state":
            changed = {"states": states_of(value.split(","))}
        case "score" | "priority":
            changed = {f"min_{name}": _number(name, value)}
        case "older" | "younger":
            changed = {name: _span(name, value)}
        case "kind" if value not in get_args(Kind):
            raise NoFilter(f"there is no kind {value!r}; known: {', '.join(get_args(Kind))}")
    return replace(filters, **changed)


def _number(name: str, value: str) -> float:
    try:
        number = float(value)
    except ValueError:
        number = -1.0
    if not 0 <= number <= (1 if name == "score" else 1000):
        raise NoFilter(f"{name}: expected a number from 0{' to 1' if name == 'score' else ''}, got {value!r}")
    return number


def _span(name: str, value: str) -> timedelta:
    try:
        return length_of(value)
    except ValueError as error:
        raise NoFilter(f"{name}: {error}, got {value!r}") from None


def states_of(names: list[str] | tuple[str, ...]) -> tuple[CaseState, ...]:
    """Read names of states; `all` is each of them.

    Raises:
        NoFilter: there is no such state.
    """
    known: tuple[CaseState, ...] = get_args(CaseState)
    if ALL in names:
        return known
    if unknown := [name for name in names if name not in known]:
        raise NoFilter(f"there is no state {unknown[0]!r}; known: {', '.join(known)}, {ALL}")
    return cast("tuple[CaseState, ...]", tuple(dict.fromkeys(names)))


def worded(filters: CaseFilters) -> str:
    """Write a choice of cases as a line that `read_filters` reads; empty for what waits for a person."""
    return " ".join(_words(filters))


def _words(filters: CaseFilters) -> Iterator[str]:
    if filters.states == get_args(CaseState):
        yield f"state:{ALL}"
    elif filters.states != _WAITING:
        yield f"state:{','.join(filters.states)}"
    for name in ("brand", "source", "kind", "assignee", "tag"):
        if (value := getattr(filters, name)) is not None:
            yield f"{name}:{shlex.quote(value)}"
    for name, least in (("score", filters.min_score), ("priority", filters.min_priority)):
        if least:
            yield f"{name}:{least:g}"
    for name, span in (("older", filters.older), ("younger", filters.younger)):
        if span is not None:
            yield f"{name}:{length_text(span)}"
    if filters.text is not None:
        yield f"text:{shlex.quote(filters.text)}"


_OPTIONS = (
    click.option("--view", metavar="NAME", help="A choice of cases that was saved; other options change it."),
    click.option("--state", "states", multiple=True, help=f"May be repeated; `{ALL}`. Default: {', '.join(_WAITING)}."),
    click.option("--brand", metavar="KEY"),
    click.option("--source", metavar="KEY", help="Seen by this source."),
    click.option("--kind", type=click.Choice(get_args(Kind)), help="With an item of this kind."),
    click.option("--min-score", type=click.FloatRange(0, 1)),
    click.option("--min-priority", type=click.FloatRange(0)),
    click.option("--assignee", metavar="WHO", help=f"A login, `{ME}`, or `{NOBODY}` for cases that nobody has taken."),
    click.option("--tag"),
    click.option("--older", type=Length(), help="Opened longer ago than 12h, 3d, 2w."),
    click.option("--younger", type=Length(), help="Opened since then."),
    click.option("--text", help="Part of the title."),
)


def case_filters(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options that choose cases; below `with_app`, it gets `filters` for the person `who`.

    Without `who` among its options, ME is the login.
    """

    @wraps(command)
    def wrapped(app: App, *arguments: Any, **options: Any) -> Any:
        asked = {name: options.pop(name) for name in _ASKED}
        view = options.pop("view")
        return command(app, *arguments, filters=_chosen(app, view, asked), **options)

    for option in reversed(_OPTIONS):
        wrapped = option(wrapped)
    return wrapped


_ASKED = (
    "states", "brand", "source", "kind", "min_score", "min_priority", "assignee", "tag", "older", "younger", "text",
)  # fmt: skip


def _chosen(app: App, view: str | None, asked: dict[str, Any]) -> CaseFilters:
    filters = CaseFilters()
    if view is not None:
        with app.snapshot() as session:
            filters = saved_view(session, view).filters
    given = {name: value for name, value in asked.items() if value not in (None, ())}
    try:
        if "states" in given:
            given["states"] = states_of(given["states"])
    except NoFilter as error:
        raise Misused(str(error)) from error
    return replace(filters, **given)


def keep_view(app: App, name: str, filters: CaseFilters, *, who: str, now: datetime | None = None) -> None:
    """Save a choice of cases under a name.

    Raises:
        Misused: the name has other characters than letters, digits, `.`, `-` and `_`.
    """
    if not VIEW_NAME.fullmatch(name):
        raise Misused(f"{VIEW_NAME_WORDS}, got {name!r}")
    with app.transaction() as session:
        save_view(session, name, filters, who=who, now=now or utc_now())
