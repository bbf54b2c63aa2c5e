"""Verbs: the commands at the top, each loaded when it is asked for. Help and completion load none."""

import gc
import sys
from importlib import import_module
from typing import Any

import click

from safety.confinement import seclude

_PACKAGE = "console.commands"


class Verb(click.Command):
    """A command by its name and the first sentence of its help, until it is loaded."""

    def __init__(self, name: str, where: str, sentence: str) -> None:
        """Take what is known beforehand.

        Args:
            where: `module:attribute`, below `console.commands`.
        """
        super().__init__(name, help=sentence)
        self._module, _, self._attribute = where.partition(":")

    def load(self) -> click.Command:
        """Import the command itself."""
        command = getattr(_imported(f"{_PACKAGE}.{self._module}"), self._attribute)
        assert isinstance(command, click.Command)
        return command


class Verbs(click.Group):
    """The top of the command line: whatever our rooms raise on purpose ends as one line and an exit code."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command."""
        seclude()
        with _imported("console.app").told():
            return super().invoke(ctx)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that is typed, and load it."""
        name, command, rest = super().resolve_command(ctx, args)
        return name, command.load() if isinstance(command, Verb) else command, rest


def _imported(name: str) -> Any:
    """Import a module of ours.

    All that is imported stays: looking through it for garbage again and again would take a part of the start.
    """
    if name not in sys.modules:
        collects = gc.isenabled()
        gc.disable()
        try:
            import_module(name)
        finally:
            gc.freeze()
            if collects:
                gc.enable()
    return sys.modules[name]
