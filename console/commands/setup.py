"""Setting up: init, config, doctor."""

from importlib.resources import files
from pathlib import Path

import click

from config import Config
from console.app import FAILED, PARTLY, App, Misused, Stop, complain, print_json, with_app
from console.show import summary_line
from desk.checked import warnings
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
