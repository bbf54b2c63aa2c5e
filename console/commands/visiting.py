"""Visiting: follow links to where they lead, as several visitors."""

from dataclasses import replace

import click
import msgspec
from pydantic import ValidationError

from config.sources.visits import VisitsSource
from console.app import FAILED, PARTLY, App, Misused, as_json, as_person, print_json, utc_now, with_app
from console.journeys import journeys
from console.show import terminal
from console.stamping import stamp
from safety.screen import defang, screen
from spiders.crawl import CrawlOptions, Store, run_crawl
from storage.cases import case_detail
from storage.errors import CaseNotFound
from storage.profiles import with_what_was_judged
from storage.visits import Wanted, latest_visits, links_to_visit

KEY = "visits"  # of the source that a visit by hand reads


@click.command()
@click.argument("targets", nargs=-1, required=True)
@click.option("--click", "paid", is_flag=True, help="Go through the click address of an ad, which its buyer pays for.")
@as_person
@as_json
@with_app
def visit(app: App, targets: tuple[str, ...], paid: bool, who: str, as_json: bool) -> None:
    """Follow each of TARGETS, URLs, numbers of cases or ids of items, as every visitor, and show what each saw.

    Visitors are the [[visitor]] tables of the configuration; without any: a telephone that comes from an ad, twice, the
    same in a browser, a desk, and a desk that asks without click ids. The click address of an ad is not asked for,
    unless --click says so: the journey begins where it says that it leads. What was seen is judged, joins the case, and
    is kept as evidence.
    """
    cases = tuple(int(target) for target in targets if target.isdecimal())
    others = tuple(dict.fromkeys(target for target in targets if not target.isdecimal()))
    links = tuple(target for target in others if target.lower().startswith(("http://", "https://")))
    items = tuple(target for target in others if target not in links)
    followed = list(dict.fromkeys((*links, *_links(app, cases, items))))
    try:
        source = VisitsSource(
            key=KEY, kind="visits", links=links, cases=cases, items=items, most=len(followed), click=paid
        )
    except ValidationError as error:
        wrong = error.errors()[0]
        raise Misused(f"{links[int(wrong['loc'][1])]!r}: {wrong['msg'].removeprefix('Value error, ')}") from error
    began = utc_now()
    profiles = app.profiles()
    with app.snapshot() as session:
        profiles = replace(profiles, brands=with_what_was_judged(profiles.brands, session))
    report = run_crawl(
        app.config.model_copy(update={"source": (source,)}),
        CrawlOptions(sources=(KEY,), who=who),
        profiles=profiles,
        store=Store(engine=app.engine, media=app.media),
    )
    stamp(app)
    for line in report.sources[0].problems:
        click.echo(f"mekiki: {line}", err=True)
    with app.snapshot() as session:
        found = latest_visits(session, followed, began)
    if as_json:
        print_json([msgspec.to_builtins(one) for visits in found.values() for one in visits])
    else:
        for link, visits in found.items():
            click.echo(f"{screen(defang(link), limit=300)}")
            terminal().print(*journeys(visits), sep="\n")
    if report.sources[0].outcome == "failed" or "storage" in report.sources[0].errors:
        raise SystemExit(FAILED)
    if any(all(one.outcome == "could_not_tell" for one in visits) for visits in found.values()):
        raise SystemExit(PARTLY)


def _links(app: App, cases: tuple[int, ...], items: tuple[str, ...]) -> list[str]:
    """Return the links of cases and items that are followed."""
    followed: list[str] = []
    now = utc_now()
    wanted = Wanted(score=0, judged_since=now, before=now, most=10_000)
    with app.snapshot() as session:
        for item in items:
            links = [link.url for link in links_to_visit(session, replace(wanted, items=(item,)))]
            if not links:
                what = "neither an http or https address, nor the number of a case, nor the id of an item with a link"
                raise Misused(f"{item!r} is {what}")
            followed += links
        for case_id in cases:
            try:
                case_detail(session, case_id, max_items=1)
            except CaseNotFound as error:
                raise Misused(str(error)) from error
            links = [link.url for link in links_to_visit(session, replace(wanted, cases=(case_id,)))]
            if not links:
                raise Misused(f"case {case_id} has no link to follow: where its items lead is unknown")
            followed += links
    return followed
