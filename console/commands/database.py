"""The database: upgrade, prune, copy, backup, restore."""

from pathlib import Path

import click

from config.files import configuration_files
from console.app import PARTLY, App, Misused, as_person, complain, utc_now, with_app
from console.commands.evidence import look_at_everything
from console.commands.seen import db_index
from console.show import summary_line
from console.stamping import trusted
from console.still import still
from desk.counted import counted
from safety.screen import screen
from storage.backup import make_backup, thin_backup
from storage.copying import copy_database
from storage.database import backups, open_engine, upgrade
from storage.likeness.index import forget
from storage.restoring import open_backup, restore, restore_configuration
from storage.retention import Keep, compact, prune
from watch.many.queue import install


@click.group()
def db() -> None:
    """Look after the database."""


db.add_command(db_index)


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
@click.option("--online", is_flag=True, help="Lock nobody out of PostgreSQL: its files are not written anew.")
@as_person
@with_app
def db_prune(app: App, who: str, dry_run: bool, online: bool) -> None:
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
        "sightings of months that are over": pruned.sightings,
        "items of settled cases emptied": pruned.emptied,
        "notices of settled cases emptied": pruned.notices,
        "versions without their pictures": pruned.pictured,
        "visits": pruned.visits,
        "files": pruned.files,
        "cases under legal hold kept": pruned.held,
    }
    if not dry_run:
        tell = lambda line: click.echo(f"mekiki: {screen(line)}", err=True)  # noqa: E731
        counts["codes of the index"] = forget(app.engine, storage.index, say=tell)
    click.echo(summary_line("would remove" if dry_run else "removed", counts))
    if not dry_run:
        compact(app.engine, online=online)
    for copy in backups(app.engine):
        click.echo(f"mekiki: {copy} was made before an upgrade and still holds everything", err=True)


@db.command("copy")
@click.argument("target", metavar="TARGET")
@with_app
def db_copy(app: App, target: str) -> None:
    """Copy the whole database into an empty one at TARGET: env:NAME, sqlite:///FILE or postgresql+psycopg://…

    To move with nothing lost: stop every watch and worker, end crawls and triage, copy, name the new database in
    [storage] database, start again. Beside a watch or worker nothing is copied; nor where anybody else writes into
    the old database while the copy is made. What is written there after its end stays there alone.

    A URL with a password belongs into an environment variable, named as env:NAME. Media files stay where they are.
    """
    engine = open_engine(target)
    count = 0
    try:
        with still(app.engine) as check:
            for copied in copy_database(app.engine, engine, check=check):
                count += copied.rows
                click.echo(f"{copied.table}: {counted(copied.rows, 'row')}")
        if engine.dialect.name == "postgresql":
            install(engine)
    finally:
        engine.dispose()
    click.echo(f"copied {counted(count, 'row')}; now name the new database in [storage] of {app.path}", err=True)


@db.command("backup")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--keep", type=click.IntRange(min=1), help="Sets to keep: older ones go, with files that only they name.")
@with_app
def db_backup(app: App, folder: Path, keep: int | None) -> None:
    """Add a set to FOLDER, which is made if it is not there: the database, the configuration, a list of media files.

    \b
    FOLDER/2026-11-30T031500Z/        a set, named by its time in UTC, with
      mekiki.db or mekiki.dump        the database, of SQLite or of PostgreSQL
      media.sha256, configuration/    names of its media files; mekiki.toml and what it names
      manifest.json, manifest.sha256  SHA-256 of every file, head of the custody chain
    FOLDER/media/                     media files of all sets, each once: only new ones are copied

    It comes back, checked, by `mekiki db restore FOLDER`, into an empty database and an empty media store. Secrets are
    not in it: keep environment and secret files elsewhere.

    Workers may go on meanwhile. Of PostgreSQL a dump is made by its own pg_dump, which must be at least as new as the
    server, and reach it directly, not through PgBouncer.
    """
    files = configuration_files(app.config)
    made = make_backup(app.engine, app.media, folder, files, base=app.config.file.parent, now=utc_now())
    counts = {
        "rows": made.rows,
        "media files": made.files,
        "of them new": made.new,
        "files of configuration": made.configuration,
    }
    click.echo(summary_line(str(made.folder), counts))
    click.echo(f"custody head {made.head}", err=True)
    if keep is not None:
        gone = thin_backup(folder, keep)
        click.echo(f"removed {counted(gone, 'older set')}", err=True)
    for name in made.damaged:
        click.echo(f"mekiki: media {name}: content differs from its name, so it was left out", err=True)
    if made.damaged:
        raise SystemExit(PARTLY)


@db.command("restore")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--verify", "verified", is_flag=True, help="Then do what `mekiki verify` does.")
@with_app
def db_restore(app: App, folder: Path, verified: bool) -> None:
    """Put the latest set of FOLDER, or the set that is FOLDER, into an empty database and an empty media store.

    On a new machine: install, change into an empty folder, set the variables that the configuration names (env:…),
    restore. Where the configuration file (--config) is not there, that of the backup is put there first; where it is,
    it names the database and the media store. Every file is compared with the backup's list before anything is written.
    """
    found = open_backup(folder)
    if not app.path.exists():
        for file in restore_configuration(found, app.path):
            click.echo(f"wrote {screen(str(file))}", err=True)
    engine = open_engine(app.config.storage.database)
    try:
        restored = restore(found, engine, app.media)
    finally:
        engine.dispose()
    counts = {"rows": restored.rows, "media files": restored.files}
    click.echo(summary_line(f"restored {found.folder.name}", counts))
    click.echo(f"custody head {restored.head}, as in the backup", err=True)
    complain(app.config.missing_secrets())  # no backup holds them
    if verified:
        look_at_everything(app, None, trusted(app.config.evidence.roots))
