"""Time stamps for evidence: ask the configured authority for what is due, and say what it refused."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import click
from cryptography.x509 import Certificate

from console.app import App, Misused, utc_now
from safety.egress import EgressRule
from safety.screen import screen
from spiders.visits.stamping import stamp_due
from storage.stamp_tokens import read_roots


def stamp(app: App) -> None:
    """Ask for every time stamp that is due; nothing where no authority is configured."""
    if app.config.evidence.authority is None:
        return
    rule = EgressRule.parse(app.config.egress.allow, app.config.egress.hosts)
    roots = trusted(app.config.evidence.roots)
    stamped = True
    while stamped:  # a pass asks for some; what an authority refuses waits
        report = asyncio.run(stamp_due(app.engine, app.media, rule=rule, now=utc_now, roots=roots))
        stamped = report.stamped > 0 and not report.problems
        for problem in report.problems:
            click.echo(f"mekiki: {screen(problem)}", err=True)


def trusted(file: Path | None) -> Sequence[Certificate]:
    """Return the certificates that time stamps must lead to; none where no file is named."""
    if file is None:
        return ()
    try:
        return read_roots(file.read_bytes())
    except (OSError, ValueError) as error:
        raise Misused(f"{file}: no certificates in PEM can be read from it") from error
