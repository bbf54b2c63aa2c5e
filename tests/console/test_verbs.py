"""The verbs: what is known of them beforehand is what they are, and only the one that is asked for is loaded."""

import os
import pkgutil
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module

import click
import pytest
from click.testing import CliRunner

from cli import VERBS, main
from console import commands
from console.verbs import Verb

LOADED = """
import sys
from cli import main
try:
    main(sys.argv[1:], prog_name="mekiki")
finally:
    print("loaded", *sorted(name for name in sys.modules if name.startswith(("console.", "config.", "storage."))))
"""


def loaded(*arguments: str, completing: str | None = None) -> tuple[str, set[str]]:
    """Run or complete a command in a process of its own; return what it printed, and our modules that it loaded."""
    words = {"_MEKIKI_COMPLETE": "bash_complete", "COMP_WORDS": completing, "COMP_CWORD": "1"} if completing else {}
    done = subprocess.run(
        [sys.executable, "-c", LOADED, *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **words},
    )
    printed, _, names = done.stdout.rpartition("loaded ")
    return printed, set(names.split())


def below(command: click.Command) -> Iterator[click.Command]:
    yield command
    if isinstance(command, click.Group):
        for one in command.commands.values():
            yield from below(one)


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb.name)
def test_a_verb_is_named_and_described_like_its_command(verb: Verb) -> None:
    command = verb.load()
    assert verb.name == command.name
    assert not command.hidden
    for width in (20, 45, 1000):
        assert verb.get_short_help_str(width) == command.get_short_help_str(width)


def test_every_command_can_be_typed() -> None:
    typed = {id(command) for verb in VERBS for command in below(verb.load())}
    modules = list(pkgutil.walk_packages(commands.__path__, f"{commands.__name__}."))
    found = [
        (module.name, command.name)
        for module in modules
        for command in vars(import_module(module.name)).values()
        if isinstance(command, click.Command) and id(command) not in typed
    ]
    assert len(modules) > 20
    assert found == []


def test_help_and_completion_load_no_command() -> None:
    printed, names = loaded("--help")
    assert "  triage     Walk the cases" in printed
    assert names == {"console.verbs"}
    printed, names = loaded(completing="mekiki ca")
    assert printed.split() == ["plain,calibrate", "plain,cases"]
    assert names == {"console.verbs"}


def test_a_command_loads_no_other() -> None:
    printed, names = loaded("status", "--help")
    assert "Usage: mekiki status" in printed
    assert {name for name in names if name.startswith("console.commands.")} == {"console.commands.status"}


def test_what_is_typed_wrong_is_answered_with_what_is_like_it() -> None:
    done = CliRunner().invoke(main, ["tirage"])
    assert done.exit_code == 2
    assert "No such command 'tirage'. Did you mean 'triage'?" in done.output
