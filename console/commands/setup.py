"""Setting up: init, config, doctor, demo."""

import shutil
import sys
import tempfile
from contextlib import suppress
from importlib.resources import files
from pathlib import Path
from threading import Event

import click

from config import Config
from console.app import FAILED, PARTLY, App, Misused, Stop, complain, print_json, with_app
from console.case_page import case_list
from console.commands.finding import source_line
from console.show import summary_line, terminal
from demo.postbox import Letter
from demo.run import DemoReport, run_demo, whole_world
from desk.checked import warnings
from desk.counted import counted
from desk.doctor import configured, installation
from safety.screen import screen, screen_json
from takedown.catalogue import problems as catalogue_problems


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path), default="mekiki.toml")
def init(file: Path) -> None:
    """Write a complete, commented configuration to FILE (default mekiki.toml)."""
    try:
        with file.open("x", encoding="utf-8") as target:
            target.write(files("console").joinpath("starter.toml").read_text("utf-8"))
    except FileExistsError as error:
        raise Stop(f"{file} is already there; name another file") from error
    except OSError as error:
        raise Stop(f"{file} cannot be written: {error.strerror}") from error
    click.echo(f"wrote {file}; edit it, then run `mekiki config check --config {file}`", err=True)


@click.group("config")
def config_group() -> None:
    """Check and show the configuration."""


@config_group.command("check")
@with_app
def config_check(app: App) -> None:
    """Read everything the configuration names: keys, secrets, logos, pictures.

    Warn of names that will misfire, and of secrets that stand in the address of a source.
    """
    config = app.config
    if entries := catalogue_problems(config):
        raise Misused("\n".join(map(str, entries)))
    missing = config.missing_secrets()
    complain(missing)
    profiles = app.profiles()
    unreadable = profiles.problems
    for warning in warnings(config, profiles.brands):
        click.echo(f"mekiki: warning: {warning.line}", err=True)
    counts = {"brands": len(config.brand), "sources": len(config.source), "receivers": len(config.receiver)}
    click.echo(summary_line(str(config.file), counts))
    if missing or unreadable:
        raise SystemExit(PARTLY)


@config_group.command("show")
@with_app
def config_show(app: App) -> None:
    """Print the configuration as it was understood; secrets stay references."""
    click.echo(screen_json(app.config.model_dump_json(indent=2).encode()))


@config_group.command("schema")
def config_schema() -> None:
    """Print the JSON Schema of the configuration, for editors."""
    print_json(Config.model_json_schema())


@click.command()
@with_app
def doctor(app: App) -> None:
    """Check the installation, and the configuration if there is one."""
    checks = list(installation())
    if app.path.exists():
        checks += configured(app.config)
    for check in checks:
        click.echo(f"{'ok  ' if check.ok else 'FAIL'}  {check.name:10} {screen(check.detail)}")
    if not all(check.ok for check in checks):
        raise SystemExit(FAILED)


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
    for command in (f"cases show {first}", "triage", "alerts pending"):
        click.echo(f"  {program} {command} --config {file}")
    click.echo(f"  {program} init        # your own configuration")
