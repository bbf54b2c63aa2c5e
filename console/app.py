"""What the commands share: the App behind `--config`, errors for people, JSON output, the clock."""

import getpass
import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property, wraps
from pathlib import Path
from typing import Any

import click
import msgspec
from sqlalchemy import Engine
from sqlalchemy.orm import Session

import config as configuration
from config import Config, ConfigError, Problem
from detector.images.errors import NetworksDamaged
from detector.images.networks import check
from detector.policy import PolicyError
from safety.sandbox import Sandbox
from safety.screen import screen
from safety.secret import SecretError
from storage.database import check_current, open_engine, revision, snapshot, transaction, upgrade
from storage.errors import StorageError, StorageUnavailable
from storage.media import MediaStore
from storage.profiles import Profiles, build_profiles
from takedown.catalogue import Catalogue, load_catalogue
from takedown.errors import TakedownError

OK, FAILED, USAGE, OUTSIDE, PARTLY = range(5)


class Stop(click.ClickException):
    """An error for people: one line, and the exit code that fits.

    Stop
    ├── Misused         the command line or the configuration asks for what cannot be
    └── OutsideFailed   something outside mekiki did not answer as it should
    """

    exit_code = FAILED

    def show(self, file: Any = None) -> None:
        """Write the message to standard error."""
        for line in self.message.splitlines():
            click.echo(f"mekiki: {screen(line)}", err=True)


class Misused(Stop):
    """The command line or the configuration asks for what cannot be."""

    exit_code = USAGE


class OutsideFailed(Stop):
    """Something outside mekiki did not answer as it should."""

    exit_code = OUTSIDE


def utc_now() -> datetime:
    """Return the time, the one place where the command line reads a clock."""
    return datetime.now(UTC)


@dataclass
class App:
    """What the commands share, made when first asked for."""

    path: Path

    @cached_property
    def config(self) -> Config:
        try:
            return configuration.load(self.path)
        except ConfigError as error:
            hint = "\n`mekiki init` writes a complete one" if not self.path.exists() else ""
            raise Misused(str(error) + hint) from error

    @cached_property
    def engine(self) -> Engine:
        engine = open_engine(self.config.storage.database)
        if revision(engine).current is None:
            upgrade(engine)
        check_current(engine)
        return engine

    @cached_property
    def media(self) -> MediaStore:
        return MediaStore(self.config.storage.media)

    @cached_property
    def catalogue(self) -> Catalogue:
        """The channels, a team's own entries among them."""
        try:
            return load_catalogue(self.config.takedown.channels)
        except ConfigError as error:
            raise Misused(str(error)) from error

    def close(self) -> None:
        """Give the database's connections back, where there are any."""
        if "engine" in self.__dict__:
            self.engine.dispose()

    def transaction(self) -> AbstractContextManager[Session]:
        """Open a session that writes."""
        return transaction(self.engine)

    def snapshot(self) -> AbstractContextManager[Session]:
        """Open a session that only reads."""
        return snapshot(self.engine)

    def profiles(self) -> Profiles:
        check()  # the networks: without them every picture would be a problem of its own
        with Sandbox(workers=1) as sandbox:
            profiles = build_profiles(self.config, sandbox)
        complain(profiles.problems)
        return profiles


@contextmanager
def told() -> Iterator[None]:
    """Whatever our rooms raise on purpose ends as one line and an exit code."""
    try:
        yield
    except StorageUnavailable as error:
        raise OutsideFailed(str(error)) from error
    except PolicyError as error:
        raise Misused(str(error)) from error
    except (StorageError, SecretError, NetworksDamaged, TakedownError) as error:
        raise Stop(str(error)) from error


def complain(problems: Iterable[Problem]) -> None:
    """Write one line for each problem."""
    for problem in problems:
        click.echo(f"mekiki: {screen(str(problem))}", err=True)


def with_app(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command `--config` and hand it the App."""

    @click.option(
        "-c",
        "--config",
        "path",
        type=click.Path(dir_okay=False, path_type=Path),
        default="mekiki.toml",
        envvar="MEKIKI_CONFIG",
        show_default=True,
        help="Configuration file.",
    )
    @wraps(command)
    def wrapped(*arguments: Any, path: Path, **options: Any) -> Any:
        app = App(path)
        try:
            return command(app, *arguments, **options)
        finally:
            app.close()

    return wrapped


as_json = click.option("--json", "as_json", is_flag=True, help="Write JSON for machines.")
as_person = click.option("--as", "who", default=getpass.getuser, show_default="your login", help="Who is judging.")


def print_json(value: Any) -> None:
    """Write one JSON document in ASCII, so that hostile text in it reaches a terminal as escapes only."""
    click.echo(json.dumps(msgspec.to_builtins(value), ensure_ascii=True, indent=2))
