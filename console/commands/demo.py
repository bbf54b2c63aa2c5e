"""The demo."""

import shutil
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from threading import Event

import click

from console.app import Misused, Stop
from console.case_page import case_list
from console.commands.finding import source_line
from console.show import terminal
from demo.postbox import Letter
from demo.run import DemoReport, run_demo, whole_world
from desk.counted import counted
from safety.screen import screen


@click.command()
@click.option(
    "--dir",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where to keep the demo's files.",
)
@click.option("--serve", is_flag=True, help="Keep the world running until Ctrl-C, to try the other commands on it.")
def demo(folder: Path | None, serve: bool) -> None:
    """Crawl a small world on this machine with planted frauds, and show what mekiki makes of it."""
    folder = folder or Path(tempfile.mkdtemp(prefix="mekiki-demo-"))
    if (folder / "mekiki.db").exists():
        raise Misused(f"{folder} holds an earlier demo; name another folder")
    with whole_world() as (world, postbox):
        postbox.arrived = _tell_of
        _show_demo(run_demo(folder, world, postbox, lambda line: click.echo(line, err=True)))
        if serve:
            click.echo(
                f"\nthe world is on http://127.0.0.1:{world.port}/ until Ctrl-C; docs/takedown.md goes on from here"
            )
            with suppress(KeyboardInterrupt):
                Event().wait()


def _tell_of(letter: Letter) -> None:
    """Say that a mail arrived in the demo's postbox."""
    click.echo(f"mail for {screen(', '.join(letter.recipients))}: {screen(str(letter.message['Subject']))}")


def _show_demo(report: DemoReport) -> None:
    for source in report.crawl.sources:
        click.echo(source_line(source))
    terminal().print(case_list(report.cases))
    file = report.folder / "mekiki.toml"
    click.echo(f"\n{counted(len(report.received), 'alert')} reached the sink: {', '.join(report.received)}")
    for kind, address in sorted(report.missed):
        click.echo(f"MISSED {kind} {address}")
    for kind, address in sorted(report.wrong):
        click.echo(f"WRONGLY FLAGGED {kind} {address}")
    if not report.passed:
        raise Stop("the demo did not find exactly what was planted")
    first = report.cases[0].id
    program = "mekiki" if shutil.which("mekiki") or not sys.argv[0].endswith("mekiki") else sys.argv[0]
    click.echo("every planted fraud was flagged, nothing honest was\n\nWhat to type next:")
    for command in (f"cases show {first}", "triage", "alerts pending", "account add demo --role admin", "serve"):
        click.echo(f"  {program} {command} --config {file}")
    click.echo(f"  {program} init        # your own configuration")
