"""Status: one screen for whoever wants to know whether all is well, and what to do where it is not."""

import click
import msgspec

from console.app import PARTLY, App, as_json, print_json, utc_now, with_app
from console.show import terminal
from console.status_page import status_page
from storage.database import revision
from watch.observability.facts import FactsReader
from watch.observability.troubles import troubles


@click.command()
@as_json
@with_app
def status(app: App, as_json: bool) -> None:
    """Say whether all is well, what waits for whom, and what to type next; exit code 4 when somebody has to look."""
    facts = FactsReader(app.config, app.engine, utc_now).read()
    found, at = troubles(facts), revision(app.engine)
    if as_json:
        shown = msgspec.to_builtins(facts)
        del shown["totals"]  # of all runs: for Prometheus
        print_json({"well": not found, "troubles": found, "revision": at, **shown})
    else:
        for part in status_page(facts, at, found):
            terminal().print(part)
    if found:
        raise SystemExit(PARTLY)
