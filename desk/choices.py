"""Choices of cases in one line: `brand:hoshino score:0.8 state:open,relapsed younger:3d assignee:me`, and its name.

The line is made of words `name:value`; what has no name is looked for in titles. `worded` writes a choice of cases as
such a line, `read_filters` reads it back.
"""

import re
import shlex
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any, cast, get_args

from config.fields import length_of, length_text
from detector.items import Kind
from storage.schema import CaseState
from storage.views import CaseFilters

ALL = "all"
WAITING = CaseFilters().states
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
    elif filters.states != WAITING:
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
