"""Setting up: init, config, db, doctor, demo."""

import shutil
import sys
import tempfile
from contextlib import suppress
from importlib.resources import files
from pathlib import Path
from threading import Event

import click

from config import Config
from console.app import FAILED, PARTLY, App, Misused, Stop, as_person, complain, print_json, utc_now, with_app
from console.case_page import case_list
from console.commands.finding import source_line
from console.counted import counted
from console.doctor import configured, installation
from console.show import summary_line, terminal
from demo.postbox import Letter
from demo.run import DemoReport, run_demo, whole_world
from detector.lint import lint
from safety.screen import screen, screen_json
from storage.database import backups, open_engine, upgrade
from storage.retention import Keep, compact, prune
from takedown.catalogue import problems as catalogue_problems
from watch.queue import install


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
    """Read everything the configuration names: keys, secrets, logos, pictures; warn of names that will misfire."""
    config = app.config
    if entries := catalogue_problems(config):
        raise Misused("\n".join(map(str, entries)))
    missing = config.missing_secrets()
    complain(missing)
    profiles = app.profiles()
    unreadable = profiles.problems
    for warning in lint(profiles.brands):
        click.echo(f"mekiki: warning: brand {warning.brand}: {warning.where}: {screen(warning.says)}", err=True)
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


@click.group()
def db() -> None:
    """Look after the database."""


@db.command("upgrade")
@with_app
def db_upgrade(app: App) -> None:
    """Bring the database to this version; an SQLite file is copied first, PostgreSQL gets the queue, too."""
    engine = open_engine(app.config.storage.database)
    applied = upgrade(engine)
    if engine.dialect.name == "postgresql" and install(engine):
        applied.append("queue")
    click.echo(f"applied {', '.join(applied)}" if applied else "already up to date")


@db.command("prune")
@click.option("--dry-run", is_flag=True, help="Only say what would go.")
@as_person
@with_app
def db_prune(app: App, who: str, dry_run: bool) -> None:
    """Remove what is older than [storage] keep_items, keep_pictures and keep_visits and no case needs any more.

    Cases that are open, confirmed or held keep everything. Case logs and the custody chain stay whole.
    """
    storage = app.config.storage
    keep = Keep(items=storage.keep_items, pictures=storage.keep_pictures, visits=storage.keep_visits)
    if keep == Keep():
        raise Misused("nothing to do: set [storage] keep_items, keep_pictures or keep_visits")
    pruned = prune(app.engine, app.media, keep, who=who, now=utc_now(), dry_run=dry_run)
    counts = {
        "items": pruned.items,
        "items of settled cases emptied": pruned.emptied,
        "notices of settled cases emptied": pruned.notices,
        "versions without their pictures": pruned.pictured,
        "visits": pruned.visits,
        "files": pruned.files,
        "cases under legal hold kept": pruned.held,
    }
    click.echo(summary_line("would remove" if dry_run else "removed", counts))
    if not dry_run:
        compact(app.engine)
    for copy in backups(app.engine):
        click.echo(f"mekiki: {copy} was made before an upgrade and still holds everything", err=True)


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
