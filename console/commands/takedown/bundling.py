"""Bundling: everything that proves a case in one file that others can read and check."""

from pathlib import Path
from typing import cast, get_args

import click

from alerts.message import Language
from console.app import PARTLY, App, Stop, as_json, as_person, print_json, utc_now, with_app
from console.appearing import appearing
from console.stamping import stamp
from desk.bundling import bundled
from desk.counted import counted
from safety.screen import screen
from storage.errors import CaseNotFound
from storage.merging import root_of
from takedown.bundle.compose import reference_of
from takedown.bundle.write import Written
from takedown.errors import TakedownError

_WHY = {
    "missing": "is not in the media store",
    "differs": "has other content in the media store than its hash says",
    "unreadable": "cannot be read",
    "purged": "was removed by retention",
}


@click.command("bundle")
@click.argument("case_id", metavar="CASE", type=int)
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="ZIP file to write. [default: mekiki-case-CASE-TIME.zip here]",
)
@click.option("--language", type=click.Choice(get_args(Language)), help="[default: that of alerts]")
@click.option("--force", is_flag=True, help="Write over a file that is there.")
@as_person
@as_json
@with_app
def bundle(
    app: App, case_id: int, out: Path | None, language: str | None, force: bool, who: str, as_json: bool
) -> None:
    """Write everything that proves a case into one ZIP file: for a platform, a lawyer, the police.

    It opens offline (index.html, summary.pdf), holds nothing of other cases, and checks itself: `python -I verify.py`
    names every file, row of custody and log entry that is not as it was. That it was made is kept in the chain of
    custody, with its hash, and gets a time stamp where an authority is configured.
    """
    now = utc_now()
    tongue = cast("Language", language or app.config.alerting.language)
    try:
        with app.snapshot() as session:
            root = root_of(session, case_id)
        path = out or Path(f"{reference_of(root, now)}.zip")
        with appearing(path, force=force) as aside:  # no bundle appears without its row of custody
            written, manifest = bundled(
                app.engine, app.media, app.config, root, aside, language=tongue, who=who, now=now
            )
    except (CaseNotFound, TakedownError) as error:
        raise Stop(str(error)) from error
    stamp(app)
    if root != case_id:
        click.echo(f"mekiki: case {case_id} has become a part of case {root}; the bundle is that of {root}", err=True)
    for one in written.lost:
        line = f"missing in the bundle: {one.role} {one.sha256} of {one.of}: {_WHY[one.why]}"
        click.echo(f"mekiki: {screen(line, limit=400)}", err=True)
    if as_json:
        print_json(
            {
                "case": written.case_id,
                "file": str(path),
                "sha256": written.sha256,
                "bytes": written.bytes,
                "files": len(written.files),
                "missing": written.lost,
                "manifest": manifest,
                "stamps": {"there": written.stamps, "pending": written.pending},
            }
        )
    else:
        click.echo(_said(written, path))
    if written.lost:
        raise SystemExit(PARTLY)


def _said(written: Written, path: Path) -> str:
    stamps = f", {counted(written.stamps, 'time stamp')}" if written.stamps else ""
    pending = f", {counted(written.pending, 'time stamp')} still to come" if written.pending else ""
    lost = f", {counted(len(written.lost), 'file')} MISSING" if written.lost else ""
    size = f"{written.bytes / 1e6:.1f} MB" if written.bytes >= 1e5 else f"{written.bytes / 1e3:.0f} kB"
    head = f"{screen(str(path))}: case {written.case_id}"
    return (
        f"{head}, {counted(len(written.files), 'file')}, {size}{stamps}{pending}{lost}\n"
        f"SHA-256 {written.sha256}\n"
        f"check it anywhere: unpack it and type `python -I verify.py`"
    )
