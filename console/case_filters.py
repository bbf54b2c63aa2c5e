"""Which cases: the options of `cases list`, `cases export` and `triage`; the same in one line is `desk.choices`."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from functools import wraps
from typing import Any, get_args

import click

from console.app import App, Misused, utc_now
from console.moments import Length
from desk.choices import ALL, VIEW_NAME, VIEW_NAME_WORDS, WAITING, NoFilter, states_of
from detector.items import Kind
from storage.views import ME, NOBODY, CaseFilters, save_view, saved_view

_OPTIONS = (
    click.option("--view", metavar="NAME", help="A choice of cases that was saved; other options change it."),
    click.option("--state", "states", multiple=True, help=f"May be repeated; `{ALL}`. Default: {', '.join(WAITING)}."),
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
