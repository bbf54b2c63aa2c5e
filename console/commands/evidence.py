"""Evidence: is everything that was kept still there, unchanged?"""

import re
from collections.abc import Sequence
from pathlib import Path

import click
from cryptography.x509 import Certificate
from sqlalchemy.exc import DatabaseError

from console.app import FAILED, App, Stop, as_json, print_json, with_app
from console.show import summary_line
from console.stamping import trusted
from safety.screen import screen
from spiders.visits.warc import check_warc
from storage.custody import Head, head
from storage.verification import Finding, Verification

LINE = 400  # characters of one finding
_COUNTS = {  # as `Verification` counts them -> as people read them
    "rows": "rows of custody",
    "entries": "entries of case logs",
    "manifests": "manifests",
    "visits": "visits",
    "files": "files of evidence",
    "records": "records in WARC files",
    "media": "files in the media store",
    "stamps": "stamps",
    "pending": "stamps still to come",
}


class _Noted(click.ParamType[Head]):
    name = "NUMBER:HASH"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> Head:
        found = re.fullmatch(r"(\d{1,18}):([0-9a-f]{64})", value.strip())
        if found is None:
            self.fail("expected NUMBER:HASH, as `mekiki verify --head` prints it", param, ctx)
        return Head(number=int(found[1]), hash=found[2])


@click.command()
@click.option("--head", "only_head", is_flag=True, help="Only print number and hash of the last row of custody.")
@click.option("--expect", type=_Noted(), help="What --head printed earlier: rows up to there must not have changed.")
@click.option(
    "--roots",
    "roots_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="PEM file with the certificates that time stamps must lead to; default: evidence.roots.",
)
@as_json
@with_app
def verify(app: App, only_head: bool, expect: Head | None, roots_file: Path | None, as_json: bool) -> None:
    """Check offline that all evidence is there, unchanged, and name what is not.

    Looked at are every file of the media store, the chain of custody, every manifest with the files it names, the
    records of WARC files, time stamps, and the log of each case. Without roots it is not checked who made these.
    """
    try:
        if only_head:
            _print_head(app, as_json)
        else:
            look_at_everything(app, expect, trusted(roots_file or app.config.evidence.roots), as_json)
    except DatabaseError as error:
        reason = str(error.orig).partition("\n")[0]
        raise Stop(f"the database is damaged: {reason}") from error


def _print_head(app: App, as_json: bool) -> None:
    with app.snapshot() as session:
        last = head(session)
    if as_json:
        print_json(last)
    else:
        click.echo(last)


def look_at_everything(app: App, expect: Head | None, roots: Sequence[Certificate] = (), as_json: bool = False) -> None:
    """Write what is wrong with what was kept; exit with FAILED if something is."""
    check = Verification(app.engine, app.media, check_warc=check_warc, expect=expect, roots=roots)
    found: list[Finding] = []
    wrong = 0
    for finding in check.findings():
        wrong += 1
        if as_json:
            found.append(finding)
        else:
            click.echo(screen(str(finding), limit=LINE))
    if as_json:
        print_json({"ok": not wrong, "findings": found, "counts": check.counts, "rooted": bool(roots)})
    else:
        click.echo(_summary(check.counts, wrong, rooted=bool(roots)))
    if wrong:
        raise SystemExit(FAILED)


def _summary(counts: dict[str, int], wrong: int, *, rooted: bool) -> str:
    line = summary_line(
        f"{wrong} wrong" if wrong else "all well", {says: counts[name] for name, says in _COUNTS.items()}
    )
    return f"{line}; time stamps were not checked against a root" if counts["stamps"] and not rooted else line
