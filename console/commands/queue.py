"""Many machines: worker, and queue status, queue dead, queue retry."""

import asyncio
from datetime import timedelta
from typing import Any, cast

import click
import psycopg

from console.app import PARTLY, App, Misused, OutsideFailed, as_json, print_json, with_app
from console.queue_page import dead_table, queue_table
from console.show import terminal
from console.work import hands_of, listening
from desk.counted import counted
from safety.screen import screen
from watch.job import KINDS, JobKind
from watch.many.fleet import Worker
from watch.many.queue import LEASE, install
from watch.many.queue_figures import dead_jobs, queue_figures, retry
from watch.observability.endpoint import EndpointUnavailable


class Queues(click.ParamType[tuple[JobKind, ...]]):
    """Names of queues, with commas between them."""

    name = "QUEUE,…"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[JobKind, ...]:
        """Read crawl,visit."""
        if isinstance(value, tuple):
            return cast("tuple[JobKind, ...]", value)
        names = [name.strip() for name in value.split(",")]
        for name in names:
            if name not in KINDS:
                self.fail(f"there is no queue {name!r}; known: {', '.join(KINDS)}", param, ctx)
        return tuple(kind for kind in KINDS if kind in names)


@click.command()
@click.option("--queues", type=Queues(), default=KINDS, help=f"Take jobs of these alone; default: {','.join(KINDS)}.")
@click.option(
    "--jobs", type=click.IntRange(1, 64), help="Crawls, visits and rechecks at once; default: [watch] children."
)
@click.option(
    "--lease",
    type=click.FloatRange(1, 600),
    default=LEASE.total_seconds(),
    show_default=True,
    help="Seconds without a sign of life after which others take over a worker's jobs; the same for all workers.",
)
@listening
@with_app
def worker(app: App, queues: tuple[JobKind, ...], jobs: int | None, lease: float, listen: str | None) -> None:
    """Take jobs from the queue in PostgreSQL, beside any number of others on any machine, until stopped."""
    if app.engine.dialect.name != "postgresql":
        raise Misused("workers need PostgreSQL ([storage] database); `mekiki watch` is for one machine with SQLite")
    work(app, queues, jobs or app.config.watch.children, timedelta(seconds=lease), listen)


def work(app: App, queues: tuple[JobKind, ...], jobs: int, lease: timedelta = LEASE, listen: str | None = None) -> None:
    """Run a worker until it is told to stop."""
    install(app.engine)

    async def run() -> None:
        async with hands_of(app, queues, listen) as hands:
            await Worker(hands=hands, queues=queues, jobs=jobs, lease=lease).run()

    try:
        asyncio.run(run())
    except psycopg.Error as error:
        raise OutsideFailed(f"the queue cannot be used: {str(error).strip().partition(chr(10))[0]}") from error
    except EndpointUnavailable as error:
        raise Misused(str(error)) from error


@click.group()
def queue() -> None:
    """See what workers have to do, and what they gave up."""


@queue.command("status")
@as_json
@with_app
def queue_status(app: App, as_json: bool) -> None:
    """Say what waits in each queue, who does what, and how long it takes; exit code 4 when jobs are dead."""
    figures = queue_figures(app.engine)
    if as_json:
        print_json(figures)
    else:
        terminal().print(queue_table(figures))
    dead = sum(one.dead for one in figures)
    if dead:
        click.echo(f"mekiki: {counted(dead, 'dead job')}; see `mekiki queue dead`", err=True)
        raise SystemExit(PARTLY)


@queue.command("dead")
@as_json
@with_app
def queue_dead(app: App, as_json: bool) -> None:
    """List the jobs that were given up, and why."""
    dead = dead_jobs(app.engine)
    if as_json:
        print_json(dead)
    elif dead:
        terminal().print(dead_table(dead))
    else:
        click.echo("no job is dead")


@queue.command("retry")
@click.argument("numbers", metavar="[ID]...", nargs=-1, type=click.IntRange(min=1))
@click.option("--all", "everything", is_flag=True, help="All that are dead.")
@with_app
def queue_retry(app: App, numbers: tuple[int, ...], everything: bool) -> None:
    """Let dead jobs run again, with all their tries; exit code 4 when one of them is not dead."""
    if everything == bool(numbers):
        raise Misused("name the jobs (`mekiki queue dead` lists them), or say --all")
    if everything:
        numbers = tuple(job.number for job in dead_jobs(app.engine))
    retried = retry(app.engine, numbers)
    click.echo(f"{counted(len(retried.queued), 'job')} put back into the queue")
    for number in retried.already:
        click.echo(f"mekiki: job {number}: another one that does the same waits or runs already", err=True)
    for number in retried.unknown:
        click.echo(f"mekiki: no dead job has the number {screen(str(number))}", err=True)
    if retried.unknown:
        raise SystemExit(PARTLY)
