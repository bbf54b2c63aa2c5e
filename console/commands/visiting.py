"""Visiting: follow links to where they lead, as several visitors."""

from collections.abc import Iterator

import click
import msgspec

from console.app import PARTLY, App, Misused, as_json, print_json, with_app
from console.journeys import journeys
from console.show import terminal
from detector.hosts import destination, parse_host, redirector
from detector.items import Item
from detector.visits import Visit
from safety.screen import defang, screen
from spiders.visits.run import run_visits
from storage.cases import case_detail
from storage.errors import CaseNotFound
from storage.visits import save_visits

MOST_LINKS = 10  # of one case


@click.command()
@click.argument("targets", nargs=-1, required=True)
@click.option("--click", "paid", is_flag=True, help="Go through the click address of an ad, which its buyer pays for.")
@as_json
@with_app
def visit(app: App, targets: tuple[str, ...], paid: bool, as_json: bool) -> None:
    """Follow each of TARGETS, URLs or numbers of cases, as every visitor, and show what each saw.

    Visitors are the [[visitor]] tables of the configuration; without any: a telephone that comes from an ad, twice, a
    desk, and a desk that asks without the query. The click address of an ad is not asked for, unless --click says so:
    the journey begins where it says that it leads. What was seen is kept.
    """
    cases: dict[str, int | None] = {}  # of each link that is followed
    for target in targets:
        number = int(target) if target.isdecimal() else None
        if number is None and not target.lower().startswith(("http://", "https://")):
            raise Misused(f"{target!r} is neither an http or https address nor the number of a case")
        for link in _links(app, number) if number is not None else [target]:
            cases.setdefault(link if paid else unpaid(link), number)
    starts = list(cases)

    def keep(visits: tuple[Visit, ...]) -> None:
        with app.transaction() as session:
            save_visits(session, visits, case_id=cases[visits[0].url])

    found = run_visits(app.config, starts, put=app.media.put, done=keep)
    if as_json:
        print_json([msgspec.to_builtins(one) for visits in found for one in visits])
    else:
        for link, visits in zip(starts, found, strict=True):
            click.echo(f"{screen(defang(link), limit=300)}")
            terminal().print(*journeys(visits), sep="\n")
    if any(one.outcome == "could_not_tell" for visits in found for one in visits):
        raise SystemExit(PARTLY)


def unpaid(link: str) -> str:
    """Return where a click address says that it leads, byte for byte; else the link itself."""
    host = parse_host(link)
    target = destination(link) if host is not None and redirector(host) is not None else None
    return target.raw if target is not None and target.raw.startswith(("http://", "https://")) else link


def _links(app: App, case_id: int) -> list[str]:
    try:
        with app.snapshot() as session:
            detail = case_detail(session, case_id)
    except CaseNotFound as error:
        raise Misused(str(error)) from error
    links = list(dict.fromkeys(link for view in detail.items for link in _of(view.item)))
    if not links:
        raise Misused(f"case {case_id} has no link to follow: where its items lead is unknown")
    if len(links) > MOST_LINKS:
        click.echo(f"mekiki: following the first {MOST_LINKS} of {len(links)} links", err=True)
    return links[:MOST_LINKS]


def _of(item: Item) -> Iterator[str]:
    if item.kind in ("page", "domain") and item.url:
        yield item.url if "://" in item.url else f"http://{item.url}/"
    elif item.kind not in ("page", "domain"):
        yield from item.links
