"""mekiki on the command line: every verb, no logic of its own.

Data goes to standard output, messages to standard error. Exit codes: 0 ok, 1 failure, 2 usage or
configuration, 3 something outside failed, 4 partly done.
"""

import gc

gc.disable()  # all that is imported stays: looking through it again and again would take a third of the start

from importlib.metadata import version

import click

from console.app import Group
from console.commands.board import account_group, serve_command
from console.commands.campaigns import cases_merge, cases_split, cases_why
from console.commands.database import db
from console.commands.evidence import verify
from console.commands.finding import crawl, import_tips, scan, score, watch
from console.commands.judging import judge
from console.commands.looking import logos_group
from console.commands.measuring import calibrate, evaluate, explain
from console.commands.queue import queue, worker
from console.commands.register import register_group
from console.commands.reporting import report
from console.commands.seen import db_index, seen
from console.commands.setup import config_group, demo, doctor, init
from console.commands.share import share_group
from console.commands.sources import sources_group
from console.commands.status import status
from console.commands.takedown import takedown_group
from console.commands.telling import alerts
from console.commands.triage import cases, triage
from console.commands.visiting import visit

gc.freeze()
gc.enable()


@click.group(cls=Group, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(version("mekiki"), prog_name="mekiki")
def main() -> None:
    """Find ads, posts, pages and domains that impersonate your brand, see why, and tell the right people.

    Start with `mekiki demo`, then `mekiki init`.
    """


for of_cases in (cases_merge, cases_split, cases_why):
    cases.add_command(of_cases)

db.add_command(db_index)

for command in (
    init,
    config_group,
    crawl,
    import_tips,
    sources_group,
    score,
    scan,
    seen,
    watch,
    status,
    worker,
    queue,
    serve_command,
    account_group,
    visit,
    verify,
    cases,
    triage,
    judge,
    takedown_group,
    share_group,
    register_group,
    explain,
    evaluate,
    calibrate,
    logos_group,
    alerts,
    report,
    db,
    doctor,
    demo,
):
    main.add_command(command)


if __name__ == "__main__":
    main()
