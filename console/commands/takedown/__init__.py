"""Takedown: from a confirmed case to gone. One file for each part of the way."""

import click

from console.commands.takedown.bundling import bundle
from console.commands.takedown.channels import channels
from console.commands.takedown.drafting import draft, show
from console.commands.takedown.editing import edit
from console.commands.takedown.figures import stats_command
from console.commands.takedown.filing import file, reply
from console.commands.takedown.planning import plan
from console.commands.takedown.states import (
    approve_command,
    due_command,
    list_command,
    retry_command,
    state_command,
    withdraw_command,
)


@click.group("takedown")
def takedown_group() -> None:
    """Have a confirmed case taken down: who can do it, what they ask for, what was sent, what became of it.

    Start with `mekiki takedown plan CASE`. Nothing is filed without `--confirm`.
    """


takedown_group.add_command(plan)
takedown_group.add_command(bundle)
takedown_group.add_command(channels)
takedown_group.add_command(draft)
takedown_group.add_command(show)
takedown_group.add_command(edit)
takedown_group.add_command(file)
takedown_group.add_command(reply)
for command in (
    list_command,
    due_command,
    approve_command,
    state_command,
    withdraw_command,
    retry_command,
    stats_command,
):
    takedown_group.add_command(command)
