"""Slices: the parts of a source that several workers can read at the same time, by name.

Steady parts are there in every round: `query=星野電機`, `queries=7/64` (a group of short questions), `host=shop.test`,
`domain=hoshino-denki.example`, `log=https://…` (its end), `visit` and `recheck` (of visits). Allotted parts are those
that one of these finds too much for itself, and keeps as cursors until they are done, so that they outlive whoever
reads them: `log=https://…&range=65536-131072`, `visit=shop.test`, `recheck=shop.test`. Which parts a kind has is said
by its spider (`SourceSpider.parts`).

A part is read by `mekiki crawl --source KEY --slice NAME`. One that was allotted and is done already is no error: there
is nothing left to do. Cursors and states of addresses belong to the source, not to the part, so whole runs and runs of
parts go on where the other ended.
"""

import re
from collections.abc import Iterable

from sqlalchemy.orm import Session

from config import Config, Source
from spiders.crawl import spider_of

ALLOTTED = ("visit=", "recheck=")
_RANGE = re.compile(r"&range=[0-9]+-[0-9]+\Z")
SHOWN = 8  # parts that a line names


class UnknownSlice(ValueError):
    """A source has no such part; its text is one line that names some that it has."""


def slices_of(config: Config, source: Source, session: Session) -> tuple[str, ...]:
    """Return the parts of a source, each of which may be read now; ("",) where it is read whole.

    Cheap: reads the configuration and the source's cursors, no network, no items. Steady parts come first; what was
    allotted should begin at once, and again by the source's schedule while it still stands here.
    """
    return spider_of(source).parts(config, source, session)


def is_allotted(slice: str) -> bool:
    """Tell whether a part is one that was found, and is gone when it is done."""
    return slice.startswith(ALLOTTED) or _RANGE.search(slice) is not None


def steady(slices: Iterable[str]) -> tuple[str, ...]:
    """Return the parts that every round has."""
    return tuple(slice for slice in slices if not is_allotted(slice))


def check_slice(config: Config, source: Source, slice: str, session: Session) -> None:
    """Make sure that a source has, or had, a part.

    Raises:
        UnknownSlice: it has not.
    """
    known = slices_of(config, source, session)
    if slice in known or not slice:
        return
    if is_allotted(slice) and known != ("",):
        return  # done already, by somebody else
    if known == ("",):
        raise UnknownSlice(f"the source {source.key} is read whole, it has no part {slice!r}; leave out --slice")
    some = ", ".join(known[:SHOWN]) + (f" … ({len(known)} in all)" if len(known) > SHOWN else "")
    raise UnknownSlice(f"the source {source.key} has no part {slice!r}; known: {some}")
